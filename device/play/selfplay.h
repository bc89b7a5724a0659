/* device/play/selfplay.h - a self-play run on one device: memory, epochs, what comes out.
 *
 *   open ─► [ enqueue epoch n + 1 ─► wait for epoch n: counters, finished records ]* ─► close
 *
 * An epoch is a fixed number of waves on one stream, with no synchronisation inside. Where the
 * device has graphs, the first epoch runs launch by launch (kernels are loaded, libraries make
 * their plans), then it is captured once, and every later one is a single launch. After each,
 * counters and finished records are copied to pinned memory and read while the next one runs.
 *
 * No game depends on how long an epoch is. A program that a person watches has them paced: see
 * selfplay_feed. */
#ifndef DEVICE_PLAY_SELFPLAY_H
#define DEVICE_PLAY_SELFPLAY_H

#include "wave.h"

typedef struct {
    Rules rules;
    PlaySettings settings;
    int parallel;            /* G, live games: 1..1048576 */
    int worlds, simulations; /* W 1..255, S 1..65534; W 1, S 0: no search, see tree.h */
    int leaves;              /* K, descents a batch: 1..255 */
    int waves;               /* waves an epoch, of paced ones at most: 1..65536 */
    bool paced;              /* selfplay_feed may make epochs shorter */
    double c_puct, fpu;      /* > 0, >= 0; rounded to float32 once */
    double noise_weight;     /* 0..1 */
    Evaluator evaluator;
    Precision precision;
    Network network;      /* as NetOps.choose has decided */
    bool graph;           /* capture epochs where the device can; false: launch by launch */
    const Replay *replay; /* where finished games go; NULL: records come back with each epoch */
    ModelConfig model;
} SelfplayConfig;

/* Bytes of device memory by owner, and of pinned host memory. */
typedef struct {
    size_t model, trees, wave, games, host;
} SelfplayBytes;

/* What selfplay_feed and selfplay_read know of the epochs. */
typedef struct {
    int64_t read;        /* epochs that selfplay_read has waited for */
    int waves[2];        /* of the epochs under way, and when they were enqueued */
    double enqueued[2];  /* seconds of timeline_clock */
    double last;         /* when the newest that was read ended */
    double wave_seconds; /* that a wave of it took; 0: none was read */
} SelfplayPace;

typedef struct {
    const Device *device;
    SelfplayConfig config;
    Play play; /* what the kernels read; play.search is wave.search */
    Wave wave;
    void *trees_block, *wave_block, *games_block; /* device memory, owned */
    PlayCounters *counters[2];                    /* (1) pinned, one for each epoch in turn */
    uint16_t *out[2];                             /* (out_words) pinned */
    Event done[2];
    Graph graph[GRAPH_COUNT]; /* an epoch, captured; NULL before, and without graphs */
    int64_t epochs;           /* enqueued so far */
    SelfplayPace pace;
} Selfplay;

/* Medium self-play of single rounds of blob, 4 seats and 5 cards: 3 worlds x 30 simulations, the
 * network in float32, 1,024 live games. The one place of every default. */
SelfplayConfig selfplay_config_default(void);

/* The three usual sizes of a search: light, medium, heavy. */
typedef struct {
    int worlds, simulations;
} SelfplayBudget;
enum { SELFPLAY_BUDGETS = 3 };
extern const SelfplayBudget selfplay_budgets[SELFPLAY_BUDGETS];

/* STATUS_ARGUMENT: settings that make no sense together; a person's mistake is found before, in
 * host/, where the option is known. */
Status selfplay_config_check(const SelfplayConfig *config);

/* What a run would take. */
void selfplay_measure(const SelfplayConfig *config, const Device *device, SelfplayBytes *bytes);

/* The largest `parallel` up to the config's that takes no more than `budget_bytes`; 0: none. */
int selfplay_largest_parallel(const SelfplayConfig *config, const Device *device,
                              size_t budget_bytes);

/* Takes all memory of the run and starts the first games. weights: NULL unless the evaluator is
 * net. ranges (range_count): the ids to play, ascending; range_count >= 1. The caller calls
 * selfplay_close in every case. STATUS_MEMORY: it does not fit. */
Status selfplay_open(Selfplay *sp, const SelfplayConfig *config, const Device *device,
                     const Weights *weights, const GameRange *ranges, int range_count,
                     int64_t games);
void selfplay_close(Selfplay *sp);

/* Other weights for the epochs enqueued from now on, at once and without a new capture; side 1: of
 * PLAYER_NET_B, which has none before. */
Status selfplay_load(Selfplay *sp, int side, const Weights *weights);

/* Further games, once all before are finished and their epochs waited for: ids first .. first +
 * games - 1. All counters begin anew. */
Status selfplay_next(Selfplay *sp, int64_t first, int64_t games);

/* The most words that a game's record can take. */
int selfplay_record_words(const SelfplayConfig *config);

/* Whether epochs are captured: the device has graphs, the config asks for them, and one epoch is
 * not too much for one. */
bool selfplay_has_graph(const Selfplay *sp);

/* Enqueues an epoch of config.waves, or of so many; at most two may be under way. */
Status selfplay_enqueue(Selfplay *sp);
Status selfplay_enqueue_waves(Selfplay *sp, int waves);

/* Waits for epoch `epoch` (0..). *counters and *out stay valid until epoch + 2 is enqueued;
 * out holds counters->out_used words of finished records. */
Status selfplay_wait(Selfplay *sp, int64_t epoch, const PlayCounters **counters,
                     const uint16_t **out);

/* selfplay_feed.c - instead of enqueue and wait, never mixed with them in the same run.
 *
 * selfplay_feed enqueues what keeps the device busy while the host reads: up to two epochs, or one
 * where the device works within the call (cpu). If config.paced, the first has one wave, so that
 * the host soon hears of the games; later ones have as many as take a quarter of a second, at most
 * config.waves, or where they are captured exactly config.waves.
 * selfplay_read waits for the oldest epoch that was not read yet; there must be one. */
Status selfplay_feed(Selfplay *sp);
Status selfplay_read(Selfplay *sp, const PlayCounters **counters, const uint16_t **out);

/* Whether an epoch was enqueued that is not read yet. */
static inline bool selfplay_is_fed(const Selfplay *sp) { return sp->epochs > sp->pace.read; }

#endif
