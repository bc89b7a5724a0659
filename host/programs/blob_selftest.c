/* host/programs/blob_selftest.c - blob-selftest: does this GPU compute and play as the CPU does? */
#include <errno.h>
#include <string.h>

#include "device/probe/probe.h"
#include "host/process/progress.h"
#include "host/process/streams.h"
#include "host/process/threads.h"
#include "host/options/options.h"
#include "host/files/durable.h"
#include "host/files/json_line.h"
#include "host/files/weights_file.h"
#include "host/selftest/selftest.h"

enum { EXIT_NO_GPU = 77 };

typedef struct {
    const char *device, *weights, *json;
    int64_t weights_seed, seed;
    int probe, threads;
    bool json_plain; /* not an option: the report is not a file that can be replaced */
} SelftestOptions;

static const char *const device_words[] = {"cuda", "cpu", NULL};

#define AT(field) offsetof(SelftestOptions, field)

/* clang-format off */
static const Option selftest_options[] = {
    OPTION_GROUP("What is checked:"),
    {.name = "device", .arg = "NAME", .kind = OPTION_TEXT, .offset = AT(device),
     .choices = device_words,
     .help = "cuda: the GPU against the CPU; cpu: what the CPU alone can check (cuda)"},
    {.name = "weights", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(weights),
     .help = "weights of the network, a safetensors file (a random network)"},
    {.name = "weights-seed", .arg = "N", .kind = OPTION_INT64, .offset = AT(weights_seed),
     .min = 0, .max = OPTION_SEED_MAX,
     .help = "seed of the random network (1)"},
    {.name = "seed", .arg = "N", .kind = OPTION_INT64, .offset = AT(seed), .min = 0,
     .max = OPTION_SEED_MAX,
     .help = "of positions, rows and games (1)"},
    {.name = "probe", .kind = OPTION_FLAG, .offset = AT(probe),
     .help = "cuda: afterwards measures what the design assumes about a GPU"},
    OPTION_GROUP("Output and threads:"),
    {.name = "json", .arg = "FILE", .kind = OPTION_TEXT, .offset = AT(json),
     .writes = 1,
     .help = "also writes the report to this file, as JSON"},
    {.name = "threads", .arg = "N", .kind = OPTION_INT, .offset = AT(threads), .min = 1,
     .max = 4096,
     .help = "CPU threads (all cores)"},
    {.name = NULL}};
/* clang-format on */

static const OptionTable table = {
    .program = "blob-selftest",
    .about =
        "Checks that a GPU does what the CPU does: random numbers, arithmetic, searches and whole "
        "games bit by bit, the network within limits.\v"
        "  blob-selftest --probe\n"
        "  blob-selftest --device cpu --weights net.safetensors\n\n"
        "Each section ends with a verdict and how much of the narrowest limit was used. --probe "
        "compares assumptions of the design with what this GPU measures now; it gives no verdict. "
        "Exit status: 0 all is well, 1 a section failed, 2 usage, 77 there is no GPU to check.",
    .options = selftest_options};

/* From the bottom up: a wrong sum shows before the wrong game that it causes. */
static const SelftestSection sections[] = {
    {"random numbers", selftest_random, true},
    {"arithmetic", selftest_real, true},
    {"sums", selftest_scan, true},
    {"searches with the hash evaluator", selftest_visits, true},
    {"games with the hash evaluator", selftest_games, false},
    {"int8 outputs", selftest_int8, false},
    {"float32 outputs", selftest_float32, false},
    {"bf16 outputs", selftest_bf16, true},
    {"bits of a row in any batch", selftest_batches, false},
    {"games with the network", selftest_net_games, false}};

enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* Opens the device of that name; `text` receives its description or what is wrong. STATUS_DEVICE:
 * there is none, which is no mistake. STATUS_INPUT: there is one that this program cannot use. */
static Status find_device(const char *name, const Device **out, char *text, size_t text_bytes) {
    snprintf(text, text_bytes, "this program was built without CUDA");
    for (int i = 0; devices[i]; i++) {
        if (strcmp(devices[i]->backend->name, name) != 0) continue;
        *out = devices[i];
        return devices[i]->backend->open(text, text_bytes);
    }
    return STATUS_DEVICE;
}

static Status load_network(const SelftestOptions *o, Weights *weights) {
    const ModelConfig model = model_config_default();
    if (o->weights) return weights_file_load(weights, &model, o->weights);
    TRY(weights_alloc(weights, &model));
    weights_init(weights, (uint64_t)o->weights_seed);
    return STATUS_OK;
}

static int run_sections(Selftest *t) {
    int failed = 0;
    for (int i = 0; i < SECTIONS; i++) {
        if (sections[i].only_cuda && !t->cuda) continue;
        double start = progress_clock();
        failed += !selftest_section(t, &sections[i]);
        double seconds = progress_clock() - start;
        cJSON *last = cJSON_GetArrayItem(t->json, cJSON_GetArraySize(t->json) - 1);
        cJSON_AddNumberToObject(last, "seconds", seconds);
    }
    return failed;
}

