/* tests/host/test_replay_file.c - games leave the ring for a file and come back; nothing else
 * does. */
#include "host/replay/replay_file.h"
#include "tests/support/files.h"
#include "tests/support/replay_ring.h"

enum { MANY = 2600 }; /* games of more than one frame */

static GameTerms tables[3]; /* of `games`, which the small files hold too */
static RingGames games;
static cJSON *identity;

static void setup(void) {
    tables[0] = ring_terms(RULES_BLOB, 4, 5, 0);
    tables[1] = ring_terms(RULES_BLOB, 3, 4, 1);
    tables[2] = ring_terms(RULES_BLOB, 5, 2, 0);
    games = ring_games(tables, 3, 5000, MANY);
    CHECK(games.word_count > 2 * REPLAY_FRAME_WORDS);
    identity = cJSON_CreateObject();
    cJSON_AddStringToObject(identity, "seed", "1");
    cJSON_AddStringToObject(identity, "rules", "blob");
}

static Ring ring_full(int64_t capacity) {
    Ring ring = ring_open(&backend_cpu, &replay_cpu, &tables[0].rules, capacity, games.stride);
    CHECK(replay_cpu.add(&ring.replay, games.words, games.at, MANY, NULL) == STATUS_OK);
    return ring;
}

static Status load(ReplayGames *out, const char *name) {
    return replay_file_load(out, files_path(name), identity, &tables[0].rules, games.stride);
}

/* Loading is refused with one line that holds `text`. */
static void refused(const char *name, const char *text) {
    ReplayGames loaded;
    CHECK_SAYS(load(&loaded, name), STATUS_INPUT, text);
    replay_games_free(&loaded);
}

/* Out of a ring that wraps, into files of both kinds, and into an empty ring: the same bytes. */
static void games_come_back(void) {
    static const char *const names[REPLAY_FILE_COUNT] = {"plain", "packed"};
    Ring ring = ring_full(3000),
         other = ring_open(&backend_cpu, &replay_cpu, &tables[0].rules, 3000, games.stride);
    ReplayGames out, loaded;
    CHECK(replay_copy_out(&out, &ring.replay, &backend_cpu, 5000, 5000 + MANY, NULL) == STATUS_OK);
    CHECK(out.first == 5000 && out.games == MANY && out.offset[MANY] == games.word_count);
    CHECK(memcmp(out.words, games.words, (size_t)games.word_count * 2) == 0);
    for (int c = 0; c < REPLAY_FILE_COUNT && !checks_failed; c++) {
        ReplayCompression kind = (ReplayCompression)c;
        CHECK(replay_file_save(files_path(names[c]), identity, &out, kind, 1) == STATUS_OK);
        CHECK(replay_file_save(files_path("again"), identity, &out, kind, 3) == STATUS_OK);
        CHECK(files_same(files_path(names[c]), files_path("again")));
        CHECK(load(&loaded, names[c]) == STATUS_OK);
        CHECK(loaded.first == 5000 && loaded.games == MANY);
        CHECK(memcmp(loaded.offset, out.offset, (MANY + 1) * sizeof *out.offset) == 0);
        CHECK(memcmp(loaded.words, out.words, (size_t)games.word_count * 2) == 0);
        memset(other.block, 0, other.bytes);
        CHECK(replay_cpu.clear(&other.replay, NULL) == STATUS_OK);
        CHECK(replay_copy_in(&loaded, &other.replay, &backend_cpu, &replay_cpu, NULL) == STATUS_OK);
        CHECK(memcmp(other.block, ring.block, ring.bytes) == 0);
        replay_games_free(&loaded);
    }
    struct stat plain, packed;
    CHECK(stat(files_path("plain"), &plain) == 0 && stat(files_path("packed"), &packed) == 0);
    CHECK(packed.st_size < plain.st_size / 2);
    replay_games_free(&out);
    CHECK_SAYS(replay_copy_out(&out, &ring.replay, &backend_cpu, 4999, 5100, NULL), STATUS_ARGUMENT,
               "-> 1"); /* a game that is not there */
    replay_games_free(&out);
    ring_close(&other);
    ring_close(&ring);
}

/* The games first .. first + n - 1 of `games`, as a view whose parts a test may change. */
static ReplayGames some(int first, int n, int64_t *offset, uint16_t *words) {
    ReplayGames g;
    memset(&g, 0, sizeof g);
    g.first = games.first + first;
    g.games = n;
    offset[0] = 0;
    for (int i = 0; i < n; i++) {
        const uint16_t *from = games.words + games.at[first + i];
        memcpy(words + offset[i], from, from[4] * sizeof *from);
        offset[i + 1] = offset[i] + from[4];
    }
    g.offset = offset;
    g.words = words;
    return g;
}

enum { FEW = 4 };
static int64_t offset[FEW + 1];
static uint16_t words[FEW * RECORD_MAX_WORDS];

