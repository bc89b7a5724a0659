/* host/run/outlook.c - plays random games to see what a game takes, and corrects that later. */
#include "outlook.h"

#include <math.h>

#include "device/play/deal.h"

enum {
    GAMES = 64,       /* random ones; the mean of 64 is within 3% */
    LOOKED_AT = 4096, /* decisions below one, at most; 4 S of them count as infinitely many */
    ENOUGH = 200000   /* looked at in all: no further game */
};

typedef struct {
    const SelfplayConfig *config;
    Rng rng;
    int64_t looked_at;
    double rows;
} Sample;

/* Up to `most` decisions with a choice below `s`. */
static int decisions_below(const RoundState *s, int most) {
    int n = 0;
    for (uint64_t legal = round_legal(s); legal && n < most; legal &= legal - 1) {
        RoundState next = *s;
        uint64_t forced;
        round_apply(&next, bits_lowest(legal));
        while (bits_is_one(forced = round_legal(&next))) round_apply(&next, bits_lowest(forced));
        if (forced) n += 1 + decisions_below(&next, most - n - 1);
    }
    return n;
}

/* What the search of a decision takes. */
static void add_decision(Sample *sample, const RoundState *s) {
    int S = sample->config->simulations, most = S < LOOKED_AT / 4 ? 4 * S : LOOKED_AT;
    int n = decisions_below(s, most);
    double leaves = n == 0 ? 0 : n < most ? n * (1 - exp(-(double)S / n)) : S;
    sample->looked_at += n + 1;
    sample->rows += 1 + sample->config->worlds * leaves;
}

/* A random round, of which the networks decide the seats whose number plus `game` is of a side that
 * is one. */
static void add_round(Sample *sample, int P, int T, int game) {
    const SelfplayConfig *c = sample->config;
    Rng *rng = &sample->rng;
    uint64_t hands[MAX_SEATS], legal;
    RoundState s;
    int turned = deal_hands(rng, P, T, c->rules.variant == RULES_OH_HELL, hands);
    int trump = turned == CARD_NONE ? (int)rng_below(rng, SUITS + 1) : card_suit(turned);
    round_begin(&s, P, T, (int)rng_below(rng, (uint32_t)P), trump, turned, hands);
    while ((legal = round_legal(&s)) != 0) {
        int kind = c->settings.kinds[c->settings.paired ? (s.turn + game) % SIDES : 0];
        bool searches = kind == PLAYER_NET || kind == PLAYER_NET_B;
        if (searches && !bits_is_one(legal)) add_decision(sample, &s);
        for (int skip = (int)rng_below(rng, (uint32_t)bits_count(legal)); skip > 0; skip--)
            legal &= legal - 1;
        round_apply(&s, bits_lowest(legal));
    }
}

static void add_game(Sample *sample, int game) {
    const PlaySettings *settings = &sample->config->settings;
    int P = sample->config->rules.players, F = settings->cards, i = 0;
    uint32_t x = rng_u32(&sample->rng);
    while (i < settings->table_count - 1 && x >= settings->tables[i].upto) i++;
    if (settings->table_count > 0) {
        P = settings->tables[i].players;
        F = settings->tables[i].cards;
    }
    for (int round = 0; settings->full && round < sequence_rounds(P, F); round++)
        add_round(sample, P, sequence_cards(P, F, round), game);
    if (!settings->full) add_round(sample, P, F, game);
}

Outlook outlook_begin(const SelfplayConfig *config, int64_t games) {
    Sample sample = {.config = config, .rng = rng_begin(config->settings.seed, 0, 0, RNG_DEAL, 0)};
    int played = 0;
    while (played < GAMES && sample.looked_at < ENOUGH) add_game(&sample, played++);
    return (Outlook){games, config->parallel, sample.rows / played};
}

double outlook_share(const Outlook *o, int64_t rows, int64_t finished, int64_t live) {
    double F = (double)finished, L = (double)live, G = o->parallel, mean = o->mean;
    if (finished >= o->games) return 1;
    if (rows == 0 || mean == 0) return F / (double)o->games;
    if (mean < (double)rows / (F + L)) mean = (double)rows / (F + L);
    if (F > 0 && mean > (double)rows / F) mean = (double)rows / F;
    if (F > 0) {
        double measured = (double)rows / (F + L * (1 - L / (2 * G)));
        mean += (measured - mean) * F / (F + G);
    }
    double share = (double)rows / ((double)o->games * mean);
    return share < 1 ? share : 1;
}
