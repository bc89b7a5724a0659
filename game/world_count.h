/* game/world_count.h - how many deals of the unseen cards fit what the table has shown.
 *
 * Step 1  group: seats with a void in a suit that is still out are constrained; those that may hold
 *         the same suits are one group, split by a shuffle afterwards. Everybody else and the stock
 *         are one bin that takes whatever is left.
 * Step 2  class: groups take their cards in turn, most restricted first. To the groups from a level
 *         on, suits that the same of them may take are one class, and a suit that none of them may
 *         take no longer matters. A state is the unseen cards left of each class.
 * Step 3  reach: the states that can occur, level by level, from the one at the start.
 * Step 4  count, backwards: ways(state) = sum over takes of prod C(left, take) * ways(next state).
 *         The last group may take of one class only: its level is C(left, need) and is not stored.
 *
 * Counts stay below 2^121, the deals of 8 seats with 6 cards; one product of C below 2^49.
 * Only public information and the mover's hand are read. */
#ifndef GAME_WORLD_COUNT_H
#define GAME_WORLD_COUNT_H

#include "rules.h"

__extension__ typedef unsigned __int128 WorldCount;

typedef enum {
    WORLD_OK,
    WORLD_IMPOSSIBLE, /* no deal fits */
    WORLD_TABLE,      /* more than WORLD_STATES states */
    WORLD_STATUS_COUNT
} WorldStatus;

enum {
    WORLD_GROUPS = MAX_SEATS - 1,
    WORLD_STATES = 512,    /* at most 327 in any position found */
    WORLD_SLOTS = 1024,    /* a power of two, at least twice the states */
    WORLD_ROW = CARDS + 1, /* entries of a row of the binomial table: k = 0..52 */
    WORLD_BINOMIALS = WORLD_ROW * WORLD_ROW,
    WORLD_LEVEL_BIT = 24, /* a state: 6 bits a class, then the level */
    WORLD_NOWHERE = 32    /* shifted out of a state: later groups ignore it */
};

/* One group, and the classes as the groups from this one on see them. */
typedef struct {
    uint8_t seats, need;  /* mask of seats; cards of all of them together */
    uint8_t allowed;      /* mask of the suits still out that it may hold */
    uint8_t classes;      /* 0..4 */
    uint8_t takes;        /* 0..3: it may take of the first so many classes */
    uint8_t suits[SUITS]; /* (classes) masks of suits */
    uint8_t shift[SUITS]; /* (classes) where the cards left go in a state of the next level */
} WorldGroup;

/* What world_count prepares for one decision and world_sample reads. Plain data of fixed size, one
 * per executing thread, aligned to 16; nothing of it need be set before. */
typedef struct {
    WorldCount count[WORLD_STATES]; /* (states) ways to complete from there */
    uint32_t state[WORLD_STATES];   /* (states) ascending level */
    uint16_t slot[WORLD_SLOTS];     /* hash of state: 1 + its index, 0 = none */
    const uint64_t *binomial;       /* (WORLD_BINOMIALS) C(n, k) at n * WORLD_ROW + k */
    uint64_t unseen;                /* cards in other hands and the stock */
    int32_t states, groups;
    uint32_t start;                 /* the state at level 0 */
    WorldGroup group[WORLD_GROUPS]; /* (groups) in the order in which they take */
    uint8_t size[MAX_SEATS];        /* (P) cards to deal, 0 for the mover */
    uint8_t free_seats, free_need;  /* mask of seats without constraint; their cards */
} WorldScratch;

/* table (WORLD_BINOMIALS): C(n, k) at n * WORLD_ROW + k, 0 where k > n. */
HD void world_binomial_fill(uint64_t *table) {
    for (int n = 0; n <= CARDS; n++)
        for (int k = 0; k <= CARDS; k++) {
            uint64_t c = k == 0;
            if (n > 0 && k > 0)
                c = table[(n - 1) * WORLD_ROW + k - 1] + table[(n - 1) * WORLD_ROW + k];
            table[n * WORLD_ROW + k] = c;
        }
}

HD uint64_t world_suits_cards(int suits) {
    uint64_t cards = 0;
    for (int suit = 0; suit < SUITS; suit++)
        if (suits >> suit & 1) cards |= SUIT_MASK(suit);
    return cards;
}

/* Cards that a seat holds, from what everybody has seen. */
HD int world_hand_size(const RoundState *s, int seat) {
    int back = seat - s->leader;
    if (back < 0) back += s->players;
    return s->cards - s->tricks_done - (back < s->trick_count);
}

