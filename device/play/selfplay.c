/* device/play/selfplay.c - lays out a run's memory and enqueues its epochs. */
#include "selfplay.h"

#include "game/sequence.h"
#include "device/search/root.h"

const SelfplayBudget selfplay_budgets[SELFPLAY_BUDGETS] = {{2, 20}, {3, 30}, {5, 50}};

SelfplayConfig selfplay_config_default(void) {
    SelfplayConfig c;
    memset(&c, 0, sizeof c);
    c.rules.variant = RULES_BLOB;
    c.rules.players = 4;
    c.settings.cards = 5;
    c.settings.seed = 1;
    c.settings.dealer = c.settings.trump = -1;
    c.settings.explore_decisions = 4;
    c.settings.move_power = 4;
    c.settings.noise_alpha = 10;
    c.parallel = 1024;
    c.worlds = 3;
    c.simulations = 30;
    c.leaves = 1;
    c.waves = c.simulations + 1;
    c.paced = false;
    c.c_puct = 1.5;
    c.fpu = 0.1;
    c.noise_weight = 0.25;
    c.evaluator = EVALUATOR_NET;
    c.precision = PRECISION_FLOAT32;
    c.network = NETWORK_LAYERS;
    c.graph = true;
    c.model = model_config_default();
    return c;
}

static bool table_fits(const Rules *rules, int players, int cards) {
    Rules r = *rules;
    r.players = (uint8_t)players;
    return r.variant < RULES_COUNT && players >= rules_min_players(r.variant) &&
           players <= rules_max_players(r.variant) && cards >= 1 && cards <= round_max_cards(&r);
}

static bool tables_fit(const SelfplayConfig *c) {
    const PlaySettings *settings = &c->settings;
    if (settings->table_count == 0) return table_fits(&c->rules, c->rules.players, settings->cards);
    bool fits = settings->table_count > 0 && settings->table_count <= PLAY_TABLES_MAX;
    for (int i = 0; fits && i < settings->table_count; i++)
        fits = table_fits(&c->rules, settings->tables[i].players, settings->tables[i].cards);
    return fits;
}

/* Whether a seat is played by a second network. */
static bool two_networks(const SelfplayConfig *c) {
    return c->evaluator == EVALUATOR_NET && c->settings.paired &&
           c->settings.kinds[0] != c->settings.kinds[1] &&
           (c->settings.kinds[0] == PLAYER_NET_B || c->settings.kinds[1] == PLAYER_NET_B);
}

Status selfplay_config_check(const SelfplayConfig *c) {
    bool table = tables_fit(c) && c->settings.kinds[0] < PLAYER_COUNT &&
                 c->settings.kinds[1] < PLAYER_COUNT;
    bool search = c->parallel >= 1 && c->worlds >= 1 && c->worlds <= 255 &&
                  c->simulations >= (c->worlds > 1) && c->simulations <= SEARCH_MAX_SIMULATIONS &&
                  c->leaves >= 1 && c->leaves <= SEARCH_MAX_LEAVES && c->waves >= 1 &&
                  c->c_puct > 0 && c->fpu >= 0 && c->noise_weight >= 0 && c->noise_weight <= 1;
    /* a record counts them in 16 bits */
    int64_t visits = c->simulations ? (int64_t)c->worlds * c->simulations : UINT16_MAX;
    bool move = visits <= UINT16_MAX && c->settings.move_power >= 0 &&
                root_power_fits((uint64_t)visits, c->settings.move_power);
    bool worlds = true;
    for (int side = 0; side < SIDES; side++)
        worlds = worlds && (c->settings.kinds[side] != PLAYER_PIMC ||
                            (c->settings.pimc_worlds[side] >= 1 &&
                             c->settings.pimc_worlds[side] <= PIMC_WORLDS_MAX));
    return table && search && move && worlds ? STATUS_OK : STATUS_ARGUMENT;
}

static int max_int(int a, int b) { return a > b ? a : b; }

/* Of games of P seats, F cards in the first round. */
static int table_record_words(int P, int F, int full) {
    if (!full) return (int)(RECORD_HEAD_WORDS + record_round_words(P, F));
    int64_t words = RECORD_HEAD_WORDS;
    for (int i = 0; i < sequence_rounds(P, F); i++)
        words += record_round_words(P, sequence_cards(P, F, i));
    return (int)words;
}

int selfplay_record_words(const SelfplayConfig *c) {
    const PlaySettings *settings = &c->settings;
    if (settings->table_count == 0)
        return table_record_words(c->rules.players, settings->cards, settings->full);
    int most = 0;
    for (int i = 0; i < settings->table_count; i++)
        most = max_int(most, table_record_words(settings->tables[i].players,
                                                settings->tables[i].cards, settings->full));
    return most;
}

