import Tensors
import Tokenizers

/// A digit task as text, for models that have a tokenizer: `sort:31254 =12345`, scored on the answer's digits.
///
/// Questions are those of the ``DigitTask`` it stands for. Every digit is one token, so that question and answer have as
/// many tokens as digits whatever the tokenizer merges.
public struct TextTask: Dataset {
  /// The task.
  public let task: DigitTask
  private let spelling: DigitSpelling

  /// Spells a task in a tokenizer's tokens.
  ///
  /// - Throws: ``TransformerError/emptyData(data:reason:)`` when the tokenizer has no tokens for single digits,
  ///   `TokenizerError`.
  public init(_ task: DigitTask, tokenizer: Tokenizer) throws {
    self.task = task
    spelling = try DigitSpelling(task, tokenizer)
  }

  /// What calls and tables say.
  public var name: String { task.name }
  /// The model needs at least so many tokens.
  public var requiredVocabulary: Int {
    Int((spelling.opening + spelling.middle + spelling.digits).max() ?? 0) + 1
  }
  /// The model needs at least such a context.
  public var requiredContext: Int { spelling.opening.count + spelling.middle.count + 2 * task.length - 1 }
  /// The probability that an answer of the right kind drawn at random matches.
  public var chance: Double? { task.chance }
  /// ln 10: every digit as likely as any other.
  public var guessLoss: Double? { task.guessLoss }

  /// The examples of batch number `index`.
  public func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] {
    try task.questions(count: count, seed: seed, index: index).map { digits in
      Batch.Example(
        prompt: spelling.opening + spelling.tokens(digits) + spelling.middle,
        answer: spelling.tokens(task.answer(to: digits)))
    }
  }

  /// An example as a person reads it.
  public func text(of example: Batch.Example) -> String {
    let question = example.tokens.dropFirst(spelling.opening.count).prefix(task.length)
    return task.text(spelling.values(question)[...], spelling.values(example.targets[...])[...])
  }
}

extension DigitTask {
  /// The task in symbols for a model that reads token ids, and as text for one that has a tokenizer.
  public func bound(to model: Model) throws -> any Dataset {
    guard let tokenizer = model.tokenizer else { return self }
    return try TextTask(self, tokenizer: tokenizer)
  }
}

/// The tokens of which a task's text is made.
private struct DigitSpelling: Sendable {
  /// `sort:`.
  let opening: [Int32]
  /// What stands between question and answer.
  let middle: [Int32]
  /// The token of each digit.
  let digits: [Int32]

  /// Digits side by side where the tokenizer keeps them apart, as those of SmolLM2 and Qwen2 do; with a space before each
  /// where it would merge them, as GPT-2's does; side by side against its habit where neither works.
  init(_ task: DigitTask, _ tokenizer: Tokenizer) throws {
    let spellings = [Writing(task, isSpaced: false), Writing(task, isSpaced: true)]
    let found = try spellings.map { try DigitSpelling($0, tokenizer) }
    for (writing, spelling) in zip(spellings, found) {
      if let spelling, try spelling.isUsual(writing, tokenizer) {
        self = spelling
        return
      }
    }
    guard let first = found.compactMap({ $0 }).first else {
      throw TransformerError.emptyData(
        data: task.name, reason: "the tokenizer (\(tokenizer.kind)) has no token for each of the digits")
    }
    self = first
  }

  private struct Writing {
    let name: String
    let isSpaced: Bool

    init(_ task: DigitTask, isSpaced: Bool) {
      name = task.kind.rawValue
      self.isSpaced = isSpaced
    }

    func text(_ question: [Int], _ answer: [Int]) -> String { "\(name):\(digits(question)) =\(digits(answer))" }

    private func digits(_ digits: [Int]) -> String { digits.map { isSpaced ? " \($0)" : "\($0)" }.joined() }
  }

  /// Reads the spelling off `sort:d =d`, in which two tokens depend on d; nil when it is not so.
  private init?(_ writing: Writing, _ tokenizer: Tokenizer) throws {
    let samples = try (0...9).map { try tokenizer.prompt(writing.text([$0], [$0])) }
    guard samples.allSatisfy({ $0.count == samples[0].count }) else { return nil }
    let places = samples[0].indices.filter { samples[0][$0] != samples[1][$0] }
    guard places.count == 2, places[1] == samples[0].count - 1 else { return nil }
    opening = Array(samples[0][..<places[0]])
    middle = Array(samples[0][(places[0] + 1)..<places[1]])
    digits = samples.map { $0[places[1]] }
    guard Set(digits).count == 10, !opening.isEmpty else { return nil }
    for (digit, sample) in samples.enumerated() where sample != opening + [digits[digit]] + middle + [digits[digit]] {
      return nil
    }
  }

  /// Whether the tokenizer itself writes longer questions like this.
  private func isUsual(_ writing: Writing, _ tokenizer: Tokenizer) throws -> Bool {
    let probes = [Array(0...9), [1, 1, 1, 1], [2, 0, 2, 4, 1, 9, 9, 9], [0, 0, 0, 1, 0, 0]]
    for probe in probes {
      let spelled = tokens(probe.map { Int32($0) })
      if try tokenizer.prompt(writing.text(probe, probe)) != opening + spelled + middle + spelled { return false }
    }
    return true
  }

  func tokens(_ values: [Int32]) -> [Int32] { values.map { digits[Int($0)] } }

  func values(_ tokens: ArraySlice<Int32>) -> [Int32] {
    tokens.map { Int32(digits.firstIndex(of: $0) ?? 0) }
  }
}
