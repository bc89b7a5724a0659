/* tests/sim/memory.cpp - device memory and pinned memory: a heap block for each allocation.
 *
 * AddressSanitizer thus knows the bounds of each, and MemorySanitizer what nobody wrote; without
 * the latter, unwritten bytes are 0xCD. Under AddressSanitizer device memory is poisoned for the
 * host. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"
#include "sanitizer.h"
#include "sim.h"

enum { ALIGNMENT = 256, UNWRITTEN = 0xCD };

/* Bytes of a block that belong to no array. */
struct Gap {
    char *at;
    size_t bytes;
};

struct Block {
    char *at;
    size_t bytes;
    bool pinned;
    std::vector<Gap> gaps;
};

static std::vector<Block> blocks;
static size_t total_bytes = (size_t)16 << 30, taken_bytes;
static int entered;

void sim_memory(size_t bytes) { total_bytes = bytes; }

static bool lies_in(const Block &b, const void *p, size_t bytes) {
    uintptr_t at = (uintptr_t)p, from = (uintptr_t)b.at;
    return at >= from && at - from <= b.bytes && bytes <= b.bytes - (at - from);
}

static bool find(const void *p, size_t bytes, bool pinned) {
    for (const Block &b : blocks)
        if (b.pinned == pinned && lies_in(b, p, bytes)) return true;
    return false;
}

bool memory_is_device(const void *p, size_t bytes) { return find(p, bytes, false); }
bool memory_is_pinned(const void *p, size_t bytes) { return find(p, bytes, true); }

static void open_block(const Block &b) {
    (void)b;
#if SIM_ASAN
    __asan_unpoison_memory_region(b.at, b.bytes);
    for (const Gap &gap : b.gaps) __asan_poison_memory_region(gap.at, gap.bytes);
#endif
}

static void close_block(const Block &b) {
    (void)b;
#if SIM_ASAN
    __asan_poison_memory_region(b.at, b.bytes);
#endif
}

void memory_enter(void) {
    if (!SIM_ASAN || entered++ > 0) return;
    for (const Block &b : blocks)
        if (!b.pinned) open_block(b);
}

void memory_leave(void) {
    if (!SIM_ASAN || --entered > 0) return;
    for (const Block &b : blocks)
        if (!b.pinned) close_block(b);
}

/* Gaps, which nobody may touch, separate the arrays of one allocation: see arena_guarded.h. */
extern "C" void sim_gap(void *p, size_t bytes) {
    for (Block &b : blocks)
        if (!b.pinned && lies_in(b, p, bytes)) b.gaps.push_back({(char *)p, bytes});
}

static cudaError_t take(void **out, size_t bytes, bool pinned) {
    *out = NULL;
    if (cudaError_t error = error_injected()) return error;
    if (cudaError_t error = capture_forbids(pinned ? "cudaMallocHost" : "cudaMalloc")) return error;
    SimCall call = {};
    call.kind = pinned ? SIM_ALLOC_HOST : SIM_ALLOC;
    call.bytes = bytes;
    call_add(call);
    if (bytes == 0) return cudaSuccess;
    void *p = NULL;
    bool fits = pinned || bytes <= total_bytes - taken_bytes;
    if (!fits || posix_memalign(&p, ALIGNMENT, bytes) != 0)
        return error_set(cudaErrorMemoryAllocation);
#if !SIM_MSAN
    memset(p, UNWRITTEN, bytes);
#endif
    if (!pinned) taken_bytes += bytes;
    blocks.push_back({(char *)p, bytes, pinned, {}});
    if (!pinned && SIM_ASAN) close_block(blocks.back());
    *out = p;
    return cudaSuccess;
}

/* Waits for nothing: operations still enqueued find the memory gone. */
static cudaError_t give(void *p, bool pinned) {
    if (cudaError_t error = error_injected()) return error;
    if (cudaError_t error = capture_forbids(pinned ? "cudaFreeHost" : "cudaFree")) return error;
    SimCall call = {};
    call.kind = pinned ? SIM_FREE_HOST : SIM_FREE;
    call.dst = p;
    call_add(call);
    if (!p) return cudaSuccess;
    for (size_t i = 0; i < blocks.size(); i++) {
        if (blocks[i].at != p || blocks[i].pinned != pinned) continue;
        if (!pinned) taken_bytes -= blocks[i].bytes;
#if SIM_ASAN
        __asan_unpoison_memory_region(blocks[i].at, blocks[i].bytes);
#endif
        blocks.erase(blocks.begin() + (long)i);
        free(p);
        return cudaSuccess;
    }
    return error_say(cudaErrorInvalidValue, "a free of memory that was not allocated");
}

cudaError_t cudaMalloc(void **out, size_t bytes) { return take(out, bytes, false); }
cudaError_t cudaFree(void *p) { return give(p, false); }
cudaError_t cudaMallocHost(void **out, size_t bytes) { return take(out, bytes, true); }
cudaError_t cudaFreeHost(void *p) { return give(p, true); }

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total) {
    if (cudaError_t error = error_injected()) return error;
    *free_bytes = total_bytes - taken_bytes;
    *total = total_bytes;
    return cudaSuccess;
}

#if SIM_ASAN
/* Touches the first poisoned byte of host memory, so that AddressSanitizer reports it. */
static void host_check(const void *p, size_t bytes) {
    if (memory_is_device(p, bytes)) return;
    const volatile char *bad = (char *)__asan_region_is_poisoned((void *)p, bytes);
    if (bad) (void)*bad;
}

/* Copies and sets include the gaps within a block. Volatile, or the compiler would call memcpy. */
__attribute__((no_sanitize("address"))) static void
copy_bytes(volatile char *to, const volatile char *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) to[i] = from[i];
}

__attribute__((no_sanitize("address"))) void memory_set(void *dst, int value, size_t bytes) {
    volatile char *to = (volatile char *)dst;
    for (size_t i = 0; i < bytes; i++) to[i] = (char)value;
}

void memory_copy(void *dst, const void *src, size_t bytes) {
    host_check(dst, bytes);
    host_check(src, bytes);
    copy_bytes((volatile char *)dst, (const volatile char *)src, bytes);
}
#else
void memory_copy(void *dst, const void *src, size_t bytes) { memcpy(dst, src, bytes); }
void memory_set(void *dst, int value, size_t bytes) { memset(dst, value, bytes); }
#endif
