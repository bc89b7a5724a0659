/* host/train/tensorboard.h - figures as an events file, which TensorBoard draws.
 *
 *   file    records of TFRecord: length (8 bytes), its check, data, its check; little-endian
 *           check = rotate(crc32c, 15) + 0xa282ead8 (4 bytes)
 *   data    a protobuf Event: 1 wall_time (double), 2 step (int64), and one of
 *           3 file_version (text), 5 summary, 7 start of a run {1 status}
 *           summary = 1 value*, value = {1 tag (text), 2 simple_value (float)}
 *
 * Each start of a run has a file of its own; its first records tell TensorBoard to forget what
 * files before it hold from that step on. */
#ifndef HOST_TRAIN_TENSORBOARD_H
#define HOST_TRAIN_TENSORBOARD_H

#include <stdbool.h>

#include "host/files/durable.h"

enum { TENSORBOARD_VALUES_MAX = 64, TENSORBOARD_TAG_MAX = 64 };

typedef struct {
    int fd; /* -1: none is open */
    bool failed;
    int64_t size; /* bytes of whole records */
    char path[DURABLE_PATH];
} Tensorboard;

/* Makes folder/tensorboard/events.out.tfevents.SECONDS.HOST.PID.STEP; the folder is there.
 * STATUS_FILE, STATUS_INPUT: said; nothing is open. */
Status tensorboard_open(Tensorboard *board, const char *folder, int64_t first_step);

/* One record with all values that are finite. count <= TENSORBOARD_VALUES_MAX, a tag has less than
 * TENSORBOARD_TAG_MAX bytes. A failure is said once, and costs a record. */
void tensorboard_add(Tensorboard *board, int64_t step, const char *const *tags,
                     const double *values, int count);

void tensorboard_close(Tensorboard *board);

#endif
