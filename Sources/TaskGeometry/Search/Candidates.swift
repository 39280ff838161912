import Foundation
import Tensors
import Transformers

/// The outcome of a random search: the perturbations by number, and what each of them gained.
public struct Candidates: Sendable {
  /// How the candidates are made again.
  public let perturbations: Perturbations
  /// The score of the point around which was searched.
  public let base: CandidateScore
  /// The score of each candidate.
  public let scores: [CandidateScore]
  /// base loss − candidate's loss: positive is better; −∞ where the loss overflowed.
  public let gains: [Double]
  /// The number of the best candidate; the first of equals.
  public let winner: Int
  /// The norm of the gradient, as far as it lies in what was searched; nil where it is not known.
  public let gradientNorm: Double?
  /// The model and the examples; nil for a search of a function.
  public var source: Source?

  /// What a search of a model was made of.
  public struct Source: Sendable {
    /// The model around which was searched.
    public let model: Model
    /// The examples on which candidates were scored.
    public let selection: ScoringSet
    /// The examples on which the winner was scored again.
    public let fresh: ScoringSet
    /// The model on the fresh examples.
    public let freshBase: ScoringSet.Scores
    /// The winner on the fresh examples.
    public let freshWinner: ScoringSet.Scores
  }

  /// Puts an outcome together.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when there is no candidate or none has a finite loss.
  public init(
    _ perturbations: Perturbations, base: CandidateScore, scores: [CandidateScore], gradientNorm: Double? = nil
  ) throws(GeometryError) {
    self.perturbations = perturbations
    self.base = base
    self.scores = scores
    self.gradientNorm = gradientNorm
    let gains = scores.map { $0.loss.isFinite ? base.loss - $0.loss : -.infinity }
    self.gains = gains
    guard let best = gains.max(), best.isFinite, let winner = gains.firstIndex(of: best) else {
      throw .degenerate(operation: "search", reason: "no candidate has a finite loss; take smaller perturbations")
    }
    self.winner = winner
  }

  /// How many candidates there are, n.
  public var count: Int { scores.count }

  /// Candidate number `index`, made again.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TensorError`, `Interrupted`.
  public func displacement(_ index: Int) throws -> Displacement {
    guard scores.indices.contains(index) else {
      throw GeometryError.outOfRange(what: "index", value: index, allowed: 0...max(0, count - 1))
    }
    return try perturbations.displacement(index, origin: source?.model)
  }

  /// What the search would give if the loss were linear; nil where the gradient is not known.
  public var prediction: LinearPrediction? {
    gradientNorm.map {
      LinearPrediction(
        gradientNorm: $0, length: perturbations.length, dimension: perturbations.dimension,
        isAntithetic: perturbations.isAntithetic)
    }
  }

  /// The numbers of the k best candidates, best first.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public func top(_ k: Int) throws(GeometryError) -> [Int] {
    guard k >= 1, k <= count else { throw .outOfRange(what: "k", value: k, allowed: 1...count) }
    return Array(gains.indices.sorted { (-gains[$0], $0) < (-gains[$1], $1) }.prefix(k))
  }

  /// The independent draws: candidates, or pairs of mirror images.
  var units: [Range<Int>] {
    let size = perturbations.isAntithetic ? 2 : 1
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// How many candidates had no finite loss.
  public var overflowed: Int { gains.count { !$0.isFinite } }
}

// MARK: - Gains

