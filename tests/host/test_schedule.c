/* tests/host/test_schedule.c - rate, window, steps and curriculum at points worked by hand. */
#include <math.h>

#include "host/train/schedule.h"
#include "tests/support/files.h"

static int near(double x, double reference) {
    return fabs(x - reference) <= 1e-12 + 1e-12 * fabs(reference);
}

static Schedule sample(void) {
    Schedule s;
    memset(&s, 0, sizeof s);
    s.iterations = 10;
    s.rate = 0.8;
    s.rate_min = 0.2;
    s.warmup = 4;
    s.epochs = 2.5;
    s.batch = 32;
    s.accumulate = 2;
    s.games = 1000;
    s.window_min = 250000;
    s.window_max = 100000000;
    s.window_exponent = 0.75;
    s.window_scale = 0.4;
    return s;
}

static void the_rate_warms_up_then_holds_or_falls(void) {
    Schedule s = sample();
    for (int made = 0; made < 4; made++)
        CHECK(near(schedule_rate(&s, 0, made, 100, made), 0.2 * (made + 1)));
    CHECK(near(schedule_rate(&s, 0, 4, 100, 4), 0.8));
    CHECK(near(schedule_rate(&s, 9, 99, 100, 999), 0.8));
    s.warmup = 0;
    CHECK(near(schedule_rate(&s, 0, 0, 100, 0), 0.8));
    s.cosine = 1;
    CHECK(near(schedule_rate(&s, 0, 0, 100, 0), 0.8));
    CHECK(near(schedule_rate(&s, 5, 0, 100, 0), 0.5)); /* halfway: between the two */
    CHECK(
        near(schedule_rate(&s, 2, 50, 100, 0), 0.5 + 0.3 * sqrt(0.5))); /* an eighth of a circle */
    CHECK(near(schedule_rate(&s, 7, 50, 100, 0), 0.5 - 0.3 * sqrt(0.5)));
    CHECK(near(schedule_rate(&s, 10, 0, 100, 0), 0.2));
    CHECK(near(schedule_rate(&s, 12, 7, 100, 0), 0.2)); /* past the end: no second rise */
    s.warmup = 1000;
    CHECK(near(schedule_rate(&s, 5, 0, 100, 499), 0.25));
    float rates[3];
    schedule_rates(&s, 5, 10, 3, 100, 700, rates);
    for (int i = 0; i < 3; i++)
        CHECK(rates[i] == (float)schedule_rate(&s, 5, 10 + i, 100, 700 + i));
}

static void steps_are_rounded_and_at_least_one(void) {
    Schedule s = sample();
    CHECK(schedule_steps(&s, 0) == 1 && schedule_steps(&s, 12) == 1);
    CHECK(schedule_steps(&s, 640) == 25); /* 2.5 * 640 / (32 * 2) */
    CHECK(schedule_steps(&s, 652) == 25); /* 25.47 */
    CHECK(schedule_steps(&s, 653) == 26); /* 25.51 */
    CHECK(schedule_steps(&s, INT64_MAX / 2) == 1000000000);
}

static void the_window_grows_as_published(void) {
    Schedule s = sample();
    CHECK(schedule_window_games(&s, 0) == 0);
    CHECK(schedule_window_games(&s, 249999) == 249999);
    CHECK(schedule_window_games(&s, 250000) == 250000);
    CHECK(schedule_window_games(&s, 4000000) == 1183333);  /* 16^0.75 = 8: c (1 + 0.4 * 7 / 0.75) */
    CHECK(schedule_window_games(&s, 64000000) == 8650000); /* 256^0.75 = 64 */
    s.window_max = 500000;
    CHECK(schedule_window_games(&s, 4000000) == 500000);
    s.window_scale = 0;
    CHECK(schedule_window_games(&s, 4000000) == 250000);
    s.window_scale = s.window_exponent = 1; /* every game, up to the most */
    CHECK(schedule_window_games(&s, 499999) == 499999 &&
          schedule_window_games(&s, 500001) == 500000);
}

static void the_window_holds_whole_iterations(void) {
    Schedule s = sample();
    s.window_min = 4500;
    s.window_max = 6999;
    s.window_scale = 1; /* at c the window grows by a game for each played */
    CHECK(schedule_window_first(&s, 0) == 0 && schedule_window_first(&s, 3) == 0);
    CHECK(schedule_window_first(&s, 4) == 1);   /* 5 played: 4,986 games, 4 whole iterations */
    CHECK(schedule_window_first(&s, 99) == 94); /* 6 of them */
    s.games = 20000;
    CHECK(schedule_window_first(&s, 0) == 0 && schedule_window_first(&s, 7) == 7);
}

