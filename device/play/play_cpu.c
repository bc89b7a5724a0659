/* device/play/play_cpu.c - loop launchers, twin of play_cuda.cu. */
#include <omp.h>

#include "observe_rows.h"
#include "refill.h"

/* Slots or trees a thread takes at once; no more than that, and one thread does them. */
enum { CHUNK = 16 };

static int executors_cpu(int G) {
    (void)G;
    return omp_get_max_threads();
}

static Status observe_cpu(const ObserveArgs *args, Stream stream) {
    (void)stream;
#pragma omp parallel for schedule(dynamic, CHUNK) if (args->search.B > CHUNK)
    for (int b = 0; b < args->search.B; b++) observe_rows_one(args, b, TEAM_OF_ONE);
    return STATUS_OK;
}

static Status move_cpu(const Play *play, Stream stream) {
    (void)stream;
#pragma omp parallel for schedule(dynamic, CHUNK) num_threads(play->executors) if (play->G > CHUNK)
    for (int g = 0; g < play->G; g++) move_one(play, g, play->scratch + omp_get_thread_num());
    return STATUS_OK;
}

static Status emit_cpu(const Play *play, Stream stream) {
    (void)stream;
#pragma omp parallel for if (play->G > CHUNK)
    for (int g = 0; g < play->G; g++) emit_one(play, g, TEAM_OF_ONE);
    return STATUS_OK;
}

static Status refill_cpu(const Play *play, Stream stream) {
    (void)stream;
#pragma omp parallel for schedule(dynamic, CHUNK) num_threads(play->executors) if (play->G > CHUNK)
    for (int g = 0; g < play->G; g++) refill_one(play, g, play->scratch + omp_get_thread_num());
    return STATUS_OK;
}

static Status tally_cpu(const Play *play, Stream stream) {
    (void)stream;
    tally_one(play);
    return STATUS_OK;
}

const PlayOps play_cpu = {executors_cpu, observe_cpu, move_cpu, emit_cpu, refill_cpu, tally_cpu};
