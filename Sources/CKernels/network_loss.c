#include <math.h>

#include "CKernels.h"
#include "network_math.h"

TVS_KERNEL void tvs_cross_entropy(const float *restrict logits, const int32_t *restrict targets, float *restrict losses,
                                  float *restrict log_sum_exp, int32_t *restrict predictions, long columns, long begin,
                                  long end) {
  for (long i = begin; i < end; i++) {
    const float *restrict row = logits + i * columns;
    float largest = row[0];
    for (long j = 1; j < columns; j++) largest = row[j] > largest ? row[j] : largest;
    float sum = 0;
    for (long j = 0; j < columns; j++) sum += tvs_expf(row[j] - largest);
    int32_t first = 0;
    while (first + 1 < columns && !(row[first] == largest)) first++;
    predictions[i] = first;
    log_sum_exp[i] = largest + logf(sum);
    // Differences from the largest logit, not from the log-sum-exp, keep small losses exact.
    losses[i] = logf(sum) - (row[targets[i]] - largest);
  }
}

TVS_KERNEL void tvs_cross_entropy_backward(const float *restrict logits, const int32_t *restrict targets,
                                           const float *restrict log_sum_exp, const float *restrict scales,
                                           float *restrict logits_gradient, bool accumulate, long columns, long begin,
                                           long end) {
  for (long i = begin; i < end; i++) {
    const float *restrict row = logits + i * columns;
    float *restrict to = logits_gradient + i * columns;
    const float scale = scales[i], offset = log_sum_exp[i];
    if (accumulate)
      for (long j = 0; j < columns; j++) to[j] += scale * tvs_expf(row[j] - offset);
    else
      for (long j = 0; j < columns; j++) to[j] = scale * tvs_expf(row[j] - offset);
    to[targets[i]] -= scale;
  }
}
