/* host/analyze/query.c - reads the fields in order: the game, then the search. */
#include "query.h"

#include "device/search/hash.h"
#include "device/play/selfplay.h"

static const char *const search_names[] = {"puct", NULL};
static const char *const evaluator_names[EVALUATOR_COUNT + 1] = {"net", "uniform", "hash", NULL};

static const int64_t LARGEST_EXACT = ((int64_t)1 << 53) - 1; /* of a JSON number */
static const int64_t LARGEST_PLY = (1 << 24) -
                                   1; /* the counter of a random number has 24 bits for it */

static Status read_search(Fields *f, AnalyzeQuery *q) {
    const SelfplayConfig usual = selfplay_config_default();
    double c_puct = usual.c_puct, fpu = usual.fpu, noise = 0;
    int search = 0, evaluator = (int)usual.evaluator;
    int64_t seed = (int64_t)usual.settings.seed;
    q->worlds = usual.worlds;
    q->simulations = usual.simulations;
    q->leaves = usual.leaves;
    q->noise_alpha = usual.settings.noise_alpha;
    TRY(field_read_int(f, FIELD_WORLDS, 1, 255, &q->worlds));
    TRY(field_read_int(f, FIELD_SIMULATIONS, 1, SEARCH_MAX_SIMULATIONS, &q->simulations));
    TRY(field_read_choice(f, FIELD_SEARCH, search_names, &search));
    TRY(field_read_real(f, FIELD_C_PUCT, 1e-6, 1000, &c_puct));
    TRY(field_read_real(f, FIELD_FPU, 0, 1000, &fpu));
    TRY(field_read_int(f, FIELD_LEAVES, 1, SEARCH_MAX_LEAVES, &q->leaves));
    TRY(field_read_real(f, FIELD_NOISE, 0, 1, &noise));
    TRY(field_read_whole(f, FIELD_SEED, 0, LARGEST_EXACT, &seed));
    TRY(field_read_choice(f, FIELD_EVALUATOR, evaluator_names, &evaluator));
    q->c_puct = (float)c_puct;
    q->fpu = (float)fpu;
    q->noise_weight = (float)noise;
    q->seed = q->search_seed = (uint64_t)seed;
    q->evaluator = (Evaluator)evaluator;
    return STATUS_OK;
}

static Status read_decision(Fields *f, AnalyzeQuery *q) {
    int64_t game = 0, ply = 0;
    bool recorded = false;
    TRY(field_read_pair(f, FIELD_GAME, FIELD_PLY, &recorded));
    TRY(field_read_whole(f, FIELD_GAME, 0, LARGEST_EXACT, &game));
    TRY(field_read_whole(f, FIELD_PLY, 0, LARGEST_PLY, &ply));
    if (recorded) {
        q->game = (uint64_t)game;
        q->ply = (uint32_t)ply;
        q->search_seed = hash_decision_seed(q->seed, q->game, q->ply);
    }
    return query_find_rounds(f, q, recorded ? ply : -1);
}

Status query_read(const cJSON *object, Fields *fields, AnalyzeQuery *query) {
    const char *id;
    memset(query, 0, sizeof *query);
    TRY(fields_collect(fields, object));
    TRY(field_require(fields, FIELD_ID, "a string"));
    TRY(field_read_text(fields, FIELD_ID, &id));
    TRY(query_read_game(fields, query));
    TRY(read_search(fields, query));
    return read_decision(fields, query);
}
