/* host/run/summary.c - adds up finished games and prints the metrics of a run. */
#include "summary.h"

#include <math.h>

static double policy_entropy(const RecordDecision *d) {
    double entropy = 0;
    for (int e = 0; e < d->legal_count; e++) {
        double p = (double)d->visits[e] / d->sum;
        if (p > 0) entropy -= p * log(p);
    }
    return entropy;
}

bool game_tally_add(GameTally *tally, GameRecord *record) {
    RecordRound round;
    while (game_record_next(record, &round)) {
        int P = round.start.players;
        tally->rounds++;
        tally->seats += P;
        tally->actions += round.action_count;
        tally->decisions += round.decision_count;
        for (int seat = 0; seat < P; seat++) {
            tally->score_sum[seat] += round.scores[seat];
            tally->bids_hit += round.end.tricks[seat] == round.end.bids[seat];
        }
        for (int i = 0; i < round.decision_count; i++)
            tally->entropy_sum += policy_entropy(&round.decisions[i]);
    }
    tally->games += record->wrong[0] == 0;
    return record->wrong[0] == 0;
}

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

void game_tally_print(const GameTally *t, int players, FILE *out) {
    fprintf(out,
            "games       %lld, %lld rounds, %lld examples (searched decisions), %.2f a round\n",
            (long long)t->games, (long long)t->rounds, (long long)t->decisions,
            ratio((double)t->decisions, (double)t->rounds));
    fprintf(out, "play        mean score of a round by seat:");
    for (int seat = 0; seat < players; seat++)
        fprintf(out, " %.3f", ratio((double)t->score_sum[seat], (double)t->rounds));
    fprintf(out, "; bids hit %.1f%%; policy entropy %.3f nats\n",
            100 * ratio((double)t->bids_hit, (double)t->seats),
            ratio(t->entropy_sum, (double)t->decisions));
}

void summary_bytes_text(size_t bytes, char *text, size_t text_bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double x = (double)bytes;
    int unit = 0;
    for (; x >= 1024 && unit < 4; unit++) x /= 1024;
    snprintf(text, text_bytes, unit ? "%.1f %s" : "%.0f %s", x, units[unit]);
}

void summary_bytes_print(const SelfplayBytes *b, FILE *out) {
    const size_t bytes[] = {b->model, b->trees, b->wave, b->games, b->host};
    static const char *const owners[] = {"network", "trees", "wave", "games", "pinned host"};
    fprintf(out, "memory     ");
    for (int i = 0; i < 5; i++) {
        char text[16];
        summary_bytes_text(bytes[i], text, sizeof text);
        fprintf(out, "%s %s %s", i ? "," : "", owners[i], text);
    }
    fprintf(out, "\n");
}

double run_phase_share(const RunRates *r, Phase phase) {
    double sum = 0;
    for (int i = 0; i < PHASE_COUNT; i++) sum += r->phases[i];
    return ratio(r->phases[phase], sum);
}

void run_rates_print(const RunRates *r, const GameTally *t, FILE *out) {
    double games = (double)t->games, rows = (double)r->counters.rows;
    fprintf(out, "speed       %.1f games/min, %.0f rows/s, %.2f s of playing\n",
            60 * ratio(games, r->seconds), ratio(rows, r->seconds), r->seconds);
    fprintf(out, "work        %.1f rows a game, %.1f waves a game, %.1f%% of row slots filled\n",
            ratio(rows, games), ratio((double)r->counters.busy_slot_waves, games),
            100 * ratio(rows, (double)r->counters.row_slots));
    fprintf(out, "time        network %.1f%%", 100 * run_phase_share(r, PHASE_NETWORK));
    for (int i = 0; i < PHASE_COUNT; i++)
        if (i != PHASE_NETWORK)
            fprintf(out, ", %s %.1f%%", phase_name((Phase)i), 100 * run_phase_share(r, (Phase)i));
    fprintf(out, "\n");
    summary_bytes_print(&r->bytes, out);
}
