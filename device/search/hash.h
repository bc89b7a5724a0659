/* device/search/hash.h - the hash evaluator: search that anyone can check who never saw our code.
 *
 *   key(root) = splitmix64(seed)      key(after a) = splitmix64(key ^ (a + 1)), forced moves too;
 *   below the root, for the first action: splitmix64(key ^ (a + 1) ^ (world << 32))
 *   weight(a) = 1 + splitmix64(key ^ (0x100 + a)) % 256          prior = weight / sum over legal
 *   value(s)  = (splitmix64(key ^ (0x200 + s)) % 256) / 256      s: absolute seat */
#ifndef DEVICE_SEARCH_HASH_H
#define DEVICE_SEARCH_HASH_H

#include "device/core/rng.h"

HD uint64_t hash_root(uint64_t seed) { return splitmix64(seed); }

HD uint64_t hash_after(uint64_t key, int action) {
    return splitmix64(key ^ (uint64_t)(action + 1));
}

HD uint64_t hash_after_root(uint64_t key, int action, int world) {
    return splitmix64(key ^ (uint64_t)(action + 1) ^ (uint64_t)world << 32);
}

HD int hash_weight(uint64_t key, int action) {
    return 1 + (int)(splitmix64(key ^ (uint64_t)(0x100 + action)) % 256);
}

HD float hash_value(uint64_t key, int seat) {
    return (float)(splitmix64(key ^ (uint64_t)(0x200 + seat)) % 256) / 256;
}

/* The search seed of a recorded decision; ply counts bids and cards played in the game from 0. */
HD uint64_t hash_decision_seed(uint64_t seed, uint64_t game, uint64_t ply) {
    return splitmix64(seed ^ splitmix64(game)) + ply;
}

#endif
