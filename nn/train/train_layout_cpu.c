/* nn/train/train_layout_cpu.c - the arrays of the CPU's trainer, and the division of its work. */
#include "nn/ops/column_sums.h"
#include "nn/ops/product_float32.h"
#include "train_cpu.h"

enum {
    TILE = 256,   /* outputs and inputs of a tile */
    PIECE = 65536 /* parameters of an update, about */
};

int train_blocks_cpu(const TrainSpec *spec) { return column_blocks(spec->rows); }

static int pass_rows(const TrainSpec *spec) {
    int blocks = train_blocks_cpu(spec);
    return (blocks < TRAIN_PASS_BLOCKS ? blocks : TRAIN_PASS_BLOCKS) * BLOCK_ROWS;
}

static float *take_rows(Arena *arena, int rows, int width) {
    return (float *)arena_take(arena, (size_t)rows * (size_t)width, sizeof(float));
}

static void saved_layout(TrainSaved *k, const ModelConfig *c, int rows, int columns, Arena *arena) {
    const int C = c->width;
    k->input_embedding = take_rows(arena, rows, C);
    for (int l = 0; l < c->layers; l++) {
        TrainSavedLayer *a = &k->layer[l];
        a->residual = take_rows(arena, rows, C);
        a->value_proj = take_rows(arena, rows, C);
        a->sum1 = take_rows(arena, rows, C);
        a->norm1 = take_rows(arena, rows, C);
        a->linear1 = take_rows(arena, rows, c->hidden);
        a->sum2 = take_rows(arena, rows, C);
        a->dvalue_proj = take_rows(arena, rows, C);
        a->dsum1 = take_rows(arena, rows, C);
        a->dlinear1 = take_rows(arena, rows, c->hidden);
        a->dsum2 = take_rows(arena, rows, C);
    }
    k->residual = take_rows(arena, rows, C);
    k->dinput_embedding = take_rows(arena, rows, C);
    k->policy_fc0 = take_rows(arena, rows, c->policy_hidden);
    k->dpolicy_fc0 = take_rows(arena, rows, c->policy_hidden);
    k->value_fc0 = take_rows(arena, rows, c->value_hidden);
    k->dvalue_fc0 = take_rows(arena, rows, c->value_hidden);
    k->dlogits = take_rows(arena, rows, c->actions);
    k->dvalues = take_rows(arena, rows, c->values);
    k->partial = take_rows(arena, TRAIN_PASS_BLOCKS, columns);
}

static void scratch_layout(TrainScratch *s, const ModelConfig *c, Arena *arena) {
    s->dy = take_rows(arena, BLOCK_ROWS, c->width);
    s->logits = take_rows(arena, BLOCK_ROWS, c->actions);
    s->values = take_rows(arena, BLOCK_ROWS, c->values);
    s->metrics = take_rows(arena, BLOCK_ROWS, LOSS_COUNT);
    s->stats = take_rows(arena, BLOCK_ROWS, 2);
}

/* The rows of whole blocks; those beyond the batch stay 0. */
static void batch_layout(TrainBatch *b, const TrainSpec *spec, Arena *arena) {
    const int rows = train_blocks_cpu(spec) * BLOCK_ROWS;
    b->x = take_rows(arena, rows, spec->model.inputs);
    b->legal = (uint64_t *)arena_take(arena, (size_t)rows, sizeof *b->legal);
    b->policy = take_rows(arena, rows, spec->model.actions);
    b->value = take_rows(arena, rows, spec->model.values);
    b->seats = (int32_t *)arena_take(arena, (size_t)rows, sizeof *b->seats);
    b->action = (int32_t *)arena_take(arena, (size_t)rows, sizeof *b->action);
}

void train_layout_cpu(Trainer *t, Arena *arena) {
    const size_t count = t->plan.at.count;
    t->p = (float *)arena_take(arena, count, sizeof *t->p);
    t->m = (float *)arena_take(arena, count, sizeof *t->m);
    t->v = (float *)arena_take(arena, count, sizeof *t->v);
    t->ema = (float *)arena_take(arena, count, sizeof *t->ema);
    t->forward_panels = (float *)arena_take(arena, count + PRODUCT_SLACK, sizeof(float));
    t->back_panels = (float *)arena_take(arena, count + PRODUCT_SLACK, sizeof(float));
    t->g = (float *)arena_take(arena, count + LOSS_COUNT, sizeof *t->g);
    t->squares = (float *)arena_take(arena, (size_t)train_chunks((int64_t)count),
                                     sizeof *t->squares);
    t->column_offset = (int32_t *)arena_take(arena, (size_t)t->plan.column.count,
                                             sizeof *t->column_offset);
    t->tile = (TrainTileArgs *)arena_take(arena, (size_t)t->tiles, sizeof *t->tile);
    t->piece = (TrainPiece *)arena_take(arena, (size_t)t->pieces, sizeof *t->piece);
    t->scratch = (TrainScratch *)arena_take(arena, (size_t)t->threads, sizeof *t->scratch);
    for (int i = 0; i < TRAIN_SLOTS; i++) {
        batch_layout(&t->batch[i], &t->spec, arena);
        saved_layout(&t->saved[i], &t->spec.model, pass_rows(&t->spec), t->plan.column.count,
                     arena);
    }
    for (int i = 0; i < t->threads; i++) {
        TrainScratch s;
        scratch_layout(&s, &t->spec.model, arena);
        if (t->scratch) t->scratch[i] = s;
    }
}

