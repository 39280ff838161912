// The arithmetic of a network that is not a plain vector operation: matrix products, norms, activations, attention, loss.
//
// Every function works on the rows (or columns, or elements) `begin..<end`, so that the caller cuts the work over
// threads; results do not depend on how it is cut unless a comment says so. Matrices are row after row. Pointers that
// may be null are marked so.
#ifndef TVS_NETWORK_H
#define TVS_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "blocks.h"

#pragma clang assume_nonnull begin

// MARK: Matrix products (network_product.c)

/// c = alpha · a · b, plus bias and residual, or plus c.
struct tvs_product {
  /// Element (i, k) is a[i·a_row + k·a_depth]; one of the two strides is 1.
  const float *a;
  long a_row, a_depth;
  /// Element (k, j) is b[k·b_depth + j·b_column].
  const float *b;
  long b_depth, b_column;
  /// The numbers of b in bfloat16, where that loses nothing, at the same places; null for none. Only dot products read
  /// them: half as many bytes.
  const uint16_t *_Nullable b_halves;
  /// The same in blocks of codes, for matrices whose rows are whole blocks; null for none.
  const struct tvs_block *_Nullable b_blocks;
  float *c;
  long c_row;
  /// One a column; null for none.
  const float *_Nullable bias;
  /// As c; null for none. Not together with `accumulate`.
  const float *_Nullable residual;
  long residual_row;
  long depth;
  float alpha;
  bool accumulate;
  /// Rows of the innermost tile, 6 or 12; 0 for what suits the processor.
  int tile_rows;
  /// For a few rows: every element is a dot product, so that b is read once where it is and not packed. Needs a_depth and
  /// b_depth of 1.
  bool by_dots;
};
/// Floats of working memory that one thread needs.
long tvs_multiply_scratch(void);
/// The rows row_begin..<row_end and columns column_begin..<column_end of c. Every element is summed in an order that
/// depends on `depth` alone.
void tvs_multiply(const struct tvs_product *product, float *scratch, long row_begin, long row_end, long column_begin,
                 long column_end);

// MARK: Elementwise (network_activation.c)

void tvs_add_to(const float *input, float *output, long begin, long end);
void tvs_sum(const float *a, const float *b, float *output, long begin, long end);
/// output[i][j] = input[i][j] + row[j] for the rows begin..<end.
void tvs_add_row(const float *row, const float *input, float *output, long columns, long begin, long end);
/// output[j] (+)= sum over all rows of input[i][j] for the columns begin..<end; rows are summed in order.
void tvs_sum_rows(const float *input, float *output, long rows, long columns, bool accumulate, long begin, long end);
/// GELU in its tanh form.
void tvs_gelu(const float *input, float *output, long begin, long end);
void tvs_gelu_backward(const float *gradient, const float *input, float *input_gradient, bool accumulate, long begin,
                       long end);
/// gate · σ(gate) · up.
void tvs_swiglu(const float *gate, const float *up, float *output, long begin, long end);
void tvs_swiglu_backward(const float *gradient, const float *gate, const float *up, float *_Nullable gate_gradient,
                         bool gate_accumulate, float *_Nullable up_gradient, bool up_accumulate, long begin, long end);

// MARK: Rows (network_rows.c)

/// output[i] = input[rows[i]] (+ second[second_rows[i]]) for i in begin..<end.
void tvs_gather_rows(const float *input, const int32_t *rows, const float *_Nullable second,
                     const int32_t *_Nullable second_rows, float *output, long columns, long begin, long end);
/// output[rows[i]][j] += input[i][j] for all i in order and the columns begin..<end.
void tvs_scatter_rows(const float *input, const int32_t *rows, float *output, long count, long columns, long begin,
                      long end);

// MARK: Steering (network_steering.c)

enum tvs_steering_kind {
  /// x + v.
  TVS_STEER_ADD,
  /// x − scale · (x·v) · v, for v of length 1.
  TVS_STEER_ABLATE,
  /// (x + v) · ‖x‖/‖x + v‖.
  TVS_STEER_ROTATE,
};

