// Scalar mathematics that vectorises: no calls, no branches.
#ifndef TVS_NETWORK_MATH_H
#define TVS_NETWORK_MATH_H

#include <stdint.h>
#include <string.h>

#define TVS_INLINE static inline __attribute__((always_inline))

/// exp to about one unit in the last place, over the whole range; NaN stays NaN.
///
/// Written out rather than called because it then vectorises in place, on every processor: x = n ln 2 + r with
/// |r| ≤ ln 2 / 2, a polynomial for exp(r), and 2ⁿ put together from its bits in two halves, so that subnormal results
/// come out right. The coefficients are those of Cephes' expf (S. Moshier).
TVS_INLINE float tvs_expf(float x) {
#pragma clang fp reassociate(off)
  float clamped = x > 89.0f ? 89.0f : x;
  clamped = clamped > -104.0f ? clamped : -104.0f;
  float n = __builtin_rintf(clamped * 1.44269504088896341f);
  float r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t exponent = (int32_t)n;
  int32_t half = exponent >> 1;
  int32_t low = (half + 127) << 23, high = (exponent - half + 127) << 23;
  float a, b;
  memcpy(&a, &low, 4);
  memcpy(&b, &high, 4);
  float result = p * a * b;
  return x != x ? x : result;
}

/// 1 / (1 + exp(−x)).
TVS_INLINE float tvs_sigmoidf(float x) { return 1.0f / (1.0f + tvs_expf(-x)); }

#endif
