/* device/play/move.h - a decision's end and the next one's beginning, for the slots that are ready.
 *
 * Steps of move_one: 1 gather the visits (of a policy: its shares), 2 record them, 3 choose, 4 play
 * on to the next choice (forced moves, next rounds), 5 begin its decision: noise, worlds, roots. */
#ifndef DEVICE_PLAY_MOVE_H
#define DEVICE_PLAY_MOVE_H

#include "game/bot.h"
#include "device/search/root.h"
#include "deal.h"
#include "move_pimc.h"

/* The side of the seat whose turn it is, and who moves for it. */
HD int move_side(const Play *p, const Slot *slot) {
    return p->settings.paired ? (int)((slot->state.turn + slot->game) % SIDES) : 0;
}

HD PlayerKind move_kind(const Play *p, const Slot *slot) {
    return (PlayerKind)p->settings.kinds[move_side(p, slot)];
}

/* The mover of slot g has a choice: W worlds are drawn and their trees asked for an evaluation.
 * Without search one evaluation of what the mover sees is all. */
HD void move_begin_decision(const Play *p, int g, WorldScratch *scratch) {
    const Search *s = &p->search;
    Slot *slot = p->slots + g;
    const RoundState *truth = &slot->state;
    int mover = truth->turn;
    if (p->side) p->side[g] = (uint8_t)(move_kind(p, slot) == PLAYER_NET_B);
    s->seeds[g] = hash_decision_seed(p->settings.seed, slot->deal, slot->ply);
    if (s->noise_weight > 0) {
        int n = bits_count(round_legal(truth));
        Rng rng = rng_begin(p->settings.seed, slot->deal, slot->ply, RNG_NOISE, 0);
        root_dirichlet(&rng, p->settings.noise_alpha / (float)n, n, s->noise + (int64_t)g * s->E);
    }
    if (s->S == 0) {
        root_begin(s, g, truth);
        return;
    }
    WorldStatus fits = world_count(scratch, truth, mover, p->binomial);
    if (fits != WORLD_OK)
        fault_raise(s->fault, fits == WORLD_TABLE ? FAULT_TABLE : FAULT_WORLDS, g);
    for (int w = 0; w < s->W; w++) {
        RoundState world = *truth;
        Rng rng = rng_begin(p->settings.seed, slot->deal, slot->ply, RNG_WORLD, (uint32_t)w);
        if (fits == WORLD_OK) world_sample(scratch, truth, mover, &rng, world.hands);
        root_begin(s, g * s->W + w, &world);
    }
}

/* The seat to move plays `action`, which goes into the round's record. */
HD void move_apply(const Play *p, int g, int action) {
    Slot *slot = p->slots + g;
    RoundState *s = &slot->state;
    uint16_t *w = p->records + (int64_t)g * p->record_words + slot->start;
    w[record_actions_at(s->players, s->cards) + round_ply(s)] = (uint16_t)action;
    round_apply(s, action);
    slot->ply++;
}

/* The round is over: scores are recorded and added to the standing. Returns false after the
 * last. */
HD bool move_next_round(const Play *p, int g) {
    Slot *slot = p->slots + g;
    const RoundState *s = &slot->state;
    Standing *standing = p->standing + g;
    uint16_t *w = p->records + (int64_t)g * p->record_words;
    for (int i = 0; i < s->players; i++) {
        int score = round_score(&p->search.rules, s, i);
        w[slot->start + record_scores_at(s->players, s->cards) + i] = (uint16_t)(int16_t)score;
        standing->scores[i] = (int16_t)(standing->scores[i] + score);
    }
    w[slot->start + record_decisions_at(s->players, s->cards)] = slot->searched;
    standing->round++;
    if (standing->round < standing->rounds) {
        deal_round(p, g);
        return true;
    }
    w[RECORD_WORDS_AT] = slot->words;
    slot->stage = SLOT_FINISHED;
    return false;
}

/* What the seat to move does without a search: the one legal action, or a bot's choice. -1: a
 * network has to choose. `scratch` is the thread's, one of p->scratch. */
HD int move_at_once(const Play *p, const Slot *slot, WorldScratch *scratch) {
    const RoundState *s = &slot->state;
    uint64_t legal = round_legal(s);
    if (bits_is_one(legal)) return bits_lowest(legal);
    PlayerKind kind = move_kind(p, slot);
    if (kind == PLAYER_RULE) return bot_rule(s);
#if !ON_DEVICE
    if (kind == PLAYER_PIMC || kind == PLAYER_CHEAT)
        return move_pimc(p, slot, move_side(p, slot), (int)(scratch - p->scratch));
#endif
    (void)scratch;
    if (kind != PLAYER_RANDOM) return -1;
    Rng rng = rng_begin(p->settings.seed, slot->deal, slot->ply, RNG_BOT, 0);
    return bot_random(s, &rng);
}

/* Plays on up to the next choice of a network, through ends of rounds, and begins its decision. */
HD void move_play_on(const Play *p, int g, WorldScratch *scratch) {
    Slot *slot = p->slots + g;
    for (;;) {
        if (round_is_over(&slot->state) && !move_next_round(p, g)) return;
        int action = move_at_once(p, slot, scratch);
        if (action < 0) break;
        move_apply(p, g, action);
    }
    move_begin_decision(p, g, scratch);
}

HD void move_record_decision(const Play *p, int g, const uint32_t *visits, int n) {
    Slot *slot = p->slots + g;
    if (slot->words + RECORD_VISITS_AT + n > p->record_words) {
        fault_raise(p->search.fault, FAULT_RECORD, g);
        return;
    }
    uint16_t *w = p->records + (int64_t)g * p->record_words + slot->words;
    w[RECORD_PLY_AT] = (uint16_t)round_ply(&slot->state);
    w[RECORD_LEGAL_AT] = (uint16_t)n;
    for (int e = 0; e < n; e++) w[RECORD_VISITS_AT + e] = (uint16_t)visits[e];
    slot->words = (uint16_t)(slot->words + RECORD_VISITS_AT + n);
    slot->searched++;
}

/* Slot g after a wave; sets out_count[g]. */
HD void move_one(const Play *p, int g, WorldScratch *scratch) {
    const Search *s = &p->search;
    Slot *slot = p->slots + g;
    if (fault_stops(s->fault, TEAM_OF_ONE)) return;
    if (slot->stage == SLOT_PLAYING && root_is_done(s, g)) {
        /* Step 1: the visits, summed over the worlds. */
        uint32_t visits[MAX_EDGES];
        int n = tree_node(s, g * s->W, 0)->edge_count;
        for (int e = 0; e < n; e++) visits[e] = root_visits(s, g, e);
        /* Step 2: their record. */
        move_record_decision(p, g, visits, n);
        /* Step 3: the move. */
        bool explore = slot->searched <= p->settings.explore_decisions;
        Rng rng = rng_begin(p->settings.seed, slot->deal, slot->ply, RNG_MOVE, 0);
        int chosen = root_choose(visits, n, explore ? 1 : p->settings.move_power, &rng);
        /* Steps 4 and 5: on to the next choice. */
        move_apply(p, g, tree_edges(s, g * s->W, 0)[chosen].action);
        move_play_on(p, g, scratch);
        if (slot->stage == SLOT_FINISHED)
            for (int w = 0; w < s->W; w++) s->heads[g * s->W + w].stage = TREE_IDLE;
    }
    p->out_count[g] = slot->stage == SLOT_FINISHED ? slot->words : 0;
}

#endif
