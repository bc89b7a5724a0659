/* device/play/play_cuda.cu - kernel launchers, twin of play_cpu.c. */
#include "play.h"
#include "play_kernels.cuh"

enum {
    THREADS = 128,      /* a block */
    WORKERS = 16384,    /* threads that determinize at once: each holds a WorldScratch */
    WORKER_THREADS = 32 /* of move (119 registers) and refill (117) 17 such blocks at once */
};

static int workers_cuda(int G) { return G < WORKERS ? G : WORKERS; }

static Status observe_cuda(const ObserveArgs *args, Stream stream) {
    int B = args->search.B;
    if (B == 0) return STATUS_OK;
    LAUNCH(observe_kernel<32>, launch_blocks(B, 32, THREADS), THREADS, stream, *args);
    return STATUS_OK;
}

static Status move_cuda(const Play *play, Stream stream) {
    LAUNCH(move_kernel, launch_blocks(play->workers, 1, WORKER_THREADS), WORKER_THREADS, stream,
           *play);
    return STATUS_OK;
}

static Status emit_cuda(const Play *play, Stream stream) {
    LAUNCH(emit_kernel<32>, launch_blocks(play->G, 32, THREADS), THREADS, stream, *play);
    return STATUS_OK;
}

static Status refill_cuda(const Play *play, Stream stream) {
    LAUNCH(refill_kernel, launch_blocks(play->workers, 1, WORKER_THREADS), WORKER_THREADS, stream,
           *play);
    return STATUS_OK;
}

static Status tally_cuda(const Play *play, Stream stream) {
    LAUNCH(tally_kernel, 1, 32, stream, *play);
    return STATUS_OK;
}

static Status split_cuda(const Search *search, const Sides *sides, Stream stream) {
    LAUNCH(split_kernel, launch_blocks(search->B, 1, THREADS), THREADS, stream, *search, *sides);
    return STATUS_OK;
}

static Status join_cuda(const Search *search, const Sides *sides, Stream stream) {
    LAUNCH(join_kernel, launch_blocks(search->B + 1, 1, THREADS), THREADS, stream, *search, *sides);
    return STATUS_OK;
}

extern "C" const PlayOps play_cuda = {
    .workers = workers_cuda,
    .observe = observe_cuda,
    .move = move_cuda,
    .emit = emit_cuda,
    .refill = refill_cuda,
    .tally = tally_cuda,
    .split = split_cuda,
    .join = join_cuda,
};
