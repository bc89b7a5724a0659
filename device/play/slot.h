/* device/play/slot.h - slots of live games, each at its own pace, and all state of a run.
 *
 *        refill            all W trees done            last round over         record fits
 *   IDLE ──────► PLAYING ──────────────────► move ──────────────────► FINISHED ──────────► IDLE
 *                   ▲  decision begun: noise, worlds, roots  │
 *                   └────────────────────────────────────────┘
 *
 * What a playing slot needs from a wave (its root's row, or leaves) is in the heads of its trees.
 *
 *   G slots (live games)   slot g has the trees g * W .. g * W + W - 1
 */
#ifndef DEVICE_PLAY_SLOT_H
#define DEVICE_PLAY_SLOT_H

#include "game/observe.h"
#include "game/pimc.h"
#include "game/world.h"
#include "device/search/tree.h"
#include "device/replay/replay.h"
#include "sides.h"

typedef enum { SLOT_IDLE, SLOT_PLAYING, SLOT_FINISHED, SLOT_STAGE_COUNT } SlotStage;

/* Who moves for a seat. The networks search; the others move at once, and bring no example. */
typedef enum {
    PLAYER_NET,
    PLAYER_NET_B, /* a network other than that of PLAYER_NET */
    PLAYER_RANDOM,
    PLAYER_RULE,
    PLAYER_PIMC,  /* solves pimc_worlds worlds; on the CPU alone, like the next */
    PLAYER_CHEAT, /* solves the true deal */
    PLAYER_COUNT
} PlayerKind;

/* A size that tables have, where they differ; its share of the games is (upto - the one before's
 * upto) / 2^32, the last one's the rest. */
typedef struct {
    uint8_t players, cards; /* P; T, or F of a full game's first round */
    uint16_t unused;
    uint32_t upto;
} PlayTable;

enum {
    PLAY_TABLES_MAX = 32,
    PLAY_SOLVED_BITS = 16 /* of a solver's table: 2 MiB */
};

typedef struct {
    RoundState state;       /* the truth: every hand as dealt and played */
    uint64_t game;          /* id */
    uint64_t deal;          /* whose cards it has: its id, or in paired games that of its pair */
    uint32_t ply;           /* bids and cards played in the game, all rounds */
    uint16_t words;         /* of the record, so far */
    uint16_t start;         /* where the current round starts in the record */
    uint16_t searched;      /* decisions searched in the current round */
    uint8_t stage;          /* SlotStage */
    uint8_t dealer, trump;  /* of the first round */
    uint8_t players, cards; /* P; T, or F of a full game's first round */
} Slot;

/* What decides the content of the games besides the search. */
typedef struct {
    uint64_t seed;
    int cards;             /* T, or F of a full game's first round */
    int full;              /* 1: full games, 0: single rounds */
    int dealer, trump;     /* pinned for the first round, or -1: drawn for each game */
    int explore_decisions; /* searched decisions of a round that move by visits to the power 1 */
    int move_power;        /* after that: 1, 2, 4, or ROOT_BEST */
    float noise_alpha;     /* Dirichlet parameter times the number of legal actions: 10 */
    int paired;            /* 1: games 2 d and 2 d + 1 are deal d, seat s is side (s + id) % 2 */
    uint8_t kinds[SIDES];  /* PlayerKind of side A and side B; all seats are side A unless paired */
    int32_t pimc_worlds[SIDES];        /* of a PLAYER_PIMC: 1..PIMC_WORLDS_MAX */
    int table_count;                   /* 0: all tables have P seats and `cards` */
    PlayTable tables[PLAY_TABLES_MAX]; /* (table_count) */
} PlaySettings;

/* Games to play: `first`, `first` + 1, .. ; the range's first game is the run's `ordinal`-th. */
typedef struct {
    int64_t first, ordinal;
} GameRange;

