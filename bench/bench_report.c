/* bench/bench_report.c - metrics: printed, appended to a CSV file, saved as a JSON file. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/durable.h"
#include "bench.h"

static cJSON *results; /* all metrics so far, for the JSON file */
static FILE *csv;      /* open from the first metric to the last; NULL: not asked for */
static int csv_error;  /* errno of the first line that could not be written */

static Status refuse(const char *option, const char *path, const char *why) {
    fprintf(stderr, "%s %s: %s\n", option, path, why);
    return STATUS_INPUT;
}

/* The file is written aside and renamed: its folder must allow a new file, and the rename must not
 * replace a device. */
static Status check_json(const char *path) {
    char folder[DURABLE_PATH];
    struct stat there;
    if (snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
        return refuse("--json", path, strerror(ENAMETOOLONG));
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return refuse("--json", path, "is not a plain file");
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = 0;
    else
        snprintf(folder, sizeof folder, ".");
    return access(folder, W_OK | X_OK) == 0 ? STATUS_OK : refuse("--json", path, strerror(errno));
}

Status bench_begin(const BenchOptions *o) {
    if (o->json) TRY(check_json(o->json));
    if (!o->csv) return STATUS_OK;
    csv = fopen(o->csv, "a");
    return csv ? STATUS_OK : refuse("--csv", o->csv, strerror(errno));
}

/* After a line that failed, no other is tried: it would follow half a line. */
static void add_csv(const BenchOptions *o, const char *name, double value, const char *unit,
                    double ceiling, const char *ceiling_name) {
    if (csv_error) return;
    if (ftell(csv) == 0) fprintf(csv, "machine,name,value,unit,ceiling,ceiling name\n");
    fprintf(csv, "\"%s\",\"%s\",%.6g,%s,%.6g,%s\n", o->machine, name, value, unit, ceiling,
            ceiling > 0 ? ceiling_name : "");
    if (fflush(csv) != 0) csv_error = errno;
}

static void add_json(const char *name, double value, const char *unit, double ceiling,
                     const char *ceiling_name) {
    if (!results) results = cJSON_CreateArray();
    cJSON *metric = cJSON_CreateObject();
    cJSON_AddStringToObject(metric, "name", name);
    cJSON_AddNumberToObject(metric, "value", value);
    cJSON_AddStringToObject(metric, "unit", unit);
    if (ceiling > 0) {
        cJSON_AddNumberToObject(metric, "ceiling", ceiling);
        cJSON_AddStringToObject(metric, "ceiling_name", ceiling_name);
    }
    if (!cJSON_AddItemToArray(results, metric)) cJSON_Delete(metric);
}

void bench_add(const BenchOptions *o, const char *name, double value, const char *unit,
               double ceiling, const char *ceiling_name) {
    name += strspn(name, " ");
    if (o->csv) add_csv(o, name, value, unit, ceiling, ceiling_name);
    if (o->json) add_json(name, value, unit, ceiling, ceiling_name);
}

void bench_report(const BenchOptions *o, const char *name, double value, const char *unit,
                  double ceiling, const char *ceiling_name) {
    printf("%-56s %12.4g %-16s", name, value, unit);
    if (ceiling > 0) printf(" %5.1f%% of %.4g (%s)", 100 * value / ceiling, ceiling, ceiling_name);
    printf("\n");
    fflush(stdout);
    bench_add(o, name, value, unit, ceiling, ceiling_name);
}

static Status save_csv(const BenchOptions *o) {
    if (!csv) return STATUS_OK;
    if (fclose(csv) != 0 && !csv_error) csv_error = errno;
    csv = NULL;
    if (csv_error) fprintf(stderr, "--csv %s: %s\n", o->csv, strerror(csv_error));
    return csv_error ? STATUS_FILE : STATUS_OK;
}

static Status save_json(const BenchOptions *o) {
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

Status bench_save(const BenchOptions *o) {
    Status appended = save_csv(o), saved = save_json(o);
    return appended == STATUS_OK ? saved : appended;
}
