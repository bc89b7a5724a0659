/* host/games/records.c - all games of some folders or shards of one run, by id, checked. */
#include "records.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/array.h"

static Status add_source(Records *records, const char *path, int64_t index, ShardName kind) {
    RecordSource *sources = (RecordSource *)array_grow(records->sources, records->source_count,
                                                       &records->source_space, sizeof *sources);
    if (!sources) return STATUS_MEMORY;
    records->sources = sources;
    RecordSource *source = &records->sources[records->source_count++];
    snprintf(source->path, sizeof source->path, "%s", path);
    source->index = index;
    source->kind = kind;
    return STATUS_OK;
}

static Status add_folder(Records *records, const char *path) {
    int before = records->source_count;
    DIR *folder = opendir(path);
    if (!folder) return durable_refuse(path, "cannot be read: %s", strerror(errno));
    Status status = STATUS_OK;
    for (struct dirent *d; status == STATUS_OK && (d = readdir(folder));) {
        char name[SHARD_PATH];
        int64_t index;
        ShardName kind;
        if (!shard_parse_name(d->d_name, &index, &kind)) continue;
        shard_path(name, path, index, kind);
        status = add_source(records, name, index, kind);
    }
    closedir(folder);
    if (status == STATUS_OK && records->source_count == before)
        return durable_refuse(path, "holds no games: no games-NNNNNN.safetensors or .part");
    return status;
}

static Status add_path(Records *records, const char *path) {
    struct stat found;
    int64_t index;
    ShardName kind;
    if (strlen(path) >= DURABLE_PATH)
        return durable_refuse(path, "the path is longer than %d bytes", DURABLE_PATH - 1);
    if (stat(path, &found) != 0) return durable_refuse(path, "cannot be read: %s", strerror(errno));
    if (S_ISDIR(found.st_mode)) return add_folder(records, path);
    const char *slash = strrchr(path, '/');
    if (!shard_parse_name(slash ? slash + 1 : path, &index, &kind))
        return durable_refuse(path, "must be named games-NNNNNN.safetensors or .part");
    return add_source(records, path, index, kind);
}

