/* bench/bench_phases.c - the time that each phase takes, beside the bytes that it moves. */
#include "bench_phases.h"

#include <stdlib.h>

#include "bench_run.h"
#include "ceiling.h"

enum { SECTOR = 32, STATE = 128 }; /* bytes moved for a single field, and for a state or node */

/* Means over the trees that have done nine tenths of their simulations at the time of looking. */
typedef struct {
    double trees, descents;
    double levels;     /* inner nodes passed by a descent */
    double edge_bytes; /* of the edges of the nodes that a descent passes */
    double created;    /* nodes created by a descent */
    double expanded;   /* nodes that get their edges, for each descent */
    double new_edges;  /* the number of those edges */
    double rows;       /* evaluations for each descent */
    double root_edges; /* of a tree */
} TreeShape;

static void shape_add(TreeShape *shape, const Search *s, const TreeHead *head, const Node *nodes,
                      const Edge *edges) {
    if (head->stage != TREE_SEARCHING || head->finished < s->S * 9 / 10) return;
    shape->trees++;
    shape->descents += head->finished;
    shape->created += head->nodes - 1;
    shape->rows += head->rows;
    shape->root_edges += nodes[0].edge_count;
    for (int m = 0; m < head->nodes; m++) {
        int n = nodes[m].edge_count;
        double passes = 0;
        for (int e = 0; e < n; e++) passes += edges[(int64_t)m * s->E + e].visits;
        shape->levels += passes;
        shape->edge_bytes += passes * n * (double)sizeof(Edge);
        if (n > 0 && m > 0) {
            shape->expanded++;
            shape->new_edges += n;
        }
    }
}

/* Adds the first trees of the run, which has no epoch under way, to *shape. */
static Status shape_read(const Selfplay *sp, TreeShape *shape) {
    enum { TREES = 4096 };
    const Backend *backend = sp->device->backend;
    const Search *s = &sp->wave.search;
    size_t B = s->B < TREES ? (size_t)s->B : TREES, M = (size_t)s->M, E = (size_t)s->E;
    TreeHead *heads = malloc(B * sizeof *heads);
    Node *nodes = malloc(B * M * sizeof *nodes);
    Edge *edges = malloc(B * M * E * sizeof *edges);
    Status status = heads && nodes && edges ? STATUS_OK : STATUS_MEMORY;
    Stream stream = sp->wave.stream;
    if (status == STATUS_OK) status = backend->to_host(heads, s->heads, B * sizeof *heads, stream);
    if (status == STATUS_OK)
        status = backend->to_host(nodes, s->nodes, B * M * sizeof *nodes, stream);
    if (status == STATUS_OK)
        status = backend->to_host(edges, s->edges, B * M * E * sizeof *edges, stream);
    if (status == STATUS_OK) status = backend->stream_sync(stream);
    for (size_t b = 0; status == STATUS_OK && b < B; b++)
        shape_add(shape, s, &heads[b], nodes + b * M, edges + b * M * E);
    free(edges);
    free(nodes);
    free(heads);
    return status;
}

static void shape_mean(TreeShape *shape) {
    double n = shape->descents > 0 ? shape->descents : 1;
    shape->levels /= n;
    shape->edge_bytes /= n;
    shape->created /= n;
    shape->expanded /= n;
    shape->new_edges /= n;
    shape->rows /= n;
    shape->root_edges /= shape->trees > 0 ? shape->trees : 1;
}

/* The bytes that a wave moves in each phase; 0 where the model says nothing. w: rows, games,
 * waves. */
static void phase_bytes(const Selfplay *sp, const TreeShape *t, const BenchWindow *w,
                        double bytes[PHASE_COUNT]) {
    const Search *s = &sp->wave.search;
    const Play *p = &sp->play;
    double B = s->B, G = p->G, W = s->W, E = t->root_edges, rows = w->rows / w->waves;
    double games = w->games / w->waves, decisions = rows / (1 + W * s->S * t->rows);
    double descents = decisions * W * s->S, head = sizeof(TreeHead), count = sizeof(int32_t);
    double element = sp->device->net->bf16_rows ? sizeof(uint16_t) : sizeof(float);
    double record = 2.0 * p->record_words, logits = E * SECTOR, root = STATE + head;
    if (logits > ACTIONS * sizeof(float)) logits = ACTIONS * sizeof(float);
    for (int i = 0; i < PHASE_COUNT; i++) bytes[i] = 0;
    bytes[PHASE_DESCEND] = B * (2 * head + count) +
                           descents * (t->levels * 2 * SECTOR + t->edge_bytes +
                                       2 * sizeof(uint16_t) + SECTOR + t->created * 2 * STATE);
    bytes[PHASE_SCAN] = (B + 2 * G) * 2 * count;
    bytes[PHASE_OBSERVE] = B * (2 * count + head) +
                           rows * (STATE + SECTOR + OBSERVE_COLUMNS * element);
    bytes[PHASE_BACKUP] = B * (2 * head + count) +
                          descents *
                              (t->levels * 4 * SECTOR + t->expanded * (STATE + SECTOR + logits) +
                               t->new_edges * (double)sizeof(Edge));
    bytes[PHASE_MOVE] = G * (W * head + SECTOR + count) +
                        decisions * (W * E * (double)sizeof(Edge) + 4 * STATE + (2 + E) * 2 +
                                     E * (double)sizeof(float) + W * root);
    bytes[PHASE_EMIT] = G * (SECTOR + 3 * count) + games * 2 * record;
    bytes[PHASE_REFILL] = G * 2 * count + games * (2 * STATE + record / 4 + W * root);
}

