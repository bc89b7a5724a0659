/* nn/train/train.h - training: batches in; gradients and AdamW; new weights out.
 *
 *   [ fill ─► forward ─► loss ─► backward ] accumulate times
 *     ─► sum over processes ─► clip ─► AdamW ─► EMA
 *
 *   loss of a row = CE + value_weight * VE
 *   CE = -sum over legal a of target[a] * log softmax(logits over legal)[a]
 *   VE = (sum over seats s < P of (v[s] - target[s])^2) / P
 * or, for CE, the clipped policy gradient of nn/ops/loss.h, from the action played.
 *
 * A step's loss is the mean over all rows of its batches, of all processes. Every sum over rows is
 * one over ascending blocks of BLOCK_ROWS rows, and within a block over ascending rows; on the CPU
 * a matrix's gradient is one chain of fmaf over all rows of the step (nn/ops/product_float32.h):
 * the same bits for any number of threads, and there on every processor.
 *
 *   AdamW (Loshchilov and Hutter, ICLR 2019), as torch.optim.AdamW computes it, t counted from 1:
 *     g = g * min(1, clip / (|g| + 1e-6))             |g| over all parameters, before clipping
 *     p = p - rate * decay * p
 *     m = m + (1 - beta1) * (g - m)      v = beta2 * v + (1 - beta2) * g * g
 *     p = p - (rate / (1 - beta1^t)) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *     ema = ema + (1 - d) * (p - ema)    d = min(ema, (1 + t) / (10 + t))
 *
 * A step whose loss or gradient is not finite changes only the counters below.
 *
 *   R rows a batch   C_in inputs (256)   A actions (52)   V values (8)   P seats that play */
#ifndef NN_TRAIN_TRAIN_H
#define NN_TRAIN_TRAIN_H

#include "device/core/backend.h"
#include "nn/config.h"
#include "nn/weights.h"
#include "nn/ops/blocks.h"

enum {
    TRAIN_BAD_IN_A_ROW = 8, /* a run stops after this many skipped steps in a row, */
    TRAIN_BAD_OF_LAST = 25, /* or after this many */
    TRAIN_LAST = 100        /* among the last TRAIN_LAST */
};

/* The arrays of a batch, in device memory. */
typedef struct {
    void *x;         /* (R, C_in) observations, elements as NetOps.bf16_rows says */
    uint64_t *legal; /* (R) bit c: canonical action c is legal; at least one */
    float *policy;   /* (R, A) target, 0 where not legal; sums to 1 */
    float *value;    /* (R, V) targets of the relative seats, in [0, 1]; 0 beyond `seats` */
    int32_t *seats;  /* (R) P, the seats that play: 1..V */
    int32_t *action; /* (R) column of the action that was played; NULL: not asked for */
} TrainBatch;

/* Fills batches. fill writes rows first .. first + rows - 1 of batch number *batch (0..; in device
 * memory), which depend on that number and the row alone.
 *   cpu   called for BLOCK_ROWS rows or fewer, by several threads at once; starts no threads itself
 *   cuda  called for all rows, enqueues on `stream`, may be captured */
typedef struct {
    void *context;
    Status (*fill)(void *context, const int64_t *batch, int first, int rows, const TrainBatch *out,
                   Stream stream);
} TrainSource;

/* Sums `count` floats in device memory over all processes, in place; every process gets the same
 * bits. */
typedef struct {
    void *context;
    /* NULL: one process */
    Status (*all_reduce_sum)(void *context, float *data, size_t count, Stream stream);
    int processes; /* >= 1 */
} TrainReduce;

typedef struct {
    double value_weight; /* >= 0: 1 */
    double beta1, beta2; /* [0, 1): 0.9, 0.999 */
    double epsilon;      /* > 0: 1e-8 */
    double decay;        /* >= 0: 0.01 */
    double clip;         /* > 0: greatest global norm of the gradient, 1 */
    double ema;          /* [0, 1): 0.999 */
    /* the policy gradient of nn/ops/loss.h */
    double ratio_clip;                      /* 0: cross entropy with the targets; 0.2 */
    double entropy_weight, advantage_scale; /* >= 0: 0.01, 3 */
} TrainSettings;

