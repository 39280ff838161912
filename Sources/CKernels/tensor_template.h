// Included twice by tensor_elementwise.c, with T the element type, S its suffix and F(name) the function of libm for it.

enum { JOIN(BLOCK_, S) = 64 };

INLINE T JOIN(sigmoid_, S)(T x) { return (T)1 / ((T)1 + F(exp)(-x)); }

/// The remainder with the sign of the divisor, as in Python.
INLINE T JOIN(remainder_, S)(T a, T b) {
  T r = F(fmod)(a, b);
  return r != 0 && ((r < 0) != (b < 0)) ? r + b : (r == 0 ? F(copysign)((T)0, b) : r);
}

INLINE T JOIN(minimum_, S)(T a, T b) { return a < b || a != a ? a : b; }
INLINE T JOIN(maximum_, S)(T a, T b) { return a > b || a != a ? a : b; }

// Whole blocks only: the vector and the scalar versions of exp and its kin may differ in the last bit, and an element's
// value must not depend on where it stands.
#define MAP(expression)                                      \
  for (int i = 0; i < JOIN(BLOCK_, S); i++) {                \
    T x = a[i];                                              \
    out[i] = (expression);                                   \
  }                                                          \
  break;

INLINE void JOIN(unary_block_, S)(int function, const T *restrict a, T *restrict out) {
  switch (function) {
    case TVS_NEGATE: MAP(-x)
    case TVS_ABS: MAP(F(fabs)(x))
    case TVS_SQRT: MAP(F(sqrt)(x))
    case TVS_EXP: MAP(F(exp)(x))
    case TVS_LOG: MAP(F(log)(x))
    case TVS_SIN: MAP(F(sin)(x))
    case TVS_COS: MAP(F(cos)(x))
    case TVS_TAN: MAP(F(tan)(x))
    case TVS_FLOOR: MAP(F(floor)(x))
    case TVS_CEIL: MAP(F(ceil)(x))
    case TVS_ROUND: MAP(F(nearbyint)(x))
    case TVS_TANH: MAP(F(tanh)(x))
    case TVS_SIGMOID: MAP(JOIN(sigmoid_, S)(x))
    case TVS_RELU: MAP(x < 0 ? (T)0 : x)
    case TVS_SIGN: MAP(x != x ? x : (T)((x > 0) - (x < 0)))
    case TVS_SQUARE: MAP(x * x)
    default: MAP(x)
  }
}
#undef MAP

TVS_KERNEL void JOIN(tvs_unary_, S)(int function, const T *a, T *out, size_t count) {
  T in[JOIN(BLOCK_, S)], made[JOIN(BLOCK_, S)];
  size_t i = 0;
  for (; i + JOIN(BLOCK_, S) <= count; i += JOIN(BLOCK_, S)) JOIN(unary_block_, S)(function, a + i, out + i);
  if (i == count) return;
  for (int j = 0; j < JOIN(BLOCK_, S); j++) in[j] = (T)1;
  memcpy(in, a + i, (count - i) * sizeof(T));
  JOIN(unary_block_, S)(function, in, made);
  memcpy(out + i, made, (count - i) * sizeof(T));
}

// One loop for each way an operand may be repeated, so that each vectorises.
#define PAIR(expression)                                                                   \
  if (step_a && step_b) {                                                                  \
    for (size_t i = 0; i < count; i++) { T x = a[i], y = b[i]; out[i] = (expression); }    \
  } else if (step_a) {                                                                     \
    T y = b[0];                                                                            \
    for (size_t i = 0; i < count; i++) { T x = a[i]; out[i] = (expression); }              \
  } else if (step_b) {                                                                     \
    T x = a[0];                                                                            \
    for (size_t i = 0; i < count; i++) { T y = b[i]; out[i] = (expression); }              \
  } else {                                                                                 \
    T x = a[0], y = b[0];                                                                  \
    for (size_t i = 0; i < count; i++) out[i] = (expression);                              \
  }                                                                                        \
  break;

