/* tests/host/test_analyze.c - blob-analyze against known answers, and all kinds of wrong queries.
 *
 *   test_analyze SAMPLE.jsonl..   lines of {"query": {..}, "expect": {..}} */
#include "tests/support/check.h"
#include "analyze_ask.h"

/* Integers and texts equal; floats as float32. */
static bool same(const cJSON *expected, const cJSON *found) {
    if (cJSON_IsNumber(expected))
        return cJSON_IsNumber(found) && (float)expected->valuedouble == (float)found->valuedouble;
    if (!cJSON_IsArray(expected)) return cJSON_Compare(expected, found, 1);
    if (!cJSON_IsArray(found) || cJSON_GetArraySize(expected) != cJSON_GetArraySize(found))
        return false;
    const cJSON *x = expected->child, *y = found->child;
    for (; x; x = x->next, y = y->next)
        if (!same(x, y)) return false;
    return true;
}

static bool answer_as_expected(const cJSON *query, const cJSON *expect, const cJSON *answer) {
    int fields = 1;
    if (!cJSON_Compare(field_of(query, "id"), field_of(answer, "id"), 1)) return false;
    if (field_of(expect, "error"))
        return strcmp(field_of(expect, "field")->valuestring, error_field(answer)) == 0;
    for (const cJSON *item = expect->child; item; item = item->next, fields++)
        if (!same(item, field_of(answer, item->string))) return false;
    return cJSON_GetArraySize(answer) == fields;
}

static void check_file(const char *path) {
    static char line[1 << 14];
    FILE *file = fopen(path, "r");
    int lines = 0;
    CHECK(file != NULL);
    while (file && fgets(line, sizeof line, file)) {
        cJSON *tree = cJSON_Parse(line);
        const cJSON *query = field_of(tree, "query");
        char *text = cJSON_PrintUnformatted(query);
        cJSON *answer = ask_tree(text);
        if (!answer_as_expected(query, field_of(tree, "expect"), answer)) {
            fprintf(stderr, "%s: not as expected: %s\n", path, text);
            checks_failed++;
        }
        cJSON_Delete(answer);
        cJSON_free(text);
        cJSON_Delete(tree);
        lines++;
    }
    CHECK(lines > 0);
    if (file) fclose(file);
}

/* Two good queries; below, changes of them and the field that the answer names, "": none. */
static const char BLOB[] =
    "{\"id\":\"a\",\"players\":3,\"cards\":2,\"trump\":\"S\",\"dealer\":2,"
    "\"hands\":[\"AS KD\",\"2H 3H\",\"4C QH\"],\"actions\":[\"0\",\"1\",\"2\",\"KD\",\"2H\"],"
    "\"worlds\":1,\"simulations\":8,\"seed\":1,\"evaluator\":\"hash\"}";
static const char OH_HELL[] =
    "{\"id\":\"a\",\"rules\":\"oh-hell\",\"players\":3,\"cards\":2,\"turned\":\"TS\",\"dealer\":2,"
    "\"hands\":[null,null,\"4C QD\"],\"actions\":[\"0\",\"1\"],\"evaluator\":\"uniform\"}";

typedef struct {
    const char *from, *to; /* replaces the first `from` of the query */
    const char *field;
} Change;

