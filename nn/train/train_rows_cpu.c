/* nn/train/train_rows_cpu.c - a block of rows forward, through the loss, and back.
 *
 * In the order of nn/infer/forward_cpu.c, with W_v and W_o apart: their gradients are. */
#include "nn/ops/column_sums.h"
#include "nn/ops/layernorm_back.h"
#include "nn/ops/relu.h"
#include "nn/ops/relu_back.h"
#include "product_blas.h"
#include "train_cpu.h"

/* One block on its way. */
typedef struct {
    const Trainer *t;
    const TrainSaved *k;
    const TrainScratch *s;
    int first;      /* its first row in the pass */
    float *partial; /* (columns) its sums over rows */
} Pass;

static float *rows_of(const Pass *p, float *array, int width) {
    return array + (size_t)p->first * (size_t)width;
}

/* y (BLOCK_ROWS, out) = x (BLOCK_ROWS, in) through the matrix at `at`. */
static Status forward(const Pass *p, size_t at, const float *x, int in, float *y, int out) {
    ProductBlasArgs args = {x,   p->t->transposed + at, y,          BLOCK_ROWS, out, in, in, out,
                            out, PRODUCT_AS_IT_IS,      PRODUCT_SET};
    return product_blas(&args);
}

/* dx (BLOCK_ROWS, in) of dy (BLOCK_ROWS, out). */
static Status back(const Pass *p, size_t at, const float *dy, int out, float *dx, int in,
                   ProductKind kind) {
    ProductBlasArgs args = {dy,  p->t->p + at, dx, BLOCK_ROWS,       in,  out,
                            out, in,           in, PRODUCT_AS_IT_IS, kind};
    return product_blas(&args);
}

static const float *vector_of(const Pass *p, TrainVector v) { return p->t->p + v.at; }

static LayerNormArgs norm_of(const Pass *p, const float *x, TrainVector bias, const float *residual,
                             TrainVector gain, TrainVector shift, float *y) {
    LayerNormArgs args = {
        x, vector_of(p, bias), residual,   vector_of(p, gain),    vector_of(p, shift), NULL,
        y, PRECISION_FLOAT32,  BLOCK_ROWS, p->t->spec.model.width};
    return args;
}

static LayerNormArgs embed_norm(const Pass *p) {
    const TrainPlan *plan = &p->t->plan;
    const int C = p->t->spec.model.width;
    LayerNormArgs args = norm_of(p, rows_of(p, p->k->embed, C), plan->embed_bias, NULL,
                                 plan->embed_gain, plan->embed_shift,
                                 rows_of(p, p->k->layer[0].in, C));
    args.after = p->t->p + plan->position;
    return args;
}

static LayerNormArgs norm1(const Pass *p, int l) {
    const TrainLayer *at = &p->t->plan.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width;
    return norm_of(p, rows_of(p, k->sum1, C), at->out_bias, rows_of(p, k->in, C), at->gain1,
                   at->shift1, rows_of(p, k->mid, C));
}

static LayerNormArgs norm2(const Pass *p, int l) {
    const TrainLayer *at = &p->t->plan.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width;
    float *out = l + 1 < p->t->spec.model.layers ? k[1].in : p->k->top;
    return norm_of(p, rows_of(p, k->sum2, C), at->down_bias, rows_of(p, k->mid, C), at->gain2,
                   at->shift2, rows_of(p, out, C));
}

/* Where it is known that nothing is missing, all loops of a norm are vector code: 99 ns a row on
 * the way back instead of 543. */
static void norm_rows(const LayerNormArgs *norm) {
    LayerNormArgs args = *norm;
    args.precision = PRECISION_FLOAT32;
    if (args.bias && args.residual && !args.after)
        for (int r = 0; r < BLOCK_ROWS; r++) layernorm_one(&args, r, TEAM_OF_ONE);
    else
        for (int r = 0; r < BLOCK_ROWS; r++) layernorm_one(&args, r, TEAM_OF_ONE);
}

static void bias_rows(const Pass *p, float *x, TrainVector bias, int columns) {
    HeadArgs args = {x, vector_of(p, bias), x, HEAD_LINEAR, BLOCK_ROWS, columns};
    for (int r = 0; r < BLOCK_ROWS; r++) head_one(&args, r, TEAM_OF_ONE);
}

static void relu_rows(const Pass *p, float *x, TrainVector bias, int columns) {
    ReluArgs args = {x, vector_of(p, bias), PRECISION_FLOAT32, BLOCK_ROWS, columns};
    for (int r = 0; r < BLOCK_ROWS; r++) relu_one(&args, r, TEAM_OF_ONE);
}

static void relu_back_rows(float *d, const float *y, int columns) {
    ReluBackArgs args = {d, y, PRECISION_FLOAT32, BLOCK_ROWS, columns, columns, columns};
    for (int r = 0; r < BLOCK_ROWS; r++) relu_back_one(&args, r, TEAM_OF_ONE);
}