static void print_phases(const BenchOptions *o, const Selfplay *sp, const double us[PHASE_COUNT],
                         const double bytes[PHASE_COUNT], double copy) {
    double sum = 0, tree = 0;
    char name[96];
    for (int i = 0; i < PHASE_COUNT; i++) sum += us[i];
    printf("%-10s %12s %8s %12s %10s %9s\n", "phase", "us a wave", "share", "MB a wave", "GB/s",
           "of copy");
    for (int i = 1; i < PHASE_COUNT; i++) {
        double rate = us[i] > 0 ? 1e6 * bytes[i] / us[i] : 0;
        printf("%-10s %12.1f %7.2f%%", phase_name((Phase)i), us[i], 100 * us[i] / sum);
        if (bytes[i] > 0)
            printf(" %12.3f %10.2f %8.1f%%", bytes[i] / 1e6, rate / 1e9, 100 * rate / copy);
        printf("\n");
        if (i != PHASE_NETWORK) tree += us[i];
        snprintf(name, sizeof name, "phase %s, %d live games", phase_name((Phase)i), sp->play.G);
        bench_add(o, name, us[i], "us a wave", 0, NULL);
        if (bytes[i] == 0) continue;
        snprintf(name, sizeof name, "phase %s, traffic, %d live games", phase_name((Phase)i),
                 sp->play.G);
        bench_add(o, name, rate / 1e9, "GB/s", copy / 1e9, "copy");
    }
    fflush(stdout);
    bench_report(o, "all phases but the network", 100 * tree / sum, "% of the time",
                 bench_is_cpu(o) ? 5 : 10, "limit");
}

Status bench_phases(const BenchOptions *o) {
    double phase_us[PHASE_COUNT][BENCH_REPEATS_MAX], us[PHASE_COUNT], bytes[PHASE_COUNT], copy = 0;
    double copies[BENCH_REPEATS_MAX];
    BenchOptions plain = *o;
    SelfplayConfig config;
    Selfplay sp;
    TreeShape shape;
    BenchWindow all;
    memset(&shape, 0, sizeof shape);
    memset(&all, 0, sizeof all);
    plain.no_graph = 1; /* so that every epoch is timed, not one in 16 */
    Status status = bench_run_open(&sp, &plain, &config);
    for (int k = 0; status == STATUS_OK && k < o->repeats; k++) {
        BenchWindow w;
        status = ceiling_copy(o, o->seconds / 2, &copies[k]);
        if (status == STATUS_OK) status = bench_run_window(&sp, 2 * o->seconds, &w);
        if (status == STATUS_OK) status = shape_read(&sp, &shape);
        if (status != STATUS_OK) break;
        for (int i = 0; i < PHASE_COUNT; i++) phase_us[i][k] = 1e6 * w.phases[i] / w.waves;
        all.rows += w.rows;
        all.games += w.games;
        all.waves += w.waves;
    }
    if (status == STATUS_OK) {
        shape_mean(&shape);
        phase_bytes(&sp, &shape, &all, bytes);
        for (int i = 0; i < PHASE_COUNT; i++) us[i] = bench_median(phase_us[i], o->repeats);
        copy = bench_median(copies, o->repeats);
        printf("phases of self-play, %s, %dx%d, %d live games: %.0f rows a wave; a descent passes "
               "%.2f nodes of %.0f bytes of edges; copy %.3g GB/s\n",
               o->device->backend->name, o->worlds, o->simulations, sp.play.G, all.rows / all.waves,
               shape.levels, shape.levels > 0 ? shape.edge_bytes / shape.levels : 0, copy / 1e9);
        print_phases(o, &sp, us, bytes, copy);
    }
    selfplay_close(&sp);
    return status;
}
