/* host/games/identity.c - what determines a run's content, as an object of strings. */
#include "identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static const char *text_of(const cJSON *identity, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(identity, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* What float32 sums depend on; all but the first of older versions. */
static bool is_arithmetic(const char *key) {
    static const char *const keys[] = {"arithmetic", "backend", "network", "instruction_set",
                                       "library"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return false;
}

/* The first key of `a`, arithmetic or not, whose value differs in `b`; NULL: none. */
static const char *differing(const cJSON *a, const cJSON *b, bool arithmetic) {
    const cJSON *item;
    cJSON_ArrayForEach(item, a) {
        if (strcmp(item->string, "xxh64") == 0 || is_arithmetic(item->string) != arithmetic)
            continue;
        const char *mine = cJSON_IsString(item) ? item->valuestring : NULL;
        const char *other = text_of(b, item->string);
        if (!mine || !other || strcmp(mine, other) != 0) return item->string;
    }
    return NULL;
}

Status identity_match(const char *path, const cJSON *found, const cJSON *expected) {
    const char *key = differing(expected, found, false), *library = text_of(found, "library");
    if (!key) key = differing(found, expected, false);
    if (!key && library && text_of(expected, "arithmetic"))
        return durable_refuse(path,
                              "was made with the sums of %.60s, other bits than those of this "
                              "version: its games can be read, but not continued",
                              library);
    if (!key) key = differing(expected, found, true);
    if (!key) key = differing(found, expected, true);
    if (!key) return STATUS_OK;
    const char *here = text_of(found, key), *wanted = text_of(expected, key);
    return durable_refuse(path, "belongs to another run: %.60s is %.99s there, %.99s here", key,
                          here ? here : "absent", wanted ? wanted : "absent");
}

uint64_t identity_hash(const cJSON *identity) {
    uint64_t sum = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, identity) { /* a sum, so that the order of the keys does not matter */
        if (strcmp(item->string, "xxh64") == 0) continue;
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        sum += XXH64(text, strlen(text), XXH64(item->string, strlen(item->string), 0));
    }
    return sum;
}

cJSON *identity_copy(const cJSON *identity) {
    cJSON *copy = cJSON_Duplicate(identity, 1);
    if (copy) cJSON_DeleteItemFromObjectCaseSensitive(copy, "xxh64");
    return copy;
}

/* Reads the key's value as an index in low..high of `names`, or where names is NULL as an integer
 * in low..high. */
static Status read_choice(const char *path, const cJSON *identity, const char *key,
                          const char *const *names, int low, int high, int *out) {
    const char *text = text_of(identity, key);
    if (!text) return durable_refuse(path, "its identity has no %s", key);
    if (names) {
        for (int i = low; i <= high; i++)
            if (strcmp(text, names[i]) == 0) {
                *out = i;
                return STATUS_OK;
            }
        return durable_refuse(path, "%s is %.40s in its identity, allowed are %s and %s", key, text,
                              names[low], names[high]);
    }
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < low || value > high)
        return durable_refuse(path, "%s is %.40s in its identity, allowed is %d..%d", key, text,
                              low, high);
    *out = (int)value;
    return STATUS_OK;
}

Status identity_read_terms(const char *path, const cJSON *identity, GameTerms *terms) {
    static const char *const variants[] = {"blob", "oh-hell"}, *const formats[] = {"round", "full"};
    int variant, players, cards, points = 0, penalty = 0, full;
    const char *version = text_of(identity, "format_version");
    if (!version || strcmp(version, IDENTITY_FORMAT_VERSION) != 0)
        return durable_refuse(path, "format_version is %.40s, this program reads %s",
                              version ? version : "absent", IDENTITY_FORMAT_VERSION);
    TRY(read_choice(path, identity, "rules", variants, 0, RULES_COUNT - 1, &variant));
    int low = rules_min_players(variant), high = rules_max_players(variant);
    TRY(read_choice(path, identity, "players", NULL, low, high, &players));
    if (variant == RULES_OH_HELL) {
        TRY(read_choice(path, identity, "points", NULL, 0, 255, &points));
        TRY(read_choice(path, identity, "penalty", NULL, 0, 1, &penalty));
    }
    terms->rules.variant = (uint8_t)variant;
    terms->rules.players = (uint8_t)players;
    terms->rules.points = (uint8_t)points;
    terms->rules.penalty = (uint8_t)penalty;
    high = round_max_cards(&terms->rules);
    TRY(read_choice(path, identity, "cards", NULL, 1, high, &cards));
    TRY(read_choice(path, identity, "format", formats, 0, 1, &full));
    terms->cards = cards;
    terms->full = full;
    return STATUS_OK;
}

