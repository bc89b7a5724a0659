/* tests/sim/stream.cpp - streams: queues that run only when somebody waits for them. */
#include <algorithm>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime.h"
#include "sanitizer.h"

static CUstream_st default_stream;
static std::vector<CUstream_st *> streams;
static CUstream_st
    *active; /* the one that runs a step now, on its own stack; NULL: the host runs */

CUstream_st *stream_find(cudaStream_t stream) {
    if (!stream) return &default_stream;
    bool known = std::find(streams.begin(), streams.end(), stream) != streams.end();
    return known ? stream : NULL;
}

cudaError_t capture_forbids(const char *call) {
    bool captures = false;
    for (CUstream_st *s : streams) {
        if (!s->capture) continue;
        s->capture->broken = captures = true;
    }
    if (!captures) return cudaSuccess;
    char line[128];
    snprintf(line, sizeof line, "%s while a stream is being captured", call);
    return error_say(cudaErrorStreamCaptureUnsupported, line);
}

static double clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

cudaError_t stream_enqueue(cudaStream_t stream, std::unique_ptr<SimOp> op) {
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    call_add_op(*op, stream, s->capture != nullptr);
    if (s->capture) return capture_add(s, *op);
    sanitizer_release(op.get());
    s->queue.push_back(std::move(op));
    return cudaSuccess;
}

static void stream_step(CUstream_st *s);

static void event_reach(EventState &event, long recording) {
    event.reached = recording;
    event.seconds = clock_seconds();
    sanitizer_release(&event.tag);
}

static void event_pass(const std::shared_ptr<EventState> &event, long recording) {
    while (event->reached < recording) {
        CUstream_st *s = stream_find(event->stream);
        if (!s || s->queue.empty()) {
            fprintf(stderr, "simulator: a stream waits for an event that is never reached\n");
            _Exit(97);
        }
        stream_step(s);
    }
    sanitizer_acquire(&event->tag);
}

void op_run(const SimOp &op) {
    call_ran(op);
    switch (op.kind) {
    case SIM_KERNEL: engine_run(*op.kernel, &active->fiber, &active->pool); break;
    case SIM_COPY: memory_copy(op.dst, op.src, op.bytes); break;
    case SIM_SET: memory_set(op.dst, op.value, op.bytes); break;
    case SIM_EVENT_RECORD: event_reach(*op.event, op.recording); break;
    case SIM_EVENT_WAIT: event_pass(op.event, op.recording); break;
    case SIM_GRAPH_LAUNCH:
        conditional_launch(*op.run);
        graph_run(*op.run, op.recordings);
        break;
    default: break;
    }
}

/* Runs on the stack of a stream: one operation each time it is switched to. */
static void stream_main(void) {
    fiber_begun(&active->fiber);
    for (;;) {
        CUstream_st *s = active;
        sanitizer_acquire(s->running.get());
        op_run(*s->running);
        s->running.reset();
        sanitizer_release(&s->tag);
        fiber_switch(&s->fiber, &s->caller);
    }
}

static void stream_open(CUstream_st *s) {
    void *thread = NULL;
#if SIM_TSAN
    thread = __tsan_create_fiber(0);
#endif
    fiber_open(&s->fiber, 0);
    fiber_restart(&s->fiber, thread, stream_main);
}

/* Runs the oldest operation of the stream. */
static void stream_step(CUstream_st *s) {
    CUstream_st *before = active;
    if (!s->fiber.stack) stream_open(s);
    if (before)
        s->caller = before->fiber;
    else
        fiber_adopt(&s->caller);
    s->running = std::move(s->queue.front());
    s->queue.pop_front();
    active = s;
    memory_enter();
    fiber_switch(&s->caller, &s->fiber);
    memory_leave();
    active = before;
}

static void stream_drain(CUstream_st *s) {
    while (!s->queue.empty()) stream_step(s);
    sanitizer_acquire(&s->tag);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags) {
    *out = NULL;
    if (cudaError_t error = error_injected()) return error;
    if (flags != cudaStreamNonBlocking)
        return error_say(cudaErrorNotSupported, "a stream that waits for the default one");
    *out = new CUstream_st();
    streams.push_back(*out);
    return cudaSuccess;
}

/* What is still enqueued runs first, as in CUDA. */
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    CUstream_st *s = stream_find(stream);
    if (!stream || !s) return error_set(cudaErrorInvalidResourceHandle);
    if (s->capture) return capture_forbids("cudaStreamDestroy");
    stream_drain(s);
    streams.erase(std::find(streams.begin(), streams.end(), s));
    fiber_close(&s->fiber);
