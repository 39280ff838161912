#include "CKernels.h"
#include "network_tile.h"

// The classical blocking (Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008): a block of b
// is packed into panels of sixteen columns, of which one or two stay in the first-level cache while the rows of a pass
// by. Blocks of a are packed too where that pays: a packed block is one stream, its rows would be twelve.

enum {
  DEPTH = 256,        // of a block
  PACKED_B = 1 << 17, // floats: a panel is read again for every block of a, which takes so long that any cache will do
  ROWS = 72,          // of a block of a, which stays in the second-level cache: six and twelve divide it
  ALL_ROWS = 1008,    // so many are packed once for all columns: a megabyte of the second-level cache
  PANELS_TOGETHER = 8, // of b, whose streams a set of the first-level cache holds
  WORTH_PACKING = 64, // columns over which a packed block of a is used
};

long tvs_multiply_scratch(void) { return PACKED_B + TVS_PANEL * DEPTH + ALL_ROWS * DEPTH; }

/// Twelve rows where there are 32 registers of 512 bits, otherwise six.
static int widest_tile(const struct tvs_product *p) {
  if (p->tile_rows) return p->tile_rows;
  return tvs_has_wide_registers() ? 12 : 6;
}

/// to[k·width + line] = from[line·stride + k] for `lines` lines, a multiple of four, and `depth` values of k: four by four.
TVS_INLINE void interleave(const float *from, long stride, int lines, long depth, float *restrict to, const int width) {
  for (int line = 0; line < lines; line += 4) {
    const float *a = from + line * stride, *b = a + stride, *c = b + stride, *d = c + stride;
    float *out = to + line;
    long k = 0;
    for (; k + 16 <= depth; k += 16) {
      // The next four lines: each is too short for the processor to see it coming.
      for (int next = 4; next < 8; next++) __builtin_prefetch(a + next * stride + k);
      for (long part = k; part < k + 16; part += 4)
        tvs_turn_four(a + part, b + part, c + part, d + part, out + part * width, width);
    }
    for (; k + 4 <= depth; k += 4) tvs_turn_four(a + k, b + k, c + k, d + k, out + k * width, width);
    for (; k < depth; k++) {
      out[k * width] = a[k];
      out[k * width + 1] = b[k];
      out[k * width + 2] = c[k];
      out[k * width + 3] = d[k];
    }
  }
}

/// Panels of sixteen columns, each depth after depth; columns that do not exist are zero.
TVS_INLINE void pack_b(const struct tvs_product *p, float *restrict to, long depth_begin, long depth, long column_begin,
                       long columns) {
  long j = 0;
  if (p->b_column == 1) {
    // Several panels at a time, so that what lies together is read together.
    for (long count; (count = (columns - j) / TVS_PANEL) > 0; j += count * TVS_PANEL) {
      if (count > PANELS_TOGETHER) count = PANELS_TOGETHER;
      const float *from = p->b + depth_begin * p->b_depth + column_begin + j;
      for (long k = 0; k < depth; k++, from += p->b_depth)
        for (long panel = 0; panel < count; panel++)
          tvs_store(to + (panel * depth + k) * TVS_PANEL, tvs_load(from + panel * TVS_PANEL));
      to += count * depth * TVS_PANEL;
    }
  }
  for (; j < columns; j += TVS_PANEL) {
    long width = columns - j < TVS_PANEL ? columns - j : TVS_PANEL;
    const float *from = p->b + depth_begin * p->b_depth + (column_begin + j) * p->b_column;
    if (width == TVS_PANEL && p->b_depth == 1) {
      interleave(from, p->b_column, TVS_PANEL, depth, to, TVS_PANEL);
    } else if (width == TVS_PANEL) {
      for (long k = 0; k < depth; k++)
        for (int c = 0; c < TVS_PANEL; c++) to[k * TVS_PANEL + c] = from[k * p->b_depth + c * p->b_column];
    } else {
      for (long k = 0; k < depth; k++)
        for (int c = 0; c < TVS_PANEL; c++)
          to[k * TVS_PANEL + c] = c < width ? from[k * p->b_depth + c * p->b_column] : 0;
    }
    to += depth * TVS_PANEL;
  }
}

