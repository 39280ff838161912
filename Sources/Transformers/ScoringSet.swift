import Checkpoints
import Tensors
import Workers

/// Examples drawn once, on which many models are scored.
///
/// The scores are those of ``evaluate(_:on:count:seed:free:)`` with the same count and seed, to the last bit: examples
/// are drawn, put into batches and added up in the same way.
public struct ScoringSet: Sendable, Codable {
  /// The name of the data.
  public let name: String
  /// How many examples there are.
  public let count: Int
  /// The examples as they are read.
  public let batches: [Batch]
  /// Whether there are answers to choose from.
  public let hasChoices: Bool
  /// The probability of an exact match by chance; nil if not known.
  public let chance: Double?
  /// The examples where there is a fixed number of them; nil where they are generated batch by batch.
  private let examples: [Batch.Example]?
  private let parts: [String]

  private init(_ data: any Dataset, batches: [Batch], examples: [Batch.Example]?) {
    name = data.name
    self.batches = batches
    self.examples = examples
    count = batches.reduce(0) { $0 + $1.rows }
    hasChoices = batches.contains { $0.alternatives.contains { !$0.isEmpty } }
    chance = data.chance
    parts = data.parts.map(\.name)
  }

  private static let size = 128

  private static func check(_ count: Int) throws(TransformerError) {
    guard (1...(1 << 24)).contains(count) else {
      throw .invalidOption(field: "count", value: "\(count)", reason: "must lie between 1 and 16,777,216")
    }
  }

  /// The examples that `evaluate` scores.
  ///
  /// - Throws: ``TransformerError``, `TensorError`, `TokenizerError`, `Interrupted`.
  public init(_ data: any Dataset, for model: Model, count: Int, seed: UInt64) throws {
    try ScoringSet.check(count)
    let data = try model.reading(data)
    let seed = evaluationSeed(seed)
    if let distinct = data.distinctCount {
      let examples = try data.examples(count: min(count, max(1, distinct)), seed: seed, index: 0)
      self.init(data, batches: Scoring(model).batches(of: examples), examples: examples)
      return
    }
    var batches: [Batch] = []
    for index in 0..<(count + Self.size - 1) / Self.size {
      try Cancellation.check()
      batches.append(try data.batch(size: min(Self.size, count - index * Self.size), seed: seed, index: index))
    }
    self.init(data, batches: batches, examples: nil)
  }

  /// Two sets that share no example: one to select on, one to score again what was selected. Where there are fewer than
  /// twice `count` examples each set gets half of them.
  ///
  /// - Throws: ``TransformerError``, also when no other examples are left; `TensorError`, `TokenizerError`,
  ///   `Interrupted`.
  public static func split(
    _ data: any Dataset, for model: Model, count: Int, seed: UInt64
  ) throws -> (first: ScoringSet, second: ScoringSet) {
    try check(count)
    let bound = try model.reading(data)
    let half = bound.distinctCount.map { $0 / 2 } ?? count
    guard half >= 1 else {
      throw TransformerError.emptyData(data: data.name, reason: "there is no second example to score again on")
    }
    let count = min(count, half)
    let first = try ScoringSet(data, for: model, count: count, seed: seed)
    var used = Set(first.batches.flatMap(\.questions))
    let stream = evaluationSeed(seed)
    var others: [Batch.Example] = []
    if bound.distinctCount != nil {
      others = try bound.examples(count: count, seed: stream, index: 1)
    } else {
      let groups = first.batches.count
      for (index, batch) in first.batches.enumerated() {
        try Cancellation.check()
        others += try bound.examples(count: batch.rows, seed: stream, index: groups + index)
      }
    }
    // Generated questions and uneven mixtures may repeat one; what was selected on is not fresh.
    others = others.filter { used.insert(Question($0.tokens, $0.targets)).inserted }
    if others.isEmpty {
      throw TransformerError.emptyData(data: data.name, reason: "no other examples are left to score again on")
    }
    return (first, ScoringSet(bound, batches: Scoring(model).batches(of: others), examples: others))
  }

  /// What was asked of one model.
  public struct Scores: Sendable, Codable {
    /// The scores summed up.
    public let evaluation: Evaluation
    /// For each example, the sum of the losses of its scored tokens.
    public let losses: [Double]
    /// For each example, how many tokens are scored.
    public let tokens: [Int]
    /// For each example, whether it was answered without a mistake.
    public let right: [Bool]
  }

  /// Scores a model.
  ///
  /// - Parameter prefix: what it has in common with others that are scored on these examples; nil for nothing.
  /// - Throws: ``TransformerError``, `TensorError`, `Interrupted`. A loss that is not finite is returned, not thrown.
  public func scores(of model: Model, sharing prefix: FrozenPrefix? = nil) throws -> Scores {
    let scoring = Scoring(model, sharing: prefix)
    var scores: [Score] = []
    if let examples {
      scores = try scoring.scores(of: examples, activity: "evaluate")
    } else if Team.current.isSharing {
      scores = try Team.current.collect("evaluate", count: batches.count) { try scoring.scores(of: batches[$0]) }
        .flatMap { $0 }
    } else {
      for batch in batches {
        try Cancellation.check()
        scores += try scoring.scores(of: batch)
      }
    }
    return Scores(
      evaluation: Evaluation(scores, parts: parts), losses: scores.map(\.loss), tokens: scores.map(\.tokens),
      right: scores.map(\.isRight))
  }

