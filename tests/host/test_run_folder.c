/* tests/host/test_run_folder.c - a run's folder: whose it is, where it goes on, what is removed. */
#include <fcntl.h>

#include "host/games/identity.h"
#include "host/train/checkpoint.h"
#include "host/train/run_folder.h"
#include "tests/support/files.h"

static const ModelConfig config = {
    .inputs = 32,
    .width = 32,
    .heads = 1,
    .hidden = 32,
    .layers = 1,
    .policy_hidden = 32,
    .actions = 52,
    .value_hidden = 32,
    .values = 8,
    .value_head = VALUE_SIGMOID,
};

/* Opens the folder "run" as a run of that seed. */
static Status open_run(RunFolder *run, const char *seed, RunBegin begin) {
    cJSON *identity = cJSON_CreateObject();
    cJSON_AddStringToObject(identity, "program", "blob-train");
    cJSON_AddStringToObject(identity, "seed", seed);
    Status status = run_folder_open(run, files_path("run"), identity, NULL, begin);
    cJSON_Delete(identity);
    return status;
}

static Status open_and_close(const char *seed, RunBegin begin) {
    RunFolder run;
    Status status = open_run(&run, seed, begin);
    run_folder_close(&run);
    return status;
}

static void put(const char *name) { files_put(files_path(name), "x", 1); }
static int there(const char *name) { return access(files_path(name), F_OK) == 0; }

static void a_folder_is_made_and_reopened(void) {
    RunFolder run, second;
    char path[RUN_PATH], expected[600];
    CHECK(open_run(&run, "1", RUN_CONTINUE) == STATUS_OK);
    CHECK(there("run/run.json") && there("run/checkpoints") && there("run/replay"));
    CHECK_SAYS(open_run(&second, "1", RUN_CONTINUE), STATUS_INPUT, "another process writes to it");
    run_folder_close(&second);
    CHECK_SAYS(open_run(&second, "1", RUN_FRESH), STATUS_INPUT, "another process writes to it");
    run_folder_close(&second);
    run_folder_number_path(&run, RUN_REPLAY, 12, path);
    snprintf(expected, sizeof expected, "%s/run/replay/000012.safetensors", folder);
    CHECK(strcmp(path, expected) == 0);
    run_folder_number_path(&run, RUN_CHECKPOINTS, 1234567, path);
    CHECK(strstr(path, "/run/checkpoints/1234567.safetensors"));
    run_folder_path(&run, RUN_METRICS, path);
    CHECK(strstr(path, "/run/metrics.jsonl"));
    run_folder_close(&run);
    CHECK(open_and_close("1", RUN_CONTINUE) == STATUS_OK);
    CHECK_SAYS(open_and_close("2", RUN_CONTINUE), STATUS_INPUT, "seed is 1 there, 2 here");
}

static void foreign_folders_are_left_alone(void) {
    CHECK(mkdir(files_path("other"), 0777) == 0 &&
          rename(files_path("run"), files_path("mine")) == 0);
    CHECK(rename(files_path("other"), files_path("run")) == 0);
    put("run/thesis.txt");
    for (int begin = RUN_CONTINUE; begin <= RUN_FRESH; begin++)
        CHECK_SAYS(open_and_close("1", (RunBegin)begin), STATUS_INPUT,
                   "holds thesis.txt but no run.json");
    CHECK(!there("run/lock") && files_count(files_path("run"), "") == 1);
    unlink(files_path("run/thesis.txt"));
    cJSON *games = cJSON_Parse("{\"seed\":\"1\",\"players\":\"4\"}");
    CHECK(identity_write_run(files_path("run"), games, NULL, NULL) == STATUS_OK);
    put("run/games-000000.safetensors");
    for (int begin = RUN_CONTINUE; begin <= RUN_FRESH; begin++)
        CHECK_SAYS(open_and_close("1", (RunBegin)begin), STATUS_INPUT,
                   "belongs to a run of another program, not of blob-train");
    files_put(files_path("run/run.json"), "{", 1);
    CHECK_SAYS(open_and_close("1", RUN_FRESH), STATUS_INPUT, "run.json: is not JSON");
    CHECK(!there("run/lock") && files_count(files_path("run"), "") == 2);
    cJSON_Delete(games);
    files_clear(files_path("run"));
    put("run");
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_INPUT, "run: is not a folder");
    unlink(files_path("run"));
    CHECK(rename(files_path("mine"), files_path("run")) == 0);
}

