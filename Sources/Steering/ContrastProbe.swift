import Checkpoints
import TaskGeometry
import Tensors

/// How well a direction tells the sides of pairs apart that it was not fitted on, beside what shuffled labels give.
public struct ProbeScore: Sendable, Equatable {
  /// The share of activations on their side of the threshold, with Wilson's 95 % interval in which a pair counts once; its
  /// chance is the mean over fits to shuffled labels.
  public var accuracy: Measure
  /// Where 95 % of the fits to shuffled labels lie; nil when there were none.
  public var shuffled: ClosedRange<Double>?
  /// The share of pairs whose positive side is further along the direction, whatever the threshold.
  public var ordered: Double
  /// Pairs it was fitted on, and pairs it was scored on.
  public var fitted, scored: Int

  /// The models of chance.
  static let (guessing, shuffledLabels) = ("guessing", "shuffled labels")

  /// A score that is known.
  init(accuracy: Measure, shuffled: ClosedRange<Double>?, ordered: Double, fitted: Int, scored: Int) {
    (self.accuracy, self.shuffled, self.ordered, self.fitted, self.scored) = (
      accuracy, shuffled, ordered, fitted, scored
    )
  }

  /// Scores a fit.
  public init(_ fit: ContrastFit, _ pairs: ContrastPairs, rows: [Int], fitted: Int, shuffled: [Double]) {
    let hits = fit.hits(pairs, rows: rows)
    let count = max(1, rows.count)
    let share = Double(hits.reduce(0, +)) / Double(2 * count)
    let interval = Proportion.interval(Int((share * Double(count)).rounded()), of: count)
    let sorted = shuffled.sorted()
    accuracy = Measure(
      share, low: min(share, interval.lowerBound), high: max(share, interval.upperBound),
      chance: shuffled.isEmpty ? 0.5 : shuffled.reduce(0, +) / Double(shuffled.count),
      chanceModel: shuffled.isEmpty ? Self.guessing : Self.shuffledLabels)
    self.shuffled =
      sorted.isEmpty
      ? nil : Statistics.quantile(sorted: sorted, 0.025)...Statistics.quantile(sorted: sorted, 0.975)
    let projections = pairs.projections(rows, on: fit.direction)
    ordered = Double(projections.count { $0.positive > $0.negative }) / Double(count)
    self.fitted = fitted
    scored = rows.count
  }
}

/// Pairs to fit on and pairs to score on.
public struct ContrastSplit: Sendable, Equatable {
  /// Pairs by their place: to fit on, and to score on.
  public let train, heldOut: [Int]
  /// The places in ``train`` that share a positive answer, answer by answer.
  private let groups: [[Int]]

  /// Splits pairs so that those of one prompt stay together, and so that each positive answer has its share of both parts.
  ///
  /// Where " yes" is right as often as " no", the words themselves cancel in a mean over pairs; an uneven part would leave
  /// the direction from one word to the other, and the other part would be uneven the other way.
  ///
  /// - Parameters:
  ///   - prompts: the prompt of each pair.
  ///   - answers: the positive answer of each pair; nil where that does not matter.
  ///   - fraction: the share of prompts to hold out; 0 for none.
  ///   - seed: which prompts.
  /// - Throws: ``SteeringError`` when either part would be empty.
  public init(
    prompts: [String], answers: [String]? = nil, fraction: Double, seed: UInt64
  ) throws(SteeringError) {
    guard fraction >= 0, fraction < 1 else {
      throw .invalidOption(what: "holdout", value: "\(fraction)", allowed: "from 0 to below 1")
    }
    if fraction == 0 {
      (train, heldOut) = (Array(prompts.indices), [])
      groups = Self.groups(train, answers)
      return
    }
    var places: [String: Int] = [:]
    for prompt in prompts where places[prompt] == nil { places[prompt] = places.count }
    let held = Int((Double(places.count) * fraction).rounded())
    guard held > 0, held < places.count else {
      throw .degenerate(
        operation: "contrast",
        reason:
          "\(places.count) prompt\(places.count == 1 ? "" : "s") cannot be split into a part to fit and one to score")
    }
    var firstAnswers = [String](repeating: "", count: places.count)
    for (pair, prompt) in prompts.enumerated().reversed() {
      if let place = places[prompt], let answers, pair < answers.count { firstAnswers[place] = answers[pair] }
    }
    // Answer after answer, each in a random order: every so-manieth of them gives each answer its share to within one.
    var order = RandomStream(seed: seed, purpose: "contrast holdout").permutation(places.count)
    let ranks = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
    order.sort { (firstAnswers[$0], ranks[$0] ?? 0) < (firstAnswers[$1], ranks[$1] ?? 0) }
    let count = places.count
    let chosen = Set(order.indices.filter { ($0 + 1) * held / count > $0 * held / count }.map { order[$0] })
    let isHeld = prompts.map { prompt in places[prompt].map(chosen.contains) ?? false }
    train = prompts.indices.filter { !isHeld[$0] }
    heldOut = prompts.indices.filter { isHeld[$0] }
    groups = Self.groups(train, answers)
  }

