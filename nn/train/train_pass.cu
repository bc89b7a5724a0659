/* nn/train/train_pass.cu - one batch through the network and back, up to the gradients of the
 * matrices.
 *
 * A layer, l of L; what is saved for backward is named as in Trainer:
 *
 *   residual[l] ─► attend ─► + residual[l] ─► sums1 ─► norm1 ─► middle ─► up, ReLU ─► wide ─► down,
 *   + middle ─► sums2 ─► norm2 ─► residual[l + 1]
 *
 * Backward takes it from right to left. The gradient that goes around a product comes as the
 * product's addend, so that it is rounded once. */
#include "train_cuda.h"
#include "train_kernels.cuh"

enum { THREADS = 128 }; /* a block */

static int blocks(const Trainer *t) { return launch_blocks(t->H, 32, THREADS); }

static bool is_bf16(const Trainer *t) { return t->spec.precision == PRECISION_BF16; }

/* A parameter as products read it. */
static const void *operand(const Trainer *t, int64_t i) {
    if (is_bf16(t)) return t->p_bf16 + train_place_half(&t->places, i);
    return t->p + i;
}

/* A linear layer's three products and what they are opened with. */
typedef struct {
    int in, out, x_stride, y_stride;
    bool bias, relu, many; /* many: one in each layer */
    Precision result;      /* of forward */
} LinearShape;

static void linear_shapes(const Trainer *t, LinearShape *s) {
    const ModelConfig *c = &t->spec.model;
    const Precision e = t->spec.precision, f = PRECISION_FLOAT32;
    const int C = c->width, U = c->hidden, P = c->policy_hidden, V = c->value_hidden;
    const LinearShape all[GEMM_LINEARS] = {
        {c->inputs, C, c->inputs, C, true, false, false, e},
        {C, C, C, C, true, false, true, e},
        {C, C, C, C, true, false, true, e},
        {C, U, C, U, true, true, true, e},
        {U, C, U, C, true, false, true, e},
        {C, P, C, P, true, true, false, e},
        {P, c->actions, P, t->logit_stride, false, false, false, f},
        {C, V, C, V, true, true, false, e},
        {V, c->values, V, t->value_stride, false, false, false, f},
    };
    memcpy(s, all, sizeof all);
}

/* Product `product` of a linear layer is number linear * TRAIN_PRODUCT_COUNT + product. */
Status train_pass_open(Trainer *t) {
    enum { PRODUCTS = (int)GEMM_LINEARS * (int)TRAIN_PRODUCT_COUNT };
    LinearShape linear[GEMM_LINEARS];
    TrainShape shape[PRODUCTS];
    linear_shapes(t, linear);
    memset(shape, 0, sizeof shape);
    for (int i = 0; i < PRODUCTS; i++) {
        const LinearShape *l = &linear[i / TRAIN_PRODUCT_COUNT];
        TrainShape *s = &shape[i];
        s->product = (TrainProduct)(i % TRAIN_PRODUCT_COUNT);
        s->rows = t->H;
        s->in = l->in;
        s->out = l->out;
        s->x_stride = l->x_stride;
        s->y_stride = l->y_stride;
        s->layers = l->many && s->product == TRAIN_WEIGHT ? t->spec.model.layers : 1;
        s->x_next = (int64_t)t->H * l->x_stride;
        s->y_next = (int64_t)t->H * l->y_stride;
        s->weight_next = t->places.layer_next;
        s->precision = t->spec.precision;
        s->result = s->product == TRAIN_FORWARD  ? l->result
                    : s->product == TRAIN_WEIGHT ? PRECISION_FLOAT32
                                                 : t->spec.precision;
        s->bias = s->product == TRAIN_FORWARD && l->bias;
        s->relu = s->product == TRAIN_FORWARD && l->relu;
    }
    return train_gemm_ops->open(&t->gemms, shape, PRODUCTS, t->workspace);
}

