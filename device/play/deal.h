/* device/play/deal.h - a game begins, a round is dealt: from the seed and the game's id alone. */
#ifndef DEVICE_PLAY_DEAL_H
#define DEVICE_PLAY_DEAL_H

#include "device/core/rng.h"
#include "game/sequence.h"
#include "slot.h"

/* Shuffles as far as P hands of T cards (and one more to turn up) need: Fisher and Yates. */
HD int deal_hands(Rng *rng, int P, int T, int turn_up, uint64_t hands[MAX_SEATS]) {
    uint8_t deck[CARDS];
    for (int i = 0; i < CARDS; i++) deck[i] = (uint8_t)i;
    int need = P * T + turn_up;
    for (int i = 0; i < MAX_SEATS; i++) hands[i] = 0;
    for (int i = 0; i < need; i++) {
        int j = i + (int)rng_below(rng, (uint32_t)(CARDS - i));
        uint8_t card = deck[j];
        deck[j] = deck[i];
        deck[i] = card;
        if (i < P * T) hands[i / T] |= card_bit(card);
    }
    return turn_up ? deck[need - 1] : CARD_NONE;
}

/* Writes the head of the round's record: what was dealt. */
HD void deal_record(const Play *p, int g) {
    Slot *slot = p->slots + g;
    const RoundState *s = &slot->state;
    uint16_t *w = p->records + (int64_t)g * p->record_words + slot->words;
    slot->start = slot->words;
    w[RECORD_CARDS_AT] = s->cards;
    w[RECORD_DEALER_AT] = s->dealer;
    w[RECORD_TRUMP_AT] = s->trump;
    w[RECORD_TURNED_AT] = s->turned;
    w += RECORD_DEAL_AT;
    for (int i = 0; i < s->players; i++)
        for (uint64_t hand = s->hands[i]; hand; hand &= hand - 1)
            *w++ = (uint16_t)bits_lowest(hand);
    slot->words = (uint16_t)(slot->start + record_decisions_at(s->players, s->cards) + 1);
    p->records[(int64_t)g * p->record_words + slot->words - 1] = 0; /* decisions searched */
}

/* Deals the game's current round. */
HD void deal_round(const Play *p, int g) {
    Slot *slot = p->slots + g;
    const Rules *rules = &p->search.rules;
    int P = slot->players, i = p->standing[g].round, F = slot->cards;
    int T = p->settings.full ? sequence_cards(P, F, i) : F;
    bool oh_hell = rules->variant == RULES_OH_HELL;
    uint64_t hands[MAX_SEATS];
    Rng rng = rng_begin(p->settings.seed, slot->deal, slot->ply, RNG_DEAL, 0);
    int turned = deal_hands(&rng, P, T, oh_hell, hands);
    int trump = oh_hell ? card_suit(turned) : sequence_trump(slot->trump, i);
    round_begin(&slot->state, P, T, sequence_dealer(P, slot->dealer, i), trump, turned, hands);
    slot->searched = 0;
    deal_record(p, g);
}

/* How many sit at the table of `deal`, and with how many cards. */
HD void deal_table(const Play *p, Slot *slot) {
    const PlaySettings *settings = &p->settings;
    slot->players = p->search.rules.players;
    slot->cards = (uint8_t)settings->cards;
    if (settings->table_count == 0) return;
    Rng rng = rng_begin(settings->seed, slot->deal, 0, RNG_TABLE, 0);
    uint32_t x = rng_u32(&rng);
    int i = 0;
    while (i < settings->table_count - 1 && x >= settings->tables[i].upto) i++;
    slot->players = settings->tables[i].players;
    slot->cards = settings->tables[i].cards;
}

/* Slot g begins game `id`: first dealer and trump, the record's head, the first deal. */
HD void deal_game(const Play *p, int g, uint64_t id) {
    Slot *slot = p->slots + g;
    const Rules *rules = &p->search.rules;
    slot->deal = p->settings.paired ? id / 2 : id;
    deal_table(p, slot);
    int P = slot->players, rounds = p->settings.full ? sequence_rounds(P, slot->cards) : 1;
    uint16_t *w = p->records + (int64_t)g * p->record_words;
    Rng rng = rng_begin(p->settings.seed, slot->deal, 0, RNG_START, 0);
    int dealer = (int)rng_below(&rng, (uint32_t)P), trump = (int)rng_below(&rng, SUITS + 1);
    slot->game = id;
    slot->ply = 0;
    slot->dealer = (uint8_t)(p->settings.dealer >= 0 ? p->settings.dealer : dealer);
    slot->trump = (uint8_t)(p->settings.trump >= 0 ? p->settings.trump : trump);
    slot->stage = SLOT_PLAYING;
    record_id_set(w, id);
    w[RECORD_WORDS_AT] = 0; /* words, when the game is finished */
    w[RECORD_ROUNDS_AT] = (uint16_t)rounds;
    w[RECORD_PLAYERS_AT] = (uint16_t)P;
    w[RECORD_VARIANT_AT] = rules->variant;
    slot->words = RECORD_HEAD_WORDS;
    memset(&p->standing[g], 0, sizeof p->standing[g]);
    p->standing[g].rounds = (int16_t)(p->settings.full ? rounds : 0);
    deal_round(p, g);
}

#endif
