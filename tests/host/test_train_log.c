/* tests/host/test_train_log.c - a run's log: what a line holds, what is left when a run goes on. */
#include "host/train/train_log.h"

#include <math.h>

#include "host/files/json_line.h"
#include "tests/support/files.h"

static TrainLog train_log;

static TrainLine line_of(int64_t iteration) {
    TrainLine line = train_line_empty();
    line.iteration = iteration;
    line.step = 100 * iteration + 7;
    line.policy_loss = 1.75;
    line.target_entropy = 1.5;
    line.loss = 0.1f;
    line.accuracy = 0.25;
    line.games_per_minute = 3078;
    return line;
}

/* The log of iterations first .. end - 1, by a process of its own. */
static void write_lines(int64_t first, int64_t end) {
    CHECK(train_log_open(&train_log, folder, first, true) == STATUS_OK);
    for (int64_t i = first; i < end; i++) {
        TrainLine line = line_of(i);
        train_log_add(&train_log, &line);
    }
    train_log_close(&train_log);
}

/* Line `i` of the metrics, as an object that the caller deletes; NULL: there is none. */
static cJSON *read_line(int i) {
    unsigned char *text = NULL;
    size_t size = 0;
    char why[160];
    cJSON *object = NULL;
    CHECK(durable_read(files_path("metrics.jsonl"), &text, &size) == STATUS_OK);
    char *at = (char *)text;
    for (; at && i > 0; i--) at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
    char *end = at ? strchr(at, '\n') : NULL;
    if (end) {
        *end = 0;
        CHECK(json_line_parse(at, (size_t)(end - at), &object, why, sizeof why) == STATUS_OK);
    }
    free(text);
    return object;
}

static double number(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    CHECK(cJSON_IsNumber(item));
    return item ? item->valuedouble : -1;
}

static void check_fields(void) {
    TrainLine line = line_of(3);
    line.match.deals = 50;
    line.match.difference = -0.5;
    line.match.low = -1.25;
    line.window_examples = (INT64_C(1) << 52) + 1;
    snprintf(line.match.opponent, sizeof line.match.opponent, "best");
    snprintf(line.match.verdict, sizeof line.match.verdict, "kept");
    CHECK(train_log_open(&train_log, folder, 3, true) == STATUS_OK);
    train_log_add(&train_log, &line);
    line.match.opponent[0] = 0;
    line.rate = INFINITY;
    train_log_add(&train_log, &line);
    train_log_close(&train_log);
    cJSON *with = read_line(0), *without = read_line(1);
    CHECK(cJSON_GetArraySize(with) == 26 && cJSON_GetArraySize(without) == 25);
    CHECK(number(with, "iteration") == 3 && number(with, "step") == 307);
    CHECK(number(with, "policy_kl") == 0.25 && number(with, "policy_loss") == 1.75);
    CHECK((float)number(with, "loss") == 0.1f);
    CHECK(number(with, "window_examples") == 4503599627370497.0);
    CHECK(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(with, "value_loss")));
    CHECK(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(without, "rate")));
    const cJSON *match = cJSON_GetObjectItemCaseSensitive(with, "arena");
    CHECK(number(match, "deals") == 50 && number(match, "difference") == -0.5);
    CHECK(number(match, "low") == -1.25);
    CHECK(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(match, "high")));
    const cJSON *opponent = cJSON_GetObjectItemCaseSensitive(match, "opponent");
    CHECK(cJSON_IsString(opponent) && strcmp(opponent->valuestring, "best") == 0);
    CHECK(read_line(2) == NULL);
    cJSON_Delete(with);
    cJSON_Delete(without);
}

/* Goes on at `first` and adds nothing: the iterations left are `expected`. */
static void check_left(int64_t first, const char *expected) {
    char left[64] = "";
    write_lines(first, first);
    for (int i = 0;; i++) {
        cJSON *object = read_line(i);
        if (!object) break;
        const cJSON *iteration = cJSON_GetObjectItemCaseSensitive(object, "iteration");
        size_t length = strlen(left);
        snprintf(left + length, sizeof left - length, iteration ? "%.0f " : "? ",
                 iteration ? iteration->valuedouble : 0);
        cJSON_Delete(object);
    }
    CHECK(strcmp(left, expected) == 0);
    if (strcmp(left, expected) != 0) fprintf(stderr, "left %s, not %s\n", left, expected);
}

static void put_more(const char *text) {
    FILE *f = fopen(files_path("metrics.jsonl"), "a");
    CHECK(f && fputs(text, f) >= 0);
    if (f) fclose(f);
}

static void check_resume(void) {
    unlink(files_path("metrics.jsonl"));
    write_lines(0, 6);
    check_left(6, "0 1 2 3 4 5 ");
    put_more("{\"iteration\":3,\"lo"); /* torn as a machine stopped */
    check_left(6, "0 1 2 3 4 5 ");
    put_more("{\"iteration\":2}"); /* whole but for its end */
    check_left(5, "0 1 2 3 4 ");
    put_more("{\"loss\":1}\n"); /* another program's: kept, as it tells of no iteration */
    write_lines(5, 7);
    check_left(7, "0 1 2 3 4 ? 5 6 ");
    check_left(3, "0 1 2 ? ");
    check_left(0, "? ");
    CHECK(files_count(folder, "aside") == 0);
}

