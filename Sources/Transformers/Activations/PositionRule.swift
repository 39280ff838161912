/// At which tokens of a sequence activations are read.
public enum PositionRule: Sendable, Equatable {
  /// The last token: one row a sequence.
  case last
  /// Every token: as many rows as there are tokens, sequence after sequence.
  case all
  /// The mean over all tokens, accumulated in double: one row a sequence.
  case mean
  /// The token of this number, from 0, or from −1 backwards from the end: one row a sequence.
  case index(Int)
  /// The mean over the tokens of an answer, which one range a sequence tells: one row a sequence. The prompt ends before it.
  case answer([Range<Int>])
  /// The tokens that are marked, one flag a token of each sequence: a row a marked token, sequence after sequence.
  case mask([[Bool]])

  /// Whether each sequence has exactly one row.
  public var givesOneRow: Bool {
    switch self {
    case .last, .mean, .index, .answer: true
    case .all, .mask: false
    }
  }
}

/// On which side sequences of unequal length are filled up. No token attends to the filling, so that it changes no number
/// beyond rounding: none at all on the right.
public enum PaddingSide: String, Sendable, Hashable, CaseIterable {
  /// Behind the tokens, which keep their places. Results are the same bits as without padding.
  case right
  /// Before the tokens. Learned positions count from the first token; rotary ones count from the first place, where only
  /// distances matter, so that results differ in the last bits.
  case left
}
