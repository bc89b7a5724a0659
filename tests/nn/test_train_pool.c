/* tests/nn/test_train_pool.c - the order of training's tasks, with integers in place of arrays.
 *
 * Every task mixes its inputs into its output, in plain memory: a task that runs too early or twice
 * changes the result, and ThreadSanitizer sees it. The expected result is computed by plain loops,
 * one after the other. */
#include <sched.h>
#include <stdlib.h>

#include "device/core/rng.h"
#include "nn/train/train_schedule.h"
#include "tests/support/check.h"

enum { BLOCKS_MAX = 9, TILES = 5, SQUARES = 3, UPDATES = 4, WORKERS_MAX = 5 };

typedef struct {
    TrainSchedule schedule;
    uint64_t filled[TRAIN_SLOTS][BLOCKS_MAX];
    uint64_t saved[TRAIN_SLOTS][BLOCKS_MAX];
    uint64_t g[TILES], reduced, squares[SQUARES], norm, weights[UPDATES];
    int64_t steps, skip_step, stop_step, fail_batch;
    int fills[256][BLOCKS_MAX]; /* by batch */
    int by[WORKERS_MAX];        /* tasks by worker; each writes its own */
} Model;

static uint64_t mix(uint64_t a, uint64_t b) { return splitmix64(a * 31 + b); }

/* The rows of a pass depend on all weights. */
static uint64_t weights_of(const Model *m) {
    uint64_t x = 0;
    for (int i = 0; i < UPDATES; i++) x = mix(x, m->weights[i]);
    return x;
}

static void work_rows(Model *m, int pass, int block) {
    const TrainSchedule *s = &m->schedule;
    int64_t slot = train_schedule_batch(s, pass) % TRAIN_SLOTS;
    m->saved[pass % TRAIN_SLOTS][block] = mix(
        weights_of(m), m->filled[slot][train_schedule_first(s, pass) + block]);
}

static void work_tile(Model *m, int pass, int tile) {
    const TrainSchedule *s = &m->schedule;
    int64_t slot = train_schedule_batch(s, pass) % TRAIN_SLOTS;
    uint64_t x = pass == 0 ? 0 : m->g[tile];
    for (int b = 0; b < train_schedule_blocks(s, pass); b++) {
        x = mix(x, m->saved[pass % TRAIN_SLOTS][b] + (uint64_t)tile);
        x = mix(x, m->filled[slot][train_schedule_first(s, pass) + b]);
    }
    m->g[tile] = x;
}

static void work_after(Model *m, const PoolTask *task) {
    switch (task->kind) {
    case TRAIN_REDUCE:
        m->reduced = 1;
        for (int i = 0; i < TILES; i++) m->g[i]++;
        break;
    case TRAIN_SQUARES:
        m->squares[task->item] = 0;
        for (int i = 0; i < TILES; i++)
            m->squares[task->item] = mix(m->squares[task->item], m->g[i] + m->reduced);
        break;
    case TRAIN_COUNT:
        m->norm = 0;
        for (int i = 0; i < SQUARES; i++) m->norm = mix(m->norm, m->squares[i]);
        m->steps++;
        break;
    default: m->weights[task->item] = mix(m->weights[task->item], m->norm + m->g[0]);
    }
}

static Status model_work(void *context, const PoolTask *task, int worker) {
    Model *m = (Model *)context;
    uint64_t pauses = mix((uint64_t)(task->kind * 64 + task->item), (uint64_t)m->by[worker]) % 7;
    m->by[worker]++;
    while (pauses-- > 0) sched_yield(); /* so that tasks interleave and end in another order */
    if (task->kind == TRAIN_FILL) {
        int64_t batch = m->schedule.slot[task->index].batch;
        if (batch == m->fail_batch) return STATUS_INPUT;
        m->fills[batch][task->item]++;
        m->filled[task->index][task->item] = mix((uint64_t)batch, (uint64_t)task->item);
    } else if (task->kind == TRAIN_ROWS) {
        work_rows(m, task->index, task->item);
    } else if (task->kind == TRAIN_TILE) {
        work_tile(m, task->index, task->item);
    } else {
        work_after(m, task);
    }
    return STATUS_OK;
}

static PoolTurn model_next(void *context, PoolTask *task) {
    return train_schedule_next(&((Model *)context)->schedule, task);
}

static void model_done(void *context, const PoolTask *task) {
    Model *m = (Model *)context;
    train_schedule_done(&m->schedule, task);
    if (task->kind != TRAIN_COUNT) return;
    if (m->steps - 1 == m->skip_step) train_schedule_skip(&m->schedule);
    if (m->steps - 1 == m->stop_step) train_schedule_stop(&m->schedule);
}

static void model_open(Model *m, int blocks, int pass_blocks, int accumulate, bool reduce) {
    memset(m, 0, sizeof *m);
    m->skip_step = m->stop_step = m->fail_batch = -1;
    m->schedule.blocks = blocks;
    m->schedule.pass_blocks = pass_blocks;
    m->schedule.accumulate = accumulate;
    m->schedule.pieces[TRAIN_TILE] = TILES;
    m->schedule.pieces[TRAIN_REDUCE] = reduce;
    m->schedule.pieces[TRAIN_SQUARES] = SQUARES;
    m->schedule.pieces[TRAIN_COUNT] = 1;
    m->schedule.pieces[TRAIN_UPDATE] = UPDATES;
    CHECK(train_schedule_open(&m->schedule) == STATUS_OK);
}

