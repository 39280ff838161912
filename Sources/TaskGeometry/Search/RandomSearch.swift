import Checkpoints
import Tensors
import Transformers
import Workers

/// What the scorer of a search says about one point.
public struct CandidateScore: Sendable, Equatable, Codable {
  /// The loss there; it may be infinite or no number, which counts as infinitely bad.
  public var loss: Double
  /// For each example, whether it was answered without a mistake; empty where there are no examples.
  public var right: [Bool]

  /// Describes a score.
  public init(loss: Double, right: [Bool] = []) {
    self.loss = loss
    self.right = right
  }
}

/// Draws perturbations and scores each.
public enum RandomSearch {
  /// The most candidates of a search.
  public static let limit = 1 << 20

  /// Scores candidates of an objective: any function from free weights to a loss.
  ///
  /// - Parameters:
  ///   - base: the point around which is searched.
  ///   - gradientNorm: finds the norm of the gradient there, as far as it lies in what is searched, for the prediction; a
  ///     norm that is not finite counts as unknown.
  ///   - journal: opens a journal, given the score of the base; called on rank 0 only. Candidates that it knows are not
  ///     scored again.
  ///   - score: the objective. It must not keep the vector, whose memory is used again.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, ``GeometryError/degenerate(operation:reason:)``,
  ///   `TensorError`, `Interrupted`, and what `score` throws.
  public static func run(
    _ perturbations: Perturbations, count: Int, around base: FloatVector, gradientNorm: (() throws -> Double)? = nil,
    journal open: ((CandidateScore) throws -> SearchJournal)? = nil,
    score: (FloatVector) throws -> CandidateScore
  ) throws -> Candidates {
    guard count >= 1, count <= limit else {
      throw GeometryError.outOfRange(what: "n", value: count, allowed: 1...limit)
    }
    let team = Team.current
    let grain = perturbations.isAntithetic ? 2 : 1
    // Of several workers one finds the gradient while the others score candidates: its norm is all that travels.
    let ahead = gradientNorm != nil && team.isSharing ? grain : 0
    var norm = ahead == 0 ? try gradientNorm?() : nil
    let start = try score(base)
    guard start.loss.isFinite else { throw TransformerError.notFinite(what: "loss of the model", step: nil) }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: start.right.count + 64)
    if overflow {
      throw TensorError.tooLarge(
        bytes: Double(count) * Double(start.right.count + 64), available: MemoryBudget.available)
    }
    try MemoryBudget.check(bytes: bytes)
    var walk = try PerturbedPoint(perturbations, around: base)
    var journal: SearchJournal?
    if let open { try team.leading("journal") { journal = try open(start) } }
    defer { try? journal?.sync() }
    let known = journal?.known ?? [:]
    // Mirror images stay together, since the second one takes the perturbation of the first.
    var scores = try team.collect(
      "search", count: ahead + count, known: Dictionary(uniqueKeysWithValues: known.map { ($0 + ahead, $1) }),
      grain: grain, loss: \.loss,
      arrived: journal.map { journal in { if $0 >= ahead { try journal.add($0 - ahead, $1) } } }
    ) { index in
      guard index >= ahead else { return CandidateScore(loss: index == 0 ? try gradientNorm?() ?? .nan : 0) }
      try walk.move(to: index - ahead)
      return try score(walk.point)
    }
    try team.leading("journal") { try journal?.sync() }
    if ahead > 0 { norm = scores[0].loss }
    scores.removeFirst(ahead)
    return try Candidates(
      perturbations, base: start, scores: scores, gradientNorm: norm.flatMap { $0.isFinite ? $0 : nil })
  }

  /// Searches around a model.
  ///
  /// Candidates are scored on `count` examples, the same for all: those of `loss(model, data, count:, seed:)`. The winner
  /// is scored again on others, since the best of many scores is too good: by chance it also fits the examples on which it
  /// was chosen.
  ///
  /// - Parameters:
  ///   - model: the base; it does not change, and of adapters, what does not depend on the factors is
  ///     computed once.
  ///   - data: what to do better.
  ///   - candidates: how many, n.
  ///   - holdout: what the winner is scored on again; nil for other examples of `data`.
  ///   - count: examples in each of the two sets.
  ///   - seed: which perturbations and which examples.
  ///   - journal: a file that keeps the scores, and from which a search that was stopped goes on.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `TokenizerError`, `Interrupted`.
  public static func run(
    _ model: Model, on data: any Dataset, candidates: Int, length: Perturbations.Length,
    within subspace: Subspace? = nil, holdout: (any Dataset)? = nil, count: Int = 256, seed: UInt64 = 0,
    isAntithetic: Bool = false, journal path: String? = nil
  ) throws -> Candidates {
    let space = model.parameterSpace
    let perturbations = try Perturbations(
      in: space, within: subspace, length: length, seed: seed, isAntithetic: isAntithetic)
    guard candidates >= 1, candidates <= limit else {
      throw GeometryError.outOfRange(what: "n", value: candidates, allowed: 1...limit)
    }
    let selection: ScoringSet
    let fresh: ScoringSet
    if let holdout {
      selection = try ScoringSet(data, for: model, count: count, seed: seed)
      fresh = try ScoringSet(holdout, for: model, count: count, seed: seed)
    } else {
      (selection, fresh) = try ScoringSet.split(data, for: model, count: count, seed: seed)
    }
    func gradientNorm() throws -> Double {
      let gradient = try selection.gradient(of: model)
      guard let subspace else { return gradient.norm }
      return try subspace.coordinates(of: gradient).reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let prefix = FrozenPrefix(model)
    let open = path.map { path in
      { base in
        try SearchJournal(
          path, key: [("model", model.digest), ("data", "\(selection.name) \(selection.digest)")] + perturbations.key,
          base: base)
      }
    }
    var result = try run(
      perturbations, count: candidates, around: model.freeWeights, gradientNorm: gradientNorm, journal: open
    ) { free in
      let scores = try selection.scores(of: model.with(freeWeights: free), sharing: prefix)
      return CandidateScore(loss: scores.evaluation.loss, right: scores.right)
    }
    let before = try fresh.scores(of: model)
    let after = try fresh.scores(of: model.moved(by: result.displacement(result.winner)))
    result.source = Candidates.Source(
      model: model, selection: selection, fresh: fresh, freshBase: before, freshWinner: after)
    return result
  }
}
