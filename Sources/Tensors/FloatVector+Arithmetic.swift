import CKernels
import Checkpoints

/// Arithmetic of flat vectors. Sums are accumulated in double and in a fixed order, so that the same machine with the
/// same number of threads gives the same bits; every element of a result is computed in double and rounded once.
extension FloatVector {
  /// Elements below which one thread is faster than two.
  private static let grain = 1 << 15

  /// Σ self·other.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when the lengths differ.
  public func dot(_ other: FloatVector) throws -> Double {
    try requireSameCount(as: other, "dot")
    return withPointer { a in
      other.withPointer { b in
        nonisolated(unsafe) let (a, b) = (a, b)
        return Parallel.collect(count, grain: FloatVector.grain) { range in
          tvs_vector_dot(a + range.lowerBound, b + range.lowerBound, range.count)
        }.reduce(0, +)
      }
    }
  }

  /// The Euclidean norm.
  public var norm: Double {
    withPointer { a in
      nonisolated(unsafe) let a = a
      return Parallel.collect(count, grain: FloatVector.grain) { range in
        tvs_vector_dot(a + range.lowerBound, a + range.lowerBound, range.count)
      }.reduce(0, +).squareRoot()
    }
  }

  /// `self + scale·other`.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when the lengths differ, or
  ///   ``TensorError/tooLarge(bytes:available:)``.
  public func adding(_ other: FloatVector, scaled scale: Double = 1) throws -> FloatVector {
    try combined(with: other, 1, scale, "+")
  }

  /// `self − other`.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when the lengths differ, or
  ///   ``TensorError/tooLarge(bytes:available:)``.
  public func subtracting(_ other: FloatVector) throws -> FloatVector { try combined(with: other, 1, -1, "-") }

  /// `scale·self`.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public func scaled(by scale: Double) throws -> FloatVector {
    try Cancellation.check()
    return try withPointer { a in
      nonisolated(unsafe) let a = a
      return try FloatVector(count: count) { out in
        nonisolated(unsafe) let out = out
        Parallel.ranges(count, grain: FloatVector.grain) { range in
          tvs_vector_scale(a + range.lowerBound, scale, out + range.lowerBound, range.count)
        }
      }
    }
  }

  /// Adds `scale·other` in place.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when the lengths differ.
  public mutating func add(_ other: FloatVector, scaled scale: Double = 1) throws {
    try requireSameCount(as: other, "+")
    let count = count
    try other.withPointer { b in
      nonisolated(unsafe) let b = b
      try withMutablePointer { a in
        nonisolated(unsafe) let a = a
        Parallel.ranges(count, grain: FloatVector.grain) { range in
          let start = range.lowerBound
          tvs_vector_combine(a + start, 1, b + start, scale, a + start, range.count)
        }
      }
    }
  }

  /// `self + scale·N(0, 1)`, element i taken from element i of the stream.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public func perturbed(by stream: RandomStream, scale: Double) throws -> FloatVector {
    try Cancellation.check()
    return try withPointer { base in
      try FloatVector(count: count) { stream.addGaussian(to: base, into: $0, count: count, scaled: Float(scale)) }
    }
  }

  private func combined(
    with other: FloatVector, _ mine: Double, _ theirs: Double, _ operation: String
  ) throws -> FloatVector {
    try requireSameCount(as: other, operation)
    try Cancellation.check()
    return try withPointer { a in
      try other.withPointer { b in
        nonisolated(unsafe) let (a, b) = (a, b)
        return try FloatVector(count: count) { out in
          nonisolated(unsafe) let out = out
          Parallel.ranges(count, grain: FloatVector.grain) { range in
            let start = range.lowerBound
            tvs_vector_combine(a + start, mine, b + start, theirs, out + start, range.count)
          }
        }
      }
    }
  }

  private func requireSameCount(as other: FloatVector, _ operation: String) throws(TensorError) {
    if count != other.count { throw .shapeMismatch(operation: operation, left: [count], right: [other.count]) }
  }
}
