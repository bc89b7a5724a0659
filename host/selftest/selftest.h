/* host/selftest/selftest.h - the sections of blob-selftest: each checks one thing that a device
 * must do as the CPU does.
 *
 *   section ─► items: counts that must be 0, distances with limits, notes ─► verdict
 *
 * A section fails if one of its items fails, or if it cannot finish. */
#ifndef HOST_SELFTEST_SELFTEST_H
#define HOST_SELFTEST_SELFTEST_H

#include <cjson/cJSON.h>

#include "nn/infer/agree.h"
#include "device/play/selfplay.h"

typedef struct {
    const Device *cpu, *device; /* device: the one checked, which may be the CPU itself */
    bool cuda;
    Weights weights; /* of the network under test */
    uint64_t seed;   /* of positions, rows and games */
    cJSON *json;     /* the sections so far */

    /* the section under way */
    cJSON *items;
    const char *section;
    int failed, exact; /* items that failed; items that must be exact */
    double used;       /* largest share of a limit that an item used; 0: all were exact */
} Selftest;

typedef struct {
    const char *name;
    Status (*run)(Selftest *t);
    bool only_cuda; /* compares CPU and GPU: nothing to do without a GPU */
} SelftestSection;

/* Runs a section, prints its items and verdict, and adds them to t->json. False: it failed. */
bool selftest_section(Selftest *t, const SelftestSection *section);

/* Items, printed and added to t->json under `name`. */
void selftest_exact(Selftest *t, const char *name, int64_t differ, int64_t of, const char *unit);
/* limits NULL: only printed. */
void selftest_distance(Selftest *t, const char *name, const Agreement *a,
                       const AgreeLimits *limits);
void selftest_note(Selftest *t, const char *name, const char *text);

/* selftest_core.c */
Status selftest_random(Selftest *t);
Status selftest_real(Selftest *t);
Status selftest_scan(Selftest *t);
/* selftest_play.c */
Status selftest_visits(Selftest *t);
Status selftest_games(Selftest *t);
Status selftest_net_games(Selftest *t);
/* selftest_network.c */
Status selftest_float32(Selftest *t);
Status selftest_bf16(Selftest *t);
Status selftest_int8(Selftest *t);
Status selftest_batches(Selftest *t);

#endif