/// Groups of `tile` rows, each depth after depth; the last group may be smaller.
TVS_INLINE void pack_a(const struct tvs_product *p, float *restrict to, const int tile, long depth_begin, long depth,
                       long row_begin, long rows) {
  long i = 0;
  if (p->a_row == 1) {
    // All groups at a time: their numbers lie together.
    const long groups = rows / tile;
    const float *from = p->a + row_begin + depth_begin * p->a_depth;
    for (long k = 0; k < depth; k++, from += p->a_depth)
      for (long group = 0; group < groups; group++)
        for (int r = 0; r < tile; r++) to[(group * depth + k) * tile + r] = from[group * tile + r];
    i = groups * tile;
    to += i * depth;
  }
  for (; i < rows; i += tile) {
    const float *from = p->a + (row_begin + i) * p->a_row + depth_begin * p->a_depth;
    if (rows - i >= tile && p->a_depth == 1 && tile % 4 == 0) {
      interleave(from, p->a_row, tile, depth, to, tile);
    } else {
      int height = (int)(rows - i < tile ? rows - i : tile);
      for (long k = 0; k < depth; k++)
        for (int r = 0; r < height; r++) to[k * tile + r] = from[k * p->a_depth + r * p->a_row];
    }
    to += depth * tile;
  }
}

/// All tiles of one block of a against one block of packed b.
TVS_INLINE void multiply_block(const struct tvs_product *p, const int tile, const float *packed_b,
                               const float *packed_a, long depth_begin, long depth, long row_begin, long rows,
                               long column_begin, long columns) {
  const bool first = depth_begin == 0;
  long width;
  for (long j = 0; j < columns; j += width) {
    const float *b = packed_b + j * depth;
    long column = column_begin + j;
    const bool pair = tile == 12 && columns - j >= 2 * TVS_PANEL;
    width = pair ? 2 * TVS_PANEL : TVS_PANEL;
    struct tvs_tile_end end = {
        .c_row = p->c_row,
        .alpha = p->alpha,
        .columns = (int)(columns - j < TVS_PANEL ? columns - j : TVS_PANEL),
        .bias = first && p->bias ? p->bias + column : 0,
    };
    for (long i = 0; i < rows;) {
      long row = row_begin + i;
      end.c = p->c + row * p->c_row + column;
      if (!first || p->accumulate) {
        end.base = end.c;
        end.base_row = p->c_row;
      } else if (p->residual) {
        end.base = p->residual + row * p->residual_row + column;
        end.base_row = p->residual_row;
      }
      const float *a = packed_a ? packed_a + i * depth : p->a + row * p->a_row + depth_begin;
      long a_row = packed_a ? 1 : p->a_row, a_depth = packed_a ? tile : 1;
      if (pair && packed_a && rows - i >= 4) {
        // Strides that the compiler knows: no address is computed in the loop.
        if (i % 12) a = packed_a + i / 12 * 12 * depth + i % 12;
        const long left = rows - i;
        if (left >= 12) {
          tvs_tile_pair(12, depth, a, 1, 12, b, TVS_PANEL * depth, &end);
          i += 12;
        } else if (left >= 8) {
          tvs_tile_pair(8, depth, a, 1, 12, b, TVS_PANEL * depth, &end);
          i += 8;
        } else {
          tvs_tile_pair(4, depth, a, 1, 12, b, TVS_PANEL * depth, &end);
          i += 4;
        }
      } else if (tile == 12 && rows - i >= 12) {
        tvs_tile_fixed(12, depth, a, a_row, a_depth, b, &end);
        if (pair) {
          const struct tvs_tile_end next = tvs_tile_next(end);
          tvs_tile_fixed(12, depth, a, a_row, a_depth, b + TVS_PANEL * depth, &next);
        }
        i += 12;
      } else {
        int height = (int)(rows - i < 6 ? rows - i : 6);
        // Inside a packed group of twelve the second half starts six floats, not six depths, further on.
        if (tile == 12 && packed_a) a = packed_a + i / 12 * 12 * depth + i % 12;
        tvs_tile(height, depth, a, a_row, a_depth, b, &end);
        if (pair) {
          const struct tvs_tile_end next = tvs_tile_next(end);
          tvs_tile(height, depth, a, a_row, a_depth, b + TVS_PANEL * depth, &next);
        }
        i += height;
      }
    }
  }
}

