/* tests/host/test_outlook.c - a forecast beside what the run takes: at every epoch it tells the
 * share of the work that was done. */
#include "host/run/outlook.h"

#include <math.h>

#include "device/play/device.h"
#include "tests/support/check.h"

enum { EPOCHS_MAX = 20000 };

typedef struct {
    const char *name;
    int variant, players, cards, full, parallel, worlds, simulations;
    int64_t games;
    double mean_within;  /* of the first forecast, relative */
    double share_within; /* at any time, absolute */
    PlayerKind other;    /* of side B; PLAYER_NET: nobody is paired */
    bool mixed;          /* tables of 2 seats with 2 cards, a quarter; the rest as above */
} Case;

/* clang-format off */
static const Case cases[] = {
    {"a round", RULES_BLOB, 4, 5, 0, 64, 3, 30, 256, 0.03, 0.04, PLAYER_NET, false},
    {"one generation", RULES_BLOB, 4, 5, 0, 256, 2, 20, 256, 0.03, 0.06, PLAYER_NET, false},
    {"8 seats", RULES_BLOB, 8, 6, 0, 32, 1, 30, 96, 0.04, 0.07, PLAYER_NET, false},
    {"few cards", RULES_BLOB, 3, 2, 0, 32, 3, 30, 600, 0.04, 0.02, PLAYER_NET, false},
    {"many simulations", RULES_BLOB, 3, 4, 0, 8, 1, 2000, 24, 0.5, 0.25, PLAYER_NET, false},
    {"full games", RULES_BLOB, 3, 4, 1, 16, 2, 20, 60, 0.04, 0.07, PLAYER_NET, false},
    {"oh-hell", RULES_OH_HELL, 5, 7, 0, 32, 1, 20, 160, 0.03, 0.05, PLAYER_NET, false},
    {"mixed tables", RULES_BLOB, 5, 7, 0, 64, 1, 20, 300, 0.08, 0.1, PLAYER_NET, true},
    {"against a bot", RULES_BLOB, 4, 5, 0, 64, 2, 20, 300, 0.03, 0.03, PLAYER_RULE, false},
    {"bots alone", RULES_BLOB, 4, 5, 0, 64, 2, 20, 300, 0, 0, PLAYER_RANDOM, false},
};
/* clang-format on */

static SelfplayConfig config_of(const Case *k) {
    SelfplayConfig c = selfplay_config_default();
    c.rules.variant = (uint8_t)k->variant;
    c.rules.players = (uint8_t)k->players;
    c.rules.points = k->variant == RULES_OH_HELL;
    c.settings.cards = k->cards;
    c.settings.full = k->full;
    c.parallel = k->parallel;
    c.worlds = k->worlds;
    c.simulations = k->simulations;
    c.waves = 5;
    c.evaluator = EVALUATOR_HASH;
    c.settings.paired = k->other != PLAYER_NET;
    c.settings.kinds[1] = (uint8_t)k->other;
    if (k->other == PLAYER_RANDOM) c.settings.kinds[0] = PLAYER_RULE;
    if (k->mixed) {
        c.settings.table_count = 2;
        c.settings.tables[0] = (PlayTable){2, 2, 0, 1u << 30};
        c.settings.tables[1] = (PlayTable){5, 7, 0, 0};
    }
    return c;
}

static bool check_case(const Case *k, const Device *device) {
    static const GameRange all = {0, 0};
    static double told[EPOCHS_MAX];
    static int64_t rows[EPOCHS_MAX];
    SelfplayConfig c = config_of(k);
    Selfplay sp;
    const PlayCounters *counters;
    const uint16_t *out;
    int epochs = 0;
    int64_t finished = 0;
    Outlook outlook = outlook_begin(&c, k->games);
    CHECK(outlook_share(&outlook, 0, 0, 0) == 0);
    CHECK(selfplay_open(&sp, &c, device, NULL, &all, 1, k->games) == STATUS_OK);
    while (!checks_failed && finished < k->games && epochs < EPOCHS_MAX) {
        CHECK(selfplay_feed(&sp) == STATUS_OK);
        CHECK(selfplay_read(&sp, &counters, &out) == STATUS_OK);
        finished = counters->finished;
        rows[epochs] = counters->rows;
        told[epochs++] = outlook_share(&outlook, counters->rows, finished,
                                       counters->started - finished);
    }
    selfplay_close(&sp);
    if (checks_failed) return false;
    double all_rows = (double)rows[epochs - 1], mean = all_rows / (double)k->games, worst = 0;
    for (int i = 0; i < epochs && all_rows > 0; i++) {
        double wrong = told[i] - (double)rows[i] / all_rows;
        CHECK(told[i] > 0 && told[i] <= 1);
        if (fabs(wrong) > fabs(worst)) worst = wrong;
    }
    CHECK(finished == k->games && told[epochs - 1] == 1);
    bool right = fabs(outlook.mean - mean) <= k->mean_within * mean &&
                 fabs(worst) <= k->share_within;
    if (!right)
        fprintf(stderr, "%s: forecast %.1f rows a game, %.1f taken; a share wrong by %.3f\n",
                k->name, outlook.mean, mean, worst);
    return right;
}

int main(void) {
    bool right = true;
    const Device *device;
    char device_text[128];
    CHECK(device_open("cpu", &device, device_text, sizeof device_text) == STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && !checks_failed; i++)
        right &= check_case(&cases[i], device);
    CHECK(right);
    return check_report();
}
