import Checkpoints
import Tensors
import Tokenizers
import Transformers

/// Pairs of texts in a model's tokens: one prompt with each of two answers.
public struct ContrastTexts: Sendable {
  /// The prompts, one a pair.
  public let prompts: [String]
  /// The positive answers, one a pair.
  public let answers: [String]
  /// Prompt and answer, as tokens: the side that shows the behaviour, and the other.
  public let positive, negative: [[Int32]]
  /// The token of each side at which the answers differ last: the letter of `(A)` and `(B)`, the word of ` yes` and ` no`.
  public let positiveAnswers, negativeAnswers: [Range<Int>]

  /// Reads data whose records are choices between two answers, or mixtures of such.
  ///
  /// - Throws: ``SteeringError/degenerate(operation:reason:)`` for other data, `TransformerError`, `TokenizerError`,
  ///   `Interrupted`.
  public init(_ data: any Dataset, for model: Model) throws {
    let records = try data.parts.flatMap { part in
      guard let part = part as? PromptData, part.isPairs else {
        throw SteeringError.degenerate(operation: "contrast", reason: "\(part.name) has no two answers to each prompt")
      }
      return part.records
    }
    let tokenizer = try model.tokenizer(for: data.name)
    var sides: (positive: [[Int32]], negative: [[Int32]]) = ([], [])
    var differences: (positive: [Range<Int>], negative: [Range<Int>]) = ([], [])
    for (number, record) in records.enumerated() {
      if number % 64 == 0 { try Cancellation.check() }
      let both = try Continuations(
        prompt: record.prompt, answers: [record.answer] + record.alternatives, tokenizer: tokenizer)
      guard both.answers.count == 2, both.answers[0] != both.answers[1], !both.answers.contains(where: \.isEmpty) else {
        throw SteeringError.degenerate(
          operation: "contrast", reason: "the answers of record \(number + 1) of \(data.name) do not differ in tokens")
      }
      let places = Self.lastDifference(both.answers[0], both.answers[1])
      func range(_ place: Int) -> Range<Int> { both.prompt.count + place..<both.prompt.count + place + 1 }
      sides.positive.append(both.prompt + both.answers[0])
      sides.negative.append(both.prompt + both.answers[1])
      differences.positive.append(range(places.0))
      differences.negative.append(range(places.1))
    }
    prompts = records.map(\.prompt)
    self.answers = records.map(\.answer)
    (positive, negative) = sides
    (positiveAnswers, negativeAnswers) = differences
  }

  /// The last tokens of two answers before what they end with in common.
  static func lastDifference(_ left: [Int32], _ right: [Int32]) -> (Int, Int) {
    let common = zip(left.reversed(), right.reversed()).prefix { $0 == $1 }.count
    return (max(0, left.count - common - 1), max(0, right.count - common - 1))
  }
}

/// At which token of a text a contrast is read.
public enum ReadingPosition: Sendable, Hashable {
  /// Where the answers of a pair differ last (CAA).
  case answer
  /// The last token (repeng).
  case last
  /// The mean over all tokens.
  case mean
  /// A token by its number, from 0, or from −1 backwards.
  case index(Int)

  /// What a vector remembers.
  public var name: String {
    switch self {
    case .answer: "answer"
    case .last: "last"
    case .mean: "mean"
    case .index(let place): "\(place)"
    }
  }

  /// The rule for texts whose answers lie at these tokens.
  func rule(answers: [Range<Int>]) -> PositionRule {
    switch self {
    case .answer: .answer(answers)
    case .last: .last
    case .mean: .mean
    case .index(let place): .index(place)
    }
  }
}
