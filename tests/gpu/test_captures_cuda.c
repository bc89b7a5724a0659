/* tests/gpu/test_captures_cuda.c - two threads capture at once, as training and self-play do side
 * by side.
 *
 * Each graph does what its own thread asked for and nothing else. Skips (77) without a GPU. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "device/core/backend.h"
#include "tests/support/check.h"

/* One of two threads that capture at once, each zeroing its own half of `data`. */
typedef struct {
    pthread_barrier_t *turn;
    int which;
    Stream stream;
    unsigned char *data; /* (BYTES) device memory */
} Capturing;

enum { BYTES = 256 };

static void *capture(void *context) {
    const Capturing *c = (const Capturing *)context;
    Stream stream = c->stream;
    Graph graph = NULL;
    bool ok = backend_cuda.enter() == STATUS_OK;
    /* 0 begins, 1 begins, 0 enqueues, 1 enqueues, 0 ends, 1 ends: one thing at a time */
    for (int turn = 0; turn < 6; turn++) {
        if (turn % 2 == c->which && ok) {
            if (turn / 2 == 0)
                ok = backend_cuda.capture_begin(stream, c->which ? GRAPH_TIMED : GRAPH_PLAIN) ==
                     STATUS_OK;
            else if (turn / 2 == 1)
                ok = backend_cuda.phase(PHASE_MOVE, stream) == STATUS_OK &&
                     backend_cuda.zero(c->data, BYTES, stream) == STATUS_OK &&
                     backend_cuda.phase(PHASE_OTHER, stream) == STATUS_OK;
            else
                ok = backend_cuda.capture_end(stream, &graph) == STATUS_OK;
        }
        pthread_barrier_wait(c->turn);
    }
    for (int which = 0; which < 2; which++) { /* one after the other */
        if (which == c->which && ok && graph)
            ok = backend_cuda.graph_launch(graph, stream) == STATUS_OK &&
                 backend_cuda.stream_sync(stream) == STATUS_OK;
        pthread_barrier_wait(c->turn);
    }
    for (int which = 0; which < 2; which++) {
        if (which == c->which && graph) backend_cuda.graph_close(graph);
        pthread_barrier_wait(c->turn);
    }
    return ok && graph ? context : NULL;
}

static void two_captures(void) {
    pthread_barrier_t turn;
    pthread_t thread[2];
    void *block = NULL, *done[2];
    unsigned char host[2 * BYTES];
    Stream stream[2];
    CHECK(backend_cuda.alloc(&block, sizeof host) == STATUS_OK);
    for (int i = 0; i < 2; i++) CHECK(backend_cuda.stream_open(&stream[i]) == STATUS_OK);
    if (checks_failed) exit(1);
    memset(host, 7, sizeof host);
    CHECK(backend_cuda.to_device(block, host, sizeof host, stream[0]) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(stream[0]) == STATUS_OK);
    pthread_barrier_init(&turn, NULL, 2);
    Capturing c[2] = {{&turn, 0, stream[0], (unsigned char *)block},
                      {&turn, 1, stream[1], (unsigned char *)block + BYTES}};
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&thread[i], NULL, capture, &c[i]) == 0);
    for (int i = 0; i < 2; i++) CHECK(pthread_join(thread[i], &done[i]) == 0 && done[i]);
    CHECK(backend_cuda.to_host(host, block, sizeof host, stream[0]) == STATUS_OK);
    CHECK(backend_cuda.stream_sync(stream[0]) == STATUS_OK);
    for (size_t i = 0; i < sizeof host; i++)
        if (host[i] != 0) {
            CHECK(host[i] == 0);
            break;
        }
    pthread_barrier_destroy(&turn);
    for (int i = 0; i < 2; i++) backend_cuda.stream_close(stream[i]);
    backend_cuda.release(block);
}

int main(void) {
    char device_text[256];
    if (backend_cuda.open(device_text, sizeof device_text) != STATUS_OK) return 77;
    two_captures();
    return check_report();
}