static void unfinished_files_are_removed(void) {
    static const char *const leftovers[] = {"run/run.json.aside-1-0",
                                            "run/weights.safetensors.aside-77-3",
                                            "run/best.safetensors.aside-1-1",
                                            "run/metrics.jsonl.aside-1-2",
                                            "run/replay/000001.safetensors.aside-5-5",
                                            "run/checkpoints/000012.safetensors.aside-5-6"};
    static const char *const stay[] = {"run/notes.aside-1", "run/report.html",
                                       "run/checkpoints/mine.safetensors.aside-1-1",
                                       "run/checkpoints/12.safetensors", "run/metrics.jsonl"};
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) put(leftovers[i]);
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++) put(stay[i]);
    CHECK(open_and_close("1", RUN_CONTINUE) == STATUS_OK);
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) CHECK(!there(leftovers[i]));
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++) CHECK(there(stay[i]));
    unlink(files_path("run/run.json")); /* stopped before run.json was there */
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_INPUT, "but no run.json");
}

static void fresh_removes_only_this_run(void) {
    static const char *const own[] = {"run/weights.safetensors",
                                      "run/best.safetensors",
                                      "run/metrics.jsonl",
                                      "run/bad_batch.safetensors",
                                      "run/replay/000003.safetensors",
                                      "run/replay/000004.safetensors",
                                      "run/tensorboard/events.out.tfevents.1.x",
                                      "run/checkpoints/000004.safetensors",
                                      "run/checkpoints/000005.safetensors.aside-3-3"};
    static const char *const stay[] = {"run/report.html", "run/checkpoints/mine.safetensors",
                                       "run/replay/3.safetensors", "run/tensorboard/readme"};
    files_clear(files_path("run"));
    CHECK(open_and_close("1", RUN_FRESH) == STATUS_OK); /* nothing to remove */
    CHECK(mkdir(files_path("run/tensorboard"), 0777) == 0);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) put(own[i]);
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++) put(stay[i]);
    CHECK_SAYS(open_and_close("2", RUN_CONTINUE), STATUS_INPUT, "belongs to another run");
    for (size_t i = 0; i < 8; i++) CHECK(there(own[i]));
    CHECK(open_and_close("2", RUN_FRESH) == STATUS_OK);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) CHECK(!there(own[i]));
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++) CHECK(there(stay[i]));
    CHECK(open_and_close("2", RUN_CONTINUE) == STATUS_OK); /* it is the new run's now */
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_INPUT, "seed is 2 there, 1 here");
}

/* A checkpoint of iteration `number` whose best is `best` (-1: says none). */
static void save(const RunFolder *run, int64_t number, int64_t best) {
    char path[RUN_PATH], text[32];
    TrainState s;
    cJSON *texts = cJSON_CreateObject();
    snprintf(text, sizeof text, "%lld", (long long)best);
    if (best >= 0) cJSON_AddStringToObject(texts, CHECKPOINT_BEST, text);
    CHECK(train_state_alloc(&s, &config) == STATUS_OK);
    s.counters.steps = number;
    run_folder_number_path(run, RUN_CHECKPOINTS, number, path);
    CHECK(checkpoint_save(path, &s, texts) == STATUS_OK);
    cJSON_Delete(texts);
    train_state_free(&s);
}

/* A checkpoint that holds an identity. */
static void save_identity(const RunFolder *run, int64_t number, const char *identity) {
    char path[RUN_PATH];
    TrainState s;
    cJSON *texts = cJSON_CreateObject();
    cJSON_AddStringToObject(texts, "identity", identity);
    CHECK(train_state_alloc(&s, &config) == STATUS_OK);
    run_folder_number_path(run, RUN_CHECKPOINTS, number, path);
    CHECK(checkpoint_save(path, &s, texts) == STATUS_OK);
    cJSON_Delete(texts);
    train_state_free(&s);
}

/* Bit n: there is number n of the series. */
static unsigned present(const RunFolder *run, RunSeries series) {
    unsigned found = 0;
    for (int n = 0; n < 32; n++) {
        char path[RUN_PATH];
        run_folder_number_path(run, series, n, path);
        if (access(path, F_OK) == 0) found |= 1u << n;
    }
    return found;
}

static unsigned bits(int low, int high) { return (unsigned)((1ull << (high + 1)) - (1ull << low)); }

/* What `load` of this test counts and answers. */
typedef struct {
    int asked;
    int64_t missing;  /* the replay of checkpoints above it is not there */
    int64_t refusing; /* a disk that fails at this one */
} Loader;