TVS_INLINE void product(const struct tvs_product *p, const int tile, float *scratch, long row_begin, long row_end,
                        long column_begin, long column_end) {
  float *packed_b = scratch;
  const bool packs_a = p->a_depth != 1 || (tile == 12 && column_end - column_begin >= WORTH_PACKING);
  const bool packs_once = row_end - row_begin <= ALL_ROWS;
  const long blocks = (p->depth + DEPTH - 1) / DEPTH;
  for (long block = 0; block < blocks; block++) {
    // Blocks of equal depth rather than a full one and a rest.
    const long depth_begin = p->depth * block / blocks, depth = p->depth * (block + 1) / blocks - depth_begin;
    const long width = PACKED_B / depth / TVS_PANEL * TVS_PANEL;
    for (long j = column_begin; j < column_end; j += width) {
      const long columns = column_end - j < width ? column_end - j : width;
      pack_b(p, packed_b, depth_begin, depth, j, columns);
      for (long i = row_begin; i < row_end; i += ROWS) {
        const long rows = row_end - i < ROWS ? row_end - i : ROWS;
        float *packed_a = 0;
        if (packs_a) {
          packed_a = scratch + PACKED_B + TVS_PANEL * DEPTH + (packs_once ? (i - row_begin) * depth : 0);
          if (!packs_once || j == column_begin) pack_a(p, packed_a, tile, depth_begin, depth, i, rows);
        }
        multiply_block(p, tile, packed_b, packed_a, depth_begin, depth, i, rows, j, columns);
      }
    }
  }
}

TVS_KERNEL static void multiply_in_sixes(const struct tvs_product *p, float *scratch, long row_begin, long row_end,
                                        long column_begin, long column_end) {
  product(p, 6, scratch, row_begin, row_end, column_begin, column_end);
}

TVS_KERNEL static void multiply_in_twelves(const struct tvs_product *p, float *scratch, long row_begin, long row_end,
                                          long column_begin, long column_end) {
  product(p, 12, scratch, row_begin, row_end, column_begin, column_end);
}

enum {
  DOT_COLUMNS = 4, // at a time: as many sums as hide the latency of an addition
  AHEAD = 4096,    // bytes: rows of b are too short for the processor to see four streams coming
};

/// The sum of sixteen numbers, which are lost.
TVS_INLINE float sum_of_sixteen(float *parts) {
  for (int half = TVS_PANEL / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) parts[i] += parts[i + half];
  return parts[0];
}

typedef uint16_t tvs_halves __attribute__((vector_size(32), aligned(2)));
typedef uint32_t tvs_words __attribute__((vector_size(64), aligned(4)));

/// bfloat16 is the upper half of float32.
#define load_halves(from) ((tvs_panel)(__builtin_convertvector(*(const tvs_halves *)(from), tvs_words) << 16))

typedef uint8_t tvs_codes __attribute__((vector_size(16), aligned(1)));

/// What the dot products read b from.
enum source { FLOATS, HALVES, BLOCKS };

