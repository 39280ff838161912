import Tensors
import Workers

/// How well a model does on data.
public struct Evaluation: Sendable, Codable {
  /// Mean loss over the scored positions.
  public let loss: Double
  /// Standard error of the loss: examples are independent, the positions within one are not.
  public let lossError: Double
  /// Examples in which every answer token is the model's first choice given the true ones before it, which is exact
  /// match under greedy decoding: the first wrong token fails both. Where there are answers to choose from, examples
  /// whose answer is more likely than each of the others.
  public let exactMatches: Int
  /// Examples scored.
  public let count: Int
  /// The parts of a mixture by name; one part otherwise.
  public let perTask: [Part]

  /// The share of exact matches.
  public var accuracy: Double { count == 0 ? 0 : Double(exactMatches) / Double(count) }

  /// The score of one part of a mixture.
  public struct Part: Sendable, Codable {
    /// The part's name.
    public let name: String
    /// Its exact matches.
    public let exactMatches: Int
    /// Its examples.
    public let count: Int
    /// The share of exact matches.
    public var accuracy: Double { count == 0 ? 0 : Double(exactMatches) / Double(count) }
  }
}

/// The seed of examples to score on: never those of training with the same seed.
public func evaluationSeed(_ seed: UInt64) -> UInt64 {
  let stream = RandomStream(seed: seed, purpose: "evaluate")
  return UInt64(stream.uint32(at: 0)) << 32 | UInt64(stream.uint32(at: 1))
}

/// Scores a model on `count` examples that training with the same seed has not drawn from its stream.
///
/// Data of which there are fewer examples is scored whole, each example once.
///
/// - Parameters:
///   - model: the model.
///   - data: what to score it on.
///   - count: how many examples.
///   - seed: which examples.
///   - free: stands in for the model's free weights; nil for its own.
/// - Throws: ``TransformerError``, `TensorError`, `TokenizerError`, `Interrupted`.
public func evaluate(
  _ model: Model, on data: any Dataset, count: Int = 512, seed: UInt64 = 0, free: UnsafePointer<Float>? = nil
) throws -> Evaluation {
  guard (1...(1 << 24)).contains(count) else {
    throw TransformerError.invalidOption(field: "count", value: "\(count)", reason: "must lie between 1 and 16,777,216")
  }
  let data = try model.reading(data)
  let seed = evaluationSeed(seed)
  var scores: [Score]
  if let distinct = data.distinctCount {
    let examples = try data.examples(count: min(count, max(1, distinct)), seed: seed, index: 0)
    scores = try Scoring(model, free).scores(of: examples, activity: "evaluate")
  } else {
    let size = 128
    scores = try Team.current.collect("evaluate", count: (count + size - 1) / size) { index in
      let batch = try data.batch(size: min(size, count - index * size), seed: seed, index: index)
      return try Scoring(model, free).scores(of: batch)
    }.flatMap { $0 }
  }
  return Evaluation(scores, parts: data.parts.map(\.name))
}

extension Evaluation {
  /// Sums up examples.
  ///
  /// The loss is a ratio of two sums over examples, so its error follows from how far each example is from the ratio.
  init(_ scores: [Score], parts: [String]) {
    var matches = [Int](repeating: 0, count: parts.count)
    var counts = matches
    for score in scores {
      let part = min(score.part, parts.count - 1)
      counts[part] += 1
      if score.isRight { matches[part] += 1 }
    }
    let scored = Double(max(1, scores.reduce(0) { $0 + $1.tokens }))
    let loss = scores.reduce(0) { $0 + $1.loss } / scored
    let spread = scores.reduce(0) { sum, score in
      let residual = score.loss - loss * Double(score.tokens)
      return sum + residual * residual
    }
    self.init(
      loss: loss, lossError: spread.squareRoot() / scored, exactMatches: matches.reduce(0, +),
      count: counts.reduce(0, +),
      perTask: parts.indices.map { Part(name: parts[$0], exactMatches: matches[$0], count: counts[$0]) })
  }
}
