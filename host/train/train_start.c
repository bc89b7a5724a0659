/* host/train/train_start.c - the networks that a run begins with: random, or those of --weights. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/safetensors.h"
#include "host/files/weights_file.h"
#include "checkpoint.h"
#include "train_run.h"

static void copy(Weights *to, const Weights *from) {
    memcpy(to->data, from->data, from->count * sizeof *from->data);
}

/* --fresh would remove the file before the run has anything to show for it. */
static Status check_place(const TrainOptions *o) {
    char file[PATH_MAX], folder[PATH_MAX];
    if (!o->fresh || !realpath(o->weights, file) || !realpath(o->out, folder)) return STATUS_OK;
    size_t length = strlen(folder);
    if (strncmp(file, folder, length) != 0 || file[length] != '/') return STATUS_OK;
    fprintf(stderr, "--weights %s: lies in the folder that --fresh clears; copy it elsewhere\n",
            o->weights);
    return STATUS_INPUT;
}

static bool is_checkpoint(const char *path) {
    cJSON *texts = safetensors_peek(path);
    bool found = cJSON_GetObjectItemCaseSensitive(texts, "checkpoint_version") != NULL;
    cJSON_Delete(texts);
    return found;
}

/* Weights and averaged weights into run->state. */
static Status load(TrainRun *run, const char *path) {
    Weights weights;
    cJSON *texts = NULL;
    if (is_checkpoint(path)) {
        Status status = checkpoint_load(path, &run->setup.model, &run->state, &texts);
        cJSON_Delete(texts);
        return status;
    }
    TRY(weights_file_load(&weights, &run->setup.model, path));
    copy(&run->state.weights, &weights);
    copy(&run->state.ema, &weights);
    weights_free(&weights);
    return STATUS_OK;
}

Status train_start_load(TrainRun *run) {
    char weights[WEIGHTS_HASH_TEXT], ema[WEIGHTS_HASH_TEXT];
    if (!run->options.weights) return STATUS_OK;
    TRY(check_place(&run->options));
    TRY(load(run, run->options.weights));
    copy(&run->best, &run->state.ema);
    weights_file_hash(&run->state.weights, weights);
    weights_file_hash(&run->state.ema, ema);
    bool same = strcmp(weights, ema) == 0;
    snprintf(run->start, sizeof run->start, "%s%s%s", weights, same ? "" : ",", same ? "" : ema);
    return STATUS_OK;
}

static Status refuse_missing(const TrainRun *run, const char *text, const char *why) {
    fprintf(stderr, "%s: began with --weights of content %s, which is needed %s; give the file\n",
            run->options.out, text, why);
    return STATUS_INPUT;
}

/* Of the run's identity; NULL: random weights. */
static const char *start_of(const TrainRun *run) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run->identity, "weights"));
}

Status train_start_state(TrainRun *run) {
    TrainState *s = &run->state;
    if (!start_of(run)) {
        weights_init(&s->weights, (uint64_t)run->options.play.seed);
        copy(&s->ema, &s->weights);
    } else if (!run->options.weights) {
        return refuse_missing(run, start_of(run), "as there is no checkpoint yet");
    }
    memset(s->m.data, 0, s->m.count * sizeof *s->m.data);
    memset(s->v.data, 0, s->v.count * sizeof *s->v.data);
    memset(&s->counters, 0, sizeof s->counters);
    return STATUS_OK;
}

Status train_start_best(TrainRun *run, bool (*read_file)(TrainRun *run)) {
    if (!start_of(run))
        weights_init(&run->best, (uint64_t)run->options.play.seed);
    else if (!run->options.weights && !read_file(run))
        return refuse_missing(run, start_of(run), "as best.safetensors is lost");
    return STATUS_OK;
}
