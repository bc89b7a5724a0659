/* tests/core/test_timeline.c - the timeline's file: names are escaped, threads stay apart, the
 * size is bounded, and the file is always complete. */
#include <cjson/cJSON.h>
#include <omp.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device/core/timeline.h"
#include "host/files/durable.h"
#include "tests/support/check.h"

static char path[] = "/tmp/test_trace_XXXXXX";

/* The file as it stands, parsed; the caller deletes the result. */
static cJSON *read_timeline(size_t *bytes) {
    unsigned char *text = NULL;
    if (durable_read(path, &text, bytes) != STATUS_OK) return NULL;
    cJSON *events = cJSON_ParseWithOpts((const char *)text, NULL, 1);
    free(text);
    return events;
}

static const char *text_of(const cJSON *event, const char *name) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(event, name));
    return text ? text : "";
}

static double number_of(const cJSON *event, const char *name) {
    return cJSON_GetNumberValue(cJSON_GetObjectItem(event, name));
}

/* The number of events with this name. */
static int count_events(const cJSON *events, const char *name) {
    const cJSON *e;
    int count = 0;
    cJSON_ArrayForEach(e, events) count += strcmp(text_of(e, "name"), name) == 0;
    return count;
}

/* Times are microseconds since the start; events that began earlier are dropped. */
static void times_count_from_the_start(void) {
    Timeline *t;
    size_t bytes;
    double before = timeline_clock();
    CHECK(timeline_open(&t, path) == STATUS_OK);
    double start = timeline_clock() + 1;
    timeline_event(t, TIMELINE_DEVICE, 3, "early", before, before + 1);
    timeline_event(t, TIMELINE_DEVICE, 3, "backwards", start, start - 0.5);
    timeline_event(t, TIMELINE_DEVICE, 3, "one", start, start + 0.25);
    timeline_event(t, TIMELINE_HOST, 0, "two", start + 0.5, start + 0.5);
    timeline_flush(t);
    cJSON *events = read_timeline(&bytes);
    CHECK(count_events(events, "early") == 0 && count_events(events, "backwards") == 0);
    int n = cJSON_GetArraySize(events);
    CHECK(n > 2);
    const cJSON *one = cJSON_GetArrayItem(events, n - 2), *two = cJSON_GetArrayItem(events, n - 1);
    CHECK(strcmp(text_of(one, "name"), "one") == 0 && strcmp(text_of(one, "ph"), "X") == 0);
    CHECK(number_of(one, "pid") == TIMELINE_DEVICE + 1 && number_of(one, "tid") == 3);
    CHECK(number_of(one, "dur") == 250000 && number_of(two, "dur") == 0);
    CHECK(number_of(one, "ts") >= 1e6 && number_of(one, "ts") < 2e6);
    double apart = number_of(two, "ts") - number_of(one, "ts");
    CHECK(apart > 500000 - 0.01 && apart < 500000 + 0.01);
    cJSON_Delete(events);
    CHECK(timeline_close(t) == STATUS_OK);
}

/* A kernel's name may hold any bytes and have any length. */
static void names_are_escaped_and_cut(void) {
    static const char odd[] = "f<'\"', \"\\\">(\t\x7f\xc3\xa9)";
    char longest[2000];
    Timeline *t;
    size_t bytes;
    memset(longest, '"', sizeof longest);
    longest[sizeof longest - 1] = 0;
    double now = timeline_clock();
    CHECK(timeline_open(&t, path) == STATUS_OK);
    now = timeline_clock();
    timeline_event(t, TIMELINE_DEVICE, 1, odd, now, now + 1);
    timeline_event(t, TIMELINE_DEVICE, 1, longest, now, now + 1);
    timeline_name(t, TIMELINE_DEVICE, 1, "stream \"7\"");
    CHECK(timeline_close(t) == STATUS_OK);
    cJSON *events = read_timeline(&bytes);
    int n = cJSON_GetArraySize(events);
    CHECK(count_events(events, "f<'\"', \"\\\">(?\?\?\?)") == 1);
    size_t cut = strlen(text_of(cJSON_GetArrayItem(events, n - 2), "name"));
    CHECK(cut > 200 && cut < 512);
    const cJSON *args = cJSON_GetObjectItem(cJSON_GetArrayItem(events, n - 1), "args");
    CHECK(strcmp(text_of(args, "name"), "stream \"7\"") == 0);
    cJSON_Delete(events);
}

