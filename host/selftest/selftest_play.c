/* host/selftest/selftest_play.c - searches and whole games: the device's against the CPU's, bit by
 * bit.
 *
 * A record holds all visits of all decisions, so equal records mean equal searches. Without a GPU
 * the CPU is compared with itself, in other batches. */
#include <stdlib.h>

#include "device/play/analyze.h"
#include "host/games/positions.h"
#include "selftest.h"

enum { GAMES = 96, NET_GAMES = 16, PARALLEL = 64, OTHER_PARALLEL = 29, EPOCHS_MAX = 100000 };

typedef struct {
    uint16_t *words[GAMES]; /* (words[g][4]) each game's record; owned */
} Records;

static void records_free(Records *r) {
    for (int g = 0; g < GAMES; g++) free(r->words[g]);
    memset(r, 0, sizeof *r);
}

/* Copies and counts the records of an epoch. */
static Status keep_records(Records *r, const uint16_t *out, int used, int games, int *count) {
    for (int at = 0; at < used; at += out[at + 4]) {
        size_t bytes = out[at + 4] * sizeof *out;
        int g = out[at];
        if (bytes == 0 || at + out[at + 4] > used || g >= games || r->words[g])
            return STATUS_DEVICE; /* damaged, unknown, or a duplicate */
        r->words[g] = malloc(bytes);
        if (!r->words[g]) return STATUS_MEMORY;
        memcpy(r->words[g], out + at, bytes);
        (*count)++;
    }
    return STATUS_OK;
}

static Status play_epochs(Selfplay *sp, Records *r, int games) {
    int count = 0;
    TRY(selfplay_enqueue(sp));
    for (int64_t epoch = 0; count < games && epoch < EPOCHS_MAX; epoch++) {
        const PlayCounters *counters;
        const uint16_t *out;
        TRY(selfplay_enqueue(sp));
        TRY(selfplay_wait(sp, epoch, &counters, &out));
        if (counters->fault.code != FAULT_NONE) {
            fprintf(stderr, "fault %u, item %lld\n", counters->fault.code,
                    (long long)counters->fault.item);
            return STATUS_FAULT;
        }
        TRY(keep_records(r, out, counters->out_used, games, &count));
    }
    return count == games ? STATUS_OK : STATUS_DEVICE;
}

static Status play(Selftest *t, const Device *device, const SelfplayConfig *config, int games,
                   Records *r) {
    Selfplay sp;
    SelfplayConfig c = *config;
    const GameRange all = {0, 0};
    char network_text[256];
    if (c.evaluator == EVALUATOR_NET) {
        NetSpec spec = {c.model, c.precision, NETWORK_AUTO, 1, NULL};
        TRY(device->net->choose(NETWORK_AUTO, &spec, &t->weights, &c.network, network_text,
                                sizeof network_text));
    }
    Status status = selfplay_open(
        &sp, &c, device, c.evaluator == EVALUATOR_NET ? &t->weights : NULL, &all, 1, games);
    if (status == STATUS_OK) status = play_epochs(&sp, r, games);
    selfplay_close(&sp);
    return status;
}

static int64_t records_differ(const Records *a, const Records *b, int games) {
    int64_t differ = 0;
    for (int g = 0; g < games; g++) {
        const uint16_t *x = a->words[g], *y = b->words[g];
        differ += !x || !y || x[4] != y[4] || memcmp(x, y, x[4] * sizeof *x) != 0;
    }
    return differ;
}

/* Games of `config` on the device, with and without graphs, against those on `first`. */
static Status compare_games(Selftest *t, const Device *first, SelfplayConfig config, int games,
                            const char *name) {
    Records a = {{NULL}}, b = {{NULL}};
    char text[96];
    config.parallel = PARALLEL;
    config.graph = false;
    Status status = play(t, first, &config, games, &a);
    for (int graph = t->device->backend->graphs; status == STATUS_OK && graph >= 0; graph--) {
        config.parallel = graph == t->device->backend->graphs ? OTHER_PARALLEL : PARALLEL;
        config.graph = graph;
        status = play(t, t->device, &config, games, &b);
        if (status != STATUS_OK) break;
        snprintf(text, sizeof text, "%s%s", name, graph ? ", graph" : "");
        selftest_exact(t, text, records_differ(&a, &b, games), games, "games");
        records_free(&b);
    }
    records_free(&a);
    records_free(&b);
    return status;
}

