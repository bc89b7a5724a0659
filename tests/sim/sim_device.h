/* tests/sim/sim_device.h - the two devices that the simulator's tests compare. */
#ifndef TESTS_SIM_SIM_DEVICE_H
#define TESTS_SIM_SIM_DEVICE_H

#include "device/play/selfplay.h"
#include "calls.h"
#include "sim.h"

EXTERN_C_BEGIN
/* device_simulated has the tables of the CUDA backend, which runs on the model of a GPU. */
extern const Device device_processor, device_simulated;
EXTERN_C_END

/* `config` with the network implementation that the device chooses. */
static inline Status config_for(const Device *device, const SelfplayConfig *config,
                                const Weights *weights, SelfplayConfig *out) {
    NetSpec spec = {.model = config->model,
                    .precision = config->precision,
                    .network = NETWORK_AUTO,
                    .capacity = 1};
    char why[128];
    *out = *config;
    if (config->evaluator != EVALUATOR_NET) return STATUS_OK;
    return device->net->choose(NETWORK_AUTO, &spec, weights, &out->network, why, sizeof why);
}

#endif
