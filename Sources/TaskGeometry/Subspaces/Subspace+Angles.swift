import Foundation
import Tensors

extension Subspace {
  /// The cosines between the basis vectors of two subspaces, UᵀV = C_Uᵀ·(generatorsᵀ·generators)·C_V.
  func cosines(_ other: Subspace) throws -> SmallMatrix {
    try space.require(other.space)
    let cross = SmallMatrix(
      rows: generators.count, columns: other.generators.count, values: try Gram.cross(generators, other.generators))
    return coefficients.transposed * cross * other.coefficients
  }

  /// The principal angles between two subspaces in radians, smallest first; min(dim U, dim V) of them.
  ///
  /// Large ones come from the cosines, the singular values of UᵀV. Near zero a cosine says little (1 − θ²/2), so that
  /// small ones come from the sines, the singular values of (1 − P_U)V, as Björck and Golub advise.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func angles(_ other: Subspace) throws -> [Double] {
    if dimension < other.dimension { return try other.angles(self) }
    let cosines = try cosines(other)
    let singular = try cosines.singularValues()
    var angles = singular.map { acos(min(1, max(0, $0))) }
    // Half a right angle is where sine and cosine are equally good; the tiles are visited only if it pays.
    guard let smallest = angles.first, smallest < 0.1 else { return angles }
    let (own, theirs) = (BasisTiles(self), BasisTiles(other))
    let exact = try own.cross(theirs)
    let squares = try theirs.residualGram(outside: own, cosines: exact).symmetricEigen().values
    for (index, square) in squares.reversed().enumerated() where index < angles.count && angles[index] < Double.pi / 4 {
      angles[index] = asin(min(1, max(0, square).squareRoot()))
    }
    return angles.sorted()
  }

  /// The mean squared cosine of the principal angles, ‖UᵀV‖_F² / min(dim U, dim V).
  ///
  /// Chance is max(dim U, dim V)/D, which is r/D for two subspaces of one dimension.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func overlap(_ other: Subspace) throws -> Measure {
    let value = try cosines(other).squaredNorm / Double(max(1, min(dimension, other.dimension)))
    let chance = Chance.randomSubspace(dimension: max(dimension, other.dimension), ambient: ambient)
    return Measure(min(1, value), chance: chance.energy)
  }
}
