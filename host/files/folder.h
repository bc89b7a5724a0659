/* host/files/folder.h - a folder of files that one process at a time writes to. */
#ifndef HOST_FILES_FOLDER_H
#define HOST_FILES_FOLDER_H

#include <stdbool.h>

#include "durable.h"

/* Bytes of a path into a folder, NUL included. */
enum { FOLDER_PATH = DURABLE_PATH + 64 };

/* Whether a file of this name belongs to the folder's owner. */
typedef bool (*FolderOwns)(const char *name);

/* STATUS_INPUT: the path leaves no room for names of files in DURABLE_PATH bytes. */
Status folder_check_path(const char *folder);

/* Makes the folder if its parent exists; an existing folder is fine.
 * STATUS_INPUT: it is not a folder, or cannot be made. */
Status folder_make(const char *folder);

typedef struct {
    int fd;                 /* of folder/lock; -1: not held */
    char held[FOLDER_PATH]; /* folder/lock.held, where files cannot be locked; "": they can */
} FolderLock;

/* Takes folder/lock, by a flock. A file system without those (ENOSYS, EOPNOTSUPP, ENOLCK, EINVAL)
 * costs a warning, and lock.held names the process instead; one whose process has ended on this
 * machine does not count. lock->fd is -1 after a failure.
 * STATUS_INPUT: another process holds it, or the folder is not writable. STATUS_FILE. */
Status folder_lock(const char *folder, FolderLock *lock);
void folder_unlock(FolderLock *lock);

/* Whether a file of this name in the folder is the lock's. */
bool folder_is_lock(const char *name);

/* Whether `name` is a file aside (durable.h) that a stopped process left, and whose final name,
 * which it never got, `owns` accepts. */
bool folder_is_leftover(const char *name, FolderOwns owns);

#endif
