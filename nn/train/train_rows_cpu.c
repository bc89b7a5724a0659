/* nn/train/train_rows_cpu.c - a block of rows forward, through the loss, and backward.
 *
 * The order of the layers is that of nn/infer/forward_cpu.c, but W_v and W_o are not folded: each
 * has a gradient of its own. */
#include "nn/ops/column_sums.h"
#include "nn/ops/layernorm_back.h"
#include "nn/ops/product_float32.h"
#include "nn/ops/relu.h"
#include "nn/ops/relu_back.h"
#include "train_cpu.h"

/* One block on its way through the network. */
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

/* y (BLOCK_ROWS, out) = x (BLOCK_ROWS, in) through the matrix of `linear`, without its bias. */
static void forward(const Pass *p, TensorOffset linear, const float *x, int in, float *y, int out) {
    const ProductFloat32Args args = {.a = x,
                                     .b = p->t->forward_panels + linear.weight,
                                     .c = y,
                                     .a_row = in,
                                     .a_k = 1,
                                     .c_row = out,
                                     .m = BLOCK_ROWS,
                                     .n = out,
                                     .k = in,
                                     .count = out};
    product_float32(p->t->isa, &args);
}

/* dx (BLOCK_ROWS, in) from dy (BLOCK_ROWS, out); `add`: the chains go on from what is there. */
static void back(const Pass *p, TensorOffset linear, const float *dy, int out, float *dx, int in,
                 bool add) {
    const ProductFloat32Args args = {.a = dy,
                                     .b = p->t->back_panels + linear.weight,
                                     .c = dx,
                                     .a_row = out,
                                     .a_k = 1,
                                     .c_row = in,
                                     .m = BLOCK_ROWS,
                                     .n = in,
                                     .k = out,
                                     .count = in,
                                     .add = add};
    product_float32(p->t->isa, &args);
}

static const float *parameter(const Pass *p, size_t at) { return p->t->p + at; }

/* y = the layer norm with gain and shift at `norm` of x + the bias of the product `from` +
 * residual, which may be NULL. */
static LayerNormArgs norm_of(const Pass *p, const float *x, TensorOffset from,
                             const float *residual, TensorOffset norm, float *y) {
    LayerNormArgs args = {
        .x = x,
        .bias = parameter(p, from.bias),
        .residual = residual,
        .gain = parameter(p, norm.weight),
        .shift = parameter(p, norm.bias),
        .after = NULL,
        .y = y,
        .precision = PRECISION_FLOAT32,
        .rows = BLOCK_ROWS,
        .width = p->t->spec.model.width,
    };
    return args;
}

static LayerNormArgs input_norm(const Pass *p) {
    const WeightsOffsets *at = &p->t->plan.at;
    const int C = p->t->spec.model.width;
    LayerNormArgs args = norm_of(p, rows_of(p, p->k->input_embedding, C), at->input_embedding, NULL,
                                 at->input_norm, rows_of(p, p->k->layer[0].residual, C));
    args.after = parameter(p, at->positional_encoding);
    return args;
}

static LayerNormArgs norm1(const Pass *p, int l) {
    const LayerOffsets *at = &p->t->plan.at.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width;
    return norm_of(p, rows_of(p, k->sum1, C), at->out_proj, rows_of(p, k->residual, C), at->norm1,
                   rows_of(p, k->norm1, C));
}

static LayerNormArgs norm2(const Pass *p, int l) {
    const LayerOffsets *at = &p->t->plan.at.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width;
    float *out = l + 1 < p->t->spec.model.layers ? k[1].residual : p->k->residual;
    return norm_of(p, rows_of(p, k->sum2, C), at->linear2, rows_of(p, k->norm1, C), at->norm2,
                   rows_of(p, out, C));
}

/* Knowing that no operand is absent, the compiler vectorizes all loops of a norm: 99 ns a row in
 * backward instead of 543. */
ISA_EACH static void norm_rows(const LayerNormArgs *norm) {
    LayerNormArgs args = *norm;
    args.precision = PRECISION_FLOAT32;
    if (args.bias && args.residual && !args.after)
        for (int r = 0; r < BLOCK_ROWS; r++) layernorm_one(&args, r, TEAM_OF_ONE);
    else
        for (int r = 0; r < BLOCK_ROWS; r++) layernorm_one(&args, r, TEAM_OF_ONE);
}