/* What the host reads once an epoch. */
typedef struct {
    int64_t rows;      /* evaluations asked so far */
    int64_t row_slots; /* rows that the waves so far had room for */
    int64_t waves;
    int64_t busy_slot_waves; /* slots that played, added up over the waves */
    int64_t started;         /* games begun: ordinals below it are taken */
    int64_t finished;        /* games that have left their slots */
    int64_t games;           /* to play: ordinals 0..games - 1 */
    int32_t out_used;        /* words of finished records in this epoch's buffer */
    int32_t out_next;        /* where the first record that did not fit would have begun */
    Fault fault;
} PlayCounters;

/* What every launch of play/ reads. */
typedef struct {
    Search search; /* B = G * W */
    PlaySettings settings;
    int G;
    int record_words; /* space for one game's record */
    int range_count;
    const GameRange *ranges; /* (range_count) ascending by ordinal */
    Replay replay;           /* where finished games go; words NULL: to `out` */
    uint8_t *side;           /* (G) Sides.side, or NULL */

    Slot *slots;          /* (G) */
    Standing *standing;   /* (G) scores and round of each slot's game */
    uint16_t *records;    /* (G, record_words) being written */
    int32_t *out_count;   /* (G + 1) words of a finished record that waits, else 0 */
    int32_t *out_offset;  /* (G + 1) their exclusive sums */
    int32_t *idle;        /* (G + 1) 1: the slot is idle */
    int32_t *idle_offset; /* (G + 1) their exclusive sums */
    uint16_t *out;        /* (out_words) finished records of this epoch, one after another */
    int out_words;
    PlayCounters *counters; /* (1) */

    WorldScratch *scratch; /* (workers) one for each thread that determinizes */
    int workers;
    const uint64_t *binomial; /* (WORLD_BINOMIALS) */
    Pimc *pimc;               /* (workers) where a side solves worlds, else NULL */
    SolveEntry *solved;       /* (workers << PLAY_SOLVED_BITS) their tables */
} Play;

HD bool play_solves(const PlaySettings *settings) {
    for (int side = 0; side < SIDES; side++)
        if (settings->kinds[side] == PLAYER_PIMC || settings->kinds[side] == PLAYER_CHEAT)
            return true;
    return false;
}

/* The only list of the slots' arrays: run dry it measures, run again it places. */
static inline void play_layout(Play *p, Arena *arena) {
    size_t G = (size_t)p->G;
    p->slots = (Slot *)arena_take(arena, G, sizeof *p->slots);
    p->standing = (Standing *)arena_take(arena, G, sizeof *p->standing);
    p->records = (uint16_t *)arena_take(arena, G * (size_t)p->record_words, sizeof *p->records);
    p->out_count = (int32_t *)arena_take(arena, G + 1, sizeof *p->out_count);
    p->out_offset = (int32_t *)arena_take(arena, G + 1, sizeof *p->out_offset);
    p->idle = (int32_t *)arena_take(arena, G + 1, sizeof *p->idle);
    p->idle_offset = (int32_t *)arena_take(arena, G + 1, sizeof *p->idle_offset);
    p->out = (uint16_t *)arena_take(arena, (size_t)p->out_words, sizeof *p->out);
    p->counters = (PlayCounters *)arena_take(arena, 1, sizeof *p->counters);
    p->scratch = (WorldScratch *)arena_take(arena, (size_t)p->workers, sizeof *p->scratch);
    p->binomial = (const uint64_t *)arena_take(arena, WORLD_BINOMIALS, sizeof *p->binomial);
    p->ranges = (const GameRange *)arena_take(arena, (size_t)p->range_count, sizeof *p->ranges);
    if (!play_solves(&p->settings)) return;
    p->pimc = (Pimc *)arena_take(arena, (size_t)p->workers, sizeof *p->pimc);
    p->solved = (SolveEntry *)arena_take(arena, (size_t)p->workers << PLAY_SOLVED_BITS,
                                         sizeof *p->solved);
}

#endif