  /// The gradient of the mean loss over all scored positions.
  ///
  /// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
  public func gradient(of model: Model) throws -> FloatVector {
    var sum: FloatVector?
    let total = Double(max(1, batches.reduce(0) { $0 + $1.targets.count }))
    for batch in batches {
      try Cancellation.check()
      let (_, gradient) = try Transformers.gradient(of: model, on: batch)
      let weight = Double(batch.targets.count) / total
      if sum == nil { sum = try gradient.scaled(by: weight) } else { try sum?.add(gradient, scaled: weight) }
    }
    guard let sum else { throw TransformerError.emptyData(data: name, reason: "there is nothing to score") }
    return sum
  }

  /// The first choice of a model at each scored position, batch after batch.
  ///
  /// - Throws: as ``scores(of:)``.
  public func choices(of model: Model) throws -> [Int32] {
    let scoring = Scoring(model)
    return try batches.flatMap(scoring.pieces).flatMap { batch in
      try Cancellation.check()
      return try Workspace.withShared { try $0.score(model, on: batch).choices }
    }
  }

  /// The tokens that should follow each scored position, batch after batch.
  public var targets: [Int32] { batches.flatMap(\.targets) }

  /// The examples in stretches of about a thousand tokens whose logits fit into memory: what one worker reads at a time.
  ///
  /// Where they are cut depends on the examples and the size of the vocabulary alone, so that logits have the same bits on
  /// any number of workers. Each is long enough that drawing a perturbation costs little beside reading with it.
  public func stretches(for model: Model) -> [Batch] {
    let scoring = Scoring(model)
    return batches.flatMap(scoring.pieces).flatMap { $0.pieces(of: max(1, 1024 / max(1, $0.length))) }
  }

  /// Adds the logits of a model at each scored position of some stretches to a buffer of positions × vocabulary.
  ///
  /// - Throws: as ``scores(of:sharing:)``.
  public func addLogits(of model: Model, on stretches: [Batch], to sums: inout [Float]) throws {
    var first = 0
    for batch in stretches {
      try Cancellation.check()
      try Workspace.withShared { workspace in
        try workspace.logits(model, TokenGrid(batch), at: batch.positions) { logits in
          guard first + logits.count <= sums.count else {
            throw TensorError.shapeMismatch(operation: "logits", left: [sums.count], right: [first + logits.count])
          }
          for index in logits.indices { sums[first + index] += logits[index] }
          first += logits.count
        }
      }
    }
  }

  /// Whether each example has only right answers, given whether each scored position, batch after batch, is right.
  public func exactMatches(_ isRight: [Bool]) -> [Bool] {
    var result: [Bool] = []
    var first = 0
    for length in batches.flatMap(\.targetCounts) {
      let end = min(first + length, isRight.count)
      result.append(first < end && isRight[first..<end].allSatisfy { $0 })
      first = end
    }
    return result
  }
}

/// What tells two examples apart.
private struct Question: Hashable {
  let tokens: [Int32]
  let targets: [Int32]

  init(_ tokens: [Int32], _ targets: [Int32]) {
    self.tokens = tokens
    self.targets = targets
  }
}

extension Batch {
  /// The rows without their padding.
  fileprivate var questions: [Question] {
    var result: [Question] = []
    var first = 0
    for (row, scored) in targetCounts.enumerated() {
      let end = first + scored
      // The last scored position is the last token of a sequence.
      let last = scored > 0 ? Int(positions[end - 1]) + 1 : (row + 1) * length
      result.append(Question(Array(tokens[(row * length)..<last]), Array(targets[first..<end])))
      first = end
    }
    return result
  }
}

// MARK: - Reading back

extension ScoringSet {
  /// Whether a model can read every example: what a set from a file must be asked.
  public func fits(_ model: Model) -> Bool {
    let sizes = model.configuration
    return count == batches.reduce(0) { $0 + $1.rows } && count > 0
      && batches.allSatisfy { batch in
        batch.isSound(vocabulary: sizes.vocabulary, context: sizes.context)
          && batch.parts.allSatisfy(self.parts.indices.contains)
      }
      && (examples ?? []).allSatisfy { $0.isSound(vocabulary: sizes.vocabulary, context: sizes.context) }
  }
}

extension ScoringSet.Scores {
  /// Whether there is as much of everything as there are examples.
  public var isWhole: Bool { tokens.count == losses.count && right.count == losses.count }
}

extension Batch {
  fileprivate func isSound(vocabulary: Int, context: Int) -> Bool {
    let known = 0..<Int32(clamping: vocabulary)
    return rows > 0 && length > 0 && length <= context && tokens.count == rows.multipliedReportingOverflow(by: length).0
      && positions.count == targets.count && positions.allSatisfy((0..<Int32(clamping: tokens.count)).contains)
      && zip(positions, positions.dropFirst()).allSatisfy(<) && tokens.allSatisfy(known.contains)
      && targets.allSatisfy(known.contains) && targetCounts.count == rows && parts.count == rows
      && alternatives.count == rows && targetCounts.allSatisfy { $0 >= 0 && $0 <= targets.count }
      && targetCounts.reduce(0, +) == targets.count
      && alternatives.joined().allSatisfy { $0.isSound(vocabulary: vocabulary, context: context) }
  }
}

extension Batch.Example {
  fileprivate func isSound(vocabulary: Int, context: Int) -> Bool {
    let known = 0..<Int32(clamping: vocabulary)
    return !tokens.isEmpty && tokens.count <= context && targets.count <= tokens.count
      && tokens.allSatisfy(known.contains) && targets.allSatisfy(known.contains)
      && alternatives.allSatisfy { $0.alternatives.isEmpty && $0.isSound(vocabulary: vocabulary, context: context) }
  }
}
