/* bench/bench_report.c - figures on the screen, in a table that grows, in a JSON file. */
#include <errno.h>

#include "../host/durable.h"
#include "bench.h"

static cJSON *results; /* what was kept so far, for the JSON file */

static void keep_csv(const BenchOptions *o, const char *name, double value, const char *unit,
                     double ceiling, const char *ceiling_name) {
    FILE *f = fopen(o->csv, "a");
    if (!f) {
        fprintf(stderr, "--csv %s: %s\n", o->csv, strerror(errno));
        return;
    }
    if (ftell(f) == 0) fprintf(f, "machine,name,value,unit,ceiling,ceiling name\n");
    int bad = fprintf(f, "\"%s\",\"%s\",%.6g,%s,%.6g,%s\n", o->machine, name, value, unit, ceiling,
                      ceiling > 0 ? ceiling_name : "") < 0;
    bad |= fclose(f) != 0;
    if (bad) fprintf(stderr, "--csv %s: %s\n", o->csv, strerror(errno));
}

static void keep_json(const char *name, double value, const char *unit, double ceiling,
                      const char *ceiling_name) {
    if (!results) results = cJSON_CreateArray();
    cJSON *figure = cJSON_CreateObject();
    cJSON_AddStringToObject(figure, "name", name);
    cJSON_AddNumberToObject(figure, "value", value);
    cJSON_AddStringToObject(figure, "unit", unit);
    if (ceiling > 0) {
        cJSON_AddNumberToObject(figure, "ceiling", ceiling);
        cJSON_AddStringToObject(figure, "ceiling_name", ceiling_name);
    }
    if (!cJSON_AddItemToArray(results, figure)) cJSON_Delete(figure);
}

void bench_keep(const BenchOptions *o, const char *name, double value, const char *unit,
                double ceiling, const char *ceiling_name) {
    name += strspn(name, " ");
    if (o->csv) keep_csv(o, name, value, unit, ceiling, ceiling_name);
    if (o->json) keep_json(name, value, unit, ceiling, ceiling_name);
}

void bench_report(const BenchOptions *o, const char *name, double value, const char *unit,
                  double ceiling, const char *ceiling_name) {
    printf("%-56s %12.4g %-16s", name, value, unit);
    if (ceiling > 0) printf(" %5.1f%% of %.4g (%s)", 100 * value / ceiling, ceiling, ceiling_name);
    printf("\n");
    fflush(stdout);
    bench_keep(o, name, value, unit, ceiling, ceiling_name);
}

Status bench_save(const BenchOptions *o) {
    if (!o->json) return STATUS_OK;
    cJSON *file = cJSON_CreateObject();
    cJSON_AddStringToObject(file, "program", "blob-bench");
    cJSON_AddStringToObject(file, "version", BLOB_VERSION);
    cJSON_AddStringToObject(file, "machine", o->machine);
    cJSON_AddStringToObject(file, "device", o->device->backend->name);
    cJSON_AddItemToObject(file, "results", results ? results : cJSON_CreateArray());
    results = NULL;
    char *text = cJSON_Print(file);
    Status status = text ? durable_save(o->json, text, strlen(text)) : STATUS_MEMORY;
    cJSON_free(text);
    cJSON_Delete(file);
    return status;
}
