#include <math.h>

#include "CKernels.h"

TVS_KERNEL void tvs_norm_forward(const struct tvs_norm *norm, long begin, long end) {
  const long columns = norm->columns;
  const float *restrict gain = norm->gain;
  const float *restrict bias = norm->bias;
  for (long i = begin; i < end; i++) {
    const float *restrict x = norm->input + i * columns;
    float *restrict y = norm->output + i * columns;
    float mean = 0;
    if (norm->centres) {
      float sum = 0;
      for (long j = 0; j < columns; j++) sum += x[j];
      mean = sum / columns;
    }
    // The second pass over a row that is in the cache keeps the variance exact when the mean is large.
    float squares = 0;
    for (long j = 0; j < columns; j++) squares += (x[j] - mean) * (x[j] - mean);
    float inverse = 1.0f / sqrtf(squares / columns + norm->epsilon);
    norm->statistics[2 * i] = mean;
    norm->statistics[2 * i + 1] = inverse;
    if (gain && bias)
      for (long j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse * gain[j] + bias[j];
    else if (gain)
      for (long j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse * gain[j];
    else
      for (long j = 0; j < columns; j++) y[j] = (x[j] - mean) * inverse;
  }
}

TVS_KERNEL void tvs_norm_backward(const struct tvs_norm_gradient *norm, float *restrict gain_share,
                                  float *restrict bias_share, long begin, long end) {
  const long columns = norm->columns;
  const float *restrict gain = norm->gain;
  if (gain_share) for (long j = 0; j < columns; j++) gain_share[j] = 0;
  if (bias_share) for (long j = 0; j < columns; j++) bias_share[j] = 0;
  for (long i = begin; i < end; i++) {
    const float *restrict dy = norm->gradient + i * columns;
    const float *restrict x = norm->input + i * columns;
    const float mean = norm->statistics[2 * i], inverse = norm->statistics[2 * i + 1];
    if (norm->input_gradient) {
      float *restrict dx = norm->input_gradient + i * columns;
      float sum = 0, product = 0;
      if (gain)
        for (long j = 0; j < columns; j++) {
          float h = dy[j] * gain[j];
          sum += h;
          product += h * (x[j] - mean);
        }
      else
        for (long j = 0; j < columns; j++) {
          sum += dy[j];
          product += dy[j] * (x[j] - mean);
        }
      // dx = inverse · (h − average − (x − mean) · slope)
      const float average = norm->centres ? sum / columns : 0;
      const float slope = product * inverse * inverse / columns;
      if (norm->input_accumulates) {
        for (long j = 0; j < columns; j++)
          dx[j] += inverse * ((gain ? dy[j] * gain[j] : dy[j]) - average - (x[j] - mean) * slope);
      } else {
        for (long j = 0; j < columns; j++)
          dx[j] = inverse * ((gain ? dy[j] * gain[j] : dy[j]) - average - (x[j] - mean) * slope);
      }
    }
    if (gain_share) for (long j = 0; j < columns; j++) gain_share[j] += dy[j] * ((x[j] - mean) * inverse);
    if (bias_share) for (long j = 0; j < columns; j++) bias_share[j] += dy[j];
  }
}
