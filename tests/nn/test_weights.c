/* tests/nn/test_weights.c - nn/weights.h: names, shapes, the published parameter count, the
 * initialization from a seed. */
#include <stdlib.h>
#include <string.h>

#include "device/core/rng.h"
#include "nn/weights.h"
#include "tests/support/check.h"

static ModelConfig tanh_config(void) {
    ModelConfig c = model_config_default();
    c.values = 1;
    c.value_head = VALUE_TANH;
    return c;
}

static void parameter_counts_match_the_published_ones(void) {
    ModelConfig c = tanh_config();
    CHECK(weights_parameter_count(&c) == 4917301); /* as the reference states */
    c = model_config_default();
    CHECK(weights_parameter_count(&c) == 4917301 + 7 * 129);
    CHECK(weights_tensor_count(&c) == 5 + 6 * 12 + 8);
}

static void names_and_shapes_match_pytorch(void) {
    static const struct {
        int at;
        const char *name;
        int rank, dims[3];
    } want[] = {
        {0, "positional_encoding", 3, {1, 1, 256}},
        {1, "input_embedding.weight", 2, {256, 256, 0}},
        {4, "input_norm.bias", 1, {256, 0, 0}},
        {5, "transformer.layers.0.self_attn.in_proj_weight", 2, {768, 256, 0}},
        {6, "transformer.layers.0.self_attn.in_proj_bias", 1, {768, 0, 0}},
        {19, "transformer.layers.1.self_attn.out_proj.weight", 2, {256, 256, 0}},
        {21, "transformer.layers.1.linear1.weight", 2, {1024, 256, 0}},
        {22, "transformer.layers.1.linear1.bias", 1, {1024, 0, 0}},
        {71, "transformer.layers.5.linear2.weight", 2, {256, 1024, 0}},
        {73, "transformer.layers.5.norm1.weight", 1, {256, 0, 0}},
        {76, "transformer.layers.5.norm2.bias", 1, {256, 0, 0}},
        {77, "policy_fc.0.weight", 2, {256, 256, 0}},
        {79, "policy_fc.3.weight", 2, {52, 256, 0}},
        {80, "policy_fc.3.bias", 1, {52, 0, 0}},
        {81, "value_fc.0.weight", 2, {128, 256, 0}},
        {84, "value_fc.3.bias", 1, {8, 0, 0}},
    };
    ModelConfig c = model_config_default();
    for (int i = 0; i < (int)(sizeof want / sizeof want[0]); i++) {
        WeightTensor t = weights_tensor(&c, want[i].at);
        CHECK(strcmp(t.name, want[i].name) == 0 && t.rank == want[i].rank);
        for (int d = 0; d < t.rank; d++) CHECK(t.dims[d] == want[i].dims[d]);
    }
}

static void tensors_lie_one_after_another(const Weights *w) {
    size_t at = 0;
    for (int i = 0; i < weights_tensor_count(&w->config); i++) {
        WeightTensor t = weights_tensor(&w->config, i);
        size_t count = 1;
        for (int d = 0; d < t.rank; d++) count *= (size_t)t.dims[d];
        CHECK(t.offset == at && t.count == count);
        CHECK(weights_find(w, t.name) == w->data + at);
        at += t.count;
    }
    CHECK(at == w->count);
    CHECK(weights_find(w, "policy_fc.1.weight") == NULL && weights_find(w, "") == NULL);
}

/* Element k of tensor i straight from its Philox block, without the Rng of weights_init. */
static float uniform_at(uint64_t seed, int i, uint32_t k) {
    uint32_t counter[4] = {k / 4, RNG_WEIGHTS, (uint32_t)i, 0}, out[4];
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    philox4x32(counter, key, out);
    return 2 * (((float)(out[k % 4] >> 9) + .5f) / 8388608) - 1;
}

static void initialization_is_xavier_and_seeded(Weights *w) {
    uint64_t seed = 0x123456789abcdefu;
    weights_init(w, seed);
    for (int i = 0; i < weights_tensor_count(&w->config); i++) {
        WeightTensor t = weights_tensor(&w->config, i);
        const float *x = w->data + t.offset;
        float want = strstr(t.name, "norm") && strstr(t.name, "weight") ? 1.0f : 0.0f;
        float reach = t.rank == 3 ? .02f : sqrtf(6.0f / (float)(t.dims[0] + t.dims[1]));
        double squares = 0;
        int wrong = 0;
        for (size_t k = 0; k < t.count; k++) {
            if (t.rank == 1) wrong += x[k] != want;
            if (t.rank > 1 && (k < 9 || k + 9 > t.count))
                wrong += x[k] != uniform_at(seed, i, (uint32_t)k) * reach;
            squares += (double)x[k] * (double)x[k];
        }
        CHECK(wrong == 0);
        if (t.rank == 1) continue;
        /* A uniform number in (-a, a) has variance a a / 3; 256 of them show it within a third. */
        double ratio = squares / (double)t.count / ((double)reach * (double)reach / 3);
        CHECK(ratio > .67 && ratio < 1.33);
        if (t.count > 60000) CHECK(ratio > .98 && ratio < 1.02);
    }
}

static void another_seed_gives_other_weights(Weights *w) {
    float *embedding = weights_find(w, "input_embedding.weight");
    weights_init(w, 1);
    float first = embedding[0], third = embedding[3];
    weights_init(w, 2);
    CHECK(embedding[0] != first && embedding[3] != third);
    weights_init(w, 1);
    CHECK(embedding[0] == first && embedding[3] == third);
}

static void bad_shapes_are_refused(void) {
    ModelConfig c = model_config_default();
    c.layers = 65;
    CHECK(model_config_check(&c) == STATUS_ARGUMENT);
    c = model_config_default();
    c.width = 250;
    CHECK(model_config_check(&c) == STATUS_ARGUMENT);
    c = model_config_default();
    c.heads = 7;
    CHECK(model_config_check(&c) == STATUS_ARGUMENT);
}

int main(void) {
    ModelConfig c = model_config_default();
    Weights w;
    parameter_counts_match_the_published_ones();
    names_and_shapes_match_pytorch();
    bad_shapes_are_refused();
    CHECK(weights_alloc(&w, &c) == STATUS_OK);
    if (checks_failed) return check_report();
    tensors_lie_one_after_another(&w);
    initialization_is_xavier_and_seeded(&w);
    another_seed_gives_other_weights(&w);
    weights_free(&w);
    CHECK(w.data == NULL);
    return check_report();
}
