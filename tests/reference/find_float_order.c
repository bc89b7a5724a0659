/* tests/reference/find_float_order.c - finds searches that reveal a wrong order of operations.
 *
 *   find_float_order > tests/data/float_order.jsonl
 *
 * reproduces that file byte for byte (the seed is fixed). A random position is searched with two
 * values of c_puct, or of fpu; where the visits at the root differ, bisection finds two adjacent
 * float32 values between which some choice changes. There a choice depends on the last bit, so
 * nearby settings are tried in every order of RefOrder that still lacks cases. Those whose visits
 * differ are written with the right answer and the name of the order in the id.
 * Orders that still lack cases at the end are reported on stderr. */
#include <math.h>
#include <string.h>

#include "ref_json.h"

enum { CASES = 3, TRIES = 40000, MAX_CARDS = 20, NEIGHBOURS = 4 };

static const uint64_t SEED = 20240607;

static int found[REF_ORDER_COUNT];

static bool same_visits(const RefAnswer *a, const RefAnswer *b) {
    return memcmp(a->visits, b->visits, (size_t)a->legal_count * sizeof a->visits[0]) == 0;
}

/* Few simulations, because people read the cases too. K stays as drawn. */
static void draw_small(uint64_t *state, RefQuery *query) {
    static const int simulations[] = {4, 8, 16, 32, 64};
    ref_draw_query(state, MAX_CARDS, query);
    query->worlds = 1;
    query->simulations = simulations[ref_draw(state, 5)];
    query->c_puct = (float)(1 + ref_draw(state, 4096)) / 1024.0f;
    query->fpu = (float)ref_draw(state, 800) / 1024.0f;
}

/* Narrows *setting, a field of the query, to the last value that gives the visits of `low`; the
 * next float32 gives others. False if both ends give the same. */
static bool find_threshold(RefQuery *query, double *setting, float low, float high) {
    RefAnswer at_low, at;
    *setting = low;
    if (ref_search(query, &at_low)) return false;
    *setting = high;
    if (ref_search(query, &at) || same_visits(&at_low, &at)) return false;
    while (nextafterf(low, high) < high) {
        float middle = low + (high - low) / 2;
        *setting = middle;
        ref_search(query, &at);
        if (same_visits(&at_low, &at))
            low = middle;
        else
            high = middle;
    }
    *setting = low;
    return true;
}

/* Searches in one order that still lacks cases; one order a setting keeps the cases distinct. */
static bool try_orders(RefQuery *query) {
    RefAnswer right, wrong;
    ref_search(query, &right);
    for (int order = REF_RIGHT + 1; order < REF_ORDER_COUNT; order++) {
        char id[48];
        if (found[order] == CASES) continue;
        query->order = (RefOrder)order;
        bool failed = ref_search(query, &wrong) != NULL;
        query->order = REF_RIGHT;
        if (failed || same_visits(&right, &wrong)) continue;
        snprintf(id, sizeof id, "%s-%d", ref_order_name((RefOrder)order), found[order]);
        ref_json_write(stdout, id, query, &right);
        found[order]++;
        return true;
    }
    return false;
}

/* The float32 values around the threshold, and for each a double that rounds to it. */
static void try_neighbours(RefQuery *query, double *setting) {
    float at = (float)*setting;
    for (int i = 0; i < NEIGHBOURS; i++) at = nextafterf(at, 0.0f);
    for (int i = 0; i < 2 * NEIGHBOURS; i++) {
        float next = nextafterf(at, 100.0f);
        *setting = at;
        if (try_orders(query)) return;
        *setting = at + 0.4 * ((double)next - at);
        if (try_orders(query)) return;
        at = next;
    }
}

int main(void) {
    uint64_t state = SEED;
    int missing = REF_ORDER_COUNT - 1;
    for (int i = 0; i < TRIES && missing > 0; i++) {
        RefQuery query;
        draw_small(&state, &query);
        double *setting = ref_draw(&state, 2) == 0 ? &query.c_puct : &query.fpu;
        float low = (float)*setting + 0.01f;
        if (find_threshold(&query, setting, low, 1.1f * low)) try_neighbours(&query, setting);
        missing = 0;
        for (int order = REF_RIGHT + 1; order < REF_ORDER_COUNT; order++)
            missing += found[order] < CASES;
    }
    for (int order = REF_RIGHT + 1; order < REF_ORDER_COUNT; order++)
        if (found[order] < CASES)
            fprintf(stderr, "%s: %d cases in %d positions\n", ref_order_name((RefOrder)order),
                    found[order], TRIES);
    return fflush(stdout) != 0;
}
