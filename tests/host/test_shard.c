/* tests/host/test_shard.c - folders of games: any order, stop, damage; the same bytes at the
 * end. */
#include <xxhash.h>

#include "tests/support/files.h"
#include "tests/support/random_run.h"

#define SHARD0 "games-000000.safetensors"
#define PART0  "games-000000.part"
#define SHARD1 "games-000001.safetensors"

enum { ALL = 1 << 20 };

/* A name in a folder of the test's folder. */
static const char *in(const char *name, const char *file) {
    char both[128];
    snprintf(both, sizeof both, "%s/%s", name, file);
    return files_path(both);
}

static int64_t go(const char *name, GameTerms terms, int64_t games, int64_t stop, uint64_t order) {
    RandomRun run = {terms, games, stop, order, 0};
    CHECK(random_run(files_path(name), &run) == STATUS_OK);
    return run.missed;
}

static void games_come_back_as_they_were(GameTerms terms, int games) {
    static uint16_t words[RECORD_MAX_WORDS], want[RECORD_MAX_WORDS];
    Shard shard;
    CHECK(go("back", terms, games, ALL, 1) == games);
    CHECK(shard_file_open(&shard, in("back", SHARD0)) == STATUS_OK && shard.games == games);
    for (int i = 0; i < shard.games; i++) {
        int count;
        CHECK(shard_file_read(&shard, i, words, &count) == STATUS_OK);
        CHECK(count == random_game(&terms, 1, i, want));
        CHECK(memcmp(words, want, (size_t)count * sizeof *words) == 0);
    }
    shard_file_close(&shard);
    files_clear(files_path("back"));
}

static void any_order_and_any_stop_end_in_the_same_bytes(void) {
    GameTerms t = terms_of(RULES_BLOB, 2, 2, 0);
    CHECK(go("once", t, 4200, ALL, 1) == 4200);
    CHECK(go("often", t, 4200, 1000, 2) == 4200);
    CHECK(files_count(files_path("often"), ".part") == 2);
    CHECK(go("often", t, 4200, 0, 3) == 3200);
    CHECK(go("often", t, 4200, 3190, 4) == 3200);
    CHECK(go("often", t, 4200, ALL, 5) == 10);
    CHECK(go("often", t, 4200, ALL, 6) == 0);
    CHECK(files_same(in("once", SHARD0), in("often", SHARD0)));
    CHECK(files_same(in("once", SHARD1), in("often", SHARD1)));
    CHECK(files_count(files_path("often"), ".part") == 0);
    CHECK(files_count(files_path("often"), "") == 4); /* two shards, run.json, lock */
    /* Longer, then shorter: a short shard is replaced when it is whole, never before. */
    CHECK(go("short", t, 100, ALL, 1) == 100);
    CHECK(go("short", t, 4200, 3000, 2) == 4100);
    CHECK(!files_same(in("once", SHARD0), in("short", SHARD0)));
    Shard shard;
    CHECK(shard_file_open(&shard, in("short", SHARD0)) == STATUS_OK && shard.games == 100);
    shard_file_close(&shard);
    CHECK(go("short", t, 50, ALL, 1) == 0);
    CHECK(go("short", t, 4200, ALL, 3) == 1100);
    CHECK(files_same(in("once", SHARD0), in("short", SHARD0)));
    CHECK(files_same(in("once", SHARD1), in("short", SHARD1)));
    files_clear(files_path("short"));
    files_clear(files_path("often"));
    files_clear(files_path("once"));
}

static void a_shorter_run_loses_no_games_of_a_longer_one(void) {
    GameTerms t = terms_of(RULES_BLOB, 2, 2, 0);
    CHECK(go("long", t, 300, 250, 1) == 300);
    int64_t missed = go("long", t, 100, ALL, 1);
    CHECK(missed < 50);
    CHECK(go("fresh", t, 100, ALL, 2) == 100);
    CHECK(files_same(in("long", SHARD0), in("fresh", SHARD0)));
    CHECK(go("long", t, 300, ALL, 1) == 50 - missed);
    CHECK(go("fresh", t, 300, ALL, 2) == 200);
    CHECK(files_same(in("long", SHARD0), in("fresh", SHARD0)));
    CHECK(files_count(files_path("long"), ".part") == 0);
    files_clear(files_path("long"));
    files_clear(files_path("fresh"));
}