static void the_window_never_goes_back(void) {
    uint64_t x = 12345;
    for (int trial = 0; trial < 2000; trial++) {
        uint32_t r[5];
        for (int i = 0; i < 5; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            r[i] = (uint32_t)(x >> 33);
        }
        Schedule s = sample();
        s.games = 1 + r[0] % 3000;
        s.window_min = 1 + r[1] % 20000;
        s.window_max = s.window_min + s.games + r[2] % 50000;
        s.window_exponent = (1 + r[3] % 100) / 100.0;
        s.window_scale = r[4] % 101 / 100.0;
        int64_t before = 0;
        for (int64_t i = 0; i < 300; i++) {
            int64_t first = schedule_window_first(&s, i), games = (i + 1 - first) * s.games;
            CHECK(first >= before && first <= i);
            CHECK(games <= s.window_max);
            CHECK(games >= s.window_min - s.games + 1 || first == 0);
            before = first;
        }
    }
}

static void a_stage_lasts_until_its_end(void) {
    Schedule s = sample();
    char text[SCHEDULE_TEXT];
    CHECK(schedule_parse_curriculum("1x15:50,2x25:150,255x34:300", &s) == STATUS_OK);
    CHECK(s.stage_count == 3);
    CHECK(schedule_stage(&s, 0).worlds == 1 && schedule_stage(&s, 49).simulations == 15);
    CHECK(schedule_stage(&s, 50).worlds == 2 && schedule_stage(&s, 149).simulations == 25);
    CHECK(schedule_stage(&s, 150).worlds == 255 && schedule_stage(&s, 299).simulations == 34);
    CHECK(schedule_stage(&s, 300).worlds == 255 && schedule_stage(&s, 1000000000000).worlds == 255);
    schedule_print_curriculum(&s, text);
    CHECK(strcmp(text, "1x15:50,2x25:150,255x34") == 0); /* its own end decides nothing */
    CHECK(schedule_parse_curriculum(text, &s) == STATUS_OK && s.stage_count == 3);
    CHECK(schedule_parse_curriculum("3x65534", &s) == STATUS_OK && s.stage_count == 1);
    CHECK(schedule_stage(&s, 0).simulations == 65534 && schedule_stage(&s, 77).worlds == 3);
}

static void a_wrong_curriculum_is_refused(void) {
    static const char *const bad[][2] = {
        {"", "WxS"},
        {"2", "WxS"},
        {"2x", "WxS"},
        {"x5", "WxS"},
        {"0x5", "WxS"},
        {"256x5", "WxS"},
        {"2x0", "WxS"},
        {"2x65535", "WxS"},
        {"2x5 ", "WxS"},
        {" 2x5", "WxS"},
        {"-2x5", "WxS"},
        {"2x5x6", "WxS"},
        {"2X5", "WxS"},
        {"2x5:", "iteration"},
        {"2x5:0", "iteration"},
        {"2x5:1.5", "iteration"},
        {"2x5:-1", "iteration"},
        {"2x5:99999999999999999999", "iteration"},
        {"2x5,3x6", "only the last"},
        {"2x5:9,", "WxS"},
        {",2x5", "WxS"},
        {"2x5:9,3x6:9", "after the stage"},
        {"2x5:9,3x6:8", "after the stage"},
        {"99999999999999999999x5", "WxS"},
    };
    char many[400] = "";
    Schedule s = sample();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_SAYS(schedule_parse_curriculum(bad[i][0], &s), STATUS_INPUT, bad[i][1]);
    for (int i = 1; i <= 33; i++) {
        size_t n = strlen(many);
        snprintf(many + n, sizeof many - n, "%s1x1:%d", i > 1 ? "," : "", i);
    }
    CHECK_SAYS(schedule_parse_curriculum(many, &s), STATUS_INPUT, "more than 32");
    *strrchr(many, ',') = 0;
    CHECK(schedule_parse_curriculum(many, &s) == STATUS_OK && s.stage_count == 32);
    static char huge[5000];
    memset(huge, '1', sizeof huge - 1);
    CHECK_SAYS(schedule_parse_curriculum(huge, &s), STATUS_INPUT, "longer");
}

int main(void) {
    files_begin();
    the_rate_warms_up_then_holds_or_falls();
    steps_are_rounded_and_at_least_one();
    the_window_grows_as_published();
    the_window_holds_whole_iterations();
    the_window_never_goes_back();
    a_stage_lasts_until_its_end();
    a_wrong_curriculum_is_refused();
    files_clear(folder);
    return check_report();
}