static const Change BLOB_CHANGES[] = {
    {"}", "}", ""},
    {"}", ",\"open\":true}", ""},
    {"\"a\"", "\"\\u00e9\\\"\\\\\\n\"", ""},
    {"\"id\":\"a\",", "", "id"},
    {"\"a\"", "1", "id"},
    {"\"a\"", "null", "id"},
    {"}", ",\"seed\":1}", "seed"},
    {"}", ",\"Seed\":1}", "Seed"},
    {"\"dealer\"", "\"deal\"", "deal"},
    {"\"players\":3", "\"rules\":\"hearts\",\"players\":3", "rules"},
    {"\"players\":3", "\"rules\":0,\"players\":3", "rules"},
    {"\"players\":3,", "", "players"},
    {"\"players\":3", "\"players\":1", "players"},
    {"\"players\":3", "\"players\":9", "players"},
    {"\"players\":3", "\"players\":3.5", "players"},
    {"\"players\":3", "\"players\":\"3\"", "players"},
    {"\"players\":3", "\"players\":3.0", ""},
    {"\"players\":3,\"cards\":2", "\"players\":30e-1,\"cards\":0.2e1", ""},
    {"\"cards\":2,", "", "cards"},
    {"\"cards\":2", "\"cards\":0", "cards"},
    {"\"cards\":2", "\"cards\":18", "cards"},
    {"\"players\":3,\"cards\":2", "\"players\":4,\"cards\":14", "cards"},
    {"\"cards\":2", "\"cards\":3", "hands"},
    {"\"trump\":\"S\",", "", "trump"},
    {"\"S\"", "\"X\"", "trump"},
    {"\"S\"", "\"s\"", "trump"},
    {"\"S\"", "null", "trump"},
    {"\"S\"", "\"S\",\"turned\":\"TS\"", "turned"},
    {"\"S\"", "\"S\",\"points\":1", "points"},
    {"\"S\"", "\"S\",\"penalty\":false", "penalty"},
    {"\"dealer\":2,", "", "dealer"},
    {"\"dealer\":2", "\"dealer\":3", "dealer"},
    {"\"dealer\":2", "\"dealer\":-1", "dealer"},
    {"\"dealer\":2", "\"dealer\":true", "dealer"},
    {"\"dealer\":2", "\"dealer\":2,\"scores\":[1,2,3]", "round"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":0", "scores"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":0,\"scores\":[0,0]", "scores"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":0,\"scores\":[0,0,0.5]", "scores"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":0,\"scores\":[0,0,\"0\"]", "scores"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":0,\"scores\":[0,0,40000]", "scores"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":0,\"scores\":7", "scores"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":0,\"scores\":[0,-5,9]", ""},
    {"\"dealer\":2", "\"dealer\":2,\"round\":34,\"scores\":[0,0,0]", "round"},
    {"\"dealer\":2", "\"dealer\":2,\"round\":-1,\"scores\":[0,0,0]", "round"},
    {"}", ",\"open\":1}", "open"},
    {"\"hands\":[\"AS KD\",\"2H 3H\",\"4C QH\"]", "\"hands\":\"4C QH\"", "hands"},
    {"\"hands\":[\"AS KD\",\"2H 3H\",\"4C QH\"],", "", "hands"},
    {"\"AS KD\",", "", "hands"},
    {"\"AS KD\"", "7", "hands"},
    {"\"AS KD\"", "null", ""},
    {"\"AS KD\"", "\"anything\"", ""},
    {"\"AS KD\"", "\"4C QH\"", ""},
    {"\"4C QH\"", "null", "hands"},
    {"\"4C QH\"", "\"4C\"", "hands"},
    {"\"4C QH\"", "\"4C 4C\"", "hands"},
    {"\"4C QH\"", "\"4C  QH\"", "hands"},
    {"\"4C QH\"", "\"4C 1H\"", "hands"},
    {"\"AS KD\",\"2H 3H\"", "null,\"2H 3H\"", ""},
    {"\"AS KD\",\"2H 3H\",\"4C QH\"]", "null,\"2H 3H\",\"4C QH\"],\"open\":true", "hands"},
    {"\"AS KD\",\"2H 3H\",\"4C QH\"]", "\"AS 2H\",\"2H 3H\",\"4C QH\"],\"open\":true", "hands"},
    {"\"AS KD\",\"2H 3H\",\"4C QH\"]", "\"AS KH\",\"2H 3H\",\"4C QH\"],\"open\":true", "actions"},
    {"\"2H\"]", "\"AS\"],\"open\":true", "actions"},
    {"\"actions\":[\"0\",\"1\",\"2\",\"KD\",\"2H\"],", "", "actions"},
    {"\"actions\":[\"0\",\"1\",\"2\",\"KD\",\"2H\"]", "\"actions\":\"0\"", "actions"},
    {"\"actions\":[\"0\"", "\"actions\":[0", "actions"},
    {"\"actions\":[\"0\"", "\"actions\":[\"3\"", "actions"},
    {"\"actions\":[\"0\"", "\"actions\":[\"00\"", "actions"},
    {"\"actions\":[\"0\"", "\"actions\":[\"AS\"", "actions"},
    {"\"1\",\"2\"", "\"1\",\"1\"", "actions"},
    {"\"KD\",\"2H\"]", "\"KD\",\"KD\"]", "actions"},
    {"\"KD\",\"2H\"]", "\"KD\",\"4C\"]", "actions"},
    {"\"KD\",\"2H\"]", "\"KD\",\"1\"]", "actions"},
    {"\"KD\",\"2H\"]", "\"KD\",\"2H\",\"4C\",\"AS\",\"3H\"]", ""},
    {"\"KD\",\"2H\"]", "\"2H\",\"3H\",\"4C\",\"AS\",\"KD\"]", "actions"},
    {"\"KD\",\"2H\"]", "\"2S\",\"3H\",\"4C\",\"AH\",\"3S\"]", "actions"},
    {"\"KD\",\"2H\"]", "\"KD\",\"2H\",\"4C\",\"AS\",\"3H\",\"QH\"]", "actions"},
    {"\"KD\",\"2H\"]", "\"KD\",\"2H\",\"4C\",\"AS\",\"3H\",\"QH\",\"2S\"]", "actions"},
    {"\"worlds\":1", "\"worlds\":0", "worlds"},
    {"\"worlds\":1", "\"worlds\":256", "worlds"},
    {"\"simulations\":8", "\"simulations\":0", "simulations"},
    {"\"simulations\":8", "\"simulations\":65535", "simulations"},
    {"\"seed\":1", "\"search\":\"gumbel\"", "search"},
    {"\"seed\":1", "\"search\":\"puct\"", ""},
    {"\"seed\":1", "\"c_puct\":0", "c_puct"},
    {"\"seed\":1", "\"c_puct\":1e400", "c_puct"},
    {"\"seed\":1", "\"c_puct\":\"1\"", "c_puct"},
    {"\"seed\":1", "\"fpu\":-0.1", "fpu"},
    {"\"seed\":1", "\"fpu\":-0", ""},
    {"\"seed\":1", "\"leaves\":0", "leaves"},
    {"\"seed\":1", "\"leaves\":256", "leaves"},
    {"\"seed\":1", "\"leaves\":255", ""},
    {"\"seed\":1", "\"noise\":1.5", "noise"},
    {"\"seed\":1", "\"noise\":1", ""},
    {"\"seed\":1", "\"seed\":0.5", "seed"},
    {"\"seed\":1", "\"seed\":-1", "seed"},
    {"\"seed\":1", "\"seed\":9007199254740992", "seed"},
    {"\"seed\":1", "\"seed\":9007199254740991", ""},
    {"\"seed\":1", "\"seed\":1e400", "seed"},
    {"\"hash\"", "\"magic\"", "evaluator"},
    {"}", ",\"game\":1}", "ply"},
    {"}", ",\"ply\":1}", "game"},
    {"}", ",\"game\":-1,\"ply\":1}", "game"},
    {"}", ",\"game\":1,\"ply\":16777216}", "ply"},
    {"}", ",\"game\":9007199254740991,\"ply\":16777215}", ""},
};

