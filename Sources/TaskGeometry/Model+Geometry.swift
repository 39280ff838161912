import Tensors
import Transformers

extension Model {
  /// The space in which this model's free weights move.
  public var parameterSpace: ParameterSpace {
    ParameterSpace(name: name, layout: freeLayout, frozenDigest: freeSpaceDigest)
  }

  /// θ − θ_origin, in the free weights.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`.
  public func displacement(from origin: Model) throws -> Displacement {
    let space = origin.parameterSpace
    try space.require(parameterSpace)
    return try Displacement(
      space: space, vector: freeWeights.subtracting(origin.freeWeights), origin: origin, destination: self)
  }

  /// θ + displacement.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`.
  public func moved(by displacement: Displacement, scale: Double = 1) throws -> Model {
    try parameterSpace.require(displacement.space)
    return try with(freeWeights: freeWeights.adding(displacement.vector, scaled: scale))
  }
}