/// Changes some rows along one vector.
struct tvs_steering {
  const float *input;
  /// One row.
  const float *vector;
  /// One flag a row; null for all rows.
  const bool *_Nullable selected;
  float *output;
  long columns;
  float scale;
  enum tvs_steering_kind kind;
};
void tvs_steer(const struct tvs_steering *steering, long begin, long end);

struct tvs_steering_gradient {
  const float *gradient;
  const float *input;
  const float *vector;
  const bool *_Nullable selected;
  float *input_gradient;
  long columns;
  float scale;
  enum tvs_steering_kind kind;
  bool accumulates;
};
void tvs_steer_backward(const struct tvs_steering_gradient *steering, long begin, long end);

// MARK: Norms (network_norm.c)

/// Layer norm, or RMS norm when `centres` is false.
struct tvs_norm {
  const float *input;
  const float *_Nullable gain;
  const float *_Nullable bias;
  float *output;
  /// Mean and reciprocal deviation, one pair a row.
  float *statistics;
  long columns;
  float epsilon;
  bool centres;
};
void tvs_norm_forward(const struct tvs_norm *norm, long begin, long end);

struct tvs_norm_gradient {
  const float *gradient;
  const float *input;
  const float *_Nullable gain;
  const float *statistics;
  float *_Nullable input_gradient;
  long columns;
  bool centres;
  bool input_accumulates;
};
/// The gradient of the input for the rows begin..<end, and, unless null, their share of the gradients of gain and bias,
/// written over `gain_share` and `bias_share` (`columns` each).
void tvs_norm_backward(const struct tvs_norm_gradient *norm, float *_Nullable gain_share, float *_Nullable bias_share,
                       long begin, long end);

// MARK: Loss (network_loss.c)

/// For every row of logits: log Σ exp, −log softmax[target] and the first largest column.
void tvs_cross_entropy(const float *logits, const int32_t *targets, float *losses, float *log_sum_exp,
                       int32_t *predictions, long columns, long begin, long end);
/// logits_gradient[i] (+)= scales[i] · (softmax(logits[i]) − onehot(targets[i])).
void tvs_cross_entropy_backward(const float *logits, const int32_t *targets, const float *log_sum_exp,
                                const float *scales, float *logits_gradient, bool accumulate, long columns, long begin,
                                long end);

// MARK: Attention (network_attention.c)

/// Causal attention. Query t of sequence b is row b·query_length + t and stands at position length − query_length + t;
/// key t of sequence b is row b·key_capacity + t.
struct tvs_attention {
  const float *queries;
  const float *keys;
  const float *values;
  long query_stride, key_stride, value_stride;
  /// For each position the cosines of its rotary_width/2 pairs, then their sines; null for none.
  const float *_Nullable angles;
  long rotary_width;
  /// Left padding of every sequence; null for none.
  const int32_t *_Nullable padding;
  long batch, length, query_length, key_capacity, heads, key_value_heads, head_width;
  float scale;
  /// (batch · query_length) × (heads · head_width).
  float *output;
  /// batch × heads × query_length.
  float *log_sum_exp;
};
/// Floats of working memory that one thread needs.
long tvs_attention_scratch(const struct tvs_attention *attention);
/// The units begin..<end of batch × key_value_heads.
void tvs_attention_forward(const struct tvs_attention *attention, float *scratch, long begin, long end);

struct tvs_attention_gradient {
  struct tvs_attention forward;
  /// As the output.
  const float *gradient;
  float *_Nullable query_gradient;
  float *_Nullable key_gradient;
  float *_Nullable value_gradient;
  long query_gradient_stride, key_gradient_stride, value_gradient_stride;
  bool query_accumulates, key_accumulates, value_accumulates;
};
long tvs_attention_backward_scratch(const struct tvs_attention *attention);
void tvs_attention_backward(const struct tvs_attention_gradient *attention, float *scratch, long begin, long end);

#pragma clang assume_nonnull end

#endif
