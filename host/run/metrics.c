/* host/run/metrics.c - metrics as JSON. */
#include "metrics.h"

#include <errno.h>

#include "host/files/durable.h"

static void add(cJSON *object, const char *name, double numerator, double denominator) {
    cJSON_AddNumberToObject(object, name, denominator > 0 ? numerator / denominator : 0);
}

cJSON *metrics_object(const RunRates *r, const GameTally *t, int players) {
    cJSON *o = cJSON_CreateObject(), *scores = cJSON_CreateArray();
    double games = (double)t->games, rows = (double)r->counters.rows;
    if (!o || !scores) {
        cJSON_Delete(o);
        cJSON_Delete(scores);
        return NULL;
    }
    add(o, "games", games, 1);
    add(o, "examples", (double)t->decisions, 1);
    add(o, "seconds", r->seconds, 1);
    add(o, "games_per_min", 60 * games, r->seconds);
    add(o, "rows_per_s", rows, r->seconds);
    add(o, "rows_per_game", rows, games);
    add(o, "waves_per_game", (double)r->counters.busy_slot_waves, games);
    add(o, "row_places_filled", rows, (double)r->counters.row_slots);
    for (int i = 0; i < PHASE_COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_share", phase_name((Phase)i));
        add(o, name, run_phase_share(r, (Phase)i), 1);
    }
    add(o, "bids_hit", (double)t->bids_hit, (double)t->seats);
    add(o, "policy_entropy", t->entropy_sum, (double)t->decisions);
    for (int i = 0; i < players; i++)
        cJSON_AddItemToArray(
            scores,
            cJSON_CreateNumber(t->rounds ? (double)t->score_sum[i] / (double)t->rounds : 0));
    cJSON_AddItemToObject(o, "mean_score_by_seat", scores);
    return o;
}

/* Whether the last line has no end: a stopped process left it. */
static int is_torn(FILE *f) {
    int last = fseek(f, -1, SEEK_END) == 0 ? fgetc(f) : '\n';
    return fseek(f, 0, SEEK_END) == 0 && last != '\n';
}

void metrics_append(const char *folder, const cJSON *object) {
    static int failed;
    char path[DURABLE_PATH + 16];
    char *text = object ? cJSON_PrintUnformatted(object) : NULL;
    if (!text || failed) {
        cJSON_free(text);
        return;
    }
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    FILE *f = fopen(path, "a+");
    int bad = !f || fprintf(f, "%s%s\n", is_torn(f) ? "\n" : "", text) < 0;
    bad |= f && fclose(f) != 0;
    if (bad) fprintf(stderr, "%s: %s; the run continues without it\n", path, strerror(errno));
    failed |= bad;
    cJSON_free(text);
}
