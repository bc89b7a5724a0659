/* device/play/analyze.c - one decision's trees, searched to the end and read back. */
#include "analyze.h"

#include <stdlib.h>

#include "device/search/root.h"

Status analyzer_open(Analyzer *a, const Device *device, const Weights *weights, Precision precision,
                     Network network) {
    memset(a, 0, sizeof *a);
    a->device = a->wave.device = device;
    a->weights = weights;
    a->precision = precision;
    a->network = network;
    TRY(device->backend->alloc((void **)&a->fault, sizeof *a->fault));
    return device->backend->stream_open(&a->wave.stream);
}

void analyzer_close(Analyzer *a) {
    if (!a->device) return;
    if (a->wave.stream) (void)a->device->backend->stream_sync(a->wave.stream);
    if (a->wave.net) a->device->net->destroy(a->wave.net);
    if (a->block) a->device->backend->release(a->block);
    if (a->fault) a->device->backend->release(a->fault);
    if (a->wave.stream) a->device->backend->stream_close(a->wave.stream);
    memset(a, 0, sizeof *a);
}

static void analyzer_layout(Analyzer *a, Arena *arena) {
    search_layout(&a->wave.search, arena);
    wave_layout(&a->wave, a->wave.search.B, arena);
    a->wave.search.fault = a->fault;
    a->standing = (Standing *)arena_take(arena, 1, sizeof *a->standing);
    a->states = (RoundState *)arena_take(arena, (size_t)a->wave.search.W, sizeof *a->states);
    a->wave.standing = a->standing;
}

Status analyzer_net_spec(Analyzer *a, int rows, NetSpec *spec) {
    NetSpec wanted = {
        .model = a->weights->config,
        .precision = a->precision,
        .network = a->network,
        .capacity = rows,
        .fault = a->fault,
    };
    char why[256];
    if (!a->chosen)
        TRY(a->device->net->choose(a->network, &wanted, a->weights, &a->network, why, sizeof why));
    a->chosen = true;
    wanted.network = a->network;
    *spec = wanted;
    return STATUS_OK;
}

/* A net for `rows` rows. */
static Status analyzer_fit_net(Analyzer *a, int rows) {
    const Device *d = a->device;
    if (a->wave.search.evaluator != EVALUATOR_NET || rows <= a->net_capacity) return STATUS_OK;
    NetSpec spec;
    TRY(analyzer_net_spec(a, rows, &spec));
    if (a->wave.net) d->net->destroy(a->wave.net);
    a->wave.net = NULL;
    a->net_capacity = 0;
    TRY(d->net->create(&a->wave.net, &spec));
    TRY(d->net->load(a->wave.net, a->weights, a->wave.stream));
    a->net_capacity = rows;
    return STATUS_OK;
}

/* Memory for the query's trees, and a net for its rows. */
static Status analyzer_fit(Analyzer *a, const AnalyzeQuery *q, int E) {
    const Device *d = a->device;
    Search *s = &a->wave.search;
    memset(s, 0, sizeof *s);
    s->B = s->W = q->worlds;
    s->S = q->simulations;
    s->M = q->simulations + 1;
    s->K = q->leaves;
    s->E = E;
    s->c_puct = q->c_puct;
    s->fpu = q->fpu;
    s->noise_weight = q->noise_weight;
    s->evaluator = q->evaluator;
    s->rules = q->rules;
    Arena dry = {0};
    analyzer_layout(a, &dry);
    if (dry.used > a->block_bytes) {
        if (a->block) d->backend->release(a->block);
        a->block = NULL;
        a->block_bytes = 0;
        if (d->backend->alloc(&a->block, dry.used) != STATUS_OK) return STATUS_MEMORY;
        a->block_bytes = dry.used;
    }
    Arena arena = {(char *)a->block, 0, a->block_bytes};
    analyzer_layout(a, &arena);
    TRY(analyzer_fit_net(a, (int)search_max_rows(s)));
    return search_check(s);
}

/* The root state of each world, (W). */
static Status sample_worlds(const AnalyzeQuery *q, RoundState *states) {
    for (int w = 0; w < q->worlds; w++) states[w] = q->state;
    if (q->open) return STATUS_OK;
    uint64_t binomial[WORLD_BINOMIALS];
    WorldScratch *scratch = malloc(sizeof *scratch);
    if (!scratch) return STATUS_MEMORY;
    world_binomial_fill(binomial);
    int mover = q->state.turn;
    bool fits = world_count(scratch, &q->state, mover, binomial) == WORLD_OK;
    for (int w = 0; fits && w < q->worlds; w++) {
        Rng rng = rng_begin(q->seed, q->game, q->ply, RNG_WORLD, (uint32_t)w);
        world_sample(scratch, &q->state, mover, &rng, states[w].hands);
    }
    free(scratch);
    return fits ? STATUS_OK : STATUS_INPUT;
}

