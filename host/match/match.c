/* host/match/match.c - plays a match block by block: epochs, records, differences, verdict. */
#include "match.h"

#include <inttypes.h>
#include <stdlib.h>

#include "device/search/root.h"
#include "host/games/game_record.h"

enum { BLOCK_MAX = 1 << 20 };

/* What is kept of a game. */
typedef struct {
    int32_t score[SIDES], hit[SIDES],
        seats[SIDES];        /* summed over the seats of a side and all rounds */
    int32_t players, rounds; /* rounds 0: not finished */
} MatchGame;

typedef struct {
    const MatchConfig *config;
    Selfplay selfplay;
    MatchGame *games; /* (2 * block) of this block, by id */
    int64_t first;    /* id of its first game */
    int64_t rows;     /* of the blocks before this one */
    double score_sum[SIDES];
    int64_t hit[SIDES], seats[SIDES];
    bool stopped;
    MatchResult *result;
} MatchRun;

SelfplayConfig match_selfplay(const MatchConfig *config) {
    SelfplayConfig c = config->base;
    int nets = 0;
    int64_t deals = config->block < config->most_deals ? config->block : config->most_deals;
    c.settings.seed = splitmix64(c.settings.seed ^ 0x6172656E61u);
    c.settings.paired = 1;
    c.settings.explore_decisions = 0;
    c.settings.move_power = ROOT_BEST;
    c.noise_weight = 0;
    c.replay = NULL;
    for (int side = 0; side < SIDES; side++) {
        PlayerKind kind = config->kinds[side];
        if (kind == PLAYER_NET && nets++ > 0) kind = PLAYER_NET_B;
        c.settings.kinds[side] = (uint8_t)kind;
        c.settings.pimc_worlds[side] = config->pimc_worlds[side];
    }
    if (nets == 0) c.evaluator = EVALUATOR_UNIFORM; /* never called */
    if (c.parallel > 2 * deals) c.parallel = (int)(2 * deals);
    return c;
}

static Status check(const MatchConfig *c) {
    bool fits = c->first_deal >= 0 && c->most_deals >= 1 && c->block >= 1 &&
                c->block <= BLOCK_MAX && c->margin >= 0 &&
                c->first_deal <= INT64_MAX / 2 - c->most_deals - 1;
    for (int side = 0; side < SIDES; side++) {
        PlayerKind kind = c->kinds[side];
        bool net = kind == PLAYER_NET && (c->weights[side] || c->base.evaluator != EVALUATOR_NET);
        bool bot = kind == PLAYER_RANDOM || kind == PLAYER_RULE || kind == PLAYER_PIMC ||
                   kind == PLAYER_CHEAT;
        fits = fits && (net || bot);
    }
    return fits ? STATUS_OK : STATUS_ARGUMENT;
}

static Status open_match(MatchRun *a, const Device *device) {
    const MatchConfig *c = a->config;
    const Weights *weights[SIDES] = {NULL, NULL};
    SelfplayConfig selfplay = match_selfplay(c);
    GameRange range = {.first = 2 * c->first_deal, .ordinal = 0};
    int64_t deals = c->block < c->most_deals ? c->block : c->most_deals;
    int nets = 0;
    for (int side = 0; side < SIDES; side++)
        if (c->kinds[side] == PLAYER_NET) weights[nets++] = c->weights[side];
    a->games = (MatchGame *)calloc((size_t)(2 * deals), sizeof *a->games);
    if (!a->games) return STATUS_MEMORY;
    TRY(selfplay_open(&a->selfplay, &selfplay, device, weights[0], &range, 1, 2 * deals));
    if (nets == 2 && selfplay.evaluator == EVALUATOR_NET)
        TRY(selfplay_load(&a->selfplay, 1, weights[1]));
    return STATUS_OK;
}

/* The table that the record names; its reader checks the rest of the record against it. */
static bool find_table(const PlaySettings *settings, const Rules *rules, const uint16_t *words,
                       GameTerms *terms) {
    int players = words[RECORD_PLAYERS_AT], cards = words[RECORD_HEAD_WORDS + RECORD_CARDS_AT];
    terms->rules = *rules;
    terms->rules.players = (uint8_t)players;
    terms->cards = cards;
    terms->full = settings->full;
    if (settings->table_count == 0) return players == rules->players && cards == settings->cards;
    for (int i = 0; i < settings->table_count; i++)
        if (players == settings->tables[i].players && cards == settings->tables[i].cards)
            return true;
    return false;
}

static void add_round(MatchGame *game, int64_t id, const RecordRound *round) {
    int P = round->start.players;
    game->players = P;
    game->rounds++;
    for (int seat = 0; seat < P; seat++) {
        int side = (int)((seat + id) % SIDES);
        game->score[side] += round->scores[seat];
        game->hit[side] += round->end.tricks[seat] == round->end.bids[seat];
        game->seats[side]++;
    }
}

