#include "CKernels.h"
#include "tensor.h"

#include <string.h>

TVS_KERNEL double tvs_vector_dot(const float *a, const float *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

TVS_KERNEL double tvs_vector_sum(const float *a, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)a[i];
  return sum;
}

TVS_KERNEL void tvs_vector_combine(const float *a, double ca, const float *b, double cb, float *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = (float)(ca * (double)a[i] + cb * (double)b[i]);
}

TVS_KERNEL void tvs_vector_scale(const float *a, double c, float *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = (float)(c * (double)a[i]);
}

TVS_KERNEL void tvs_vector_widen(const float *a, double *restrict out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = (double)a[i];
}

TVS_KERNEL void tvs_vector_narrow(const double *a, float *restrict out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = (float)a[i];
}

TVS_KERNEL void tvs_vector_accumulate(const float *a, double c, double *restrict sum, size_t count) {
  for (size_t i = 0; i < count; i++) sum[i] += c * (double)a[i];
}

TVS_KERNEL bool tvs_vector_is_bfloat16(const float *a, size_t count) {
  uint32_t lost = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, a + i, 4);
    lost |= bits;
  }
  return (lost & 0xffff) == 0;
}

TVS_KERNEL bool tvs_vector_halve(const float *a, uint16_t *out, size_t count) {
  uint32_t lost = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, a + i, 4);
    lost |= bits;
    out[i] = (uint16_t)(bits >> 16);
  }
  return (lost & 0xffff) == 0;
}
