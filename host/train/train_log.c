/* host/train/train_log.c - one table of fields, written as JSON, as events, and as columns. */
#include "train_log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/flush.h"
#include "host/files/json_line.h"

enum { HEADER_EVERY = 25 }; /* lines */

typedef struct {
    const char *name, *tag; /* tag: in TensorBoard; NULL: the horizontal axis */
    size_t at;
    bool whole; /* int64_t, otherwise double */
} Field;

#define WHOLE(group, name) \
    { #name, group "/" #name, offsetof(TrainLine, name), true }
#define REAL(group, name) \
    { #name, group "/" #name, offsetof(TrainLine, name), false }
static const Field fields[] = {{"iteration", NULL, offsetof(TrainLine, iteration), true},
                               WHOLE("train", step),
                               REAL("speed", seconds),
                               WHOLE("play", games),
                               REAL("speed", games_per_minute),
                               REAL("speed", rows_per_second),
                               WHOLE("window", window_games),
                               WHOLE("window", window_examples),
                               REAL("speed", examples_per_second),
                               REAL("speed", waiting_frac),
                               REAL("train", loss),
                               REAL("train", policy_loss),
                               REAL("train", value_loss),
                               REAL("train", target_entropy),
                               REAL("train", policy_kl),
                               REAL("train", accuracy),
                               REAL("train", clip_frac),
                               REAL("train", gradient_norm),
                               REAL("train", rate),
                               WHOLE("train", skipped),
                               REAL("play", score_mean),
                               REAL("play", bids_hit_frac),
                               REAL("play", search_entropy),
                               WHOLE("play", worlds),
                               WHOLE("play", simulations)};
#undef WHOLE
#undef REAL
enum { FIELDS = sizeof fields / sizeof fields[0] };
_Static_assert(FIELDS + 4 <= TENSORBOARD_VALUES_MAX, "an entry holds every field and a match");

TrainLine train_line_empty(void) {
    TrainLine line;
    memset(&line, 0, sizeof line);
    for (int i = 0; i < FIELDS; i++)
        if (!fields[i].whole) *(double *)(void *)((char *)&line + fields[i].at) = NAN;
    line.match.difference = line.match.low = line.match.high = NAN;
    return line;
}

static double field_value(const TrainLine *line, const Field *f) {
    const void *at = (const char *)line + f->at;
    return f->whole ? (double)*(const int64_t *)at : *(const double *)at;
}

/* Nine digits identify every float32; counts are below 2^53. */
static void write_number(FILE *out, const char *name, double x, bool whole) {
    json_line_write_text(out, name);
    if (isfinite(x))
        fprintf(out, whole ? ":%.0f" : ":%.9g", x);
    else
        fputs(":null", out);
}

static void write_json(FILE *out, const TrainLine *line) {
    for (int i = 0; i < FIELDS; i++) {
        fputc(i ? ',' : '{', out);
        write_number(out, fields[i].name, field_value(line, &fields[i]), fields[i].whole);
    }
    const TrainMatch *a = &line->match;
    if (a->opponent[0]) {
        fputs(",\"arena\":{\"opponent\":", out);
        json_line_write_text(out, a->opponent);
        fputc(',', out);
        write_number(out, "deals", (double)a->deals, true);
        fputc(',', out);
        write_number(out, "difference", a->difference, false);
        fputc(',', out);
        write_number(out, "low", a->low, false);
        fputc(',', out);
        write_number(out, "high", a->high, false);
        fputs(",\"verdict\":", out);
        json_line_write_text(out, a->verdict);
        fputc('}', out);
    }
    fputs("}\n", out);
}

static void add_events(Tensorboard *board, const TrainLine *line) {
    static const char *const name[4] = {"difference", "low", "high", "deals"};
    const TrainMatch *a = &line->match;
    const char *tags[TENSORBOARD_VALUES_MAX];
    double values[TENSORBOARD_VALUES_MAX];
    double of_match[4] = {a->difference, a->low, a->high, (double)a->deals};
    char match[4][TENSORBOARD_TAG_MAX];
    int count = 0;
    for (int i = 0; i < FIELDS; i++) {
        if (!fields[i].tag) continue;
        tags[count] = fields[i].tag;
        values[count++] = field_value(line, &fields[i]);
    }
    for (int i = 0; i < 4 && a->opponent[0]; i++) {
        snprintf(match[i], sizeof match[i], "arena/%s/%s", a->opponent, name[i]);
        tags[count] = match[i];
        values[count++] = of_match[i];
    }
    tensorboard_add(board, line->iteration, tags, values, count);
}

/* Prints a column: the number, or a dash if it is not known. */
static void column(int width, const char *format, double x) {
    char text[32] = "-";
    if (isfinite(x)) snprintf(text, sizeof text, format, x);
    fprintf(stderr, " %*s", width, text);
}

static void show(TrainLog *log, const TrainLine *line) {
    if (log->lines++ % HEADER_EVERY == 0)
        fprintf(stderr, " iter     step games/min examples/s wait   loss     kl  value "
                        "accuracy  bids  score\n");
    fprintf(stderr, "%5lld %8lld", (long long)line->iteration, (long long)line->step);
    column(9, "%.0f", line->games_per_minute);
    column(10, "%.0f", line->examples_per_second);
    column(4, "%.0f%%", 100 * line->waiting_frac);
    column(6, "%.4f", line->loss);
    column(6, "%.4f", line->policy_kl);
    column(6, "%.4f", line->value_loss);
    column(8, "%.1f%%", 100 * line->accuracy);
    column(5, "%.1f%%", 100 * line->bids_hit_frac);
    column(6, "%.3f", line->score_mean);
    if (line->skipped) fprintf(stderr, "  %lld steps skipped", (long long)line->skipped);
    const TrainMatch *a = &line->match;
    if (a->opponent[0])
        fprintf(stderr, "  against %s %+.3f (%+.3f to %+.3f) %s", a->opponent, a->difference,
                a->low, a->high, a->verdict);
    fputc('\n', stderr);
}

static Status append(TrainLog *log, const char *text, size_t size) {
    Status status = durable_put(log->fd, log->path, log->size, text, size);
    if (status == STATUS_OK) status = flush_file(log->fd, log->path);
    if (status == STATUS_OK)
        log->size += (int64_t)size;
    else
        (void)!ftruncate(log->fd, (off_t)log->size);
    return status;
}

void train_log_add(TrainLog *log, const TrainLine *given) {
    TrainLine line = *given;
    char *text = NULL;
    size_t size = 0;
    line.policy_kl = line.policy_loss - line.target_entropy;
    if (!log->quiet) show(log, &line);
    FILE *f = log->fd >= 0 && !log->reported ? open_memstream(&text, &size) : NULL;
    if (f) {
        write_json(f, &line);
        log->reported = fclose(f) == 0 && append(log, text, size) != STATUS_OK;
        if (log->reported) fprintf(stderr, "%s: the run continues without it\n", log->path);
    }
    free(text);
    add_events(&log->board, &line);
}

/* The iteration that a line is of; -1: it cannot be read. */
static int64_t iteration_of(char *line, size_t bytes) {
    char why[160];
    cJSON *object = NULL;
    int64_t found = -1;
    char end = line[bytes];
    line[bytes] = 0;
    if (json_line_parse(line, bytes, &object, why, sizeof why) == STATUS_OK) {
        const cJSON *iteration = cJSON_GetObjectItemCaseSensitive(object, "iteration");
        double x = cJSON_IsNumber(iteration) ? iteration->valuedouble : -1;
        found = x >= 0 && x < 9e15 ? (int64_t)x : -1;
    }
    cJSON_Delete(object);
    line[bytes] = end;
    return found;
}

/* Moves the lines that stay to the front; returns their bytes. A line without an end is torn. */
static size_t keep(char *text, size_t size, int64_t first) {
    size_t kept = 0;
    for (size_t at = 0; at < size;) {
        char *end = memchr(text + at, '\n', size - at);
        if (!end) break;
        size_t bytes = (size_t)(end - text) - at;
        if (iteration_of(text + at, bytes) < first) {
            memmove(text + kept, text + at, bytes + 1);
            kept += bytes + 1;
        }
        at += bytes + 1;
    }
    return kept;
}

/* Drops the lines of `first` and later that an earlier start left. */
static Status log_trim(TrainLog *log, int64_t first) {
    unsigned char *text = NULL;
    size_t size = 0;
    if (access(log->path, F_OK) != 0 && errno == ENOENT) return durable_save(log->path, "", 0);
    TRY(durable_read(log->path, &text, &size));
    size_t kept = keep((char *)text, size, first);
    Status status = kept < size ? durable_save(log->path, text, kept) : STATUS_OK;
    log->size = (int64_t)kept;
    free(text);
    return status;
}

/* What the history in a checkpoint knows of an iteration. */
static void write_known(FILE *out, const cJSON *entry) {
    for (int i = 0; i < FIELDS; i++) {
        double x = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(entry, fields[i].name));
        fputc(i ? ',' : '{', out);
        write_number(out, fields[i].name, x, fields[i].whole);
    }
    const cJSON *verdict = cJSON_GetObjectItemCaseSensitive(entry, "arena");
    if (cJSON_IsString(verdict)) {
        fputs(",\"arena\":{\"opponent\":\"best\",", out);
        write_number(
            out, "difference",
            cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(entry, "arena_difference")),
            false);
        fputs(",\"verdict\":", out);
        json_line_write_text(out, verdict->valuestring);
        fputc('}', out);
    }
    fputs("}\n", out);
}