static const Change OH_HELL_CHANGES[] = {
    {"}", "}", ""},
    {"}", ",\"points\":0,\"penalty\":true}", ""},
    {"}", ",\"trump\":\"S\"}", "trump"},
    {"\"turned\":\"TS\",", "", "turned"},
    {"\"TS\"", "\"S\"", "turned"},
    {"\"TS\"", "1", "turned"},
    {"\"TS\"", "\"4C\"", "hands"},
    {"}", ",\"points\":256}", "points"},
    {"}", ",\"penalty\":0}", "penalty"},
    {"\"players\":3", "\"players\":2", "players"},
    {"\"players\":3", "\"players\":8", "players"},
    {"\"players\":3,\"cards\":2", "\"players\":4,\"cards\":13", "cards"},
    {"\"0\",\"1\"]", "\"0\",\"1\",\"2\",\"KD\",\"TS\"]", "actions"},
    {"\"0\",\"1\"]", "\"0\",\"1\",\"2\",\"KD\",\"2D\"]", ""}, /* one legal action */
};

/* The changed query; the caller frees it. */
static char *change_query(const char *query, const Change *change) {
    const char *at = strstr(query, change->from);
    size_t before = (size_t)(at - query), bytes = strlen(query) + strlen(change->to) + 1;
    char *text = malloc(bytes);
    if (!text) abort();
    snprintf(text, bytes, "%.*s%s%s", (int)before, query, change->to, at + strlen(change->from));
    return text;
}

static void check_changes(const char *query, const Change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *text = change_query(query, &changes[i]);
        cJSON *answer = ask_tree(text);
        if (strcmp(error_field(answer), changes[i].field) != 0) {
            fprintf(stderr, "%s\n  expected field \"%s\", found \"%s\": %s\n", text,
                    changes[i].field, error_field(answer),
                    cJSON_GetStringValue(field_of(answer, "error")));
            checks_failed++;
        }
        cJSON_Delete(answer);
        free(text);
    }
}

/* Seat 1 has shown to lack spades and clubs and seat 0 holds the diamonds: too few hearts are left.
 * That is wrong even where seat 0 has one legal card and nothing is searched. */
