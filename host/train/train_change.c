/* host/train/train_change.c - compares identities, and undoes changes to know what was before. */
#include "train_change.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "train_options.h"

/* All else stays: seed, rules and tables, since the games in the ring share them; the network's
 * shape, which the weights have; versions of files; the weights that the run began with. */
const char *const train_change_keys[] = {
    "games", "iterations", "curriculum", "leaves", "c_puct", "fpu", "noise_weight", "noise_alpha",
    "move_power", "explore_decisions", "epochs", "batch", "accumulate", "rate", "rate_schedule",
    "rate_min", "warmup", "decay", "beta1", "beta2", "clip", "ema", "value_weight", "ratio_clip",
    "entropy_weight", "advantage_scale", "window_min", "window_max", "window_scale",
    "window_exponent", "arena_every", "arena_deals", "arena_gate", "arena_margin", "arena_worlds",
    "arena_simulations", "overlap", "precision", "play_precision", "backend", "arithmetic",
    "play_arithmetic", "processes",
    /* of runs before those two */
    "network", "instruction_set", "library", NULL};

static bool may_change(const char *key) {
    int i = 0;
    while (train_change_keys[i] && strcmp(train_change_keys[i], key) != 0) i++;
    return train_change_keys[i] != NULL;
}

static const char *text_of(const cJSON *identity, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(identity, key));
}

static const cJSON *items(const cJSON *object) { return object ? object->child : NULL; }

static bool same(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

/* The next key, after item *at of a (or of b, once a's are through), whose values differ; NULL:
 * none. */
static const char *next_differing(const cJSON *a, const cJSON *b, const cJSON **at, bool *in_b) {
    for (;;) {
        *at = *at ? (*at)->next : items(*in_b ? b : a);
        if (!*at && *in_b) return NULL;
        if (!*at) {
            *in_b = true;
            continue;
        }
        const char *key = (*at)->string;
        if (strcmp(key, "xxh64") == 0 || (*in_b && text_of(a, key))) continue;
        if (!same(text_of(a, key), text_of(b, key))) return key;
    }
}

/* The word of the command line that sets a key, or the key itself. */
static void name_of(const char *key, char name[80]) {
    snprintf(name, 80, "--%.60s", key);
    for (char *c = name; *c; c++)
        if (*c == '_') *c = '-';
    for (const Option *o = train_option_table.options; o->name; o++)
        if (strcmp(o->name, name + 2) == 0) return;
    snprintf(name, 80, "%.60s", key);
}

Status train_change_match(const char *path, const cJSON *found, const cJSON *expected,
                          RunBegin begin) {
    const cJSON *at = NULL;
    bool second = false;
    const char *key, *first = NULL;
    char name[80];
    while ((key = next_differing(expected, found, &at, &second)) != NULL) {
        if (!first || (may_change(first) && !may_change(key))) first = key;
    }
    if (!first || (begin == RUN_CHANGE && may_change(first))) return STATUS_OK;
    const char *there = text_of(found, first), *here = text_of(expected, first);
    name_of(first, name);
    return durable_refuse(path, "belongs to another run: %s is %.99s there, %.99s here%s",
                          may_change(first) ? name : first, there ? there : "absent",
                          here ? here : "absent",
                          may_change(first)     ? "; --change goes on with the new value"
                          : begin == RUN_CHANGE ? "; --change cannot change it"
                                                : "");
}

Status train_change_add(cJSON *changes, int64_t iteration, const cJSON *from, const cJSON *to) {
    const cJSON *at = NULL;
    bool second = false;
    const char *key;
    cJSON *change = cJSON_CreateObject(), *options = cJSON_CreateObject();
    bool added = change && options;
    while (added && (key = next_differing(to, from, &at, &second)) != NULL) {
        const char *old = text_of(from, key), *new = text_of(to, key);
        cJSON *values = cJSON_AddObjectToObject(options, key);
        added = values && (!old || cJSON_AddStringToObject(values, "from", old)) &&
                (!new || cJSON_AddStringToObject(values, "to", new));
    }
    added = added && cJSON_AddNumberToObject(change, "iteration", (double)iteration);
    if (!added || !options->child) {
        cJSON_Delete(change);
        cJSON_Delete(options);
        return added ? STATUS_OK : STATUS_MEMORY;
    }
    cJSON_AddItemToObject(change, "options", options);
    cJSON_AddItemToArray(changes, change);
    return STATUS_OK;
}

static int64_t begins(const cJSON *change) {
    return (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(change, "iteration"));
}

/* The values of a key in a change; NULL: it did not change. */
static const cJSON *values_of(const cJSON *change, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(change, "options"),
                                            key);
}

/* The last change; before_it() steps back. An array's first item has the last one as its `prev`. */
static const cJSON *last_of(const cJSON *changes) {
    return items(changes) ? items(changes)->prev : NULL;
}

static const cJSON *before_it(const cJSON *changes, const cJSON *change) {
    return change == items(changes) ? NULL : change->prev;
}

cJSON *train_change_identity(const cJSON *last, const cJSON *changes, int64_t iteration) {
    cJSON *identity = cJSON_Duplicate(last, 1);
    const cJSON *change = last_of(changes), *values;
    for (; identity && change && begins(change) > iteration; change = before_it(changes, change))
        cJSON_ArrayForEach(values, cJSON_GetObjectItemCaseSensitive(change, "options")) {
            const char *from = text_of(values, "from");
            cJSON_DeleteItemFromObjectCaseSensitive(identity, values->string);
            if (!from || cJSON_AddStringToObject(identity, values->string, from)) continue;
            cJSON_Delete(identity);
            return NULL;
        }
    return identity;
}

int64_t train_change_games(const cJSON *changes, int64_t games, int64_t iterations) {
    int64_t total = 0;
    const cJSON *change = last_of(changes);
    for (; change; change = before_it(changes, change)) {
        const char *from = text_of(values_of(change, "games"), "from");
        if (!from) continue;
        if (begins(change) < iterations) {
            total += (iterations - begins(change)) * games;
            iterations = begins(change);
        }
        games = strtoll(from, NULL, 10);
    }
    return total + iterations * games;
}

int64_t train_change_most(const cJSON *changes, const char *key, int64_t last) {
    const cJSON *change;
    cJSON_ArrayForEach(change, changes) {
        const char *from = text_of(values_of(change, key), "from");
        int64_t value = from ? strtoll(from, NULL, 10) : 0;
        if (value > last) last = value;
    }
    return last;
}

int64_t train_change_window(const Schedule *s, const cJSON *changes, int64_t iteration) {
    if (!items(changes)) return schedule_window_first(s, iteration);
    int64_t total = train_change_games(changes, s->games, iteration + 1);
    int64_t most = schedule_window_games(s, total), low = 0, high = iteration;
    while (low < high) { /* the first iteration from which on the games fit */
        int64_t middle = low + (high - low) / 2;
        if (total - train_change_games(changes, s->games, middle) <= most)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void train_change_schedule(const cJSON *identity, Schedule *s) {
    const char *least = text_of(identity, "window_min"), *most = text_of(identity, "window_max");
    const char *power = text_of(identity, "window_exponent");
    const char *scale = text_of(identity, "window_scale");
    if (least) s->window_min = strtoll(least, NULL, 10);
    if (most) s->window_max = strtoll(most, NULL, 10);
    if (power) s->window_exponent = strtod(power, NULL);
    if (scale) s->window_scale = strtod(scale, NULL);
}
