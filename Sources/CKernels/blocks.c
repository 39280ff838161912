#include "CKernels.h"
#include "network_math.h"

#include <math.h>
#include <string.h>

// A block that was quantised has lost its scale: it is looked for, by the rules that the makers of such files follow, and
// what is found is tried on all numbers. So nothing has to be known about where they come from, and nothing is believed.

/// Scale and minimum as a kind of block has them, from the extremes of its numbers.
enum kind { AFFINE_4, SYMMETRIC_8, SYMMETRIC_4, AFFINE_5, SYMMETRIC_5, AFFINE_8, KINDS };

TVS_INLINE float rounded_to_half(float x) {
  // Below 2⁻¹⁴ halves are multiples of 2⁻²⁴, above they have eleven significant bits.
  if (x < 0x1p-14f) return rintf(x * 0x1p24f) * 0x1p-24f;
  uint32_t bits;
  memcpy(&bits, &x, 4);
  bits = (bits + 0xfff + (bits >> 13 & 1)) & ~UINT32_C(0x1fff);
  memcpy(&x, &bits, 4);
  return x;
}

/// Whether scale · code + minimum gives all numbers; then the block is written.
TVS_INLINE bool fits(const float *restrict a, float scale, float minimum, struct tvs_block *restrict out) {
  const float inverse = 1 / scale;
  if (!(scale > 0) || !isfinite(inverse)) return false;
  int wrong = 0;
  for (int i = 0; i < TVS_BLOCK; i++) {
    float code = rintf((a[i] - minimum) * inverse);
    code = code > 0 ? code : 0;
    code = code < 255 ? code : 255;
    // A scale has eleven bits and a code eight, so that the product is exact and it does not matter whether the sum is
    // one operation with it or two.
    wrong |= scale * code + minimum != a[i];
    out->codes[i] = (uint8_t)(int)code;
  }
  out->scale = scale;
  out->minimum = minimum;
  return !wrong;
}

TVS_INLINE bool encode(const float *restrict a, float low, float high, enum kind kind,
                       struct tvs_block *restrict out) {
  const float largest = -low > high ? -low : high;
  float scale;
  switch (kind) {
  case AFFINE_4: return fits(a, rounded_to_half((high - low) / 15), low, out);
  case AFFINE_5: return fits(a, rounded_to_half((high - low) / 31), low, out);
  case AFFINE_8: return fits(a, rounded_to_half((high - low) / 255), low, out);
  case SYMMETRIC_4: scale = rounded_to_half(largest / 8); break;
  case SYMMETRIC_5: scale = rounded_to_half(largest / 16); break;
  default: scale = rounded_to_half(largest / 127); break;
  }
  return fits(a, scale, -128 * scale, out);
}

TVS_KERNEL bool tvs_blocks_encode(const float *a, struct tvs_block *out, size_t count) {
  // A matrix has one kind, so the one that fitted last comes first.
  enum kind first = AFFINE_4;
  for (size_t at = 0; at < count; at += TVS_BLOCK, a += TVS_BLOCK, out++) {
    float low = a[0], high = a[0];
    for (int i = 1; i < TVS_BLOCK; i++) {
      low = a[i] < low ? a[i] : low;
      high = a[i] > high ? a[i] : high;
    }
    if (low == high) {
      *out = (struct tvs_block){.scale = 0, .minimum = low};
      // A number that is none compares with nothing.
      for (int i = 0; i < TVS_BLOCK; i++)
        if (a[i] != low) return false;
      continue;
    }
    bool found = encode(a, low, high, first, out);
    for (int kind = 0; kind < KINDS && !found; kind++) {
      found = encode(a, low, high, (enum kind)kind, out);
      if (found) first = (enum kind)kind;
    }
    if (!found) return false;
  }
  return true;
}
