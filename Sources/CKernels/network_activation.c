#include "CKernels.h"
#include "network_math.h"

/// Vectors that are worked on together in loops whose operations wait for each other: one alone leaves the processor idle
/// for a fifth of the time.
enum { TOGETHER = 4 };

TVS_KERNEL void tvs_add_to(const float *restrict input, float *restrict output, long begin, long end) {
  for (long i = begin; i < end; i++) output[i] += input[i];
}

TVS_KERNEL void tvs_sum(const float *a, const float *b, float *restrict output, long begin, long end) {
  for (long i = begin; i < end; i++) output[i] = a[i] + b[i];
}

TVS_KERNEL void tvs_add_row(const float *restrict row, const float *restrict input, float *restrict output, long columns,
                            long begin, long end) {
  for (long i = begin; i < end; i++)
    for (long j = 0; j < columns; j++) output[i * columns + j] = input[i * columns + j] + row[j];
}

TVS_KERNEL void tvs_sum_rows(const float *restrict input, float *restrict output, long rows, long columns,
                             bool accumulate, long begin, long end) {
  // Sixty-four columns at a time stay in registers while the rows stream past: four lines of each row, so that the
  // processor sees them coming.
  enum { WIDTH = 64 };
  for (long j = begin; j < end; j += WIDTH) {
    long width = end - j < WIDTH ? end - j : WIDTH;
    float sums[WIDTH] = {0};
    if (width == WIDTH) {
      for (long i = 0; i < rows; i++)
        for (long k = 0; k < WIDTH; k++) sums[k] += input[i * columns + j + k];
    } else {
      for (long i = 0; i < rows; i++)
        for (long k = 0; k < width; k++) sums[k] += input[i * columns + j + k];
    }
    for (long k = 0; k < width; k++) output[j + k] = (accumulate ? output[j + k] : 0) + sums[k];
  }
}

// With u = √(2/π)(x + 0.044715 x³): (1 + tanh u)/2 = σ(2u), so GELU(x) = x σ(2u) and
// GELU'(x) = s + x s (1 − s) · 2√(2/π)(1 + 3 · 0.044715 x²), s = σ(2u).
#define TWO_ROOT_TWO_OVER_PI 1.5957691216057308f
#define CUBIC 0.044715f

TVS_KERNEL void tvs_gelu(const float *restrict input, float *restrict output, long begin, long end) {
#pragma clang loop interleave_count(TOGETHER)
  for (long i = begin; i < end; i++) {
    float x = input[i];
    output[i] = x * tvs_sigmoidf(TWO_ROOT_TWO_OVER_PI * x * (1.0f + CUBIC * x * x));
  }
}

TVS_INLINE float gelu_slope(float x) {
  float s = tvs_sigmoidf(TWO_ROOT_TWO_OVER_PI * x * (1.0f + CUBIC * x * x));
  return s + x * s * (1.0f - s) * TWO_ROOT_TWO_OVER_PI * (1.0f + 3.0f * CUBIC * x * x);
}

TVS_KERNEL void tvs_gelu_backward(const float *restrict gradient, const float *restrict input,
                                  float *restrict input_gradient, bool accumulate, long begin, long end) {
  if (accumulate)
#pragma clang loop interleave_count(TOGETHER)
    for (long i = begin; i < end; i++) input_gradient[i] += gradient[i] * gelu_slope(input[i]);
  else
#pragma clang loop interleave_count(TOGETHER)
    for (long i = begin; i < end; i++) input_gradient[i] = gradient[i] * gelu_slope(input[i]);
}

TVS_KERNEL void tvs_swiglu(const float *restrict gate, const float *restrict up, float *restrict output, long begin,
                           long end) {
#pragma clang loop interleave_count(TOGETHER)
  for (long i = begin; i < end; i++) output[i] = gate[i] * tvs_sigmoidf(gate[i]) * up[i];
}

TVS_KERNEL void tvs_swiglu_backward(const float *restrict gradient, const float *restrict gate, const float *restrict up,
                                    float *restrict gate_gradient, bool gate_accumulate, float *restrict up_gradient,
                                    bool up_accumulate, long begin, long end) {
  if (gate_gradient && up_gradient && !gate_accumulate && !up_accumulate) {
#pragma clang loop interleave_count(TOGETHER)
    for (long i = begin; i < end; i++) {
      float s = tvs_sigmoidf(gate[i]);
      gate_gradient[i] = gradient[i] * up[i] * s * (1.0f + gate[i] * (1.0f - s));
      up_gradient[i] = gradient[i] * gate[i] * s;
    }
    return;
  }
  if (gate_gradient) {
    if (!gate_accumulate) for (long i = begin; i < end; i++) gate_gradient[i] = 0;
    for (long i = begin; i < end; i++) {
      float s = tvs_sigmoidf(gate[i]);
      gate_gradient[i] += gradient[i] * up[i] * s * (1.0f + gate[i] * (1.0f - s));
    }
  }
  if (up_gradient) {
    if (!up_accumulate) for (long i = begin; i < end; i++) up_gradient[i] = 0;
    for (long i = begin; i < end; i++) up_gradient[i] += gradient[i] * gate[i] * tvs_sigmoidf(gate[i]);
  }
}
