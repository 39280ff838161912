#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "network_tile.h"

// One unit of work is one sequence and one key head, with all query heads that share it. Its keys and values are copied
// into panels once; then blocks of queries pass by. Everything fits the second-level cache, scores never leave it, and
// tiles above the diagonal are not computed. Softmax and its gradient as in FlashAttention (Dao et al.,
// arXiv 2205.14135), without its rescaling: a block's scores are all there at once.

/// Queries that are worked on together: six divides it.
enum { BLOCK = 48, TILE = 6 };

static long rounded(long count) { return (count + TVS_PANEL - 1) / TVS_PANEL * TVS_PANEL; }

/// Positions and width of a head, rounded up to whole panels.
struct sizes {
  long length, width, keys, columns;
};

static struct sizes sizes_of(const struct tvs_attention *a) {
  struct sizes s = {a->length, a->head_width, rounded(a->length), rounded(a->head_width)};
  return s;
}

long tvs_attention_scratch(const struct tvs_attention *a) {
  struct sizes s = sizes_of(a);
  return 2 * s.keys * s.columns + BLOCK * s.columns + BLOCK * s.keys + s.keys * s.columns;
}

long tvs_attention_backward_scratch(const struct tvs_attention *a) {
  struct sizes s = sizes_of(a);
  return 6 * s.keys * s.columns + 5 * BLOCK * s.columns + 2 * BLOCK * s.keys + BLOCK;
}

/// Copies one head of `rows` rows, the first of which stands at `position`, turns it if the model does, and multiplies
/// it by `scale`. The columns up to the next whole panel become zero.
TVS_INLINE void copy_head(const struct tvs_attention *a, const float *from, long stride, long rows, long position,
                          float scale, bool turns, float *restrict to, long to_stride) {
  const long width = a->head_width, half = a->rotary_width / 2;
  for (long t = 0; t < rows; t++) {
    const float *restrict x = from + t * stride;
    float *restrict y = to + t * to_stride;
    long start = 0;
    if (turns && a->angles) {
      const float *restrict cosine = a->angles + (position + t) * 2 * half;
      const float *restrict sine = cosine + half;
      for (long i = 0; i < half; i++) {
        y[i] = (x[i] * cosine[i] - x[i + half] * sine[i]) * scale;
        y[i + half] = (x[i + half] * cosine[i] + x[i] * sine[i]) * scale;
      }
      start = 2 * half;
    }
    for (long i = start; i < width; i++) y[i] = x[i] * scale;
    for (long i = width; i < to_stride; i++) y[i] = 0;
  }
}

/// Writes the gradient of a head back to where the head came from, turned back if the head was turned.
TVS_INLINE void write_head(const struct tvs_attention *a, const float *from, long from_stride, long rows, long position,
                           float scale, bool turns, float *restrict to, long stride, bool accumulate) {
  const long width = a->head_width, half = a->rotary_width / 2;
  for (long t = 0; t < rows; t++) {
    const float *restrict g = from + t * from_stride;
    float *restrict y = to + t * stride;
    long start = 0;
    if (turns && a->angles) {
      if (!accumulate) memset(y, 0, 2 * half * sizeof(float));
      const float *restrict cosine = a->angles + (position + t) * 2 * half;
      const float *restrict sine = cosine + half;
      for (long i = 0; i < half; i++) {
        y[i] += (g[i] * cosine[i] + g[i + half] * sine[i]) * scale;
        y[i + half] += (g[i + half] * cosine[i] - g[i] * sine[i]) * scale;
      }
      start = 2 * half;
    }
    if (accumulate)
      for (long i = start; i < width; i++) y[i] += g[i] * scale;
    else  // As if added to a zero: −0 becomes 0, so that it makes no difference whether a gradient is the first.
      for (long i = start; i < width; i++) y[i] = 0 + g[i] * scale;
  }
}

/// Asks for a head that the next unit will read. Its rows are short and far apart, which the processor's own prefetching
/// does not follow: without this, waiting for them is most of the time of short sequences.
TVS_INLINE void expect_head(const float *from, long stride, long rows, long width) {
  for (long t = 0; t < rows; t++)
    for (long c = 0; c < width; c += TVS_PANEL) __builtin_prefetch(from + t * stride + c);
}

