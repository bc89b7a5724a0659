/* host/selftest/selftest_report.c - prints items and verdicts, and adds them to the JSON report. */
#include <stdio.h>

#include "selftest.h"

static cJSON *new_item(Selftest *t, const char *name, bool ok) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddBoolToObject(item, "ok", ok);
    cJSON_AddItemToArray(t->items, item);
    t->failed += !ok;
    return item;
}

void selftest_exact(Selftest *t, const char *name, int64_t differ, int64_t of, const char *unit) {
    bool ok = differ == 0 && of > 0;
    t->exact++;
    cJSON *item = new_item(t, name, ok);
    cJSON_AddNumberToObject(item, "differ", (double)differ);
    cJSON_AddNumberToObject(item, "of", (double)of);
    printf("  %-46s %-6s %lld of %lld %s differ\n", name, ok ? "ok" : "FAILED", (long long)differ,
           (long long)of, unit);
    fflush(stdout);
}

/* JSON has no infinity. */
static void add_spread(cJSON *item, const char *name, const AgreeSpread *s) {
    const double x[4] = {s->mean, s->p90, s->p99, s->max};
    cJSON *list = cJSON_AddArrayToObject(item, name);
    for (int i = 0; i < 4; i++)
        cJSON_AddItemToArray(list, x[i] < (double)INFINITY ? cJSON_CreateNumber(x[i])
                                                           : cJSON_CreateString("infinite"));
}

void selftest_distance(Selftest *t, const char *name, const Agreement *a,
                       const AgreeLimits *limits) {
    double used = limits ? agree_used(a, limits) : 0;
    bool ok = used <= 1;
    cJSON *item = new_item(t, name, ok);
    add_spread(item, "value_mean_p90_p99_max", &a->value);
    add_spread(item, "policy_kl_mean_p90_p99_max", &a->policy);
    printf("  %-46s %-6s", name, !limits ? "" : ok ? "ok" : "FAILED");
    if (limits) {
        cJSON_AddNumberToObject(item, "limit_used", used < (double)INFINITY ? used : 1e30);
        printf(" %.1f%% of a limit used", 100 * used);
        if (used > t->used) t->used = used;
    }
    printf("\n    value     mean %.2e  p90 %.2e  p99 %.2e  max %.2e", a->value.mean, a->value.p90,
           a->value.p99, a->value.max);
    if (limits) printf("   p99 <= %g, max <= %g", limits->value_p99, limits->value_max);
    printf("\n    policy KL mean %.2e  p90 %.2e  p99 %.2e  max %.2e", a->policy.mean, a->policy.p90,
           a->policy.p99, a->policy.max);
    if (limits) printf("   p99 <= %g, max <= %g", limits->policy_p99, limits->policy_max);
    printf("\n");
    fflush(stdout);
}

void selftest_note(Selftest *t, const char *name, const char *text) {
    cJSON *item = new_item(t, name, true);
    cJSON_AddStringToObject(item, "text", text);
    printf("  %-46s        %s\n", name, text);
    fflush(stdout);
}

static const char *const reasons[STATUS_COUNT] = {"",
                                                  "the device does not have it",
                                                  "it was refused, see standard error",
                                                  "not enough memory",
                                                  "the device failed, see standard error",
                                                  "a file failed, see standard error",
                                                  "the device raised a fault",
                                                  "a thread could not be started"};

bool selftest_section(Selftest *t, const SelftestSection *section) {
    cJSON *json = cJSON_CreateObject();
    t->section = section->name;
    t->failed = 0;
    t->used = 0;
    t->exact = 0;
    cJSON_AddItemToArray(t->json, json);
    cJSON_AddStringToObject(json, "section", section->name);
    t->items = cJSON_AddArrayToObject(json, "items");
    printf("%s\n", section->name);
    Status status = section->run(t);
    bool ok = status == STATUS_OK && t->failed == 0;
    cJSON_AddBoolToObject(json, "ok", ok);
    if (status != STATUS_OK) cJSON_AddStringToObject(json, "reason", reasons[status]);
    if (status != STATUS_OK)
        printf("%s: FAILED, it could not finish: %s\n", section->name, reasons[status]);
    else if (!ok)
        printf("%s: FAILED, %d items\n", section->name, t->failed);
    else if (t->used > 0)
        printf("%s: ok, closest margin: %.1f%% of a limit used\n", section->name, 100 * t->used);
    else
        printf("%s: ok%s\n", section->name, t->exact ? ", all exact" : "");
    if (t->used > 0 && t->used < (double)INFINITY)
        cJSON_AddNumberToObject(json, "limit_used", t->used);
    fflush(stdout);
    return ok;
}
