/* device/replay/replay.h - finished games in device memory, and examples drawn from them.
 *
 *   self-play ─► add: slot = id mod capacity ─► [ count ─► scan ] once an iteration ─► gather
 *
 * A game's slot follows from its id, so any number of writers need no lock and the order in which
 * games finish leaves no trace. Examples are drawn from a window of whole iterations, which nobody
 * writes to: `capacity` is at least the window and the games under way.
 *
 *   example   a searched decision of a game in the window, numbered by game id, then by ply
 *   batch b, row r: example rng_below64(examples) of the stream (seed, game = b, RNG_SAMPLE,
 *   ply = r >> 16, world = r & 65535): exactly uniform, whatever else is drawn
 *
 * The record is device/replay/record.h's, as self-play writes it. */
#ifndef DEVICE_REPLAY_REPLAY_H
#define DEVICE_REPLAY_REPLAY_H

#include "device/core/arena.h"
#include "device/core/fault.h"
#include "device/core/real.h"
#include "example.h"

/* What is known of a game besides its record: summed over its rounds, as integers, so that their
 * sums over games have one value. */
typedef struct {
    int64_t id;           /* -1: the slot is empty */
    int32_t words;        /* of the record */
    int32_t examples;     /* searched decisions */
    int32_t seats;        /* bids made: seats x rounds */
    int32_t bids_hit;     /* seats that took what they bid, over rounds */
    int32_t score;        /* of all seats and rounds */
    int32_t entropy_1024; /* of visits / sum, nats, each decision's rounded to 1/1024, added up */
} ReplayGame;
static_assert(sizeof(ReplayGame) == 32, "no padding: the bytes go to files");

/* What is drawn from: games first .. end - 1, all of them there. */
typedef struct {
    int64_t first, end; /* ids */
    int64_t examples;   /* in them; 0: nothing to draw, or a game is missing */
    Fault missing;      /* code not FAULT_NONE: game `item` is not there */
} ReplayWindow;

typedef struct {
    int64_t capacity; /* slots, 1..2^30 */
    int stride;       /* words of a slot: the longest record */
    Rules rules;      /* variant, points, penalty; each record has its own players and cards */
    uint64_t seed;    /* of the draws */

    uint16_t *words;      /* (capacity, stride) */
    ReplayGame *games;    /* (capacity) */
    int32_t *count;       /* (capacity + 1) examples of the window's i-th game; then a 0 */
    int32_t *offset;      /* (capacity + 1) their exclusive sums */
    ReplayWindow *window; /* (1) */
} Replay;

/* The only list of the arrays: run dry it measures, run again it places. */
static inline void replay_layout(Replay *r, Arena *arena) {
    size_t slots = (size_t)r->capacity;
    r->words = (uint16_t *)arena_take(arena, slots * (size_t)r->stride, sizeof *r->words);
    r->games = (ReplayGame *)arena_take(arena, slots, sizeof *r->games);
    r->count = (int32_t *)arena_take(arena, slots + 1, sizeof *r->count);
    r->offset = (int32_t *)arena_take(arena, slots + 1, sizeof *r->offset);
    r->window = (ReplayWindow *)arena_take(arena, 1, sizeof *r->window);
}

HD int64_t replay_slot(const Replay *r, int64_t id) { return id % r->capacity; }

/* Entropy of visits (n) / sum, in nats, to the nearest 1/1024: log sum - (sum of v log v) / sum. */
HD int32_t replay_entropy_1024(const uint16_t *visits, int n) {
    int32_t sum = 0;
    double parts = 0;
    for (int e = 0; e < n; e++) {
        sum += visits[e];
        if (visits[e] > 1) parts += visits[e] * real_log_core(visits[e]);
    }
    double h = sum > 0 ? real_log_core(sum) - parts / sum : 0;
    return (int32_t)(h * 1024 + 0.5);
}

/* Adds a round to what is known of its game; returns what comes after it in the record. */
HD const uint16_t *replay_tally_round(const uint16_t *words, int P, ReplayGame *game) {
    ExampleRound r = example_round(words, P);
    RoundState s;
    example_deal(&r, &s);
    example_play(&r, &s, 0, r.plies);
    for (int seat = 0; seat < P; seat++) {
        game->bids_hit += s.tricks[seat] == s.bids[seat];
        game->score += (int16_t)r.scores[seat];
    }
    game->seats += P;
    game->examples += r.decisions;
    const uint16_t *decision = r.first;
    for (int d = 0; d < r.decisions; d++, decision = example_next(decision))
        game->entropy_1024 += replay_entropy_1024(decision + RECORD_VISITS_AT,
                                                  decision[RECORD_LEGAL_AT]);
    return decision;
}

/* Stores the game in its slot. `record` has at most `stride` words, and nobody else writes that
 * slot or draws from it at the same time. */
HD void replay_add(const Replay *r, const uint16_t *record, Team team) {
    int64_t id = record_id(record), slot = replay_slot(r, id);
    uint16_t *words = r->words + slot * r->stride;
    int count = record[RECORD_WORDS_AT];
    TEAM_FOR(i, count, team) words[i] = record[i];
    if (team.lane == 0) {
        ReplayGame game;
        memset(&game, 0, sizeof game);
        game.id = id;
        game.words = count;
        const uint16_t *round = record + RECORD_HEAD_WORDS;
        for (int i = 0; i < record[RECORD_ROUNDS_AT]; i++)
            round = replay_tally_round(round, record[RECORD_PLAYERS_AT], &game);
        r->games[slot] = game;
    }
    team_sync(team);
}

/* Slot `slot` holds no game. Device memory is zero at first, which would be game 0. */
HD void replay_clear_one(const Replay *r, int64_t slot) { r->games[slot].id = -1; }

/* First of three: the window is set, its examples not counted. One item. */
HD void replay_window_begin(const Replay *r, int64_t first, int64_t end) {
    ReplayWindow window;
    memset(&window, 0, sizeof window);
    window.first = first;
    window.end = end;
    *r->window = window;
}

/* Second: how many examples the window's i-th game has, for i in 0 .. end - first; 0 after the
 * last. */
HD void replay_count_one(const Replay *r, int64_t first, int64_t end, int i) {
    const ReplayGame *game = r->games + replay_slot(r, first + i);
    r->count[i] = 0;
    if (first + i >= end) return;
    if (game->id == first + i)
        r->count[i] = game->examples;
    else
        fault_raise(&r->window->missing, FAULT_RECORD, first + i);
}

/* Third, after the scan of count into offset: the total, unless a game is missing. One item. */
HD void replay_window_end(const Replay *r) {
    ReplayWindow *window = r->window;
    if (window->missing.code == FAULT_NONE)
        window->examples = r->offset[window->end - window->first];
}

#endif
