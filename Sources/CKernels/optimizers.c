#include "optimizers.h"

#include <math.h>

#include "CKernels.h"

TVS_KERNEL
void tvs_adamw(
    float *restrict weights, const float *restrict gradient, float *restrict m, float *restrict v, size_t count,
    tvs_adamw_constants c) {
  for (size_t i = 0; i < count; i++) {
    float g = c.gradient_factor * gradient[i];
    float mi = m[i] + (1 - c.beta1) * (g - m[i]);
    float vi = c.beta2 * v[i] + (1 - c.beta2) * g * g;
    m[i] = mi;
    v[i] = vi;
    weights[i] = c.decay * weights[i] - c.rate * mi / (sqrtf(vi) / c.root_correction2 + c.epsilon);
  }
}

TVS_KERNEL
void tvs_sgd(
    float *restrict weights, const float *restrict gradient, float *restrict buffer, size_t count, float factor,
    float momentum, float rate) {
  if (!buffer) {
    for (size_t i = 0; i < count; i++) weights[i] -= rate * (factor * gradient[i]);
    return;
  }
  // A buffer of zeros makes the first step torch's: buffer = gradient.
  for (size_t i = 0; i < count; i++) {
    float step = momentum * buffer[i] + factor * gradient[i];
    buffer[i] = step;
    weights[i] -= rate * step;
  }
}
