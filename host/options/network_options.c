/* host/options/network_options.c - the words of --device, --precision and --network. */
#include "network_options.h"

#include <string.h>

const char *const network_device_words[] = {"auto", "cuda", "cpu", NULL};
const char *const network_precision_words[] = {"auto", "float32", "bf16", "int8", NULL};
const char *const network_words[] = {"auto", "plain", "layers", NULL};

Status network_precision(int word, const Device *device, Precision *out) {
    bool cuda = strcmp(device->backend->name, "cuda") == 0;
    Precision usual = cuda ? PRECISION_BF16 : PRECISION_FLOAT32;
    *out = word == 0 ? usual : (Precision)(word - 1);
    if (*out != PRECISION_BF16 || cuda) return STATUS_OK;
    fprintf(stderr,
            "--precision bf16: only with --device cuda; on the cpu float32 and int8 are allowed\n");
    return STATUS_INPUT;
}
