// Fused steps of optimisers: each reads and writes every array once.
#ifndef TVS_OPTIMIZERS_H
#define TVS_OPTIMIZERS_H
#include <stddef.h>

/// What one step of AdamW needs beside its arrays.
typedef struct {
  /// Multiplies the gradient first (clipping).
  float gradient_factor;
  float beta1, beta2, epsilon;
  /// 1 − learning rate · weight decay.
  float decay;
  /// Learning rate / (1 − beta1ᵗ).
  float rate;
  /// √(1 − beta2ᵗ).
  float root_correction2;
} tvs_adamw_constants;

/// One step of AdamW on `count` weights with moments m and v.
void tvs_adamw(float *weights, const float *gradient, float *m, float *v, size_t count, tvs_adamw_constants c);

/// One step of gradient descent; `buffer` may be null when momentum is 0.
void tvs_sgd(float *weights, const float *gradient, float *buffer, size_t count, float factor, float momentum, float rate);
#endif
