/* tests/play/test_replay.c - every game is stored, draws are uniform, rows match an export. */
#include <math.h>
#include <omp.h>

#include "host/games/export.h"
#include "tests/support/files.h"
#include "tests/support/random_run.h"
#include "tests/support/replay_ring.h"

static const GameTerms *blob_tables(void) {
    static GameTerms terms[5];
    terms[0] = ring_terms(RULES_BLOB, 4, 5, 0);
    terms[1] = ring_terms(RULES_BLOB, 2, 1, 0); /* some with no choice but a bid */
    terms[2] = ring_terms(RULES_BLOB, 8, 6, 0);
    terms[3] = ring_terms(RULES_BLOB, 3, 17, 0);
    terms[4] = ring_terms(RULES_BLOB, 5, 3, 1);
    return terms;
}
enum { TABLES = 5 };

/* The stored facts about a game match the plainest reading of replay.h. */
static void check_known(const ReplayGame *known, const GameTerms *terms, const uint16_t *words) {
    GameRecord game;
    RecordRound round;
    int examples = 0, seats = 0, hit = 0, score = 0;
    long entropy = 0;
    CHECK(game_record_begin(&game, terms, words, words[RECORD_WORDS_AT]));
    while (game_record_next(&game, &round)) {
        examples += round.decision_count;
        for (int s = 0; s < terms->rules.players; s++, seats++) {
            hit += round.end.bids[s] == round.end.tricks[s];
            score += round.scores[s];
        }
        for (int d = 0; d < round.decision_count; d++) {
            double h = 0;
            for (int e = 0; e < round.decisions[d].legal_count; e++) {
                double p = (double)round.decisions[d].visits[e] / round.decisions[d].sum;
                if (p > 0) h -= p * log(p);
            }
            entropy += lrint(h * 1024);
        }
    }
    CHECK(!game.wrong[0] && known->id == game.id && known->words == words[RECORD_WORDS_AT]);
    CHECK(known->examples == examples && known->seats == seats && known->bids_hit == hit);
    CHECK(known->score == score && known->entropy_1024 == entropy);
}