/// Bound by reading b from memory once: with one row there are two operations for every four bytes, or fewer.
TVS_INLINE void dots(const struct tvs_product *p, const enum source source, long row_begin, long row_end,
                     long column_begin, long column_end) {
  for (long j = column_begin; j < column_end; j += DOT_COLUMNS) {
    const int columns = (int)(column_end - j < DOT_COLUMNS ? column_end - j : DOT_COLUMNS);
    const float *b[DOT_COLUMNS];
    const uint16_t *halves[DOT_COLUMNS];
    const struct tvs_block *blocks[DOT_COLUMNS];
    for (int c = 0; c < DOT_COLUMNS; c++) {
      const long at = (j + (c < columns ? c : 0)) * p->b_column;
      b[c] = p->b + at;
      halves[c] = source == HALVES ? p->b_halves + at : 0;
      blocks[c] = source == BLOCKS ? p->b_blocks + at / TVS_BLOCK : 0;
    }
    for (long i = row_begin; i < row_end; i++) {
      const float *a = p->a + i * p->a_row;
      tvs_panel sums[DOT_COLUMNS] = {0};
      long k = 0;
      if (source == BLOCKS) {
        for (; k < p->depth; k += TVS_BLOCK) {
          const long block = k / TVS_BLOCK;
#pragma clang loop unroll(full)
          for (int c = 0; c < DOT_COLUMNS; c++) {
            const struct tvs_block *from = blocks[c] + block;
            __builtin_prefetch((const char *)from + AHEAD);
#pragma clang loop unroll(full)
            for (int part = 0; part < TVS_BLOCK; part += TVS_PANEL)
              sums[c] += tvs_load(a + k + part) *
                         (__builtin_convertvector(*(const tvs_codes *)(from->codes + part), tvs_panel) * from->scale +
                          from->minimum);
          }
        }
      }
      for (; k + TVS_PANEL <= p->depth; k += TVS_PANEL) {
        const tvs_panel left = tvs_load(a + k);
#pragma clang loop unroll(full)
        for (int c = 0; c < DOT_COLUMNS; c++)
          __builtin_prefetch(source == HALVES ? (const char *)(halves[c] + k) + AHEAD : (const char *)(b[c] + k) + AHEAD);
#pragma clang loop unroll(full)
        for (int c = 0; c < DOT_COLUMNS; c++)
          sums[c] += left * (source == HALVES ? load_halves(halves[c] + k) : tvs_load(b[c] + k));
      }
      for (int c = 0; c < columns; c++) {
        float parts[TVS_PANEL];
        tvs_store(parts, sums[c]);
        float sum = sum_of_sixteen(parts);
        for (long rest = k; rest < p->depth; rest++) sum += a[rest] * b[c][rest];
        float value = p->alpha * sum;
        float *out = p->c + i * p->c_row + j + c;
        if (p->bias) value += p->bias[j + c];
        if (p->accumulate) value += *out;
        if (p->residual) value += p->residual[i * p->residual_row + j + c];
        *out = value;
      }
    }
  }
}

TVS_KERNEL static void multiply_by_dots(const struct tvs_product *p, long row_begin, long row_end, long column_begin,
                                       long column_end) {
  if (p->b_blocks)
    dots(p, BLOCKS, row_begin, row_end, column_begin, column_end);
  else if (p->b_halves)
    dots(p, HALVES, row_begin, row_end, column_begin, column_end);
  else
    dots(p, FLOATS, row_begin, row_end, column_begin, column_end);
}

void tvs_multiply(const struct tvs_product *p, float *scratch, long row_begin, long row_end, long column_begin,
                 long column_end) {
  if (p->by_dots)
    multiply_by_dots(p, row_begin, row_end, column_begin, column_end);
  else if (widest_tile(p) == 12)
    multiply_in_twelves(p, scratch, row_begin, row_end, column_begin, column_end);
  else
    multiply_in_sixes(p, scratch, row_begin, row_end, column_begin, column_end);
}
