import Checkpoints
import Foundation
import Tensors
import Tokenizers

/// A question and its answer, as text.
public struct PromptRecord: Sendable, Hashable, Codable {
  /// What the model reads.
  public var prompt: String
  /// What should follow. A space between prompt and answer belongs to either of them.
  public var answer: String
  /// Answers that must be less likely; empty when the answer has to be produced.
  public var alternatives: [String]

  /// A question and its answer.
  public init(prompt: String, answer: String, alternatives: [String] = []) {
    self.prompt = prompt
    self.answer = answer
    self.alternatives = alternatives
  }
}

/// Questions with answers, as text. Loss and accuracy look at the answer only.
///
/// Where a record has alternatives, it counts as right when its answer is more likely than each of them, by the sum of
/// the log-likelihoods of its tokens. A pair of contrasting answers is a record with one alternative.
public struct PromptData: SplittableDataset {
  /// What the user calls it, such as `boolq.jsonl`.
  public let name: String
  /// The questions, in the order of the file.
  public let records: [PromptRecord]
  /// How many records the file had no answer for.
  public let omitted: Int
  private let cache = BindingCache<TokenizedRecords>()

  /// Questions with answers.
  ///
  /// - Throws: ``TransformerError/emptyData(data:reason:)`` when there are none.
  public init(name: String, records: [PromptRecord], omitted: Int = 0) throws(TransformerError) {
    if records.isEmpty { throw .emptyData(data: name, reason: "there are no records") }
    self.name = name
    self.records = records
    self.omitted = omitted
  }

  /// Whether only a model with a tokenizer can read it.
  public var needsTokenizer: Bool { true }
  /// Not known before a model has read it.
  public var requiredVocabulary: Int { 0 }
  /// Not known before a model has read it.
  public var requiredContext: Int { 0 }
  /// How many records there are.
  public var exampleCount: Int? { records.count }
  /// Whether every record is a choice between two answers.
  public var isPairs: Bool { records.allSatisfy { $0.alternatives.count == 1 } }

  /// One in so many choices, as a mean over the records; nil when answers have to be produced.
  public var chance: Double? {
    if records.contains(where: \.alternatives.isEmpty) { return nil }
    return records.reduce(0) { $0 + 1 / Double(1 + $1.alternatives.count) } / Double(records.count)
  }

  /// The records whose prompts fall into a part.
  public func restricted(to part: InputPart) throws(TransformerError) -> PromptData {
    try restricted(to: part, suffix: part.suffix)
  }

  /// The same under a name of one's own.
  public func restricted(to part: InputPart, suffix: String) throws(TransformerError) -> PromptData {
    let chosen = records.filter { part.contains($0.prompt) }
    if chosen.isEmpty {
      throw .emptyData(data: name, reason: "none of its \(records.count) records fell into this part")
    }
    return try PromptData(name: name + suffix, records: chosen)
  }

  /// Nothing: examples are made of a model's tokens.
  ///
  /// - Throws: ``TransformerError/noTokenizer(data:model:)``.
  public func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] {
    throw TransformerError.noTokenizer(data: name, model: "no model")
  }

  /// Prompts and answers.
  public func texts(count: Int, seed: UInt64, index: Int) throws -> [String] {
    EpochOrder(name: name, count: records.count).places(size: count, seed: seed, index: index).map {
      Self.text(records[$0].prompt, records[$0].answer)
    }
  }

  /// A question and its answer with one space around the arrow.
  static func text(_ prompt: String, _ answer: String) -> String {
    prompt + " →" + (answer.first?.isWhitespace ?? false ? "" : " ") + answer
  }

  /// An example as a person reads it; without a tokenizer there is none.
  public func text(of example: Batch.Example) -> String { "" }

  /// The records in a model's tokens. They are kept, so that the second time costs nothing.
  public func bound(to model: Model) throws -> any Dataset {
    let tokenizer = try model.tokenizer(for: name)
    return try cache.bound(tokenizer.digest) { try TokenizedRecords(self, tokenizer) }
  }
}

/// Records in a model's tokens.
struct TokenizedRecords: Dataset {
  let name: String
  let chance: Double?
  let requiredVocabulary: Int
  let requiredContext: Int
  private let all: [Batch.Example]
  private let tokenizer: Tokenizer
  private let order: EpochOrder

  init(_ data: PromptData, _ tokenizer: Tokenizer) throws {
    name = data.name
    chance = data.chance
    self.tokenizer = tokenizer
    order = EpochOrder(name: data.name, count: data.records.count)
    var (vocabulary, context) = (0, 0)
    all = try data.records.enumerated().map { number, record in
      if number % 64 == 0 { try Cancellation.check() }
      do {
        let example = try Self.example(record, tokenizer)
        for version in [example] + example.alternatives {
          vocabulary = max(vocabulary, Int(max(version.tokens.max() ?? 0, version.targets.max() ?? 0)) + 1)
          context = max(context, version.tokens.count)
        }
        return example
      } catch let error as UnscoredAnswer {
        throw TransformerError.emptyData(data: data.name, reason: "record \(number + 1) \(error.reason)")
      }
    }
    requiredVocabulary = vocabulary
    requiredContext = context
  }

  private struct UnscoredAnswer: Error { let reason: String }

  /// One record: the answers begin at the first token in which one of them shows, so that all are scored from the same
  /// place even where the tokenizer merges the end of the prompt with the beginning of an answer.
  private static func example(_ record: PromptRecord, _ tokenizer: Tokenizer) throws -> Batch.Example {
    let continuations = try Continuations(
      prompt: record.prompt, answers: [record.answer] + record.alternatives, tokenizer: tokenizer)
    if continuations.prompt.isEmpty { throw UnscoredAnswer(reason: "has no prompt that the answer could follow") }
    if let empty = continuations.answers.firstIndex(where: \.isEmpty) {
      throw UnscoredAnswer(
        reason: empty == 0
          ? "has an answer of no tokens" : "has an answer that is the beginning of another one, or of no tokens")
    }
    let examples = continuations.answers.map { Batch.Example(prompt: continuations.prompt, answer: $0) }
    var example = examples[0]
    example.alternatives = Array(examples.dropFirst())
    return example
  }

  var exampleCount: Int? { all.count }
  var listedExamples: [Batch.Example]? { all }

  func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] {
    order.places(size: count, seed: seed, index: index).map { all[$0] }
  }

  func text(of example: Batch.Example) -> String {
    let prompt = example.tokens.dropLast(max(0, example.targets.count - 1))
    func text(_ tokens: some Sequence<Int32>) -> String { (try? tokenizer.decode(Array(tokens))) ?? "" }
    return PromptData.text(text(prompt), text(example.targets))
  }
}

/// Answers to one prompt, as tokens that follow a common beginning.
public struct Continuations: Sendable, Equatable {
  /// The tokens that all answers share.
  public let prompt: [Int32]
  /// What follows them for each answer.
  public let answers: [[Int32]]

  /// Tokenises prompt and answer together, since a tokenizer may merge across their border.
  ///
  /// - Throws: `TokenizerError`.
  public init(prompt: String, answers: [String], tokenizer: Tokenizer) throws {
    let alone = try tokenizer.prompt(prompt)
    let together = try answers.map { try tokenizer.prompt(prompt + $0) }
    let shared = together.reduce(alone.count) { shared, tokens in
      min(shared, zip(alone, tokens).prefix { $0 == $1 }.count)
    }
    self.prompt = Array(alone[..<shared])
    self.answers = together.map { Array($0[shared...]) }
  }
}