static inline TrainSettings train_settings_default(void) {
    TrainSettings s = {.value_weight = 1.0,
                       .beta1 = 0.9,
                       .beta2 = 0.999,
                       .epsilon = 1e-8,
                       .decay = 0.01,
                       .clip = 1.0,
                       .ema = 0.999,
                       .ratio_clip = 0.0,
                       .entropy_weight = 0.01,
                       .advantage_scale = 3.0};
    return s;
}

typedef struct {
    ModelConfig model;
    Precision precision; /* of activations and products: float32, or bf16 with float32 weights */
    TrainSettings settings;
    int rows;       /* R, rows of a batch in this process: 1..65536 */
    int accumulate; /* batches a step: 1..1024 */
    bool graph;     /* capture a step in a graph, if the device can */
} TrainSpec;

/* Counters, which a resumed run continues. */
typedef struct {
    int64_t steps;   /* made, including the skipped ones */
    int64_t updates; /* t: those that changed the weights */
    int64_t skipped;
    int32_t bad_in_a_row;
    int32_t stopped;  /* 1: too many were bad; later steps do nothing and are not counted */
    uint64_t last[2]; /* bit i < TRAIN_LAST: the step i steps ago was bad */
} TrainCounters;

/* The metrics of one step; losses, entropy and accuracy are means over its rows. */
typedef struct {
    float policy_loss, value_loss; /* CE, VE */
    float target_entropy;          /* of the policy targets, nats: a lower bound of CE */
    float accuracy; /* share of rows whose most probable action is the target's; ties: the lowest */
    float gradient_norm; /* before clipping */
    float rate;
    int32_t skipped; /* 1: something was not finite; the other fields may not be either */
    float clipped;   /* share of rows whose policy gradient was clipped */
} TrainReport;

/* A trainer's state on the host: four networks of one shape, and the counters. */
typedef struct {
    Weights weights, ema, m, v;
    TrainCounters counters;
} TrainState;

/* Zeroed; the caller calls train_state_free, also after a failure. */
Status train_state_alloc(TrainState *out, const ModelConfig *config);
void train_state_free(TrainState *state);

typedef struct Trainer Trainer;

/* How a trainer spent its time: seconds since create, summed over its threads. */
typedef struct {
    double busy, waiting, filling; /* waiting: no work was ready */
} TrainTimes;

/* The functions of training, one table for each backend.
 *   errors  STATUS_ARGUMENT: sizes or a precision that the backend does not have, nothing ran
 *           STATUS_MEMORY    STATUS_DEVICE: a library or the device refused */
typedef struct {
    size_t (*bytes)(const TrainSpec *spec);
    /* `source` and `reduce` are copied; what they point to must outlive the trainer. */
    Status (*create)(Trainer **out, const TrainSpec *spec, const TrainSource *source,
                     const TrainReduce *reduce);
    void (*destroy)(Trainer *trainer);
    /* All of `state` to the device and back; both wait until it has arrived. */
    Status (*load)(Trainer *trainer, const TrainState *state, Stream stream);
    Status (*save)(Trainer *trainer, TrainState *state, Stream stream);
    /* Makes `steps` steps from the batches batch, batch + 1, .., `accumulate` for each step, and
     * waits. rates (steps): the learning rate of each. reports (steps): host memory, filled on
     * return. last_batch: the last batch that the source may be asked for by reading ahead. */
    Status (*run)(Trainer *trainer, int64_t batch, int64_t last_batch, const float *rates,
                  int steps, TrainReport *reports, Stream stream);
    void (*times)(const Trainer *trainer, TrainTimes *out);
} TrainOps;

EXTERN_C_BEGIN
extern const TrainOps train_cpu, train_cuda;
EXTERN_C_END

#endif
