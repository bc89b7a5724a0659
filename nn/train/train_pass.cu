/* nn/train/train_pass.cu - one batch through the network and back, up to the gradients of the
 * matrices.
 *
 * Layer l of L; every array is saved for backward and named as in Trainer:
 *
 *   value_proj       = W_v residual[l] + b_v
 *   sum1             = W_o value_proj + b_o + residual[l]
 *   norm1            = layer norm of sum1
 *   linear1          = ReLU(W_1 norm1 + b_1)
 *   sum2             = W_2 linear1 + b_2 + norm1
 *   residual[l + 1]  = layer norm of sum2
 *
 * Backward goes through these in reverse. The gradient of the skip connection is added within a
 * product, as its addend, so that the sum is rounded once. */
#include "train_cuda.h"
#include "train_kernels.cuh"

enum { THREADS = 128 }; /* a block */

static int blocks(const Trainer *t) { return launch_blocks(t->padded_rows, 32, THREADS); }

static bool is_bf16(const Trainer *t) { return t->spec.precision == PRECISION_BF16; }

/* Parameter i as products read it. */
static const void *operand(const Trainer *t, size_t i) {
    if (is_bf16(t)) return t->p_bf16 + train_bf16_offset(t, i);
    return t->p + i;
}

/* The shape of a linear layer, for its three products. */
typedef struct {
    int in, out, x_stride, y_stride;
    bool bias, relu, many; /* many: each layer has one */
    Precision result;      /* of forward */
} LinearShape;

static void linear_shapes(const Trainer *t, LinearShape *s) {
    const ModelConfig *c = &t->spec.model;
    const Precision e = t->spec.precision, f = PRECISION_FLOAT32;
    const int C = c->width, F = c->hidden, policy = c->policy_hidden, value = c->value_hidden;
    const LinearShape all[GEMM_LINEARS] = {
        {.in = c->inputs, .out = C, .bias = true, .result = e},
        {.in = C, .out = C, .bias = true, .many = true, .result = e},
        {.in = C, .out = C, .bias = true, .many = true, .result = e},
        {.in = C, .out = F, .bias = true, .relu = true, .many = true, .result = e},
        {.in = F, .out = C, .bias = true, .many = true, .result = e},
        {.in = C, .out = policy, .bias = true, .relu = true, .result = e},
        {.in = policy, .out = c->actions, .y_stride = t->logit_stride, .result = f},
        {.in = C, .out = value, .bias = true, .relu = true, .result = e},
        {.in = value, .out = c->values, .y_stride = t->value_stride, .result = f},
    };
    memcpy(s, all, sizeof all);
    for (int i = 0; i < GEMM_LINEARS; i++) {
        s[i].x_stride = s[i].in;
        if (s[i].y_stride == 0) s[i].y_stride = s[i].out;
    }
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
        s->rows = t->padded_rows;
        s->in = l->in;
        s->out = l->out;
        s->x_stride = l->x_stride;
        s->y_stride = l->y_stride;
        s->layers = l->many && s->product == TRAIN_WEIGHT ? t->spec.model.layers : 1;
        s->x_next = (int64_t)t->padded_rows * l->x_stride;
        s->y_next = (int64_t)t->padded_rows * l->y_stride;
        s->weight_next = (int64_t)t->at.layer_stride;
        s->precision = t->spec.precision;
        s->result = s->product == TRAIN_FORWARD  ? l->result
                    : s->product == TRAIN_WEIGHT ? PRECISION_FLOAT32
                                                 : t->spec.precision;
        s->bias = s->product == TRAIN_FORWARD && l->bias;
        s->relu = s->product == TRAIN_FORWARD && l->relu;
    }
    return train_gemm_ops->open(&t->gemms, shape, PRODUCTS, t->workspace);
}