ISA_EACH static void bias_rows(const Pass *p, float *x, TensorOffset linear, int columns) {
    HeadArgs args = {.x = x,
                     .bias = parameter(p, linear.bias),
                     .y = x,
                     .function = HEAD_LINEAR,
                     .rows = BLOCK_ROWS,
                     .columns = columns};
    for (int r = 0; r < BLOCK_ROWS; r++) head_one(&args, r, TEAM_OF_ONE);
}

ISA_EACH static void relu_rows(const Pass *p, float *x, TensorOffset linear, int columns) {
    ReluArgs args = {.x = x,
                     .bias = parameter(p, linear.bias),
                     .precision = PRECISION_FLOAT32,
                     .rows = BLOCK_ROWS,
                     .columns = columns};
    for (int r = 0; r < BLOCK_ROWS; r++) relu_one(&args, r, TEAM_OF_ONE);
}

ISA_EACH static void relu_back_rows(float *d, const float *y, int columns) {
    ReluBackArgs args = {.d = d,
                         .y = y,
                         .precision = PRECISION_FLOAT32,
                         .rows = BLOCK_ROWS,
                         .columns = columns,
                         .d_stride = columns,
                         .y_stride = columns};
    for (int r = 0; r < BLOCK_ROWS; r++) relu_back_one(&args, r, TEAM_OF_ONE);
}

/* The block's sums of d (BLOCK_ROWS, columns), from `column` on. */
ISA_EACH static void sum_rows(const Pass *p, const float *d, int columns, int column) {
    ColumnSumsArgs args;
    memset(&args, 0, sizeof args);
    args.x = d;
    args.precision = PRECISION_FLOAT32;
    args.rows = BLOCK_ROWS;
    args.columns = args.stride = columns;
    args.partial = p->partial + column;
    for (int i = 0; i < column_tiles(columns); i++) column_sums_one(&args, i, TEAM_OF_ONE);
}

/* dt of a norm whose output has the gradient dy + dy2, and the sums for its gain and shift. */
ISA_EACH static void norm_back(const Pass *p, const LayerNormArgs *norm, const float *dy,
                               const float *dy2, float *dt, NormColumns column) {
    LayerNormBackArgs args = {.norm = *norm, .dy = dy, .dy2 = dy2, .dt = dt, .stats = p->s->stats};
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
    sums.partial = p->partial + column.shift;
    sums.norm = *norm;
    sums.stats = p->s->stats;
    sums.gain = p->partial + column.gain;
    for (int i = 0; i < column_tiles(norm->width); i++) column_sums_one(&sums, i, TEAM_OF_ONE);
}

static void forward_layer(const Pass *p, int l) {
    const LayerOffsets *at = &p->t->plan.at.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width, F = p->t->spec.model.hidden;
    float *value_proj = rows_of(p, k->value_proj, C), *linear1 = rows_of(p, k->linear1, F);
    const LayerNormArgs first = norm1(p, l), second = norm2(p, l);
    forward(p, at->value_proj, rows_of(p, k->residual, C), C, value_proj, C);
    bias_rows(p, value_proj, at->value_proj, C);
    forward(p, at->out_proj, value_proj, C, rows_of(p, k->sum1, C), C);
    norm_rows(&first);
    forward(p, at->linear1, rows_of(p, k->norm1, C), C, linear1, F);
    relu_rows(p, linear1, at->linear1, F);
    forward(p, at->linear2, linear1, F, rows_of(p, k->sum2, C), C);
    norm_rows(&second);
}

/* One of the two heads: C -> hidden -> out. */
typedef struct {
    TensorOffset fc0, fc3;
    int fc0_column, fc3_column;
    int hidden, out;
    float *fc0_y, *dfc0_y; /* (BLOCK_ROWS, hidden) after ReLU; the gradient before it */
    float *fc3_y;          /* (BLOCK_ROWS, out) without bias */
    const float *dfc3_y;
} HeadPass;