/// Longer sequences would push what is at hand out of the cache.
enum { LONGEST_EXPECTED = 64 };

/// Asks for the queries, keys and values of a unit.
TVS_INLINE void expect_unit(const struct tvs_attention *a, long unit) {
  if (unit >= a->batch * a->key_value_heads || a->length > LONGEST_EXPECTED) return;
  const long sequence = unit / a->key_value_heads, head = unit % a->key_value_heads, width = a->head_width;
  const long group = a->heads / a->key_value_heads, key_row = sequence * a->key_capacity;
  expect_head(a->keys + key_row * a->key_stride + head * width, a->key_stride, a->length, width);
  expect_head(a->values + key_row * a->value_stride + head * width, a->value_stride, a->length, width);
  expect_head(a->queries + sequence * a->query_length * a->query_stride + head * group * width, a->query_stride,
              a->query_length, width);
}

/// Panels over the columns of a head: panel, row, sixteen columns.
TVS_INLINE void panels_by_column(const float *from, long rows, long columns, float *restrict to) {
  for (long j = 0; j < columns; j += TVS_PANEL)
    for (long t = 0; t < rows; t++) tvs_store(to + j * rows + t * TVS_PANEL, tvs_load(from + t * columns + j));
}

/// Panels over the rows of a head: panel, column, sixteen rows. `from` must have room for a multiple of four rows.
///
/// Four by four at a time. Rows that do not exist hold whatever they hold: their scores are masked.
TVS_INLINE void panels_by_row(const float *from, long rows, long columns, float *restrict to) {
  for (long t = 0; t < rows; t += 4) {
    float *panel = to + t / TVS_PANEL * TVS_PANEL * columns + t % TVS_PANEL;
    const float *row = from + t * columns;
    for (long c = 0; c < columns; c += 4)
      tvs_turn_four(row + c, row + columns + c, row + 2 * columns + c, row + 3 * columns + c, panel + c * TVS_PANEL,
                    TVS_PANEL);
  }
}

/// c[rows × columns] (+)= a[rows × depth] · b, where row i has `depth + i` terms at most: tiles stop at the diagonal.
/// `a_row` is 1 and `a_depth` the stride for a transposed a. `wide`: two panels at a time.
TVS_INLINE void tiles(const bool wide, long rows, long columns, long depth, const float *a, long a_row, long a_depth,
                      const float *b, long panel_stride, float *c, long c_row, bool accumulate) {
  for (long j = 0; j < columns;) {
    const bool pair = wide && columns - j >= 2 * TVS_PANEL;
    const float *panel = b + j / TVS_PANEL * panel_stride;
    for (long i = 0; i < rows; i += TILE) {
      int height = (int)(rows - i < TILE ? rows - i : TILE);
      float *to = c + i * c_row + j;
      struct tvs_tile_end end = {
          .c = to, .c_row = c_row, .base = accumulate ? to : 0, .base_row = c_row, .alpha = 1, .columns = TVS_PANEL};
      if (pair && height == TILE) {
        tvs_tile_pair(TILE, depth, a + i * a_row, a_row, a_depth, panel, panel_stride, &end);
        continue;
      }
      tvs_tile(height, depth, a + i * a_row, a_row, a_depth, panel, &end);
      if (pair) {
        const struct tvs_tile_end next = tvs_tile_next(end);
        tvs_tile(height, depth, a + i * a_row, a_row, a_depth, panel + panel_stride, &next);
      }
    }
    j += pair ? 2 * TVS_PANEL : TVS_PANEL;
  }
}

/// scores[i][j] = x[i] · y[j] for the queries at position … + rows and the keys up to each tile's diagonal.
TVS_INLINE void scores_of(const bool wide, const struct sizes *s, const float *x, const float *y_panels, long rows,
                          long position, float *scores) {
  for (long i = 0; i < rows; i += TILE) {
    long height = rows - i < TILE ? rows - i : TILE;
    long keys = rounded(position + i + height);
    tiles(wide, height, keys, s->width, x + i * s->columns, s->columns, 1, y_panels, TVS_PANEL * s->columns,
          scores + i * s->keys, s->keys, false);
  }
}

