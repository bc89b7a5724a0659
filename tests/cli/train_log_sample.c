/* tests/cli/train_log_sample.c - writes the log of a run that never was, for tests of its
 * readers. */
#include <math.h>
#include <stdlib.h>

#include "host/train/train_log.h"

/* What iteration i brings: curves as a run has them, and a match every third time. */
static TrainLine sample_line(int i) {
    TrainLine line = train_line_empty();
    double gone = 1 - exp(-i / 8.0);
    line.iteration = i;
    line.step = 40 * (i + 1);
    line.seconds = 12.5;
    line.games = 1000;
    line.games_per_minute = 3000 + 10 * (i % 7);
    line.rows_per_second = 18.1 * line.games_per_minute;
    line.window_games = 1000 * (i < 10 ? i + 1 : 10);
    line.window_examples = 15 * line.window_games;
    line.worlds = 1 + i / 10;
    line.simulations = 15 + 10 * (i / 10);
    line.score_mean = 3 + 2 * gone;
    line.bids_hit_frac = 0.3 + 0.2 * gone;
    line.search_entropy = 1.4 - 0.5 * gone;
    line.examples_per_second = 9000 - i;
    line.waiting_frac = 0.02;
    line.target_entropy = 1.2 - 0.4 * gone;
    line.policy_loss = line.target_entropy + 0.5 * (1 - gone) + 0.1;
    line.value_loss = 0.09 - 0.04 * gone;
    line.loss = line.policy_loss + line.value_loss;
    line.accuracy = 0.3 + 0.4 * gone;
    line.gradient_norm = i == 4 ? NAN : 2.0 - gone;
    line.rate = 1e-3;
    line.skipped = i == 4;
    if (i % 3 == 2) {
        line.match.deals = 200;
        line.match.difference = 0.5 * gone - 0.1;
        line.match.low = line.match.difference - 0.3;
        line.match.high = line.match.difference + 0.3;
        snprintf(line.match.opponent, sizeof line.match.opponent, i % 2 ? "best" : "first");
        snprintf(line.match.verdict, sizeof line.match.verdict, i % 2 ? "promoted" : "kept");
    }
    return line;
}

/* train_log_sample FOLDER FIRST END: iterations FIRST .. END - 1 of a run that goes on at FIRST. */
int main(int argc, char **argv) {
    TrainLog log;
    if (argc != 4) return 2;
    int first = atoi(argv[2]), end = atoi(argv[3]);
    if (train_log_open(&log, argv[1], first, false) != STATUS_OK) return 1;
    for (int i = first; i < end; i++) {
        TrainLine line = sample_line(i);
        train_log_add(&log, &line);
    }
    train_log_close(&log);
    return 0;
}
