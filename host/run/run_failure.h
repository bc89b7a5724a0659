/* host/run/run_failure.h - what a person needs when a run breaks off: why, which games, how to look. */
#ifndef HOST_RUN_RUN_FAILURE_H
#define HOST_RUN_RUN_FAILURE_H

#include "host/games/shard.h"
#include "selfplay_options.h"

typedef struct {
    const SelfplayOptions *options;
    const SelfplayConfig *config;
    ShardStore *store;
    const GameRange *ranges; /* (range_count) what the run plays */
    int range_count;
    bool graphs;     /* the device launches captured epochs */
    int64_t started; /* games begun, as the last counters that were read say */
    char **argv;     /* of the program, NULL at its end */
} RunFailure;

/* A fault that a body raised: STATUS_FAULT. */
Status run_failure_fault(const RunFailure *failure, const Fault *fault);

/* The device refused, and has said why: passes `status` on. */
Status run_failure_device(const RunFailure *failure, Status status);

#endif