/* Rules, seats, cards; worlds, simulations, leaves. */
typedef struct {
    const char *name;
    int variant, players, cards, full, worlds, simulations, leaves;
} GameSetting;

static SelfplayConfig setting_config(const Selftest *t, const GameSetting *s) {
    SelfplayConfig c = selfplay_config_default();
    c.rules.variant = (uint8_t)s->variant;
    c.rules.players = (uint8_t)s->players;
    c.rules.points = s->variant == RULES_OH_HELL ? 2 : 0;
    c.rules.penalty = s->variant == RULES_OH_HELL;
    c.settings.seed = t->seed;
    c.settings.cards = s->cards;
    c.settings.full = s->full;
    c.settings.explore_decisions = 2;
    c.worlds = s->worlds;
    c.simulations = s->simulations;
    c.leaves = s->leaves;
    c.waves = 17;
    c.evaluator = EVALUATOR_HASH;
    return c;
}

Status selftest_games(Selftest *t) {
    /* clang-format off */
    static const GameSetting settings[] = {
        {.name = "4 seats, 5 cards, 3 x 30",
         .variant = RULES_BLOB, .players = 4, .cards = 5,
         .worlds = 3, .simulations = 30, .leaves = 1},
        {.name = "4 seats, 5 cards, 5 x 50, 8 leaves",
         .variant = RULES_BLOB, .players = 4, .cards = 5,
         .worlds = 5, .simulations = 50, .leaves = 8},
        {.name = "2 seats, 17 cards, 2 x 40",
         .variant = RULES_BLOB, .players = 2, .cards = 17,
         .worlds = 2, .simulations = 40, .leaves = 1},
        {.name = "3 seats, 10 cards, 2 x 40, 8 leaves",
         .variant = RULES_BLOB, .players = 3, .cards = 10,
         .worlds = 2, .simulations = 40, .leaves = 8},
        {.name = "8 seats, 6 cards, 3 x 30",
         .variant = RULES_BLOB, .players = 8, .cards = 6,
         .worlds = 3, .simulations = 30, .leaves = 1},
        {.name = "full game, 5 seats, 4 cards, 2 x 20",
         .variant = RULES_BLOB, .players = 5, .cards = 4, .full = 1,
         .worlds = 2, .simulations = 20, .leaves = 1},
        {.name = "oh-hell, 7 seats, 7 cards, 2 x 30",
         .variant = RULES_OH_HELL, .players = 7, .cards = 7,
         .worlds = 2, .simulations = 30, .leaves = 4},
        {.name = "oh-hell, full game, 3 seats, 3 cards",
         .variant = RULES_OH_HELL, .players = 3, .cards = 3, .full = 1,
         .worlds = 2, .simulations = 20, .leaves = 1}};
    /* clang-format on */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        SelfplayConfig c = setting_config(t, &settings[i]);
        TRY(compare_games(t, t->cpu, c, GAMES, settings[i].name));
    }
    SelfplayConfig c = setting_config(t, &settings[0]);
    c.evaluator = EVALUATOR_UNIFORM;
    return compare_games(t, t->cpu, c, GAMES, "uniform evaluator, 3 x 30");
}

