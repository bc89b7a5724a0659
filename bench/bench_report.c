/* bench/bench_report.c - metrics: printed, appended to a CSV file, saved as a JSON file. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/durable_target.h"
#include "bench.h"

static cJSON *results;  /* all metrics so far, for the JSON file */
static FILE *csv;       /* open from the first metric to the last; NULL: not asked for */
static bool csv_headed; /* its first line is there */
static int csv_error;   /* errno of the first line that could not be written */

/* Appends to the file, or to the descriptor of this process that it is. */
static Status open_csv(const char *path) {
    struct stat is;
    int stream = durable_target_stream(path);
    csv = stream >= 0 ? fdopen(dup(stream), "w") : fopen(path, "a");
    if (!csv) {
        fprintf(stderr, "--csv %s: %s\n", path, strerror(errno));
        return STATUS_INPUT;
    }
    csv_headed = stream < 0 && fstat(fileno(csv), &is) == 0 && is.st_size > 0;
    return STATUS_OK;
}

Status bench_begin(const BenchOptions *o) {
    DurableFile file;
    if (o->json) {
        TRY(durable_open(&file, o->json)); /* before anything is measured */
        durable_abort(&file);
    }
    return o->csv ? open_csv(o->csv) : STATUS_OK;
}

/* After a line that failed, no other is tried: it would follow half a line. */
static void add_csv(const BenchOptions *o, const char *name, double value, const char *unit,
                    double ceiling, const char *ceiling_name) {
    if (csv_error) return;
    if (!csv_headed) fprintf(csv, "machine,name,value,unit,ceiling,ceiling name\n");
    csv_headed = true;
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
