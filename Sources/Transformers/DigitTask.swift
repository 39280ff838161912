import Foundation
import Tensors

/// A generated task on sequences of digits: `[task] d1 … dn [sep] o1 … on`, scored on the answer o1 … on.
///
/// Tokens 0–9 are the digits; each kind of task has one token; the last one separates question and answer. A model with
/// a tokenizer reads the task as text instead: see ``TextTask``.
public struct DigitTask: SplittableDataset, Hashable {
  /// What is asked.
  public let kind: Kind
  /// Digits of the question, which are also those of the answer.
  public let length: Int
  /// Which inputs are drawn.
  public let part: InputPart

  /// The kinds of task.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The digits as they are.
    case copy
    /// The digits from last to first.
    case reverse
    /// The digits in ascending order.
    case sort
    /// Each digit plus its left neighbour modulo 10; the first one's neighbour is the last.
    case modAdd = "mod-add"
  }

  /// The token between question and answer.
  public static let separator = Int32(10 + Kind.allCases.count)
  /// Tokens in use: ten digits, one a kind, and the separator.
  public static let tokenCount = Int(separator) + 1
  /// The longest question.
  public static let longest = 4096

  /// A task.
  ///
  /// - Throws: ``TransformerError/unknownChoice(of:name:known:)`` for a name that is none of ``Kind``, or
  ///   ``TransformerError/invalidOption(field:value:reason:)`` for a length outside 1…4096.
  public init(_ name: String, length: Int = 8) throws(TransformerError) {
    guard let kind = Kind(rawValue: name) else {
      throw .unknownChoice(of: "task", name: name, known: Kind.allCases.map(\.rawValue))
    }
    try self.init(kind, length: length)
  }

  /// A task.
  ///
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for a length outside 1…4096.
  public init(_ kind: Kind, length: Int = 8) throws(TransformerError) {
    guard (1...Self.longest).contains(length) else {
      throw .invalidOption(field: "length", value: "\(length)", reason: "must lie between 1 and \(Self.longest)")
    }
    self.init(kind: kind, length: length, part: .all)
  }

  private init(kind: Kind, length: Int, part: InputPart) {
    self.kind = kind
    self.length = length
    self.part = part
  }

  /// What calls and tables say.
  public var name: String {
    let base = length == 8 ? kind.rawValue : "\(kind.rawValue)/\(length)"
    return base + part.suffix
  }
  /// The model needs at least so many tokens.
  public var requiredVocabulary: Int { Self.tokenCount }
  /// The model needs at least such a context.
  public var requiredContext: Int { 2 * length + 1 }

  /// The token that announces the task.
  public var token: Int32 { 10 + Int32(Kind.allCases.firstIndex(of: kind) ?? 0) }

  /// The answer to a question.
  public func answer(to digits: [Int32]) -> [Int32] {
    switch kind {
    case .copy: digits
    case .reverse: digits.reversed()
    case .sort: digits.sorted()
    case .modAdd: digits.indices.map { (digits[$0] + digits[$0 == 0 ? digits.count - 1 : $0 - 1]) % 10 }
    }
  }

  /// The examples of batch number `index`.
  public func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] {
    try questions(count: count, seed: seed, index: index).map { digits in
      Batch.Example(prompt: [token] + digits + [Self.separator], answer: answer(to: digits))
    }
  }

  /// The questions of batch number `index`, in symbols or in words.
  func questions(count: Int, seed: UInt64, index: Int) throws -> [[Int32]] {
    // The stream does not depend on which part is drawn, nor on how many rows a batch has.
    let stream = RandomStream(seed: seed, purpose: "examples", name: "\(kind.rawValue)/\(length)")
      .substream(UInt64(max(0, index)))
    return try (0..<max(0, count)).map { row in
      try draw(stream.substream(UInt64(row)))
    }
  }

  private func draw(_ stream: RandomStream) throws -> [Int32] {
    let attempts = 4096
    for attempt in 0..<attempts {
      let digits = stream.integers(count: length, below: 10, from: UInt64(attempt * length)).map { Int32($0) }
      if part.contains(digits) { return digits }
    }
    throw TransformerError.emptyData(
      data: name, reason: "none of \(attempts) random questions fell into this part of the inputs")
  }

  /// The probability that answers of the right kind drawn at random match: 10⁻ⁿ for digits in any order; for `sort`,
  /// the probability that the sorted digits of another random question agree.
  public var chance: Double? {
    switch kind {
    case .copy, .reverse, .modAdd: Double.exp10(-length)
    case .sort: Self.sortedCollision(length)
    }
  }

  /// ln 10: every digit as likely as any other.
  public var guessLoss: Double? { log(10) }

  /// An example as a person reads it.
  public func text(of example: Batch.Example) -> String {
    let digits = example.tokens.dropFirst().prefix { $0 < 10 }
    return text(digits, example.targets[...])
  }

  /// A question and its answer as a person reads them.
  func text(_ question: ArraySlice<Int32>, _ answer: ArraySlice<Int32>) -> String {
    "\(kind.rawValue) \(Self.text(question)) → \(Self.text(answer))"
  }

  private static func text(_ digits: ArraySlice<Int32>) -> String {
    digits.map { "\($0)" }.joined(separator: " ")
  }

  /// Σ p(m)² over the multisets m of n digits, p(m) = n!/(Πmᵢ!·10ⁿ): n!²/10²ⁿ · [xⁿ] (Σₖ xᵏ/k!²)¹⁰, by repeated
  /// multiplication of the series. Terms are scaled by 10⁻¹ a power so that long questions do not overflow.
  private static func sortedCollision(_ length: Int) -> Double {
    if length > 64 { return 0 }
    // c[k] = 1/k!², multiplied out ten times; n!² applied factor by factor at the end.
    var factorials = [1.0]
    for k in 1...max(1, length) { factorials.append(factorials[k - 1] * Double(k)) }
    let one = factorials.map { 1 / ($0 * $0) }
    var power = one
    for _ in 1..<10 {
      power = (0...length).map { n in (0...n).reduce(0.0) { $0 + power[$1] * one[n - $1] } }
    }
    return power[length] * factorials[length] * factorials[length] * Double.exp10(-2 * length)
  }

  /// The same task on a part of its inputs.
  ///
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` when the task is a part already.
  public func restricted(to part: InputPart) throws(TransformerError) -> DigitTask {
    if self.part != .all {
      throw .invalidOption(field: "data", value: name, reason: "is a part of a task already; split the whole task")
    }
    return DigitTask(kind: kind, length: length, part: part)
  }
}

extension Double {
  fileprivate static func exp10(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? 0 }
}