Status selftest_net_games(Selftest *t) {
    /* clang-format off */
    static const GameSetting settings[] = {
        {.name = "int8, 4 seats, 5 cards, 3 x 30",
         .variant = RULES_BLOB, .players = 4, .cards = 5,
         .worlds = 3, .simulations = 30, .leaves = 1},
        {.name = "int8, 3 seats, 7 cards, 2 x 20, 4 leaves",
         .variant = RULES_BLOB, .players = 3, .cards = 7,
         .worlds = 2, .simulations = 20, .leaves = 4}};
    /* clang-format on */
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        SelfplayConfig c = setting_config(t, &settings[i]);
        c.evaluator = EVALUATOR_NET;
        c.precision = PRECISION_INT8;
        TRY(compare_games(t, t->cpu, c, NET_GAMES, settings[i].name));
    }
    /* With floats, games are only defined for one device. */
    for (int p = PRECISION_FLOAT32; p <= (t->cuda ? PRECISION_BF16 : PRECISION_FLOAT32); p++) {
        SelfplayConfig c = setting_config(t, &settings[0]);
        char name[64];
        c.evaluator = EVALUATOR_NET;
        c.precision = (Precision)p;
        snprintf(name, sizeof name, "%s, %s alone", precision_name(c.precision),
                 t->device->backend->name);
        TRY(compare_games(t, t->device, c, NET_GAMES, name));
    }
    return STATUS_OK;
}

/* One search on both devices, with sampled worlds; *differ: whether any of the answer does. */
static Status compare_visits(Analyzer *cpu, Analyzer *device, const AnalyzeQuery *query,
                             int *differ) {
    AnalyzeAnswer a, b;
    TRY(analyzer_answer(cpu, query, &a));
    TRY(analyzer_answer(device, query, &b));
    *differ = a.n != b.n || a.best != b.best || a.rows != b.rows ||
              memcmp(a.visits, b.visits, sizeof a.visits) != 0 ||
              memcmp(a.prior, b.prior, sizeof a.prior) != 0 || memcmp(a.q, b.q, sizeof a.q) != 0;
    return STATUS_OK;
}

static AnalyzeQuery visits_query(const Selftest *t, const Rules *rules, const RoundState *state,
                                 int i) {
    AnalyzeQuery q;
    memset(&q, 0, sizeof q);
    q.rules = *rules;
    q.state = *state;
    q.worlds = 1 + i % 8;
    q.simulations = i % 2 ? 40 : 300;
    q.leaves = i % 3 ? 1 : 8;
    q.c_puct = 1.5f;
    q.fpu = 0.1f;
    q.noise_weight = i % 2 ? 0.25f : 0;
    q.noise_alpha = 10;
    q.evaluator = EVALUATOR_HASH;
    q.seed = t->seed;
    q.game = (uint64_t)i;
    q.search_seed = splitmix64(t->seed + (uint64_t)i);
    q.ply = (uint32_t)round_ply(state);
    return q;
}

Status selftest_visits(Selftest *t) {
    enum { POSITIONS = 24, TABLES = 4 };
    static const int tables[TABLES][2] = {{4, 5}, {2, 17}, {3, 10}, {8, 6}}; /* seats, cards */
    Analyzer cpu, device;
    Status status, opened;
    status = analyzer_open(&cpu, t->cpu, NULL, PRECISION_FLOAT32, NETWORK_AUTO);
    opened = analyzer_open(&device, t->device, NULL, PRECISION_FLOAT32, NETWORK_AUTO);
    if (status == STATUS_OK) status = opened;
    for (int k = 0; k < TABLES; k++) {
        Rules rules = {RULES_BLOB, (uint8_t)tables[k][0], 0, 0};
        RoundState states[POSITIONS];
        int64_t differ = 0;
        char name[64];
        positions_draw(&rules, tables[k][1], t->seed, POSITIONS, states);
        for (int i = 0; status == STATUS_OK && i < POSITIONS; i++) {
            AnalyzeQuery query = visits_query(t, &rules, &states[i], i);
            int one = 0;
            status = compare_visits(&cpu, &device, &query, &one);
            differ += one;
        }
        if (status != STATUS_OK) break;
        snprintf(name, sizeof name, "%d seats, %d cards, 40 or 300 simulations", tables[k][0],
                 tables[k][1]);
        selftest_exact(t, name, differ, POSITIONS, "searches");
    }
    analyzer_close(&device);
    analyzer_close(&cpu);
    return status;
}
