/* host/games/shard_part.c - the finished games of an incomplete shard, as they came. */
#include "shard_part.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "device/replay/record.h"
#include "host/files/flush.h"

enum { PART_VERSION = 1, RECORD_BYTES_MAX = PART_RECORD_BYTES + 2 * RECORD_MAX_WORDS };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little endian");
_Static_assert((int)RECORD_BYTES_MAX <= (int)PART_BUFFER_BYTES, "a record fits into the buffer");

typedef struct {
    char magic[8];
    uint64_t version, identity_hash, first, checksum;
} PartHead;

typedef struct {
    int64_t id;
    uint32_t words, check; /* check: of id and words, so that the length can be trusted */
    uint64_t checksum;     /* of the words that follow */
} PartRecord;

_Static_assert(sizeof(PartHead) == PART_HEAD_BYTES, "no padding");
_Static_assert(sizeof(PartRecord) == PART_RECORD_BYTES, "no padding");

static PartHead head_of(int64_t first, uint64_t identity_hash) {
    PartHead head = {{0}, PART_VERSION, identity_hash, (uint64_t)first, 0};
    memcpy(head.magic, "blobpart", sizeof head.magic);
    head.checksum = XXH64(&head, offsetof(PartHead, checksum), 0);
    return head;
}

static bool is_head_whole(const PartRecord *record) {
    uint64_t sum = XXH64(record, offsetof(PartRecord, check), 0);
    return record->words <= RECORD_MAX_WORDS && record->check == (uint32_t)sum;
}

static bool are_words_whole(const PartRecord *record, const uint16_t *words) {
    size_t payload = record->words * sizeof *words;
    return XXH64(words, payload, (uint64_t)record->id) == record->checksum;
}

static PartRecord record_of(int64_t id, const uint16_t *words, int count) {
    PartRecord record = {id, (uint32_t)count, 0, 0};
    record.check = (uint32_t)XXH64(&record, offsetof(PartRecord, check), 0);
    record.checksum = XXH64(words, (size_t)count * sizeof *words, (uint64_t)id);
    return record;
}

static Status check_head(const ShardPart *part, const PartHead *found, uint64_t identity_hash) {
    PartHead want = head_of(part->first, identity_hash);
    if (memcmp(found->magic, want.magic, sizeof want.magic) != 0)
        return durable_refuse(part->path, "is not a part of a shard, and is left alone");
    if (XXH64(found, offsetof(PartHead, checksum), 0) != found->checksum)
        return durable_refuse(part->path, "its head is damaged: remove it to play its games again");
    if (found->version != want.version)
        return durable_refuse(part->path, "has version %" PRIu64 ", this program reads %d",
                              found->version, PART_VERSION);
    if (found->first != want.first)
        return durable_refuse(part->path, "begins with game %" PRIu64 ", expected %" PRId64,
                              found->first, part->first);
    if (found->identity_hash != want.identity_hash)
        return durable_refuse(part->path, "belongs to another run");
    return STATUS_OK;
}

/* Reads and indexes the record at part->size of a file of `bytes` bytes; part->end says how it
 * ends. */
static Status scan_record(ShardPart *part, int64_t bytes, uint16_t *words, uint16_t *other) {
    PartRecord found;
    int64_t at = part->size, left = bytes - at;
    part->end = PART_TORN;
    if (left < PART_RECORD_BYTES) return STATUS_OK;
    TRY(durable_get(part->fd, part->path, at, &found, sizeof found));
    int64_t game = found.id - part->first;
    part->end = PART_DAMAGED;
    if (!is_head_whole(&found) || game < 0 || game >= SHARD_GAMES) return STATUS_OK;
    part->end = PART_TORN;
    size_t payload = found.words * sizeof *words;
    if (left < (int64_t)(sizeof found + payload)) return STATUS_OK;
    TRY(durable_get(part->fd, part->path, at + (int64_t)sizeof found, words, payload));
    part->end = PART_DAMAGED;
    if (!are_words_whole(&found, words)) return STATUS_OK;
    if (part->offset[game]) {
        int count;
        TRY(shard_part_read(part, found.id, other, &count));
        if (count != (int)found.words || memcmp(words, other, payload) != 0) return STATUS_OK;
    } else {
        part->offset[game] = at;
        part->count++;
    }
    part->end = PART_WHOLE;
    part->size = part->flushed = at + (int64_t)(sizeof found + payload);
    return STATUS_OK;
}

static Status scan(ShardPart *part, int64_t bytes) {
    uint16_t *words = (uint16_t *)malloc(2 * RECORD_MAX_WORDS * sizeof *words);
    if (!words) return STATUS_MEMORY;
    Status status = STATUS_OK;
    while (status == STATUS_OK && part->size < bytes && part->end == PART_WHOLE)
        status = scan_record(part, bytes, words, words + RECORD_MAX_WORDS);
    free(words);
    return status;
}

/* Drops everything after the last whole record. */
static Status cut(ShardPart *part, int64_t bytes) {
    fprintf(stderr,
            "%s: %s record at byte %" PRId64 " of %" PRId64 ": %d games kept, the rest dropped\n",
            part->path, part->end == PART_TORN ? "torn" : "damaged", part->size, bytes,
            part->count);
    if (ftruncate(part->fd, (off_t)part->size) != 0)
        return durable_fail(part->path, "cannot be cut to its whole records");
    return STATUS_OK;
}

static Status begin(ShardPart *part, uint64_t identity_hash) {
    PartHead head = head_of(part->first, identity_hash);
    if (ftruncate(part->fd, 0) != 0) return durable_fail(part->path, "cannot be written");
    TRY(durable_put(part->fd, part->path, 0, &head, sizeof head));
    return durable_flush_folder(part->path);
}

