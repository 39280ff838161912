// Weights in blocks of 8-bit codes, for models that were published quantised.
#ifndef TVS_BLOCKS_H
#define TVS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

enum { TVS_BLOCK = 32 };

/// Thirty-two numbers, each scale · code + minimum in float32. Every block of GGUF's kinds Q4_0, Q4_1, Q5_0, Q5_1 and
/// Q8_0 can be written so without loss, in 40 bytes instead of 128.
struct tvs_block {
  float scale, minimum;
  uint8_t codes[TVS_BLOCK];
};

/// Writes count / 32 blocks that stand for exactly the numbers of `a`; false if one cannot be found.
bool tvs_blocks_encode(const float *a, struct tvs_block *out, size_t count);

#pragma clang assume_nonnull end

#endif
