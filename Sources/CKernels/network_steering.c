#include <math.h>
#include <string.h>

#include "CKernels.h"

TVS_KERNEL void tvs_steer(const struct tvs_steering *s, long begin, long end) {
  const long columns = s->columns;
  const float *restrict v = s->vector;
  for (long i = begin; i < end; i++) {
    const float *restrict x = s->input + i * columns;
    float *restrict y = s->output + i * columns;
    if (s->selected && !s->selected[i]) {
      memcpy(y, x, columns * sizeof(float));
      continue;
    }
    switch (s->kind) {
      case TVS_STEER_ADD:
        for (long j = 0; j < columns; j++) y[j] = x[j] + v[j];
        break;
      case TVS_STEER_ABLATE: {
        double along = 0;
        for (long j = 0; j < columns; j++) along += (double)x[j] * v[j];
        const double factor = s->scale * along;
        for (long j = 0; j < columns; j++) y[j] = (float)(x[j] - factor * v[j]);
        break;
      }
      case TVS_STEER_ROTATE: {
        double before = 0, after = 0;
        for (long j = 0; j < columns; j++) {
          const double moved = (double)x[j] + v[j];
          before += (double)x[j] * x[j];
          after += moved * moved;
        }
        const double factor = after > 0 ? sqrt(before / after) : 0;
        for (long j = 0; j < columns; j++) y[j] = (float)(factor * ((double)x[j] + v[j]));
        break;
      }
    }
  }
}

TVS_KERNEL void tvs_steer_backward(const struct tvs_steering_gradient *s, long begin, long end) {
  const long columns = s->columns;
  const float *restrict v = s->vector;
  for (long i = begin; i < end; i++) {
    const float *restrict dy = s->gradient + i * columns;
    const float *restrict x = s->input + i * columns;
    float *restrict dx = s->input_gradient + i * columns;
    // dx = a·dy + b·x + c·v
    double a = 1, b = 0, c = 0;
    if (!s->selected || s->selected[i]) {
      if (s->kind == TVS_STEER_ABLATE) {
        double along = 0;
        for (long j = 0; j < columns; j++) along += (double)dy[j] * v[j];
        c = -s->scale * along;
      } else if (s->kind == TVS_STEER_ROTATE) {
        double before = 0, after = 0, along = 0;
        for (long j = 0; j < columns; j++) {
          const double moved = (double)x[j] + v[j];
          before += (double)x[j] * x[j];
          after += moved * moved;
          along += dy[j] * moved;
        }
        // The length of a zero row has no derivative; it stays zero.
        const int flat = !(before > 0) || !(after > 0);
        a = flat ? 0 : sqrt(before / after);
        c = flat ? 0 : -along * a / after;
        b = flat ? 0 : along / sqrt(before * after) + c;
      }
    }
    if (s->accumulates) {
      for (long j = 0; j < columns; j++) dx[j] += (float)(a * dy[j] + b * x[j] + c * v[j]);
    } else {
      for (long j = 0; j < columns; j++) dx[j] = (float)(a * dy[j] + b * x[j] + c * v[j]);
    }
  }
}
