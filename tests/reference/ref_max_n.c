/* tests/reference/ref_max_n.c - exhaustive max^n of a small open endgame. */
#include <stddef.h>
#include <string.h>

#include "ref_rules.h"

static void solve(const RefRound *round, RefMaxN *answer) {
    int legal[REF_EDGES], players = round->players, seat = round->to_move;
    int count = ref_round_legal(round, legal);
    answer->nodes = 1;
    answer->clear = true;
    if (count == 0) {
        for (int s = 0; s < players; s++) answer->score[s] = ref_round_score(round, s);
        return;
    }
    for (int e = 0; e < count; e++) {
        RefRound next = *round;
        RefMaxN line;
        ref_round_play(&next, legal[e]);
        solve(&next, &line);
        long nodes = answer->nodes + line.nodes;
        bool clear = answer->clear && line.clear;
        bool equal = e > 0 && line.score[seat] == answer->score[seat];
        for (int s = 0; s < players && equal; s++)
            if (line.score[s] != answer->score[s]) clear = false;
        if (e == 0 || line.score[seat] > answer->score[seat]) {
            *answer = line;
            answer->best = legal[e];
        }
        answer->nodes = nodes;
        answer->clear = clear;
    }
}

const char *ref_max_n(const RefQuery *query, RefMaxN *answer) {
    RefRound round;
    const char *wrong = ref_round_replay(&round, query, query->hands, NULL);
    if (wrong) return wrong;
    memset(answer, 0, sizeof *answer);
    solve(&round, answer);
    for (int s = 0; s < round.players; s++)
        answer->value[s] = (float)(answer->score[s] - ref_round_least(&round)) /
                           (float)ref_round_range(&round);
    return NULL;
}
