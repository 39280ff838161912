import Autograd
import Tensors

/// A model that reads sequences bit by bit and remembers the keys and values of what it has read.
public final class Decoding {
  /// The model.
  public let model: Model
  private let cache: KeyValueCache
  /// The model's weights in fewer bytes, once it pays.
  private(set) var compact: CompactCopy?
  /// Reads of so few tokens that they wait for the weights to come from memory.
  private var narrowReads = 0
  /// So many of them cost more than a copy of the weights saves; afterwards each takes a half or a third of the time.
  private static let readsBeforeCopying = 6
  /// Tokens of the prompt; nil until the first of them are read, when it was not given.
  private var promptLength: Int?

  /// A model that has read nothing yet.
  ///
  /// - Parameters:
  ///   - rows: sequences, which are read side by side.
  ///   - capacity: tokens a sequence at most; the model's context at most.
  ///   - promptLength: tokens of each prompt, which steering may ask for; those that are read first unless given.
  /// - Throws: `TensorError` when the keys and values do not fit into memory.
  public init(_ model: Model, rows: Int = 1, capacity: Int, promptLength: Int? = nil) throws {
    self.model = model
    self.promptLength = promptLength
    cache = try KeyValueCache(
      model.configuration, rows: max(1, rows), capacity: max(1, min(capacity, model.configuration.context)))
  }

  /// Tokens of each sequence that were read.
  public var count: Int { cache.count }
  /// Tokens of each sequence for which there is room.
  public var capacity: Int { cache.capacity }

  /// Reads more tokens of every sequence and calls `body` with the logits after the last of them.
  ///
  /// - Parameters:
  ///   - tokens: rows × as many as are new, row-major; at least one a sequence.
  ///   - body: gets rows × vocabulary numbers.
  /// - Throws: ``TransformerError`` for tokens that do not fit, `TensorError`, `Interrupted`. What was read before stays.
  public func read<Result>(
    _ tokens: [Int32], _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) throws -> Result {
    let length = tokens.count / cache.rows
    try checkTokens(tokens, model, longest: cache.rows * (capacity - count))
    guard tokens.count % cache.rows == 0 else {
      throw TransformerError.invalidOption(
        field: "tokens", value: "\(tokens.count)", reason: "must be equally many for each of \(cache.rows) sequences")
    }
    let prompt = promptLength ?? length
    promptLength = prompt
    let grid = TokenGrid(
      rows: cache.rows, length: length, tokens: tokens, start: count,
      promptEnds: Array(repeating: prompt - 1, count: cache.rows))
    if tokens.count <= Tape.fewRows {
      narrowReads += 1
      // Without the memory for a copy it goes on as before.
      if narrowReads == Decoding.readsBeforeCopying, capacity - count > Decoding.readsBeforeCopying {
        compact = try? CompactCopy(exactly: model.weights, matrices: model.architecture.layout.matrices)
      }
    }
    let last = (1...cache.rows).map { Int32($0 * length - 1) }
    return try Workspace.withShared { workspace in
      try workspace.logits(model, grid, at: last, cache: cache, compact: compact) { logits in
        cache.advance(by: length)
        return try body(logits)
      }
    }
  }
}

/// The scores of every next token, for each position of a sequence.
///
/// - Parameters:
///   - model: the model.
///   - tokens: at least one, and at most as many as the context holds.
///   - promptLength: how many of them are the prompt, which steering may ask for; all unless given.
/// - Returns: tokens × vocabulary numbers, one row a position.
/// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
public func logits(of model: Model, tokens: [Int32], promptLength: Int? = nil) throws -> [Float] {
  // Asked before the memory is: that of a text too long for the model may not be there.
  try checkTokens(tokens, model, longest: model.configuration.context)
  let count = tokens.count * model.configuration.vocabulary
  return try Array(unsafeUninitializedCapacity: count) { buffer, initialized in
    guard let target = buffer.baseAddress else { return }
    try writeLogits(of: model, tokens: tokens, promptLength: promptLength, into: target)
    initialized = count
  }
}

/// Writes the scores of every next token where the caller wants them: those of a long text are a hundred megabytes,
/// which are not copied.
///
/// - Parameters:
///   - model: the model.
///   - tokens: at least one, and at most as many as the context holds.
///   - promptLength: how many of them are the prompt, which steering may ask for; all unless given.
///   - target: gets tokens × vocabulary numbers, one row a position.
/// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
public func writeLogits(
  of model: Model, tokens: [Int32], promptLength: Int? = nil, into target: UnsafeMutablePointer<Float>
) throws {
  try checkTokens(tokens, model, longest: model.configuration.context)
  let grid = TokenGrid(
    rows: 1, length: tokens.count, tokens: tokens, promptEnds: promptLength.map { [$0 - 1] })
  try Workspace.withShared { try $0.writeLogits(model, grid, into: target) }
}

/// Refuses sequences that a model cannot read.
///
/// - Parameter data: what they are called.
public func checkTokens(
  _ tokens: [Int32], _ model: Model, longest: Int, data: String = "prompt"
) throws(TransformerError) {
  let vocabulary = model.configuration.vocabulary
  guard let largest = tokens.max(), let smallest = tokens.min() else {
    throw .emptyData(data: data, reason: "there are no tokens")
  }
  if smallest < 0 {
    throw .invalidOption(field: data, value: "\(smallest)", reason: "holds tokens from 0 to \(vocabulary - 1)")
  }
  guard Int(largest) < vocabulary else {
    throw .vocabularyTooSmall(data: data, needed: Int(largest) + 1, model: model.name, has: vocabulary)
  }
  guard tokens.count <= longest else {
    throw .contextTooShort(data: data, needed: tokens.count, model: model.name, has: longest)
  }
}
