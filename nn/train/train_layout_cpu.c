/* nn/train/train_layout_cpu.c - the arrays of the CPU's trainer, and how its work is cut. */
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

static void saved_layout(TrainSaved *k, const ModelConfig *c, int Q, int columns, Arena *arena) {
    const int C = c->width;
    k->embed = take_rows(arena, Q, C);
    for (int l = 0; l < c->layers; l++) {
        TrainSavedLayer *a = &k->layer[l];
        a->in = take_rows(arena, Q, C);
        a->value = take_rows(arena, Q, C);
        a->sum1 = take_rows(arena, Q, C);
        a->mid = take_rows(arena, Q, C);
        a->up = take_rows(arena, Q, c->hidden);
        a->sum2 = take_rows(arena, Q, C);
        a->dvalue = take_rows(arena, Q, C);
        a->dsum1 = take_rows(arena, Q, C);
        a->dup = take_rows(arena, Q, c->hidden);
        a->dsum2 = take_rows(arena, Q, C);
    }
    k->top = take_rows(arena, Q, C);
    k->dembed = take_rows(arena, Q, C);
    k->policy_up = take_rows(arena, Q, c->policy_hidden);
    k->dpolicy_up = take_rows(arena, Q, c->policy_hidden);
    k->value_up = take_rows(arena, Q, c->value_hidden);
    k->dvalue_up = take_rows(arena, Q, c->value_hidden);
    k->dlogits = take_rows(arena, Q, c->actions);
    k->dvalues = take_rows(arena, Q, c->values);
    k->partial = take_rows(arena, TRAIN_PASS_BLOCKS, columns);
}

static void scratch_layout(TrainScratch *s, const ModelConfig *c, Arena *arena) {
    s->dy = take_rows(arena, BLOCK_ROWS, c->width);
    s->logits = take_rows(arena, BLOCK_ROWS, c->actions);
    s->values = take_rows(arena, BLOCK_ROWS, c->values);
    s->metrics = take_rows(arena, BLOCK_ROWS, LOSS_COUNT);
    s->stats = take_rows(arena, BLOCK_ROWS, 2);
}

/* Rows up to a whole block; those beyond the batch stay 0. */
static void batch_layout(TrainBatch *b, const TrainSpec *spec, Arena *arena) {
    const int rows = train_blocks_cpu(spec) * BLOCK_ROWS;
    b->x = take_rows(arena, rows, spec->model.inputs);
    b->legal = (uint64_t *)arena_take(arena, (size_t)rows, sizeof *b->legal);
    b->policy = take_rows(arena, rows, spec->model.actions);
    b->value = take_rows(arena, rows, spec->model.values);
    b->seats = (int32_t *)arena_take(arena, (size_t)rows, sizeof *b->seats);
}

void train_layout_cpu(Trainer *t, Arena *arena) {
    const size_t N = t->plan.count;
    t->p = (float *)arena_take(arena, N, sizeof *t->p);
    t->m = (float *)arena_take(arena, N, sizeof *t->m);
    t->v = (float *)arena_take(arena, N, sizeof *t->v);
    t->ema = (float *)arena_take(arena, N, sizeof *t->ema);
    t->transposed = (float *)arena_take(arena, N, sizeof *t->transposed);
    t->g = (float *)arena_take(arena, N + LOSS_COUNT, sizeof *t->g);
    t->squares = (float *)arena_take(arena, (size_t)train_chunks((int64_t)N), sizeof *t->squares);
    t->place = (int32_t *)arena_take(arena, (size_t)t->plan.columns, sizeof *t->place);
    t->tile = (TrainTileArgs *)arena_take(arena, (size_t)t->tiles, sizeof *t->tile);
    t->piece = (TrainPiece *)arena_take(arena, (size_t)t->pieces, sizeof *t->piece);
    t->scratch = (TrainScratch *)arena_take(arena, (size_t)t->threads, sizeof *t->scratch);
    for (int i = 0; i < TRAIN_SLOTS; i++) {
        batch_layout(&t->batch[i], &t->spec, arena);
        saved_layout(&t->saved[i], &t->spec.model, pass_rows(&t->spec), t->plan.columns, arena);
    }
    for (int i = 0; i < t->threads; i++) {
        TrainScratch s;
        scratch_layout(&s, &t->spec.model, arena);
        if (t->scratch) t->scratch[i] = s;
    }
}

static float *shifted(float *array, int by) { return array ? array + by : NULL; }

/* The tiles of one matrix; counted only, while there is no memory. x0 NULL: the observations. */
static void add_tiles(Trainer *t, size_t at, int out, int in, float *dy0, float *dy1, float *x0,
                      float *x1) {
    for (int o = 0; o < out; o += TILE)
        for (int i = 0; i < in; i += TILE) {
            TrainTileArgs tile = {{shifted(dy0, o), shifted(dy1, o)},
                                  {shifted(x0, i), shifted(x1, i)},
                                  at + (size_t)o * (size_t)in + (size_t)i,
                                  i,
                                  out - o < TILE ? out - o : TILE,
                                  in - i < TILE ? in - i : TILE,
                                  out,
                                  in};
            if (t->tile) t->tile[t->tiles] = tile;
            t->tiles++;
        }
}

void train_tiles_cpu(Trainer *t) {
    const ModelConfig *c = &t->spec.model;
    const TrainPlan *p = &t->plan;
    const TrainSaved *a = &t->saved[0], *b = &t->saved[1];
    const int C = c->width, F = c->hidden;
    t->tiles = 0;
    add_tiles(t, p->embed, C, c->inputs, a->dembed, b->dembed, NULL, NULL);
    for (int l = 0; l < c->layers; l++) {
        const TrainLayer *at = &p->layer[l];
        const TrainSavedLayer *i = &a->layer[l], *j = &b->layer[l];
        add_tiles(t, at->value, C, C, i->dvalue, j->dvalue, i->in, j->in);
        add_tiles(t, at->out, C, C, i->dsum1, j->dsum1, i->value, j->value);
        add_tiles(t, at->up, F, C, i->dup, j->dup, i->mid, j->mid);
        add_tiles(t, at->down, C, F, i->dsum2, j->dsum2, i->up, j->up);
    }
    add_tiles(t, p->policy_up, c->policy_hidden, C, a->dpolicy_up, b->dpolicy_up, a->top, b->top);
    add_tiles(t, p->policy_down, c->actions, c->policy_hidden, a->dlogits, b->dlogits, a->policy_up,
              b->policy_up);
    add_tiles(t, p->value_up, c->value_hidden, C, a->dvalue_up, b->dvalue_up, a->top, b->top);
    add_tiles(t, p->value_down, c->values, c->value_hidden, a->dvalues, b->dvalues, a->value_up,
              b->value_up);
}

void train_pieces_cpu(Trainer *t) {
    TrainTensor tensor;
    t->pieces = 0;
    for (int i = 0; train_plan_tensor(&t->spec.model, i, &tensor); i++) {
        const int most = tensor.in < PIECE ? PIECE / tensor.in : 1;
        for (int r = 0; r < tensor.out; r += most) {
            TrainPiece piece = {tensor.at + (size_t)r * (size_t)tensor.in,
                                tensor.at + (size_t)r,
                                tensor.out,
                                tensor.out - r < most ? tensor.out - r : most,
                                tensor.in,
                                tensor.product};
            if (t->piece) t->piece[t->pieces] = piece;
            t->pieces++;
        }
    }
}