/* Events of several threads do not mix, and the file is complete at any time. */
static void threads_do_not_mix_events(void) {
    enum { THREADS = 4, EVENTS = 4000, ROUNDS = 5 };
    Timeline *t;
    size_t bytes;
    bool full;
    CHECK(timeline_open(&t, path) == STATUS_OK);
    for (int round = 0; round < ROUNDS; round++) {
#pragma omp parallel for num_threads(THREADS) schedule(static, 1)
        for (int i = 0; i < THREADS * EVENTS; i++) {
            char name[16];
            double now = timeline_clock();
            snprintf(name, sizeof name, "event %d", i % THREADS);
            timeline_event(t, TIMELINE_DEVICE, i % THREADS, name, now, now);
        }
        cJSON *events = read_timeline(
            &bytes); /* nothing was flushed: the file is complete all the same */
        CHECK(events);
        cJSON_Delete(events);
    }
    CHECK(timeline_events(t, &full) == ROUNDS * THREADS * EVENTS && !full);
    CHECK(timeline_close(t) == STATUS_OK);
    cJSON *events = read_timeline(&bytes);
    for (int i = 0; i < THREADS; i++) {
        char name[16];
        snprintf(name, sizeof name, "event %d", i);
        CHECK(count_events(events, name) == ROUNDS * EVENTS);
    }
    cJSON_Delete(events);
}

/* Beyond TIMELINE_BYTES_MAX nothing is added, and the file stays complete. */
static void the_file_is_bounded(void) {
    enum { TOO_MANY = 200000 }; /* of about 570 bytes each: more than fit */
    char name[500];
    Timeline *t;
    bool full;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = 0;
    CHECK(timeline_open(&t, path) == STATUS_OK);
    double now = timeline_clock();
    for (int i = 0; i < TOO_MANY; i++) timeline_event(t, TIMELINE_HOST, 0, name, now, now);
    long events = timeline_events(t, &full);
    CHECK(full && events > 100000 && events < TOO_MANY);
    CHECK(timeline_close(t) == STATUS_OK);
    FILE *f = fopen(path, "rb");
    char end[5] = "";
    CHECK(f && fseek(f, -4, SEEK_END) == 0 && fread(end, 1, 4, f) == 4);
    CHECK(f && ftell(f) > TIMELINE_BYTES_MAX - 1000 && ftell(f) <= TIMELINE_BYTES_MAX + 3);
    CHECK(strcmp(end, "}\n]\n") == 0);
    if (f) fclose(f);
}

/* An older timeline stays until the first event replaces it; a file that is not a timeline is
 * never replaced. */
static void only_timelines_are_replaced(void) {
    Timeline *t;
    size_t before, bytes;
    cJSON_Delete(read_timeline(&before));
    CHECK(timeline_open(&t, path) == STATUS_OK && timeline_close(t) == STATUS_OK);
    cJSON_Delete(read_timeline(&bytes));
    CHECK(bytes == before && before > 1000);
    CHECK(timeline_open(&t, path) == STATUS_OK);
    (void)timeline_host(t, "one", timeline_clock());
    CHECK(timeline_close(t) == STATUS_OK);
    cJSON *events = read_timeline(&bytes);
    CHECK(events && bytes < 1000);
    cJSON_Delete(events);
    unlink(path);
    CHECK(timeline_open(&t, path) == STATUS_OK && timeline_close(t) == STATUS_OK);
    CHECK(access(path, F_OK) != 0); /* no event: no file */
    FILE *f = fopen(path, "w");
    CHECK(f && fputs("[\n{\"name\":\"weights\"}]\n", f) >= 0 && fclose(f) == 0);
    fflush(stderr);
    int keep = dup(2), null = open("/dev/null", O_WRONLY); /* hides the refusal */
    dup2(null, 2);
    Status refused = timeline_open(&t, path);
    dup2(keep, 2);
    close(keep);
    close(null);
    struct stat is;
    CHECK(refused == STATUS_INPUT && stat(path, &is) == 0 && is.st_size == 22);
}

int main(void) {
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    if (fd >= 0) close(fd);
    CHECK(timeline_close(NULL) == STATUS_OK);
    timeline_event(NULL, TIMELINE_HOST, 0, "nobody", 0, 1);
    times_count_from_the_start();
    names_are_escaped_and_cut();
    threads_do_not_mix_events();
    the_file_is_bounded();
    only_timelines_are_replaced();
    unlink(path);
    return check_report();
}
