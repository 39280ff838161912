import Tensors

/// How much of a useful direction each dimension of a subspace holds: what decides which subspace is worth searching in.
///
/// For perturbations of length ρ on the sphere of an r-dimensional subspace U, the best of n gains ρ·‖P_U a‖·spheremax(n, r),
/// which for large r is ρ·(‖P_U a‖/√r)·emax(n): density, not mass (arXiv 2606.10929). Directions orthogonal to a only
/// raise r.
public struct SignalDensity: Sendable, Equatable {
  /// ‖a‖.
  public let norm: Double
  /// ‖P_U a‖.
  public let inside: Double
  /// r.
  public let dimension: Int
  /// D.
  public let ambient: Int

  /// Measures a direction against a subspace.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` for a zero vector,
  ///   ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public init(of a: Displacement, in subspace: Subspace) throws {
    norm = a.norm
    guard norm > 0 else { throw GeometryError.degenerate(operation: "signal_density", reason: "the vector is zero") }
    inside = min(norm, try subspace.coordinates(of: a).reduce(0) { $0 + $1 * $1 }.squareRoot())
    dimension = subspace.dimension
    ambient = subspace.ambient
  }

  /// ‖P_U a‖/√r.
  public var density: Double { inside / Double(dimension).squareRoot() }
  /// ‖P_U a‖²/r.
  public var energy: Double { density * density }
  /// ‖a‖/√D: the density of the whole space, and of a random subspace.
  public var isotropic: Double { norm / Double(ambient).squareRoot() }
  /// c = ‖P_U a‖/‖a‖.
  public var share: Double { inside / norm }
  /// c√(D/r): how many times as much as isotropic search a search in U gains at the same length.
  public var multiplier: Double { density / isotropic }

  /// The gain of the best of n for each unit of length: on the sphere of U exactly, and by the Gaussian estimate that
  /// overstates it when r is small.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public func gain(bestOf n: Int) throws(GeometryError) -> (sphere: Double, gaussian: Double, isotropic: Double) {
    let normal = try ExtremeValues.emax(n)
    return (inside * (try ExtremeValues.spheremax(n, dimension)), density * normal, isotropic * normal)
  }
}