static void run_probes(cJSON *json) {
    for (const Probe *p = probes; p->name; p++) {
        ProbeAnswer answer;
        cJSON *item = cJSON_CreateObject();
        memset(&answer, 0, sizeof answer);
        printf("probe %s: %s\n", p->name, p->question);
        fflush(stdout);
        Status status = p->run(&answer);
        cJSON_AddItemToArray(json, item);
        cJSON_AddStringToObject(item, "probe", p->name);
        cJSON_AddNumberToObject(item, "status", status);
        cJSON *values = cJSON_AddArrayToObject(item, "values");
        for (int i = 0; i < answer.count; i++) {
            const ProbeLine *line = &answer.line[i];
            cJSON *value = cJSON_CreateObject();
            printf("  %-58s %12.5g %s%s%s\n", line->name, line->value, line->unit,
                   line->note ? "   " : "", line->note ? line->note : "");
            cJSON_AddStringToObject(value, "name", line->name);
            cJSON_AddNumberToObject(value, "value", line->value);
            cJSON_AddStringToObject(value, "unit", line->unit);
            cJSON_AddItemToArray(values, value);
        }
        if (status != STATUS_OK) printf("  failed (status %d)\n", status);
        fflush(stdout);
    }
}

/* Whether the report can be written, before minutes of work, and whether plainly (durable.h);
 * changes no file. path NULL: no report. */
static Status check_json(const char *path, bool *plain) {
    DurableFile file;
    if (!path) return STATUS_OK;
    TRY(durable_open(&file, path));
    *plain = file.plain;
    durable_abort(&file);
    return STATUS_OK;
}

/* Replaces the file. path NULL: does nothing. */
static Status write_json(const char *path, const cJSON *json) {
    if (!path) return STATUS_OK;
    char *text = cJSON_Print(json);
    if (!text) return STATUS_MEMORY;
    size_t length = strlen(text);
    text[length] = '\n'; /* replaces the NUL */
    Status status = durable_save(path, text, length + 1);
    cJSON_free(text);
    return status;
}

static Status run_all(const SelftestOptions *o, Selftest *t, const char *device_text, int *failed) {
    cJSON *json = cJSON_CreateObject();
    cJSON *found = json ? cJSON_AddArrayToObject(json, "probes") : NULL;
    Status status = STATUS_MEMORY;
    if (!found) goto fail;
    TRY_GOTO(status, load_network(o, &t->weights));
    cJSON_AddStringToObject(json, "program", "blob-selftest " BLOB_VERSION);
    cJSON_AddStringToObject(json, "device", device_text);
    json_line_add_text(json, "weights", o->weights ? o->weights : "random");
    t->json = cJSON_AddArrayToObject(json, "sections");
    *failed = run_sections(t);
    cJSON_AddBoolToObject(json, "ok", *failed == 0);
    bool probe = o->probe && t->cuda;
    /* A probe may hang. A pipe takes one report only. */
    if (probe && !o->json_plain) TRY_GOTO(status, write_json(o->json, json));
    if (probe) run_probes(found);
    TRY_GOTO(status, write_json(o->json, json));
fail:
    weights_free(&t->weights);
    cJSON_Delete(json);
    return status;
}

int main(int argc, char **argv) {
    static Selftest t;
    SelftestOptions o = {.device = "cuda", .weights_seed = 1, .seed = 1};
    char device_text[256], cpu_text[256];
    int failed = 0;
    threads_begin(argv);
    streams_open();
    if (options_parse(&table, argc, argv, &o, NULL, 0, NULL) != STATUS_OK) return 2;
    if (strcmp(o.device, "cuda") != 0 && strcmp(o.device, "cpu") != 0) {
        fprintf(stderr, "--device %s: must be one of cuda cpu\n", o.device);
        return 2;
    }
    if (check_json(o.json, &o.json_plain) != STATUS_OK) return 2;
    if (threads_set(o.threads, 1) != STATUS_OK) return 1;
    t.cuda = strcmp(o.device, "cuda") == 0;
    t.seed = (uint64_t)o.seed;
    Status status = find_device(o.device, &t.device, device_text, sizeof device_text);
    if (status != STATUS_OK) {
        fprintf(status == STATUS_DEVICE ? stdout : stderr, "nothing checked: %s\n", device_text);
        return status == STATUS_DEVICE ? EXIT_NO_GPU : 1;
    }
    printf("device: %s\n", device_text);
    status = find_device("cpu", &t.cpu, cpu_text, sizeof cpu_text);
    if (status == STATUS_OK) status = run_all(&o, &t, device_text, &failed);
    if (status == STATUS_MEMORY) fprintf(stderr, "not enough memory\n");
    if (status == STATUS_OK)
        printf("%s\n", failed ? "blob-selftest: FAILED" : "blob-selftest: all is well");
    if (fflush(stdout) != 0) {
        fprintf(stderr, "standard output: %s\n", strerror(errno));
        status = STATUS_FILE;
    }
    return status == STATUS_INPUT ? 2 : status != STATUS_OK || failed ? 1 : 0;
}
