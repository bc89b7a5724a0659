/* nn/train/train_update.cu - the gradients of vectors, and the end of a step: reduce, clip, AdamW,
 * EMA. */
#include "train_cuda.h"
#include "train_kernels.cuh"

enum { THREADS = 128 }; /* a block */

int train_layer_column(const ModelConfig *c, int i) {
    return i < SUMS_LAYER_COUNT ? i * c->width : SUMS_LINEAR1 * c->width + c->hidden;
}

int train_rest_column(const ModelConfig *c, int i) {
    const int widths[SUMS_REST_COUNT] = {c->width,   c->width,         c->width,
                                         c->width,   c->policy_hidden, c->value_hidden,
                                         c->actions, c->values,        LOSS_COUNT};
    int column = 0;
    for (int k = 0; k < i; k++) column += widths[k];
    return column;
}

/* The rows that are summed into one group of columns; for a norm, into a second with its gain. */
typedef struct {
    const void *x; /* (rows, stride) */
    int columns, stride;
    const void *norm;   /* (rows, columns) input of the norm, or NULL */
    const float *stats; /* (rows, 2) of the norm, or NULL */
} SumsOf;

static Status sum_columns(Precision precision, const SumsOf *of, int rows, float *partial,
                          float *gain, int partial_stride, Stream stream) {
    const int items = column_blocks(rows) * column_tiles(of->columns);
    const int grid = launch_blocks(items, 32, THREADS);
    ColumnSumsArgs a;
    memset(&a, 0, sizeof a);
    a.x = of->x;
    a.precision = precision;
    a.rows = rows;
    a.columns = of->columns;
    a.stride = of->stride;
    a.partial = partial;
    a.partial_stride = partial_stride;
    a.norm.x = of->norm;
    a.norm.rows = rows;
    a.norm.width = of->columns;
    a.stats = of->stats;
    a.gain = gain;
    if (precision == PRECISION_BF16 && of->stats)
        LAUNCH((train_columns_kernel<PRECISION_BF16, true>), grid, THREADS, stream, a);
    else if (precision == PRECISION_BF16)
        LAUNCH((train_columns_kernel<PRECISION_BF16, false>), grid, THREADS, stream, a);
    else if (of->stats)
        LAUNCH((train_columns_kernel<PRECISION_FLOAT32, true>), grid, THREADS, stream, a);
    else
        LAUNCH((train_columns_kernel<PRECISION_FLOAT32, false>), grid, THREADS, stream, a);
    return STATUS_OK;
}