static HeadPass policy_head(const Pass *p) {
    const TrainPlan *plan = &p->t->plan;
    const ModelConfig *c = &p->t->spec.model;
    HeadPass h = {
        .fc0 = plan->at.policy_fc0,
        .fc3 = plan->at.policy_fc3,
        .fc0_column = plan->column.policy_fc0,
        .fc3_column = plan->column.policy_fc3,
        .hidden = c->policy_hidden,
        .out = c->actions,
        .fc0_y = rows_of(p, p->k->policy_fc0, c->policy_hidden),
        .dfc0_y = rows_of(p, p->k->dpolicy_fc0, c->policy_hidden),
        .fc3_y = p->s->logits,
        .dfc3_y = rows_of(p, p->k->dlogits, c->actions),
    };
    return h;
}

static HeadPass value_head(const Pass *p) {
    const TrainPlan *plan = &p->t->plan;
    const ModelConfig *c = &p->t->spec.model;
    HeadPass h = {
        .fc0 = plan->at.value_fc0,
        .fc3 = plan->at.value_fc3,
        .fc0_column = plan->column.value_fc0,
        .fc3_column = plan->column.value_fc3,
        .hidden = c->value_hidden,
        .out = c->values,
        .fc0_y = rows_of(p, p->k->value_fc0, c->value_hidden),
        .dfc0_y = rows_of(p, p->k->dvalue_fc0, c->value_hidden),
        .fc3_y = p->s->values,
        .dfc3_y = rows_of(p, p->k->dvalues, c->values),
    };
    return h;
}

static void forward_head(const Pass *p, const HeadPass *h) {
    const int C = p->t->spec.model.width;
    forward(p, h->fc0, rows_of(p, p->k->residual, C), C, h->fc0_y, h->hidden);
    relu_rows(p, h->fc0_y, h->fc0, h->hidden);
    forward(p, h->fc3, h->fc0_y, h->hidden, h->fc3_y, h->out);
}

/* The loss of the block that begins at row `first` of the batch. */
ISA_EACH static void loss_rows(const Pass *p, const TrainBatch *batch, int first) {
    const TrainPlan *plan = &p->t->plan;
    const TrainSpec *spec = &p->t->spec;
    const ModelConfig *c = &spec->model;
    const size_t at = (size_t)first;
    LossArgs a;
    a.logits = p->s->logits;
    a.values = p->s->values;
    a.policy_bias = parameter(p, plan->at.policy_fc3.bias);
    a.value_bias = parameter(p, plan->at.value_fc3.bias);
    a.legal = batch->legal + at;
    a.policy = batch->policy + at * (size_t)c->actions;
    a.value = batch->value + at * (size_t)c->values;
    a.seats = batch->seats + at;
    a.action = batch->action + at;
    a.dlogits = rows_of(p, p->k->dlogits, c->actions);
    a.dvalues = rows_of(p, p->k->dvalues, c->values);
    a.metrics = p->s->metrics;
    a.precision = PRECISION_FLOAT32;
    a.function = c->value_head == VALUE_TANH ? HEAD_TANH : HEAD_SIGMOID;
    a.scale = p->t->count.scale;
    a.value_weight = (float)spec->settings.value_weight;
    a.ratio_clip = (float)spec->settings.ratio_clip;
    a.entropy_weight = (float)spec->settings.entropy_weight;
    a.advantage_scale = (float)spec->settings.advantage_scale;
    a.rows = BLOCK_ROWS;
    a.matter = spec->rows - first;
    a.actions = a.logit_stride = c->actions;
    a.value_count = a.value_stride = c->values;
    for (int r = 0; r < BLOCK_ROWS; r++) loss_one(&a, r, TEAM_OF_ONE);
    sum_rows(p, p->s->metrics, LOSS_COUNT, plan->column.metrics);
}

/* Sets the scratch array dy to the gradient with respect to the residual, or adds to it. */
static void back_head(const Pass *p, const HeadPass *h, bool add) {
    sum_rows(p, h->dfc3_y, h->out, h->fc3_column);
    back(p, h->fc3, h->dfc3_y, h->out, h->dfc0_y, h->hidden, false);
    relu_back_rows(h->dfc0_y, h->fc0_y, h->hidden);
    sum_rows(p, h->dfc0_y, h->hidden, h->fc0_column);
    back(p, h->fc0, h->dfc0_y, h->hidden, p->s->dy, p->t->spec.model.width, add);
}

