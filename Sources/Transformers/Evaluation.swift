import Checkpoints
import Tensors

/// How well a model does on data.
public struct Evaluation: Sendable {
  /// Mean loss over the scored positions.
  public let loss: Double
  /// Standard error of the loss: examples are independent, the positions within one are not.
  public let lossError: Double
  /// Examples in which every answer token is the model's first choice given the true ones before it, which is exact
  /// match under greedy decoding: the first wrong token fails both.
  public let exactMatches: Int
  /// Examples scored.
  public let count: Int
  /// The parts of a mixture by name; one part otherwise.
  public let perTask: [Part]

  /// The share of exact matches.
  public var accuracy: Double { count == 0 ? 0 : Double(exactMatches) / Double(count) }

  /// The score of one part of a mixture.
  public struct Part: Sendable {
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
/// - Parameters:
///   - model: the model.
///   - data: what to score it on.
///   - count: how many examples.
///   - seed: which examples.
///   - free: stands in for the model's free weights; nil for its own.
/// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
public func evaluate(
  _ model: Model, on data: any Dataset, count: Int = 512, seed: UInt64 = 0, free: UnsafePointer<Float>? = nil
) throws -> Evaluation {
  try model.checkFits(data)
  guard (1...(1 << 24)).contains(count) else {
    throw TransformerError.invalidOption(field: "count", value: "\(count)", reason: "must lie between 1 and 16,777,216")
  }
  let size = 128
  let seed = evaluationSeed(seed)
  let parts = data.parts
  var matches = [Int](repeating: 0, count: parts.count)
  var counts = matches
  // The loss is a ratio of two sums over examples, so its error follows from how far each example is from the ratio.
  var examples: [(loss: Double, tokens: Int)] = []
  try Workspace.withShared { workspace in
    for index in 0..<(count + size - 1) / size {
      try Cancellation.check()
      let batch = try data.batch(size: min(size, count - index * size), seed: seed, index: index)
      let (losses, choices) = try workspace.score(model, free: free, on: batch)
      var first = 0
      for (row, length) in batch.targetCounts.enumerated() {
        let part = min(batch.parts[row], parts.count - 1)
        counts[part] += 1
        examples.append((losses[first..<first + length].reduce(0) { $0 + Double($1) }, length))
        if choices[first..<first + length] == batch.targets[first..<first + length] { matches[part] += 1 }
        first += length
      }
    }
  }
  let scored = Double(max(1, examples.reduce(0) { $0 + $1.tokens }))
  let loss = examples.reduce(0) { $0 + $1.loss } / scored
  let spread = examples.reduce(0) { sum, example in
    let residual = example.loss - loss * Double(example.tokens)
    return sum + residual * residual
  }
  return Evaluation(
    loss: loss, lossError: spread.squareRoot() / scored, exactMatches: matches.reduce(0, +), count: counts.reduce(0, +),
    perTask: parts.indices.map {
      Evaluation.Part(name: parts[$0].name, exactMatches: matches[$0], count: counts[$0])
    })
}
