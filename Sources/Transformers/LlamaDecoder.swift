import Autograd
import Tensors

/// The block of Llama (Touvron et al., arXiv 2302.13971): RMS norm before attention and before the MLP, rotary
/// positions, grouped heads, SwiGLU. Qwen2 is the same with biases on queries, keys and values.
public struct LlamaDecoder: Architecture {
  /// The family's name.
  public static let familyName = "llama"
  /// The name of the family that adds biases to queries, keys and values.
  public static let qwen2Name = "qwen2"

  /// The family.
  public let family: String
  /// The sizes.
  public let configuration: DecoderConfiguration
  /// The weights.
  public let layout: ParameterLayout
  /// Where an adapter sits unless told otherwise: peft's own choice for these families.
  public var defaultTargets: [String] { ["attn.q", "attn.v"] }
  /// Names in files.
  public var checkpointNames: CheckpointNames { Self.names }

  private static let names = GatedBlock.names([
    "blocks.#.norm1": "layers.#.input_layernorm", "blocks.#.norm2": "layers.#.post_attention_layernorm",
  ])

  /// The decoder of these sizes.
  public init(_ configuration: DecoderConfiguration, family: String = familyName) {
    self.family = family
    self.configuration = configuration
    layout = GatedBlock.layout(configuration, blockNorms: ["norm1", "norm2"], hasFinalNorm: true)
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
      var mixed = try GatedBlock.attention(pass, pass.rmsNorm(x, block + "norm1"), batch, layer: layer)
      try pass.select(positions, &x, &mixed, &place)
      x = try pass.linear(mixed, block + "attn.out", onto: x, .attention, place)
      let inner = try GatedBlock.mlp(pass, pass.rmsNorm(x, block + "norm2"), block)
      x = try pass.linear(inner, block + "mlp.down", onto: x, .mlp, place)
    }
    return try pass.rmsNorm(x, "final.norm")
  }
}

/// What the families with rotary attention and a gated MLP share.
enum GatedBlock {
  /// What the weights are called in files, with the norms of a family's blocks.
  static func names(_ norms: KeyValuePairs<String, String>) -> CheckpointNames {
    CheckpointNames(
      prefix: "model",
      [
        "embed.tokens": "embed_tokens", "blocks.#.attn.q": "layers.#.self_attn.q_proj",
        "blocks.#.attn.k": "layers.#.self_attn.k_proj", "blocks.#.attn.v": "layers.#.self_attn.v_proj",
        "blocks.#.attn.out": "layers.#.self_attn.o_proj", "blocks.#.mlp.gate": "layers.#.mlp.gate_proj",
        "blocks.#.mlp.up": "layers.#.mlp.up_proj", "blocks.#.mlp.down": "layers.#.mlp.down_proj", "final.norm": "norm",
      ], norms)
  }

  /// The weights: embedding, blocks, the norms that the family has, and the output table if it is not tied.
  static func layout(
    _ c: DecoderConfiguration, blockNorms: [String], queryKeyNorms: Bool = false, hasFinalNorm: Bool
  ) -> ParameterLayout {
    var entries: [(name: String, shape: [Int], role: Segment.Role)] = [
      ("embed.tokens", [c.vocabulary, c.width], .embedding)
    ]
    func linear(_ name: String, _ outputs: Int, _ inputs: Int, bias: DecoderConfiguration.Biases) {
      entries.append((name + ".weight", [outputs, inputs], .linear))
      if c.biases.contains(bias) { entries.append((name + ".bias", [outputs], .bias)) }
    }
    func norm(_ name: String, _ width: Int) { entries.append((name + ".gain", [width], .gain)) }
    for layer in 0..<c.layers {
      let block = "blocks.\(layer)."
      if blockNorms.count > 0 { norm(block + blockNorms[0], c.width) }
      linear(block + "attn.q", c.queryWidth, c.width, bias: .inputs)
      linear(block + "attn.k", c.keyWidth, c.width, bias: .inputs)
      linear(block + "attn.v", c.keyWidth, c.width, bias: .inputs)
      if queryKeyNorms {
        norm(block + "attn.qnorm", c.queryWidth)
        norm(block + "attn.knorm", c.keyWidth)
      }
      linear(block + "attn.out", c.width, c.queryWidth, bias: .output)
      if blockNorms.count > 1 { norm(block + blockNorms[1], c.width) }
      linear(block + "mlp.gate", c.hidden, c.width, bias: .mlp)
      linear(block + "mlp.up", c.hidden, c.width, bias: .mlp)
      linear(block + "mlp.down", c.width, c.hidden, bias: .mlp)
    }
    if hasFinalNorm { norm("final.norm", c.width) }
    if !c.isTied { entries.append(("output.weight", [c.vocabulary, c.width], .embedding)) }
    return ParameterLayout(entries)
  }

  /// Attention over normalised inputs, before its output layer.
  static func attention(
    _ pass: ForwardPass, _ x: Variable, _ batch: TokenGrid, layer: Int, queryKeyNorms: Bool = false
  ) throws -> Variable {
    let path = "blocks.\(layer).attn."
    var q = try pass.linear(x, path + "q")
    var k = try pass.linear(x, path + "k")
    if queryKeyNorms {
      q = try pass.rmsNorm(q, path + "qnorm")
      k = try pass.rmsNorm(k, path + "knorm")
    }
    return try pass.attention(queries: q, keys: k, values: pass.linear(x, path + "v"), batch, layer: layer)
  }

  /// The gated MLP over normalised inputs, before its last layer.
  static func mlp(_ pass: ForwardPass, _ x: Variable, _ block: String) throws -> Variable {
    try pass.tape.swiGLU(gate: pass.linear(x, block + "mlp.gate"), up: pass.linear(x, block + "mlp.up"))
  }
}
