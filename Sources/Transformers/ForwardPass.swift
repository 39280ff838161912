import Autograd
import Tensors

/// One computation of a model on a tape: gives an architecture its weights by name, with the adapter where there is one.
///
/// The pointers are borrowed from the model and valid as long as the computation that made the pass.
public struct ForwardPass {
  /// The tape that records the computation.
  public let tape: Tape
  let architecture: any Architecture
  let weights: UnsafePointer<Float>
  let adapter: (shape: Adapter.Shape, factors: UnsafePointer<Float>)?
  /// Where gradients of the free weights are added: the adapter's factors if there is an adapter, else all weights.
  let gradient: UnsafeMutablePointer<Float>?
  /// Earlier keys and values, when a sequence is read in parts.
  let cache: KeyValueCache?
  /// The weights in fewer bytes, where somebody has made the copy.
  let compact: CompactView?
  /// Who reads and steers activations; nil for nobody.
  let hooks: ActivationHooks?
  /// What candidates of one search compute alike; nil where nothing is shared.
  let shared: (layer: Int, kept: FrozenPrefix.Kept)?
  /// How rotary positions turn the heads; the same in every layer.
  private let rotary: RotarySpec

  init(
    tape: Tape, architecture: any Architecture, weights: UnsafePointer<Float>,
    adapter: (shape: Adapter.Shape, factors: UnsafePointer<Float>)?, gradient: UnsafeMutablePointer<Float>?,
    cache: KeyValueCache?, compact: CompactView?, hooks: ActivationHooks?,
    shared: (layer: Int, kept: FrozenPrefix.Kept)? = nil
  ) {
    self.tape = tape
    self.architecture = architecture
    self.weights = weights
    self.adapter = adapter
    self.gradient = gradient
    self.cache = cache
    self.compact = compact
    self.hooks = hooks
    self.shared = shared
    rotary = architecture.configuration.rotary.spec(headWidth: architecture.configuration.headWidth)
  }

  /// A matrix or vector of weights; a vector is one row.
  ///
  /// - Throws: ``TransformerError/unknownSegment(name:known:)``.
  public func parameter(_ name: String) throws -> Variable {
    let segment = try architecture.layout.segment(name)
    let target = adapter == nil ? gradient.map { $0 + segment.offset } : nil
    return tape.parameter(
      weights + segment.offset, compact: compact?.matrix(at: segment.offset), gradient: target, rows: segment.rows,
      columns: segment.columns)
  }

  // MARK: - Layers

  /// `x·Wᵀ + b` with the weight and bias under `name`, plus (α/r)·x·Aᵀ·Bᵀ where the adapter sits on it.
  ///
  /// - Parameters:
  ///   - x: rows × inputs.
  ///   - residual: added to the result, rows × outputs.
  /// - Returns: rows × outputs.
  public func linear(_ x: Variable, _ name: String, residual: Variable? = nil) throws -> Variable {
    try hooks?.hear(input: x, of: name, tape)
    let weight = try parameter(name + ".weight")
    let bias = architecture.layout[name + ".bias"] == nil ? nil : try parameter(name + ".bias")
    func frozen() throws -> Variable { try tape.linear(x, weight: weight, bias: bias, residual: residual) }
    let product = residual == nil ? try product(x, name, compute: frozen) : nil
    guard let adapter, let a = adapter.shape.layout[name + ".a"], let b = adapter.shape.layout[name + ".b"] else {
      return try product ?? frozen()
    }
    return try tape.loraLinear(
      x, weight: weight, bias: bias, a: factor(a, adapter.factors), b: factor(b, adapter.factors),
      scale: Float(adapter.shape.scale), residual: residual, product: product)
  }

  /// Layer norm with the gain and bias under `name`.
  public func layerNorm(_ x: Variable, _ name: String) throws -> Variable {
    try tape.layerNorm(
      x, gain: parameter(name + ".gain"), bias: parameter(name + ".bias"),
      epsilon: architecture.configuration.epsilon)
  }

  /// RMS norm with the gain under `name`.
  public func rmsNorm(_ x: Variable, _ name: String) throws -> Variable {
    try tape.rmsNorm(x, gain: parameter(name + ".gain"), epsilon: architecture.configuration.epsilon)
  }

