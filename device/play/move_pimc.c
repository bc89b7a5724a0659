/* device/play/move_pimc.c - a thread's solver made to fit the table, then its choice. */
#include "move_pimc.h"

/* A solver is prepared for rules, seats and cards; mixed tables and full games change them. */
static Pimc *fit_solver(const Play *p, const RoundState *s, int worker) {
    Pimc *x = &p->pimc[worker];
    Rules rules = p->search.rules;
    rules.players = s->players;
    if (!x->solve.table || x->solve.cards != s->cards ||
        memcmp(&x->solve.rules, &rules, sizeof rules) != 0)
        pimc_begin(x, &rules, s->cards, p->solved + ((size_t)worker << PLAY_SOLVED_BITS),
                   PLAY_SOLVED_BITS, p->binomial);
    return x;
}

int move_pimc(const Play *p, const Slot *slot, int side, int worker) {
    const RoundState *s = &slot->state;
    Pimc *x = fit_solver(p, s, worker);
    if (p->settings.kinds[side] == PLAYER_CHEAT) return pimc_cheat(x, s);
    PimcDecision decision = {s, p->settings.seed, slot->deal, slot->ply};
    int action = bits_lowest(round_legal(s));
    WorldStatus fits = pimc_choose(x, &decision, p->settings.pimc_worlds[side], &action);
    if (fits != WORLD_OK)
        fault_raise(p->search.fault, fits == WORLD_TABLE ? FAULT_TABLE : FAULT_WORLDS,
                    slot - p->slots);
    return action;
}
