/* nn/train/train_schedule.c - hands out training's tasks in order. */
#include "train_schedule.h"

#include <stdlib.h>

Status train_schedule_open(TrainSchedule *s) {
    bool failed = false;
    s->turn = (int *)calloc((size_t)s->pieces[TRAIN_TILE], sizeof *s->turn);
    for (int i = 0; i < TRAIN_SLOTS; i++) {
        s->slot[i].filled = (bool *)calloc((size_t)s->blocks, sizeof *s->slot[i].filled);
        failed = failed || !s->slot[i].filled;
    }
    if (!s->turn || failed) return STATUS_MEMORY;
    train_schedule_drop(s);
    return STATUS_OK;
}

void train_schedule_close(TrainSchedule *s) {
    free(s->turn);
    for (int i = 0; i < TRAIN_SLOTS; i++) free(s->slot[i].filled);
}

void train_schedule_drop(TrainSchedule *s) {
    for (int i = 0; i < TRAIN_SLOTS; i++) s->slot[i].batch = -1;
}

static void step_begin(TrainSchedule *s) {
    s->stage = TRAIN_ROWS;
    s->front = s->front_block = s->back = s->back_tile = s->complete = 0;
    s->piece = s->pieces_done = 0;
    for (int t = 0; t < s->pieces[TRAIN_TILE]; t++) s->turn[t] = 0;
    for (int i = 0; i < TRAIN_SLOTS; i++) s->rows_done[i] = s->tiles_done[i] = 0;
}

void train_schedule_begin(TrainSchedule *s, int64_t batch, int64_t last_batch, int steps) {
    s->batch = batch;
    s->last_batch = last_batch;
    s->steps = steps;
    step_begin(s);
}

static void step_end(TrainSchedule *s) {
    s->batch += s->accumulate;
    s->steps--;
    step_begin(s);
}

/* On to the next kind that has pieces, or to the next step. */
static void stage_end(TrainSchedule *s) {
    int stage = s->stage == TRAIN_ROWS ? TRAIN_REDUCE : s->stage + 1;
    while (stage < TRAIN_TASK_COUNT && s->pieces[stage] == 0) stage++;
    s->stage = stage;
    s->piece = s->pieces_done = 0;
    if (stage == TRAIN_TASK_COUNT) step_end(s);
}

void train_schedule_skip(TrainSchedule *s) {
    if (s->stage == TRAIN_UPDATE) step_end(s);
}

void train_schedule_stop(TrainSchedule *s) { s->steps = 0; }

static int passes_in_step(const TrainSchedule *s) {
    return s->accumulate * train_schedule_passes(s);
}

static PoolTurn hand(PoolTask *task, TrainTaskKind kind, int index, int item) {
    task->kind = kind;
    task->index = index;
    task->item = item;
    task->filling = kind == TRAIN_FILL;
    return POOL_WORK;
}

/* Hands out a block of batch b, if one is left. Another batch in its slot is stale: a slot is asked
 * for the next batch only when the one before is done. */
static bool hand_fill(TrainSchedule *s, int64_t b, PoolTask *task) {
    TrainSlot *slot = &s->slot[b % TRAIN_SLOTS];
    if (b > s->last_batch) return false;
    if (slot->batch != b) {
        slot->batch = b;
        slot->handed = 0;
        for (int i = 0; i < s->blocks; i++) slot->filled[i] = false;
    }
    if (slot->handed == s->blocks) return false;
    hand(task, TRAIN_FILL, (int)(b % TRAIN_SLOTS), slot->handed++);
    return true;
}

static bool hand_rows(TrainSchedule *s, PoolTask *task) {
    if (s->front == passes_in_step(s) || s->front >= s->complete + TRAIN_SLOTS) return false;
    int64_t b = train_schedule_batch(s, s->front);
    int block = train_schedule_first(s, s->front) + s->front_block;
    const TrainSlot *slot = &s->slot[b % TRAIN_SLOTS];
    if (slot->batch != b || !slot->filled[block]) return hand_fill(s, b, task);
    hand(task, TRAIN_ROWS, s->front, s->front_block++);
    if (s->front_block == train_schedule_blocks(s, s->front)) {
        s->front++;
        s->front_block = 0;
    }
    return true;
}

static bool hand_tile(TrainSchedule *s, PoolTask *task) {
    int p = s->back;
    if (p == passes_in_step(s) || p >= s->complete + TRAIN_SLOTS) return false;
    if (s->rows_done[p % TRAIN_SLOTS] < train_schedule_blocks(s, p)) return false;
    if (s->turn[s->back_tile] != p) return false;
    hand(task, TRAIN_TILE, p, s->back_tile++);
    if (s->back_tile == s->pieces[TRAIN_TILE]) {
        s->back++;
        s->back_tile = 0;
    }
    return true;
}

PoolTurn train_schedule_next(TrainSchedule *s, PoolTask *task) {
    int64_t oldest = s->batch + s->accumulate;
    if (s->steps == 0) return POOL_END;
    if (s->stage == TRAIN_ROWS) {
        if (hand_rows(s, task) || hand_tile(s, task)) return POOL_WORK;
        oldest = train_schedule_batch(s, s->complete);
    } else if (s->piece < s->pieces[s->stage]) {
        return hand(task, (TrainTaskKind)s->stage, 0, s->piece++);
    }
    for (int ahead = 0; ahead < TRAIN_SLOTS; ahead++)
        if (hand_fill(s, oldest + ahead, task)) return POOL_WORK;
    return POOL_WAIT;
}

static void tile_done(TrainSchedule *s, int pass, int tile) {
    int at = pass % TRAIN_SLOTS;
    s->turn[tile]++;
    if (++s->tiles_done[at] < s->pieces[TRAIN_TILE]) return;
    s->tiles_done[at] = s->rows_done[at] = 0;
    if (++s->complete == passes_in_step(s)) stage_end(s);
}

void train_schedule_done(TrainSchedule *s, const PoolTask *task) {
    switch (task->kind) {
    case TRAIN_FILL: s->slot[task->index].filled[task->item] = true; break;
    case TRAIN_ROWS: s->rows_done[task->index % TRAIN_SLOTS]++; break;
    case TRAIN_TILE: tile_done(s, task->index, task->item); break;
    default:
        if (++s->pieces_done == s->pieces[s->stage]) stage_end(s);
    }
}
