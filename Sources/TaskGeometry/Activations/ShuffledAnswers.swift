import Tensors
import Transformers

/// The control for what a gradient step learned from its labels: the same prompts with answers dealt out among them at
/// random, so that they are as many of each kind as before and belong to nothing.
public enum ShuffledAnswers {
  /// Examples that are read at once: their activations are kept for the backward pass.
  private static let pieces = 8

  /// A step of descent on data whose answers are permuted: −‖δ‖·g/‖g‖.
  ///
  /// - Parameters:
  ///   - model: where the gradient is taken.
  ///   - data: prompts and answers.
  ///   - examples: how many of them: those of batch 0 of the seed's stream; all where there are fewer.
  ///   - norm: ‖δ‖.
  ///   - seed: begins the stream of examples.
  ///   - number: which permutation.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public static func step(
    _ model: Model, on data: any Dataset, examples count: Int, norm: Double, seed: UInt64, number: Int = 0
  ) throws -> Displacement {
    guard (2...(1 << 20)).contains(count) else {
      throw GeometryError.outOfRange(what: "examples", value: count, allowed: 2...(1 << 20))
    }
    let data = try model.reading(data)
    let examples = try data.examples(count: min(count, data.distinctCount ?? count), seed: seed, index: 0)
    let shuffled = permuted(examples, seed: seed, number: number)
    let gradient = try FullBatch(shuffled, pieces: pieces, operation: "shuffled answers").gradient(of: model)
    let length = gradient.norm
    guard length > 0, length.isFinite else {
      throw GeometryError.degenerate(
        operation: "shuffled answers", reason: "the gradient is " + (length == 0 ? "zero" : "not finite"))
    }
    return try Displacement(
      space: model.parameterSpace, vector: gradient.scaled(by: -norm / length), origin: model)
  }

  /// The same prompts with the answers in another order.
  static func permuted(_ examples: [Batch.Example], seed: UInt64, number: Int) -> [Batch.Example] {
    let order = RandomStream(seed: seed, purpose: "shuffle answers").substream(UInt64(max(0, number)))
      .permutation(examples.count)
    return zip(examples, order).map { example, other in
      let prompt = example.tokens.dropLast(max(0, example.targets.count - 1))
      return Batch.Example(prompt: Array(prompt), answer: examples[other].targets, part: example.part)
    }
  }
}
