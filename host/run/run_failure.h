/* host/run/run_failure.h - reports why a run failed, which games it lost, and how to play them
 * again. */
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
    int64_t started; /* games started, by the last counters read */
    char **argv;     /* of the program; ends in NULL */
} RunFailure;

/* A fault that a body raised: STATUS_FAULT. */
Status run_failure_fault(const RunFailure *failure, const Fault *fault);

/* The device failed, which is already reported: returns `status`. */
Status run_failure_device(const RunFailure *failure, Status status);

#endif
