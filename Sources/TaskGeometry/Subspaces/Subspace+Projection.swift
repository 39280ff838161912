import Tensors
import Transformers

extension Subspace {
  /// The coordinates of a vector's projection in the orthonormal basis: `Cᵀ·(generatorsᵀ·x)`.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func coordinates(of x: Displacement) throws -> [Double] {
    try space.require(x.space)
    return try coordinates(of: x.vector)
  }

  func coordinates(of vector: FloatVector) throws -> [Double] {
    coefficients.transposed.times(try Gram.products(generators, with: vector))
  }

  /// The vector that has these coordinates.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when there are not r of them, `TensorError`,
  ///   `Interrupted`.
  public func vector(at coordinates: [Double]) throws -> FloatVector {
    guard coordinates.count == dimension else {
      throw GeometryError.degenerate(
        operation: "project", reason: "\(coordinates.count) coordinates in a subspace of dimension \(dimension)")
    }
    return try Gram.combination(generators, coefficients: coefficients.times(coordinates))
  }

  /// The part of a vector inside the subspace and the part outside.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func projection(of x: Displacement) throws -> Projection {
    let coordinates = try coordinates(of: x)
    let inside = try Displacement(space: space, vector: vector(at: coordinates), origin: x.origin)
    return Projection(
      inside: inside, outside: try x.subtracting(inside), coordinates: coordinates, squaredNorm: x.squaredNorm,
      chance: chance(for: x), driftNoise: driftNoiseEnergy(for: x))
  }

  /// The displacement of a model from the origin of this subspace.
  ///
  /// - Throws: ``GeometryError/noOrigin(operation:)``, ``GeometryError/spaceMismatch(left:right:)``, `TensorError`.
  public func displacement(to model: Model) throws -> Displacement {
    try space.require(model.parameterSpace)
    guard let origin else { throw GeometryError.noOrigin(operation: "project") }
    return try model.displacement(from: origin)
  }

  /// Whether a vector lies inside, up to `tolerance` times its length.
  ///
  /// - Parameter tolerance: the largest ‖outside‖/‖x‖ that counts as nothing; ``resolution`` if it is nil.
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func contains(_ x: Displacement, tolerance: Double? = nil) throws -> Bool {
    let projection = try projection(of: x)
    return projection.outside.norm <= (tolerance ?? resolution) * x.norm
  }
}

/// A vector split by a subspace.
public struct Projection: Sendable {
  /// The part in the subspace.
  public let inside: Displacement
  /// The part orthogonal to it.
  public let outside: Displacement
  /// The part inside, in the orthonormal basis.
  public let coordinates: [Double]
  /// ‖x‖².
  public let squaredNorm: Double
  /// What chance would give.
  public let chance: Chance
  /// The energy that a constant drift seen through independent noise would give, if the vector is a run's displacement
  /// and the subspace its first steps (``DriftNoise``).
  public let driftNoise: Double?

  /// ‖inside‖²/‖x‖²; 0 for the zero vector, of which every subspace holds everything and nothing.
  public var energy: Double {
    squaredNorm > 0 ? min(1, coordinates.reduce(0) { $0 + $1 * $1 } / squaredNorm) : 0
  }

  /// ‖inside‖/‖x‖.
  public var share: Double { energy.squareRoot() }
}