static Status keep_game(MatchRun *a, int64_t games, const uint16_t *words, int count) {
    const SelfplayConfig *c = &a->selfplay.config;
    GameTerms terms;
    GameRecord record;
    RecordRound round;
    int64_t id = count > RECORD_HEAD_WORDS ? record_id(words) : -1;
    MatchGame *game = id >= a->first && id < a->first + games ? &a->games[id - a->first] : NULL;
    if (!game || game->rounds > 0 || !find_table(&c->settings, &c->rules, words, &terms) ||
        !game_record_begin(&record, &terms, words, count)) {
        fprintf(stderr, "game %" PRId64 " came back damaged from the device\n", id);
        return STATUS_DEVICE;
    }
    while (game_record_next(&record, &round)) add_round(game, id, &round);
    if (!record.wrong[0]) return STATUS_OK;
    fprintf(stderr, "game %" PRId64 " came back damaged from the device: %s\n", id, record.wrong);
    return STATUS_DEVICE;
}

static Status refuse_fault(const MatchRun *a, const Fault *fault) {
    const SelfplayConfig *c = &a->selfplay.config;
    bool network = fault->code == FAULT_LOGIT || fault->code == FAULT_VALUE ||
                   fault->code == FAULT_INT8;
    fprintf(stderr,
            "match of seed %" PRIu64 ", from game %" PRId64 ": %s (fault %u, item %" PRId64 ")\n",
            c->settings.seed, a->first,
            network ? "a network gave numbers that are not finite" : "the device raised a fault",
            (unsigned)fault->code, fault->item);
    return STATUS_FAULT;
}

/* Plays the games of a block. a->stopped: go_on ended it before the last. */
static Status play_block(MatchRun *a, int64_t games) {
    const MatchConfig *c = a->config;
    const PlayCounters *counters;
    const uint16_t *out;
    int64_t finished = 0;
    while (finished < games && !a->stopped) {
        TRY(selfplay_feed(&a->selfplay));
        TRY(selfplay_read(&a->selfplay, &counters, &out));
        for (int at = 0; at < counters->out_used; finished++) {
            int count = game_record_words(out + at, counters->out_used - at);
            TRY(keep_game(a, games, out + at, count));
            at += count;
        }
        a->result->games = a->first - 2 * c->first_deal + finished;
        a->result->live = counters->started - finished;
        a->result->asked = a->rows + counters->rows;
        if (counters->fault.code != FAULT_NONE) return refuse_fault(a, &counters->fault);
        a->stopped = finished < games && c->go_on && !c->go_on(c->context, a->result);
    }
    if (!a->stopped) a->rows = a->result->asked;
    return STATUS_OK;
}

/* Adds the deals of the block to the result, in order. */
static void count_block(MatchRun *a, int64_t deals) {
    const MatchConfig *c = a->config;
    MatchResult *r = a->result;
    for (int64_t d = 0; d < deals; d++) {
        const MatchGame *pair = &a->games[2 * d];
        double seats = (double)pair->players * pair->rounds;
        int32_t score[SIDES];
        for (int side = 0; side < SIDES; side++) {
            score[side] = pair[0].score[side] + pair[1].score[side];
            a->score_sum[side] += score[side] / seats;
            a->hit[side] += pair[0].hit[side] + pair[1].hit[side];
            a->seats[side] += pair[0].seats[side] + pair[1].seats[side];
        }
        double difference = (score[MATCH_A] - score[MATCH_B]) / seats;
        paired_stats_add(&r->stats, difference);
        r->rounds += pair[0].rounds + pair[1].rounds;
        if (c->deal) c->deal(c->context, a->first / 2 + d, difference);
    }
    r->deals += deals;
    r->rows = a->rows;
    for (int side = 0; side < SIDES; side++) {
        r->score[side] = a->score_sum[side] / (double)r->deals;
        r->hit[side] = (double)a->hit[side] / (double)a->seats[side];
    }
    r->half_width = paired_stats_half_width(&r->stats);
    r->verdict = c->margin > 0 ? paired_stats_sequential(&r->stats, c->margin) : PAIRED_GO_ON;
}

static Status play_match(MatchRun *a, const Device *device) {
    const MatchConfig *c = a->config;
    MatchResult *r = a->result;
    TRY(open_match(a, device));
    while (r->deals < c->most_deals && r->verdict == PAIRED_GO_ON) {
        int64_t left = c->most_deals - r->deals, deals = left < c->block ? left : c->block;
        a->first = 2 * (c->first_deal + r->deals);
        if (r->deals > 0) {
            memset(a->games, 0, (size_t)(2 * deals) * sizeof *a->games);
            TRY(selfplay_next(&a->selfplay, a->first, 2 * deals));
        }
        TRY(play_block(a, 2 * deals));
        if (a->stopped) break;
        count_block(a, deals);
        if (c->go_on && r->deals < c->most_deals && !c->go_on(c->context, r)) break;
    }
    if (c->margin == 0 && r->deals == c->most_deals) r->verdict = paired_stats_fixed(&r->stats);
    return STATUS_OK;
}

Status match_play(const MatchConfig *config, const Device *device, MatchResult *out) {
    MatchRun a;
    memset(&a, 0, sizeof a);
    memset(out, 0, sizeof *out);
    TRY(check(config));
    a.config = config;
    a.result = out;
    Status status = play_match(&a, device);
    selfplay_close(&a.selfplay);
    free(a.games);
    return status;
}
