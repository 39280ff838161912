import CKernels

/// The two element types, each with its C kernels.
protocol TensorElement: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  static var dtype: Tensor.DType { get }
  static func wrap(_ storage: AlignedStorage<Self>) -> Tensor.Storage
  static func unary(_ function: Int32, _ a: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func binary(
    _ function: Int32, _ a: UnsafePointer<Self>, _ stepA: Int, _ b: UnsafePointer<Self>, _ stepB: Int,
    _ out: UnsafeMutablePointer<Self>, _ count: Int)
  static func compare(
    _ comparison: Int32, _ a: UnsafePointer<Self>, _ stepA: Int, _ b: UnsafePointer<Self>, _ stepB: Int,
    _ out: UnsafeMutablePointer<Double>, _ count: Int)
  static func sum(_ a: UnsafePointer<Self>, _ count: Int) -> Double
  static func squares(_ a: UnsafePointer<Self>, _ centre: Double, _ count: Int) -> Double
  static func extreme(_ function: Int32, _ a: UnsafePointer<Self>, _ count: Int) -> Self
  static func addRows(_ a: UnsafePointer<Self>, _ sum: UnsafeMutablePointer<Double>, _ count: Int)
  static func addSquares(
    _ a: UnsafePointer<Self>, _ centre: UnsafePointer<Double>, _ sum: UnsafeMutablePointer<Double>, _ count: Int)
  static func softmax(_ a: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ count: Int, logarithm: Bool)
  static func product(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>
  ) throws
}

extension Float: TensorElement {
  static var dtype: Tensor.DType { .float32 }
  static func wrap(_ storage: AlignedStorage<Float>) -> Tensor.Storage { .float32(storage) }
  static func unary(_ function: Int32, _ a: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ count: Int) {
    tvs_unary_f32(function, a, out, count)
  }
  static func binary(
    _ function: Int32, _ a: UnsafePointer<Float>, _ stepA: Int, _ b: UnsafePointer<Float>, _ stepB: Int,
    _ out: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    tvs_binary_f32(function, a, stepA, b, stepB, out, count)
  }
  static func compare(
    _ comparison: Int32, _ a: UnsafePointer<Float>, _ stepA: Int, _ b: UnsafePointer<Float>, _ stepB: Int,
    _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tvs_compare_f32(comparison, a, stepA, b, stepB, out, count)
  }
  static func sum(_ a: UnsafePointer<Float>, _ count: Int) -> Double { tvs_sum_f32(a, count) }
  static func squares(_ a: UnsafePointer<Float>, _ centre: Double, _ count: Int) -> Double {
    tvs_squares_f32(a, centre, count)
  }
  static func extreme(_ function: Int32, _ a: UnsafePointer<Float>, _ count: Int) -> Float {
    tvs_extreme_f32(function, a, count)
  }
  static func addRows(_ a: UnsafePointer<Float>, _ sum: UnsafeMutablePointer<Double>, _ count: Int) {
    tvs_add_rows_f32(a, sum, count)
  }
  static func addSquares(
    _ a: UnsafePointer<Float>, _ centre: UnsafePointer<Double>, _ sum: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tvs_add_squares_f32(a, centre, sum, count)
  }
  static func softmax(_ a: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ count: Int, logarithm: Bool) {
    tvs_softmax_f32(a, out, count, logarithm ? 1 : 0)
  }
  static func product(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>
  ) throws {
    try MatrixProduct.product(m: m, n: n, k: k, a: a, b: b, c: c)
  }
}

extension Double: TensorElement {
  static var dtype: Tensor.DType { .float64 }
  static func wrap(_ storage: AlignedStorage<Double>) -> Tensor.Storage { .float64(storage) }
  static func unary(_ function: Int32, _ a: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ count: Int) {
    tvs_unary_f64(function, a, out, count)
  }
  static func binary(
    _ function: Int32, _ a: UnsafePointer<Double>, _ stepA: Int, _ b: UnsafePointer<Double>, _ stepB: Int,
    _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tvs_binary_f64(function, a, stepA, b, stepB, out, count)
  }
  static func compare(
    _ comparison: Int32, _ a: UnsafePointer<Double>, _ stepA: Int, _ b: UnsafePointer<Double>, _ stepB: Int,
    _ out: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tvs_compare_f64(comparison, a, stepA, b, stepB, out, count)
  }
  static func sum(_ a: UnsafePointer<Double>, _ count: Int) -> Double { tvs_sum_f64(a, count) }
  static func squares(_ a: UnsafePointer<Double>, _ centre: Double, _ count: Int) -> Double {
    tvs_squares_f64(a, centre, count)
  }
  static func extreme(_ function: Int32, _ a: UnsafePointer<Double>, _ count: Int) -> Double {
    tvs_extreme_f64(function, a, count)
  }
  static func addRows(_ a: UnsafePointer<Double>, _ sum: UnsafeMutablePointer<Double>, _ count: Int) {
    tvs_add_rows_f64(a, sum, count)
  }
  static func addSquares(
    _ a: UnsafePointer<Double>, _ centre: UnsafePointer<Double>, _ sum: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    tvs_add_squares_f64(a, centre, sum, count)
  }
  static func softmax(_ a: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ count: Int, logarithm: Bool) {
    tvs_softmax_f64(a, out, count, logarithm ? 1 : 0)
  }
  static func product(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ c: UnsafeMutablePointer<Double>
  ) throws {
    try MatrixProduct.product(m: m, n: n, k: k, a: a, b: b, c: c)
  }
}