/// sums[i] = Σ_j weights[i][j] · y[j] over the keys up to each tile's diagonal.
TVS_INLINE void mix(const bool wide, const struct sizes *s, const float *weights, const float *y_panels, long rows,
                    long position, float *sums) {
  for (long i = 0; i < rows; i += TILE) {
    long height = rows - i < TILE ? rows - i : TILE;
    tiles(wide, height, s->columns, position + i + height, weights + i * s->keys, s->keys, 1, y_panels,
          TVS_PANEL * s->length, sums + i * s->columns, s->columns, false);
  }
}

/// sums[j] += Σ_i weights[i][j] · x[i] over the queries at or after key j.
TVS_INLINE void mix_transposed(const bool wide, const struct sizes *s, const float *weights, const float *x_panels,
                               long rows, long position, float *sums) {
  for (long j = 0; j < position + rows; j += TILE) {
    long height = position + rows - j < TILE ? position + rows - j : TILE;
    long first = j > position ? j - position : 0;
    tiles(wide, height, s->columns, rows - first, weights + first * s->keys + j, 1, s->keys,
          x_panels + first * TVS_PANEL, TVS_PANEL * rows, sums + j * s->columns, s->columns, true);
  }
}

/// How many scores of row `i` of a block its tile computed: up to the tile's diagonal, in whole panels.
TVS_INLINE long panels_of_row(const struct sizes *s, long position, long i) {
  const long keys = position + (i / TILE + 1) * TILE;
  return rounded(keys < s->length ? keys : s->length);
}

/// The largest of the scores from `padding` to `last`, of which `columns`, whole panels, can be read; NaN is passed over.
TVS_INLINE float largest_of(const float *score, long columns, long padding, long last) {
  typedef int32_t indices __attribute__((vector_size(64), aligned(4)));
  indices place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  tvs_panel largest = (tvs_panel){0} - INFINITY;
  for (long j = 0; j < columns; j += TVS_PANEL, place += TVS_PANEL) {
    const tvs_panel x = tvs_load(score + j);
    const indices wins = (place >= (int32_t)padding) & (place <= (int32_t)last) & (x > largest);
    largest = (tvs_panel)(((indices)x & wins) | ((indices)largest & ~wins));
  }
  float lanes[TVS_PANEL];
  tvs_store(lanes, largest);
  for (int half = TVS_PANEL / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] = lanes[i + half] > lanes[i] ? lanes[i + half] : lanes[i];
  return lanes[0];
}

TVS_INLINE void forward(const bool wide, const struct tvs_attention *a, float *scratch, long begin, long end) {
  const struct sizes s = sizes_of(a);
  const long group = a->heads / a->key_value_heads, offset = a->length - a->query_length;
  float *key_panels = scratch;
  float *value_panels = key_panels + s.keys * s.columns;
  float *queries = value_panels + s.keys * s.columns;
  float *scores = queries + BLOCK * s.columns;
  float *copy = scores + BLOCK * s.keys;
  float *sums = queries;  // the queries are no longer needed once the scores are there

  for (long unit = begin; unit < end; unit++) {
    const long sequence = unit / a->key_value_heads, key_head = unit % a->key_value_heads;
    const long padding = a->padding ? a->padding[sequence] : 0;
    const long key_row = sequence * a->key_capacity;
    expect_unit(a, unit + 1);
    copy_head(a, a->keys + key_row * a->key_stride + key_head * s.width, a->key_stride, s.length, 0, 1, true, copy,
              s.columns);
    panels_by_row(copy, s.length, s.columns, key_panels);
    copy_head(a, a->values + key_row * a->value_stride + key_head * s.width, a->value_stride, s.length, 0, 1, false,
              copy, s.columns);
    panels_by_column(copy, s.length, s.columns, value_panels);

    for (long head = key_head * group; head < (key_head + 1) * group; head++) {
      for (long first = 0; first < a->query_length; first += BLOCK) {
        const long rows = a->query_length - first < BLOCK ? a->query_length - first : BLOCK;
        const long position = offset + first, row = sequence * a->query_length + first;
        copy_head(a, a->queries + row * a->query_stride + head * s.width, a->query_stride, rows, position, a->scale, true,
                  queries, s.columns);
        scores_of(wide, &s, queries, key_panels, rows, position, scores);
        float reciprocals[BLOCK];
        for (long i = 0; i < rows; i++) {
          float *restrict score = scores + i * s.keys;
          const long last = position + i, columns = panels_of_row(&s, position, i);
          // Whole panels rather than the exact range: no remainders. What is masked may hold anything.
          float largest = largest_of(score, columns, padding, last);
          if (last < padding) largest = 0;
          float sum = 0;
          for (long j = 0; j < columns; j++) {
            float e = tvs_expf(score[j] - largest);
            e = j >= padding && j <= last ? e : 0;
            score[j] = e;
            sum += e;
          }
          reciprocals[i] = sum > 0 || sum != sum ? 1 / sum : 0;
          a->log_sum_exp[(sequence * a->heads + head) * a->query_length + first + i] =
              sum > 0 || sum != sum ? largest + logf(sum) : 0;
        }
        mix(wide, &s, scores, value_panels, rows, position, sums);
        for (long i = 0; i < rows; i++) {
          float *restrict to = a->output + (row + i) * a->heads * s.width + head * s.width;
          const float *restrict from = sums + i * s.columns;
          for (long c = 0; c < s.width; c++) to[c] = from[c] * reciprocals[i];
        }
      }
    }
  }
}