static void a_stop_between_rename_and_removal_is_repaired(void) {
    GameTerms t = terms_of(RULES_BLOB, 2, 2, 0);
    unsigned char *part;
    size_t size;
    go("stop", t, 300, 299, 1);
    CHECK(durable_read(in("stop", PART0), &part, &size) == STATUS_OK);
    go("stop", t, 300, ALL, 1);
    files_put(in("stop", PART0), part, size);
    files_put(in("stop", SHARD0 ".aside-77-0"), part, size);
    files_put(in("stop", "mine.aside-77-0"), part, size);
    CHECK(go("stop", t, 300, ALL, 1) == 0);
    CHECK(files_count(files_path("stop"), ".part") == 0);
    CHECK(files_count(files_path("stop"), ".aside-") == 1); /* the one that is not ours */
    free(part);
    files_clear(files_path("stop"));
}

/* What a part at PART0 of folder "part" still has, each game as it was. -1: refused. */
static int part_games(const GameTerms *terms, uint64_t hash, int in_order) {
    static uint16_t words[RECORD_MAX_WORDS], want[RECORD_MAX_WORDS];
    static ShardPart part;
    Status status = shard_part_open(&part, in("part", PART0), 0, hash, PART_WRITE);
    int count, kept = 0;
    for (int i = 0; i < SHARD_GAMES && status == STATUS_OK; i++) {
        if (!part.offset[i]) continue;
        CHECK(shard_part_read(&part, i, words, &count) == STATUS_OK);
        CHECK(count == random_game(terms, 1, i, want));
        CHECK(memcmp(words, want, (size_t)count * sizeof *words) == 0);
        CHECK(!in_order || i == kept);
        kept++;
    }
    shard_part_close(&part);
    return status == STATUS_OK ? kept : -1;
}

static void games_before_the_damage_of_a_part_survive(void) {
    static uint16_t words[RECORD_MAX_WORDS];
    GameTerms t = terms_of(RULES_BLOB, 2, 1, 0);
    unsigned char *bytes;
    size_t size, ends[5] = {PART_HEAD_BYTES};
    cJSON *identity = identity_of(&t, "1");
    ShardStore *store;
    CHECK(shard_open(&store, files_path("part"), identity, NULL, 300) == STATUS_OK);
    for (int i = 0; i < 4; i++) {
        int count = random_game(&t, 1, i, words);
        ends[i + 1] = ends[i] + PART_RECORD_BYTES + 2 * (size_t)count;
        CHECK(shard_append(store, words, count) == STATUS_OK);
    }
    CHECK(shard_close(store) == STATUS_OK);
    uint64_t hash = identity_hash(identity);
    cJSON_Delete(identity);
    CHECK(durable_read(in("part", PART0), &bytes, &size) == STATUS_OK && size == ends[4]);
    CHECK(part_games(&t, hash, 1) == 4);
    CHECK_SAYS(part_games(&t, hash + 1, 1) < 0 ? STATUS_INPUT : STATUS_OK, STATUS_INPUT, "another");
    files_listen();
    for (size_t n = 0; n <= size; n++) {
        int whole = 0;
        while (whole < 4 && n >= ends[whole + 1]) whole++;
        files_put(in("part", PART0), bytes, n);
        CHECK(part_games(&t, hash, 1) == whole);
        struct stat part; /* what was dropped is dropped for good */
        CHECK(stat(in("part", PART0), &part) == 0 && part.st_size == (off_t)ends[whole]);
    }
    for (size_t i = 0; i < 8 * size; i++) {
        int whole = -1;
        while (whole < 4 && i / 8 >= ends[whole + 1]) whole++;
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        files_put(in("part", PART0), bytes, size);
        CHECK(part_games(&t, hash, 1) == whole);
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    files_listen_end();
    bytes[ends[2] + 30] ^= 1;
    files_put(in("part", PART0), bytes, size);
    RandomRun run = {t, 300, ALL, 1, 0};
    CHECK_SAYS(random_run(files_path("part"), &run), STATUS_OK, "damaged record at byte");
    CHECK(run.missed == 298);
    free(bytes);
    files_clear(files_path("part"));
}

/* Writes the checksum that a shard's bytes should have; `field` is where it stands. */
static void seal(unsigned char *bytes, size_t size, size_t field) {
    char digits[17];
    memset(bytes + field, '0', 16);
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)XXH64(bytes, size, 0));
    memcpy(bytes + field, digits, 16);
}

