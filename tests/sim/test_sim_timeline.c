/* tests/sim/test_sim_timeline.c - the CUDA backend draws every phase on the timeline, in order.
 *
 * Launch by launch, every epoch is drawn. With graphs, the first epoch is drawn, which is launched
 * one by one as well, and those with event nodes, one in 16: epoch 2 of the five here. */
#include <stdlib.h>
#include <unistd.h>

#include "device/core/timeline.h"
#include "tests/support/check.h"
#include "sim_device.h"

enum { WAVES = 6, EPOCHS = 5, LINE = 1024 };

/* The phases of a wave with the hash evaluator; "other", between epochs, is not drawn. */
static const char *const wave_phases[] = {"descend", "place", "backup", "move",
                                          "place",   "emit",  "place",  "refill"};
enum { WAVE_PHASES = sizeof wave_phases / sizeof wave_phases[0] };

static char path[] = "/tmp/test_sim_trace_XXXXXX";

/* Plays some epochs as host/ does: each is enqueued before the previous one is waited for. */
static void play(bool graph, Timeline *timeline) {
    SelfplayConfig config = selfplay_config_default();
    const Backend *backend = device_simulated.backend;
    const GameRange all = {0, 0};
    double seconds[PHASE_COUNT];
    char how[200];
    Selfplay sp;
    config.settings.cards = 2;
    config.parallel = 4;
    config.worlds = 2;
    config.simulations = 5;
    config.waves = WAVES;
    config.evaluator = EVALUATOR_HASH;
    config.graph = graph;
    Status status = selfplay_open(&sp, &config, &device_simulated, NULL, &all, 1, 10000);
    CHECK(status == STATUS_OK);
    CHECK(backend->timeline(timeline, how, sizeof how) == STATUS_OK && strstr(how, "phases"));
    if (status == STATUS_OK) status = selfplay_enqueue(&sp);
    for (int64_t epoch = 0; status == STATUS_OK && epoch < EPOCHS; epoch++) {
        const PlayCounters *counters;
        const uint16_t *out;
        if (epoch + 1 < EPOCHS) status = selfplay_enqueue(&sp);
        if (status == STATUS_OK) status = selfplay_wait(&sp, epoch, &counters, &out);
        if (status == STATUS_OK) status = backend->phases_read(seconds);
    }
    CHECK(status == STATUS_OK);
    CHECK(backend->timeline(NULL, how, sizeof how) == STATUS_OK);
    selfplay_close(&sp);
}

/* The file holds the phases of this many epochs, and nothing else of the device. */
static void check_file(int epochs) {
    char line[LINE], name[64];
    int pid, tid, phases = 0;
    double ts, dur, end = -1;
    FILE *f = fopen(path, "r");
    CHECK(f);
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(
                line,
                "{\"name\":\"%63[^\"]\",\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%lf,\"dur\":%lf",
                name, &pid, &tid, &ts, &dur) != 5)
            continue;
        bool first = phases % (WAVES * WAVE_PHASES) == 0; /* of an epoch */
        CHECK(pid == TIMELINE_DEVICE + 1 && tid == TIMELINE_PHASES && ts >= 0 && dur >= 0);
        CHECK(strcmp(name, wave_phases[phases % WAVE_PHASES]) == 0);
        CHECK(first ? ts >= end - 0.01 : ts > end - 0.01 && ts < end + 0.01);
        end = ts + dur;
        phases++;
    }
    CHECK(phases == epochs * WAVES * WAVE_PHASES);
    if (f) fclose(f);
}

int main(void) {
    char device_text[256];
    Timeline *timeline;
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    if (fd >= 0) close(fd);
    CHECK(device_simulated.backend->open(device_text, sizeof device_text) == STATUS_OK);
    for (int graph = 0; graph < 2 && !checks_failed; graph++) {
        CHECK(timeline_open(&timeline, path) == STATUS_OK);
        play(graph, timeline);
        CHECK(timeline_close(timeline) == STATUS_OK);
        check_file(graph ? 2 : EPOCHS);
    }
    unlink(path);
    return check_report();
}
