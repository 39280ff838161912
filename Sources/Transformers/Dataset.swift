import Tensors

/// Something that yields batches to train on and can be scored: a task, a mixture, a set of examples.
///
/// Examples are a pure function of (seed, index, row): any batch can be drawn again at any time, on any thread.
public protocol Dataset: Sendable {
  /// What the user calls it, such as `sort`.
  var name: String { get }
  /// The model needs at least so many tokens.
  var requiredVocabulary: Int { get }
  /// The model needs at least such a context.
  var requiredContext: Int { get }
  /// The parts of a mixture; empty for anything else.
  var children: [any Dataset] { get }
  /// How many examples there are; nil when they are generated.
  var exampleCount: Int? { get }
  /// The probability that answers drawn uniformly from the task's answer alphabet match exactly; nil if not known.
  var chance: Double? { get }
  /// The loss, in nats a token, of guessing uniformly among the tokens that an answer can have; nil if not known.
  var guessLoss: Double? { get }

  /// The examples of batch number `index`.
  ///
  /// - Throws: ``TransformerError`` when nothing can be drawn.
  func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example]
  /// Batch number `index` of the stream that `seed` begins: those examples, padded to one length.
  ///
  /// - Throws: as ``examples(count:seed:index:)``.
  func batch(size: Int, seed: UInt64, index: Int) throws -> Batch
  /// An example as a person reads it, such as `sort 3 1 2 → 1 2 3`.
  func text(of example: Batch.Example) -> String
}

extension Dataset {
  /// The parts; none unless it is a mixture.
  public var children: [any Dataset] { [] }
  /// How many examples there are; nil when they are generated.
  public var exampleCount: Int? { nil }
  /// The probability of an exact match by chance; nil if not known.
  public var chance: Double? { nil }

  /// Batch number `index` of the stream that `seed` begins.
  ///
  /// - Parameters:
  ///   - size: sequences in the batch.
  ///   - seed: begins a stream of batches.
  ///   - index: which batch of the stream, from 0.
  /// - Throws: ``TransformerError`` when nothing can be drawn.
  public func batch(size: Int, seed: UInt64, index: Int) throws -> Batch {
    Batch(try examples(count: size, seed: seed, index: index))
  }

  /// Not known.
  public var guessLoss: Double? { nil }

  /// The parts whose scores are told apart: the children of a mixture, or the data set itself.
  public var parts: [any Dataset] { children.isEmpty ? [self] : children }

  /// The first example of the stream of seed 0, as text.
  public var exampleText: String {
    guard let example = try? examples(count: 1, seed: 0, index: 0).first else { return "" }
    return text(of: example)
  }
}
