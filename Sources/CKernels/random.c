#include "random.h"
#include "CKernels.h"

#include <math.h>
#include <string.h>

// Blocks made together. Every element is computed by the same full-width code, also at the ends of a slice: what is
// not wanted is thrown away, so that no remainder loop can round differently.
enum { BLOCKS = 64, WORDS = 4 * BLOCKS };

static const uint32_t multiplier0 = 0xD2511F53u, multiplier1 = 0xCD9E8D57u;
static const uint32_t weyl0 = 0x9E3779B9u, weyl1 = 0xBB67AE85u;

#define INLINE static inline __attribute__((always_inline))

#define PHILOX_ROUND(a, b, c, d, k0, k1)                                  \
  do {                                                                    \
    uint64_t p0 = (uint64_t)multiplier0 * (a), p1 = (uint64_t)multiplier1 * (c); \
    (a) = (uint32_t)(p1 >> 32) ^ (b) ^ (k0);                              \
    (c) = (uint32_t)(p0 >> 32) ^ (d) ^ (k1);                              \
    (b) = (uint32_t)p1;                                                   \
    (d) = (uint32_t)p0;                                                   \
  } while (0)

void tvs_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3], k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    PHILOX_ROUND(a, b, c, d, k0, k1);
    k0 += weyl0;
    k1 += weyl1;
  }
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

/// BLOCKS consecutive blocks, word by word: x[j][i] is word j of block first + i.
INLINE void philox_blocks(uint64_t key, uint64_t stream, uint64_t first, uint32_t x[4][BLOCKS]) {
  uint32_t k0[10], k1[10];
  for (int round = 0; round < 10; round++) {
    k0[round] = (uint32_t)key + (uint32_t)round * weyl0;
    k1[round] = (uint32_t)(key >> 32) + (uint32_t)round * weyl1;
  }
  for (int i = 0; i < BLOCKS; i++) {
    uint64_t block = first + (uint64_t)i;
    uint32_t a = (uint32_t)block, b = (uint32_t)(block >> 32), c = (uint32_t)stream, d = (uint32_t)(stream >> 32);
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) PHILOX_ROUND(a, b, c, d, k0[round], k1[round]);
    x[0][i] = a, x[1][i] = b, x[2][i] = c, x[3][i] = d;
  }
}

/// Natural logarithm of positive normal floats (polynomial of Cephes' logf; relative error below 1e-7).
INLINE float log_positive(float x) {
  union { float f; uint32_t u; } bits = {x};
  // Mantissa in [√½, √2): subtract the bit pattern of √½ before taking the exponent.
  uint32_t shifted = bits.u - 0x3F3504F3u;
  int32_t exponent = (int32_t)shifted >> 23;
  bits.u = (shifted & 0x007FFFFFu) + 0x3F3504F3u;
  float m = bits.f - 1.0f, z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float e = (float)exponent;
  return (p * m * z + e * -2.12194440e-4f) - 0.5f * z + m + e * 0.693359375f;
}

/// Two independent Gaussians from two words, by the Box–Muller transform.
INLINE void box_muller(uint32_t u, uint32_t v, float *first, float *second) {
  // u in (0, 1]: 31 bits plus a half, so that the tail reaches 6.66 standard deviations and log never sees 0.
  float radius = sqrtf(-2.0f * log_positive(((float)(int32_t)(u >> 1) + 0.5f) * 0x1p-31f));
  // The two top bits of v choose the quadrant, the other thirty an angle in [−π/4, π/4).
  float angle = (float)((int32_t)(v << 2)) * (float)(0x1p-32 * 1.5707963267948966);
  float z = angle * angle;
  float sine = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * angle + angle;
  float cosine = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - 0.5f * z + 1.0f;
  uint32_t quadrant = v >> 30;
  float s = quadrant & 1 ? cosine : sine, c = quadrant & 1 ? -sine : cosine;
  float sign = quadrant & 2 ? -1.0f : 1.0f;
  *first = radius * sign * c;
  *second = radius * sign * s;
}

INLINE void gaussian_blocks(uint64_t key, uint64_t stream, uint64_t first, float out[WORDS]) {
  uint32_t x[4][BLOCKS];
  float g[4][BLOCKS];
  philox_blocks(key, stream, first, x);
  for (int i = 0; i < BLOCKS; i++) box_muller(x[0][i], x[1][i], &g[0][i], &g[1][i]);
  for (int i = 0; i < BLOCKS; i++) box_muller(x[2][i], x[3][i], &g[2][i], &g[3][i]);
  for (int i = 0; i < BLOCKS; i++) {
    out[4 * i] = g[0][i], out[4 * i + 1] = g[1][i], out[4 * i + 2] = g[2][i], out[4 * i + 3] = g[3][i];
  }
}