/* Adds the games one by one, in an order drawn from `seed`, with this many threads. */
static void add_shuffled(const Ring *ring, const RingGames *g, uint64_t seed, int threads) {
    int *order = (int *)malloc((size_t)g->n * sizeof *order);
    Rng rng = rng_begin(seed, 0, 0, RNG_MOVE, 0);
    for (int i = 0; i < g->n; i++) {
        int j = (int)rng_below(&rng, (uint32_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int i = 0; i < g->n; i++)
        (void)ring->ops->add(&ring->replay, g->words, g->at + order[i], 1, ring->stream);
    free(order);
}

static const GameTerms *oh_hell_tables(void) {
    static GameTerms terms[2];
    terms[0] = ring_terms(RULES_OH_HELL, 4, 6, 0);
    terms[1] = ring_terms(RULES_OH_HELL, 3, 2, 1);
    terms[0].rules.penalty = terms[1].rules.penalty = 0; /* those who miss their bid score too */
    return terms;
}

static void insertion_order_does_not_change_the_ring(const GameTerms *terms, int tables) {
    RingGames g = ring_games(terms, tables, 130, 600);
    Ring one = ring_open(&backend_cpu, &replay_cpu, &terms->rules, 601, g.stride);
    Ring other = ring_open(&backend_cpu, &replay_cpu, &terms->rules, 601, g.stride);
    CHECK(replay_cpu.add(&one.replay, g.words, g.at, g.n, NULL) == STATUS_OK);
    for (int threads = 1; threads <= 8; threads *= 2) {
        memset(other.block, 0, other.bytes);
        CHECK(replay_cpu.clear(&other.replay, NULL) == STATUS_OK);
        add_shuffled(&other, &g, (uint64_t)threads, threads);
        CHECK(memcmp(one.block, other.block, one.bytes) == 0);
    }
    for (int i = 0; i < g.n; i++) {
        const uint16_t *words = g.words + g.at[i];
        int64_t slot = (130 + i) % 601;
        check_known(&one.replay.games[slot], &terms[(130 + i) % tables], words);
        CHECK(memcmp(one.replay.words + slot * g.stride, words,
                     words[RECORD_WORDS_AT] * sizeof *words) == 0);
    }
    CHECK(one.replay.games[129].id == -1); /* the slot without a game */
    ring_close(&other);
    ring_close(&one);
    ring_games_free(&g);
}

static void the_ring_wraps_and_windows_must_be_complete(void) {
    enum { CAPACITY = 64, GAMES = 200 };
    const GameTerms *terms = blob_tables();
    RingGames g = ring_games(terms, TABLES, 0, GAMES);
    Ring ring = ring_open(&backend_cpu, &replay_cpu, &terms->rules, CAPACITY, g.stride);
    const Replay *r = &ring.replay;
    CHECK(ring_window(&ring, 0, 1) == STATUS_OK && r->window->examples == 0);
    CHECK(r->window->missing.code != FAULT_NONE && r->window->missing.item == 0);
    for (int i = 0; i < GAMES; i += 8) /* ids within a call must differ modulo the capacity */
        CHECK(replay_cpu.add(r, g.words, g.at + i, 8, NULL) == STATUS_OK);
    CHECK(ring_window(&ring, 136, 200) == STATUS_OK && r->window->missing.code == FAULT_NONE);
    int64_t sum = 0;
    for (int64_t id = 136; id < 200; id++) {
        CHECK(r->games[id % CAPACITY].id == id && r->offset[id - 136] == sum);
        sum += r->games[id % CAPACITY].examples;
    }
    CHECK(r->window->first == 136 && r->window->end == 200 && r->window->examples == sum);
    CHECK(ring_window(&ring, 135, 199) == STATUS_OK && r->window->examples == 0);
    CHECK(r->window->missing.item == 135);
    CHECK(ring_window(&ring, 199, 201) == STATUS_OK && r->window->examples == 0);
    CHECK(r->window->missing.item == 200);
    CHECK(ring_window(&ring, 150, 170) == STATUS_OK && r->window->examples > 0);
    CHECK(r->window->missing.code == FAULT_NONE);
    CHECK(ring_window(&ring, 150, 150) == STATUS_OK && r->window->examples == 0);
    CHECK(replay_window_check(r, 135, 200) == STATUS_ARGUMENT);
    CHECK(replay_window_check(r, -1, 20) == STATUS_ARGUMENT);
    CHECK(replay_window_check(r, 20, 19) == STATUS_ARGUMENT);
    CHECK(replay_window_check(r, 20, 84) == STATUS_OK);
    Replay vast = *r; /* refused before anything is read */
    vast.capacity = 1 << 30;
    CHECK(replay_window_check(&vast, 0, 1 << 30) == STATUS_ARGUMENT);
    ring_close(&ring);
    ring_games_free(&g);
}

static TrainBatch batch_alloc(int rows, bool bf16) {
    TrainBatch b;
    size_t n = (size_t)rows;
    b.x = calloc(n * OBSERVE_COLUMNS, bf16 ? 2 : 4);
    b.legal = (uint64_t *)calloc(n, sizeof *b.legal);
    b.policy = (float *)calloc(n * ACTIONS, sizeof *b.policy);
    b.value = (float *)calloc(n * MAX_SEATS, sizeof *b.value);
    b.seats = (int32_t *)calloc(n, sizeof *b.seats);
    b.action = (int32_t *)calloc(n, sizeof *b.action);
    CHECK(b.x && b.legal && b.policy && b.value && b.seats && b.action);
    if (checks_failed) exit(1);
    return b;
}

static void batch_free(TrainBatch *b) {
    free(b->x);
    free(b->legal);
    free(b->policy);
    free(b->value);
    free(b->seats);
    free(b->action);
}

static bool batch_same(const TrainBatch *a, const TrainBatch *b, int n) {
    size_t rows = (size_t)n;
    return memcmp(a->x, b->x, rows * OBSERVE_COLUMNS * 4) == 0 &&
           memcmp(a->legal, b->legal, rows * sizeof *a->legal) == 0 &&
           memcmp(a->policy, b->policy, rows * ACTIONS * sizeof *a->policy) == 0 &&
           memcmp(a->value, b->value, rows * MAX_SEATS * sizeof *a->value) == 0 &&
           memcmp(a->seats, b->seats, rows * sizeof *a->seats) == 0 &&
           memcmp(a->action, b->action, rows * sizeof *a->action) == 0;
}

/* The examples of an export, in order of game id and ply. */
typedef struct {
    const float *observation, *policy, *value;
    const uint8_t *legal, *mask;
} Dense;

static bool row_is(const TrainBatch *b, int row, const Dense *d, int64_t example) {
    const float *x = (const float *)b->x + (int64_t)row * 256;
    bool same = memcmp(x, d->observation + example * 256, 256 * sizeof *x) == 0 &&
                memcmp(b->policy + row * 52, d->policy + example * 52, 52 * sizeof *x) == 0 &&
                memcmp(b->value + row * 8, d->value + example * 8, 8 * sizeof *x) == 0;
    int seats = 0;
    for (int i = 0; i < 8; i++) seats += d->mask[example * 8 + i];
    for (int a = 0; a < 64; a++)
        same = same && (int)(b->legal[row] >> a & 1) == (a < 52 && d->legal[example * 52 + a]);
    if (!(b->legal[row] >> b->action[row] & 1)) return false; /* what was played, as a column */
    return same && b->seats[row] == seats;
}

/* Every drawn row is the export's row of the number that the formula draws. */
static void check_draws(const Ring *ring, const Dense *dense, int64_t examples) {
    enum { ROWS = 128 };
    static const int bases[] = {0, 65536 - 64, 1000000};
    TrainBatch b = batch_alloc(ROWS, false);
    for (int64_t batch = 0; batch < 6 && !checks_failed; batch++) {
        GatherArgs args = {
            .replay = ring->replay,
            .batch = &batch,
            .row_base = bases[batch % 3],
            .first = 0,
            .rows = ROWS,
            .out = b,
            .bf16 = false,
        };
        CHECK(replay_cpu.gather(&args, NULL) == STATUS_OK);
        for (int row = 0; row < ROWS; row++) {
            int64_t r = bases[batch % 3] + row;
            Rng rng = rng_begin(77, (uint64_t)batch, (uint32_t)(r / 65536), RNG_SAMPLE,
                                (uint32_t)(r % 65536));
            CHECK(row_is(&b, row, dense, (int64_t)rng_below64(&rng, (uint64_t)examples)));
        }
    }
    batch_free(&b);
}

static void check_every_example(const Ring *ring, const Dense *dense) {
    TrainBatch b = batch_alloc(1, false);
    const Replay *r = &ring->replay;
    ExampleRow row = {.x = {b.x, false},
                      .legal = b.legal,
                      .policy = b.policy,
                      .value = b.value,
                      .action = b.action};
    int64_t example = 0;
    for (int64_t id = r->window->first; id < r->window->end && !checks_failed; id++)
        for (int d = 0; d < r->games[replay_slot(r, id)].examples; d++, example++) {
            const uint16_t *words = r->words + replay_slot(r, id) * r->stride;
            memset(b.policy, 1, ACTIONS * sizeof *b.policy);
            memset(b.value, 1, MAX_SEATS * sizeof *b.value);
            b.seats[0] = example_one(&r->rules, words, d, row, TEAM_OF_ONE);
            CHECK(row_is(&b, 0, dense, example));
        }
    CHECK(example == r->window->examples);
    batch_free(&b);
}

static const void *column(const Safetensors *s, const char *name) {
    const SafeTensor *t = safetensors_find_tensor(s, name);
    CHECK(t != NULL);
    return t ? t->data : NULL;
}

/* The same random games, exported from a folder of shards and stored in the ring. */
static void rows_match_an_export(const char *name, GameTerms terms) {
    enum { GAMES = 40 };
    RandomRun run = {terms, GAMES, GAMES, 1, 0};
    char dense_name[64];
    int64_t rows = 0;
    Records records;
    Safetensors file;
    const char *path = files_path(name);
    snprintf(dense_name, sizeof dense_name, "%s-dense", name);
    CHECK(random_run(path, &run) == STATUS_OK);
    CHECK(records_open(&records, &path, 1) == STATUS_OK);
    CHECK(export_write(&records, files_path(dense_name), &rows) == STATUS_OK);
    records_close(&records);
    CHECK(safetensors_open(&file, files_path(dense_name), SAFE_CHECKSUM_REQUIRED) == STATUS_OK);
    if (checks_failed) exit(1);
    Dense dense = {(const float *)column(&file, "observation"),
                   (const float *)column(&file, "policy"), (const float *)column(&file, "value"),
                   (const uint8_t *)column(&file, "legal"),
                   (const uint8_t *)column(&file, "value_mask")};
    RingGames g = ring_games(&terms, 1, 0, GAMES);
    Ring ring = ring_open(&backend_cpu, &replay_cpu, &terms.rules, GAMES + 3, g.stride);
    ring.replay.rules.players = 0; /* each record has its own */
    CHECK(replay_cpu.add(&ring.replay, g.words, g.at, GAMES, NULL) == STATUS_OK);
    CHECK(ring_window(&ring, 0, GAMES) == STATUS_OK && ring.replay.window->examples == rows);
    if (!checks_failed) check_every_example(&ring, &dense);
    if (!checks_failed) check_draws(&ring, &dense, rows);
    ring_close(&ring);
    ring_games_free(&g);
    safetensors_close(&file);
}

/* Draws per example against their expectation; then each draw's game and decision, found by
 * counting. */
static void draws_are_uniform(void) {
    enum { GAMES = 30, BATCHES = 400, ROWS = 500 };
    const GameTerms *terms = blob_tables();
    RingGames g = ring_games(terms, TABLES, 70, GAMES);
    Ring ring = ring_open(&backend_cpu, &replay_cpu, &terms->rules, 37, g.stride);
    const Replay *r = &ring.replay;
    CHECK(replay_cpu.add(r, g.words, g.at, GAMES, NULL) == STATUS_OK);
    CHECK(ring_window(&ring, 70, 70 + GAMES) == STATUS_OK);
    int64_t n = r->window->examples;
    int *drawn = (int *)calloc((size_t)n, sizeof *drawn);
    CHECK(drawn && n > 300);
    for (int64_t batch = 0; batch < BATCHES && !checks_failed; batch++)
        for (int64_t row = 0; row < ROWS; row++) {
            int64_t example = gather_draw(r, batch, row), left = example;
            int game = 0;
            CHECK(example >= 0 && example < n);
            if (checks_failed) break;
            drawn[example]++;
            while (left >= r->games[replay_slot(r, 70 + game)].examples)
                left -= r->games[replay_slot(r, 70 + game++)].examples;
            CHECK(gather_find(r, example) == game && example - r->offset[game] == left);
        }
    double expected = (double)BATCHES * ROWS / (double)n, square = 0;
    for (int64_t i = 0; i < n && !checks_failed; i++)
        square += (drawn[i] - expected) * (drawn[i] - expected) / expected;
    /* chi-square of n - 1 degrees: mean n - 1, standard deviation sqrt(2 (n - 1)) */
    CHECK(fabs(square - (double)(n - 1)) < 4 * sqrt(2.0 * (double)(n - 1)));
    free(drawn);
    ring_close(&ring);
    ring_games_free(&g);
}

/* A batch in blocks by several threads, with another row_base, or in bf16 is the same batch. */
static void blocks_threads_and_bf16_give_the_same_batch(void) {
    enum { ROWS = 256, BLOCK = 64 };
    const GameTerms *terms = blob_tables();
    RingGames g = ring_games(terms, TABLES, 0, 50);
    Ring ring = ring_open(&backend_cpu, &replay_cpu, &terms->rules, 50, g.stride);
    TrainBatch all = batch_alloc(ROWS, false), b = batch_alloc(ROWS, false);
    int64_t batch = 9;
    CHECK(replay_cpu.add(&ring.replay, g.words, g.at, g.n, NULL) == STATUS_OK);
    GatherArgs whole = {
        .replay = ring.replay,
        .batch = &batch,
        .row_base = 0,
        .first = 0,
        .rows = ROWS,
        .out = b,
        .bf16 = false,
    };
    CHECK(ring_window(&ring, 7, 7) == STATUS_OK); /* nothing to draw: nothing is written */
    CHECK(replay_cpu.gather(&whole, NULL) == STATUS_OK && batch_same(&all, &b, ROWS));
    CHECK(ring_window(&ring, 3, 47) == STATUS_OK);
    whole.out = all;
    CHECK(replay_cpu.gather(&whole, NULL) == STATUS_OK && !batch_same(&all, &b, ROWS));
#pragma omp parallel for num_threads(3) schedule(dynamic, 1)
    for (int first = 0; first < ROWS; first += BLOCK) {
        GatherArgs args = {
            .replay = ring.replay,
            .batch = &batch,
            .row_base = 0,
            .first = first,
            .rows = BLOCK,
            .out = b,
            .bf16 = false,
        };
        (void)replay_cpu.gather(&args, NULL);
    }
    CHECK(batch_same(&all, &b, ROWS));
    GatherArgs half = {
        .replay = ring.replay,
        .batch = &batch,
        .row_base = ROWS / 2,
        .first = 0,
        .rows = ROWS / 2,
        .out = b,
        .bf16 = false,
    }; /* process 1 of 2 */
    CHECK(replay_cpu.gather(&half, NULL) == STATUS_OK);
    CHECK(memcmp(b.policy, all.policy + ROWS / 2 * ACTIONS, ROWS / 2 * ACTIONS * 4) == 0);
    GatherArgs short_x = {
        .replay = ring.replay,
        .batch = &batch,
        .row_base = 0,
        .first = 0,
        .rows = ROWS,
        .out = b,
        .bf16 = true,
    };
    CHECK(replay_cpu.gather(&short_x, NULL) == STATUS_OK);
    for (int i = 0; i < ROWS * OBSERVE_COLUMNS; i++)
        CHECK(bf16_to_float(((const uint16_t *)b.x)[i]) == ((const float *)all.x)[i]);
    batch_free(&b);
    batch_free(&all);
    ring_close(&ring);
    ring_games_free(&g);
}

int main(void) {
    files_begin();
    insertion_order_does_not_change_the_ring(blob_tables(), TABLES);
    insertion_order_does_not_change_the_ring(oh_hell_tables(), 2);
    the_ring_wraps_and_windows_must_be_complete();
    rows_match_an_export("medium", terms_of(RULES_BLOB, 4, 5, 0));
    rows_match_an_export("two", terms_of(RULES_BLOB, 2, 1, 0));
    rows_match_an_export("eight", terms_of(RULES_BLOB, 8, 6, 0));
    rows_match_an_export("full", terms_of(RULES_BLOB, 5, 4, 1));
    rows_match_an_export("oh-hell", terms_of(RULES_OH_HELL, 7, 7, 0));
    rows_match_an_export("oh-hell-full", terms_of(RULES_OH_HELL, 3, 5, 1));
    draws_are_uniform();
    blocks_threads_and_bf16_give_the_same_batch();
    files_clear(folder);
    return check_report();
}