static Status begin_search(Analyzer *a, const AnalyzeQuery *q, int n, const RoundState *states) {
    const Backend *backend = a->device->backend;
    const Search *s = &a->wave.search;
    Stream stream = a->wave.stream;
    float noise[MAX_EDGES] = {0};
    Rng rng = rng_begin(q->seed, q->game, q->ply, RNG_NOISE, 0);
    if (q->noise_weight > 0) root_dirichlet(&rng, q->noise_alpha / (float)n, n, noise);
    Fault none = {0};
    int32_t zero = 0;
    TRY(backend->to_device(s->noise, noise, (size_t)n * sizeof *noise, stream));
    TRY(backend->to_device(s->seeds, &q->search_seed, sizeof q->search_seed, stream));
    TRY(backend->to_device(a->standing, &q->standing, sizeof q->standing, stream));
    TRY(backend->to_device(a->states, states, (size_t)q->worlds * sizeof *states, stream));
    TRY(backend->to_device(s->fault, &none, sizeof none, stream));
    TRY(backend->to_device(s->row_count + s->B, &zero, sizeof zero, stream));
    TRY(a->device->search->begin(s, a->states, stream));
    return backend->stream_sync(stream); /* the sources above leave with this frame */
}

/* The evaluator's opinion of the root, after the wave that evaluated it. */
static Status read_root_value(Analyzer *a, const AnalyzeQuery *q, AnalyzeAnswer *answer) {
    int P = q->state.players;
    float relative[MAX_SEATS] = {0};
    if (q->evaluator == EVALUATOR_NET) {
        TRY(a->device->backend->to_host(relative, a->wave.values, sizeof relative, a->wave.stream));
        TRY(a->device->backend->stream_sync(a->wave.stream));
    }
    for (int seat = 0; seat < P; seat++) {
        float net = relative[(seat - q->state.turn + P) % P];
        answer->value[seat] = q->evaluator == EVALUATOR_NET ? net
                              : q->evaluator == EVALUATOR_HASH
                                  ? hash_value(hash_root(q->search_seed), seat)
                                  : 0.5f;
    }
    return STATUS_OK;
}

/* Waves until every tree is done. heads (W) and edges (W, E) are the host's. */
static Status search_to_the_end(Analyzer *a, const AnalyzeQuery *q, AnalyzeAnswer *answer,
                                TreeHead *heads) {
    const Backend *backend = a->device->backend;
    const Search *s = &a->wave.search;
    size_t heads_bytes = (size_t)s->B * sizeof *heads;
    for (int64_t wave = 0;; wave++) {
        Fault fault;
        TRY(wave_run(&a->wave));
        TRY(backend->to_host(heads, s->heads, heads_bytes, a->wave.stream));
        TRY(backend->to_host(&fault, s->fault, sizeof fault, a->wave.stream));
        TRY(backend->stream_sync(a->wave.stream));
        if (fault.code != FAULT_NONE) return STATUS_FAULT;
        if (wave == 0) TRY(read_root_value(a, q, answer));
        bool done = true;
        for (int b = 0; b < s->B; b++) done = done && heads[b].stage == TREE_DONE;
        if (done) return STATUS_OK;
    }
}

static Status read_answer(Analyzer *a, const TreeHead *heads, AnalyzeAnswer *answer) {
    const Search *s = &a->wave.search;
    float w_sum[MAX_EDGES] = {0};
    int64_t total = 0;
    answer->rows = 1;
    for (int b = 0; b < s->B; b++) {
        Edge edges[MAX_EDGES];
        TRY(a->device->backend->to_host(edges, tree_edges(s, b, 0),
                                        (size_t)answer->n * sizeof *edges, a->wave.stream));
        TRY(a->device->backend->stream_sync(a->wave.stream));
        answer->rows += heads[b].rows;
        for (int e = 0; e < answer->n; e++) {
            answer->prior[e] = edges[e].prior;
            answer->visits[e] += edges[e].visits;
            w_sum[e] += edges[e].value_sum;
            total += edges[e].visits;
        }
    }
    for (int e = 0; e < answer->n; e++) {
        uint32_t n = answer->visits[e];
        answer->q[e] = n ? w_sum[e] / (float)n : 0;
        answer->policy[e] = (float)n / (float)total;
        if (n > answer->visits[answer->best]) answer->best = e;
    }
    return STATUS_OK;
}

Status analyzer_answer(Analyzer *a, const AnalyzeQuery *query, AnalyzeAnswer *answer) {
    memset(answer, 0, sizeof *answer);
    uint64_t legal = round_legal(&query->state);
    for (; legal; legal &= legal - 1) answer->action[answer->n++] = (uint8_t)bits_lowest(legal);
    if (answer->n == 1) {
        answer->prior[0] = answer->policy[0] = 1;
        return STATUS_OK;
    }
    Status status = STATUS_MEMORY;
    RoundState *states = malloc((size_t)query->worlds * sizeof *states);
    TreeHead *heads = malloc((size_t)query->worlds * sizeof *heads);
    if (!states || !heads) goto fail;
    status = sample_worlds(query, states);
    if (status == STATUS_OK) status = analyzer_fit(a, query, query->state.cards + 1);
    if (status == STATUS_OK) status = begin_search(a, query, answer->n, states);
    if (status == STATUS_OK) status = search_to_the_end(a, query, answer, heads);
    if (status == STATUS_OK) status = read_answer(a, heads, answer);
    /* after a failure copies from these may still be under way */
    if (status != STATUS_OK) (void)a->device->backend->stream_sync(a->wave.stream);
fail:
    free(heads);
    free(states);
    return status;
}
