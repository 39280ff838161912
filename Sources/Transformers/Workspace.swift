import Autograd
import Checkpoints
import Synchronization
import Tensors

/// Where a model's loss and gradients are computed: a tape whose memory is reused from step to step and call to call.
///
/// A workspace belongs to one thread at a time.
public final class Workspace {
  private let tape = Tape()
  /// Tokens of the last batch, and whether gradients were computed: what decides which sizes of block are used again.
  private var lastUse: (tokens: Int, isRecording: Bool)?
  /// Memory below this is kept whatever comes next, in bytes.
  private static let kept = 32 << 20

  /// An empty workspace.
  public init() {}

  /// The mean loss over the scored positions of a batch.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - free: stands in for the model's free weights; nil for its own.
  ///   - batch: what to read and to score.
  ///   - gradient: where the gradient of the free weights is written; nil when it is not needed.
  /// - Throws: ``TransformerError``, `TensorError`, `Interrupted`. A loss that is not finite is returned, not thrown.
  public func loss(
    of model: Model, free: UnsafePointer<Float>? = nil, on batch: Batch,
    gradient: UnsafeMutablePointer<Float>? = nil
  ) throws -> Double {
    try model.checkFits(batch)
    return try run(model, free: free, gradient: gradient, tokens: batch.tokens.count) { pass in
      let logits = try pass.logits(TokenGrid(batch), at: batch.positions)
      let loss = try tape.crossEntropy(logits, targets: batch.targets)
      if gradient != nil { try tape.backward(from: loss) }
      return tape.scalar(loss)
    }
  }

  /// The loss and the first choice at each scored position of a batch.
  ///
  /// - Parameter prefix: what this adapter has in common with others that were scored before; nil for nothing.
  /// - Throws: as ``loss(of:free:on:gradient:)``.
  public func score(
    _ model: Model, free: UnsafePointer<Float>? = nil, on batch: Batch, sharing prefix: FrozenPrefix? = nil
  ) throws -> (losses: [Float], choices: [Int32]) {
    try model.checkFits(batch)
    let grid = TokenGrid(batch)
    return try run(
      model, free: free, gradient: nil, tokens: batch.tokens.count, shared: Workspace.shared(prefix, grid, model)
    ) { pass in
      let logits = try pass.logits(grid, at: batch.positions)
      let loss = try tape.crossEntropy(logits, targets: batch.targets)
      return (tape.rowLosses(of: loss), tape.predictions(of: loss))
    }
  }

  /// Calls `body` with the logits at some positions of token sequences, which may continue those of a cache.
  ///
  /// - Parameter compact: the model's weights in fewer bytes.
  func logits<Result>(
    _ model: Model, _ grid: TokenGrid, at positions: [Int32]?, cache: KeyValueCache? = nil, compact: CompactCopy? = nil,
    sharing prefix: FrozenPrefix? = nil, _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) throws -> Result {
    try run(
      model, free: nil, gradient: nil, tokens: grid.tokens.count, cache: cache, compact: compact,
      shared: Workspace.shared(prefix, grid, model)
    ) { pass in
      let logits = try pass.logits(grid, at: positions)
      return try tape.withValues(of: logits) { try body($0) }
    }
  }

  /// Writes the logits at all positions of token sequences: tokens × vocabulary numbers.
  func writeLogits(_ model: Model, _ grid: TokenGrid, into target: UnsafeMutablePointer<Float>) throws {
    let positions = Array(0..<Int32(grid.tokens.count))
    try run(model, free: nil, gradient: nil, tokens: grid.tokens.count) { pass in
      _ = try pass.logits(grid, at: positions, into: target)
    }
  }

  /// Computes as far as somebody listens.
  func read(_ model: Model, _ grid: TokenGrid, _ listener: ActivationListener) throws {
    do {
      try run(model, free: nil, gradient: nil, tokens: grid.tokens.count, listener: listener) { pass in
        _ = try model.architecture.hidden(pass, grid, at: nil)
      }
    } catch is ActivationListener.Satisfied {}
  }

