import Checkpoints
import Foundation
import Tensors
import Transformers
import Workers

/// How the members of an ensemble come to one answer.
public enum EnsembleRule: String, Sendable, CaseIterable {
  /// At every token the choice of most members; of equally frequent ones the better member's.
  case vote
  /// At every token the largest mean logit.
  case logits
}

/// The k best candidates as one model, beside the best alone and the base, on examples on which none was chosen.
public struct Ensemble: Sendable {
  /// The members' numbers, best first.
  public let members: [Int]
  /// Exact match of the base, of the best candidate and of the ensemble.
  public let rows: [Row]

  /// One line of the comparison.
  public struct Row: Sendable {
    /// What answered.
    public let name: String
    /// Exact match with Wilson's 95 % interval, beside a blind answer.
    public let accuracy: Measure
    /// The mean loss where there is one: a vote has none.
    public let loss: Double?
  }
}

extension Candidates {
  /// Lets the k best candidates answer together, on the fresh examples.
  ///
  /// Members see the right tokens before each position, as in all scoring here; an answer is right when each token that
  /// the ensemble chooses is, which equals decoding with the ensemble. Where there are answers to choose from, the right
  /// one needs more than half of the votes.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, ``GeometryError/degenerate(operation:reason:)`` for a
  ///   search of a function, and for mean logits where there are answers to choose from; `TransformerError`,
  ///   `TensorError`, `Interrupted`.
  public func ensemble(_ k: Int, rule: EnsembleRule = .vote) throws -> Ensemble {
    let members = try top(k)
    guard let source else { throw GeometryError.degenerate(operation: "ensemble", reason: "there are no examples") }
    let set = source.fresh
    if rule == .logits, set.hasChoices {
      throw GeometryError.degenerate(
        operation: "ensemble", reason: "where there are answers to choose from, members can only vote")
    }
    let right: [Bool]
    var loss: Double?
    switch rule {
    case .vote where set.hasChoices:
      var votes = [Int](repeating: 0, count: set.count)
      let answers = try Team.current.collect("ensemble", count: k) { place in
        BitList(try set.scores(of: source.model.moved(by: displacement(members[place]))).right)
      }
      for answer in answers {
        for (index, isRight) in answer.values.enumerated() where isRight { votes[index] += 1 }
      }
      right = votes.map { 2 * $0 > k }
    case .vote:
      let choices = try Team.current.collect("ensemble", count: k) { place in
        try set.choices(of: source.model.moved(by: displacement(members[place])))
      }
      right = set.exactMatches(
        set.targets.enumerated().map { place, target in Candidates.plurality(choices.map { $0[place] }) == target })
    case .logits:
      let answers = try meanLogits(members, source.model, set)
      right = set.exactMatches(answers.flatMap(\.right))
      let losses = answers.flatMap(\.losses)
      loss = losses.reduce(0, +) / Double(max(1, losses.count))
    }
    func row(_ name: String, _ right: [Bool], _ loss: Double?) -> Ensemble.Row {
      let matches = right.count { $0 }
      let interval = Proportion.interval(matches, of: right.count)
      return Ensemble.Row(
        name: name,
        accuracy: Measure(
          Double(matches) / Double(max(1, right.count)), low: interval.lowerBound, high: interval.upperBound,
          chance: set.chance, chanceModel: "blind answer"), loss: loss)
    }
    return Ensemble(
      members: members,
      rows: [
        row("base", source.freshBase.right, source.freshBase.evaluation.loss),
        row("best", source.freshWinner.right, source.freshWinner.evaluation.loss),
        row("ensemble", right, loss),
      ])
  }

  /// The most frequent token; of equally frequent ones the first.
  static func plurality(_ votes: [Int32]) -> Int32? {
    var counts: [Int32: Int] = [:]
    for vote in votes { counts[vote, default: 0] += 1 }
    let most = counts.values.max()
    return votes.first { counts[$0] == most }
  }

  /// What the mean logits of some members answer, stretch after stretch.
  ///
  /// Workers share the examples and not the members: the logits of a member would have to travel, and those of one
  /// worker's examples need not. Each adds the members up in their order.
  private func meanLogits(_ members: [Int], _ model: Model, _ set: ScoringSet) throws -> [TokenAnswers] {
    let stretches = set.stretches(for: model)
    var walk = try PerturbedPoint(perturbations, around: model.freeWeights)
    let team = Team.current
    guard team.isSharing else { return [try meanLogits(members, model, set, stretches, &walk)] }
    // A member is drawn again for every part: two parts a worker, so that a slow one can leave its second to others.
    let parts = min(stretches.count, 2 * team.count)
    return try team.collect("ensemble", count: parts) { part in
      let range = part * stretches.count / parts..<(part + 1) * stretches.count / parts
      return try meanLogits(members, model, set, Array(stretches[range]), &walk)
    }
  }