TVS_INLINE void backward(const bool wide, const struct tvs_attention_gradient *attention, float *scratch, long begin,
                         long end) {
  const struct tvs_attention *a = &attention->forward;
  const struct sizes s = sizes_of(a);
  const long group = a->heads / a->key_value_heads, offset = a->length - a->query_length;
  const long whole = s.keys * s.columns, block = BLOCK * s.columns;
  float *key_rows = scratch;              // panels of keys, for the scores
  float *key_columns = key_rows + whole;  // panels of columns, for the gradient of the queries
  float *value_rows = key_columns + whole;
  float *key_sums = value_rows + whole;
  float *value_sums = key_sums + whole;
  float *copy = value_sums + whole;
  float *queries = copy + whole;
  float *query_columns = queries + block;
  float *gradients = query_columns + block;
  float *gradient_columns = gradients + block;
  float *query_sums = gradient_columns + block;
  float *probabilities = query_sums + block;
  float *slopes = probabilities + BLOCK * s.keys;
  float *dots = slopes + BLOCK * s.keys;

  for (long unit = begin; unit < end; unit++) {
    const long sequence = unit / a->key_value_heads, key_head = unit % a->key_value_heads;
    const long padding = a->padding ? a->padding[sequence] : 0;
    const long key_row = sequence * a->key_capacity;
    expect_unit(a, unit + 1);
    if (unit + 1 < a->batch * a->key_value_heads && a->length <= LONGEST_EXPECTED) {
      const long row = (unit + 1) / a->key_value_heads * a->query_length, stride = a->heads * s.width;
      const long start = row * stride + (unit + 1) % a->key_value_heads * group * s.width;
      expect_head(attention->gradient + start, stride, a->query_length, s.width);
      expect_head(a->output + start, stride, a->query_length, s.width);
    }
    copy_head(a, a->keys + key_row * a->key_stride + key_head * s.width, a->key_stride, s.length, 0, 1, true, copy,
              s.columns);
    panels_by_row(copy, s.length, s.columns, key_rows);
    panels_by_column(copy, s.length, s.columns, key_columns);
    copy_head(a, a->values + key_row * a->value_stride + key_head * s.width, a->value_stride, s.length, 0, 1, false,
              copy, s.columns);
    panels_by_row(copy, s.length, s.columns, value_rows);
    memset(key_sums, 0, whole * sizeof(float));
    memset(value_sums, 0, whole * sizeof(float));

    for (long head = key_head * group; head < (key_head + 1) * group; head++) {
      for (long first = 0; first < a->query_length; first += BLOCK) {
        const long rows = a->query_length - first < BLOCK ? a->query_length - first : BLOCK;
        const long position = offset + first, row = sequence * a->query_length + first;
        const long stride = a->heads * s.width;
        copy_head(a, a->queries + row * a->query_stride + head * s.width, a->query_stride, rows, position, a->scale, true,
                  queries, s.columns);
        copy_head(a, attention->gradient + row * stride + head * s.width, stride, rows, 0, 1, false, gradients,
                  s.columns);
        panels_by_column(queries, rows, s.columns, query_columns);
        panels_by_column(gradients, rows, s.columns, gradient_columns);
        // dot[i] = Σ_j P[i][j] dP[i][j] = output[i] · gradient[i]
        for (long i = 0; i < rows; i++) {
          const float *restrict y = a->output + (row + i) * stride + head * s.width;
          const float *restrict g = gradients + i * s.columns;
          float sum = 0;
          for (long c = 0; c < s.width; c++) sum += y[c] * g[c];
          dots[i] = sum;
        }
        scores_of(wide, &s, queries, key_rows, rows, position, probabilities);
        scores_of(wide, &s, gradients, value_rows, rows, position, slopes);
        for (long i = 0; i < rows; i++) {
          float *restrict p = probabilities + i * s.keys;
          float *restrict d = slopes + i * s.keys;
          const float shift = a->log_sum_exp[(sequence * a->heads + head) * a->query_length + first + i];
          const float dot = dots[i];
          const long last = position + i, columns = panels_of_row(&s, position, i);
          for (long j = 0; j < columns; j++) {
            float e = tvs_expf(p[j] - shift);
            const bool counts = j >= padding && j <= last;
            p[j] = counts ? e : 0;
            d[j] = counts ? e * (d[j] - dot) : 0;
          }
          // A tile of keys may reach past the panels that this row's tile of queries has.
          for (long j = columns; j < s.keys && j < columns + TVS_PANEL; j++) p[j] = d[j] = 0;
        }
        if (attention->query_gradient) {
          mix(wide, &s, slopes, key_columns, rows, position, query_sums);
          write_head(a, query_sums, s.columns, rows, position, a->scale, true,
                     attention->query_gradient + row * attention->query_gradient_stride + head * s.width,
                     attention->query_gradient_stride, attention->query_accumulates);
        }
        if (attention->key_gradient) mix_transposed(wide, &s, slopes, query_columns, rows, position, key_sums);
        if (attention->value_gradient) mix_transposed(wide, &s, probabilities, gradient_columns, rows, position, value_sums);
      }
    }
    if (attention->key_gradient)
      write_head(a, key_sums, s.columns, s.length, 0, 1, true,
                 attention->key_gradient + key_row * attention->key_gradient_stride + key_head * s.width,
                 attention->key_gradient_stride, attention->key_accumulates);
    if (attention->value_gradient)
      write_head(a, value_sums, s.columns, s.length, 0, 1, false,
                 attention->value_gradient + key_row * attention->value_gradient_stride + key_head * s.width,
                 attention->value_gradient_stride, attention->value_accumulates);
  }
}

// Two panels at a time need the registers of AVX-512.

TVS_KERNEL static void forward_wide(const struct tvs_attention *a, float *scratch, long begin, long end) {
  forward(true, a, scratch, begin, end);
}

TVS_KERNEL static void forward_narrow(const struct tvs_attention *a, float *scratch, long begin, long end) {
  forward(false, a, scratch, begin, end);
}

TVS_KERNEL static void backward_wide(const struct tvs_attention_gradient *a, float *scratch, long begin, long end) {
  backward(true, a, scratch, begin, end);
}

TVS_KERNEL static void backward_narrow(const struct tvs_attention_gradient *a, float *scratch, long begin, long end) {
  backward(false, a, scratch, begin, end);
}

void tvs_attention_forward(const struct tvs_attention *attention, float *scratch, long begin, long end) {
  (tvs_has_wide_registers() ? forward_wide : forward_narrow)(attention, scratch, begin, end);
}

void tvs_attention_backward(const struct tvs_attention_gradient *attention, float *scratch, long begin, long end) {
  (tvs_has_wide_registers() ? backward_wide : backward_narrow)(attention, scratch, begin, end);
}
