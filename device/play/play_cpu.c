/* device/play/play_cpu.c - loop launchers, twin of play_cuda.cu. */
#include <omp.h>

#include "observe_rows.h"
#include "refill.h"

enum {
    CHUNK = 16, /* slots or trees a thread takes at once: their work differs */
    FEW = 128   /* so many or fewer are one thread's: waking others costs more */
};

static int workers_cpu(int G) {
    (void)G;
    return omp_get_max_threads();
}

static Status observe_cpu(const ObserveArgs *args, Stream stream) {
    (void)stream;
#pragma omp parallel for schedule(dynamic, CHUNK) if (args->search.B > FEW)
    for (int b = 0; b < args->search.B; b++) observe_rows_one(args, b, TEAM_OF_ONE);
    return STATUS_OK;
}

static Status move_cpu(const Play *play, Stream stream) {
    (void)stream;
    const int chunk = play->pimc ? 1 : CHUNK, few = play->pimc ? 0 : FEW;
    (void)chunk; /* without OpenMP nobody reads them */
    (void)few;
#pragma omp parallel for schedule(dynamic, chunk) num_threads(play->workers) if (play->G > few)
    for (int g = 0; g < play->G; g++) move_one(play, g, play->scratch + omp_get_thread_num());
    return STATUS_OK;
}

/* Few slots have anything to do here: waking threads would cost more. */
static Status emit_cpu(const Play *play, Stream stream) {
    (void)stream;
    for (int g = 0; g < play->G; g++) emit_one(play, g, TEAM_OF_ONE);
    return STATUS_OK;
}

/* As above, but for players that solve worlds: a move of theirs takes milliseconds, and where no
 * network plays whole games run here. */
static Status refill_cpu(const Play *play, Stream stream) {
    (void)stream;
#pragma omp parallel for schedule(dynamic) num_threads(play->workers) if (play->pimc != NULL)
    for (int g = 0; g < play->G; g++) refill_one(play, g, play->scratch + omp_get_thread_num());
    return STATUS_OK;
}

static Status tally_cpu(const Play *play, Stream stream) {
    (void)stream;
    tally_one(play);
    return STATUS_OK;
}

static Status split_cpu(const Search *search, const Sides *sides, Stream stream) {
    (void)stream;
    for (int b = 0; b < search->B; b++) sides_split_one(search, sides, b);
    return STATUS_OK;
}

static Status join_cpu(const Search *search, const Sides *sides, Stream stream) {
    (void)stream;
    for (int b = 0; b <= search->B; b++) sides_join_one(search, sides, b);
    return STATUS_OK;
}

const PlayOps play_cpu = {
    .workers = workers_cpu,
    .observe = observe_cpu,
    .move = move_cpu,
    .emit = emit_cpu,
    .refill = refill_cpu,
    .tally = tally_cpu,
    .split = split_cpu,
    .join = join_cpu,
};