INLINE void word_blocks(uint64_t key, uint64_t stream, uint64_t first, uint32_t out[WORDS]) {
  uint32_t x[4][BLOCKS];
  philox_blocks(key, stream, first, x);
  for (int i = 0; i < BLOCKS; i++) {
    out[4 * i] = x[0][i], out[4 * i + 1] = x[1][i], out[4 * i + 2] = x[2][i], out[4 * i + 3] = x[3][i];
  }
}

/// Walks a slice chunk by chunk: `skip` elements of the chunk at `block` are not wanted, `take` are.
#define EACH_CHUNK(per_block, make, use)                                     \
  uint64_t block = first / (per_block);                                      \
  size_t skip = (size_t)(first % (per_block));                               \
  while (count > 0) {                                                        \
    make;                                                                    \
    size_t take = (size_t)(per_block) * BLOCKS - skip;                       \
    if (take > count) take = count;                                          \
    use;                                                                     \
    out += take, count -= take, block += BLOCKS, skip = 0;                   \
  }

TVS_KERNEL void tvs_random_words(uint64_t key, uint64_t stream, uint64_t first, size_t count, uint32_t *out) {
  uint32_t chunk[WORDS];
  EACH_CHUNK(4, word_blocks(key, stream, block, chunk), memcpy(out, chunk + skip, take * sizeof *out))
}

TVS_KERNEL void tvs_random_uniform(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, float low, float width, float *out) {
  uint32_t chunk[WORDS];
  float made[WORDS];
  EACH_CHUNK(
      4,
      {
        word_blocks(key, stream, block, chunk);
        for (int i = 0; i < WORDS; i++) made[i] = low + width * ((float)(int32_t)(chunk[i] >> 8) * 0x1p-24f);
      },
      memcpy(out, made + skip, take * sizeof *out))
}

TVS_KERNEL void tvs_random_gaussian(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, float scale, float *out) {
  float chunk[WORDS];
  EACH_CHUNK(
      4,
      {
        gaussian_blocks(key, stream, block, chunk);
        for (int i = 0; i < WORDS; i++) chunk[i] *= scale;
      },
      memcpy(out, chunk + skip, take * sizeof *out))
}

TVS_KERNEL void tvs_random_add_gaussian(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, float scale, const float *base, float *out) {
  float chunk[WORDS];
  EACH_CHUNK(
      4,
      {
        gaussian_blocks(key, stream, block, chunk);
        // Rounded before the addition, so that out − base is the noise of tvs_random_gaussian wherever that is exact.
        for (int i = 0; i < WORDS; i++) chunk[i] *= scale;
      },
      {
        for (size_t i = 0; i < take; i++) out[i] = base[i] + chunk[skip + i];
        base += take;
      })
}

INLINE double uniform53(uint32_t high, uint32_t low) {
  return (double)(int32_t)(high >> 5) * 0x1p-27 + (double)(int32_t)(low >> 6) * 0x1p-53;
}

TVS_KERNEL void tvs_random_uniform_double(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, double low, double width, double *out) {
  uint32_t chunk[WORDS];
  double made[WORDS / 2];
  EACH_CHUNK(
      2,
      {
        word_blocks(key, stream, block, chunk);
        for (int i = 0; i < WORDS / 2; i++) made[i] = low + width * uniform53(chunk[2 * i], chunk[2 * i + 1]);
      },
      memcpy(out, made + skip, take * sizeof *out))
}

INLINE void gaussian_blocks_double(uint64_t key, uint64_t stream, uint64_t first, double scale, double out[WORDS / 2]) {
  uint32_t x[4][BLOCKS];
  double g[2][BLOCKS];
  philox_blocks(key, stream, first, x);
  for (int i = 0; i < BLOCKS; i++) {
    // 1 − u lies in (0, 1].
    double radius = scale * sqrt(-2.0 * log(1.0 - uniform53(x[0][i], x[1][i])));
    double angle = 6.283185307179586 * uniform53(x[2][i], x[3][i]);
    g[0][i] = radius * cos(angle);
    g[1][i] = radius * sin(angle);
  }
  for (int i = 0; i < BLOCKS; i++) out[2 * i] = g[0][i], out[2 * i + 1] = g[1][i];
}

TVS_KERNEL void tvs_random_gaussian_double(
    uint64_t key, uint64_t stream, uint64_t first, size_t count, double scale, double *out) {
  double chunk[WORDS / 2];
  EACH_CHUNK(
      2, gaussian_blocks_double(key, stream, block, scale, chunk), memcpy(out, chunk + skip, take * sizeof *out))
}
