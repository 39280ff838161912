import Checkpoints
import Foundation
import Tensors
import Transformers

/// What the order of two gradient steps changes: A then B less B then A, beside the Lie bracket that predicts it.
///
/// θ_AB − θ_BA = η·([g_A(θ − η·g_B) − g_A(θ)] − [g_B(θ − η·g_A) − g_B(θ)]) = η²·(H_B g_A − H_A g_B) + O(η³), which is
/// exact for quadratic losses (Piontkovskaia and Nikolenko, arXiv 2607.16821). The left side is taken from the
/// differences of gradients: in the difference of the weights it would drown in their rounding.
public struct OrderDefect {
  /// g_A and g_B at the common start.
  public let gradients: (a: FloatVector, b: FloatVector)
  /// H_B g_A − H_A g_B, by central differences of gradients.
  public let bracket: FloatVector
  /// ‖H_B g_A − H_A g_B‖/‖g_A + g_B‖: the relative defect is η·κ to first order.
  public let kappa: Double
  /// What rounding the weights to float32 does to the two gradients: ‖δg_A‖ and ‖δg_B‖ together.
  public let rounding: Double

  private let a, b: any Objective
  private let joint: Double

  /// One size of step.
  public struct Row: Sendable {
    /// η.
    public let eta: Double
    /// θ_AB − θ_BA.
    public let defect: FloatVector
    /// ‖θ_AB − θ_BA‖/(η‖g_A + g_B‖): the defect in units of the step that both make together.
    public let relative: Double
    /// η·κ.
    public let predicted: Double
    /// ‖θ_AB − θ_BA‖ over the length of its prediction; nil when none is predicted.
    public let ratio: Double?
    /// The cosine between the two; nil when one of them is zero.
    public let cosine: Double?
    /// The relative defect that rounding alone would give.
    public let floor: Double
  }

  /// The relative defect at which order is said to matter: the onset η† is where it is reached, 0.1/κ to first order.
  public static let threshold = 0.1

  /// Takes the gradients and the bracket: six gradients, and two more for the effect of rounding.
  ///
  /// - Parameters:
  ///   - a: the first loss, whose point is the common start.
  ///   - b: the second loss, at the same point.
  ///   - epsilon: the length of the differences relative to ‖θ‖.
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, ``GeometryError/degenerate(operation:reason:)`` when a
  ///   gradient or their sum is zero or not finite, `TransformerError`, `TensorError`, `Interrupted`.
  public init(_ a: any Objective, _ b: any Objective, epsilon: Double = 1e-4) throws {
    try a.space.require(b.space)
    let activity = Activity("bracket", total: 8)
    defer { activity.finish() }
    let weights = a.point
    func gradient(_ objective: any Objective, _ x: FloatVector) throws -> FloatVector {
      let value = try objective.gradient(at: x)
      try activity.advance()
      return value
    }
    let (ga, gb) = (try gradient(a, weights), try gradient(b, weights))
    let joint = try ga.adding(gb).norm
    guard ga.norm > 0, gb.norm > 0, joint > 0, joint.isFinite else {
      throw GeometryError.degenerate(
        operation: "bracket", reason: "a gradient, or the sum of the two, is zero or not a finite number")
    }
    let step = DifferenceStep(length: epsilon * max(weights.norm, 1e-3))
    func product(_ objective: any Objective, _ direction: FloatVector) throws -> FloatVector {
      let image = try HessianProduct(objective, step: step).times(direction)
      try activity.advance(by: 2)
      return image
    }
    bracket = try product(b, ga).subtracting(product(a, gb))
    // Every weight is moved by up to one unit in its last place: about what rounding does at worst.
    let stream = RandomStream(seed: 0, purpose: "rounding")
    var rounded = try FloatVector(count: weights.count) {
      stream.fillUniform($0, count: weights.count, low: -1, high: 1)
    }
    let count = weights.count
    try weights.withPointer { weights in
      try rounded.withMutablePointer { out in
        nonisolated(unsafe) let (weights, out) = (weights, out)
        Parallel.ranges(count, grain: 1 << 15) { range in
          for index in range { out[index] = weights[index] * (1 + out[index] * 0x1p-23) }
        }
      }
    }
    let (da, db) = (
      try gradient(a, rounded).subtracting(ga).norm, try gradient(b, rounded).subtracting(gb).norm
    )
    rounding = (da * da + db * db).squareRoot()
    gradients = (ga, gb)
    kappa = bracket.norm / joint
    self.joint = joint
    (self.a, self.b) = (a, b)
  }

  /// η† = 0.1/κ; nil when the steps commute.
  public var predictedOnset: Double? { kappa > 0 ? OrderDefect.threshold / kappa : nil }

  /// Makes both pairs of steps: two gradients.
  ///
  /// - Throws: ``GeometryError/invalidOption(what:value:allowed:)`` for an η that is not positive, `TransformerError`,
  ///   `TensorError`, `Interrupted`.
  public func row(eta: Double) throws -> Row {
    guard eta > 0, eta.isFinite else {
      throw GeometryError.invalidOption(what: "eta", value: eta, allowed: "above 0")
    }
    try Cancellation.check()
    let first = try a.gradient(at: a.point.adding(gradients.b, scaled: -eta)).subtracting(gradients.a)
    let second = try b.gradient(at: a.point.adding(gradients.a, scaled: -eta)).subtracting(gradients.b)
    let difference = try first.subtracting(second)
    let (length, expected) = (difference.norm, eta * bracket.norm)
    let product = try difference.dot(bracket)
    let lengths = length * bracket.norm
    return Row(
      eta: eta, defect: try difference.scaled(by: eta), relative: length / joint, predicted: eta * kappa,
      ratio: expected > 0 ? length / expected : nil,
      cosine: lengths > 0 ? max(-1, min(1, product / lengths)) : nil, floor: rounding / joint)
  }

  /// Step sizes from a hundredth of the onset to ten times it, two a decade; 10⁻³ stands in for the onset when the steps
  /// commute.
  public var defaultEtas: [Double] {
    let onset = predictedOnset ?? 1e-3
    return (-4...2).map { onset * pow(10, Double($0) / 2) }
  }

  /// The slope of the logarithm of the relative defect over that of η, by least squares on the rows that stand clear of
  /// rounding and below the onset: 1 where the bracket rules. Nil with fewer than two such rows.
  public static func slope(_ rows: [Row]) -> Double? {
    let clear = rows.filter { $0.relative > 10 * $0.floor && $0.relative < threshold }
    return Linearity.slope(clear.map { ($0.eta, $0.relative) })
  }

  /// The same slope between two rows; nil when they have one η or no defect.
  public static func slope(from left: Row, to right: Row) -> Double? {
    guard left.eta != right.eta, left.relative > 0, right.relative > 0 else { return nil }
    return log(right.relative / left.relative) / log(right.eta / left.eta)
  }

  /// The η at which the measured relative defect first reaches 0.1, interpolated between logarithms; nil when no two
  /// neighbouring rows enclose it.
  public static func onset(_ rows: [Row]) -> Double? {
    let rows = rows.sorted { $0.eta < $1.eta }
    for (left, right) in zip(rows, rows.dropFirst())
    where left.relative < threshold && right.relative >= threshold && left.relative > 0 {
      let share = log(threshold / left.relative) / log(right.relative / left.relative)
      return left.eta * pow(right.eta / left.eta, share)
    }
    return nil
  }
}
