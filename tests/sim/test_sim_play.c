/* tests/sim/test_sim_play.c - whole games on the simulated GPU equal the CPU's, byte for byte.
 *
 *   test_sim_play [--orders asc,desc,rand:7] [--every N] [--from I] [--verbose]
 *
 * Every row of the table is played in step with the CPU, with all arrays compared after each epoch;
 * then with another number of live games, with graphs or without, and compared by game id. --every
 * N takes one row in N, from row I on; each order plays them all again. */
#include <getopt.h>
#include <time.h>

#include "by_id.h"
#include "in_step.h"

typedef struct {
    int variant, players, cards, full;
    Evaluator evaluator;
    int worlds, simulations, leaves; /* W, S, K */
    int waves, parallel, games;
    Precision precision; /* with EVALUATOR_NET: of a network of 2 layers, 64 wide */
} Row;

/* Team widths: 8 lanes up to 7 cards, 16 up to 15, then 32. */
/* clang-format off */
static const Row rows[] = {
    /* medium */
    {.variant = RULES_BLOB, .players = 4, .cards = 5, .evaluator = EVALUATOR_HASH,
     .worlds = 3, .simulations = 30, .leaves = 1, .waves = 31, .parallel = 5, .games = 8},
    {.variant = RULES_BLOB, .players = 4, .cards = 5, .evaluator = EVALUATOR_UNIFORM,
     .worlds = 3, .simulations = 30, .leaves = 1, .waves = 31, .parallel = 5, .games = 8},
    {.variant = RULES_BLOB, .players = 4, .cards = 5, .evaluator = EVALUATOR_HASH,
     .worlds = 3, .simulations = 30, .leaves = 8, .waves = 9, .parallel = 7, .games = 9},
    {.variant = RULES_BLOB, .players = 2, .cards = 17, .evaluator = EVALUATOR_HASH,
     .worlds = 1, .simulations = 6, .leaves = 8, .waves = 5, .parallel = 5, .games = 5},
    {.variant = RULES_BLOB, .players = 3, .cards = 10, .evaluator = EVALUATOR_HASH,
     .worlds = 2, .simulations = 9, .leaves = 1, .waves = 5, .parallel = 5, .games = 5},
    {.variant = RULES_BLOB, .players = 4, .cards = 13, .evaluator = EVALUATOR_UNIFORM,
     .worlds = 2, .simulations = 5, .leaves = 1, .waves = 6, .parallel = 3, .games = 4},
    {.variant = RULES_BLOB, .players = 5, .cards = 4, .full = 1, .evaluator = EVALUATOR_HASH,
     .worlds = 2, .simulations = 6, .leaves = 8, .waves = 5, .parallel = 3, .games = 3},
    {.variant = RULES_BLOB, .players = 6, .cards = 8, .evaluator = EVALUATOR_UNIFORM,
     .worlds = 2, .simulations = 7, .leaves = 8, .waves = 3, .parallel = 4, .games = 5},
    {.variant = RULES_BLOB, .players = 7, .cards = 7, .evaluator = EVALUATOR_HASH,
     .worlds = 1, .simulations = 8, .leaves = 1, .waves = 5, .parallel = 4, .games = 4},
    {.variant = RULES_BLOB, .players = 8, .cards = 6, .evaluator = EVALUATOR_HASH,
     .worlds = 3, .simulations = 8, .leaves = 1, .waves = 5, .parallel = 3, .games = 3},
    /* nothing to search */
    {.variant = RULES_BLOB, .players = 2, .cards = 1, .evaluator = EVALUATOR_HASH,
     .worlds = 3, .simulations = 40, .leaves = 8, .waves = 3, .parallel = 30, .games = 60},
    /* every leaf terminal */
    {.variant = RULES_BLOB, .players = 3, .cards = 3, .evaluator = EVALUATOR_UNIFORM,
     .worlds = 2, .simulations = 200, .leaves = 1, .waves = 11, .parallel = 3, .games = 4},
    /* trees of two nodes */
    {.variant = RULES_BLOB, .players = 3, .cards = 17, .evaluator = EVALUATOR_HASH,
     .worlds = 2, .simulations = 1, .leaves = 1, .waves = 2, .parallel = 3, .games = 3},
    {.variant = RULES_OH_HELL, .players = 3, .cards = 3, .full = 1, .evaluator = EVALUATOR_HASH,
     .worlds = 2, .simulations = 8, .leaves = 1, .waves = 5, .parallel = 3, .games = 3},
    {.variant = RULES_OH_HELL, .players = 4, .cards = 12, .evaluator = EVALUATOR_HASH,
     .worlds = 2, .simulations = 6, .leaves = 8, .waves = 5, .parallel = 3, .games = 3},
    {.variant = RULES_OH_HELL, .players = 7, .cards = 7, .evaluator = EVALUATOR_UNIFORM,
     .worlds = 2, .simulations = 6, .leaves = 1, .waves = 5, .parallel = 3, .games = 3},
    {.variant = RULES_OH_HELL, .players = 5, .cards = 10, .evaluator = EVALUATOR_HASH,
     .worlds = 1, .simulations = 8, .leaves = 8, .waves = 5, .parallel = 3, .games = 3},
    {.variant = RULES_BLOB, .players = 4, .cards = 5, .evaluator = EVALUATOR_NET,
     .worlds = 2, .simulations = 5, .leaves = 1, .waves = 5, .parallel = 3, .games = 3,
     .precision = PRECISION_INT8},
    {.variant = RULES_OH_HELL, .players = 3, .cards = 9, .evaluator = EVALUATOR_NET,
     .worlds = 1, .simulations = 6, .leaves = 4, .waves = 3, .parallel = 3, .games = 3,
     .precision = PRECISION_INT8},
    /* vector instructions on the CPU, the formula's body on the GPU */
    {.variant = RULES_BLOB, .players = 4, .cards = 5, .evaluator = EVALUATOR_NET,
     .worlds = 2, .simulations = 5, .leaves = 1, .waves = 5, .parallel = 3, .games = 3,
     .precision = PRECISION_FLOAT32},
    {.variant = RULES_OH_HELL, .players = 3, .cards = 9, .evaluator = EVALUATOR_NET,
     .worlds = 1, .simulations = 6, .leaves = 4, .waves = 3, .parallel = 3, .games = 3,
     .precision = PRECISION_FLOAT32},
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof rows[0] };

