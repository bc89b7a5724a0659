/* device/search/search_cuda.cu - kernel launchers, twin of search_cpu.c. */
#include "search.h"
#include "search_kernels.cuh"

enum { THREADS = 128 }; /* a block: 4 of descend (108 registers), 6 of backup (80) at once */

static Status begin_cuda(const Search *search, const RoundState *states, Stream stream) {
    TRY(search_check(search));
    if (search->B == 0) return STATUS_OK;
    LAUNCH(begin_kernel, launch_blocks(search->B, 1, THREADS), THREADS, stream, *search, states);
    return STATUS_OK;
}

static Status descend_cuda(const Search *search, Stream stream) {
    TRY(search_check(search));
    int B = search->B, E = search->E;
    if (B == 0) return STATUS_OK;
    if (E <= 8)
        LAUNCH(descend_kernel<8>, launch_blocks(B, 8, THREADS), THREADS, stream, *search);
    else if (E <= 16)
        LAUNCH(descend_kernel<16>, launch_blocks(B, 16, THREADS), THREADS, stream, *search);
    else
        LAUNCH(descend_kernel<32>, launch_blocks(B, 32, THREADS), THREADS, stream, *search);
    return STATUS_OK;
}

static Status backup_cuda(const Search *search, Stream stream) {
    TRY(search_check(search));
    int B = search->B, E = search->E;
    if (B == 0) return STATUS_OK;
    if (E <= 8)
        LAUNCH(backup_kernel<8>, launch_blocks(B, 8, THREADS), THREADS, stream, *search);
    else if (E <= 16)
        LAUNCH(backup_kernel<16>, launch_blocks(B, 16, THREADS), THREADS, stream, *search);
    else
        LAUNCH(backup_kernel<32>, launch_blocks(B, 32, THREADS), THREADS, stream, *search);
    return STATUS_OK;
}

extern "C" const SearchOps search_cuda = {
    .begin = begin_cuda,
    .descend = descend_cuda,
    .backup = backup_cuda,
};
