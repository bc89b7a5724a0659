/* device/core/arch.cuh - which GPUs a piece of device code is compiled for. */
#ifndef DEVICE_CORE_ARCH_CUH
#define DEVICE_CORE_ARCH_CUH

/* In #if: true while nvcc compiles for compute capability major * 100 + minor * 10 or later. */
#ifdef __CUDA_ARCH__
#define ARCH_AT_LEAST(capability) (__CUDA_ARCH__ >= (capability))
#else
#define ARCH_AT_LEAST(capability) 0
#endif

#endif
