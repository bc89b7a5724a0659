/* device/play/device.c - which devices this binary holds, and which of them is taken. */
#include "device.h"

static const Device device_cpu = {
    .backend = &backend_cpu,
    .search = &search_cpu,
    .net = &net_cpu,
    .play = &play_cpu,
    .replay = &replay_cpu,
    .train = &train_cpu,
};
#ifdef BLOB_CUDA
static const Device device_cuda = {
    .backend = &backend_cuda,
    .search = &search_cuda,
    .net = &net_cuda,
    .play = &play_cuda,
    .replay = &replay_cuda,
    .train = &train_cuda,
};
#endif

const Device *const devices[] = {
#ifdef BLOB_CUDA
    &device_cuda,
#endif
    &device_cpu, NULL};

void device_select(int index) {
    for (int i = 0; devices[i]; i++) devices[i]->backend->select(index);
}

Status device_open(const char *name, const Device **out, char *device_text,
                   size_t device_text_bytes) {
    bool any = strcmp(name, "auto") == 0, known = false;
    for (int i = 0; devices[i]; i++) {
        const Backend *backend = devices[i]->backend;
        if (!any && strcmp(name, backend->name) != 0) continue;
        known = true;
        Status opened = backend->open(device_text, device_text_bytes);
        if (opened == STATUS_OK) {
            *out = devices[i];
            return STATUS_OK;
        }
        if (any && opened == STATUS_INPUT) /* there is a GPU: not using it is worth a line */
            fprintf(stderr, "--device auto: %s; using the cpu\n", device_text);
    }
    if (known)
        fprintf(stderr, "--device %s: %s; allowed here: auto, cpu\n", name, device_text);
    else if (strcmp(name, "cuda") == 0)
        fprintf(stderr,
                "--device cuda: this program was built without a CUDA toolkit; allowed: cpu\n");
    else
        fprintf(stderr, "--device %s: no such device; allowed: auto, cuda, cpu\n", name);
    return STATUS_INPUT;
}
