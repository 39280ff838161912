import Tensors

/// How the rows and columns of an attention are to be read.
///
/// Rows are sequence after sequence: query `t` of sequence `b` is row `b · queryLength + t` and stands at position
/// `length − queryLength + t`; key `t` of sequence `b` is row `b · keyCapacity + t`. Columns are head after head.
public struct AttentionShape: Sendable, Equatable {
  /// How many sequences there are.
  public var batch: Int
  /// How many positions each sequence has, padding included.
  public var length: Int
  /// How many heads the queries have.
  public var heads: Int
  /// How many heads the keys and values have; query head `h` uses key head `h / (heads / keyValueHeads)`.
  public var keyValueHeads: Int
  /// How many columns a head has.
  public var headWidth: Int
  /// Rotation of queries and keys by their positions, if the model has it.
  public var rotary: RotarySpec?
  /// How many positions at the start of each sequence are padding that nobody may attend to; nil for none.
  public var padding: [Int]?
  /// How many queries each sequence has: the last positions. Fewer than ``length`` when only the last positions
  /// matter, or when earlier keys come from a cache.
  public var queryLength: Int
  /// How many rows lie between the keys of one sequence and those of the next, at least ``length``.
  public var keyCapacity: Int
  /// Scores are multiplied by this before the softmax; one over the root of the head's width unless set.
  public var scale: Float

  /// Describes causal attention.
  ///
  /// - Parameters:
  ///   - keyValueHeads: as many as `heads` unless given.
  ///   - padding: left padding of each sequence.
  ///   - queryLength: as long as the sequence unless given.
  ///   - keyCapacity: as long as the sequence unless given.
  public init(
    batch: Int, length: Int, heads: Int, keyValueHeads: Int? = nil, headWidth: Int, rotary: RotarySpec? = nil,
    padding: [Int]? = nil, queryLength: Int? = nil, keyCapacity: Int? = nil
  ) {
    self.batch = batch
    self.length = length
    self.heads = heads
    self.keyValueHeads = keyValueHeads ?? heads
    self.headWidth = headWidth
    self.rotary = rotary
    self.padding = padding
    self.queryLength = queryLength ?? length
    self.keyCapacity = keyCapacity ?? length
    scale = headWidth > 0 ? 1 / Float(headWidth).squareRoot() : 1
  }

  /// Columns of the queries.
  var queryWidth: Int { heads * headWidth }
  /// Columns of the keys, and of the values.
  var keyWidth: Int { keyValueHeads * headWidth }
}

/// Rotary position embedding (Su et al., arXiv 2104.09864) in the half-split layout of Llama: column `i` turns with
/// column `i + width / 2` by the angle `position · base^(−2i / width)`.
public struct RotarySpec: Sendable, Equatable {
  /// The base of the frequencies, such as 10,000.
  public var base: Double
  /// How many columns at the start of each head turn; nil for all of them.
  public var width: Int?
  /// Frequencies to use instead of those from ``base``, `width / 2` of them, for models that scale them.
  public var frequencies: [Double]?

  /// Describes a rotation.
  public init(base: Double = 10_000, width: Int? = nil, frequencies: [Double]? = nil) {
    self.base = base
    self.width = width
    self.frequencies = frequencies
  }
}
