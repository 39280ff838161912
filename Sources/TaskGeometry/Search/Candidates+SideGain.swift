import Checkpoints
import Tensors
import Transformers
import Workers

/// What the best of some candidates does to other data: its gain there, beside what two linear losses would give.
///
/// Where both losses are linear, with gradients a and b, the winner of n gains ‖b‖·cos(a, b)/‖a‖ times what it gains on
/// its own data, and its spread on orthogonal data does not grow with n: selection does not look at them (arXiv
/// 2606.10929, theorem 1).
public struct SideGain: Sendable {
  /// One number of candidates.
  public struct Row: Sendable {
    /// How many candidates there are to choose from.
    public let count: Int
    /// The mean gain on the data of the search of the best of them, over all choices of so many of the candidates.
    public let gain: Double
    /// The mean gain of that candidate on the other data, with a 95 % bootstrap interval over candidates.
    public let side: Measure
    /// The standard deviation of its gain there.
    public let deviation: Double
    /// What linear losses would give; nil where a gradient is not known.
    public let predicted: (side: Double, deviation: Double)?
  }

  /// A row for each number of candidates.
  public let rows: [Row]
  /// The gain of each candidate on the other data.
  public let gains: [Double]
  /// The cosine of the two gradients, as far as they lie in what was searched.
  public let cosine: Double?
  /// The norm of the other gradient, as far as it lies in what was searched.
  public let gradientNorm: Double
}

extension Candidates {
  /// The default numbers of candidates: powers of two, and all.
  public var sizes: [Int] {
    var sizes: [Int] = []
    var size = 2
    while size < count {
      sizes.append(size)
      size *= 2
    }
    return sizes + [count]
  }

  /// Scores every candidate on other data and asks what the best of m of them does there.
  ///
  /// - Parameters:
  ///   - data: the other data.
  ///   - sizes: the numbers of candidates m.
  ///   - count: examples to score on.
  ///   - seed: which examples, and the resamples of the interval.
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` for a search of a function, for pairs of mirror images,
  ///   and when candidates overflow; ``GeometryError/outOfRange(what:value:allowed:)``, `TransformerError`,
  ///   `TensorError`, `TokenizerError`, `Interrupted`.
  public func sideGain(
    on data: any Dataset, sizes: [Int]? = nil, count examples: Int = 256, seed: UInt64 = 0
  ) throws -> SideGain {
    guard let source else {
      throw GeometryError.degenerate(operation: "sidegain", reason: "the candidates are not those of a model")
    }
    guard !perturbations.isAntithetic else {
      throw GeometryError.degenerate(
        operation: "sidegain", reason: "mirrored candidates are not independent draws; search without antithetic")
    }
    let sizes = sizes ?? self.sizes
    for size in sizes where size < 1 || size > count {
      throw GeometryError.outOfRange(what: "sizes", value: size, allowed: 1...count)
    }
    let set = try ScoringSet(data, for: source.model, count: examples, seed: seed)
    let side = try gains(on: set)
    guard side.allSatisfy(\.isFinite), gains.allSatisfy(\.isFinite) else {
      throw GeometryError.degenerate(
        operation: "sidegain", reason: "some candidates have no finite loss; take smaller perturbations")
    }
    func inside(_ gradient: FloatVector) throws -> [Double]? { try perturbations.subspace?.coordinates(of: gradient) }
    let (a, b) = (try source.selection.gradient(of: source.model), try set.gradient(of: source.model))
    let (norms, dot): ((Double, Double), Double)
    if let left = try inside(a), let right = try inside(b) {
      func product(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
      (norms, dot) = ((product(left, left).squareRoot(), product(right, right).squareRoot()), product(left, right))
    } else {
      (norms, dot) = ((a.norm, b.norm), try a.dot(b))
    }
    let cosine = norms.0 > 0 && norms.1 > 0 ? max(-1, min(1, dot / (norms.0 * norms.1))) : nil
    let order = gains.indices.sorted { (gains[$0], -$0) < (gains[$1], -$1) }
    let activity = Activity("sidegain", total: sizes.count)
    defer { activity.finish() }
    let rows = try sizes.map { size -> SideGain.Row in
      let (mean, square) = (
        OrderStatistics.atMaximum(order.map { side[$0] }, of: size),
        OrderStatistics.atMaximum(order.map { side[$0] * side[$0] }, of: size)
      )
      let interval = try Bootstrap.places(count, seed: seed) { places in
        let resampled = places.sorted { (gains[$0], -$0) < (gains[$1], -$1) }
        return OrderStatistics.atMaximum(resampled.map { side[$0] }, of: size)
      }
      try activity.advance()
      return SideGain.Row(
        count: size, gain: OrderStatistics.atMaximum(order.map { gains[$0] }, of: size),
        side: Measure(
          mean, low: interval?.lowerBound, high: interval?.upperBound, chance: 0, chanceModel: "orthogonal data"),
        deviation: max(0, square - mean * mean).squareRoot(),
        predicted: try prediction(size, norms.1, cosine))
    }
    return SideGain(rows: rows, gains: side, cosine: cosine, gradientNorm: norms.1)
  }

  /// The gain of every candidate on some examples.
  private func gains(on set: ScoringSet) throws -> [Double] {
    guard let source else { return [] }
    let base = try set.scores(of: source.model).evaluation.loss
    let prefix = FrozenPrefix(source.model)
    var walk = try PerturbedPoint(perturbations, around: source.model.freeWeights)
    let losses = try Team.current.collect("sidegain", count: count, loss: { $0 }) { index in
      try walk.move(to: index)
      return try set.scores(of: source.model.with(freeWeights: walk.point), sharing: prefix).evaluation.loss
    }
    return losses.map { base - $0 }
  }

  /// What linear losses would give: ``BestOfN/sideGain(norm:cosine:)``, with the exact factor of the sphere in its mean.
  private func prediction(_ n: Int, _ norm: Double, _ cosine: Double?) throws -> (side: Double, deviation: Double)? {
    guard let cosine else { return nil }
    let deviation: Double
    switch perturbations.length {
    case .deviation(let value): deviation = value
    // A coordinate of a point on the sphere has this deviation.
    case .norm(let norm): deviation = norm / Double(perturbations.dimension).squareRoot()
    case .deviations: return nil
    }
    let unit = LinearPrediction(
      gradientNorm: 1, length: perturbations.length, dimension: perturbations.dimension, isAntithetic: false)
    let linear = try BestOfN(sigma: deviation, gradientNorm: 1, n: n).sideGain(norm: norm, cosine: cosine)
    return (norm * cosine * (try unit.best(of: n)), linear.deviation)
  }
}