static float *shifted(float *array, int by) { return array ? array + by : NULL; }

/* The operands of a matrix's gradient, in both slots. x NULL: the observations. */
typedef struct {
    size_t at; /* offset of the matrix */
    int out, in;
    float *dy[TRAIN_SLOTS], *x[TRAIN_SLOTS];
} MatrixArgs;

/* Adds the tiles of one matrix; without memory they are only counted. */
static void add_tiles(Trainer *t, const MatrixArgs *m) {
    for (int o = 0; o < m->out; o += TILE)
        for (int i = 0; i < m->in; i += TILE) {
            const TrainTileArgs tile = {
                .dy = {shifted(m->dy[0], o), shifted(m->dy[1], o)},
                .x = {shifted(m->x[0], i), shifted(m->x[1], i)},
                .at = m->at + (size_t)o * (size_t)m->in + (size_t)i,
                .x_at = i,
                .outs = m->out - o < TILE ? m->out - o : TILE,
                .ins = m->in - i < TILE ? m->in - i : TILE,
                .dy_stride = m->out,
                .x_stride = m->in,
            };
            if (t->tile) t->tile[t->tiles] = tile;
            t->tiles++;
        }
}

static void add_embedding(Trainer *t) {
    const TrainSaved *a = &t->saved[0], *b = &t->saved[1];
    const MatrixArgs embedding = {.at = t->plan.at.input_embedding.weight,
                                  .out = t->spec.model.width,
                                  .in = t->spec.model.inputs,
                                  .dy = {a->dinput_embedding, b->dinput_embedding},
                                  .x = {NULL, NULL}};
    add_tiles(t, &embedding);
}

static void add_layer(Trainer *t, int l) {
    const LayerOffsets *at = &t->plan.at.layer[l];
    const TrainSavedLayer *a = &t->saved[0].layer[l], *b = &t->saved[1].layer[l];
    const int C = t->spec.model.width, F = t->spec.model.hidden;
    const MatrixArgs all[] = {
        {.at = at->value_proj.weight,
         .out = C,
         .in = C,
         .dy = {a->dvalue_proj, b->dvalue_proj},
         .x = {a->residual, b->residual}},
        {.at = at->out_proj.weight,
         .out = C,
         .in = C,
         .dy = {a->dsum1, b->dsum1},
         .x = {a->value_proj, b->value_proj}},
        {.at = at->linear1.weight,
         .out = F,
         .in = C,
         .dy = {a->dlinear1, b->dlinear1},
         .x = {a->norm1, b->norm1}},
        {.at = at->linear2.weight,
         .out = C,
         .in = F,
         .dy = {a->dsum2, b->dsum2},
         .x = {a->linear1, b->linear1}},
    };
    for (size_t m = 0; m < sizeof all / sizeof *all; m++) add_tiles(t, &all[m]);
}

static void add_heads(Trainer *t) {
    const ModelConfig *c = &t->spec.model;
    const WeightsOffsets *at = &t->plan.at;
    const TrainSaved *a = &t->saved[0], *b = &t->saved[1];
    const MatrixArgs all[] = {
        {.at = at->policy_fc0.weight,
         .out = c->policy_hidden,
         .in = c->width,
         .dy = {a->dpolicy_fc0, b->dpolicy_fc0},
         .x = {a->residual, b->residual}},
        {.at = at->policy_fc3.weight,
         .out = c->actions,
         .in = c->policy_hidden,
         .dy = {a->dlogits, b->dlogits},
         .x = {a->policy_fc0, b->policy_fc0}},
        {.at = at->value_fc0.weight,
         .out = c->value_hidden,
         .in = c->width,
         .dy = {a->dvalue_fc0, b->dvalue_fc0},
         .x = {a->residual, b->residual}},
        {.at = at->value_fc3.weight,
         .out = c->values,
         .in = c->value_hidden,
         .dy = {a->dvalues, b->dvalues},
         .x = {a->value_fc0, b->value_fc0}},
    };
    for (size_t m = 0; m < sizeof all / sizeof *all; m++) add_tiles(t, &all[m]);
}

void train_tiles_cpu(Trainer *t) {
    t->tiles = 0;
    add_embedding(t);
    for (int l = 0; l < t->spec.model.layers; l++) add_layer(t, l);
    add_heads(t);
}

void train_pieces_cpu(Trainer *t) {
    TrainTensor tensor;
    t->pieces = 0;
    for (int i = 0; train_plan_tensor(&t->spec.model, i, &tensor); i++) {
        const int most = tensor.in < PIECE ? PIECE / tensor.in : 1;
        for (int r = 0; r < tensor.out; r += most) {
            const TrainPiece piece = {
                .tensor = tensor.at,
                .first = r,
                .rows = tensor.out - r < most ? tensor.out - r : most,
                .out = tensor.out,
                .in = tensor.in,
                .product = tensor.product,
            };
            if (t->piece) t->piece[t->pieces] = piece;
            t->pieces++;
        }
    }
}