/* Step 1, in seat order. */
HD void world_group_seats(WorldScratch *w, const RoundState *s, int mover, int suits_out) {
    w->groups = 0;
    w->free_seats = w->free_need = 0;
    for (int seat = 0; seat < s->players; seat++) {
        int size = seat == mover ? 0 : world_hand_size(s, seat);
        int allowed = suits_out & ~(s->voids >> (4 * seat));
        w->size[seat] = (uint8_t)size;
        if (size == 0) continue;
        if (allowed == suits_out) {
            w->free_seats |= (uint8_t)(1 << seat);
            w->free_need = (uint8_t)(w->free_need + size);
            continue;
        }
        int g = 0;
        while (g < w->groups && w->group[g].allowed != allowed) g++;
        WorldGroup *group = &w->group[g];
        if (g == w->groups) {
            w->groups++;
            group->allowed = (uint8_t)allowed;
            group->seats = group->need = 0;
        }
        group->seats |= (uint8_t)(1 << seat);
        group->need = (uint8_t)(group->need + size);
    }
}

/* Fewest suits first; what decides a tie changes the largest table by less than 2 % (measured). */
HD void world_order_groups(WorldScratch *w) {
    for (int g = 1; g < w->groups; g++) {
        WorldGroup group = w->group[g];
        int at = g;
        for (; at > 0 && bits_count(group.allowed) < bits_count(w->group[at - 1].allowed); at--)
            w->group[at] = w->group[at - 1];
        w->group[at] = group;
    }
}

/* Appends the classes whose bit 0 is as asked. pattern (4): bit i, group + i may take of it. */
HD void world_add_classes(WorldGroup *group, const uint32_t pattern[SUITS], uint32_t bit) {
    for (int suit = 0; suit < SUITS; suit++) {
        if (pattern[suit] == 0 || (pattern[suit] & 1) != bit) continue;
        int suits = 0;
        for (int other = 0; other < SUITS; other++)
            if (pattern[other] == pattern[suit]) suits |= 1 << other;
        if (suits & ((1 << suit) - 1)) continue; /* a lower suit has brought this class */
        group->suits[group->classes++] = (uint8_t)suits;
    }
}

/* Step 2, from the last group to the first; sets the state at the start. */
HD void world_class_suits(WorldScratch *w) {
    uint32_t pattern[SUITS] = {0, 0, 0, 0};
    for (int g = w->groups - 1; g >= 0; g--) {
        WorldGroup *group = &w->group[g];
        for (int suit = 0; suit < SUITS; suit++)
            pattern[suit] = pattern[suit] << 1 | (group->allowed >> suit & 1u);
        group->classes = 0;
        world_add_classes(group, pattern, 1);
        group->takes = group->classes;
        world_add_classes(group, pattern, 0);
        for (int k = 0; k < SUITS; k++) group->shift[k] = WORLD_NOWHERE;
        if (g + 1 == w->groups) continue;
        const WorldGroup *next = &w->group[g + 1];
        for (int k = 0; k < group->classes; k++)
            for (int j = 0; j < next->classes; j++)
                if (next->suits[j] & group->suits[k]) group->shift[k] = (uint8_t)(6 * j);
    }
    w->start = 0;
    for (int k = 0; k < w->group[0].classes; k++) {
        uint64_t cards = w->unseen & world_suits_cards(w->group[0].suits[k]);
        w->start |= (uint32_t)bits_count(cards) << (6 * k);
    }
}

/* The ways to take `need` cards from the classes of one state, one after another: x0 + x1 + x2 =
 * need, each at most what is left. With at most 3 classes, x0 and x1 run and x2 is the rest. */
typedef struct {
    uint32_t base; /* the next state without what these takes leave */
    int need, left0, left1, left2, x0, x1;
    int shift0, shift1, shift2;
} WorldTake;

HD int world_max(int a, int b) { return a > b ? a : b; }
HD int world_min(int a, int b) { return a < b ? a : b; }

/* Cards left of class k, 0 where the group may not take of it. */
HD int world_take_left(const WorldGroup *group, uint32_t state, int k) {
    return k < group->takes ? (int)(state >> (6 * k) & 63) : 0;
}

/* Stands on the first take; false: there is none. */
HD bool world_take_first(WorldTake *t, const WorldScratch *w, uint32_t state) {
    const WorldGroup *group = &w->group[state >> WORLD_LEVEL_BIT];
    t->base = ((state >> WORLD_LEVEL_BIT) + 1) << WORLD_LEVEL_BIT;
    for (int k = group->takes; k < group->classes; k++)
        t->base += (uint32_t)((uint64_t)(state >> (6 * k) & 63) << group->shift[k]);
    t->need = group->need;
    t->left0 = world_take_left(group, state, 0);
    t->left1 = world_take_left(group, state, 1);
    t->left2 = world_take_left(group, state, 2);
    t->shift0 = group->shift[0];
    t->shift1 = group->shift[1];
    t->shift2 = group->shift[2];
    t->x0 = world_max(0, t->need - t->left1 - t->left2);
    t->x1 = world_max(0, t->need - t->x0 - t->left2);
    return t->x0 <= t->left0;
}

