/* tests/search/test_search.c - the search agrees exactly with the slow reference, on 600 random
 * positions.
 *
 * Every position is searched open and, with the worlds that the determinization drew, closed; with
 * K = 1 and K = 8, with and without root noise. */
#include <stdlib.h>
#include <string.h>

#include "device/search/root.h"
#include "tests/support/check.h"
#include "reference_position.h"

enum { POSITIONS = 600 };

static void compare(Analyzer *analyzer, const AnalyzeQuery *a, const RefQuery *q, int at) {
    AnalyzeAnswer got;
    static RefAnswer want;
    const char *wrong = ref_search(q, &want);
    if (wrong) fprintf(stderr, "position %d: the reference refuses: %s\n", at, wrong);
    CHECK(wrong == NULL);
    CHECK(analyzer_answer(analyzer, a, &got) == STATUS_OK);
    CHECK(got.n == want.legal_count && want.searched);
    bool same = got.rows == want.rows && got.action[got.best] == want.best;
    for (int e = 0; e < got.n; e++)
        same = same && got.action[e] == want.legal[e] && (int)got.visits[e] == want.visits[e] &&
               got.prior[e] == want.prior[e] && got.q[e] == want.q[e] &&
               got.policy[e] == want.policy[e];
    for (int i = 0; i < q->players; i++) same = same && got.value[i] == want.value[i];
    if (!same)
        fprintf(stderr, "position %d: P %d T %d K %d\n", at, q->players, q->cards, q->leaves);
    CHECK(same);
}

/* The worlds that the analyzer will draw, in the reference's form. */
static void draw_worlds(const AnalyzeQuery *a, RefHand *held, const uint64_t *binomial) {
    static WorldScratch scratch;
    CHECK(world_count(&scratch, &a->state, a->state.turn, binomial) == WORLD_OK);
    for (int w = 0; w < a->worlds; w++) {
        uint64_t hands[MAX_SEATS];
        Rng rng = rng_begin(a->seed, a->game, a->ply, RNG_WORLD, (uint32_t)w);
        world_sample(&scratch, &a->state, a->state.turn, &rng, hands);
        for (int i = 0; i < a->state.players; i++)
            held[w * a->state.players + i] = ref_hand_of_bits(hands[i]);
    }
}

static void noisy_priors(const AnalyzeQuery *a, RefQuery *q, float *prior) {
    static RefAnswer clean;
    float noise[MAX_EDGES];
    CHECK(ref_search(q, &clean) == NULL);
    Rng rng = rng_begin(a->seed, a->game, a->ply, RNG_NOISE, 0);
    root_dirichlet(&rng, a->noise_alpha / (float)clean.legal_count, clean.legal_count, noise);
    for (int e = 0; e < clean.legal_count; e++)
        prior[e] = (1.0f - a->noise_weight) * clean.prior[e] + a->noise_weight * noise[e];
    q->root_prior = prior;
}

int main(void) {
    const Device *device;
    char device_text[128];
    Analyzer analyzer;
    uint64_t state = 12345, binomial[WORLD_BINOMIALS];
    int seats[MAX_SEATS + 1] = {0};
    world_binomial_fill(binomial);
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    CHECK(analyzer_open(&analyzer, device, NULL, PRECISION_FLOAT32, NETWORK_AUTO) == STATUS_OK);
    for (int i = 0; i < POSITIONS && !checks_failed; i++) {
        static RefQuery q;
        RefHand held[3 * MAX_SEATS];
        float prior[MAX_EDGES];
        ref_draw_query(&state, 52, &q);
        seats[q.players]++;
        q.leaves = i % 2 ? 8 : 1;
        AnalyzeQuery a = reference_query(&q);
        compare(&analyzer, &a, &q, i);
        a.open = 0;
        draw_worlds(&a, held, binomial);
        q.held = held;
        if (i % 3 == 0) {
            a.noise_weight = 0.25f;
            noisy_priors(&a, &q, prior);
        }
        compare(&analyzer, &a, &q, i);
    }
    for (int P = 2; P <= MAX_SEATS; P++) CHECK(seats[P] >= 10);
    analyzer_close(&analyzer);
    return check_report();
}