/* The most cards that a seat is dealt. */
static int most_cards(const SelfplayConfig *c) {
    int most = c->settings.table_count ? 0 : c->settings.cards;
    for (int i = 0; i < c->settings.table_count; i++)
        most = max_int(most, c->settings.tables[i].cards);
    return most;
}

static NetSpec net_spec(const Selfplay *sp) {
    NetSpec spec = {
        .model = sp->config.model,
        .precision = sp->config.precision,
        .network = sp->config.network,
        .capacity = (int)search_max_rows(&sp->wave.search),
        .fault = sp->wave.search.fault,
    };
    return spec;
}

/* Sizes of everything, for G live games; no memory yet. */
static void set_sizes(Selfplay *sp, int G, int range_count) {
    const SelfplayConfig *c = &sp->config;
    Search *s = &sp->wave.search;
    Play *p = &sp->play;
    memset(s, 0, sizeof *s);
    memset(p, 0, sizeof *p);
    s->W = c->worlds;
    s->B = G * c->worlds;
    s->S = c->simulations;
    s->M = c->simulations + 1;
    s->K = c->leaves;
    s->E = most_cards(c) + 1;
    s->c_puct = (float)c->c_puct;
    s->fpu = (float)c->fpu;
    s->noise_weight = (float)c->noise_weight;
    s->evaluator = c->evaluator;
    s->rules = c->rules;
    p->settings = c->settings;
    p->G = G;
    p->record_words = selfplay_record_words(c);
    if (c->replay) p->replay = *c->replay;
    sp->wave.two = two_networks(c);
    p->range_count = range_count;
    /* an epoch finishes a tenth of its games or so; what does not fit waits for the next */
    p->out_words = max_int(p->record_words, (int)((int64_t)G * p->record_words / 8));
    if (c->replay) p->out_words = 1;
    p->workers = sp->device->play->workers(G);
}

/* Lays all arrays out in three arenas: trees, wave, games. */
static void lay_out(Selfplay *sp, Arena *trees, Arena *wave, Arena *games) {
    search_layout(&sp->wave.search, trees);
    wave_layout(&sp->wave, max_int(sp->wave.search.B, sp->play.G), wave);
    play_layout(&sp->play, games);
}

void selfplay_measure(const SelfplayConfig *config, const Device *device, SelfplayBytes *bytes) {
    Selfplay sp;
    memset(&sp, 0, sizeof sp);
    sp.device = sp.wave.device = device;
    sp.config = *config;
    set_sizes(&sp, config->parallel, 1);
    Arena trees = {0}, wave = {0}, games = {0};
    lay_out(&sp, &trees, &wave, &games);
    int64_t rows = search_max_rows(&sp.wave.search);
    bytes->model = 0;
    if (config->evaluator == EVALUATOR_NET && rows <= INT32_MAX) {
        NetSpec spec = net_spec(&sp);
        bytes->model = device->net->bytes(&spec) * (sp.wave.two ? SIDES : 1);
    }
    /* rows, and words of records, are counted in 32 bits */
    int64_t words = (int64_t)config->parallel * sp.play.record_words;
    bytes->trees = rows <= INT32_MAX && words <= INT32_MAX ? trees.used : SIZE_MAX / 8;
    bytes->wave = wave.used;
    bytes->games = games.used;
    bytes->host = 2 * (sizeof(PlayCounters) + (size_t)sp.play.out_words * sizeof(uint16_t));
}

int selfplay_largest_parallel(const SelfplayConfig *config, const Device *device,
                              size_t budget_bytes) {
    int low = 0, high = config->parallel;
    while (low < high) {
        SelfplayConfig c = *config;
        SelfplayBytes bytes;
        c.parallel = low + (high - low + 1) / 2;
        selfplay_measure(&c, device, &bytes);
        if (bytes.model + bytes.trees + bytes.wave + bytes.games <= budget_bytes)
            low = c.parallel;
        else
            high = c.parallel - 1;
    }
    return low;
}

static Status take_memory(Selfplay *sp) {
    const Backend *backend = sp->device->backend;
    Arena trees = {0}, wave = {0}, games = {0};
    lay_out(sp, &trees, &wave, &games);
    TRY(backend->alloc(&sp->trees_block, trees.used));
    TRY(backend->alloc(&sp->wave_block, wave.used));
    TRY(backend->alloc(&sp->games_block, games.used));
    Arena trees_at = {(char *)sp->trees_block, 0, trees.used};
    Arena wave_at = {(char *)sp->wave_block, 0, wave.used};
    Arena games_at = {(char *)sp->games_block, 0, games.used};
    lay_out(sp, &trees_at, &wave_at, &games_at);
    sp->wave.standing = sp->play.standing;
    sp->play.search = sp->wave.search;
    sp->play.side = sp->wave.sides.side;
    for (int i = 0; i < 2; i++) {
        TRY(backend->alloc_host((void **)&sp->counters[i], sizeof(PlayCounters)));
        TRY(backend->alloc_host((void **)&sp->out[i],
                                (size_t)sp->play.out_words * sizeof(uint16_t)));
        TRY(backend->event_open(&sp->done[i]));
    }
    return STATUS_OK;
}

