/* nn/train/train_layout_cpu.c - the arrays of the CPU's trainer, and the division of its work. */
#include "nn/ops/column_sums.h"
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
}

void train_layout_cpu(Trainer *t, Arena *arena) {
    const size_t count = t->plan.at.count;
    t->p = (float *)arena_take(arena, count, sizeof *t->p);
    t->m = (float *)arena_take(arena, count, sizeof *t->m);
    t->v = (float *)arena_take(arena, count, sizeof *t->v);
    t->ema = (float *)arena_take(arena, count, sizeof *t->ema);
    t->transposed = (float *)arena_take(arena, count, sizeof *t->transposed);
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

#define MATRIX(offset, outputs, inputs, dy0, dy1, x0, x1)                                          \
    {                                                                                              \
        .at = (offset).weight, .out = (outputs), .in = (inputs), .dy = {dy0, dy1}, .x = { x0, x1 } \
    }

void train_tiles_cpu(Trainer *t) {
    const ModelConfig *c = &t->spec.model;
    const WeightsOffsets *at = &t->plan.at;
    const TrainSaved *a = &t->saved[0], *b = &t->saved[1];
    const int C = c->width, F = c->hidden, policy = c->policy_hidden, value = c->value_hidden;
    const MatrixArgs first = MATRIX(at->input_embedding, C, c->inputs, a->dinput_embedding,
                                    b->dinput_embedding, NULL, NULL);
    t->tiles = 0;
    add_tiles(t, &first);
    for (int l = 0; l < c->layers; l++) {
        const LayerOffsets *w = &at->layer[l];
        const TrainSavedLayer *i = &a->layer[l], *j = &b->layer[l];
        const MatrixArgs layer[] = {
            MATRIX(w->value_proj, C, C, i->dvalue_proj, j->dvalue_proj, i->residual, j->residual),
            MATRIX(w->out_proj, C, C, i->dsum1, j->dsum1, i->value_proj, j->value_proj),
            MATRIX(w->linear1, F, C, i->dlinear1, j->dlinear1, i->norm1, j->norm1),
            MATRIX(w->linear2, C, F, i->dsum2, j->dsum2, i->linear1, j->linear1),
        };
        for (int m = 0; m < 4; m++) add_tiles(t, &layer[m]);
    }
    const MatrixArgs heads[] = {
        MATRIX(at->policy_fc0, policy, C, a->dpolicy_fc0, b->dpolicy_fc0, a->residual, b->residual),
        MATRIX(at->policy_fc3, c->actions, policy, a->dlogits, b->dlogits, a->policy_fc0,
               b->policy_fc0),
        MATRIX(at->value_fc0, value, C, a->dvalue_fc0, b->dvalue_fc0, a->residual, b->residual),
        MATRIX(at->value_fc3, c->values, value, a->dvalues, b->dvalues, a->value_fc0, b->value_fc0),
    };
    for (int m = 0; m < 4; m++) add_tiles(t, &heads[m]);
}

void train_pieces_cpu(Trainer *t) {
    TrainTensor tensor;
    t->pieces = 0;
    for (int i = 0; train_plan_tensor(&t->spec.model, i, &tensor); i++) {
        const int most = tensor.in < PIECE ? PIECE / tensor.in : 1;
        for (int r = 0; r < tensor.out; r += most) {
            const TrainPiece piece = {
                .at = tensor.at + (size_t)r * (size_t)tensor.in,
                .transposed_at = tensor.at + (size_t)r,
                .out = tensor.out,
                .rows = tensor.out - r < most ? tensor.out - r : most,
                .in = tensor.in,
                .product = tensor.product,
            };
            if (t->piece) t->piece[t->pieces] = piece;
            t->pieces++;
        }
    }
}
