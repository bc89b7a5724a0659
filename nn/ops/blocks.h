/* nn/ops/blocks.h - the pieces in which training adds up and updates: part of what its sums are. */
#ifndef NN_OPS_BLOCKS_H
#define NN_OPS_BLOCKS_H

enum {
    BLOCK_ROWS = 64,        /* rows whose sums are made together */
    CHUNK_PARAMETERS = 1024 /* parameters that an item of the optimizer takes */
};

#endif
