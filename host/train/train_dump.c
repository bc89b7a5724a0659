/* host/train/train_dump.c - saves the batch that stopped a run, for inspection.
 *
 *   observation  F32 or BF16, as trained on (R, 256)
 *   legal        I64 (R)       bit c: canonical action c
 *   policy       F32 (R, 52)   target; value F32 (R, 8) likewise
 *   seats        I32 (R)       number of seats that play */
#include <stdlib.h>
#include <string.h>

#include "host/files/safetensors.h"
#include "train_run.h"

enum { X, LEGAL, POLICY, VALUE, SEATS, COUNT };

typedef struct {
    TrainRun *run;
    int rows;
    SafeTensor tensors[COUNT];
    size_t bytes[COUNT];
    void *at[COUNT], *number; /* device */
    void *host;               /* as large as the largest tensor */
} Dump;

static void describe(Dump *d) {
    const SafeType type = d->run->device->net->bf16_rows ? SAFE_BF16 : SAFE_F32;
    const SafeTensor tensors[COUNT] = {
        {.name = "observation", .type = type, .rank = 2, .dims = {d->rows, OBSERVE_COLUMNS}},
        {.name = "legal", .type = SAFE_I64, .rank = 1, .dims = {d->rows}},
        {.name = "policy", .type = SAFE_F32, .rank = 2, .dims = {d->rows, ACTIONS}},
        {.name = "value", .type = SAFE_F32, .rank = 2, .dims = {d->rows, MAX_SEATS}},
        {.name = "seats", .type = SAFE_I32, .rank = 1, .dims = {d->rows}}};
    memcpy(d->tensors, tensors, sizeof tensors);
    for (int i = 0; i < COUNT; i++) {
        const int64_t columns = tensors[i].rank == 2 ? tensors[i].dims[1] : 1;
        d->bytes[i] = (size_t)(d->rows * columns) * (size_t)safetensors_type_bytes(tensors[i].type);
    }
}

static Status take(Dump *d) {
    const Backend *backend = d->run->device->backend;
    size_t most = 0;
    for (int i = 0; i < COUNT; i++) {
        TRY(backend->alloc(&d->at[i], d->bytes[i]));
        if (d->bytes[i] > most) most = d->bytes[i];
    }
    TRY(backend->alloc(&d->number, sizeof(int64_t)));
    d->host = malloc(most);
    return d->host ? STATUS_OK : STATUS_MEMORY;
}

static void release(Dump *d) {
    const Backend *backend = d->run->device->backend;
    for (int i = 0; i < COUNT; i++)
        if (d->at[i]) backend->release(d->at[i]);
    if (d->number) backend->release(d->number);
    free(d->host);
}

/* Fills the arrays exactly as the trainer's source does. */
static Status gather(Dump *d, int64_t batch) {
    TrainRun *run = d->run;
    TrainBatch out = {.x = d->at[X],
                      .legal = (uint64_t *)d->at[LEGAL],
                      .policy = (float *)d->at[POLICY],
                      .value = (float *)d->at[VALUE],
                      .seats = (int32_t *)d->at[SEATS]};
    GatherArgs args = {.replay = run->replay,
                       .batch = (const int64_t *)d->number,
                       .rows = d->rows,
                       .out = out,
                       .bf16 = run->device->net->bf16_rows};
    TRY(run->device->backend->to_device(d->number, &batch, sizeof batch, run->stream));
    return run->device->replay->gather(&args, run->stream);
}

static Status append(Dump *d, SafetensorsWriter *file, int i) {
    const Backend *backend = d->run->device->backend;
    TRY(backend->to_host(d->host, d->at[i], d->bytes[i], d->run->stream));
    TRY(backend->stream_sync(d->run->stream));
    return safetensors_append(file, i, d->host, d->bytes[i]);
}

static Status write_file(Dump *d, const char *path) {
    SafetensorsWriter file;
    Status status = STATUS_OK;
    TRY(safetensors_create(&file, path, d->tensors, COUNT, NULL));
    for (int i = 0; i < COUNT && status == STATUS_OK; i++) status = append(d, &file, i);
    if (status == STATUS_OK) return safetensors_commit(&file);
    safetensors_abort(&file);
    return status;
}

Status train_dump_batch(TrainRun *run, int64_t batch) {
    char path[RUN_PATH];
    Dump d;
    memset(&d, 0, sizeof d);
    d.run = run;
    d.rows = run->options.batch;
    run_folder_path(&run->folder, RUN_BAD_BATCH, path);
    describe(&d);
    Status status = take(&d);
    if (status == STATUS_OK) status = gather(&d, batch);
    if (status == STATUS_OK) status = write_file(&d, path);
    if (status == STATUS_OK) fprintf(stderr, "the batch of the last step is in %s\n", path);
    release(&d);
    return status;
}