#if SIM_TSAN
    for (void *thread : s->pool.threads) __tsan_destroy_fiber(thread);
#endif
    delete s;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (cudaError_t error = error_injected()) return error;
    if (cudaError_t error = capture_forbids("cudaStreamSynchronize")) return error;
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    call_add_kind(SIM_STREAM_SYNC, stream);
    stream_drain(s);
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize(void) {
    if (cudaError_t error = error_injected()) return error;
    if (cudaError_t error = capture_forbids("cudaDeviceSynchronize")) return error;
    call_add_kind(SIM_DEVICE_SYNC, NULL);
    stream_drain(&default_stream);
    for (CUstream_st *s : streams) stream_drain(s);
    return cudaSuccess;
}

/* If not ready, the stream does one more step, so that a loop of queries ends. */
cudaError_t cudaStreamQuery(cudaStream_t stream) {
    if (cudaError_t error = error_injected()) return error;
    if (cudaError_t error = capture_forbids("cudaStreamQuery")) return error;
    CUstream_st *s = stream_find(stream);
    if (!s) return error_set(cudaErrorInvalidResourceHandle);
    call_add_kind(SIM_QUERY, stream);
    if (s->queue.empty()) {
        sanitizer_acquire(&s->tag);
        return cudaSuccess;
    }
    stream_step(s);
    return cudaErrorNotReady;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags) {
    *out = NULL;
    if (cudaError_t error = error_injected()) return error;
    *out = new CUevent_st{std::make_shared<EventState>()};
    (*out)->state->timed = !(flags & cudaEventDisableTiming);
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *out) {
    return cudaEventCreateWithFlags(out, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    if (!event) return error_set(cudaErrorInvalidResourceHandle);
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
    if (cudaError_t error = error_injected()) return error;
    CUstream_st *s = stream_find(stream);
    if (!event || !s) return error_set(cudaErrorInvalidResourceHandle);
    EventState &state = *event->state;
    state.captured = s->capture && flags != cudaEventRecordExternal;
    if (state.captured) return cudaSuccess; /* it marks a point in the graph and makes no node */
    std::unique_ptr<SimOp> op(new SimOp());
    op->kind = SIM_EVENT_RECORD;
    op->event = event->state;
    if (!s->capture) {
        state.stream = stream;
        op->recording = ++state.enqueued;
    }
    return stream_enqueue(stream, std::move(op));
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (cudaError_t error = error_injected()) return error;
    CUstream_st *s = stream_find(stream);
    if (!event || !s) return error_set(cudaErrorInvalidResourceHandle);
    if (event->state->captured || s->capture)
        return error_say(cudaErrorNotSupported, "a wait for another stream during a capture");
    std::unique_ptr<SimOp> op(new SimOp());
    op->kind = SIM_EVENT_WAIT;
    op->event = event->state;
    op->recording = event->state->enqueued;
    return stream_enqueue(stream, std::move(op));
}

/* The errors that waiting for an event and querying it share. */
static cudaError_t event_check(cudaEvent_t event, SimKind kind, const char *call) {
    if (cudaError_t error = error_injected()) return error;
    if (cudaError_t error = capture_forbids(call)) return error;
    if (!event) return error_set(cudaErrorInvalidResourceHandle);
    if (event->state->captured) return error_set(cudaErrorCapturedEvent);
    call_add_kind(kind, NULL);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    cudaError_t error = event_check(event, SIM_EVENT_SYNC, "cudaEventSynchronize");
    if (error == cudaSuccess) event_pass(event->state, event->state->enqueued);
    return error;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    cudaError_t error = event_check(event, SIM_QUERY, "cudaEventQuery");
    if (error != cudaSuccess) return error;
    EventState &state = *event->state;
    if (state.reached == state.enqueued) {
        sanitizer_acquire(&state.tag);
        return cudaSuccess;
    }
    CUstream_st *s = stream_find(state.stream);
    if (s && !s->queue.empty()) stream_step(s);
    return cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to) {
    if (cudaError_t error = error_injected()) return error;
    if (!from || !to || !from->state->timed || !to->state->timed || from->state->enqueued == 0 ||
        to->state->enqueued == 0)
        return error_set(cudaErrorInvalidResourceHandle);
    if (from->state->reached < from->state->enqueued || to->state->reached < to->state->enqueued)
        return cudaErrorNotReady;
    *ms = (float)(1e3 * (to->state->seconds - from->state->seconds));
    return cudaSuccess;
}
