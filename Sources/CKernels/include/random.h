// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). Element i of a stream depends on (key, stream, i) and on nothing else, so that any slice can be
// made anywhere, in any order, on any thread, bit for bit.
#ifndef TVS_RANDOM_H
#define TVS_RANDOM_H
#include <stddef.h>
#include <stdint.h>

/// One block of the bijection: counter and key in, four words out. The function that known-answer vectors test.
void tvs_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/// Words first … first + count − 1 of a stream.
void tvs_random_words(uint64_t key, uint64_t stream, uint64_t first, size_t count, uint32_t *out);
/// Uniform in [0, 1) with 24 random bits, then scaled to [low, low + width).
void tvs_random_uniform(uint64_t key, uint64_t stream, uint64_t first, size_t count, float low, float width, float *out);
/// Uniform in [0, 1) with 53 random bits, then scaled to [low, low + width). Two words an element.
void tvs_random_uniform_double(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, double low, double width, double *out);
/// scale · N(0, 1).
void tvs_random_gaussian(uint64_t key, uint64_t stream, uint64_t first, size_t count, float scale, float *out);
/// out = base + scale · N(0, 1); base and out may be the same.
void tvs_random_add_gaussian(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, float scale, const float *base, float *out);
/// scale · N(0, 1) in double precision. Two words an element.
void tvs_random_gaussian_double(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, double scale, double *out);
#endif