/* Reads every game of a shard and plays it through. */
static Status read_all(const char *path) {
    static uint16_t words[RECORD_MAX_WORDS];
    Shard shard;
    Status status = shard_file_open(&shard, path);
    for (int i = 0; status == STATUS_OK && i < shard.games; i++) {
        GameRecord game;
        RecordRound round;
        int count;
        status = shard_file_read(&shard, i, words, &count);
        if (status != STATUS_OK) break;
        game_record_begin(&game, &shard.terms, words, count);
        while (game_record_next(&game, &round)) continue;
        if (game.wrong[0]) status = STATUS_ARGUMENT;
    }
    shard_file_close(&shard);
    return status;
}

static void damage_of_a_shard_is_detected(void) {
    GameTerms t = terms_of(RULES_BLOB, 2, 2, 0);
    unsigned char *bytes;
    size_t size;
    go("seen", t, 5, ALL, 1);
    const char *whole = in("seen", SHARD0), *path = in("seen", "x");
    CHECK(durable_read(whole, &bytes, &size) == STATUS_OK && read_all(whole) == STATUS_OK);
    size_t data_at = 8 + (size_t)bytes[0] + 256 * (size_t)bytes[1];
    static const char key[] = "\"xxh64\":\"";
    size_t field = (size_t)(strstr((char *)bytes + 8, key) - (char *)bytes) + sizeof key - 1;
    int accepted = 0, refused = 0;
    files_listen();
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (unsigned char)(1 << i % 8);
        files_put(path, bytes, size);
        accepted += read_all(path) == STATUS_OK;
        seal(bytes, size, field); /* and with a checksum that fits, no reader may stumble */
        files_put(path, bytes, size);
        if (i >= data_at) refused += read_all(path) != STATUS_OK;
        bytes[i] ^= (unsigned char)(1 << i % 8);
        seal(bytes, size, field);
    }
    for (size_t n = 0; n < size; n += 7) {
        files_put(path, bytes, n);
        accepted += read_all(path) == STATUS_OK;
    }
    files_listen_end();
    CHECK(accepted == 0);
    CHECK(refused > (int)(size - data_at) / 2); /* but visits may be any */
    files_put(path, bytes, size);
    CHECK(files_same(path, whole));
    free(bytes);
    files_clear(files_path("seen"));
}

/* Offsets that point elsewhere, under a checksum that fits. */
static void offsets_of_a_shard_are_checked(void) {
    static const char *const names[] = {"game_round_offset", "deal_offset", "action_offset",
                                        "decision_offset", "visit_offset"};
    static const int64_t wrong[] = {(int64_t)1 << 40, INT64_MAX, -1, INT64_MIN};
    unsigned char *bytes;
    size_t size;
    Safetensors file;
    go("offsets", terms_of(RULES_BLOB, 2, 2, 0), 5, ALL, 1);
    const char *whole = in("offsets", SHARD0), *path = in("offsets", "x");
    CHECK(durable_read(whole, &bytes, &size) == STATUS_OK);
    size_t field = (size_t)(strstr((char *)bytes + 8, "\"xxh64\"") - (char *)bytes) + 9;
    CHECK(safetensors_open(&file, whole, SAFE_CHECKSUM_REQUIRED) == STATUS_OK);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 12; k++) {
            const SafeTensor *t = safetensors_find_tensor(&file, names[i]);
            int64_t place = k / 4 == 0 ? 0 : k / 4 == 1 ? 1 : t->count - 1;
            unsigned char *at = bytes + (t->data - file.bytes) + 8 * place;
            memcpy(at, &wrong[k % 4], 8);
            seal(bytes, size, field);
            files_put(path, bytes, size);
            CHECK_SAYS(read_all(path), STATUS_INPUT, names[i]);
            memcpy(at, t->data + 8 * place, 8);
        }
    safetensors_close(&file);
    free(bytes);
    files_clear(files_path("offsets"));
}

