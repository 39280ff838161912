#include "dequantise.h"
#include "CKernels.h"

#include <string.h>

// Layouts of blocks: ggml/src/ggml-common.h; arithmetic: dequantize_row_* of ggml/src/ggml-quants.c. A product and a sum
// fused into one rounding, or taken in another order, would differ from them in the last bit.
#if defined(__clang__)
#pragma clang fp contract(off) reassociate(off)
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE float from_bits(uint32_t bits) {
  float number;
  memcpy(&number, &bits, 4);
  return number;
}

INLINE uint32_t to_bits(float number) {
  uint32_t bits;
  memcpy(&bits, &number, 4);
  return bits;
}

INLINE uint16_t load16(const uint8_t *in) {
  uint16_t bits;
  memcpy(&bits, in, 2);
  return bits;
}

/// IEEE binary16. Its exponent is moved by a product with a power of two, which is exact and covers subnormals.
INLINE float half(uint16_t bits) {
  uint32_t magnitude = (uint32_t)(bits & 0x7FFF) << 13;
  uint32_t finite = to_bits(from_bits(magnitude) * 0x1p112f);
  uint32_t wide = magnitude >= 0x7C00u << 13 ? magnitude | 0x7F800000u : finite;
  return from_bits(wide | (uint32_t)(bits & 0x8000) << 16);
}

#define PLAIN(name, T, expression)                                                     \
  TVS_KERNEL static void name(const uint8_t *restrict in, float *restrict out, size_t count) { \
    for (size_t i = 0; i < count; i++) {                                               \
      T x;                                                                             \
      memcpy(&x, in + i * sizeof(T), sizeof(T));                                       \
      out[i] = (expression);                                                           \
    }                                                                                  \
  }

PLAIN(widen_f16, uint16_t, half(x))
PLAIN(widen_bf16, uint16_t, from_bits((uint32_t)x << 16))
PLAIN(widen_f64, double, (float)x)
PLAIN(widen_i8, int8_t, (float)x)
PLAIN(widen_i16, int16_t, (float)x)
PLAIN(widen_i32, int32_t, (float)x)
PLAIN(widen_i64, int64_t, (float)x)
PLAIN(widen_u8, uint8_t, (float)x)
PLAIN(widen_u16, uint16_t, (float)x)
PLAIN(widen_u32, uint32_t, (float)x)
PLAIN(widen_u64, uint64_t, (float)x)
PLAIN(widen_bool, uint8_t, x ? 1.0f : 0.0f)

// Blocks of 32: the low four bits of a byte belong to the first half of the block, the high four to the second.

TVS_KERNEL static void widen_q4_0(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 18, out += 32) {
    float d = half(load16(in));
    for (int i = 0; i < 16; i++) {
      out[i] = d * (float)((in[2 + i] & 15) - 8);
      out[i + 16] = d * (float)((in[2 + i] >> 4) - 8);
    }
  }
}

TVS_KERNEL static void widen_q4_1(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 20, out += 32) {
    float d = half(load16(in)), m = half(load16(in + 2));
    for (int i = 0; i < 16; i++) {
      out[i] = d * (float)(in[4 + i] & 15) + m;
      out[i + 16] = d * (float)(in[4 + i] >> 4) + m;
    }
  }
}

TVS_KERNEL static void widen_q5_0(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 22, out += 32) {
    float d = half(load16(in));
    uint32_t high;
    memcpy(&high, in + 2, 4);
    for (int i = 0; i < 16; i++) {
      out[i] = d * (float)((int)((in[6 + i] & 15) | (high >> i & 1) << 4) - 16);
      out[i + 16] = d * (float)((int)((in[6 + i] >> 4) | (high >> (i + 16) & 1) << 4) - 16);
    }
  }
}

TVS_KERNEL static void widen_q5_1(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 24, out += 32) {
    float d = half(load16(in)), m = half(load16(in + 2));
    uint32_t high;
    memcpy(&high, in + 4, 4);
    for (int i = 0; i < 16; i++) {
      out[i] = d * (float)(int)((in[8 + i] & 15) | (high >> i & 1) << 4) + m;
      out[i + 16] = d * (float)(int)((in[8 + i] >> 4) | (high >> (i + 16) & 1) << 4) + m;
    }
  }
}

TVS_KERNEL static void widen_q8_0(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 34, out += 32) {
    float d = half(load16(in));
    for (int i = 0; i < 32; i++) out[i] = d * (float)(int8_t)in[2 + i];
  }
}

// Blocks of 256 with scales of their own for each 32 or 16 elements.