/* y = x W^T, with bias and ReLU as the layer has them; the parameters at `at`. */
static Status forward(Trainer *t, TrainLinear linear, TensorOffset at, const void *x,
                      const void *addend, void *y, Stream stream) {
    LinearShape shape[GEMM_LINEARS];
    linear_shapes(t, shape);
    const void *bias = shape[linear].bias ? operand(t, at.bias) : NULL;
    const TrainCall call = {
        .x = x, .weight = operand(t, at.weight), .result = y, .addend = addend, .bias = bias};
    return train_gemm_ops->run(t->gemms, (int)linear * TRAIN_PRODUCT_COUNT + TRAIN_FORWARD, &call,
                               stream);
}

/* dx = dy W + addend. */
static Status back(Trainer *t, TrainLinear linear, TensorOffset at, const void *dy,
                   const void *addend, void *dx, Stream stream) {
    const TrainCall call = {
        .y = dy, .weight = operand(t, at.weight), .result = dx, .addend = addend};
    return train_gemm_ops->run(t->gemms, (int)linear * TRAIN_PRODUCT_COUNT + TRAIN_BACK, &call,
                               stream);
}

/* The gradient of W, for all layers at once if each has one; set, or added to. */
static Status weight(Trainer *t, TrainLinear linear, TensorOffset at, const void *dy, const void *x,
                     bool add, Stream stream) {
    float *g = t->g + at.weight;
    const TrainCall call = {.x = x, .y = dy, .result = g, .addend = add ? g : NULL};
    return train_gemm_ops->run(t->gemms, (int)linear * TRAIN_PRODUCT_COUNT + TRAIN_WEIGHT, &call,
                               stream);
}

static LayerNormArgs norm_args(const Trainer *t, TensorOffset at, const void *x) {
    LayerNormArgs a;
    memset(&a, 0, sizeof a);
    a.x = x;
    a.gain = t->p + at.weight;
    a.shift = t->p + at.bias;
    a.precision = t->spec.precision;
    a.rows = t->padded_rows;
    a.width = t->spec.model.width;
    return a;
}