/* The rows of all layers are one matrix, since each layer has whole blocks of them. */
static Status layer_columns(Trainer *t, Stream stream) {
    const ModelConfig *c = &t->spec.model;
    const int C = c->width, F = c->hidden, rows = c->layers * t->padded_rows;
    const int stride = train_layer_column(c, SUMS_LAYER_COUNT);
    const void *after = train_at(t, t->dresidual, 1, (int64_t)t->padded_rows * C);
    const struct {
        int to, gain_to;
        SumsOf of;
    } all[] = {
        {SUMS_NORM2_SHIFT, SUMS_NORM2_GAIN, {after, C, C, t->sum2, t->stats_norm2}},
        {SUMS_NORM1_SHIFT, SUMS_NORM1_GAIN, {t->dnorm1, C, C, t->sum1, t->stats_norm1}},
        {SUMS_LINEAR2, 0, {t->dsum2, C, C, NULL, NULL}},
        {SUMS_OUT_PROJ, 0, {t->dsum1, C, C, NULL, NULL}},
        {SUMS_VALUE_PROJ, 0, {t->dvalue_proj, C, C, NULL, NULL}},
        {SUMS_LINEAR1, 0, {t->dlinear1, F, F, NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        TRY(sum_columns(t->spec.precision, &all[i].of, rows,
                        t->layer_partial + train_layer_column(c, all[i].to),
                        t->layer_partial + train_layer_column(c, all[i].gain_to), stride, stream));
    return STATUS_OK;
}

static Status rest_columns(Trainer *t, Stream stream) {
    const ModelConfig *c = &t->spec.model;
    const int C = c->width, policy = c->policy_hidden, value = c->value_hidden;
    const int stride = train_rest_column(c, SUMS_REST_COUNT);
    const Precision e = t->spec.precision;
    const struct {
        int to, gain_to;
        Precision precision;
        SumsOf of;
    } all[] = {
        {SUMS_POSITIONAL_ENCODING, 0, e, {t->dresidual, C, C, NULL, NULL}},
        {SUMS_INPUT_NORM_SHIFT,
         SUMS_INPUT_NORM_GAIN,
         e,
         {t->dresidual, C, C, t->input_embedding, t->stats_input_norm}},
        {SUMS_INPUT_EMBEDDING, 0, e, {t->dinput_embedding, C, C, NULL, NULL}},
        {SUMS_POLICY_FC0, 0, e, {t->dpolicy_fc0, policy, policy, NULL, NULL}},
        {SUMS_VALUE_FC0, 0, e, {t->dvalue_fc0, value, value, NULL, NULL}},
        {SUMS_POLICY_FC3, 0, e, {t->dlogits, c->actions, t->logit_stride, NULL, NULL}},
        {SUMS_VALUE_FC3, 0, e, {t->dvalues, c->values, t->value_stride, NULL, NULL}},
        {SUMS_METRICS, 0, PRECISION_FLOAT32, {t->metrics, LOSS_COUNT, LOSS_COUNT, NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        TRY(sum_columns(all[i].precision, &all[i].of, t->padded_rows,
                        t->rest_partial + train_rest_column(c, all[i].to),
                        t->rest_partial + train_rest_column(c, all[i].gain_to), stride, stream));
    return STATUS_OK;
}

/* The layers' blocks, each layer's into its own part of the gradient; i: see train_sums. */
static Status add_layers(Trainer *t, int i, Stream stream) {
    const ModelConfig *c = &t->spec.model;
    const int columns = train_layer_column(c, SUMS_LAYER_COUNT);
    const BlockSumsArgs a = {.partial = t->layer_partial,
                             .offset = t->layer_column_offset,
                             .out = t->g + t->at.layer[0].in_proj.weight,
                             .blocks = train_blocks(t),
                             .columns = columns,
                             .partial_stride = columns,
                             .kind = i > 0 ? BLOCK_SUMS_ADD : BLOCK_SUMS_SET};
    const int grid = launch_blocks((int64_t)c->layers * column_tiles(columns), 32, THREADS);
    LAUNCH(train_blocks_kernel, grid, THREADS, stream, a, c->layers, (int64_t)t->at.layer_stride);
    return STATUS_OK;
}

static Status add_rest(Trainer *t, int i, Stream stream) {
    const int columns = train_rest_column(&t->spec.model, SUMS_REST_COUNT);
    const BlockSumsArgs a = {.partial = t->rest_partial,
                             .offset = t->rest_column_offset,
                             .out = t->g,
                             .blocks = train_blocks(t),
                             .columns = columns,
                             .partial_stride = columns,
                             .kind = i > 0 ? BLOCK_SUMS_ADD : BLOCK_SUMS_SET};
    const int grid = launch_blocks(column_tiles(columns), 32, THREADS);
    LAUNCH(train_blocks_kernel, grid, THREADS, stream, a, 1, (int64_t)0);
    return STATUS_OK;
}

Status train_sums(Trainer *t, int i, Stream stream) {
    TRY(layer_columns(t, stream));
    TRY(add_layers(t, i, stream));
    TRY(rest_columns(t, stream));
    return add_rest(t, i, stream);
}

/* Updates parameters from .. to - 1, which are contiguous in the bf16 copy too. */
static Status adamw(Trainer *t, size_t from, size_t to, Stream stream) {
    AdamwArgs a;
    a.p = t->p + from;
    a.m = t->m + from;
    a.v = t->v + from;
    a.ema = t->ema + from;
    a.g = t->g + from;
    a.p_bf16 = t->p_bf16 ? t->p_bf16 + train_bf16_offset(t, from) : NULL;
    a.step = t->step;
    a.count = (int64_t)(to - from);
    LAUNCH(train_adamw_kernel, launch_blocks(train_chunks(a.count), 32, THREADS), THREADS, stream,
           a);
    return STATUS_OK;
}

Status train_update(Trainer *t, Stream stream) {
    const size_t count = t->at.count;
    const int chunks = train_chunks((int64_t)count);

    /* Step 1: sum over processes. */
    if (t->reduce.all_reduce_sum)
        TRY(t->reduce.all_reduce_sum(t->reduce.context, t->g, count + LOSS_COUNT, stream));

    /* Step 2: the norm of the gradient, and the numbers of the update. */
    const SquareSumsArgs squares = {t->g, t->squares, (int64_t)count};
    LAUNCH(train_squares_kernel, launch_blocks(chunks, 32, THREADS), THREADS, stream, squares);
    TrainCountArgs end;
    end.metrics = t->g + count;
    end.squares = t->squares;
    end.rates = t->rates;
    end.counters = t->counters;
    end.reports = t->reports;
    end.step = t->step;
    end.at = t->next;
    end.settings = t->spec.settings;
    end.scale = (float)(1.0 / ((double)t->spec.rows * t->spec.accumulate * t->reduce.processes));
    end.chunks = chunks;
    LAUNCH(train_count_kernel, 1, 32, stream, end);

    /* Step 3: update the parameters. */
    TRY(adamw(t, 0, t->at.value_fc0.weight, stream));
    return adamw(t, t->at.value_fc0.weight, count, stream);
}