/* Copies the whole lines of text, and in their places those of the history that are missing;
 * returns how many were. */
static int merge(FILE *out, char *text, size_t size, const cJSON *history, bool *there) {
    const cJSON *entry = history->child;
    int count = cJSON_GetArraySize(history), next = 0, added = 0;
    for (size_t at = 0, end; at < size; at = end) {
        char *line_end = memchr(text + at, '\n', size - at);
        if (!line_end) break;
        end = (size_t)(line_end - text) + 1;
        int64_t i = iteration_of(text + at, end - 1 - at);
        if (i >= 0 && i < count) there[i] = true;
    }
    for (size_t at = 0, end = 0; at <= size; at = end) {
        char *line_end = at < size ? memchr(text + at, '\n', size - at) : NULL;
        int64_t i = line_end ? iteration_of(text + at, (size_t)(line_end - text) - at) : count;
        for (; next < count && next < i; next++, entry = entry->next) {
            if (there[next]) continue;
            write_known(out, entry);
            added++;
        }
        if (!line_end) break;
        end = (size_t)(line_end - text) + 1;
        fwrite(text + at, 1, end - at, out);
    }
    return added;
}

Status train_log_restore(const char *folder, const cJSON *history) {
    char path[DURABLE_PATH], *merged = NULL;
    unsigned char *text = NULL;
    size_t size = 0, merged_size = 0;
    int added = 0, count = cJSON_GetArraySize(history);
    int length = snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    if (count == 0 || length < 0 || (size_t)length >= sizeof path) return STATUS_OK;
    if (access(path, F_OK) == 0) TRY(durable_read(path, &text, &size));
    bool *there = (bool *)calloc((size_t)count, sizeof *there);
    FILE *out = there ? open_memstream(&merged, &merged_size) : NULL;
    Status status = out ? STATUS_OK : STATUS_MEMORY;
    if (out) added = merge(out, (char *)text, size, history, there);
    if (out && fclose(out) != 0) status = STATUS_MEMORY;
    if (status == STATUS_OK && added > 0) status = durable_save(path, merged, merged_size);
    if (status == STATUS_OK && added > 0)
        fprintf(stderr,
                "%s: had no lines of %d iterations; written again from the checkpoint, without "
                "times\n",
                path, added);
    free(merged);
    free(there);
    free(text);
    return status;
}

Status train_log_open(TrainLog *log, const char *folder, int64_t first, bool quiet) {
    memset(log, 0, sizeof *log);
    log->fd = log->board.fd = -1;
    log->quiet = quiet;
    int length = snprintf(log->path, sizeof log->path, "%s/metrics.jsonl", folder);
    if (length < 0 || (size_t)length >= sizeof log->path)
        return durable_refuse(folder, "the path is longer than %d bytes", DURABLE_PATH - 16);
    TRY(log_trim(log, first));
    TRY(tensorboard_open(&log->board, folder, first));
    log->fd = open(log->path, O_WRONLY | O_CLOEXEC);
    if (log->fd >= 0) return STATUS_OK;
    tensorboard_close(&log->board);
    return durable_fail(log->path, "cannot be written");
}

void train_log_close(TrainLog *log) {
    if (log->fd >= 0) close(log->fd);
    log->fd = -1;
    tensorboard_close(&log->board);
}