static Status open_named(const char *name, const cJSON *identity, int64_t games) {
    ShardStore *store;
    Status status = shard_open(&store, files_path(name), identity, NULL, games);
    if (status == STATUS_OK)
        CHECK(shard_close(store) == STATUS_OK);
    else
        CHECK(store == NULL);
    return status;
}

static void foreign_folders_are_left_alone(void) {
    GameTerms t = terms_of(RULES_BLOB, 2, 2, 0);
    cJSON *mine = identity_of(&t, "1"), *other = identity_of(&t, "2"), *more = identity_of(&t, "1");
    ShardStore *store;
    cJSON_AddStringToObject(more, "worlds", "3");
    go("run", t, 10, ALL, 1);
    CHECK_SAYS(open_named("run", other, 10), STATUS_INPUT, "seed is 1 there, 2 here");
    CHECK_SAYS(open_named("run", more, 10), STATUS_INPUT, "worlds is absent there, 3 here");
    CHECK(open_named("more", more, 10) == STATUS_OK);
    CHECK_SAYS(open_named("more", mine, 10), STATUS_INPUT, "worlds is 3 there, absent here");
    files_clear(files_path("more"));
    unlink(in("run", "run.json"));
    CHECK_SAYS(open_named("run", other, 10), STATUS_INPUT, SHARD0 ": belongs to another run");
    CHECK_SAYS(open_named("run", mine, 10), STATUS_OK, "run.json: was missing; written again");
    CHECK(files_count(files_path("run"), "run.json") == 1);
    CHECK(shard_open(&store, files_path("run"), mine, NULL, 10) == STATUS_OK);
    CHECK_SAYS(open_named("run", mine, 10), STATUS_INPUT, "another process");
    CHECK(shard_close(store) == STATUS_OK);
    files_put(in("run", PART0), "mine", 4);
    CHECK_SAYS(open_named("run", mine, 20), STATUS_INPUT, "left alone");
    unlink(in("run", PART0));
    files_put(in("run", SHARD1), "{}", 2);
    CHECK_SAYS(open_named("run", mine, 10), STATUS_INPUT, SHARD1);
    unlink(in("run", SHARD1));
    files_put(in("run", "run.json"), "{}", 2);
    CHECK_SAYS(open_named("run", other, 10), STATUS_INPUT, SHARD0 ": belongs to another run");
    CHECK_SAYS(open_named("run", mine, 10), STATUS_OK, "run.json: was damaged; written again");
    CHECK_SAYS(open_named("run", other, 10), STATUS_INPUT, "run.json: belongs to another run");
    CHECK_SAYS(open_named("run/run.json", mine, 10), STATUS_INPUT, "not a folder");
    CHECK_SAYS(open_named("run/none/x", mine, 10), STATUS_INPUT, "No such file");
    cJSON_ReplaceItemInObjectCaseSensitive(more, "players", cJSON_CreateString("9"));
    CHECK_SAYS(open_named("none", more, 10), STATUS_INPUT, "players is 9");
    cJSON_ReplaceItemInObjectCaseSensitive(more, "format_version", cJSON_CreateString("0"));
    CHECK_SAYS(open_named("none", more, 10), STATUS_INPUT, "format_version is 0");
    CHECK(access(files_path("none"), F_OK) != 0);
    cJSON_Delete(mine);
    cJSON_Delete(other);
    cJSON_Delete(more);
    files_clear(files_path("run"));
}

