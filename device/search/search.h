/* device/search/search.h - the launches of search: descend, (evaluated by the caller), backup.
 *
 *   begin ─► [ descend ─► scan of row_count ─► (evaluated) ─► backup ]* ─► all TREE_DONE */
#ifndef DEVICE_SEARCH_SEARCH_H
#define DEVICE_SEARCH_SEARCH_H

#include "tree.h"

/* One table a backend. Same contract on each:
 *   memory    the caller owns every array; nothing is allocated or retained
 *   ordering  asynchronous on `stream` (cuda), complete on return (cpu)
 *   errors    STATUS_ARGUMENT: a size or setting out of range, nothing ran
 *             STATUS_DEVICE:   the launch was refused */
typedef struct {
    /* Every tree b starts anew from states[b] (B), whose mover has a choice. */
    Status (*begin)(const Search *search, const RoundState *states, Stream stream);
    /* The next batch of every tree; sets row_count. */
    Status (*descend)(const Search *search, Stream stream);
    /* Expands and backs up what the rows at row_offset say. */
    Status (*backup)(const Search *search, Stream stream);
} SearchOps;

EXTERN_C_BEGIN
extern const SearchOps search_cpu, search_cuda;
EXTERN_C_END

#endif
