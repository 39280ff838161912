/// Token sequences of one length and the positions at which the next token is scored.
///
/// Shorter sequences are padded on the right: under causal attention nothing that is scored can see the padding.
public struct Batch: Sendable, Equatable, Codable {
  /// How many sequences.
  public let rows: Int
  /// Tokens of each sequence.
  public let length: Int
  /// The tokens, rows × length, row-major.
  public let tokens: [Int32]
  /// Where the next token is scored: indices into `tokens`, grouped by row, ascending.
  public let positions: [Int32]
  /// The token that should follow each position.
  public let targets: [Int32]
  /// For each row, how many of `positions` belong to it.
  public let targetCounts: [Int]
  /// For each row, which part of a mixture it came from (0 when there is one part).
  public let parts: [Int]
  /// For each row, the same question with each of the wrong answers that it is scored against; none when the answer
  /// has to be produced.
  public let alternatives: [[Example]]

  /// A batch from its parts.
  ///
  /// - Parameters:
  ///   - tokens: as many as `rows` sequences of one length.
  ///   - positions: indices into `tokens`, ascending.
  ///   - targets: one a position.
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` when the counts or indices do not fit.
  public init(rows: Int, tokens: [Int32], positions: [Int32], targets: [Int32]) throws(TransformerError) {
    guard rows > 0, tokens.count % rows == 0, positions.count == targets.count,
      positions.allSatisfy({ (0..<Int32(tokens.count)).contains($0) }),
      zip(positions, positions.dropFirst()).allSatisfy(<)
    else {
      throw .invalidOption(
        field: "batch",
        value: "\(rows) rows, \(tokens.count) tokens, \(positions.count) positions, \(targets.count) targets",
        reason: "needs sequences of one length and ascending positions within them, one target each")
    }
    var counts = [Int](repeating: 0, count: rows)
    for position in positions { counts[Int(position) * rows / tokens.count] += 1 }
    self.init(
      rows: rows, length: tokens.count / rows, tokens: tokens, positions: positions, targets: targets,
      targetCounts: counts, parts: Array(repeating: 0, count: rows), alternatives: Array(repeating: [], count: rows))
  }

  /// A batch from parts that fit together already.
  init(
    rows: Int, length: Int, tokens: [Int32], positions: [Int32], targets: [Int32], targetCounts: [Int], parts: [Int],
    alternatives: [[Example]]
  ) {
    self.rows = rows
    self.length = length
    self.tokens = tokens
    self.positions = positions
    self.targets = targets
    self.targetCounts = targetCounts
    self.parts = parts
    self.alternatives = alternatives
  }

  /// A batch from examples.
  ///
  /// - Parameter padding: the token that fills shorter sequences.
  public init(_ examples: [Example], padding: Int32 = 0) {
    let length = examples.map(\.tokens.count).max() ?? 0
    var tokens: [Int32] = []
    var positions: [Int32] = []
    var targets: [Int32] = []
    tokens.reserveCapacity(examples.count * length)
    for (row, example) in examples.enumerated() {
      tokens += example.tokens
      tokens += repeatElement(padding, count: length - example.tokens.count)
      let first = row * length + example.tokens.count - example.targets.count
      for (offset, target) in example.targets.enumerated() {
        positions.append(Int32(first + offset))
        targets.append(target)
      }
    }
    self.init(
      rows: examples.count, length: length, tokens: tokens, positions: positions, targets: targets,
      targetCounts: examples.map(\.targets.count), parts: examples.map(\.part),
      alternatives: examples.map(\.alternatives))
  }

  /// One sequence: what the model reads, and what should follow each of its last tokens.
  public struct Example: Sendable, Equatable, Codable {
    /// Tokens that the model reads. The last target is not among them.
    public var tokens: [Int32]
    /// The tokens that should follow each of the last `targets.count` tokens.
    public var targets: [Int32]
    /// Which part of a mixture the example came from.
    public var part: Int
    /// The question with each of the wrong answers, when the answer is a choice among given ones.
    public var alternatives: [Example] = []

    /// The sequence `prompt + answer`, in which only the answer is scored.
    ///
    /// An empty prompt leaves the first token of the answer unscored, since nothing precedes it.
    public init(prompt: [Int32], answer: [Int32], part: Int = 0) {
      tokens = prompt + answer.dropLast()
      targets = prompt.isEmpty ? Array(answer.dropFirst()) : answer
      self.part = part
    }
  }
}
