/* device/core/fault.h - what a body raises, since it cannot return: sticky, the first one wins.
 *
 * The host reads it once an epoch, beside the counters. */
#ifndef DEVICE_CORE_FAULT_H
#define DEVICE_CORE_FAULT_H

#include "portable.h"

typedef enum {
    FAULT_NONE = 0,
    FAULT_LOGIT,  /* the network gave a logit of a legal action that is not finite */
    FAULT_VALUE,  /* the network gave a value that is not finite */
    FAULT_WORLDS, /* no deal fits the public history */
    FAULT_TABLE,  /* determinization: more states than the scratch table holds */
    FAULT_RECORD, /* a game's record outgrew its space */
    FAULT_INT8,   /* the network met an activation that is not finite and cannot be quantized */
    FAULT_COUNT
} FaultCode;

typedef struct {
    uint32_t code; /* FaultCode */
    uint32_t pad;
    int64_t item; /* which tree, row or slot raised it */
} Fault;

HD void fault_raise(Fault *fault, FaultCode code, int64_t item) {
#ifdef __CUDA_ARCH__
    if (atomicCAS(&fault->code, 0u, (uint32_t)code) == 0u) fault->item = item;
#else
    uint32_t none = FAULT_NONE;
    if (__atomic_compare_exchange_n(&fault->code, &none, (uint32_t)code, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        fault->item = item;
#endif
}

HD uint32_t fault_code(const Fault *fault) {
#ifdef __CUDA_ARCH__
    return *(const volatile uint32_t *)&fault->code;
#else
    return __atomic_load_n(&fault->code, __ATOMIC_RELAXED);
#endif
}

/* Whether a fault was raised before: the same answer in every lane of a team, though another team
 * may raise one at this moment. Whatever is enqueued after a fault returns at once. */
HD bool fault_stops(const Fault *fault, Team team) {
    return team_first(team, (int)fault_code(fault)) != FAULT_NONE;
}

#endif