HD bool world_take_next(WorldTake *t) {
    if (t->x1 < world_min(t->left1, t->need - t->x0)) {
        t->x1++;
        return true;
    }
    t->x0++;
    t->x1 = world_max(0, t->need - t->x0 - t->left2);
    return t->x0 <= world_min(t->left0, t->need);
}

HD uint32_t world_take_state(const WorldTake *t) {
    int x2 = t->need - t->x0 - t->x1;
    return t->base + (uint32_t)((uint64_t)(t->left0 - t->x0) << t->shift0) +
           (uint32_t)((uint64_t)(t->left1 - t->x1) << t->shift1) +
           (uint32_t)((uint64_t)(t->left2 - x2) << t->shift2);
}

HD uint64_t world_take_ways(const WorldTake *t, const uint64_t *binomial) {
    return binomial[t->left0 * WORLD_ROW + t->x0] * binomial[t->left1 * WORLD_ROW + t->x1] *
           binomial[t->left2 * WORLD_ROW + t->need - t->x0 - t->x1];
}

/* The slot of a state that is stored, else the empty one where it belongs. */
HD uint32_t world_find_slot(const WorldScratch *w, uint32_t state) {
    uint32_t at = (state * 0x9E3779B9u >> 16) & (WORLD_SLOTS - 1);
    while (w->slot[at] != 0 && w->state[w->slot[at] - 1] != state)
        at = (at + 1) & (WORLD_SLOTS - 1);
    return at;
}

/* Deals from a state on; of a level before the last: one that is stored. */
HD WorldCount world_ways(const WorldScratch *w, uint32_t state) {
    int level = (int)(state >> WORLD_LEVEL_BIT);
    if (level == w->groups - 1) return w->binomial[(state & 63) * WORLD_ROW + w->group[level].need];
    if (level == 0) return w->count[0];
    return w->count[w->slot[world_find_slot(w, state)] - 1];
}

/* Step 3. */
HD WorldStatus world_reach_states(WorldScratch *w) {
    w->state[0] = w->start;
    w->states = 1;
    if (w->groups >= 3) memset(w->slot, 0, sizeof w->slot);
    for (int i = 0; i < w->states; i++) {
        if ((int)(w->state[i] >> WORLD_LEVEL_BIT) >= w->groups - 2) break;
        WorldTake take;
        for (bool ok = world_take_first(&take, w, w->state[i]); ok; ok = world_take_next(&take)) {
            uint32_t state = world_take_state(&take), at = world_find_slot(w, state);
            if (w->slot[at] != 0) continue;
            if (w->states == WORLD_STATES) return WORLD_TABLE;
            w->state[w->states++] = state;
            w->slot[at] = (uint16_t)w->states;
        }
    }
    return WORLD_OK;
}

/* Prepares the deals for one decision: once, before any number of world_sample. `state` as the
 * table sees it and hands[mover]; binomial as world_binomial_fill leaves it, which must outlive
 * w. */
HD WorldStatus world_count(WorldScratch *w, const RoundState *s, int mover,
                           const uint64_t *binomial) {
    w->binomial = binomial;
    w->unseen = CARDS_ALL & ~s->played & ~s->hands[mover];
    if (s->turned != CARD_NONE) w->unseen &= ~card_bit(s->turned);
    int suits_out = 0;
    for (int suit = 0; suit < SUITS; suit++)
        if (w->unseen & SUIT_MASK(suit)) suits_out |= 1 << suit;
    world_group_seats(w, s, mover, suits_out);
    int need = w->free_need;
    for (int g = 0; g < w->groups; g++) need += w->group[g].need;
    if (need > bits_count(w->unseen)) return WORLD_IMPOSSIBLE;
    w->states = 0;
    if (w->groups == 0) return WORLD_OK;
    world_order_groups(w);
    world_class_suits(w);
    if (w->groups >= 2) {
        if (world_reach_states(w) != WORLD_OK) return WORLD_TABLE;
        for (int i = w->states - 1; i >= 0; i--) {
            WorldTake take;
            WorldCount sum = 0;
            for (bool ok = world_take_first(&take, w, w->state[i]); ok; ok = world_take_next(&take))
                sum += world_ways(w, world_take_state(&take)) * world_take_ways(&take, binomial);
            w->count[i] = sum;
        }
    }
    return world_ways(w, w->start) != 0 ? WORLD_OK : WORLD_IMPOSSIBLE;
}

#endif