/* Idle slots take new games; the wave is counted. */
static Status refill(Selfplay *sp) {
    const Device *d = sp->device;
    const Play *p = &sp->play;
    Stream stream = sp->wave.stream;
    TRY(d->backend->phase(PHASE_SCAN, stream));
    TRY(d->backend->scan(p->idle, p->idle_offset, p->G, sp->wave.scan_temp,
                         sp->wave.scan_temp_bytes, stream));
    TRY(d->backend->phase(PHASE_REFILL, stream));
    TRY(d->play->refill(p, stream));
    return d->play->tally(p, stream);
}

static Status send_constants(Selfplay *sp) {
    const Backend *backend = sp->device->backend;
    uint64_t binomial[WORLD_BINOMIALS];
    world_binomial_fill(binomial);
    TRY(backend->to_device((void *)sp->play.binomial, binomial, sizeof binomial, sp->wave.stream));
    if (sp->play.pimc) /* no solver is prepared yet */
        TRY(backend->zero(sp->play.pimc, (size_t)sp->play.workers * sizeof *sp->play.pimc,
                          sp->wave.stream));
    return backend->stream_sync(sp->wave.stream); /* `binomial` leaves with this frame */
}

/* Every slot is idle; the first games begin without a wave. */
static Status start_games(Selfplay *sp, const GameRange *ranges, int range_count, int64_t games) {
    const Device *d = sp->device;
    PlayCounters counters;
    memset(&counters, 0, sizeof counters);
    counters.games = games;
    sp->pace.read = sp->epochs;
    sp->pace.wave_seconds = 0; /* the last waves of games before were short */
    TRY(d->backend->to_device((void *)sp->play.ranges, ranges, (size_t)range_count * sizeof *ranges,
                              sp->wave.stream));
    TRY(d->backend->to_device(sp->play.counters, &counters, sizeof counters, sp->wave.stream));
    TRY(d->play->emit(&sp->play, sp->wave.stream));
    TRY(refill(sp));
    /* what tally counted was no wave */
    TRY(d->backend->stream_sync(sp->wave.stream));
    return d->backend->zero(sp->play.counters, offsetof(PlayCounters, started), sp->wave.stream);
}

Status selfplay_open(Selfplay *sp, const SelfplayConfig *config, const Device *device,
                     const Weights *weights, const GameRange *ranges, int range_count,
                     int64_t games) {
    memset(sp, 0, sizeof *sp);
    TRY(selfplay_config_check(config));
    if (play_solves(&config->settings) && device->play != &play_cpu) return STATUS_ARGUMENT;
    sp->device = sp->wave.device = device;
    sp->config = *config;
    set_sizes(sp, config->parallel, range_count);
    TRY(device->backend->stream_open(&sp->wave.stream));
    TRY(take_memory(sp));
    TRY(send_constants(sp));
    if (config->evaluator == EVALUATOR_NET) {
        NetSpec spec = net_spec(sp);
        TRY(device->net->create(&sp->wave.net, &spec));
        TRY(device->net->load(sp->wave.net, weights, sp->wave.stream));
        if (sp->wave.two) TRY(device->net->create(&sp->wave.net_b, &spec));
    }
    TRY(search_check(&sp->wave.search));
    return start_games(sp, ranges, range_count, games);
}

Status selfplay_next(Selfplay *sp, int64_t first, int64_t games) {
    GameRange range = {first, 0};
    TRY(sp->device->backend->stream_sync(sp->wave.stream));
    return start_games(sp, &range, 1, games);
}