static void any_cut_and_any_flip_is_detected(ReplayCompression kind) {
    ReplayGames g = some(2, 2, offset, words), loaded;
    unsigned char *bytes;
    size_t size;
    CHECK(replay_file_save(files_path("whole"), identity, &g, kind, 1) == STATUS_OK);
    CHECK(durable_read(files_path("whole"), &bytes, &size) == STATUS_OK && size < 4000);
    CHECK(load(&loaded, "whole") == STATUS_OK && loaded.games == 2);
    replay_games_free(&loaded);
    for (size_t n = 0; n < size && !checks_failed; n++) {
        files_put(files_path("cut"), bytes, n);
        refused("cut", "cut: ");
        bytes[n] ^= (unsigned char)(1 << n % 8);
        files_put(files_path("flipped"), bytes, size);
        refused("flipped", "flipped: ");
        bytes[n] ^= (unsigned char)(1 << n % 8);
    }
    char *key = strstr((char *)bytes + 8, "xxh64");
    CHECK(key && load(&loaded, "whole") == STATUS_OK);
    replay_games_free(&loaded);
    if (key) key[0] = 'y';
    files_put(files_path("unsigned"), bytes, size);
    refused("unsigned", "has no checksum");
    free(bytes);
}

/* Saves what a test made of some games, with a right checksum, and has it refused. */
static void refused_games(const ReplayGames *g, const char *text) {
    for (int c = 0; c < REPLAY_FILE_COUNT; c++) {
        CHECK(replay_file_save(files_path("wrong"), identity, g, (ReplayCompression)c, 1) ==
              STATUS_OK);
        refused("wrong", text);
    }
}

static void games_that_break_the_rules_are_refused(void) {
    ReplayGames g = some(0, FEW, offset, words);
    words[offset[2]] ^= 1;
    refused_games(&g, "game 2: its id is 5003, expected 5002");
    words[offset[2]] ^= 1;
    const uint16_t *third = words + offset[2];
    int action = (int)offset[2] + RECORD_HEAD_WORDS + RECORD_ROUND_WORDS +
                 third[RECORD_PLAYERS_AT] * third[RECORD_HEAD_WORDS + RECORD_CARDS_AT];
    uint16_t kept = words[action];
    words[action] = 51;
    refused_games(&g, "game 2: round 0, ply 0: action 51 is not legal");
    words[action] = kept;
    words[offset[1] + 6] = 9;
    refused_games(&g, "game 1: 9 players of ");
    words[offset[1] + 6] = 4, words[offset[1] + RECORD_HEAD_WORDS] = 14;
    refused_games(&g, "game 1: 4 players of 14 cards");
    g = some(0, FEW, offset, words);
    words[3] = 0x8000;
    refused_games(&g, "game 0: its id is out of range");
    g = some(0, FEW, offset, words);
    offset[2]++;
    refused_games(&g, "game 1: the record has ");
    offset[2] = offset[1];
    refused_games(&g, "game 1 has 0 words, allowed: 9..");
    offset[2] = offset[1] - 1;
    refused_games(&g, "game 1 has -1 words, allowed: 9..");
    offset[0] = 1;
    refused_games(&g, "do not begin at 0");
    g = some(0, FEW, offset, words);
    CHECK(replay_file_save(files_path("right"), identity, &g, REPLAY_FILE_PLAIN, 1) == STATUS_OK);
    ReplayGames loaded;
    Rules other = tables[0].rules;
    other.variant = RULES_OH_HELL;
    CHECK_SAYS(replay_file_load(&loaded, files_path("right"), NULL, &other, games.stride),
               STATUS_INPUT, "of rules 0, expected ");
    replay_games_free(&loaded);
    CHECK_SAYS(replay_file_load(&loaded, files_path("right"), NULL, &tables[0].rules, 60),
               STATUS_INPUT, "words, allowed: 9..60");
    replay_games_free(&loaded);
}

/* A safetensors file of up to three lists, as a stranger could make one. */
typedef struct {
    const char *name;
    SafeType type;
    const void *data;
    int64_t count;
} List;

static void put_file(const char *name, const char *version, const List *lists, int count) {
    SafetensorsWriter file;
    SafeTensor tensors[3];
    memset(tensors, 0, sizeof tensors);
    cJSON *metadata = cJSON_Duplicate(identity, 1);
    if (version) cJSON_AddStringToObject(metadata, "replay_version", version);
    for (int i = 0; i < count; i++) {
        tensors[i].name = lists[i].name;
        tensors[i].type = lists[i].type;
        tensors[i].rank = 1;
        tensors[i].dims[0] = lists[i].count;
    }
    CHECK(safetensors_create(&file, files_path(name), tensors, count, metadata) == STATUS_OK);
    for (int i = 0; i < count; i++)
        CHECK(safetensors_append(
                  &file, i, lists[i].data,
                  (size_t)(lists[i].count * safetensors_type_bytes(lists[i].type))) == STATUS_OK);
    CHECK(safetensors_commit(&file) == STATUS_OK);
    cJSON_Delete(metadata);
}

