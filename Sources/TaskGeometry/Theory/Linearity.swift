import Checkpoints
import Foundation
import Tensors

/// Where the loss around a point is a straight line, where curvature takes over, and where float32 can tell neither.
///
/// For directions u, F1 = [L(θ+σu) − L(θ−σu)]/2 is odd in σ and F2 = [L(θ+σu) + L(θ−σu) − 2L(θ)]/2 even: σgᵀu and
/// ½σ²uᵀHu to leading order. Both are compared with what the gradient and products with the Hessian along the very same
/// directions predict.
public struct Linearity: Sendable {
  /// One row a scale, ascending.
  public let rows: [Row]
  /// ‖g‖.
  public let gradientNorm: Double
  /// uᵀHu from products with the Hessian: for Gaussian directions its mean is tr H.
  public let curvature: Measure
  /// The deviation of the loss when every weight moves by one unit in its last place: what float32 cannot tell from
  /// nothing.
  public let lossFloor: Double
  /// The slope of log F1 over log σ from the linear rows, and of log |F2| from the rows that are not mostly curved, as far
  /// as these stand ten times above the floor; nil for fewer than two such rows. A line and a parabola have 1 and 2.
  public let slopes: (first: Double?, second: Double?)
  /// σ× as measured: where |F2| becomes as large as F1; nil when it does not within the scales.
  public let crossover: Double?
  /// σ× = 2·rms(gᵀu)/|mean uᵀHu|, for many Gaussian directions 2‖g‖/|tr H|.
  public let predictedCrossover: Double
  /// The scales at which the loss is linear.
  public let window: ClosedRange<Double>?
  /// The step of the differences behind ``curvature``.
  public let step: DifferenceStep

  /// What rules at a scale.
  public enum Regime: String, Sendable {
    /// F1 is less than three times the floor: float32 noise.
    case floor
    /// F1 is within 10 % of its prediction, and |F2| at most a tenth of it.
    case linear
    /// Neither linear nor mostly curved.
    case mixed
    /// |F2| exceeds F1.
    case curved
    /// The loss is not a finite number there.
    case infinite
  }

  /// One scale.
  public struct Row: Sendable {
    /// σ.
    public let sigma: Double
    /// The root mean square of F1 over the directions, and what the gradient predicts.
    public let first, predictedFirst: Double
    /// The mean of F2, and what the Hessian predicts.
    public let second, predictedSecond: Double
    /// What float32 alone gives for F1 and for F2.
    public let firstFloor, secondFloor: Double
    /// What rules here.
    public let regime: Regime

    /// |F2|/F1.
    public var ratio: Double { abs(second) / first }
  }