static Status load(void *context, int64_t number, const char *path) {
    Loader *l = context;
    TrainState s;
    cJSON *texts;
    l->asked++;
    if (number == l->refusing) return STATUS_FILE;
    if (number > l->missing) return durable_refuse(path, "its replay is missing");
    CHECK(train_state_alloc(&s, &config) == STATUS_OK);
    Status status = checkpoint_load(path, &config, &s, &texts);
    CHECK(status != STATUS_OK || s.counters.steps == number);
    cJSON_Delete(texts);
    train_state_free(&s);
    return status;
}

static Status resume(const RunFolder *run, Loader l, int64_t *number, int *asked) {
    Status status = run_folder_resume(run, load, &l, number);
    *asked = l.asked;
    return status;
}

/* Flips a bit in the middle of a checkpoint. */
static void damage(const RunFolder *run, int64_t number) {
    char path[RUN_PATH];
    unsigned char *bytes;
    size_t size;
    run_folder_number_path(run, RUN_CHECKPOINTS, number, path);
    CHECK(durable_read(path, &bytes, &size) == STATUS_OK);
    bytes[size / 2] ^= 4;
    files_put(path, bytes, size);
    free(bytes);
}

static void the_newest_good_checkpoint_is_loaded(void) {
    RunFolder run;
    Loader all = {0, 100, -1}, none = {0, 0, -1}, disk = {0, 100, 11}, some = {0, 9, -1};
    int64_t number = 5;
    int asked;
    files_clear(files_path("run"));
    CHECK(open_run(&run, "1", RUN_CONTINUE) == STATUS_OK);
    CHECK(resume(&run, all, &number, &asked) == STATUS_OK && number == RUN_NONE && asked == 0);
    for (int n = 8; n <= 12; n++) save(&run, n, -1);
    put("run/checkpoints/99.safetensors"); /* no name of ours */
    put("run/checkpoints/000099.safetensors.old");
    CHECK(resume(&run, all, &number, &asked) == STATUS_OK && number == 12 && asked == 1);
    damage(&run, 12);
    CHECK_SAYS(resume(&run, all, &number, &asked), STATUS_OK, "000012.safetensors: checksum is");
    CHECK(number == 11 && asked == 2);
    CHECK(present(&run, RUN_CHECKPOINTS) == bits(8, 12)); /* nothing is thrown away */
    files_listen();
    CHECK(resume(&run, some, &number, &asked) == STATUS_OK && number == 9 && asked == 4);
    CHECK(files_listen_end() == 3);
    files_listen();
    CHECK(resume(&run, disk, &number, &asked) == STATUS_FILE && number == RUN_NONE && asked == 2);
    files_listen_end();
    files_listen();
    CHECK(resume(&run, none, &number, &asked) == STATUS_INPUT && number == RUN_NONE && asked == 5);
    CHECK(files_listen_end() == 6 &&
          strstr(said, "run: none of its checkpoints can be resumed from"));
    CHECK(present(&run, RUN_CHECKPOINTS) == bits(8, 12));
    run_folder_close(&run);
    CHECK(open_run(&run, "1", RUN_FRESH) == STATUS_OK);
    CHECK(resume(&run, all, &number, &asked) == STATUS_OK && number == RUN_NONE);
    run_folder_close(&run);
}

/* Checkpoint n needs the games of the three iterations before it. */
static int64_t three_before(void *context, int64_t number) {
    (void)context;
    return number > 3 ? number - 3 : 0;
}

static void files_that_are_not_needed_are_removed(void) {
    RunFolder run;
    CHECK(open_run(&run, "1", RUN_CONTINUE) == STATUS_OK);
    for (int n = 0; n < 16; n++) {
        char name[64];
        snprintf(name, sizeof name, "run/replay/%06d.safetensors", n);
        put(name);
    }
    put("run/replay/0.safetensors");
    for (int n = 1; n <= 10; n++) save(&run, n, n >= 10 ? 6 : n >= 6 ? 2 : 0);
    CHECK(run_folder_prune(&run, 10, 20, RUN_NONE, three_before, NULL) == STATUS_OK);
    CHECK(present(&run, RUN_CHECKPOINTS) == bits(1, 10) &&
          present(&run, RUN_REPLAY) == bits(0, 15));
    save(&run, 15, -1); /* refused once, and to be written anew */
    CHECK(run_folder_prune(&run, 10, 3, 6, three_before, NULL) == STATUS_OK);
    /* 8, 9, 10; 6 is the best now, and 2 was when 8 and 9 were written */
    CHECK(present(&run, RUN_CHECKPOINTS) == (bits(8, 10) | bits(15, 15) | bits(6, 6) | bits(2, 2)));
    CHECK(present(&run, RUN_REPLAY) == bits(5, 15) && there("run/replay/0.safetensors"));
    save(&run, 11, -1); /* names none: 6 stays because it is said to be the best */
    CHECK(run_folder_prune(&run, 11, 1, 6, three_before, NULL) == STATUS_OK);
    CHECK(present(&run, RUN_CHECKPOINTS) == (bits(11, 11) | bits(15, 15) | bits(6, 6)));
    CHECK(present(&run, RUN_REPLAY) == bits(8, 15));
    run_folder_close(&run);
}

