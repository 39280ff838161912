import Checkpoints
import Tensors

/// Several combinations of long vectors at once, written over the vectors they are made of.
enum Combinations {
  /// Elements of each vector that are worked on at once.
  private static let width = 4096

  /// Replaces m vectors by the r ≤ m combinations `vectors · coefficients`.
  ///
  /// Stretch by stretch all m vectors are widened to double, multiplied, rounded once and written over the first r, so
  /// that 16 directions of 32 gradients need no memory beside the gradients. A vector that something else still holds
  /// is copied first and stays as it was.
  ///
  /// - Parameter coefficients: m×r, with r ≤ m.
  /// - Throws: `TensorError`, `Interrupted`; the vectors are then of no use.
  static func replace(_ vectors: inout [FloatVector], by coefficients: SmallMatrix) throws {
    let (m, r) = (coefficients.rows, coefficients.columns)
    guard m == vectors.count, r <= m, let count = vectors.first?.count, vectors.allSatisfy({ $0.count == count }) else {
      throw TensorError.shapeMismatch(operation: "combination", left: [vectors.count], right: [m, r])
    }
    let transposed = coefficients.transposed
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: (m + r) * width)
    defer { memory.deallocate() }
    let results = memory + m * width
    for start in stride(from: 0, to: count, by: width) {
      try Cancellation.check()
      let length = min(width, count - start)
      for row in 0..<m {
        vectors[row].withPointer { source in
          let target = memory + row * width
          for column in 0..<length { target[column] = Double(source[start + column]) }
        }
      }
      try transposed.values.withUnsafeBufferPointer { c throws in
        guard let c = c.baseAddress else { return }
        try MatrixProduct.dgemm(
          m: r, n: length, k: m, a: c, lda: m, b: memory, ldb: width, c: results, ldc: width)
      }
      for row in 0..<r {
        try vectors[row].withMutablePointer { target in
          let source = results + row * width
          for column in 0..<length { target[start + column] = Float(source[column]) }
        }
      }
    }
    vectors.removeLast(m - r)
  }
}