  /// Probes the loss.
  ///
  /// - Parameters:
  ///   - sigmas: the scales, positive. For Gaussian directions σ is the deviation of a coordinate.
  ///   - directions: how many Gaussian directions.
  ///   - along: probes this one direction instead, scaled to unit length: σ is then the length of the step.
  ///   - seed: of the directions.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    of objective: any Objective, sigmas: [Double], directions: Int, along: Displacement? = nil, seed: UInt64
  ) throws {
    let sigmas = try Linearity.checked(sigmas)
    guard directions >= 1, directions <= 1 << 16 else {
      throw GeometryError.outOfRange(what: "n", value: directions, allowed: 1...(1 << 16))
    }
    if let along {
      try objective.space.require(along.space)
      guard along.norm > 0 else {
        throw GeometryError.degenerate(operation: "linearity", reason: "the direction is zero")
      }
    }
    let count = along == nil ? directions : 1
    let activity = Activity("linearity", total: count * (sigmas.count + 1))
    defer { activity.finish() }

    let point = objective.point
    let gradient = try objective.gradient(at: point)
    gradientNorm = gradient.norm
    let base = try objective.loss(at: point)
    let lossFloor = try Linearity.floor(objective, seed: seed)
    self.lossFloor = lossFloor

    var product: HessianProduct?
    var step = DifferenceStep(length: 0)
    var slopes: [Double] = []
    var curvatures: [Double] = []
    var squares = [Double](repeating: 0, count: sigmas.count)
    var evens = [Double](repeating: 0, count: sigmas.count)
    for index in 0..<count {
      let direction =
        try along.map { try $0.vector.scaled(by: 1 / $0.norm) }
        ?? HessianTrace.Probe.gaussian.vector(index, count: point.count, seed: seed)
      let image: FloatVector
      if let product {
        image = try product.times(direction)
      } else {
        let (swept, first) = try HessianProduct.sweeping(objective, along: direction)
        (product, image, step) = (swept, first, swept.step)
      }
      slopes.append(try direction.dot(gradient))
      curvatures.append(try direction.dot(image))
      try activity.advance()
      for (place, sigma) in sigmas.enumerated() {
        let up = try objective.loss(at: point.adding(direction, scaled: sigma))
        let down = try objective.loss(at: point.adding(direction, scaled: -sigma))
        let first = 0.5 * (up - down)
        squares[place] += first * first / Double(count)
        evens[place] += 0.5 * ((up - base) + (down - base)) / Double(count)
        try activity.advance()
      }
    }
    self.step = step
    curvature = Measure(meanOf: curvatures)
    let slope = (slopes.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot()
    let bend = curvatures.reduce(0, +) / Double(count)
    predictedCrossover = bend == 0 ? .infinity : 2 * slope / abs(bend)
    // Each loss carries the noise s. F1 is half the difference of two; the losses at θ±σu of F2 average over the
    // directions, the one at θ does not.
    let firstFloor = lossFloor / 2.0.squareRoot()
    let secondFloor = lossFloor * (1 + 0.5 / Double(count)).squareRoot()
    rows = sigmas.enumerated().map { place, sigma in
      let (first, second) = (squares[place].squareRoot(), evens[place])
      let predicted = sigma * slope
      let regime: Regime
      if !(first.isFinite && second.isFinite) {
        regime = .infinite
      } else if first <= 3 * firstFloor {
        regime = .floor
      } else if abs(second) > first {
        regime = .curved
      } else {
        // Where F2 is nothing but noise it says nothing against the line.
        let bent = abs(second) > 3 * secondFloor && abs(second) > 0.1 * first
        regime = !bent && abs(first / predicted - 1) <= 0.1 ? .linear : .mixed
      }
      return Row(
        sigma: sigma, first: first, predictedFirst: predicted, second: second,
        predictedSecond: 0.5 * sigma * sigma * bend, firstFloor: firstFloor, secondFloor: secondFloor, regime: regime)
    }
    let straight = rows.filter { $0.regime == .linear && $0.first > 10 * $0.firstFloor }
    let clean = rows.filter { ($0.regime == .linear || $0.regime == .mixed) && abs($0.second) > 10 * $0.secondFloor }
    self.slopes = (
      Linearity.slope(straight.map { ($0.sigma, $0.first) }), Linearity.slope(clean.map { ($0.sigma, abs($0.second)) })
    )
    crossover = Linearity.crossing(rows.filter { $0.regime != .floor && $0.regime != .infinite })
    let linear = rows.filter { $0.regime == .linear }.map(\.sigma)
    window = linear.first.flatMap { first in linear.last.map { first...$0 } }
  }

  private static func checked(_ sigmas: [Double]) throws(GeometryError) -> [Double] {
    guard !sigmas.isEmpty, sigmas.count <= 1024 else {
      throw .degenerate(operation: "linearity", reason: "there are \(sigmas.count) sigmas; it takes from 1 to 1,024")
    }
    for sigma in sigmas where !(sigma > 0 && sigma.isFinite) {
      throw .invalidOption(what: "sigmas", value: sigma, allowed: "above 0")
    }
    return Set(sigmas).sorted()
  }

  /// The deviation of the loss over points whose weights differ from θ by one unit in the last place, up or down at
  /// random. It holds the rounding of θ+σu to float32 as well as that of the arithmetic.
  private static func floor(_ objective: any Objective, seed: UInt64) throws -> Double {
    let count = objective.point.count
    let stream = RandomStream(seed: seed, purpose: "last place")
    let losses = try (0..<8).map { index -> Double in
      try Cancellation.check()
      var moved = objective.point
      try moved.withMutablePointer { weights in
        let part = 4096
        let signs = UnsafeMutablePointer<Float>.allocate(capacity: part)
        defer { signs.deallocate() }
        for start in stride(from: 0, to: count, by: part) {
          let length = min(part, count - start)
          stream.substream(UInt64(index)).fillUniform(signs, count: length, from: UInt64(start), low: -1, high: 1)
          for offset in 0..<length {
            let weight = weights[start + offset]
            weights[start + offset] = signs[offset] < 0 ? weight.nextDown : weight.nextUp
          }
        }
      }
      return try objective.loss(at: moved)
    }
    let mean = losses.reduce(0, +) / Double(losses.count)
    return (losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(losses.count - 1)).squareRoot()
  }

  /// The least-squares slope in logarithms; nil for fewer than two points.
  static func slope(_ points: [(x: Double, y: Double)]) -> Double? {
    let logs = points.filter { $0.y > 0 }.map { (x: log($0.x), y: log($0.y)) }
    guard logs.count > 1 else { return nil }
    let n = Double(logs.count)
    let (x, y) = (logs.reduce(0) { $0 + $1.x } / n, logs.reduce(0) { $0 + $1.y } / n)
    let spread = logs.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
    return spread > 0 ? logs.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread : nil
  }

  /// Where |F2|/F1 first passes 1, between two rows along a straight line in logarithms.
  private static func crossing(_ rows: [Row]) -> Double? {
    for (before, after) in zip(rows, rows.dropFirst()) where before.ratio < 1 && after.ratio >= 1 {
      guard before.ratio > 0 else { return after.sigma }
      let share = -log(before.ratio) / (log(after.ratio) - log(before.ratio))
      return before.sigma * pow(after.sigma / before.sigma, share)
    }
    return nil
  }
}
