/* nn/ops/blocks.h - the sizes of the pieces in which training sums and updates. They fix the order
 * of its sums, and so the bits. */
#ifndef NN_OPS_BLOCKS_H
#define NN_OPS_BLOCKS_H

enum {
    BLOCK_ROWS = 64,        /* rows that are summed together */
    CHUNK_PARAMETERS = 1024 /* parameters of one item of the optimizer */
};

#endif
