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

  /// Whether only a model with a tokenizer can read it.
  var needsTokenizer: Bool { get }
  /// How many different examples one batch can hold; nil when they are generated.
  var distinctCount: Int? { get }
  /// All examples in the order in which the data has them, where it has one; nil for what is generated or not yet read
  /// by a model.
  var listedExamples: [Batch.Example]? { get }
  /// The data as a model reads it: text becomes the model's tokens.
  ///
  /// - Throws: ``TransformerError/noTokenizer(data:model:)`` when text meets a model that reads token ids only,
  ///   `TokenizerError`, `Interrupted`.
  func bound(to model: Model) throws -> any Dataset
  /// The first examples of batch number `index` as a person reads them, without any model.
  ///
  /// - Throws: as ``examples(count:seed:index:)``.
  func texts(count: Int, seed: UInt64, index: Int) throws -> [String]
}

/// Data whose inputs can be divided by a hash of each, so that two parts share none.
public protocol SplittableDataset: Dataset {
  /// The same data on a part of its inputs.
  ///
  /// - Throws: ``TransformerError`` when nothing is left.
  func restricted(to part: InputPart) throws(TransformerError) -> Self
}

extension Dataset {
  /// The parts; none unless it is a mixture.
  public var children: [any Dataset] { [] }
  /// How many examples there are; nil when they are generated.
  public var exampleCount: Int? { nil }
  /// The probability of an exact match by chance; nil if not known.
  public var chance: Double? { nil }
  /// Tokens of its own, which any model with a large enough vocabulary reads.
  public var needsTokenizer: Bool { false }
  /// How many different examples one batch can hold; nil when they are generated.
  public var distinctCount: Int? { exampleCount }
  /// There is no list.
  public var listedExamples: [Batch.Example]? { nil }

  /// The data itself, whose tokens do not depend on the model.
  public func bound(to model: Model) throws -> any Dataset { self }

  /// The first examples of batch number `index` as a person reads them.
  public func texts(count: Int, seed: UInt64, index: Int) throws -> [String] {
    try examples(count: count, seed: seed, index: index).map(text)
  }

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
    (try? texts(count: 1, seed: 0, index: 0).first) ?? ""
  }
}

extension Model {
  /// The data as this model reads it, checked against its vocabulary and context: the entrance of everything that trains
  /// or scores.
  ///
  /// - Throws: ``TransformerError`` when the data does not fit, `TokenizerError`, `Interrupted`.
  public func reading(_ data: any Dataset) throws -> any Dataset {
    let bound = try data.bound(to: self)
    try checkFits(bound)
    return bound
  }
}