static int by_index(const void *a, const void *b) {
    const RecordSource *x = (const RecordSource *)a, *y = (const RecordSource *)b;
    if (x->index != y->index) return x->index < y->index ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

static void folder_of(const char *path, char folder[SHARD_PATH]) {
    snprintf(folder, SHARD_PATH, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        snprintf(folder, SHARD_PATH, ".");
    else
        slash[slash == folder] = 0;
}

/* A shard's file holds the identity itself; a part only has a hash of the one in run.json. */
static Status read_identity(Records *records) {
    const RecordSource *source = &records->sources[0];
    char folder[SHARD_PATH];
    if (source->kind == SHARD_NAME_FILE) {
        Shard file;
        Status status = shard_file_open(&file, source->path);
        if (status == STATUS_OK) {
            records->identity = identity_copy(file.file.metadata);
            if (!records->identity) status = STATUS_MEMORY;
        }
        shard_file_close(&file);
        TRY(status);
    } else {
        folder_of(source->path, folder);
        TRY(identity_read_run(folder, &records->identity));
    }
    return identity_read_terms(source->path, records->identity, &records->terms);
}

/* A run.json, if there is one, must belong to the same run as the shards beside it. */
static Status check_run(const Records *records, const RecordSource *source) {
    char folder[SHARD_PATH];
    folder_of(source->path, folder);
    return identity_match_run(folder, records->identity);
}

Status records_open(Records *records, const char *const *paths, int path_count) {
    memset(records, 0, sizeof *records);
    for (int i = 0; i < path_count; i++) TRY(add_path(records, paths[i]));
    qsort(records->sources, (size_t)records->source_count, sizeof *records->sources, by_index);
    for (int i = 1; i < records->source_count; i++) {
        const RecordSource *a = &records->sources[i - 1], *b = &records->sources[i];
        if (by_index(a, b) == 0)
            return durable_refuse(b->path, "holds the same ids as %s", a->path);
    }
    TRY(read_identity(records));
    for (int i = 0; i < records->source_count; i++) TRY(check_run(records, &records->sources[i]));
    return STATUS_OK;
}

static bool is_same(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Of the files in a folder of games. */
static bool is_name_of_run(const char *name) {
    static const char *const others[] = {"run.json", "metrics.jsonl", "lock"};
    int64_t index;
    ShardName kind;
    for (int i = 0; i < 3; i++)
        if (strcmp(name, others[i]) == 0) return true;
    return shard_parse_name(name, &index, &kind);
}

Status records_refuse_output(const Records *records, const char *path) {
    char here[SHARD_PATH], there[SHARD_PATH];
    const char *slash = strrchr(path, '/');
    folder_of(path, here);
    for (int i = 0; i < records->source_count; i++) {
        const char *source = records->sources[i].path;
        if (is_same(path, source))
            return durable_refuse(path, "must be another file than %s, which is read too", source);
        folder_of(source, there);
        if (is_name_of_run(slash ? slash + 1 : path) && is_same(here, there))
            return durable_refuse(path, "must not have a name of the run's own files in %s", there);
    }
    return STATUS_OK;
}

void records_close(Records *records) {
    free(records->sources);
    cJSON_Delete(records->identity);
    memset(records, 0, sizeof *records);
}

typedef struct {
    Records *records;
    RecordVisitor visitor;
    void *context;
    uint16_t *words; /* (RECORD_MAX_WORDS) */
} Visit;

static Status visit_words(const Visit *v, const char *path, int64_t id, int count) {
    GameRecord game;
    if (game_record_begin(&game, &v->records->terms, v->words, count) && game.id == id)
        TRY(v->visitor(v->context, &game));
    if (game.wrong[0]) return durable_refuse(path, "game %" PRId64 ": %s", id, game.wrong);
    if (game.id != id)
        return durable_refuse(path, "game %" PRId64 ": its record has the id %" PRId64, id,
                              game.id);
    return STATUS_OK;
}

static Status visit_file(const Visit *v, const RecordSource *source, int *games) {
    Shard file;
    Status status = STATUS_OK;
    TRY_GOTO(status, shard_file_open(&file, source->path));
    TRY_GOTO(status, identity_match(source->path, file.file.metadata, v->records->identity));
    if (file.first != source->index * SHARD_GAMES) {
        status = durable_refuse(source->path, "begins with game %" PRId64 ", expected %" PRId64,
                                file.first, source->index * SHARD_GAMES);
        goto fail;
    }
    for (int i = 0; i < file.games; i++) {
        int count;
        TRY_GOTO(status, shard_file_read(&file, i, v->words, &count));
        TRY_GOTO(status, visit_words(v, source->path, file.first + i, count));
    }
    *games = file.games;
    v->records->file_games += file.games;
fail:
    shard_file_close(&file);
    return status;
}

/* The games of the shard from `skip` on. */
static Status visit_part(const Visit *v, const RecordSource *source, int skip) {
    ShardPart *part = (ShardPart *)malloc(sizeof *part);
    if (!part) return STATUS_MEMORY;
    int64_t first = source->index * SHARD_GAMES;
    Status status = STATUS_OK;
    TRY_GOTO(status, shard_part_open(part, source->path, first, identity_hash(v->records->identity),
                                     PART_READ_ONLY));
    v->records->torn_parts += part->end == PART_TORN;
    if (part->end == PART_DAMAGED) {
        status = durable_refuse(source->path, "damaged record at byte %" PRId64 ", after %d games",
                                part->size, part->count);
        goto fail;
    }
    for (int i = skip; i < SHARD_GAMES; i++) {
        int count;
        if (!part->offset[i]) continue;
        TRY_GOTO(status, shard_part_read(part, first + i, v->words, &count));
        TRY_GOTO(status, visit_words(v, source->path, first + i, count));
        v->records->part_games++;
    }
fail:
    shard_part_close(part);
    free(part);
    return status;
}

Status records_visit(Records *records, RecordVisitor visitor, void *context) {
    Visit v = {records, visitor, context, NULL};
    records->file_games = records->part_games = records->torn_parts = 0;
    v.words = (uint16_t *)malloc(RECORD_MAX_WORDS * sizeof *v.words);
    if (!v.words) return STATUS_MEMORY;
    Status status = STATUS_OK;
    int games = 0;
    for (int i = 0; i < records->source_count && status == STATUS_OK; i++) {
        const RecordSource *source = &records->sources[i];
        if (i == 0 || source->index != source[-1].index) games = 0;
        status = source->kind == SHARD_NAME_FILE ? visit_file(&v, source, &games)
                                                 : visit_part(&v, source, games);
    }
    free(v.words);
    return status;
}
