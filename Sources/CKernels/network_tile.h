// The innermost block of every matrix product.
#ifndef TVS_NETWORK_TILE_H
#define TVS_NETWORK_TILE_H

#include <stdbool.h>

#include "network_math.h"

/// Columns of a tile: one AVX-512 register, two of AVX, four of SSE or NEON.
#define TVS_PANEL 16
/// Sixteen floats. The compiler splits it into whatever registers the processor has.
typedef float tvs_panel __attribute__((vector_size(64), aligned(4)));

// Macros, because a function that takes or returns a panel has no portable calling convention.
#define tvs_load(from) (*(const tvs_panel *)(from))
#define tvs_store(to, value) ((void)(*(tvs_panel *)(to) = (value)))

/// Whether there are 32 registers of 512 bits.
TVS_INLINE bool tvs_has_wide_registers(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f");
#else
  return false;
#endif
}

typedef float tvs_quad __attribute__((vector_size(16), aligned(4)));

/// to[i·width + line] for four numbers i of four lines: a block of four by four is turned in registers.
TVS_INLINE void tvs_turn_four(const float *a, const float *b, const float *c, const float *d, float *restrict to,
                              long width) {
  const tvs_quad p = *(const tvs_quad *)a, q = *(const tvs_quad *)b;
  const tvs_quad r = *(const tvs_quad *)c, s = *(const tvs_quad *)d;
  const tvs_quad pq = __builtin_shufflevector(p, q, 0, 4, 1, 5), PQ = __builtin_shufflevector(p, q, 2, 6, 3, 7);
  const tvs_quad rs = __builtin_shufflevector(r, s, 0, 4, 1, 5), RS = __builtin_shufflevector(r, s, 2, 6, 3, 7);
  *(tvs_quad *)to = __builtin_shufflevector(pq, rs, 0, 1, 4, 5);
  *(tvs_quad *)(to + width) = __builtin_shufflevector(pq, rs, 2, 3, 6, 7);
  *(tvs_quad *)(to + 2 * width) = __builtin_shufflevector(PQ, RS, 0, 1, 4, 5);
  *(tvs_quad *)(to + 3 * width) = __builtin_shufflevector(PQ, RS, 2, 3, 6, 7);
}

/// sums[i] = Σ_k a[i·a_row + k·a_depth] · b[16 k …], for `rows` rows, which must be a constant.
///
/// Six rows make twelve AVX accumulators, two registers for b and two for a: the fused multiply-adds and not the loads
/// bound the loop. AVX-512 needs twelve rows for that.
TVS_INLINE void tvs_tile_sums(tvs_panel *sums, const int rows, long depth, const float *a, long a_row, long a_depth,
                              const float *b) {
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) sums[i] = (tvs_panel){0};
  for (long k = 0; k < depth; k++) {
    tvs_panel right = tvs_load(b + k * TVS_PANEL);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) sums[i] += a[i * a_row + k * a_depth] * right;
  }
}

/// What happens to the sums of a tile: c = base + alpha · sums.
struct tvs_tile_end {
  float *c;
  long c_row;
  /// Added: the old c, or a residual of the same form; null for none.
  const float *base;
  long base_row;
  /// Added to every row, sixteen wide; null for none.
  const float *bias;
  float alpha;
  /// How many of the sixteen columns exist.
  int columns;
};

/// The end of the tile one panel of columns further on.
TVS_INLINE struct tvs_tile_end tvs_tile_next(struct tvs_tile_end end) {
  end.c += TVS_PANEL;
  if (end.base) end.base += TVS_PANEL;
  if (end.bias) end.bias += TVS_PANEL;
  return end;
}

TVS_INLINE void tvs_tile_store(const tvs_panel *sums, const int rows, const struct tvs_tile_end *end) {
  if (end->columns == TVS_PANEL) {
    const tvs_panel bias = end->bias ? tvs_load(end->bias) : (tvs_panel){0};
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      tvs_panel value = sums[i] * end->alpha + bias;
      if (end->base) value += tvs_load(end->base + i * end->base_row);
      tvs_store(end->c + i * end->c_row, value);
    }
  } else {
    // Unrolled, because an index that is not a constant would send all sums through memory, here and above.
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      float row[TVS_PANEL];
      tvs_store(row, sums[i]);
#pragma clang loop vectorize(disable) unroll(disable)
      for (int j = 0; j < end->columns; j++) {
        float value = row[j] * end->alpha + (end->bias ? end->bias[j] : 0);
        if (end->base) value += end->base[i * end->base_row + j];
        end->c[i * end->c_row + j] = value;
      }
    }
  }
}

TVS_INLINE void tvs_tile_fixed(const int rows, long depth, const float *a, long a_row, long a_depth, const float *b,
                               const struct tvs_tile_end *end) {
  tvs_panel sums[12];
  tvs_tile_sums(sums, rows, depth, a, a_row, a_depth, b);
  tvs_tile_store(sums, rows, end);
}

/// `rows` rows, a constant, and two panels of columns, which lie `b_next` apart. Every number of a serves two
/// multiplications, so that these and not the loads bound the loop; the 24 sums of twelve rows need the 32 registers of
/// AVX-512.
TVS_INLINE void tvs_tile_pair(const int rows, long depth, const float *a, long a_row, long a_depth, const float *b,
                              long b_next, const struct tvs_tile_end *end) {
  tvs_panel left[12], right[12];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    left[i] = right[i] = (tvs_panel){0};
    // What the sums will be added to or written over is far away; it comes while they are made.
    __builtin_prefetch(end->c + i * end->c_row, 1);
    __builtin_prefetch(end->c + i * end->c_row + TVS_PANEL, 1);
  }
  for (long k = 0; k < depth; k++) {
    const tvs_panel b0 = tvs_load(b + k * TVS_PANEL), b1 = tvs_load(b + b_next + k * TVS_PANEL);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      const float x = a[i * a_row + k * a_depth];
      left[i] += x * b0;
      right[i] += x * b1;
    }
  }
  const struct tvs_tile_end next = tvs_tile_next(*end);
  tvs_tile_store(left, rows, end);
  tvs_tile_store(right, rows, &next);
}

/// A tile of one to six rows.
TVS_INLINE void tvs_tile(int rows, long depth, const float *a, long a_row, long a_depth, const float *b,
                         const struct tvs_tile_end *end) {
  switch (rows) {
    case 6: tvs_tile_fixed(6, depth, a, a_row, a_depth, b, end); break;
    case 5: tvs_tile_fixed(5, depth, a, a_row, a_depth, b, end); break;
    case 4: tvs_tile_fixed(4, depth, a, a_row, a_depth, b, end); break;
    case 3: tvs_tile_fixed(3, depth, a, a_row, a_depth, b, end); break;
    case 2: tvs_tile_fixed(2, depth, a, a_row, a_depth, b, end); break;
    default: tvs_tile_fixed(1, depth, a, a_row, a_depth, b, end); break;
  }
}

#endif
