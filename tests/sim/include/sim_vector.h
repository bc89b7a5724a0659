/* tests/sim/include/sim_vector.h - CUDA's small vectors. */
#ifndef TESTS_SIM_VECTOR_H
#define TESTS_SIM_VECTOR_H

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

#define SIM_VECTOR(name, type, bytes)                                       \
    struct alignas(2 * bytes) name##2 {                                     \
        type x, y;                                                          \
    };                                                                      \
    struct alignas(4 * bytes) name##4 {                                     \
        type x, y, z, w;                                                    \
    };                                                                      \
    static inline name##2 make_##name##2(type x, type y) { return {x, y}; } \
    static inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
SIM_VECTOR(float, float, 4)
SIM_VECTOR(int, int, 4)
SIM_VECTOR(uint, unsigned, 4)
SIM_VECTOR(ushort, unsigned short, 2)
SIM_VECTOR(char, signed char, 1)
#undef SIM_VECTOR

#endif
