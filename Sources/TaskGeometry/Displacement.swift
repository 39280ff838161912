import Tensors
import Transformers

/// A vector in a model's free-parameter space: the difference of two models, a step, a gradient, a perturbation.
public struct Displacement: Sendable {
  /// Where it lives.
  public let space: ParameterSpace
  /// Its D elements.
  public let vector: FloatVector
  /// The model it starts from, if it is known: what a product view of an adapter needs.
  public var origin: Model?
  /// The model it leads to, if it is the difference of two models.
  public var destination: Model?
  /// Which steps of which run it sums, if it does: what a capture needs in order to know what chance would give.
  public var path: RunPath?

  /// A vector of a space.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when the vector has not as many elements as the space.
  public init(
    space: ParameterSpace, vector: FloatVector, origin: Model? = nil, destination: Model? = nil, path: RunPath? = nil
  ) throws(GeometryError) {
    guard vector.count == space.count else {
      throw .degenerate(
        operation: "displacement", reason: "a vector of \(vector.count) elements in a space of \(space.count)")
    }
    self.space = space
    self.vector = vector
    self.origin = origin
    self.destination = destination
    self.path = path
  }
}

// MARK: - Arithmetic

extension Displacement {
  /// The sum. The origin is kept when both start from the same model or only one knows it.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, ``TensorError``.
  public func adding(_ other: Displacement) throws -> Displacement { try combined(with: other, 1) }

  /// The difference.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, ``TensorError``.
  public func subtracting(_ other: Displacement) throws -> Displacement { try combined(with: other, -1) }

  /// `factor` times the vector.
  ///
  /// - Throws: ``TensorError`` when memory does not suffice.
  public func scaled(by factor: Double) throws -> Displacement {
    // A multiple of a run's displacement has the same direction, so that chance still knows its path.
    try Displacement(
      space: space, vector: vector.scaled(by: factor), origin: origin,
      path: factor == 0 ? nil : path?.scaled(by: factor))
  }

  private func combined(with other: Displacement, _ sign: Double) throws -> Displacement {
    try space.require(other.space)
    let origin: Model?
    switch (self.origin, other.origin) {
    case (let left?, let right?): origin = left.digest == right.digest ? left : nil
    case (let left, let right): origin = left ?? right
    }
    return try Displacement(space: space, vector: vector.adding(other.vector, scaled: sign), origin: origin)
  }
}

// MARK: - Measures

extension Displacement {
  /// The inner product, accumulated in double.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``.
  public func dot(_ other: Displacement) throws -> Double {
    try space.require(other.space)
    return try vector.dot(other.vector)
  }

  /// ‖x‖².
  public var squaredNorm: Double { norm * norm }

  /// ‖x‖.
  public var norm: Double { vector.norm }

  /// The cosine of the angle between two vectors; two random ones of D dimensions have about ±1/√D.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, ``GeometryError/degenerate(operation:reason:)`` for a
  ///   zero vector.
  public func cosine(_ other: Displacement) throws -> Double {
    let product = try dot(other)
    let lengths = norm * other.norm
    guard lengths > 0 else { throw GeometryError.degenerate(operation: "cos", reason: "one of the vectors is zero") }
    return max(-1, min(1, product / lengths))
  }
}

// MARK: - Blocks

extension Displacement {
  /// The same vector with everything outside a block set to zero, such as `blocks.2` or `blocks.2.attn`.
  ///
  /// - Throws: `TransformerError.unknownSegment` for a block that the space does not have, ``TensorError``.
  public func restricted(to block: String) throws -> Displacement {
    let range = try space.layout.range(under: block)
    var result = try FloatVector(zeros: vector.count)
    try result.withMutablePointer { out in
      vector.withPointer { (out + range.lowerBound).update(from: $0 + range.lowerBound, count: range.count) }
    }
    return try Displacement(space: space, vector: result, origin: origin)
  }

  /// The share of ‖x‖² in each block of the layout, largest first; the shares add up to 1. All are 0 for a zero vector.
  public var blockShares: [(block: String, share: Double)] {
    let total = squaredNorm
    let shares = space.layout.blocks.map { block -> (block: String, share: Double) in
      guard total > 0, let range = try? space.layout.range(under: block) else { return (block, 0) }
      return (block, vector.squaredNorm(in: range) / total)
    }
    return shares.sorted { $0.share > $1.share }
  }
}

extension FloatVector {
  /// Σ x² over a stretch of the elements, accumulated in double.
  func squaredNorm(in range: Range<Int>) -> Double {
    withPointer { base in
      // Four sums, so that one addition need not wait for the last.
      var sums = SIMD4<Double>(repeating: 0)
      let end = range.lowerBound + range.count / 4 * 4
      for index in stride(from: range.lowerBound, to: end, by: 4) {
        let x = SIMD4<Double>(
          Double(base[index]), Double(base[index + 1]), Double(base[index + 2]), Double(base[index + 3]))
        sums += x * x
      }
      var sum = sums.sum()
      for index in end..<range.upperBound { sum += Double(base[index]) * Double(base[index]) }
      return sum
    }
  }
}
