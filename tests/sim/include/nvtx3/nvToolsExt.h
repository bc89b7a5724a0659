/* tests/sim/include/nvtx3/nvToolsExt.h - a profiler's ranges, listed among the calls (calls.h). */
#ifndef TESTS_SIM_NVTX_H
#define TESTS_SIM_NVTX_H

#ifdef __cplusplus
extern "C" {
#endif

/* Both return the depth of the range that they open or close. */
int nvtxRangePushA(const char *name);
int nvtxRangePop(void);

#ifdef __cplusplus
}
#endif

#endif
