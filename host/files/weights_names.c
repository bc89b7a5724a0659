/* host/files/weights_names.c - removes the parts of names that wrappers of modules add. */
#include "weights_names.h"

#include <string.h>

static const char *const wrappers[] = {"_orig_mod.", "module.", "_fsdp_wrapped_module.",
                                       "_checkpoint_wrapped_module."};
enum { WRAPPERS = sizeof wrappers / sizeof wrappers[0] };

/* The wrapper's part that begins at `at`, or WRAPPERS. */
static int wrapper_at(const char *at) {
    int i = 0;
    while (i < WRAPPERS && strncmp(at, wrappers[i], strlen(wrappers[i])) != 0) i++;
    return i;
}

/* Shortens the name where it stands. */
static void clean(char *name, bool found[WRAPPERS]) {
    char *to = name;
    for (const char *from = name; *from;) {
        int wrapper = from == name || from[-1] == '.' ? wrapper_at(from) : WRAPPERS;
        if (wrapper == WRAPPERS) {
            *to++ = *from++;
            continue;
        }
        found[wrapper] = true;
        from += strlen(wrappers[wrapper]);
    }
    *to = 0;
}

static Status check_twins(const Safetensors *file) {
    for (int i = 1; i < file->tensor_count; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(file->tensors[i].name, file->tensors[j].name) == 0)
                return durable_refuse(file->path, "tensor %.99s is there with and without prefix",
                                      file->tensors[i].name);
    return STATUS_OK;
}

Status weights_names_open(Safetensors *file, const char *path, char removed[WEIGHTS_NAMES_TEXT]) {
    bool found[WRAPPERS] = {false};
    size_t n = 0;
    removed[0] = 0;
    TRY(safetensors_open(file, path, SAFE_CHECKSUM_IF_ANY));
    for (cJSON *item = file->header->child; item; item = item->next)
        if (item != file->metadata) clean(item->string, found);
    for (int i = 0; i < WRAPPERS; i++)
        if (found[i])
            n += (size_t)snprintf(removed + n, WEIGHTS_NAMES_TEXT - n, "%s%s", n ? " " : "",
                                  wrappers[i]);
    return n ? check_twins(file) : STATUS_OK;
}

const char *weights_names_longer(const Safetensors *file, const char *name) {
    size_t length = strlen(name);
    for (int i = 0; i < file->tensor_count; i++) {
        const char *other = file->tensors[i].name;
        size_t more = strlen(other);
        if (more > length && other[more - length - 1] == '.' &&
            strcmp(other + more - length, name) == 0)
            return other;
    }
    return NULL;
}