bool identity_find_run(const char *folder, char path[IDENTITY_PATH]) {
    snprintf(path, IDENTITY_PATH, "%s/run.json", folder);
    return access(path, F_OK) == 0;
}

Status identity_seek_run(const char *folder, cJSON **run, RunJson *state) {
    char path[IDENTITY_PATH];
    unsigned char *bytes;
    size_t size;
    *run = NULL;
    *state = RUN_JSON_MISSING;
    if (!identity_find_run(folder, path)) return STATUS_OK;
    TRY(durable_read(path, &bytes, &size));
    cJSON *json = cJSON_ParseWithLengthOpts((const char *)bytes, size + 1, NULL, 1);
    free(bytes);
    bool whole = cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(json, "identity"));
    *state = whole ? RUN_JSON_WHOLE : RUN_JSON_DAMAGED;
    if (whole)
        *run = json;
    else
        cJSON_Delete(json);
    return STATUS_OK;
}

Status identity_refuse_damaged(const char *folder) {
    char path[IDENTITY_PATH];
    (void)identity_find_run(folder, path);
    return durable_refuse(path, "is not JSON with an object \"identity\": damaged, or not written "
                                "by Blob");
}

Status identity_read_run(const char *folder, cJSON **identity) {
    char path[IDENTITY_PATH];
    RunJson state;
    cJSON *run;
    *identity = NULL;
    TRY(identity_seek_run(folder, &run, &state));
    *identity = cJSON_DetachItemFromObjectCaseSensitive(run, "identity");
    cJSON_Delete(run);
    if (state == RUN_JSON_DAMAGED) return identity_refuse_damaged(folder);
    if (state == RUN_JSON_WHOLE) return STATUS_OK;
    (void)identity_find_run(folder, path);
    return durable_refuse(path, "cannot be read: %s", strerror(ENOENT));
}

Status identity_match_run(const char *folder, const cJSON *expected) {
    char path[IDENTITY_PATH];
    cJSON *identity;
    if (!identity_find_run(folder, path)) return STATUS_OK;
    TRY(identity_read_run(folder, &identity));
    Status status = identity_match(path, identity, expected);
    cJSON_Delete(identity);
    return status;
}

Status identity_write_run(const char *folder, const cJSON *identity, const cJSON *changes,
                          const cJSON *machine) {
    char path[IDENTITY_PATH];
    snprintf(path, sizeof path, "%s/run.json", folder);
    cJSON *json = cJSON_CreateObject(), *copy = identity_copy(identity);
    cJSON *facts = machine ? cJSON_Duplicate(machine, 1) : cJSON_CreateObject();
    char *text = NULL;
    Status status = STATUS_MEMORY;
    if (!json || !copy || !facts) goto fail;
    cJSON_AddItemToObject(json, "identity", copy);
    if (changes && changes->child)
        cJSON_AddItemToObject(json, "changes", cJSON_Duplicate(changes, 1));
    cJSON_AddItemToObject(json, "machine", facts);
    copy = facts = NULL;
    text = cJSON_Print(json);
    if (!text) goto fail;
    size_t length = strlen(text);
    text[length] = '\n'; /* replaces the NUL, which the file does not need */
    status = durable_save(path, text, length + 1);
fail:
    cJSON_free(text);
    cJSON_Delete(copy);
    cJSON_Delete(facts);
    cJSON_Delete(json);
    return status;
}