  private func meanLogits(
    _ members: [Int], _ model: Model, _ set: ScoringSet, _ stretches: [Batch], _ walk: inout PerturbedPoint
  ) throws -> TokenAnswers {
    let targets = stretches.flatMap(\.targets)
    let vocabulary = model.configuration.vocabulary
    let (size, overflow) = targets.count.multipliedReportingOverflow(by: vocabulary * MemoryLayout<Float>.stride)
    if overflow {
      throw TensorError.tooLarge(
        bytes: Double(targets.count) * Double(vocabulary) * 4, available: MemoryBudget.available)
    }
    try MemoryBudget.check(bytes: size)
    var sums = [Float](repeating: 0, count: targets.count * vocabulary)
    let activity = Activity("ensemble", total: members.count)
    defer { activity.finish() }
    for member in members {
      try walk.move(to: member)
      try set.addLogits(of: model.with(freeWeights: walk.point), on: stretches, to: &sums)
      try activity.advance()
    }
    var answers = TokenAnswers()
    let scale = 1 / Double(members.count)
    for (place, target) in targets.enumerated() {
      let row = sums[(place * vocabulary)..<((place + 1) * vocabulary)]
      let largest = row.max() ?? 0
      let right = row[row.startIndex + Int(target)]
      answers.right.append(right == largest && row.firstIndex(of: largest) == row.startIndex + Int(target))
      let sum = row.reduce(0.0) { $0 + exp(scale * (Double($1) - Double(largest))) }
      answers.losses.append(log(sum) + scale * (Double(largest) - Double(right)))
    }
    return answers
  }

  // MARK: - pass@k

  /// pass@k: the probability that at least one of k candidates drawn from these answers an example, averaged over the
  /// examples, with a bootstrap interval over examples (Wilson's where each is answered for certain or not at all). Candidates are not chosen by gain, so that the examples of the
  /// search serve. Beside it stands the base model.
  ///
  /// Of an example that c of n candidates answer it is 1 − C(n−c, k)/C(n, k), without bias (Chen et al., arXiv 2107.03374).
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, ``GeometryError/degenerate(operation:reason:)`` where
  ///   there are no examples, `Interrupted`.
  public func passAt(_ k: Int) throws -> Measure {
    guard k >= 1, k <= count else { throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...count) }
    let examples = base.right.count
    guard examples > 0 else { throw GeometryError.degenerate(operation: "passat", reason: "there are no examples") }
    var solved = [Int](repeating: 0, count: examples)
    for score in scores {
      for (index, isRight) in score.right.enumerated() where isRight { solved[index] += 1 }
    }
    let passed = solved.map { PassAt.probability(solved: $0, of: count, k: k) }
    let interval: ClosedRange<Double>?
    if passed.allSatisfy({ $0 == 0 || $0 == 1 }) {
      // A share of yes and no, whose bootstrap would have no width at 0 and 1.
      interval = Proportion.interval(passed.count { $0 == 1 }, of: examples)
    } else {
      interval = try Bootstrap.places(examples, seed: perturbations.seed) { places in
        places.reduce(0.0) { $0 + passed[$1] } / Double(examples)
      }
    }
    return Measure(
      passed.reduce(0, +) / Double(examples), low: interval?.lowerBound, high: interval?.upperBound,
      chance: Double(base.right.count { $0 }) / Double(examples), chanceModel: "base model")
  }
}

/// What an ensemble says at some scored positions.
private struct TokenAnswers: Portable {
  /// Whether it chooses the right token.
  var right: [Bool] = []
  /// Minus the log-probability of the right token.
  var losses: [Double] = []

  init() {}

  func write(to sink: inout ByteSink) {
    BitList(right).write(to: &sink)
    losses.write(to: &sink)
  }

  init(from source: inout ByteSource) throws(WorkerError) {
    right = try BitList(from: &source).values
    losses = try [Double](from: &source)
  }
}

/// The unbiased estimator of pass@k.
public enum PassAt {
  /// 1 − C(n−c, k)/C(n, k): the share of choices of k of n candidates that hold at least one of the c that solve it.
  public static func probability(solved c: Int, of n: Int, k: Int) -> Double {
    if c <= 0 || k <= 0 { return 0 }
    if n - c < k { return 1 }
    // C(n−c, k)/C(n, k) = Π (1 − k/i) over i = n−c+1 … n.
    var missed = 1.0
    for i in (n - c + 1)...n { missed *= 1 - Double(k) / Double(i) }
    return 1 - missed
  }
}