/* y = x W^T, with bias and ReLU as the layer has them; weights of place `at`. */
static Status forward(Trainer *t, TrainLinear linear, TrainPlace at, const void *x,
                      const void *addend, void *y, Stream stream) {
    LinearShape shape[GEMM_LINEARS];
    linear_shapes(t, shape);
    const void *bias = shape[linear].bias ? operand(t, at.bias) : NULL;
    const TrainCall call = {x, NULL, operand(t, at.weight), y, addend, bias};
    return train_gemm_ops->run(t->gemms, (int)linear * TRAIN_PRODUCT_COUNT + TRAIN_FORWARD, &call,
                               stream);
}

/* dx = dy W + addend. */
static Status back(Trainer *t, TrainLinear linear, TrainPlace at, const void *dy,
                   const void *addend, void *dx, Stream stream) {
    const TrainCall call = {NULL, dy, operand(t, at.weight), dx, addend, NULL};
    return train_gemm_ops->run(t->gemms, (int)linear * TRAIN_PRODUCT_COUNT + TRAIN_BACK, &call,
                               stream);
}

/* The gradient of W, of all layers at once where there are several; set, or added to. */
static Status weight(Trainer *t, TrainLinear linear, TrainPlace at, const void *dy, const void *x,
                     bool add, Stream stream) {
    float *g = t->g + at.weight;
    const TrainCall call = {x, dy, NULL, g, add ? g : NULL, NULL};
    return train_gemm_ops->run(t->gemms, (int)linear * TRAIN_PRODUCT_COUNT + TRAIN_WEIGHT, &call,
                               stream);
}

static TrainPlace in_layer(const Trainer *t, TrainPlace place, int l) {
    const int64_t layer = t->places.layer + l * t->places.layer_next;
    const TrainPlace at = {layer + place.weight, layer + place.bias};
    return at;
}

static LayerNormArgs norm_args(const Trainer *t, TrainPlace at, const void *x) {
    LayerNormArgs a;
    memset(&a, 0, sizeof a);
    a.x = x;
    a.gain = t->p + at.weight;
    a.shift = t->p + at.bias;
    a.precision = t->spec.precision;
    a.rows = t->H;
    a.width = t->spec.model.width;
    return a;
}