static Status norm(Trainer *t, TensorOffset at, const void *x, const float *after, void *y,
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

static Status norm_back(Trainer *t, TensorOffset at, const void *x, const void *dy, void *dt,
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
    const ReluBackArgs a = {.d = d,
                            .y = y,
                            .precision = t->spec.precision,
                            .rows = t->padded_rows,
                            .columns = columns,
                            .d_stride = columns,
                            .y_stride = columns};
    if (is_bf16(t))
        LAUNCH(train_relu_back_kernel<PRECISION_BF16>, blocks(t), THREADS, stream, a);
    else
        LAUNCH(train_relu_back_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    return STATUS_OK;
}

static Status embed(Trainer *t, Stream stream) {
    const WeightsOffsets *at = &t->at;
    if (!is_bf16(t)) {
        const InputArgs a = {.rows = t->in.x,
                             .out = t->x,
                             .precision = PRECISION_FLOAT32,
                             .count = t->padded_rows,
                             .inputs = t->spec.model.inputs};
        LAUNCH(train_input_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    }
    TRY(forward(t, GEMM_INPUT_EMBEDDING, at->input_embedding, t->x, NULL, t->input_embedding,
                stream));
    return norm(t, at->input_norm, t->input_embedding, t->p + at->positional_encoding, t->residual,
                stream);
}

static Status layer(Trainer *t, int l, Stream stream) {
    const LayerOffsets *at = &t->at.layer[l];
    const int64_t C = (int64_t)t->padded_rows * t->spec.model.width;
    void *before = train_at(t, t->residual, l, C), *after = train_at(t, t->residual, l + 1, C);
    void *value_proj = train_at(t, t->value_proj, l, C), *norm1 = train_at(t, t->norm1, l, C);
    void *sum1 = train_at(t, t->sum1, l, C), *sum2 = train_at(t, t->sum2, l, C);
    void *linear1 = train_at(t, t->linear1, l, (int64_t)t->padded_rows * t->spec.model.hidden);
    TRY(forward(t, GEMM_VALUE_PROJ, at->value_proj, before, NULL, value_proj, stream));
    TRY(forward(t, GEMM_OUT_PROJ, at->out_proj, value_proj, before, sum1, stream));
    TRY(norm(t, at->norm1, sum1, NULL, norm1, stream));
    TRY(forward(t, GEMM_LINEAR1, at->linear1, norm1, NULL, linear1, stream));
    TRY(forward(t, GEMM_LINEAR2, at->linear2, linear1, norm1, sum2, stream));
    return norm(t, at->norm2, sum2, NULL, after, stream);
}

static LossArgs loss_args(const Trainer *t) {
    const ModelConfig *c = &t->spec.model;
    const double rows = (double)t->spec.rows * t->spec.accumulate * t->reduce.processes;
    LossArgs a;
    a.logits = t->logits;
    a.values = t->values;
    a.policy_bias = t->p + t->at.policy_fc3.bias;
    a.value_bias = t->p + t->at.value_fc3.bias;
    a.legal = t->in.legal;
    a.policy = t->in.policy;
    a.value = t->in.value;
    a.seats = t->in.seats;
    a.action = t->in.action;
    a.dlogits = t->dlogits;
    a.dvalues = t->dvalues;
    a.metrics = t->metrics;
    a.precision = t->spec.precision;
    a.function = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    a.scale = (float)(1.0 / rows);
    a.value_weight = (float)t->spec.settings.value_weight;
    a.ratio_clip = (float)t->spec.settings.ratio_clip;
    a.entropy_weight = (float)t->spec.settings.entropy_weight;
    a.advantage_scale = (float)t->spec.settings.advantage_scale;
    a.rows = t->padded_rows;
    a.matter = t->spec.rows;
    a.actions = c->actions;
    a.value_count = c->values;
    a.logit_stride = t->logit_stride;
    a.value_stride = t->value_stride;
    return a;
}

static Status heads(Trainer *t, Stream stream) {
    const WeightsOffsets *at = &t->at;
    const int L = t->spec.model.layers;
    const void *last = train_at(t, t->residual, L, (int64_t)t->padded_rows * t->spec.model.width);
    TRY(forward(t, GEMM_POLICY_FC0, at->policy_fc0, last, NULL, t->policy_fc0, stream));
    TRY(forward(t, GEMM_POLICY_FC3, at->policy_fc3, t->policy_fc0, NULL, t->logits, stream));
    TRY(forward(t, GEMM_VALUE_FC0, at->value_fc0, last, NULL, t->value_fc0, stream));
    TRY(forward(t, GEMM_VALUE_FC3, at->value_fc3, t->value_fc0, NULL, t->values, stream));
    const LossArgs a = loss_args(t);
    if (is_bf16(t))
        LAUNCH(train_loss_kernel<PRECISION_BF16>, blocks(t), THREADS, stream, a);
    else
        LAUNCH(train_loss_kernel<PRECISION_FLOAT32>, blocks(t), THREADS, stream, a);
    return STATUS_OK;
}

static Status heads_back(Trainer *t, Stream stream) {
    const WeightsOffsets *at = &t->at;
    const ModelConfig *c = &t->spec.model;
    void *dlast = train_at(t, t->dresidual, c->layers, (int64_t)t->padded_rows * c->width);
    TRY(back(t, GEMM_POLICY_FC3, at->policy_fc3, t->dlogits, NULL, t->dpolicy_fc0, stream));
    TRY(relu_back(t, t->dpolicy_fc0, t->policy_fc0, c->policy_hidden, stream));
    TRY(back(t, GEMM_VALUE_FC3, at->value_fc3, t->dvalues, NULL, t->dvalue_fc0, stream));
    TRY(relu_back(t, t->dvalue_fc0, t->value_fc0, c->value_hidden, stream));
    TRY(back(t, GEMM_POLICY_FC0, at->policy_fc0, t->dpolicy_fc0, NULL, dlast, stream));
    return back(t, GEMM_VALUE_FC0, at->value_fc0, t->dvalue_fc0, dlast, dlast, stream);
}

static Status layer_back(Trainer *t, int l, Stream stream) {
    const LayerOffsets *at = &t->at.layer[l];
    const int64_t C = (int64_t)t->padded_rows * t->spec.model.width;
    const int64_t F = (int64_t)t->padded_rows * t->spec.model.hidden;
    void *dbefore = train_at(t, t->dresidual, l, C), *dafter = train_at(t, t->dresidual, l + 1, C);
    void *dvalue_proj = train_at(t, t->dvalue_proj, l, C), *dnorm1 = train_at(t, t->dnorm1, l, C);
    void *dsum1 = train_at(t, t->dsum1, l, C), *dsum2 = train_at(t, t->dsum2, l, C);
    void *dlinear1 = train_at(t, t->dlinear1, l, F);
    const int64_t stats = (int64_t)l * t->padded_rows * 2;
    TRY(norm_back(t, at->norm2, train_at(t, t->sum2, l, C), dafter, dsum2, t->stats_norm2 + stats,
                  stream));
    TRY(back(t, GEMM_LINEAR2, at->linear2, dsum2, NULL, dlinear1, stream));
    TRY(relu_back(t, dlinear1, train_at(t, t->linear1, l, F), t->spec.model.hidden, stream));
    TRY(back(t, GEMM_LINEAR1, at->linear1, dlinear1, dsum2, dnorm1, stream));
    TRY(norm_back(t, at->norm1, train_at(t, t->sum1, l, C), dnorm1, dsum1, t->stats_norm1 + stats,
                  stream));
    TRY(back(t, GEMM_OUT_PROJ, at->out_proj, dsum1, NULL, dvalue_proj, stream));
    return back(t, GEMM_VALUE_PROJ, at->value_proj, dvalue_proj, dsum1, dbefore, stream);
}

static Status weights(Trainer *t, bool add, Stream stream) {
    const WeightsOffsets *at = &t->at;
    const LayerOffsets *first = &at->layer[0];
    const int L = t->spec.model.layers;
    const void *last = train_at(t, t->residual, L, (int64_t)t->padded_rows * t->spec.model.width);
    const struct {
        TrainLinear linear;
        TensorOffset at;
        const void *dy, *x;
    } all[GEMM_LINEARS] = {
        {GEMM_LINEAR2, first->linear2, t->dsum2, t->linear1},
        {GEMM_LINEAR1, first->linear1, t->dlinear1, t->norm1},
        {GEMM_OUT_PROJ, first->out_proj, t->dsum1, t->value_proj},
        {GEMM_VALUE_PROJ, first->value_proj, t->dvalue_proj, t->residual},
        {GEMM_INPUT_EMBEDDING, at->input_embedding, t->dinput_embedding, t->x},
        {GEMM_POLICY_FC0, at->policy_fc0, t->dpolicy_fc0, last},
        {GEMM_VALUE_FC0, at->value_fc0, t->dvalue_fc0, last},
        {GEMM_POLICY_FC3, at->policy_fc3, t->dlogits, t->policy_fc0},
        {GEMM_VALUE_FC3, at->value_fc3, t->dvalues, t->value_fc0},
    };
    for (int i = 0; i < GEMM_LINEARS; i++)
        TRY(weight(t, all[i].linear, all[i].at, all[i].dy, all[i].x, add, stream));
    return STATUS_OK;
}

Status train_pass(Trainer *t, int i, Stream stream) {
    const int L = t->spec.model.layers;

    /* Step 1: fill the batch. */
    TRY(t->source.fill(t->source.context, t->batch, 0, t->spec.rows, &t->in, stream));
    LAUNCH(train_next_batch_kernel, 1, 32, stream, t->batch);

    /* Step 2: forward, loss. */
    TRY(embed(t, stream));
    for (int l = 0; l < L; l++) TRY(layer(t, l, stream));
    TRY(heads(t, stream));

    /* Step 3: backward. */
    TRY(heads_back(t, stream));
    for (int l = L - 1; l >= 0; l--) TRY(layer_back(t, l, stream));
    TRY(norm_back(t, t->at.input_norm, t->input_embedding, t->dresidual, t->dinput_embedding,
                  t->stats_input_norm, stream));

    /* Step 4: the gradients of the matrices. */
    return weights(t, i > 0, stream);
}
