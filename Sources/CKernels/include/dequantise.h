// Widening of stored elements to float32: plain numbers, and the blocks of ggml's quantisations.
#ifndef TVS_DEQUANTISE_H
#define TVS_DEQUANTISE_H
#include <stddef.h>
#include <stdint.h>

/// Ways in which elements are stored. The order is that of `ElementFormat` in ModelFiles.
enum tvs_format {
  TVS_STORED_F32, TVS_STORED_F16, TVS_STORED_BF16, TVS_STORED_F64,
  TVS_STORED_I8, TVS_STORED_I16, TVS_STORED_I32, TVS_STORED_I64,
  TVS_STORED_U8, TVS_STORED_U16, TVS_STORED_U32, TVS_STORED_U64, TVS_STORED_BOOL,
  TVS_STORED_Q4_0, TVS_STORED_Q4_1, TVS_STORED_Q5_0, TVS_STORED_Q5_1, TVS_STORED_Q8_0,
  TVS_STORED_Q4_K, TVS_STORED_Q5_K, TVS_STORED_Q6_K
};

/// Writes the elements of `blocks` blocks (of one element for plain numbers) that begin at `in`, which need not be aligned.
/// Products and sums are rounded one by one, in ggml's order, so that the result is the same on every processor. Returns
/// 0, or −1 for a format that is none of these.
int tvs_widen(int format, const uint8_t *in, float *out, size_t blocks);
#endif
