/* host/train/tensorboard.h - metrics as an events file for TensorBoard.
 *
 *   file    TFRecord entries: length (8 bytes), its check, data, its check; little endian
 *           check = rotate(crc32c, 15) + 0xa282ead8 (4 bytes)
 *   data    a protobuf Event: 1 wall_time (double), 2 step (int64), and one of
 *           3 file_version (text), 5 summary, 7 start of a session {1 status}
 *           summary = 1 value*, value = {1 tag (text), 2 simple_value (float)}
 *
 * Each start of a run has a file of its own, whose first entries tell TensorBoard to drop what
 * older files hold from that step on. */
#ifndef HOST_TRAIN_TENSORBOARD_H
#define HOST_TRAIN_TENSORBOARD_H

#include <stdbool.h>

#include "host/files/durable.h"

enum { TENSORBOARD_VALUES_MAX = 64, TENSORBOARD_TAG_MAX = 64 };

typedef struct {
    int fd; /* -1: none is open */
    bool failed;
    int64_t size; /* bytes of whole entries */
    char path[DURABLE_PATH];
} Tensorboard;

/* Makes folder/tensorboard/events.out.tfevents.SECONDS.HOST.PID.STEP; the folder exists. SECONDS
 * are the clock's, or later than those of any file there.
 * STATUS_FILE, STATUS_INPUT: reported; nothing is open. */
Status tensorboard_open(Tensorboard *board, const char *folder, int64_t first_step);

/* Writes one entry with all finite values. count <= TENSORBOARD_VALUES_MAX; a tag has fewer than
 * TENSORBOARD_TAG_MAX bytes. After a failure, which is reported once, nothing more is written. */
void tensorboard_add(Tensorboard *board, int64_t step, const char *const *tags,
                     const double *values, int count);

void tensorboard_close(Tensorboard *board);

#endif
