import Tensors
import Transformers

/// Products with the Hessian of an objective at its point, by central differences of gradients:
/// Hv ≈ [g(θ+εv) − g(θ−εv)]/2ε.
///
/// Too short a step drowns in the rounding of float32, whose share grows like 1/ε; too long a one leaves the quadratic
/// part of the loss, with an error that grows like ε². ``sweeping(_:along:)`` looks for the place between.
public struct HessianProduct {
  /// Whose Hessian it is.
  public let objective: any Objective
  /// The step that is used for every vector.
  public let step: DifferenceStep

  /// Uses a step of a given length.
  ///
  /// - Throws: ``GeometryError/invalidOption(what:value:allowed:)`` unless the length is positive and finite.
  public init(_ objective: any Objective, step: DifferenceStep) throws(GeometryError) {
    guard step.length > 0, step.length.isFinite else {
      throw .invalidOption(what: "step", value: step.length, allowed: "above 0")
    }
    self.objective = objective
    self.step = step
  }

  /// Chooses the step by trying lengths along one vector: the one at which the product changes least from its
  /// predecessor. It takes up to 18 gradients, fewer when the errors of long steps begin to show.
  ///
  /// - Returns: the operator, and its product with the vector.
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` for a zero vector or when no length gives a finite
  ///   product, `TransformerError`, `TensorError`, `Interrupted`.
  public static func sweeping(
    _ objective: any Objective, along vector: FloatVector
  ) throws -> (product: HessianProduct, image: FloatVector) {
    let found = try DifferenceStep.sweep(
      pointNorm: objective.point.norm, operation: "hvp", what: "Hessian-vector product"
    ) { try HessianProduct(objective, step: DifferenceStep(length: $0)).times(vector) }
    return (try HessianProduct(objective, step: found.step), found.image)
  }

  /// H·v.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` for a vector of another space, or one that is zero or not
  ///   finite; `TransformerError`, `TensorError`, `Interrupted`.
  public func times(_ vector: FloatVector) throws -> FloatVector {
    guard vector.count == objective.space.count else {
      throw GeometryError.degenerate(
        operation: "hvp", reason: "a vector of \(vector.count) elements in a space of \(objective.space.count)")
    }
    let norm = vector.norm
    guard norm > 0, norm.isFinite else {
      throw GeometryError.degenerate(
        operation: "hvp", reason: norm == 0 ? "the displacement is zero" : "the displacement is not finite")
    }
    let epsilon = step.length / norm
    let point = objective.point
    let ahead = try objective.gradient(at: point.adding(vector, scaled: epsilon))
    let behind = try objective.gradient(at: point.adding(vector, scaled: -epsilon))
    return try Gram.combination([ahead, behind], coefficients: [0.5 / epsilon, -0.5 / epsilon])
  }

  /// ĝᵀHĝ for a unit multiple of a vector, from its image.
  static func rayleigh(_ vector: FloatVector, _ image: FloatVector) throws -> Double {
    let norm = vector.norm
    return try vector.dot(image) / (norm * norm)
  }
}
