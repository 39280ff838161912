import Autograd
import Checkpoints
import Foundation
import Tensors
import Workers

/// How one example was answered.
struct Score: Sendable {
  /// The sum of the losses of its scored tokens.
  var loss: Double
  /// Scored tokens.
  var tokens: Int
  /// Whether the answer would be produced, or chosen where there is a choice.
  var isRight: Bool
  /// Which part of a mixture it came from.
  var part: Int
}

extension Score: Portable {
  func write(to sink: inout ByteSink) {
    loss.write(to: &sink)
    sink.write(UInt32(clamping: tokens))
    isRight.write(to: &sink)
    sink.write(UInt32(clamping: part))
  }

  init(from source: inout ByteSource) throws(WorkerError) {
    self.init(
      loss: try Double(from: &source), tokens: Int(try source.integer(UInt32.self)), isRight: try Bool(from: &source),
      part: Int(try source.integer(UInt32.self)))
  }
}

/// Scores examples in batches that fit into memory: the logits of a large vocabulary are what takes it.
struct Scoring {
  private let model: Model
  private let free: UnsafePointer<Float>?
  private let prefix: FrozenPrefix?

  /// - Parameters:
  ///   - free: stands in for the model's free weights; nil for its own.
  ///   - prefix: what the model has in common with others that are scored on the same examples.
  init(_ model: Model, _ free: UnsafePointer<Float>? = nil, sharing prefix: FrozenPrefix? = nil) {
    self.model = model
    self.free = free
    self.prefix = prefix
  }

  /// The most numbers in the logits of one batch: 128 MB.
  private var positionLimit: Int { max(1, (32 << 20) / max(1, model.configuration.vocabulary)) }
  /// The most tokens in one batch.
  private static let tokenLimit = 8192

  /// Scores examples in their order; those of similar length share a batch. Batches are shared out among workers.
  ///
  /// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
  func scores(of examples: [Batch.Example], activity name: String) throws -> [Score] {
    let groups = groups(of: examples)
    let found = try Team.current.collect(name, count: groups.count) { index in
      try self.scores(of: Batch(groups[index].map { examples[$0] }))
    }
    var scores = examples.map { Score(loss: 0, tokens: $0.targets.count, isRight: false, part: $0.part) }
    for (group, found) in zip(groups, found) { for (place, score) in zip(group, found) { scores[place] = score } }
    return scores
  }

  /// Examples of similar length together, as many as fit into one batch, by their places.
  private func groups(of examples: [Batch.Example]) -> [[Int]] {
    let order = examples.indices.sorted {
      (examples[$0].tokens.count, $0) < (examples[$1].tokens.count, $1)
    }
    var groups: [[Int]] = [[]]
    var positions = 0
    for place in order {
      let example = examples[place]
      positions += example.targets.count
      let isFull =
        (groups[groups.count - 1].count + 1) * example.tokens.count > Self.tokenLimit || positions > positionLimit
        || groups[groups.count - 1].count >= 128
      if isFull, !groups[groups.count - 1].isEmpty {
        groups.append([])
        positions = example.targets.count
      }
      groups[groups.count - 1].append(place)
    }
    return groups.filter { !$0.isEmpty }
  }

  /// The batches in which examples are read.
  func batches(of examples: [Batch.Example]) -> [Batch] {
    groups(of: examples).map { group in Batch(group.map { examples[$0] }) }
  }

  /// Scores the rows of a batch, in parts where it is too large.
  ///
  /// - Throws: as ``scores(of:activity:)``.
  func scores(of batch: Batch) throws -> [Score] {
    var scores: [Score] = []
    for piece in pieces(of: batch) {
      try Cancellation.check()
      scores += try scoresAtOnce(piece)
    }
    return scores
  }

  /// A batch in parts whose logits fit into memory.
  func pieces(of batch: Batch) -> [Batch] {
    let longest = batch.targetCounts.max() ?? 1
    let rows = max(1, min(positionLimit / max(1, longest), Self.tokenLimit / max(1, batch.length)))
    return batch.pieces(of: rows)
  }