/* A machine that lost power may leave a file's length without its bytes. The head is the first that
 * is flushed, so without it no game is there either. */
static bool is_unwritten(const PartHead *head) {
    static const PartHead zeros;
    return memcmp(head, &zeros, sizeof zeros) == 0;
}

Status shard_part_open(ShardPart *part, const char *path, int64_t first, uint64_t identity_hash,
                       PartMode mode) {
    memset(part, 0, sizeof *part);
    int flags = mode == PART_WRITE ? O_RDWR | O_CREAT : O_RDONLY;
    part->fd = -1;
    part->first = first;
    if ((size_t)snprintf(part->path, sizeof part->path, "%s", path) >= sizeof part->path)
        return durable_refuse(path, "the path is longer than %d bytes", DURABLE_PATH);
    part->fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666);
    if (part->fd < 0) return durable_refuse(path, "cannot be opened: %s", strerror(errno));
    struct stat file;
    if (fstat(part->fd, &file) != 0) return durable_fail(path, "cannot be read");
    if (!S_ISREG(file.st_mode)) return durable_refuse(path, "is not a plain file");
    PartHead head = {{0}, 0, 0, 0, 0}, want = head_of(first, identity_hash);
    size_t held = file.st_size < PART_HEAD_BYTES ? (size_t)file.st_size : PART_HEAD_BYTES;
    TRY(durable_get(part->fd, path, 0, &head, held));
    part->size = part->flushed = PART_HEAD_BYTES;
    if (held < PART_HEAD_BYTES || is_unwritten(&head)) { /* its run stopped before, or foreign */
        if (held < PART_HEAD_BYTES && memcmp(&head, &want, held) != 0)
            return durable_refuse(path, "is not a part of this run's shard, and is left alone");
        if (held == PART_HEAD_BYTES)
            fprintf(stderr, "%s: its head was never written: its games are played again\n", path);
        part->end = held > 0 ? PART_TORN : PART_WHOLE;
        return mode == PART_WRITE ? begin(part, identity_hash) : STATUS_OK;
    }
    TRY(check_head(part, &head, identity_hash));
    TRY(scan(part, file.st_size));
    return mode == PART_WRITE && part->end != PART_WHOLE ? cut(part, file.st_size) : STATUS_OK;
}

Status shard_part_read(const ShardPart *part, int64_t id, uint16_t *words, int *count) {
    int64_t at = part->offset[id - part->first];
    PartRecord record;
    if (at >= part->flushed) {
        const unsigned char *from = part->buffer + (at - part->flushed);
        memcpy(&record, from, sizeof record);
        memcpy(words, from + sizeof record, record.words * sizeof *words);
    } else {
        TRY(durable_get(part->fd, part->path, at, &record, sizeof record));
        bool whole = is_head_whole(&record) && record.id == id;
        if (whole)
            TRY(durable_get(part->fd, part->path, at + (int64_t)sizeof record, words,
                            record.words * sizeof *words));
        if (!whole || !are_words_whole(&record, words))
            return durable_refuse(part->path, "game %" PRId64 " changed on disk after it was read",
                                  id);
    }
    *count = (int)record.words;
    return STATUS_OK;
}

Status shard_part_flush(ShardPart *part, bool to_disk) {
    Status status = part->broken ? STATUS_FILE : STATUS_OK;
    size_t held = (size_t)(part->size - part->flushed);
    if (status == STATUS_OK && held > 0)
        status = durable_put(part->fd, part->path, part->flushed, part->buffer, held);
    if (status == STATUS_OK && to_disk) status = flush_file(part->fd, part->path);
    if (status == STATUS_OK) part->flushed = part->size;
    part->broken = status != STATUS_OK;
    return status;
}

/* Compares a record with that of the same game here. */
static Status compare(const ShardPart *part, int64_t id, const uint16_t *words, int count) {
    int there;
    uint16_t *other = (uint16_t *)malloc(RECORD_MAX_WORDS * sizeof *other);
    if (!other) return STATUS_MEMORY;
    Status status = shard_part_read(part, id, other, &there);
    if (status == STATUS_OK && (there != count || memcmp(words, other, (size_t)count * 2) != 0))
        status = durable_refuse(part->path, "game %" PRId64 " is already there with other content",
                                id);
    free(other);
    return status;
}

Status shard_part_append(ShardPart *part, int64_t id, const uint16_t *words, int count) {
    int64_t game = id - part->first;
    if (game < 0 || game >= SHARD_GAMES || count < 0 || count > RECORD_MAX_WORDS)
        return STATUS_ARGUMENT;
    if (part->offset[game]) return compare(part, id, words, count);
    if (!part->buffer) part->buffer = (unsigned char *)malloc(PART_BUFFER_BYTES);
    if (!part->buffer) return STATUS_MEMORY;
    size_t payload = (size_t)count * sizeof *words;
    PartRecord record = record_of(id, words, count);
    if (part->size - part->flushed + (int64_t)(sizeof record + payload) > PART_BUFFER_BYTES)
        TRY(shard_part_flush(part, false));
    unsigned char *to = part->buffer + (part->size - part->flushed);
    memcpy(to, &record, sizeof record);
    memcpy(to + sizeof record, words, payload);
    part->offset[game] = part->size;
    part->size += (int64_t)(sizeof record + payload);
    part->count++;
    return STATUS_OK;
}

void shard_part_close(ShardPart *part) {
    if (part->fd >= 0) close(part->fd);
    free(part->buffer);
    part->fd = -1;
    part->buffer = NULL;
}