static Status norm(Trainer *t, TrainPlace at, const void *x, const float *after, void *y,
                   Stream stream) {
    LayerNormArgs a = norm_args(t, at, x);
    a.after = after;
    a.y = y;
    if (is_bf16(t))
        LAUNCH(train_norm_kernel<PRECISION_BF16>, blocks(t), THREADS, stream, a);
    else
        LAUNCH(train_norm_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    return STATUS_OK;
}

static Status norm_back(Trainer *t, TrainPlace at, const void *x, const void *dy, void *dt,
                        float *stats, Stream stream) {
    LayerNormBackArgs a;
    memset(&a, 0, sizeof a);
    a.norm = norm_args(t, at, x);
    a.dy = dy;
    a.dt = dt;
    a.stats = stats;
    if (is_bf16(t))
        LAUNCH(train_norm_back_kernel<PRECISION_BF16>, blocks(t), THREADS, stream, a);
    else
        LAUNCH(train_norm_back_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    return STATUS_OK;
}

static Status relu_back(Trainer *t, void *d, const void *y, int columns, Stream stream) {
    const ReluBackArgs a = {d, y, t->spec.precision, t->H, columns, columns, columns};
    if (is_bf16(t))
        LAUNCH(train_relu_back_kernel<PRECISION_BF16>, blocks(t), THREADS, stream, a);
    else
        LAUNCH(train_relu_back_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    return STATUS_OK;
}

static Status embed(Trainer *t, Stream stream) {
    const TrainPlaces *at = &t->places;
    if (!is_bf16(t)) {
        const InputArgs a = {t->in.x, t->x, PRECISION_FLOAT32, t->H, t->spec.model.inputs};
        LAUNCH(train_input_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    }
    TRY(forward(t, GEMM_INPUT_EMBEDDING, at->embed, t->x, NULL, t->embed, stream));
    return norm(t, at->embed_norm, t->embed, t->p + at->position, t->residual, stream);
}

static Status layer(Trainer *t, int l, Stream stream) {
    const TrainPlaces *at = &t->places;
    const int64_t C = (int64_t)t->H * t->spec.model.width;
    void *before = train_at(t, t->residual, l, C), *after = train_at(t, t->residual, l + 1, C);
    void *attend = train_at(t, t->attend, l, C), *middle = train_at(t, t->middle, l, C);
    void *sums1 = train_at(t, t->sums1, l, C), *sums2 = train_at(t, t->sums2, l, C);
    void *wide = train_at(t, t->wide, l, (int64_t)t->H * t->spec.model.hidden);
    TRY(forward(t, GEMM_VALUE_PROJ, in_layer(t, at->attend_in, l), before, NULL, attend, stream));
    TRY(forward(t, GEMM_OUT_PROJ, in_layer(t, at->attend_out, l), attend, before, sums1, stream));
    TRY(norm(t, in_layer(t, at->norm1, l), sums1, NULL, middle, stream));
    TRY(forward(t, GEMM_LINEAR1, in_layer(t, at->up, l), middle, NULL, wide, stream));
    TRY(forward(t, GEMM_LINEAR2, in_layer(t, at->down, l), wide, middle, sums2, stream));
    return norm(t, in_layer(t, at->norm2, l), sums2, NULL, after, stream);
}

static LossArgs loss_args(const Trainer *t) {
    const ModelConfig *c = &t->spec.model;
    const double rows = (double)t->spec.rows * t->spec.accumulate * t->reduce.processes;
    LossArgs a;
    a.logits = t->logits;
    a.values = t->values;
    a.policy_bias = t->p + t->places.policy.bias;
    a.value_bias = t->p + t->places.value.bias;
    a.legal = t->in.legal;
    a.policy = t->in.policy;
    a.value = t->in.value;
    a.seats = t->in.seats;
    a.dlogits = t->dlogits;
    a.dvalues = t->dvalues;
    a.metrics = t->metrics;
    a.precision = t->spec.precision;
    a.function = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    a.scale = (float)(1.0 / rows);
    a.value_weight = (float)t->spec.set.value_weight;
    a.rows = t->H;
    a.matter = t->spec.rows;
    a.actions = c->actions;
    a.value_count = c->values;
    a.logit_stride = t->logit_stride;
    a.value_stride = t->value_stride;
    return a;
}

static Status heads(Trainer *t, Stream stream) {
    const TrainPlaces *at = &t->places;
    const int L = t->spec.model.layers;
    const void *last = train_at(t, t->residual, L, (int64_t)t->H * t->spec.model.width);
    TRY(forward(t, GEMM_POLICY_FC0, at->policy_hidden, last, NULL, t->policy_hidden, stream));
    TRY(forward(t, GEMM_POLICY_FC3, at->policy, t->policy_hidden, NULL, t->logits, stream));
    TRY(forward(t, GEMM_VALUE_FC0, at->value_hidden, last, NULL, t->value_hidden, stream));
    TRY(forward(t, GEMM_VALUE_FC3, at->value, t->value_hidden, NULL, t->values, stream));
    const LossArgs a = loss_args(t);
    if (is_bf16(t))
        LAUNCH(train_loss_kernel<PRECISION_BF16>, blocks(t), THREADS, stream, a);
    else
        LAUNCH(train_loss_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    return STATUS_OK;
}

static Status heads_back(Trainer *t, Stream stream) {
    const TrainPlaces *at = &t->places;
    const ModelConfig *c = &t->spec.model;
    void *dlast = train_at(t, t->dresidual, c->layers, (int64_t)t->H * c->width);
    TRY(back(t, GEMM_POLICY_FC3, at->policy, t->dlogits, NULL, t->dpolicy_hidden, stream));
    TRY(relu_back(t, t->dpolicy_hidden, t->policy_hidden, c->policy_hidden, stream));
    TRY(back(t, GEMM_VALUE_FC3, at->value, t->dvalues, NULL, t->dvalue_hidden, stream));
    TRY(relu_back(t, t->dvalue_hidden, t->value_hidden, c->value_hidden, stream));
    TRY(back(t, GEMM_POLICY_FC0, at->policy_hidden, t->dpolicy_hidden, NULL, dlast, stream));
    return back(t, GEMM_VALUE_FC0, at->value_hidden, t->dvalue_hidden, dlast, dlast, stream);
}

static Status layer_back(Trainer *t, int l, Stream stream) {
    const TrainPlaces *at = &t->places;
    const int64_t C = (int64_t)t->H * t->spec.model.width;
    const int64_t U = (int64_t)t->H * t->spec.model.hidden;
    void *dbefore = train_at(t, t->dresidual, l, C), *dafter = train_at(t, t->dresidual, l + 1, C);
    void *dattend = train_at(t, t->dattend, l, C), *dmiddle = train_at(t, t->dmiddle, l, C);
    void *dsums1 = train_at(t, t->dsums1, l, C), *dsums2 = train_at(t, t->dsums2, l, C);
    void *dwide = train_at(t, t->dwide, l, U);
    const int64_t stats = (int64_t)l * t->H * 2;
    TRY(norm_back(t, in_layer(t, at->norm2, l), train_at(t, t->sums2, l, C), dafter, dsums2,
                  t->stats2 + stats, stream));
    TRY(back(t, GEMM_LINEAR2, in_layer(t, at->down, l), dsums2, NULL, dwide, stream));
    TRY(relu_back(t, dwide, train_at(t, t->wide, l, U), t->spec.model.hidden, stream));
    TRY(back(t, GEMM_LINEAR1, in_layer(t, at->up, l), dwide, dsums2, dmiddle, stream));
    TRY(norm_back(t, in_layer(t, at->norm1, l), train_at(t, t->sums1, l, C), dmiddle, dsums1,
                  t->stats1 + stats, stream));
    TRY(back(t, GEMM_OUT_PROJ, in_layer(t, at->attend_out, l), dsums1, NULL, dattend, stream));
    return back(t, GEMM_VALUE_PROJ, in_layer(t, at->attend_in, l), dattend, dsums1, dbefore,
                stream);
}

static Status weights(Trainer *t, bool add, Stream stream) {
    const TrainPlaces *at = &t->places;
    const int L = t->spec.model.layers;
    const void *last = train_at(t, t->residual, L, (int64_t)t->H * t->spec.model.width);
    const struct {
        TrainLinear linear;
        TrainPlace at;
        const void *dy, *x;
    } all[GEMM_LINEARS] = {
        {GEMM_LINEAR2, in_layer(t, at->down, 0), t->dsums2, t->wide},
        {GEMM_LINEAR1, in_layer(t, at->up, 0), t->dwide, t->middle},
        {GEMM_OUT_PROJ, in_layer(t, at->attend_out, 0), t->dsums1, t->attend},
        {GEMM_VALUE_PROJ, in_layer(t, at->attend_in, 0), t->dattend, t->residual},
        {GEMM_INPUT_EMBEDDING, at->embed, t->dembed, t->x},
        {GEMM_POLICY_FC0, at->policy_hidden, t->dpolicy_hidden, last},
        {GEMM_VALUE_FC0, at->value_hidden, t->dvalue_hidden, last},
        {GEMM_POLICY_FC3, at->policy, t->dlogits, t->policy_hidden},
        {GEMM_VALUE_FC3, at->value, t->dvalues, t->value_hidden},
    };
    for (int i = 0; i < GEMM_LINEARS; i++)
        TRY(weight(t, all[i].linear, all[i].at, all[i].dy, all[i].x, add, stream));
    return STATUS_OK;
}

Status train_pass(Trainer *t, int i, Stream stream) {
    const int L = t->spec.model.layers;

    /* Step 1: rows. */
    TRY(t->source.fill(t->source.context, t->batch, 0, t->spec.rows, &t->in, stream));
    LAUNCH(train_next_batch_kernel, 1, 32, stream, t->batch);

    /* Step 2: forward, loss. */
    TRY(embed(t, stream));
    for (int l = 0; l < L; l++) TRY(layer(t, l, stream));
    TRY(heads(t, stream));

    /* Step 3: backward. */
    TRY(heads_back(t, stream));
    for (int l = L - 1; l >= 0; l--) TRY(layer_back(t, l, stream));
    TRY(norm_back(t, t->places.embed_norm, t->embed, t->dresidual, t->dembed, t->stats_embed,
                  stream));

    /* Step 4: the matrices. */
    return weights(t, i > 0, stream);
}