/// Six bits of scale and six of offset for each of eight groups, packed into twelve bytes.
INLINE void scales_k(const uint8_t *packed, int group, int *scale, int *offset) {
  if (group < 4) {
    *scale = packed[group] & 63;
    *offset = packed[group + 4] & 63;
  } else {
    *scale = (packed[group + 4] & 15) | (packed[group - 4] >> 6) << 4;
    *offset = (packed[group + 4] >> 4) | (packed[group] >> 6) << 4;
  }
}

TVS_KERNEL static void widen_q4_k(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 144, out += 256) {
    float d = half(load16(in)), minimum = half(load16(in + 2));
    for (int group = 0; group < 8; group++) {
      int scale, offset, shift = group % 2 * 4;
      scales_k(in + 4, group, &scale, &offset);
      float step = d * (float)scale, base = minimum * (float)offset;
      const uint8_t *low = in + 16 + group / 2 * 32;
      for (int i = 0; i < 32; i++) out[group * 32 + i] = step * (float)(low[i] >> shift & 15) - base;
    }
  }
}

TVS_KERNEL static void widen_q5_k(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 176, out += 256) {
    float d = half(load16(in)), minimum = half(load16(in + 2));
    const uint8_t *high = in + 16;
    for (int group = 0; group < 8; group++) {
      int scale, offset, shift = group % 2 * 4;
      scales_k(in + 4, group, &scale, &offset);
      float step = d * (float)scale, base = minimum * (float)offset;
      const uint8_t *low = in + 48 + group / 2 * 32;
      for (int i = 0; i < 32; i++) {
        int q = (low[i] >> shift & 15) | (high[i] >> group & 1) << 4;
        out[group * 32 + i] = step * (float)q - base;
      }
    }
  }
}

TVS_KERNEL static void widen_q6_k(const uint8_t *restrict in, float *restrict out, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, in += 210, out += 256) {
    float d = half(load16(in + 208));
    const int8_t *scales = (const int8_t *)in + 192;
    for (int group = 0; group < 16; group++) {
      // Each 128 elements: four runs of 32; the first two take low four bits of 64 bytes, the others the high ones.
      int part = group / 8, run = group / 2 % 4, start = group % 2 * 16;
      const uint8_t *low = in + part * 64 + run % 2 * 32 + start;
      const uint8_t *high = in + 128 + part * 32 + start;
      float step = d * (float)scales[group];
      int shift = run / 2 * 4;
      for (int i = 0; i < 16; i++) {
        int q = (low[i] >> shift & 15) | (high[i] >> (run * 2) & 3) << 4;
        out[group * 16 + i] = step * (float)(q - 32);
      }
    }
  }
}

int tvs_widen(int format, const uint8_t *in, float *out, size_t blocks) {
  switch (format) {
    case TVS_STORED_F32: memcpy(out, in, blocks * 4); break;
    case TVS_STORED_F16: widen_f16(in, out, blocks); break;
    case TVS_STORED_BF16: widen_bf16(in, out, blocks); break;
    case TVS_STORED_F64: widen_f64(in, out, blocks); break;
    case TVS_STORED_I8: widen_i8(in, out, blocks); break;
    case TVS_STORED_I16: widen_i16(in, out, blocks); break;
    case TVS_STORED_I32: widen_i32(in, out, blocks); break;
    case TVS_STORED_I64: widen_i64(in, out, blocks); break;
    case TVS_STORED_U8: widen_u8(in, out, blocks); break;
    case TVS_STORED_U16: widen_u16(in, out, blocks); break;
    case TVS_STORED_U32: widen_u32(in, out, blocks); break;
    case TVS_STORED_U64: widen_u64(in, out, blocks); break;
    case TVS_STORED_BOOL: widen_bool(in, out, blocks); break;
    case TVS_STORED_Q4_0: widen_q4_0(in, out, blocks); break;
    case TVS_STORED_Q4_1: widen_q4_1(in, out, blocks); break;
    case TVS_STORED_Q5_0: widen_q5_0(in, out, blocks); break;
    case TVS_STORED_Q5_1: widen_q5_1(in, out, blocks); break;
    case TVS_STORED_Q8_0: widen_q8_0(in, out, blocks); break;
    case TVS_STORED_Q4_K: widen_q4_k(in, out, blocks); break;
    case TVS_STORED_Q5_K: widen_q5_k(in, out, blocks); break;
    case TVS_STORED_Q6_K: widen_q6_k(in, out, blocks); break;
    default: return -1;
  }
  return 0;
}
