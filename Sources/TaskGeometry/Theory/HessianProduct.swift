import Foundation
import Checkpoints
import Tensors
import Transformers

/// How far apart the two gradients of a Hessian-vector product are taken, and how that was decided.
public struct DifferenceStep: Sendable, Equatable {
  /// ‖εv‖: half the distance between the two points.
  public var length: Double
  /// How much the product changed, relative to its length, when the step became so long from the next shorter one:
  /// about the relative error of the product. Nil when the length was given.
  public var error: Double?
  /// All that were tried, in order.
  public var trials: [Trial]

  /// One length that was tried.
  public struct Trial: Sendable, Equatable {
    /// ‖εv‖.
    public var length: Double
    /// ‖Hv − Hv before‖/‖Hv‖; nil for the first.
    public var change: Double?
  }

  /// A length without a decision.
  public init(length: Double, error: Double? = nil, trials: [Trial] = []) {
    self.length = length
    self.error = error
    self.trials = trials
  }
}

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

  /// Lengths of the sweep over ‖θ‖: half decades from 10⁻⁵ to 10⁻¹.
  private static let lengths = stride(from: -5.0, through: -1, by: 0.5).map { pow(10, $0) }

  /// Chooses the step by trying lengths along one vector: the one at which the product changes least from its
  /// predecessor. It takes up to 18 gradients, fewer when the errors of long steps begin to show.
  ///
  /// - Returns: the operator, and its product with the vector.
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` for a zero vector or when no length gives a finite
  ///   product, `TransformerError`, `TensorError`, `Interrupted`.
  public static func sweeping(
    _ objective: any Objective, along vector: FloatVector
  ) throws -> (product: HessianProduct, image: FloatVector) {
    let size = objective.point.norm
    let activity = Activity("epsilon sweep", total: lengths.count)
    defer { activity.finish() }
    var trials: [DifferenceStep.Trial] = []
    var previous: FloatVector?
    var best: (length: Double, change: Double, image: FloatVector)?
    for relative in lengths {
      let length = relative * (size > 0 ? size : 1)
      let image: FloatVector
      do {
        image = try HessianProduct(objective, step: DifferenceStep(length: length)).times(vector)
      } catch TransformerError.notFinite where best != nil {
        break
      }
      let norm = image.norm
      guard norm.isFinite else { break }
      var change: Double?
      if let previous {
        let difference = try image.subtracting(previous).norm
        change = norm > 0 ? difference / norm : (difference > 0 ? .infinity : 0)
      }
      trials.append(DifferenceStep.Trial(length: length, change: change))
      previous = image
      try activity.advance()
      guard let change else { continue }
      // On equal terms the longer step has the smaller rounding.
      if change <= best?.change ?? .infinity {
        best = (length, change, image)
      } else if let best, best.change < 0.1, change > 10 * best.change {
        break
      }
    }
    guard let best else {
      throw GeometryError.degenerate(
        operation: "hvp", reason: "no length of step gives a finite Hessian-vector product")
    }
    let step = DifferenceStep(length: best.length, error: best.change, trials: trials)
    return (try HessianProduct(objective, step: step), best.image)
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
