// Elementwise kernels, comparisons and reductions of tensors, in both element types.
#ifndef TVS_TENSOR_ELEMENTWISE_H
#define TVS_TENSOR_ELEMENTWISE_H
#include <stddef.h>

/// Functions of one number. The order is that of `UnaryFunction` in Tensors.
enum tvs_unary {
  TVS_NEGATE, TVS_ABS, TVS_SQRT, TVS_EXP, TVS_LOG, TVS_SIN, TVS_COS, TVS_TAN, TVS_FLOOR, TVS_CEIL, TVS_ROUND,
  TVS_TANH, TVS_SIGMOID, TVS_RELU, TVS_SIGN, TVS_SQUARE
};

/// Functions of two numbers with a result of the same type.
enum tvs_binary {
  TVS_ADD, TVS_SUBTRACT, TVS_MULTIPLY, TVS_DIVIDE, TVS_REMAINDER, TVS_POWER, TVS_MINIMUM, TVS_MAXIMUM
};

/// Comparisons; the result is 0 or 1 in float64.
enum tvs_comparison { TVS_EQUAL, TVS_NOT_EQUAL, TVS_LESS, TVS_LESS_OR_EQUAL, TVS_GREATER, TVS_GREATER_OR_EQUAL };

// `step` is 1 for a run of elements and 0 for one element that is repeated. Results do not depend on where in the run an
// element stands. Sums are accumulated in double. Minima and maxima of anything with a NaN are NaN.
#define TVS_DECLARE_ELEMENTWISE(T, S)                                                                              \
  void tvs_unary_##S(int function, const T *a, T *out, size_t count);                                              \
  void tvs_binary_##S(int function, const T *a, size_t step_a, const T *b, size_t step_b, T *out, size_t count);   \
  void tvs_compare_##S(                                                                                            \
      int comparison, const T *a, size_t step_a, const T *b, size_t step_b, double *out, size_t count);            \
  double tvs_sum_##S(const T *a, size_t count);                                                                    \
  double tvs_squares_##S(const T *a, double centre, size_t count);                                                 \
  T tvs_extreme_##S(int function, const T *a, size_t count);                                                       \
  void tvs_add_rows_##S(const T *a, double *sum, size_t count);                                                    \
  void tvs_add_squares_##S(const T *a, const double *centre, double *sum, size_t count);                           \
  void tvs_softmax_##S(const T *a, T *out, size_t count, int logarithm);
TVS_DECLARE_ELEMENTWISE(float, f32)
TVS_DECLARE_ELEMENTWISE(double, f64)
#endif