  private static func groups(_ train: [Int], _ answers: [String]?) -> [[Int]] {
    let places = Dictionary(grouping: train.indices) { place in
      answers.flatMap { train[place] < $0.count ? $0[train[place]] : nil } ?? ""
    }
    return places.sorted { $0.key < $1.key }.map(\.value)
  }

  /// For each pair of ``train`` whether a shuffle exchanges its sides: a random half of the pairs of each answer, so that
  /// what cancels between answers still does.
  func swaps(_ stream: RandomStream) -> [Bool] {
    var swapped = [Bool](repeating: false, count: train.count)
    for (number, group) in groups.enumerated() {
      let draws = stream.substream(UInt64(number))
      // Of an odd number the one in the middle goes either way.
      let half = (group.count + draws.integer(at: UInt64(group.count), below: 2)) / 2
      for place in draws.permutation(group.count).prefix(half) { swapped[group[place]] = true }
    }
    return swapped
  }
}

/// A fit with its score on the pairs that were held out.
public struct ScoredContrast: Sendable {
  /// The direction and its threshold.
  public let fit: ContrastFit
  /// How it does on the other pairs; nil when there are none.
  public let score: ProbeScore?

  /// Fits a direction on one part and scores it on the other, as it does fits to shuffled labels.
  ///
  /// A shuffle exchanges the sides of a random half of each answer's pairs, which would be as likely if the labels meant
  /// nothing; its fit is scored with the true labels.
  ///
  /// - Parameters:
  ///   - pairs: the activations.
  ///   - split: which to fit and which to score.
  ///   - method: how to find the direction.
  ///   - shuffles: fits to shuffled labels.
  ///   - seed: which sides are exchanged.
  ///   - penalty: λ of the logistic loss.
  /// - Throws: ``SteeringError``, `TensorError`, `Interrupted`.
  public init(
    _ pairs: ContrastPairs, split: ContrastSplit, method: ContrastMethod, shuffles: Int = 20, seed: UInt64 = 0,
    penalty: Double = 1
  ) throws {
    guard (0...10_000).contains(shuffles) else {
      throw SteeringError.invalidOption(what: "shuffles", value: "\(shuffles)", allowed: "from 0 to 10,000")
    }
    fit = try ContrastFit(pairs, rows: split.train, method: method, penalty: penalty)
    if split.heldOut.isEmpty {
      score = nil
      return
    }
    let stream = RandomStream(seed: seed, purpose: "contrast shuffle")
    let shares = try (0..<shuffles).map { index in
      try Cancellation.check()
      let control = try ContrastFit(
        pairs, rows: split.train, method: method, swapped: split.swaps(stream.substream(UInt64(index))),
        penalty: penalty)
      let hits = control.hits(pairs, rows: split.heldOut).reduce(0, +)
      return Double(hits) / Double(2 * split.heldOut.count)
    }
    score = ProbeScore(fit, pairs, rows: split.heldOut, fitted: split.train.count, shuffled: shares)
  }
}
