import Tensors
import Transformers

extension SteeringVector {
  /// The edits that put this vector into a model's activations.
  ///
  /// - Throws: `TransformerError`, `TensorError`.
  public func edits(
    scale: Double = 1, kind: SteeringEdit.Kind = .add, positions: SteeringEdit.Positions = .all
  ) throws -> [SteeringEdit] {
    try zip(points, layers).map { point, layer in
      try SteeringEdit(
        point: point, vector: FloatVector(layer.values), kind: kind, scale: scale, positions: positions)
    }
  }
}

extension Model {
  /// A copy whose activations are steered along a vector at each of its layers.
  ///
  /// - Throws: ``SteeringError`` when the vector is not one of this model, `TransformerError`, `TensorError`.
  public func steered(
    by vector: SteeringVector, scale: Double = 1, kind: SteeringEdit.Kind = .add,
    positions: SteeringEdit.Positions = .all
  ) throws -> Model {
    try vector.require(self)
    return try steered(by: vector.edits(scale: scale, kind: kind, positions: positions))
  }
}