static ModelConfig small_model(void) {
    ModelConfig c = model_config_default();
    c.width = 64;
    c.heads = 2;
    c.hidden = 160; /* one block of 128 inputs and a part */
    c.layers = 2;
    c.policy_hidden = 64;
    c.value_hidden = 32;
    return c;
}

static SelfplayConfig config_of(const Row *row, int i) {
    SelfplayConfig c = selfplay_config_default();
    c.rules.variant = (uint8_t)row->variant;
    c.rules.players = (uint8_t)row->players;
    c.rules.points = row->variant == RULES_OH_HELL ? 2 : 0;
    c.rules.penalty = row->variant == RULES_OH_HELL && i % 2 == 0;
    c.settings.cards = row->cards;
    c.settings.full = row->full;
    c.settings.seed = 3;
    c.settings.explore_decisions = 2;
    c.settings.move_power = i % 3 ? 2 : 0;
    c.parallel = row->parallel;
    c.worlds = row->worlds;
    c.simulations = row->simulations;
    c.leaves = row->leaves;
    c.waves = row->waves;
    c.noise_weight = i % 4 == 3 ? 0 : 0.25;
    c.evaluator = row->evaluator;
    c.graph = true;
    c.precision = row->precision;
    c.model = small_model();
    return c;
}

static void play_row(int i, const Weights *weights, SimOrder order, uint64_t seed, bool verbose) {
    static const char *const orders[SIM_ORDER_COUNT] = {"asc", "desc", "rand"};
    const Row *row = &rows[i];
    SelfplayConfig c = config_of(row, i);
    char where[128];
    clock_t start = clock();
    long steps = sim_steps();
    snprintf(where, sizeof where, "row %d: variant %d, %d x %d cards, order %s:%llu", i,
             row->variant, row->players, row->cards, orders[order], (unsigned long long)seed);
    sim_order(order, seed + (uint64_t)i);
    in_step(&c, weights, row->games, where);
    c.graph = i % 2;
    if (!checks_failed) by_id(&c, weights, row->games, row->parallel % 2 ? 2 : 11, where);
    if (verbose)
        fprintf(stderr, "%s: %.2f s, %.1f M steps\n", where,
                (double)(clock() - start) / CLOCKS_PER_SEC, (double)(sim_steps() - steps) / 1e6);
}

/* Takes "asc", "desc" or "rand:N" off the list; the default seed is 1. False at the end of the
 * list. */
static bool order_next(const char **list, SimOrder *order, uint64_t *seed) {
    const char *word = *list;
    if (*word == 0) return false;
    size_t length = strcspn(word, ",");
    *order = *word == 'r' ? SIM_RANDOM : *word == 'd' ? SIM_DESCENDING : SIM_ASCENDING;
    *seed = *order == SIM_RANDOM && word[4] == ':' ? strtoull(word + 5, NULL, 10) : 1;
    *list = word + length + (word[length] == ',');
    return true;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"orders", required_argument, NULL, 'o'},
                                            {"every", required_argument, NULL, 'e'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    const char *orders = "asc";
    int every = 1, from = 0, option;
    bool verbose = false;
    SimOrder order;
    uint64_t seed;
    char device_text[256];
    Weights weights;
    const ModelConfig model = small_model();
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'o') orders = optarg;
        if (option == 'e') every = atoi(optarg);
        if (option == 'f') from = atoi(optarg);
        if (option == 'v') verbose = true;
        if (option == '?' || every < 1 || from < 0) return 2;
    }
    CHECK(backend_cpu.open(device_text, sizeof device_text) == STATUS_OK);
    CHECK(backend_cuda.open(device_text, sizeof device_text) == STATUS_OK);
    CHECK(strstr(device_text, "simulated, sm_90, 132 multiprocessors") != NULL);
    CHECK(weights_alloc(&weights, &model) == STATUS_OK);
    if (!checks_failed) weights_init(&weights, 5);
    while (order_next(&orders, &order, &seed))
        for (int i = from; i < ROWS && !checks_failed; i += every)
            play_row(i, &weights, order, seed, verbose);
    weights_free(&weights);
    return check_report();
}
