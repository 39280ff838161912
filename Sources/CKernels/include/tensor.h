// Arithmetic of flat vectors, and elementwise kernels of tensors.
#ifndef TVS_TENSOR_H
#define TVS_TENSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: - Flat float32 vectors, accumulated in double

/// Σ a·b; the products of two floats are exact in double.
double tvs_vector_dot(const float *a, const float *b, size_t count);
/// Σ a.
double tvs_vector_sum(const float *a, size_t count);
/// out = ca·a + cb·b, each element computed in double and rounded once; out may be a or b.
void tvs_vector_combine(const float *a, double ca, const float *b, double cb, float *out, size_t count);
/// out = c·a, each element computed in double and rounded once; out may be a.
void tvs_vector_scale(const float *a, double c, float *out, size_t count);
/// out = a, in double.
void tvs_vector_widen(const float *a, double *out, size_t count);
/// out = a, rounded to float.
void tvs_vector_narrow(const double *a, float *out, size_t count);
/// sum += c·a.
void tvs_vector_accumulate(const float *a, double c, double *sum, size_t count);
/// Whether the lower half of every number's bits is zero.
bool tvs_vector_is_bfloat16(const float *a, size_t count);
/// Writes the upper half of every number's bits and says whether the lower ones are zero.
bool tvs_vector_halve(const float *a, uint16_t *out, size_t count);

// MARK: - Sorting by bytes

/// Counts, for each of the eight bytes, how many keys have each of its 256 values.
void tvs_radix_count(const uint64_t *keys, size_t count, size_t counts[8 * 256]);
/// Moves keys to the places of the byte at `shift`, and positions with them unless they are null; `places` holds the next
/// free place of each value and moves on.
void tvs_radix_move(
    const uint64_t *keys, const size_t *positions, size_t count, int shift, size_t places[256], uint64_t *keys_out,
    size_t *positions_out);

// MARK: - Threads of other libraries

/// Tells the OpenMP runtime, if the process has loaded one, that parallel regions begun by the calling thread have one
/// thread. Costs nothing after the first call of each thread.
void tvs_openmp_single_thread(void);
#endif
