/* host/files/folder.c - a folder of files that one process at a time writes to. */
#include "folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

Status folder_check_path(const char *folder) {
    if (strlen(folder) < DURABLE_PATH - 64) return STATUS_OK;
    return durable_refuse(folder, "the path is longer than %d bytes", DURABLE_PATH - 65);
}

Status folder_make(const char *folder) {
    struct stat found;
    bool made = mkdir(folder, 0777) == 0;
    if (!made && errno != EEXIST)
        return durable_refuse(folder, "cannot be made: %s", strerror(errno));
    if (made) return durable_flush_folder(folder);
    if (stat(folder, &found) != 0 || !S_ISDIR(found.st_mode))
        return durable_refuse(folder, "is not a folder");
    return STATUS_OK;
}

bool folder_is_leftover(const char *name, FolderOwns owns) {
    char final[64];
    const char *aside = strstr(name, ".aside-");
    if (!aside || aside - name >= (int)sizeof final) return false;
    memcpy(final, name, (size_t)(aside - name));
    final[aside - name] = 0;
    return owns(final);
}