  private func scoresAtOnce(_ batch: Batch) throws -> [Score] {
    if free == nil, batch.isSingleTokenChoice { return try singleTokenChoices(batch) }
    let (losses, choices) = try Workspace.withShared { try $0.score(model, free: free, on: batch, sharing: prefix) }
    var scores: [Score] = []
    var first = 0
    for (row, length) in batch.targetCounts.enumerated() {
      scores.append(
        Score(
          loss: losses[first..<first + length].reduce(0) { $0 + Double($1) }, tokens: length,
          isRight: choices[first..<first + length] == batch.targets[first..<first + length], part: batch.parts[row]))
      first += length
    }
    let rivals = batch.alternatives.enumerated().flatMap { row, examples in examples.map { (row, $0) } }
    if rivals.isEmpty { return scores }
    for row in scores.indices where !batch.alternatives[row].isEmpty { scores[row].isRight = true }
    for (rival, score) in zip(rivals, try self.scores(of: rivals.map(\.1), activity: "evaluate"))
    where score.loss <= scores[rival.0].loss {
      scores[rival.0].isRight = false
    }
    return scores
  }

  /// Answers of one token to one prompt, such as " yes" and " no", need one reading of the prompt for all of them.
  private func singleTokenChoices(_ batch: Batch) throws -> [Score] {
    try model.checkFits(batch)
    let vocabulary = model.configuration.vocabulary
    let alternatives = batch.alternatives.map { $0.compactMap(\.targets.first) }
    guard alternatives.allSatisfy({ $0.allSatisfy { (0..<Int32(vocabulary)).contains($0) } }) else {
      throw TransformerError.vocabularyTooSmall(
        data: "batch", needed: Int(alternatives.joined().max() ?? 0) + 1, model: model.name, has: vocabulary)
    }
    return try Workspace.withShared { workspace in
      try workspace.logits(model, TokenGrid(batch), at: batch.positions, sharing: prefix) { logits in
        batch.targets.indices.map { row in
          let scores = UnsafeBufferPointer(rebasing: logits[(row * vocabulary)..<((row + 1) * vocabulary)])
          let right = scores[Int(batch.targets[row])]
          return Score(
            loss: logSumOfExponentials(scores) - Double(right), tokens: 1,
            isRight: alternatives[row].allSatisfy { scores[Int($0)] < right }, part: batch.parts[row])
        }
      }
    }
  }
}

/// log Σ exp x, without overflow.
func logSumOfExponentials(_ values: UnsafeBufferPointer<Float>) -> Double {
  guard let largest = values.max(), largest.isFinite else { return .nan }
  return Double(largest) + log(values.reduce(0.0) { $0 + exp(Double($1) - Double(largest)) })
}

extension Batch {
  /// Whether every row is a choice among answers of one token to its prompt.
  fileprivate var isSingleTokenChoice: Bool {
    zip(alternatives, targetCounts).allSatisfy { examples, count in
      count == 1 && !examples.isEmpty && examples.allSatisfy { $0.targets.count == 1 }
    }
  }

  /// The rows in parts of so many, the last of which may be smaller.
  func pieces(of count: Int) -> [Batch] {
    if rows <= count { return [self] }
    return stride(from: 0, to: rows, by: count).map { rows($0..<min($0 + count, rows)) }
  }

  /// Some of the rows, padded as they are.
  func rows(_ range: Range<Int>) -> Batch {
    let before = targetCounts[..<range.lowerBound].reduce(0, +)
    let scored = before..<(before + targetCounts[range].reduce(0, +))
    let offset = Int32(range.lowerBound * length)
    return Batch(
      rows: range.count, length: length,
      tokens: Array(tokens[(range.lowerBound * length)..<(range.upperBound * length)]),
      positions: positions[scored].map { $0 - offset }, targets: Array(targets[scored]),
      targetCounts: Array(targetCounts[range]), parts: Array(parts[range]), alternatives: Array(alternatives[range]))
  }
}

/// The log-likelihood of each of several answers, in nats: the sum over the answer's tokens of the log-probability of each
/// given the prompt and those before it.
///
/// - Throws: ``TransformerError`` for an empty prompt or answer, or tokens that do not fit the model, `TensorError`,
///   `Interrupted`.
public func logLikelihoods(of answers: [[Int32]], after prompt: [Int32], _ model: Model) throws -> [Double] {
  if prompt.isEmpty { throw TransformerError.emptyData(data: "prompt", reason: "there are no tokens") }
  if let empty = answers.firstIndex(where: \.isEmpty) {
    throw TransformerError.emptyData(data: "answers", reason: "answer \(empty + 1) has no tokens of its own")
  }
  let examples = answers.map { Batch.Example(prompt: prompt, answer: $0) }
  return try Scoring(model).scores(of: examples, activity: "loglikelihood").map { -$0.loss }
}
