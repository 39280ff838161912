#include <string.h>

#include "CKernels.h"

TVS_KERNEL void tvs_gather_rows(const float *input, const int32_t *rows, const float *second, const int32_t *second_rows,
                                float *restrict output, long columns, long begin, long end) {
  for (long i = begin; i < end; i++) {
    const float *a = input + rows[i] * columns;
    float *restrict to = output + i * columns;
    if (second) {
      const float *b = second + second_rows[i] * columns;
      for (long j = 0; j < columns; j++) to[j] = a[j] + b[j];
    } else {
      memcpy(to, a, columns * sizeof(float));
    }
  }
}

TVS_KERNEL void tvs_scatter_rows(const float *restrict input, const int32_t *restrict rows, float *restrict output,
                                 long count, long columns, long begin, long end) {
  for (long i = 0; i < count; i++) {
    const float *from = input + i * columns;
    float *to = output + rows[i] * columns;
    for (long j = begin; j < end; j++) to[j] += from[j];
  }
}