static void impossible_histories_are_refused(void) {
    static const Change changes[] = {{"]}", "]}", "actions"},
                                     {",\"2H\",\"5H\",\"6H\"", "", "actions"},
                                     {"\"3H\",\"AC\",\"4H\"", "\"3S\",\"AC\",\"4C\"", ""}};
    check_changes(
        "{\"id\":\"a\",\"players\":2,\"cards\":17,\"trump\":\"N\",\"dealer\":1,"
        "\"evaluator\":\"uniform\",\"hands\":[\"AS AC 2H KH 2D 3D 4D 5D 6D 7D 8D 9D TD JD "
        "QD KD AD\",null],\"actions\":[\"0\",\"0\",\"AS\",\"3H\",\"AC\",\"4H\",\"2H\","
        "\"5H\",\"6H\"]}",
        changes, sizeof changes / sizeof *changes);
}

/* Lines that are not JSON objects: id and field are null. */
static void lines_that_are_not_objects_are_refused(void) {
    /* clang-format off */
    static const char *const lines[] = {
        "x", "{", "[1]", "1", "\"a\"", "null", "{}}", "{} {}", "{\"id\":\"1\",}", "{\"id\":01}",
        "{\"id\":1.}", "{\"id\":.5}", "{\"id\":+1}", "{\"id\":1e}", "{\"id\":-}", "{'id':1}",
        "{\"id\":\"a\tb\"}", "{\"id\":\"\\x\"}", "{\"id\":\"\\ud800\"}", "{\"id\":\"\\u0000\"}",
        "{\"id\":\"\xff\"}", "{\"id\":\"\xc0\x80\"}", "{\"id\":\"\xed\xa0\x80\"}",
        "{\"id\":\"\xf4\x90\x80\x80\"}", "{\"id\":\"\xe2\x82\"}", "\xef\xbb\xbf{}", "{\"id\":\"a",
        "{\"id\":\"a\\", "{\"id\":nan}", "{\x01}", "{\"id\":tru}"};
    /* clang-format on */
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        cJSON *answer = ask_tree(lines[i]);
        CHECK(cJSON_IsNull(field_of(answer, "id")) && strcmp(error_field(answer), "null") == 0);
        cJSON_Delete(answer);
    }
    char *deep = malloc(100001), *text;
    if (!deep) abort();
    memset(deep, '[', 100000);
    deep[100000] = '\0';
    text = ask(deep);
    CHECK(strncmp(text, "{\"id\":null,\"error\":\"", 20) == 0);
    free(text);
    free(deep);
    text = ask_bytes("{}\0{}", 5); /* a zero byte is part of the line */
    CHECK(strncmp(text, "{\"id\":null,\"error\":\"not JSON", 28) == 0);
    free(text);
    text = ask(" \t\r");
    CHECK(text[0] == '\0');
    free(text);
}

/* Whole answers byte for byte, of kinds that the files lack. */
static void whole_answers_have_exact_bytes(void) {
    char *text = ask("{\"id\":\"\\u00e9\\n\",\"players\":2,\"cards\":1,\"trump\":\"N\","
                     "\"dealer\":1,\"hands\":[\"AS\",null],\"actions\":[\"1\",\"1\"]}");
    CHECK(strcmp(text, "{\"id\":\"\xc3\xa9\\u000a\",\"to_move\":0,\"legal\":[\"AS\"],"
                       "\"visits\":[0],\"prior\":[1],\"q\":[0],\"policy\":[1],"
                       "\"value\":null,\"best\":\"AS\",\"rows\":0}\n") == 0);
    free(text);
    text = ask("{\"id\":\"a\\\"\",\"x\\\"y\":1}");
    CHECK(strcmp(text, "{\"id\":\"a\\\"\",\"error\":\"no query has such a field\","
                       "\"field\":\"x\\\"y\"}\n") == 0);
    free(text);
}

int main(int argc, char **argv) {
    CHECK(argc > 1);
    CHECK(ask_open());
    for (int i = 1; i < argc; i++) check_file(argv[i]);
    check_changes(BLOB, BLOB_CHANGES, sizeof BLOB_CHANGES / sizeof *BLOB_CHANGES);
    check_changes(OH_HELL, OH_HELL_CHANGES, sizeof OH_HELL_CHANGES / sizeof *OH_HELL_CHANGES);
    impossible_histories_are_refused();
    lines_that_are_not_objects_are_refused();
    whole_answers_have_exact_bytes();
    answer_close(&asked);
    return check_report();
}
