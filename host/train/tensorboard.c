/* host/train/tensorboard.c - writes events byte by byte; too little to justify a library. */
#include "tensorboard.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A value is a tag, a float and five bytes around them; an event has 40 more. */
enum { VALUE_BYTES = TENSORBOARD_TAG_MAX + 16, EVENT_BYTES = 64 };
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

typedef struct {
    unsigned char bytes[EVENT_BYTES + TENSORBOARD_VALUES_MAX * VALUE_BYTES];
    size_t size;
} Message;

/* CRC-32C (RFC 3720), bit by bit: an entry has a kilobyte or two. */
static uint32_t crc32c(const unsigned char *bytes, size_t size) {
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

static uint32_t check_of(const unsigned char *bytes, size_t size) {
    uint32_t crc = crc32c(bytes, size);
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

static void put_bytes(Message *m, const void *bytes, size_t size) {
    assert(m->size + size <= sizeof m->bytes);
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void put_fixed(Message *m, uint64_t x, int bytes) {
    for (int i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)(x >> 8 * i);
        put_bytes(m, &byte, 1);
    }
}

static void put_varint(Message *m, uint64_t x) {
    for (; x >= 0x80; x >>= 7) put_fixed(m, (x & 0x7F) | 0x80, 1);
    put_fixed(m, x, 1);
}

static void put_key(Message *m, int field, int wire) {
    put_varint(m, (uint64_t)(field << 3 | wire));
}

static void put_nested(Message *m, int field, const void *bytes, size_t size) {
    put_key(m, field, WIRE_BYTES);
    put_varint(m, size);
    put_bytes(m, bytes, size);
}

static void put_value(Message *summary, const char *tag, double value) {
    Message one;
    float real = (float)value;
    uint32_t bits;
    one.size = 0;
    memcpy(&bits, &real, sizeof bits);
    assert(strlen(tag) < TENSORBOARD_TAG_MAX);
    put_nested(&one, 1, tag, strlen(tag));
    put_key(&one, 2, WIRE_FIXED32);
    put_fixed(&one, bits, 4);
    put_nested(summary, 1, one.bytes, one.size);
}

static void event_begin(Message *event, int64_t step) {
    struct timespec t;
    uint64_t bits;
    clock_gettime(CLOCK_REALTIME, &t);
    double now = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
    memcpy(&bits, &now, sizeof bits);
    event->size = 0;
    put_key(event, 1, WIRE_FIXED64);
    put_fixed(event, bits, 8);
    put_key(event, 2, WIRE_VARINT);
    put_varint(event, (uint64_t)step);
}

/* An entry that cannot be written whole is cut off. */
static Status entry_write(Tensorboard *board, const Message *event) {
    Message head, tail;
    head.size = tail.size = 0;
    put_fixed(&head, event->size, 8);
    put_fixed(&head, check_of(head.bytes, 8), 4);
    put_fixed(&tail, check_of(event->bytes, event->size), 4);
    int64_t at = board->size;
    Status status = durable_put(board->fd, board->path, at, head.bytes, head.size);
    at += (int64_t)head.size;
    if (status == STATUS_OK)
        status = durable_put(board->fd, board->path, at, event->bytes, event->size);
    at += (int64_t)event->size;
    if (status == STATUS_OK)
        status = durable_put(board->fd, board->path, at, tail.bytes, tail.size);
    if (status == STATUS_OK)
        board->size = at + (int64_t)tail.size;
    else
        (void)!ftruncate(board->fd, (off_t)board->size);
    return status;
}

/* Seconds for the next file's name. TensorBoard reads the files by name, and drops what it has read
 * of the iterations that a later file begins with: so the name comes after all others, though the
 * clock was set back or a second has not passed. */
static long long next_seconds(const char *path) {
    static const char prefix[] = "events.out.tfevents.";
    enum { DIGITS = 10 };
    long long next = (long long)time(NULL);
    DIR *folder = opendir(path);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        const char *number = d->d_name + sizeof prefix - 1;
        if (strncmp(d->d_name, prefix, sizeof prefix - 1) != 0) continue;
        if (strspn(number, "0123456789") != DIGITS || number[DIGITS] != '.') continue;
        long long seconds = strtoll(number, NULL, 10);
        if (seconds >= next && seconds < 9999999999) next = seconds + 1;
    }
    if (folder) closedir(folder);
    return next;
}

static Status board_create(Tensorboard *board, const char *folder, int64_t first_step) {
    char host[64], path[DURABLE_PATH];
    int length = snprintf(path, sizeof path, "%s/tensorboard", folder);
    if (length < 0 || (size_t)length >= sizeof path - 160)
        return durable_refuse(folder, "the path is longer than %d bytes", DURABLE_PATH - 160);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return durable_fail(path, "cannot be made");
    if (gethostname(host, sizeof host) != 0) snprintf(host, sizeof host, "host");
    host[sizeof host - 1] = 0;
    snprintf(board->path + length, sizeof board->path - (size_t)length,
             "/events.out.tfevents.%010lld.%s.%ld.%lld", next_seconds(path), host, (long)getpid(),
             (long long)first_step);
    memcpy(board->path, path, (size_t)length);
    board->fd = open(board->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return board->fd < 0 ? durable_fail(board->path, "cannot be written") : STATUS_OK;
}

Status tensorboard_open(Tensorboard *board, const char *folder, int64_t first_step) {
    static const char version[] = "brain.Event:2";
    static const unsigned char start_of_run[] = {1 << 3 | WIRE_VARINT, 1};
    Message event;
    memset(board, 0, sizeof *board);
    board->fd = -1;
    TRY(board_create(board, folder, first_step));
    event_begin(&event, 0);
    put_nested(&event, 3, version, sizeof version - 1);
    Status status = entry_write(board, &event);
    event_begin(&event, first_step);
    put_nested(&event, 7, start_of_run, sizeof start_of_run);
    if (status == STATUS_OK) status = entry_write(board, &event);
    if (status != STATUS_OK) tensorboard_close(board);
    return status;
}

void tensorboard_add(Tensorboard *board, int64_t step, const char *const *tags,
                     const double *values, int count) {
    Message event, summary;
    if (board->fd < 0 || board->failed) return;
    assert(count <= TENSORBOARD_VALUES_MAX);
    summary.size = 0;
    for (int i = 0; i < count; i++)
        if (isfinite(values[i])) put_value(&summary, tags[i], values[i]);
    event_begin(&event, step);
    put_nested(&event, 5, summary.bytes, summary.size);
    board->failed = entry_write(board, &event) != STATUS_OK;
}

void tensorboard_close(Tensorboard *board) {
    if (board->fd >= 0) close(board->fd);
    board->fd = -1;
}