/* The block's sums of d (BLOCK_ROWS, columns), from `column` on. */
static void sum_rows(const Pass *p, const float *d, int columns, int column) {
    ColumnSumsArgs args;
    memset(&args, 0, sizeof args);
    args.x = d;
    args.precision = PRECISION_FLOAT32;
    args.rows = BLOCK_ROWS;
    args.columns = args.stride = columns;
    args.partial = p->partial + column;
    for (int i = 0; i < column_tiles(columns); i++) column_sums_one(&args, i, TEAM_OF_ONE);
}

/* dt of a norm whose result has the gradient dy + dy2, and the sums for its gain and shift. */
static void norm_back(const Pass *p, const LayerNormArgs *norm, const float *dy, const float *dy2,
                      float *dt, TrainVector gain, TrainVector shift) {
    LayerNormBackArgs args = {*norm, dy, dy2, dt, p->s->stats};
    args.norm.precision = PRECISION_FLOAT32;
    if (args.norm.bias && args.norm.residual && dy2)
        for (int r = 0; r < BLOCK_ROWS; r++) layernorm_back_one(&args, r, TEAM_OF_ONE);
    else
        for (int r = 0; r < BLOCK_ROWS; r++) layernorm_back_one(&args, r, TEAM_OF_ONE);
    ColumnSumsArgs sums;
    memset(&sums, 0, sizeof sums);
    sums.x = dy;
    sums.x2 = dy2;
    sums.precision = PRECISION_FLOAT32;
    sums.rows = BLOCK_ROWS;
    sums.columns = sums.stride = norm->width;
    sums.partial = p->partial + shift.column;
    sums.norm = *norm;
    sums.stats = p->s->stats;
    sums.gain = p->partial + gain.column;
    for (int i = 0; i < column_tiles(norm->width); i++) column_sums_one(&sums, i, TEAM_OF_ONE);
}

static Status forward_layer(const Pass *p, int l) {
    const TrainLayer *at = &p->t->plan.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width, F = p->t->spec.model.hidden;
    float *value = rows_of(p, k->value, C), *mid = rows_of(p, k->mid, C),
          *up = rows_of(p, k->up, F);
    TRY(forward(p, at->value, rows_of(p, k->in, C), C, value, C));
    bias_rows(p, value, at->value_bias, C);
    TRY(forward(p, at->out, value, C, rows_of(p, k->sum1, C), C));
    const LayerNormArgs first = norm1(p, l), second = norm2(p, l);
    norm_rows(&first);
    TRY(forward(p, at->up, mid, C, up, F));
    relu_rows(p, up, at->up_bias, F);
    TRY(forward(p, at->down, up, F, rows_of(p, k->sum2, C), C));
    norm_rows(&second);
    return STATUS_OK;
}

static Status forward_head(const Pass *p, size_t up_at, TrainVector up_bias, float *up, int hidden,
                           size_t down_at, float *sums, int out) {
    const int C = p->t->spec.model.width;
    TRY(forward(p, up_at, rows_of(p, p->k->top, C), C, up, hidden));
    relu_rows(p, up, up_bias, hidden);
    TRY(forward(p, down_at, up, hidden, sums, out));
    return STATUS_OK;
}

/* Rows `first` and on of the batch. */
static void loss_rows(const Pass *p, const TrainBatch *batch, int first) {
    const TrainPlan *plan = &p->t->plan;
    const TrainSpec *spec = &p->t->spec;
    const ModelConfig *c = &spec->model;
    const size_t at = (size_t)first;
    LossArgs a;
    a.logits = p->s->logits;
    a.values = p->s->values;
    a.policy_bias = vector_of(p, plan->policy_down_bias);
    a.value_bias = vector_of(p, plan->value_down_bias);
    a.legal = batch->legal + at;
    a.policy = batch->policy + at * (size_t)c->actions;
    a.value = batch->value + at * (size_t)c->values;
    a.seats = batch->seats + at;
    a.dlogits = rows_of(p, p->k->dlogits, c->actions);
    a.dvalues = rows_of(p, p->k->dvalues, c->values);
    a.metrics = p->s->metrics;
    a.precision = PRECISION_FLOAT32;
    a.function = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    a.scale = p->t->count.scale;
    a.value_weight = (float)spec->set.value_weight;
    a.rows = BLOCK_ROWS;
    a.matter = spec->rows - first;
    a.actions = a.logit_stride = c->actions;
    a.value_count = a.value_stride = c->values;
    for (int r = 0; r < BLOCK_ROWS; r++) loss_one(&a, r, TEAM_OF_ONE);
    sum_rows(p, p->s->metrics, LOSS_COUNT, plan->metrics);
}

static Status back_head(const Pass *p, size_t down_at, TrainVector down_bias, const float *dout,
                        int out, float *dup, const float *up, int hidden, size_t up_at,
                        TrainVector up_bias, ProductKind kind) {
    sum_rows(p, dout, out, down_bias.column);
    TRY(back(p, down_at, dout, out, dup, hidden, PRODUCT_SET));
    relu_back_rows(dup, up, hidden);
    sum_rows(p, dup, hidden, up_bias.column);
    TRY(back(p, up_at, dup, hidden, p->s->dy, p->t->spec.model.width, kind));
    return STATUS_OK;
}

