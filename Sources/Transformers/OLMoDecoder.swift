import Autograd
import Tensors

/// The block of OLMo (Groeneveld et al., arXiv 2402.00838): Llama's, with a layer norm that has no weights.
public struct OLMoDecoder: Architecture {
  /// The family's name.
  public static let familyName = "olmo"

  /// The sizes.
  public let configuration: DecoderConfiguration
  /// The weights.
  public let layout: ParameterLayout
  /// The family.
  public var family: String { Self.familyName }
  /// Where an adapter sits unless told otherwise.
  public var defaultTargets: [String] { ["attn.q", "attn.v"] }
  /// Names in files: those of Llama, without norms.
  public var checkpointNames: CheckpointNames { Self.names }

  private static let names = GatedBlock.names([:])

  /// The decoder of these sizes.
  public init(_ configuration: DecoderConfiguration) {
    self.configuration = configuration
    layout = GatedBlock.layout(configuration, blockNorms: [], hasFinalNorm: false)
  }

  /// Hidden states after the last block and its normalisation.
  public func hidden(_ pass: ForwardPass, _ batch: TokenGrid, at positions: [Int32]?) throws -> Variable {
    let ones = try pass.tape.constant(rows: 1, columns: configuration.width) { $0.update(repeating: 1) }
    func norm(_ x: Variable) throws -> Variable {
      try pass.tape.layerNorm(x, gain: ones, bias: nil, epsilon: configuration.epsilon)
    }
    var x = try pass.stream(batch) {
      try pass.tape.embedding(pass.parameter("embed.tokens"), tokens: batch.tokens)
    }
    for layer in pass.blocks {
      let block = "blocks.\(layer)."
      var place = BlockPlace(layer, batch)
      x = try pass.enter(x, place)
      var mixed = try GatedBlock.attention(pass, norm(x), batch, layer: layer)
      try pass.select(positions, &x, &mixed, &place)
      x = try pass.linear(mixed, block + "attn.out", onto: x, .attention, place)
      let inner = try GatedBlock.mlp(pass, norm(x), block)
      x = try pass.linear(inner, block + "mlp.down", onto: x, .mlp, place)
    }
    return try norm(x)
  }
}

/// The block of OLMo 2 (arXiv 2501.00656): RMS norms after attention and after the MLP instead of before them, and of
/// all queries and all keys of a position.
public struct OLMo2Decoder: Architecture {
  /// The family's name.
  public static let familyName = "olmo2"

  /// The sizes.
  public let configuration: DecoderConfiguration
  /// The weights.
  public let layout: ParameterLayout
  /// The family.
  public var family: String { Self.familyName }
  /// Where an adapter sits unless told otherwise.
  public var defaultTargets: [String] { ["attn.q", "attn.v"] }
  /// Names in files.
  public var checkpointNames: CheckpointNames { Self.names }

  private static let names = GatedBlock.names([
    "blocks.#.attn.qnorm": "layers.#.self_attn.q_norm", "blocks.#.attn.knorm": "layers.#.self_attn.k_norm",
    "blocks.#.norm1": "layers.#.post_attention_layernorm", "blocks.#.norm2": "layers.#.post_feedforward_layernorm",
  ])

  /// The decoder of these sizes.
  public init(_ configuration: DecoderConfiguration) {
    self.configuration = configuration
    layout = GatedBlock.layout(
      configuration, blockNorms: ["norm1", "norm2"], queryKeyNorms: true, hasFinalNorm: true)
  }

  /// Hidden states after the last block and its normalisation.
  public func hidden(_ pass: ForwardPass, _ batch: TokenGrid, at positions: [Int32]?) throws -> Variable {
    var x = try pass.stream(batch) {
      try pass.tape.embedding(pass.parameter("embed.tokens"), tokens: batch.tokens)
    }
    for layer in pass.blocks {
      let block = "blocks.\(layer)."
      var place = BlockPlace(layer, batch)
      x = try pass.enter(x, place)
      var mixed = try GatedBlock.attention(pass, x, batch, layer: layer, queryKeyNorms: true)
      try pass.select(positions, &x, &mixed, &place)
      let attended = try pass.rmsNorm(pass.linear(mixed, block + "attn.out"), block + "norm1")
      x = try pass.add(attended, to: x, .attention, place)
      let mapped = try pass.linear(GatedBlock.mlp(pass, x, block), block + "mlp.down")
      x = try pass.add(pass.rmsNorm(mapped, block + "norm2"), to: x, .mlp, place)
    }
    return try pass.rmsNorm(x, "final.norm")
  }
}