/* One step as plain loops, on a model that is never scheduled. */
static void step_in_order(Model *m, int64_t first) {
    TrainSchedule *s = &m->schedule;
    const int passes = train_schedule_passes(s);
    s->batch = first;
    for (int p = 0; p < s->accumulate * passes; p++) {
        int64_t batch = train_schedule_batch(s, p);
        for (int b = 0; b < s->blocks; b++)
            m->filled[batch % TRAIN_SLOTS][b] = mix((uint64_t)batch, (uint64_t)b);
        for (int b = 0; b < train_schedule_blocks(s, p); b++) work_rows(m, p, b);
        for (int t = 0; t < TILES; t++) work_tile(m, p, t);
    }
    for (int kind = TRAIN_REDUCE; kind <= TRAIN_UPDATE; kind++)
        for (int i = 0; i < s->pieces[kind]; i++) {
            PoolTask task = {.kind = kind, .item = i};
            if (kind != TRAIN_UPDATE || m->steps - 1 != m->skip_step) work_after(m, &task);
        }
}

static bool same_result(const Model *a, const Model *b) {
    return memcmp(a->weights, b->weights, sizeof a->weights) == 0 && a->steps == b->steps &&
           memcmp(a->g, b->g, sizeof a->g) == 0 && a->norm == b->norm;
}

static Status run_steps(TrainPool *pool, Model *m, int64_t batch, int64_t last, int steps) {
    PoolJob job = {.context = m, .next = model_next, .done = model_done, .work = model_work};
    train_schedule_begin(&m->schedule, batch, last, steps);
    return pool_run(pool, &job);
}

/* Runs of 1, 2, 3 .. steps one after the other, reading ahead; one step is skipped. */
static void tasks_run_in_a_valid_order(int threads, int blocks, int pass_blocks, int accumulate,
                                       bool reduce) {
    static Model m, want;
    TrainPool *pool = NULL;
    int64_t batch = 0;
    CHECK(pool_create(&pool, threads) == STATUS_OK);
    model_open(&m, blocks, pass_blocks, accumulate, reduce);
    model_open(&want, blocks, pass_blocks, accumulate, reduce);
    m.skip_step = want.skip_step = 3;
    for (int steps = 1; steps <= 5; steps++) {
        const int64_t end = batch + (int64_t)steps * accumulate;
        CHECK(run_steps(pool, &m, batch, end + 1, steps) == STATUS_OK);
        for (; batch < end; batch += accumulate) step_in_order(&want, batch);
        CHECK(same_result(&m, &want));
    }
    CHECK(m.steps == 15);
    int ahead = 0, tasks = 0;
    for (int b = 0; b < 256; b++)
        for (int i = 0; i < blocks; i++) {
            CHECK(b < batch ? m.fills[b][i] == 1 : m.fills[b][i] <= (b < batch + 2));
            if (b >= batch) ahead += m.fills[b][i];
        }
    for (int i = 0; i < WORKERS_MAX; i++) tasks += m.by[i];
    CHECK(ahead <= 2 * blocks);
    CHECK(tasks == batch * blocks * 2 + ahead +
                       15 * (accumulate * train_schedule_passes(&m.schedule) * TILES + reduce +
                             SQUARES + 1 + UPDATES) -
                       UPDATES);
    for (int i = threads; i < WORKERS_MAX; i++) CHECK(m.by[i] == 0);
    train_schedule_close(&m.schedule);
    train_schedule_close(&want.schedule);
    pool_destroy(pool);
}

/* The same batches again, other batches, and batches after a failure, whatever was read ahead. */
static void batches_not_read_ahead_are_filled(int threads) {
    static Model m, want;
    static const int64_t order[] = {0, 1, 1, 5, 6, 6, 20, 3};
    TrainPool *pool = NULL;
    CHECK(pool_create(&pool, threads) == STATUS_OK);
    model_open(&m, 4, 2, 1, false);
    model_open(&want, 4, 2, 1, false);
    for (int i = 0; i < 8; i++) {
        m.fail_batch = i % 3 == 1 ? order[i] + 1 : -1;
        train_schedule_drop(&m.schedule);
        Status status = run_steps(pool, &m, order[i], order[i] + (i % 3 != 1), 1);
        CHECK(status == STATUS_OK);
        step_in_order(&want, order[i]);
        CHECK(same_result(&m, &want));
    }
    m.fail_batch = 41;
    CHECK(run_steps(pool, &m, 40, 50, 3) == STATUS_INPUT);
    m.stop_step = m.steps + 1;
    m.fail_batch = -1;
    int64_t before = m.steps;
    train_schedule_drop(&m.schedule);
    CHECK(run_steps(pool, &m, 60, 90, 10) == STATUS_OK && m.steps == before + 2);
    CHECK(run_steps(pool, &m, 0, 0, 0) == STATUS_OK && m.steps == before + 2);
    train_schedule_close(&m.schedule);
    train_schedule_close(&want.schedule);
    pool_destroy(pool);
}

int main(void) {
    for (int threads = 1; threads <= WORKERS_MAX; threads++) {
        tasks_run_in_a_valid_order(threads, 1, 1, 1, false);
        tasks_run_in_a_valid_order(threads, 9, 4, 1, true);
        tasks_run_in_a_valid_order(threads, 8, 4, 2, false);
        tasks_run_in_a_valid_order(threads, 3, 4, 3, true);
        batches_not_read_ahead_are_filled(threads);
    }
    return check_report();
}