/// Powers element by element with the scalar function: exact for whole exponents, and alike at every place.
INLINE T JOIN(power_, S)(T x, T y) { return y == 2 ? x * x : F(pow)(x, y); }

TVS_KERNEL void JOIN(tvs_binary_, S)(
    int function, const T *a, size_t step_a, const T *b, size_t step_b, T *out, size_t count) {
  switch (function) {
    case TVS_ADD: PAIR(x + y)
    case TVS_SUBTRACT: PAIR(x - y)
    case TVS_MULTIPLY: PAIR(x * y)
    case TVS_DIVIDE: PAIR(x / y)
    case TVS_REMAINDER: PAIR(JOIN(remainder_, S)(x, y))
    case TVS_MINIMUM: PAIR(JOIN(minimum_, S)(x, y))
    case TVS_MAXIMUM: PAIR(JOIN(maximum_, S)(x, y))
    case TVS_POWER:
      if (!step_b && b[0] == 2) {
        for (size_t i = 0; i < count; i++) out[i] = a[i * step_a] * a[i * step_a];
        break;
      }
      if (!step_b && b[0] == (T)0.5) {
        for (size_t i = 0; i < count; i++) out[i] = F(sqrt)(a[i * step_a]);
        break;
      }
#pragma clang loop vectorize(disable)
      for (size_t i = 0; i < count; i++) out[i] = JOIN(power_, S)(a[i * step_a], b[i * step_b]);
      break;
    default: break;
  }
}

TVS_KERNEL void JOIN(tvs_compare_, S)(
    int comparison, const T *a, size_t step_a, const T *b, size_t step_b, double *out, size_t count) {
  switch (comparison) {
    case TVS_EQUAL: PAIR(x == y)
    case TVS_NOT_EQUAL: PAIR(x != y)
    case TVS_LESS: PAIR(x < y)
    case TVS_LESS_OR_EQUAL: PAIR(x <= y)
    case TVS_GREATER: PAIR(x > y)
    case TVS_GREATER_OR_EQUAL: PAIR(x >= y)
    default: break;
  }
}
#undef PAIR

TVS_KERNEL double JOIN(tvs_sum_, S)(const T *a, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)a[i];
  return sum;
}

TVS_KERNEL double JOIN(tvs_squares_, S)(const T *a, double centre, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    double d = (double)a[i] - centre;
    sum += d * d;
  }
  return sum;
}

TVS_KERNEL T JOIN(tvs_extreme_, S)(int function, const T *a, size_t count) {
  T best = a[0];
  if (function == TVS_MINIMUM) {
    for (size_t i = 1; i < count; i++) best = JOIN(minimum_, S)(a[i], best);
  } else {
    for (size_t i = 1; i < count; i++) best = JOIN(maximum_, S)(a[i], best);
  }
  return best;
}

TVS_KERNEL void JOIN(tvs_add_rows_, S)(const T *a, double *restrict sum, size_t count) {
  for (size_t i = 0; i < count; i++) sum[i] += (double)a[i];
}

TVS_KERNEL void JOIN(tvs_add_squares_, S)(const T *a, const double *centre, double *restrict sum, size_t count) {
  for (size_t i = 0; i < count; i++) {
    double d = (double)a[i] - centre[i];
    sum[i] += d * d;
  }
}

TVS_KERNEL void JOIN(tvs_softmax_, S)(const T *a, T *out, size_t count, int logarithm) {
  T largest = a[0];
  for (size_t i = 1; i < count; i++) largest = JOIN(maximum_, S)(a[i], largest);
  double sum = 0;
  for (size_t i = 0; i < count; i++) out[i] = F(exp)(a[i] - largest);
  for (size_t i = 0; i < count; i++) sum += (double)out[i];
  if (logarithm) {
    T shift = largest + (T)log(sum);
    for (size_t i = 0; i < count; i++) out[i] = a[i] - shift;
  } else {
    for (size_t i = 0; i < count; i++) out[i] = (T)((double)out[i] / sum);
  }
}