/* A line that cannot be read stays as it is, and so do the bytes of the lines before it. */
static void check_bytes_kept(void) {
    unsigned char *before = NULL, *after = NULL;
    size_t size = 0, length = 0;
    unlink(files_path("metrics.jsonl"));
    write_lines(0, 2);
    put_more("\x80 damaged\n");
    CHECK(durable_read(files_path("metrics.jsonl"), &before, &size) == STATUS_OK);
    write_lines(2, 4);
    write_lines(2, 2);
    CHECK(durable_read(files_path("metrics.jsonl"), &after, &length) == STATUS_OK);
    CHECK(length == size && before && after && memcmp(before, after, size) == 0);
    free(before);
    free(after);
}

static void check_columns(void) {
    TrainLine line = line_of(12);
    CHECK(train_log_open(&train_log, folder, 0, false) == STATUS_OK);
    files_listen();
    train_log_add(&train_log, &line);
    CHECK(files_listen_end() == 2); /* the names of the columns come first */
    char *end = strchr(said, '\n');
    CHECK(end && strlen(end + 1) == (size_t)(end - said) + 1);
    CHECK(strstr(said, "   12     1207      3078          -    - 0.1000 0.2500      -    25.0%"));
    line.skipped = 2;
    snprintf(line.match.opponent, sizeof line.match.opponent, "best");
    snprintf(line.match.verdict, sizeof line.match.verdict, "promoted");
    line.match.difference = 0.5;
    line.match.low = -0.125;
    line.match.high = 1;
    files_listen();
    train_log_add(&train_log, &line);
    CHECK(files_listen_end() == 1);
    CHECK(strstr(said, " 2 steps skipped  against best +0.500 (-0.125 to +1.000) promoted\n"));
    train_log_close(&train_log);
    CHECK(train_log_open(&train_log, folder, 0, true) == STATUS_OK);
    files_listen();
    train_log_add(&train_log, &line);
    CHECK(files_listen_end() == 0);
    train_log_close(&train_log);
}

/* On a disk that is full the lines before stay whole, it is said, and the run goes on. */
static void check_full(void) {
    TrainLine line = line_of(0);
    unlink(files_path("metrics.jsonl"));
    CHECK(train_log_open(&train_log, folder, 0, true) == STATUS_OK);
    train_log_add(&train_log, &line);
    int64_t size = train_log.size;
    files_limit((rlim_t)size + 10);
    files_listen();
    line.iteration = 1;
    train_log_add(&train_log, &line);
    CHECK(files_listen_end() > 0 && strstr(said, "metrics.jsonl: the run continues without it"));
    files_listen();
    train_log_add(&train_log, &line);
    CHECK(files_listen_end() == 0);
    files_limit(RLIM_INFINITY);
    struct stat file;
    CHECK(stat(files_path("metrics.jsonl"), &file) == 0 && file.st_size == size);
    train_log_close(&train_log);
    check_left(2, "0 ");
}

/* The name of the last event file, in the order in which TensorBoard reads them. */
static void last_events(char last[256]) {
    DIR *d = opendir(files_path("tensorboard"));
    last[0] = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, last) > 0) snprintf(last, 256, "%s", e->d_name);
    if (d) closedir(d);
}

/* Each start's file comes after those before it, also if they are of the future, as of a clock that
 * was set back. */
static void check_order_of_starts(void) {
    static const char *const found[] = {"tensorboard/events.out.tfevents.1000000000.host.1.0",
                                        "tensorboard/events.out.tfevents.4102444800.host.1.0",
                                        "tensorboard/events.out.tfevents.4102444800.zz.99999.0"};
    char last[256], before[256] = "";
    files_clear(files_path("tensorboard"));
    for (int i = 0; i < 5; i++) {
        write_lines(i, i + 1);
        last_events(last);
        CHECK(strcmp(last, before) > 0);
        snprintf(before, sizeof before, ".%d", i);
        CHECK(strlen(last) > 2 && strcmp(last + strlen(last) - 2, before) == 0);
        snprintf(before, sizeof before, "%s", last);
        CHECK(files_count(files_path("tensorboard"), "events") == i + 1 + (i < 3 ? i : 3));
        if (i < 3) files_put(files_path(found[i]), "", 0);
    }
    CHECK(strncmp(last, "events.out.tfevents.4102444803.", 31) == 0);
}

static void check_refusals(void) {
    char long_path[DURABLE_PATH + 8];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = 0;
    CHECK_SAYS(train_log_open(&train_log, long_path, 0, true), STATUS_INPUT,
               "the path is longer than");
    CHECK_SAYS(train_log_open(&train_log, files_path("none"), 0, true), STATUS_FILE, "none");
    unlink(files_path("metrics.jsonl"));
    CHECK(mkdir(files_path("metrics.jsonl"), 0777) == 0);
    CHECK_SAYS(train_log_open(&train_log, folder, 0, true), STATUS_INPUT, "is not a plain file");
    CHECK(rmdir(files_path("metrics.jsonl")) == 0);
    files_clear(files_path("tensorboard"));
    files_put(files_path("tensorboard"), "", 0);
    CHECK_SAYS(train_log_open(&train_log, folder, 0, true), STATUS_FILE, "tensorboard");
    CHECK(train_log.fd < 0 && train_log.board.fd < 0);
    TrainLine line = line_of(0);
    train_log_add(&train_log, &line); /* nothing is open: nothing happens */
    train_log_close(&train_log);
}

int main(void) {
    files_begin();
    check_fields();
    check_resume();
    check_bytes_kept();
    check_columns();
    check_full();
    check_order_of_starts();
    check_refusals();
    files_clear(folder);
    return check_report();
}