void selfplay_close(Selfplay *sp) {
    if (!sp->device) return;
    const Backend *backend = sp->device->backend;
    if (sp->wave.stream) (void)backend->stream_sync(sp->wave.stream); /* an epoch may still run */
    for (int i = 0; i < GRAPH_COUNT; i++)
        if (sp->graph[i]) backend->graph_close(sp->graph[i]);
    if (sp->wave.net_b) sp->device->net->destroy(sp->wave.net_b);
    if (sp->wave.net) sp->device->net->destroy(sp->wave.net);
    for (int i = 0; i < 2; i++) {
        if (sp->done[i]) backend->event_close(sp->done[i]);
        if (sp->out[i]) backend->release_host(sp->out[i]);
        if (sp->counters[i]) backend->release_host(sp->counters[i]);
    }
    if (sp->games_block) backend->release(sp->games_block);
    if (sp->wave_block) backend->release(sp->wave_block);
    if (sp->trees_block) backend->release(sp->trees_block);
    if (sp->wave.stream) backend->stream_close(sp->wave.stream);
    memset(sp, 0, sizeof *sp);
}

/* One wave for every slot, and what follows it: moves, finished records, new games. */
static Status run_wave(Selfplay *sp) {
    const Device *d = sp->device;
    const Play *p = &sp->play;
    Stream stream = sp->wave.stream;
    TRY(wave_run(&sp->wave));
    TRY(d->backend->phase(PHASE_MOVE, stream));
    TRY(d->play->move(p, stream));
    TRY(d->backend->phase(PHASE_SCAN, stream));
    TRY(d->backend->scan(p->out_count, p->out_offset, p->G, sp->wave.scan_temp,
                         sp->wave.scan_temp_bytes, stream));
    TRY(d->backend->phase(PHASE_EMIT, stream));
    TRY(d->play->emit(p, stream));
    return refill(sp);
}

/* An epoch launch by launch: run, or captured. */
static Status run_epoch(Selfplay *sp, int waves) {
    const Backend *backend = sp->device->backend;
    TRY(backend->zero(&sp->play.counters->out_used, 2 * sizeof(int32_t), sp->wave.stream));
    for (int wave = 0; wave < waves; wave++) TRY(run_wave(sp));
    return backend->phase(PHASE_OTHER, sp->wave.stream);
}

enum {
    TIMED_EVERY = 16 /* one epoch in so many shows where the time goes */
};

/* A graph grows with its waves, and in each wave the network's part with the rows: so many
 * launches that each has much to do lose nothing one by one, and a graph of them would take a long
 * time to make and memory that no plan knows. */
bool selfplay_has_graph(const Selfplay *sp) {
    enum { WAVES_MAX = 2048, ROWS_MORE = 8192 }; /* 31 waves of 73,728 rows count 310 */
    int64_t waves = sp->config.waves * (1 + search_max_rows(&sp->wave.search) / ROWS_MORE);
    return sp->config.graph && sp->device->backend->graphs && waves <= WAVES_MAX;
}

static Status capture_epoch(Selfplay *sp, GraphKind kind) {
    const Backend *backend = sp->device->backend;
    TRY(backend->capture_begin(sp->wave.stream, kind));
    Status status = run_epoch(sp, sp->config.waves);
    Status ended = backend->capture_end(sp->wave.stream, &sp->graph[kind]);
    TRY(status);
    return ended;
}

/* Each kind is captured when its first turn comes. */
static Status launch_epoch(Selfplay *sp) {
    GraphKind kind = sp->epochs % TIMED_EVERY == 2 ? GRAPH_TIMED : GRAPH_PLAIN;
    if (!sp->graph[kind]) TRY(capture_epoch(sp, kind));
    return sp->device->backend->graph_launch(sp->graph[kind], sp->wave.stream);
}

Status selfplay_enqueue_waves(Selfplay *sp, int waves) {
    const Backend *backend = sp->device->backend;
    Stream stream = sp->wave.stream;
    int i = (int)(sp->epochs % 2);
    if (sp->epochs == 0 || waves != sp->config.waves || !selfplay_has_graph(sp))
        TRY(run_epoch(sp, waves));
    else
        TRY(launch_epoch(sp));
    TRY(backend->to_host(sp->counters[i], sp->play.counters, sizeof(PlayCounters), stream));
    TRY(backend->to_host(sp->out[i], sp->play.out, (size_t)sp->play.out_words * sizeof(uint16_t),
                         stream));
    TRY(backend->event_record(sp->done[i], stream));
    sp->epochs++;
    return STATUS_OK;
}

Status selfplay_enqueue(Selfplay *sp) { return selfplay_enqueue_waves(sp, sp->config.waves); }

Status selfplay_load(Selfplay *sp, int side, const Weights *weights) {
    return sp->device->net->load(side ? sp->wave.net_b : sp->wave.net, weights, sp->wave.stream);
}

Status selfplay_wait(Selfplay *sp, int64_t epoch, const PlayCounters **counters,
                     const uint16_t **out) {
    TRY(sp->device->backend->event_sync(sp->done[epoch % 2]));
    *counters = sp->counters[epoch % 2];
    *out = sp->out[epoch % 2];
    return STATUS_OK;
}
