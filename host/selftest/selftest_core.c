/* host/selftest/selftest_core.c - random numbers, arithmetic and sums: cuda's bits against the
 * CPU's. */
#include <stdlib.h>

#include "device/core/scan.h"
#include "device/probe/probe.h"
#include "selftest.h"

Status selftest_random(Selftest *t) {
    enum { BLOCKS = 1 << 16 };
    /* Philox 4x32-10 of zero counters and keys, as published with Random123. */
    static const uint32_t published[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    static const uint32_t zero[4] = {0, 0, 0, 0};
    uint32_t out[4];
    Status status = STATUS_MEMORY;
    uint32_t *here = malloc(sizeof *here * BLOCKS * PROBE_DRAWS);
    uint32_t *there = malloc(sizeof *there * BLOCKS * PROBE_DRAWS);
    if (!here || !there) goto fail;
    philox4x32(zero, zero, out);
    selftest_exact(t, "Philox against its published numbers",
                   memcmp(out, published, sizeof out) != 0, 1, "blocks");
    ProbeRandomArgs args = {t->seed, there, BLOCKS};
    TRY_GOTO(status, probe_random(&args));
    args.out = here;
    int64_t blocks = 0, draws = 0;
    for (int i = 0; i < BLOCKS; i++) {
        const uint32_t *a = here + (int64_t)i * PROBE_DRAWS, *b = there + (int64_t)i * PROBE_DRAWS;
        probe_random_one(&args, i);
        blocks += memcmp(a, b, 4 * sizeof *a) != 0;
        draws += memcmp(a + 4, b + 4, (PROBE_DRAWS - 4) * sizeof *a) != 0;
    }
    selftest_exact(t, "Philox, ours and cuRAND's", blocks, BLOCKS, "blocks");
    selftest_exact(t, "streams of numbers", draws, BLOCKS, "streams");
fail:
    free(there);
    free(here);
    return status;
}

static bool same_real(float a, float b) {
    return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

/* Half of the numbers have arbitrary bits, half lie in -8..8. */
static void fill_reals(uint64_t seed, float *x, int n) {
    for (int i = 0; i < n; i++) {
        uint64_t word = splitmix64(seed + (uint64_t)i);
        uint32_t bits = (uint32_t)word;
        memcpy(&x[i], &bits, sizeof bits);
        if (i % 2) x[i] = (float)((double)word * 0x1p-64 * 16 - 8);
    }
}

Status selftest_real(Selftest *t) {
    enum { FLOATS = 1 << 18 };
    float *a = malloc(sizeof *a * FLOATS), *b = malloc(sizeof *b * FLOATS);
    float *here = malloc(sizeof *here * FLOATS), *there = malloc(sizeof *there * FLOATS);
    Status status = STATUS_MEMORY;
    if (!a || !b || !here || !there) goto fail;
    fill_reals(t->seed, a, FLOATS);
    fill_reals(t->seed + FLOATS, b, FLOATS);
    for (int f = 0; f < PROBE_REAL_COUNT; f++) {
        ProbeRealArgs args = {a, b, there, (ProbeReal)f, FLOATS};
        TRY_GOTO(status, probe_real(&args));
        args.y = here;
        int64_t differ = 0;
        for (int i = 0; i < FLOATS; i++) {
            probe_real_one(&args, i);
            differ += !same_real(here[i], there[i]);
        }
        selftest_exact(t, probe_real_name((ProbeReal)f), differ, FLOATS, "results");
    }
fail:
    free(there);
    free(here);
    free(b);
    free(a);
    return status;
}

/* Scans n numbers on the device; `in` and `out` are host memory. */
static Status scan_there(const Backend *backend, const int32_t *in, int32_t *out, int n) {
    size_t bytes = ((size_t)n + 1) * sizeof *in, temp_bytes = backend->scan_bytes(n);
    void *in_there = NULL, *out_there = NULL, *temp = NULL;
    Stream stream = NULL;
    Status status;
    TRY_GOTO(status, backend->stream_open(&stream));
    TRY_GOTO(status, backend->alloc(&in_there, bytes));
    TRY_GOTO(status, backend->alloc(&out_there, bytes));
    TRY_GOTO(status, backend->alloc(&temp, temp_bytes));
    TRY_GOTO(status, backend->to_device(in_there, in, bytes, stream));
    TRY_GOTO(status, backend->scan((const int32_t *)in_there, (int32_t *)out_there, n, temp,
                                   temp_bytes, stream));
    TRY_GOTO(status, backend->to_host(out, out_there, bytes, stream));
    TRY_GOTO(status, backend->stream_sync(stream));
fail:
    if (temp) backend->release(temp);
    if (out_there) backend->release(out_there);
    if (in_there) backend->release(in_there);
    if (stream) backend->stream_close(stream);
    return status;
}

Status selftest_scan(Selftest *t) {
    enum { MOST = 1 << 20 };
    static const int sizes[] = {1, 2, 31, 32, 33, 1000, 4095, 4096, 72000, MOST};
    size_t bytes = ((size_t)MOST + 1) * sizeof(int32_t);
    int32_t *in = malloc(bytes), *here = malloc(bytes), *there = malloc(bytes);
    Status status = STATUS_MEMORY;
    int64_t differ = 0, sums = 0;
    if (!in || !here || !there) goto fail;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        int n = sizes[k];
        for (int i = 0; i < n; i++)
            in[i] = (int32_t)(splitmix64(t->seed + (uint64_t)(i + n)) % 9); /* K = 8 rows a tree */
        in[n] = 0;
        ScanArgs args = {in, here, n};
        scan_one(&args);
        TRY_GOTO(status, scan_there(t->device->backend, in, there, n));
        for (int i = 0; i <= n; i++) differ += here[i] != there[i];
        sums += n + 1;
    }
    selftest_exact(t, "1 to 1,048,576 numbers, against scan_one", differ, sums, "sums");
fail:
    free(there);
    free(here);
    free(in);
    return status;
}
