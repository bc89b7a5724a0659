/* host/files/weights_names.h - names of parameters as PyTorch's wrappers of modules change them.
 *
 * torch.compile puts "_orig_mod." before the names of the module that it is given, DDP and averaged
 * models "module.", others likewise; wrappers may lie in one another, or around a part only. */
#ifndef HOST_FILES_WEIGHTS_NAMES_H
#define HOST_FILES_WEIGHTS_NAMES_H

#include "safetensors.h"

enum { WEIGHTS_NAMES_TEXT = 128 };

/* safetensors_open of a network, whose tensors lose what wrappers put into their names; `removed`
 * receives that, as "_orig_mod. module.", or "". STATUS_INPUT also: two names become the same. The
 * caller calls safetensors_close, also after a failure. */
Status weights_names_open(Safetensors *file, const char *path, char removed[WEIGHTS_NAMES_TEXT]);

/* The first tensor whose name ends in '.' and `name`: another prefix stands before it; or NULL. */
const char *weights_names_longer(const Safetensors *file, const char *name);

#endif