  private static func shared(
    _ prefix: FrozenPrefix?, _ grid: TokenGrid, _ model: Model
  ) -> (layer: Int, kept: FrozenPrefix.Kept)? {
    prefix.flatMap { prefix in prefix.kept(grid, for: model).map { (prefix.layer, $0) } }
  }

  private func run<Result>(
    _ model: Model, free: UnsafePointer<Float>?, gradient: UnsafeMutablePointer<Float>?, tokens: Int,
    cache: KeyValueCache? = nil, compact: CompactCopy? = nil, listener: ActivationListener? = nil,
    shared: (layer: Int, kept: FrozenPrefix.Kept)? = nil, _ body: (ForwardPass) throws -> Result
  ) throws -> Result {
    gradient?.update(repeating: 0, count: model.freeCount)
    tape.isRecording = gradient != nil
    tape.reset()
    defer { tape.reset() }
    // Blocks are reused by size, so that those of another batch size would lie idle beside the new ones.
    if let last = lastUse, last != (tokens, tape.isRecording), tape.memoryStatistics.bytesHeld > Self.kept {
      tape.trim()
    }
    lastUse = (tokens, tape.isRecording)
    let hooks = ActivationHooks(model, listener: listener)
    // The copy is one of weights that nobody trains.
    let frozen = free == nil || model.adapter != nil ? compact : nil
    return try frozen.withView { compact in
      try model.weights.withPointer { weights in
        guard let adapter = model.adapter else {
          return try body(
            ForwardPass(
              tape: tape, architecture: model.architecture, weights: free ?? weights, adapter: nil, gradient: gradient,
              cache: cache, compact: compact, hooks: hooks))
        }
        return try adapter.factors.withPointer { factors in
          try body(
            ForwardPass(
              tape: tape, architecture: model.architecture, weights: weights,
              adapter: (adapter.shape, free ?? factors), gradient: gradient, cache: cache, compact: compact,
              hooks: hooks, shared: shared))
        }
      }
    }
  }
}

extension Workspace {
  private static let idle = Mutex<[Shelved]>([])

  /// A workspace on the shelf: no thread has it.
  private struct Shelved: @unchecked Sendable { let workspace: Workspace }

  /// Calls `body` with a workspace kept from earlier calls, so that the memory of activations is asked for once.
  public static func withShared<Result>(_ body: (Workspace) throws -> Result) rethrows -> Result {
    let workspace = idle.withLock { $0.popLast() }?.workspace ?? Workspace()
    defer {
      let shelved = Shelved(workspace: workspace)
      idle.withLock { if $0.isEmpty { $0.append(shelved) } }
    }
    return try body(workspace)
  }
}

extension Model {
  /// - Throws: ``TransformerError`` when data needs more tokens or a longer context than the model has.
  public func checkFits(_ data: any Dataset) throws(TransformerError) {
    if data.requiredVocabulary > configuration.vocabulary {
      throw .vocabularyTooSmall(
        data: data.name, needed: data.requiredVocabulary, model: name, has: configuration.vocabulary)
    }
    if data.requiredContext > configuration.context {
      throw .contextTooShort(data: data.name, needed: data.requiredContext, model: name, has: configuration.context)
    }
  }

  /// - Throws: ``TransformerError`` when a batch is empty, too long or has tokens that the model does not know.
  func checkFits(_ batch: Batch) throws(TransformerError) {
    if batch.positions.isEmpty { throw .emptyData(data: "batch", reason: "no position is scored") }
    if batch.length > configuration.context {
      throw .contextTooShort(data: "batch", needed: batch.length, model: name, has: configuration.context)
    }
    let largest = max(batch.tokens.max() ?? 0, batch.targets.max() ?? 0)
    if Int(largest) >= configuration.vocabulary {
      throw .vocabularyTooSmall(
        data: "batch", needed: Int(largest) + 1, model: name, has: configuration.vocabulary)
    }
  }
}
