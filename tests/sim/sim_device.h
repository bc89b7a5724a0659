/* tests/sim/sim_device.h - the two devices that the simulator's tests compare. */
#ifndef TESTS_SIM_SIM_DEVICE_H
#define TESTS_SIM_SIM_DEVICE_H

#include "device/play/selfplay.h"
#include "calls.h"
#include "sim.h"

EXTERN_C_BEGIN
/* device_simulated: the tables of the CUDA backend, on the model of a GPU. */
extern const Device device_processor, device_simulated;
EXTERN_C_END

/* The run's config with the way through the network that the device has. */
static inline Status config_for(const Device *device, const SelfplayConfig *config,
                                const Weights *weights, SelfplayConfig *out) {
    NetSpec spec = {config->model, config->precision, NETWORK_AUTO, 1, NULL};
    char why[128];
    *out = *config;
    if (config->evaluator != EVALUATOR_NET) return STATUS_OK;
    return device->net->choose(NETWORK_AUTO, &spec, weights, &out->network, why, sizeof why);
}

#endif