  /// Causal attention of a layer with learned or no positions, over queries, keys and values side by side.
  public func attention(qkv: Variable, _ grid: TokenGrid, layer: Int) throws -> Variable {
    let sizes = architecture.configuration
    guard let cache else {
      let shape = AttentionShape(
        batch: grid.rows, length: grid.length, heads: sizes.heads, keyValueHeads: sizes.keyValueHeads,
        headWidth: sizes.headWidth, padding: grid.padding)
      try hooks?.hear(attentionOf: layer, queries: (qkv, 0), keys: (qkv, sizes.queryWidth), shape, tape)
      return try tape.attention(qkv: qkv, shape: shape)
    }
    let queries = try tape.constant(rows: qkv.rows, columns: sizes.queryWidth) { out in
      guard let target = out.baseAddress else { return }
      tape.withValues(of: qkv) { values in
        guard let source = values.baseAddress else { return }
        for row in 0..<qkv.rows {
          (target + row * sizes.queryWidth).update(from: source + row * qkv.columns, count: sizes.queryWidth)
        }
      }
    }
    return try attention(
      queries, keys: (qkv, sizes.queryWidth), values: (qkv, sizes.queryWidth + sizes.keyWidth), grid, layer: layer,
      cache: cache, rotary: nil)
  }

  /// Causal attention of a layer with rotary positions.
  public func attention(
    queries: Variable, keys: Variable, values: Variable, _ grid: TokenGrid, layer: Int
  ) throws -> Variable {
    let sizes = architecture.configuration
    guard let cache else {
      let shape = AttentionShape(
        batch: grid.rows, length: grid.length, heads: sizes.heads, keyValueHeads: sizes.keyValueHeads,
        headWidth: sizes.headWidth, rotary: rotary, padding: grid.padding)
      try hooks?.hear(attentionOf: layer, queries: (queries, 0), keys: (keys, 0), shape, tape)
      return try tape.attention(queries: queries, keys: keys, values: values, shape: shape)
    }
    return try attention(
      queries, keys: (keys, 0), values: (values, 0), grid, layer: layer, cache: cache, rotary: rotary)
  }

  /// Attention of new tokens to those in the cache and to themselves. The sources are variables and first columns.
  private func attention(
    _ queries: Variable, keys: (Variable, Int), values: (Variable, Int), _ grid: TokenGrid, layer: Int,
    cache: KeyValueCache, rotary: RotarySpec?
  ) throws -> Variable {
    let sizes = architecture.configuration
    func extend(_ source: (Variable, Int), _ slot: Int) throws -> Variable {
      try tape.withValues(of: source.0) { numbers in
        guard let base = numbers.baseAddress else {
          throw TensorError.invalidShape(
            operation: "attention", shape: [source.0.rows, source.0.columns], reason: "it is empty")
        }
        return try cache.extended(
          tape, slot: slot, by: base + source.1, stride: source.0.columns, length: grid.length)
      }
    }
    return try tape.attention(
      queries: queries, keys: extend(keys, 2 * layer), values: extend(values, 2 * layer + 1),
      shape: AttentionShape(
        batch: grid.rows, length: grid.start + grid.length, heads: sizes.heads, keyValueHeads: sizes.keyValueHeads,
        headWidth: sizes.headWidth, rotary: rotary, queryLength: grid.length, keyCapacity: cache.capacity))
  }

  private func factor(_ segment: Segment, _ factors: UnsafePointer<Float>) -> Variable {
    tape.parameter(
      factors + segment.offset, gradient: gradient.map { $0 + segment.offset }, rows: segment.rows,
      columns: segment.columns)
  }

  /// Logits at some positions of token sequences.
  ///
  /// - Parameter target: where they are written; nil for the tape's memory.
  /// - Returns: one row a position, `vocabulary` columns.
  func logits(
    _ grid: TokenGrid, at positions: [Int32]?, into target: UnsafeMutablePointer<Float>? = nil
  ) throws -> Variable {
    let hidden = try architecture.hidden(self, grid, at: positions)
    return try tape.linear(hidden, weight: parameter(architecture.outputTable), bias: nil, into: target)
  }
}