/* Loses run.json: all of it, or down to a text. */
static void lose(const char *text) {
    const char *json = files_path("run/run.json");
    unlink(json);
    if (text) files_put(json, text, strlen(text));
}

/* run.json is lost: what a checkpoint or a replay file says counts, and --fresh needs neither. */
static void a_lost_run_json_is_written_again(const char *left) {
    RunFolder run;
    files_clear(files_path("run"));
    CHECK(open_run(&run, "1", RUN_CONTINUE) == STATUS_OK);
    save_identity(&run, 3, "{\"program\":\"blob-train\",\"seed\":\"1\"}");
    put("run/checkpoints/000004.safetensors"); /* damaged: the one before tells */
    run_folder_close(&run);
    CHECK(rename(files_path("run/run.json"), files_path("kept")) == 0);
    lose(left);
    CHECK_SAYS(open_and_close("2", RUN_CONTINUE), STATUS_INPUT,
               "000003.safetensors: belongs to another run: seed is 1 there, 2 here");
    CHECK(there("run/run.json") == (left != NULL));
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_OK,
               left ? "run.json: was damaged; written again from "
                    : "run.json: was missing; written again from ");
    CHECK(files_same(files_path("run/run.json"), files_path("kept")));
    CHECK(open_and_close("1", RUN_CONTINUE) == STATUS_OK);
    lose(left);
    CHECK(rename(files_path("run/checkpoints/000003.safetensors"),
                 files_path("run/replay/000002.safetensors")) == 0); /* without an identity */
    CHECK_SAYS(open_and_close("2", RUN_CONTINUE), STATUS_INPUT, "run of another program");
    unlink(files_path("run/replay/000002.safetensors"));
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_INPUT, "no checkpoint tells what run");
    put("run/report.html");
    CHECK(open_and_close("2", RUN_FRESH) == STATUS_OK && there("run/report.html"));
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_INPUT, "seed is 2 there, 1 here");
    CHECK(!there("run/checkpoints/000004.safetensors"));
}

/* Neither checkpoint nor games: the beginning of a run, unless there are files of others. */
static void a_run_json_lost_at_once_costs_nothing(void) {
    lose("{");
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_INPUT, "run.json: is not JSON");
    unlink(files_path("run/report.html"));
    CHECK_SAYS(open_and_close("1", RUN_CONTINUE), STATUS_OK, "the run begins again");
    CHECK(open_and_close("1", RUN_CONTINUE) == STATUS_OK);
    lose(NULL);
    CHECK(open_and_close("1", RUN_CONTINUE) == STATUS_OK && there("run/run.json"));
    lose(NULL); /* a network that somebody keeps in a folder of that name */
    CHECK(rmdir(files_path("run/replay")) == 0);
    put("run/weights.safetensors");
    for (int begin = RUN_CONTINUE; begin <= RUN_FRESH; begin++)
        CHECK_SAYS(open_and_close("1", (RunBegin)begin), STATUS_INPUT, "but no run.json");
    CHECK(there("run/weights.safetensors"));
}

int main(void) {
    files_begin();
    a_folder_is_made_and_reopened();
    foreign_folders_are_left_alone();
    unfinished_files_are_removed();
    fresh_removes_only_this_run();
    the_newest_good_checkpoint_is_loaded();
    files_that_are_not_needed_are_removed();
    static const char *const left[] = {NULL, "", "{\"identity\":", "hello", "{\"identity\":5}"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        a_lost_run_json_is_written_again(left[i]);
    a_run_json_lost_at_once_costs_nothing();
    files_clear(folder);
    return check_report();
}