static void foreign_files_are_refused(void) {
    ReplayGames g = some(0, FEW, offset, words), loaded;
    int64_t n = offset[FEW], frame[3] = {0, 9, 8};
    List lists[3] = {{"offset", SAFE_I64, offset, FEW + 1}, {"words", SAFE_U16, words, n}};
    put_file("stranger", "1", lists, 2);
    CHECK(load(&loaded, "stranger") == STATUS_OK && loaded.games == FEW);
    replay_games_free(&loaded);
    put_file("stranger", "2", lists, 2);
    refused("stranger", "replay_version is 2, expected 1");
    put_file("stranger", NULL, lists, 2);
    refused("stranger", "replay_version is missing, expected 1");
    put_file("stranger", "1", lists, 1);
    refused("stranger", "has no tensor words of type U16");
    put_file("stranger", "1", lists + 1, 1);
    refused("stranger", "has no tensor offset of type I64");
    lists[1].count--;
    put_file("stranger", "1", lists, 2);
    refused("stranger", "words, expected ");
    lists[0].count = 1;
    put_file("stranger", "1", lists, 2);
    refused("stranger", "holds no games");
    lists[0].count = FEW + 1;
    List frames = {"frames", SAFE_U8, words, 9}, list = {"frame_offset", SAFE_I64, frame, 2};
    lists[1] = list, lists[2] = frames;
    put_file("stranger", "1", lists, 3);
    refused("stranger", "1 of its 1 frames are damaged");
    frame[1] = 8;
    put_file("stranger", "1", lists, 3);
    refused("stranger", "frame_offset does not cover");
    lists[1].count = 3;
    put_file("stranger", "1", lists, 3);
    refused("stranger", "2 frames, expected 1");
    refused("nothing", "cannot be read: No such file");
    CHECK(replay_file_save(files_path("right"), identity, &g, REPLAY_FILE_ZSTD, 1) == STATUS_OK);
    cJSON_ReplaceItemInObject(identity, "seed", cJSON_CreateString("2"));
    refused("right", "seed");
    cJSON_ReplaceItemInObject(identity, "seed", cJSON_CreateString("1"));
    CHECK(load(&loaded, "right") == STATUS_OK);
    replay_games_free(&loaded);
}

/* A frame that is whole, but of fewer words than the games have. */
static void a_short_frame_is_refused(void) {
    ReplayGames g = some(0, FEW - 1, offset, words);
    Safetensors file;
    int64_t frame[2] = {0, 0};
    CHECK(replay_file_save(files_path("fewer"), identity, &g, REPLAY_FILE_ZSTD, 1) == STATUS_OK);
    CHECK(safetensors_open(&file, files_path("fewer"), SAFE_CHECKSUM_REQUIRED) == STATUS_OK);
    const SafeTensor *t = safetensors_find_tensor(&file, "frames");
    some(0, FEW, offset, words);
    frame[1] = t->count;
    List lists[3] = {{"offset", SAFE_I64, offset, FEW + 1},
                     {"frame_offset", SAFE_I64, frame, 2},
                     {"frames", SAFE_U8, t->data, t->count}};
    put_file("stranger", "1", lists, 3);
    refused("stranger", "1 of its 1 frames are damaged");
    safetensors_close(&file);
}

/* The disk fills at any byte: an older file stays, nothing is left aside. */
static void a_full_disk_is_one_line(ReplayCompression kind) {
    ReplayGames g = some(0, 2, offset, words), loaded;
    struct stat there;
    CHECK(replay_file_save(files_path("old"), identity, &g, kind, 1) == STATUS_OK);
    CHECK(stat(files_path("old"), &there) == 0);
    g = some(1, 3, offset, words);
    for (rlim_t bytes = 0; bytes < (rlim_t)there.st_size && !checks_failed; bytes += 97) {
        files_listen();
        files_limit(bytes < 512 ? 512 : bytes); /* the line on stderr is a file, too */
        Status status = replay_file_save(files_path("old"), identity, &g, kind, 1);
        files_limit(RLIM_INFINITY);
        CHECK(files_listen_end() == 1 && status == STATUS_FILE);
        CHECK(strstr(said, "old: cannot be written: File too large"));
    }
    ReplayGames large;
    memset(&large, 0, sizeof large);
    int64_t ends[2] = {0, games.word_count}; /* as if one game: more than is held back */
    large.games = 1;
    large.offset = ends;
    large.words = games.words;
    files_listen();
    files_limit(70000);
    CHECK(replay_file_save(files_path("old"), identity, &large, kind, 1) == STATUS_FILE);
    files_limit(RLIM_INFINITY);
    CHECK(files_listen_end() == 1);
    CHECK(files_count(folder, "aside") == 0);
    CHECK(load(&loaded, "old") == STATUS_OK && loaded.first == 5000 && loaded.games == 2);
    replay_games_free(&loaded);
}

int main(void) {
    files_begin();
    setup();
    games_come_back();
    for (int c = 0; c < REPLAY_FILE_COUNT; c++) {
        any_cut_and_any_flip_is_detected((ReplayCompression)c);
        a_full_disk_is_one_line((ReplayCompression)c);
    }
    games_that_break_the_rules_are_refused();
    foreign_files_are_refused();
    a_short_frame_is_refused();
    cJSON_Delete(identity);
    ring_games_free(&games);
    files_clear(folder);
    return check_report();
}