/* dy, dy2: the gradient by the layer's result, which for its input is dsum1 + scratch dy then. */
static Status back_layer(const Pass *p, int l, const float *dy, const float *dy2) {
    const TrainLayer *at = &p->t->plan.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width, F = p->t->spec.model.hidden;
    float *dsum1 = rows_of(p, k->dsum1, C), *dsum2 = rows_of(p, k->dsum2, C);
    float *dup = rows_of(p, k->dup, F), *dvalue = rows_of(p, k->dvalue, C);
    const LayerNormArgs first = norm1(p, l), second = norm2(p, l);
    norm_back(p, &second, dy, dy2, dsum2, at->gain2, at->shift2);
    sum_rows(p, dsum2, C, at->down_bias.column);
    TRY(back(p, at->down, dsum2, C, dup, F, PRODUCT_SET));
    relu_back_rows(dup, rows_of(p, k->up, F), F);
    sum_rows(p, dup, F, at->up_bias.column);
    TRY(back(p, at->up, dup, F, p->s->dy, C, PRODUCT_SET));
    norm_back(p, &first, dsum2, p->s->dy, dsum1, at->gain1, at->shift1);
    sum_rows(p, dsum1, C, at->out_bias.column);
    TRY(back(p, at->out, dsum1, C, dvalue, C, PRODUCT_SET));
    sum_rows(p, dvalue, C, at->value_bias.column);
    TRY(back(p, at->value, dvalue, C, p->s->dy, C, PRODUCT_SET));
    return STATUS_OK;
}

static Status forward_all(const Pass *p, const float *x) {
    const TrainPlan *plan = &p->t->plan;
    const ModelConfig *c = &p->t->spec.model;
    const LayerNormArgs norm = embed_norm(p);
    TRY(forward(p, plan->embed, x, c->inputs, rows_of(p, p->k->embed, c->width), c->width));
    norm_rows(&norm);
    for (int l = 0; l < c->layers; l++) TRY(forward_layer(p, l));
    TRY(forward_head(p, plan->policy_up, plan->policy_up_bias,
                     rows_of(p, p->k->policy_up, c->policy_hidden), c->policy_hidden,
                     plan->policy_down, p->s->logits, c->actions));
    TRY(forward_head(p, plan->value_up, plan->value_up_bias,
                     rows_of(p, p->k->value_up, c->value_hidden), c->value_hidden, plan->value_down,
                     p->s->values, c->values));
    return STATUS_OK;
}

static Status back_all(const Pass *p) {
    const TrainPlan *plan = &p->t->plan;
    const ModelConfig *c = &p->t->spec.model;
    const TrainSaved *k = p->k;
    const float *dy = p->s->dy, *dy2 = NULL;
    TRY(back_head(p, plan->policy_down, plan->policy_down_bias, rows_of(p, k->dlogits, c->actions),
                  c->actions, rows_of(p, k->dpolicy_up, c->policy_hidden),
                  rows_of(p, k->policy_up, c->policy_hidden), c->policy_hidden, plan->policy_up,
                  plan->policy_up_bias, PRODUCT_SET));
    TRY(back_head(p, plan->value_down, plan->value_down_bias, rows_of(p, k->dvalues, c->values),
                  c->values, rows_of(p, k->dvalue_up, c->value_hidden),
                  rows_of(p, k->value_up, c->value_hidden), c->value_hidden, plan->value_up,
                  plan->value_up_bias, PRODUCT_ADD));
    for (int l = c->layers - 1; l >= 0; l--) {
        TRY(back_layer(p, l, dy, dy2));
        dy = rows_of(p, k->layer[l].dsum1, c->width);
        dy2 = p->s->dy;
    }
    const LayerNormArgs norm = embed_norm(p);
    float *dembed = rows_of(p, k->dembed, c->width);
    norm_back(p, &norm, dy, dy2, dembed, plan->embed_gain, plan->embed_shift);
    sum_rows(p, dembed, c->width, plan->embed_bias.column);
    return STATUS_OK;
}

Status train_rows_cpu(const Trainer *t, int pass, int block, int worker) {
    const TrainSaved *k = &t->saved[pass % TRAIN_SLOTS];
    const TrainBatch *batch = &t->batch[train_schedule_batch(&t->schedule, pass) % TRAIN_SLOTS];
    const int first = (train_schedule_first(&t->schedule, pass) + block) * BLOCK_ROWS;
    const Pass p = {t, k, &t->scratch[worker], block * BLOCK_ROWS,
                    k->partial + (size_t)block * (size_t)t->plan.columns};
    TRY(forward_all(&p, (const float *)batch->x + (size_t)first * (size_t)t->spec.model.inputs));
    loss_rows(&p, batch, first);
    TRY(back_all(&p));
    return STATUS_OK;
}
