/* device/replay/example.h - a searched decision of a record as an example for the network.
 *
 *   record ─► round ─► play to the ply ─► observation, legal outputs, policy, values, action
 *
 *   policy   visits / sum, by output of the policy (observe_action_column), 0 where not legal
 *   value    round_value of the mover, then of the others clockwise, at the round's end; 0 beyond P
 *
 * The words are trusted: self-play wrote them, or host/games/game_record.h has checked them. */
#ifndef DEVICE_REPLAY_EXAMPLE_H
#define DEVICE_REPLAY_EXAMPLE_H

#include "game/observe.h"
#include "record.h"

/* A round within a record: views of its parts. */
typedef struct {
    int P, T;
    int plies;               /* P + P * T */
    int decisions;           /* searched ones */
    const uint16_t *head;    /* T, dealer, trump, turned card */
    const uint16_t *deal;    /* (P, T) */
    const uint16_t *actions; /* (plies) */
    const uint16_t *scores;  /* (P) int16 */
    const uint16_t *first;   /* the first decision's words, or what comes after the round */
} ExampleRound;

HD ExampleRound example_round(const uint16_t *words, int P) {
    ExampleRound r;
    r.P = P;
    r.T = words[RECORD_CARDS_AT];
    r.plies = P + P * r.T;
    r.head = words;
    r.deal = words + RECORD_DEAL_AT;
    r.actions = words + record_actions_at(P, r.T);
    r.scores = words + record_scores_at(P, r.T);
    r.decisions = words[record_decisions_at(P, r.T)];
    r.first = words + record_decisions_at(P, r.T) + 1;
    return r;
}

/* What comes after a decision: [ply] [n] [n visits]. */
HD const uint16_t *example_next(const uint16_t *decision) {
    return decision + RECORD_VISITS_AT + decision[RECORD_LEGAL_AT];
}

/* The round as dealt. */
HD void example_deal(const ExampleRound *r, RoundState *s) {
    uint64_t hands[MAX_SEATS];
    const uint16_t *card = r->deal;
    for (int seat = 0; seat < MAX_SEATS; seat++) {
        hands[seat] = 0;
        for (int i = 0; seat < r->P && i < r->T; i++) hands[seat] |= card_bit(*card++);
    }
    round_begin(s, r->P, r->T, r->head[RECORD_DEALER_AT], r->head[RECORD_TRUMP_AT],
                r->head[RECORD_TURNED_AT], hands);
}

/* Plays the actions from .. to - 1 of the round; s stands at `from`. */
HD void example_play(const ExampleRound *r, RoundState *s, int from, int to) {
    for (int ply = from; ply < to; ply++) round_apply(s, r->actions[ply]);
}

/* Where an example goes. */
typedef struct {
    ObserveRow x;    /* (OBSERVE_COLUMNS) */
    uint64_t *legal; /* (1) bit c: output c of the policy is legal */
    float *policy;   /* (ACTIONS) */
    float *value;    /* (MAX_SEATS) relative seats */
    int32_t *action; /* (1) output of the action played, or NULL */
} ExampleRow;

/* The decision at s, of a round that ended as `end`; visits: one for each legal action, ascending,
 * at least one of them above 0; played: the action, where row.action asks for it. Every lane of the team holds the same arguments. */
HD void example_write(const Rules *rules, const RoundState *s, const RoundState *end,
                      const Standing *standing, const uint16_t *visits, int played, ExampleRow row,
                      Team team) {
    uint8_t suit_index[SUITS];
    uint64_t legal = round_legal(s), outputs = 0;
    int n = bits_count(legal);
    int32_t sum = 0;
    observe_row(rules, s, standing, row.x, team);
    TEAM_FOR(a, ACTIONS, team) row.policy[a] = 0;
    team_sync(team);
    observe_suit_indices(s, suit_index);
    for (int e = 0; e < n; e++) sum += visits[e];
    for (int e = 0; e < n; e++, legal &= legal - 1) {
        int column = observe_action_column(s, suit_index, bits_lowest(legal));
        outputs |= (uint64_t)1 << column;
        if (e % team.width == team.lane) row.policy[column] = (float)visits[e] / (float)sum;
    }
    if (team.lane == 0) *row.legal = outputs;
    if (team.lane == 0 && row.action) *row.action = observe_action_column(s, suit_index, played);
    TEAM_FOR(i, MAX_SEATS, team) {
        int seat = s->turn + i;
        if (seat >= s->players) seat -= s->players;
        row.value[i] = i < s->players ? round_value(rules, end, seat) : 0;
    }
    team_sync(team);
}

/* Decision number `index` (0.. over all rounds, as played) of the game in `words`; `rules` as the
 * record's, but for its number of seats. Returns that number. */
HD int example_one(const Rules *rules, const uint16_t *words, int index, ExampleRow row,
                   Team team) {
    Rules own = *rules;
    Standing standing;
    RoundState s;
    int rounds = words[RECORD_ROUNDS_AT], P = words[RECORD_PLAYERS_AT];
    own.players = (uint8_t)P;
    memset(&standing, 0, sizeof standing);
    standing.rounds = (int16_t)(rounds > 1 ? rounds : 0); /* a full game has two rounds at least */
    ExampleRound r = example_round(words + RECORD_HEAD_WORDS, P);
    while (index >= r.decisions) {
        const uint16_t *next = r.first;
        for (int d = 0; d < r.decisions; d++) next = example_next(next);
        for (int seat = 0; seat < P; seat++)
            standing.scores[seat] = (int16_t)(standing.scores[seat] + (int16_t)r.scores[seat]);
        standing.round++;
        index -= r.decisions;
        r = example_round(next, P);
    }
    const uint16_t *decision = r.first;
    for (int d = 0; d < index; d++) decision = example_next(decision);
    example_deal(&r, &s);
    example_play(&r, &s, 0, decision[RECORD_PLY_AT]);
    RoundState end = s;
    example_play(&r, &end, decision[RECORD_PLY_AT], r.plies);
    const int played = r.actions[decision[RECORD_PLY_AT]];
    example_write(&own, &s, &end, &standing, decision + RECORD_VISITS_AT, played, row, team);
    return P;
}

#endif