static void a_game_is_stored_once(void) {
    static uint16_t words[RECORD_MAX_WORDS];
    GameTerms t = terms_of(RULES_BLOB, 3, 5, 0);
    ShardStore *store;
    cJSON *identity = identity_of(&t, "1");
    CHECK(shard_open(&store, files_path("two"), identity, NULL, 3) == STATUS_OK);
    for (int64_t id = 0; id < 3; id++)
        for (int i = 0; i < 2; i++) {
            int count = random_game(&t, 1, id, words);
            CHECK(shard_append(store, words, count) == STATUS_OK);
            if (i == 0 && id != 1) continue; /* 0 is in the part, 2 in the shard */
            words[count - 1]++;
            CHECK_SAYS(shard_append(store, words, count), STATUS_INPUT, "with other content");
        }
    CHECK(shard_append(store, words, random_game(&t, 1, 3, words)) == STATUS_ARGUMENT);
    CHECK(shard_append(store, words, 7) == STATUS_ARGUMENT);
    CHECK(shard_close(store) == STATUS_OK);
    CHECK(read_all(in("two", SHARD0)) == STATUS_OK);
    CHECK(shard_open(&store, files_path("two"), identity, NULL, 4) == STATUS_OK);
    int count = random_game(&t, 1, 3, words);
    words[RECORD_HEAD_WORDS + RECORD_ROUND_WORDS] ^= 1; /* not a deal that the rules know */
    CHECK_SAYS(shard_append(store, words, count), STATUS_INPUT, "game 3: round 0");
    CHECK(shard_close(store) == STATUS_OK);
    CHECK(read_all(in("two", SHARD0)) == STATUS_OK); /* the three of before */
    cJSON_Delete(identity);
    files_clear(files_path("two"));
}

static void a_disk_that_fills_loses_nothing(void) {
    GameTerms t = terms_of(RULES_BLOB, 2, 2, 0);
    RandomRun run = {t, 3000, ALL, 1, 0};
    go("whole", t, 3000, ALL, 1);
    files_limit(200000); /* the part does not fit */
    CHECK_SAYS(random_run(files_path("full"), &run), STATUS_FILE, PART0 ": cannot be written");
    files_limit(RLIM_INFINITY);
    CHECK(files_count(files_path("full"), ".safetensors") == 0);
    run.stop = 10;
    CHECK_SAYS(random_run(files_path("full"), &run), STATUS_OK, "torn record");
    CHECK(run.missed > 100 && run.missed < 2000);
    run.stop = ALL;
    struct stat part;
    CHECK(stat(in("full", PART0), &part) == 0);
    go("full", t, 3000, run.missed - 11, 1);
    files_limit((rlim_t)part.st_size); /* one more does not fit */
    CHECK_SAYS(random_run(files_path("full"), &run), STATUS_FILE, PART0 ": cannot be written");
    files_limit(RLIM_INFINITY);
    CHECK(run.missed == 1 && files_count(files_path("full"), "games-") == 1);
    files_listen();
    CHECK(go("full", t, 3000, ALL, 1) == 1);
    files_listen_end();
    CHECK(files_same(in("whole", SHARD0), in("full", SHARD0)));
    /* A shard that does not fit where a short one is: that stays. */
    go("short", t, 300, ALL, 1);
    files_limit(100000);
    run.games = 900;
    CHECK_SAYS(random_run(files_path("short"), &run), STATUS_FILE, SHARD0 ": cannot be written");
    files_limit(RLIM_INFINITY);
    CHECK(read_all(in("short", SHARD0)) == STATUS_OK);
    CHECK(files_count(files_path("short"), "aside") == 0);
    CHECK(go("short", t, 900, ALL, 1) == 0);
    go("again", t, 900, ALL, 1);
    CHECK(files_same(in("again", SHARD0), in("short", SHARD0)));
    files_clear(files_path("again"));
    files_clear(files_path("short"));
    files_clear(files_path("whole"));
    files_clear(files_path("full"));
}

int main(void) {
    files_begin();
    games_come_back_as_they_were(terms_of(RULES_BLOB, 8, 6, 1), 20);
    games_come_back_as_they_were(terms_of(RULES_BLOB, 3, 17, 0), 50);
    games_come_back_as_they_were(terms_of(RULES_OH_HELL, 4, 5, 1), 20);
    any_order_and_any_stop_end_in_the_same_bytes();
    a_shorter_run_loses_no_games_of_a_longer_one();
    a_stop_between_rename_and_removal_is_repaired();
    games_before_the_damage_of_a_part_survive();
    damage_of_a_shard_is_detected();
    offsets_of_a_shard_are_checked();
    foreign_folders_are_left_alone();
    a_game_is_stored_once();
    a_disk_that_fills_loses_nothing();
    files_clear(folder);
    return check_report();
}
