/* host/selftest/selftest.h - blob-selftest's sections: each asks whether a device does what the CPU does.
 *
 *   section ─► items: a count that must be 0, distances beside their limits, notes ─► a verdict
 *
 * A section fails if an item does, or if it could not run to its end. */
#ifndef HOST_SELFTEST_SELFTEST_H
#define HOST_SELFTEST_SELFTEST_H

#include <cjson/cJSON.h>

#include "nn/infer/agree.h"
#include "device/play/selfplay.h"

typedef struct {
    const Device *cpu, *device; /* device: the one asked about; may be the CPU itself */
    bool cuda;
    Weights weights; /* of the network that is tried */
    uint64_t seed;   /* of positions, rows and games */
    cJSON *json;     /* sections so far */

    /* the section under way */
    cJSON *items;
    const char *section;
    int failed, exact; /* items that failed; items that had to be exact */
    double used;       /* the greatest share of a limit that an item used up; 0: all were exact */
} Selftest;

typedef struct {
    const char *name;
    Status (*run)(Selftest *t);
    bool only_cuda; /* compares the two, so that there is nothing to do without a GPU */
} SelftestSection;

/* Runs one section, prints its items and its verdict, and keeps them in t->json.
 * False: it failed. */
bool selftest_section(Selftest *t, const SelftestSection *section);

/* The items. `name` is printed and kept. */
void selftest_exact(Selftest *t, const char *name, int64_t differ, int64_t of, const char *unit);
/* limits NULL: printed only. */
void selftest_distance(Selftest *t, const char *name, const Agreement *a,
                       const AgreeLimits *limits);
void selftest_note(Selftest *t, const char *name, const char *text);

/* selftest_core.c: what games are made of. */
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