extension Candidates {
  /// The mean gain of those with a finite loss, with a 95 % interval from the spread between independent draws. Where the
  /// loss is linear it is 0; curvature makes it −½σ²·tr H.
  public var mean: Measure {
    let means = units.compactMap { unit -> Double? in
      let finite = gains[unit].filter(\.isFinite)
      return finite.isEmpty ? nil : finite.reduce(0, +) / Double(finite.count)
    }
    let mean = means.reduce(0, +) / Double(max(1, means.count))
    guard means.count > 1 else { return Measure(mean, chance: 0, chanceModel: "linear loss") }
    let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count - 1)
    return Measure(
      mean, margin: 1.959963984540054 * (variance / Double(means.count)).squareRoot(), chance: 0,
      chanceModel: "linear loss")
  }

  /// The standard deviation of the gains with a finite loss; nil for fewer than two.
  public var deviation: Double? {
    let finite = gains.filter(\.isFinite)
    guard finite.count > 1 else { return nil }
    let mean = finite.reduce(0, +) / Double(finite.count)
    return (finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(finite.count - 1)).squareRoot()
  }

  /// The share of candidates that gain more than a margin, with Wilson's 95 % interval, beside the share that a linear
  /// loss would give, Φ(−margin/(σ‖g‖)): ½ at margin 0. A measured share away from ½ there is curvature.
  ///
  /// - Parameter deviation: counts only the candidates of this deviation, where several were searched; nil for all.
  /// - Throws: ``GeometryError/invalidOption(what:value:allowed:)`` for a deviation that no candidate has.
  public func density(above margin: Double, deviation: Double? = nil) throws(GeometryError) -> Measure {
    let chosen = gains.indices.filter { deviation == nil || perturbations.deviation(of: $0) == deviation }
    if chosen.isEmpty {
      throw .invalidOption(what: "sigma", value: deviation ?? 0, allowed: "one of those that were searched")
    }
    var linear = prediction
    if let deviation, let norm = gradientNorm {
      linear = LinearPrediction(
        gradientNorm: norm, length: .deviation(deviation), dimension: perturbations.dimension,
        isAntithetic: perturbations.isAntithetic)
    }
    let better = chosen.count { gains[$0] > margin }
    let interval = Proportion.interval(better, of: chosen.count)
    return Measure(
      Double(better) / Double(chosen.count), low: interval.lowerBound, high: interval.upperBound,
      chance: linear?.density(above: margin), chanceModel: linear == nil ? nil : "linear loss")
  }

  /// The expected gain of the best of m of these candidates: the mean over all choices of m of them, with a 95 % interval
  /// from the smoothed bootstrap. For m = n that is the gain of the best.
  ///
  /// A plain bootstrap never exceeds the largest gain there is, so that its interval lies below it; normal noise of
  /// Silverman's width on each resampled gain, with the variance kept, fills the tail (Efron and Tibshirani, An
  /// Introduction to the Bootstrap, 1993, section 16.4).
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, ``GeometryError/invalidOption(what:value:allowed:)``
  ///   for an odd number of candidates that come in pairs, `Interrupted`.
  public func best(of m: Int, seed: UInt64 = 0) throws -> Measure {
    guard m >= 1, m <= count else { throw GeometryError.outOfRange(what: "sizes", value: m, allowed: 1...count) }
    let isPaired = perturbations.isAntithetic
    if isPaired, m % 2 == 1, m != count {
      throw GeometryError.invalidOption(
        what: "sizes", value: Double(m), allowed: "at an even number, since the candidates come in pairs")
    }
    let draws = units.map { gains[$0].max() ?? -.infinity }
    let size = isPaired ? (m + 1) / 2 : m
    let value = OrderStatistics.atMaximum(draws.sorted(), of: size)
    let finite = draws.filter(\.isFinite)
    guard finite.count > 2, finite.count == draws.count else { return Measure(value) }
    let interval = try Bootstrap.smoothed(draws, seed: seed) { OrderStatistics.atMaximum($0, of: size) }
    return Measure(value, low: interval.lowerBound, high: interval.upperBound)
  }

  /// The gain of the winner on examples on which it was not chosen, with a 95 % interval from the spread between examples;
  /// nil for a search of a function.
  public var freshGain: Measure? {
    guard let source else { return nil }
    let (before, after) = (source.freshBase, source.freshWinner)
    let total = Double(max(1, before.tokens.reduce(0, +)))
    let differences = zip(before.losses, after.losses).map { $0 - $1 }
    let gain = differences.reduce(0, +) / total
    // A ratio of two sums over examples, so that its error follows from how far each example is from the ratio.
    let spread = zip(differences, before.tokens).reduce(0.0) { sum, item in
      let residual = item.0 - gain * Double(item.1)
      return sum + residual * residual
    }
    return Measure(gain, margin: 1.959963984540054 * spread.squareRoot() / total, chance: 0, chanceModel: "no effect")
  }
}

/// Sums over sorted samples.
enum OrderStatistics {
  /// The mean, over all choices of m of N things in ascending order of rank, of the number that belongs to the highest:
  /// Σ C(i−1, m−1)/C(N, m)·x_(i). Of sorted numbers it is the expected maximum of m.
  static func atMaximum(_ ranked: [Double], of m: Int) -> Double {
    var weight = Double(m) / Double(ranked.count)
    var sum = 0.0
    for index in stride(from: ranked.count, through: max(1, m), by: -1) {
      if weight > 0 { sum += weight * ranked[index - 1] }
      guard index > 1 else { break }
      weight *= Double(index - m) / Double(index - 1)
      // What is left is below the rounding of the sum.
      if weight < 1e-300 { break }
    }
    return sum
  }
}