/* dy + dy2 is the gradient with respect to the layer's output; dsum1 + scratch dy becomes that with
 * respect to its input. */
static void back_layer(const Pass *p, int l, const float *dy, const float *dy2) {
    const LayerOffsets *at = &p->t->plan.at.layer[l];
    const LayerColumns *column = &p->t->plan.column.layer[l];
    const TrainSavedLayer *k = &p->k->layer[l];
    const int C = p->t->spec.model.width, F = p->t->spec.model.hidden;
    float *dsum1 = rows_of(p, k->dsum1, C), *dsum2 = rows_of(p, k->dsum2, C);
    float *dlinear1 = rows_of(p, k->dlinear1, F), *dvalue_proj = rows_of(p, k->dvalue_proj, C);
    const LayerNormArgs first = norm1(p, l), second = norm2(p, l);
    norm_back(p, &second, dy, dy2, dsum2, column->norm2);
    sum_rows(p, dsum2, C, column->linear2);
    back(p, at->linear2, dsum2, C, dlinear1, F, false);
    relu_back_rows(dlinear1, rows_of(p, k->linear1, F), F);
    sum_rows(p, dlinear1, F, column->linear1);
    back(p, at->linear1, dlinear1, F, p->s->dy, C, false);
    norm_back(p, &first, dsum2, p->s->dy, dsum1, column->norm1);
    sum_rows(p, dsum1, C, column->out_proj);
    back(p, at->out_proj, dsum1, C, dvalue_proj, C, false);
    sum_rows(p, dvalue_proj, C, column->value_proj);
    back(p, at->value_proj, dvalue_proj, C, p->s->dy, C, false);
}

static void forward_all(const Pass *p, const float *x) {
    const ModelConfig *c = &p->t->spec.model;
    const LayerNormArgs norm = input_norm(p);
    const HeadPass policy = policy_head(p), value = value_head(p);
    forward(p, p->t->plan.at.input_embedding, x, c->inputs,
            rows_of(p, p->k->input_embedding, c->width), c->width);
    norm_rows(&norm);
    for (int l = 0; l < c->layers; l++) forward_layer(p, l);
    forward_head(p, &policy);
    forward_head(p, &value);
}

static void back_all(const Pass *p) {
    const TrainColumns *column = &p->t->plan.column;
    const ModelConfig *c = &p->t->spec.model;
    const HeadPass policy = policy_head(p), value = value_head(p);
    const float *dy = p->s->dy, *dy2 = NULL;
    back_head(p, &policy, false);
    back_head(p, &value, true);
    for (int l = c->layers - 1; l >= 0; l--) {
        back_layer(p, l, dy, dy2);
        dy = rows_of(p, p->k->layer[l].dsum1, c->width);
        dy2 = p->s->dy;
    }
    const LayerNormArgs norm = input_norm(p);
    float *dinput_embedding = rows_of(p, p->k->dinput_embedding, c->width);
    norm_back(p, &norm, dy, dy2, dinput_embedding, column->input_norm);
    sum_rows(p, dinput_embedding, c->width, column->input_embedding);
}

void train_rows_cpu(const Trainer *t, int pass, int block, int worker) {
    const TrainSaved *k = &t->saved[pass % TRAIN_SLOTS];
    const TrainBatch *batch = &t->batch[train_schedule_batch(&t->schedule, pass) % TRAIN_SLOTS];
    const int first = (train_schedule_first(&t->schedule, pass) + block) * BLOCK_ROWS;
    const Pass p = {.t = t,
                    .k = k,
                    .s = &t->scratch[worker],
                    .first = block * BLOCK_ROWS,
                    .partial = k->partial + (size_t)block * (size_t)t->plan.column.count};
    forward_all(&p, (const float *)batch->x + (size_t)first * (size_t)t->spec.model.inputs);
    loss_rows(&p, batch, first);
    back_all(&p);
}
