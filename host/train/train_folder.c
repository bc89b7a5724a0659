/* host/train/train_folder.c - the identity of a run and its folder: new, resumed, or changed. */
#include <string.h>

#include "host/games/identity.h"
#include "host/run/run_identity.h"
#include "train_change.h"
#include "train_run.h"

static const cJSON *found_identity(const TrainRun *run) {
    return cJSON_GetObjectItemCaseSensitive(run->before, "identity");
}

Status train_folder_peek(TrainRun *run) {
    if (run->options.fresh) return STATUS_OK;
    return run_folder_peek(run->options.out, &run->before);
}

bool train_folder_changes(const TrainRun *run) {
    const cJSON *changes = cJSON_GetObjectItemCaseSensitive(run->before, "changes");
    return run->options.change || cJSON_GetArraySize(changes) > 0;
}

bool train_folder_pending(const TrainRun *run, int64_t number) {
    const cJSON *changes = cJSON_GetObjectItemCaseSensitive(run->before, "changes");
    const cJSON *last = cJSON_GetArrayItem(changes, cJSON_GetArraySize(changes) - 1);
    const cJSON *begins = cJSON_GetObjectItemCaseSensitive(last, "iteration");
    return cJSON_IsNumber(begins) && begins->valuedouble == (double)number;
}

/* What --weights holds, or where it is not given any more, what the run began with. */
static void add_start(TrainRun *run) {
    const char *text = run->start;
    if (!run->options.weights)
        text = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(found_identity(run), "weights"));
    if (text) cJSON_AddStringToObject(run->identity, "weights", text);
}

static Status make_identity(TrainRun *run) {
    char text[32], arithmetic[128];
    run->identity = cJSON_CreateObject();
    if (!run->identity) return STATUS_MEMORY;
    train_options_identity(&run->options, &run->setup, run->identity);
    add_start(run);
    cJSON_AddStringToObject(run->identity, "precision", precision_name(run->precision));
    cJSON_AddStringToObject(run->identity, "play_precision", precision_name(run->play_precision));
    cJSON_AddStringToObject(run->identity, "backend", run->device->backend->name);
    run->device->net->arithmetic(NETWORK_LAYERS, arithmetic, sizeof arithmetic);
    cJSON_AddStringToObject(run->identity, "arithmetic", arithmetic);
    run->device->net->arithmetic(run->network, arithmetic, sizeof arithmetic);
    cJSON_AddStringToObject(run->identity, "play_arithmetic", arithmetic);
    snprintf(text, sizeof text, "%d", run->comm.size);
    cJSON_AddStringToObject(run->identity, "processes", text);
    return STATUS_OK;
}

Status train_folder_open(TrainRun *run) {
    const TrainOptions *o = &run->options;
    TRY(make_identity(run));
    snprintf(run->folder.folder, sizeof run->folder.folder, "%s", o->out);
    if (!train_run_leads(run)) return STATUS_OK;
    cJSON *machine = run_machine_facts(train_option_table.program, run->device_text);
    RunBegin begin = o->fresh ? RUN_FRESH : o->change ? RUN_CHANGE : RUN_CONTINUE;
    Status status = machine ? run_folder_open(&run->folder, o->out, run->identity, machine, begin)
                            : STATUS_MEMORY;
    cJSON_Delete(machine);
    return status;
}

Status train_folder_change(TrainRun *run) {
    const cJSON *last = cJSON_GetArrayItem(run->changes, cJSON_GetArraySize(run->changes) - 1),
                *values;
    if (!run->options.change || !train_run_leads(run)) return STATUS_OK;
    cJSON *machine = run_machine_facts(train_option_table.program, run->device_text);
    Status status = machine
                        ? identity_write_run(run->options.out, run->identity, run->changes, machine)
                        : STATUS_MEMORY;
    cJSON_Delete(machine);
    const cJSON *begins = cJSON_GetObjectItemCaseSensitive(last, "iteration");
    if (status != STATUS_OK || run->options.play.quiet || !begins ||
        begins->valuedouble != (double)run->iteration)
        return status;
    fprintf(stderr, "from iteration %lld on:", (long long)run->iteration);
    cJSON_ArrayForEach(values, cJSON_GetObjectItemCaseSensitive(last, "options")) {
        const char *from = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(values, "from"));
        const char *to = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(values, "to"));
        fprintf(stderr, "%s %s %s, was %s", values->prev->next ? "," : "", values->string,
                to ? to : "absent", from ? from : "absent");
    }
    fputc('\n', stderr);
    return STATUS_OK;
}
