import Autograd
import Tensors

/// The block of GPT-2 (Radford et al., 2019): layer norm before attention and before the MLP, learned positions, GELU
/// in its tanh form, output tied to the token embedding.
public struct PreNormDecoder: Architecture {
  /// The family's name.
  public static let familyName = "pre-norm-decoder"

  /// The sizes.
  public let configuration: DecoderConfiguration
  /// The weights.
  public let layout: ParameterLayout
  /// The family.
  public var family: String { Self.familyName }
  /// Where an adapter sits unless told otherwise.
  public var defaultTargets: [String] { ["attn.qkv"] }
  /// Names in files of GPT-2, whose linear layers are stored inputs × outputs.
  public var checkpointNames: CheckpointNames { Self.names }

  private static let names = CheckpointNames(
    prefix: "transformer", transposesLinear: true,
    [
      "embed.tokens": "wte", "embed.positions": "wpe", "blocks.#.norm1": "h.#.ln_1",
      "blocks.#.attn.qkv": "h.#.attn.c_attn", "blocks.#.attn.out": "h.#.attn.c_proj", "blocks.#.norm2": "h.#.ln_2",
      "blocks.#.mlp.up": "h.#.mlp.c_fc", "blocks.#.mlp.down": "h.#.mlp.c_proj", "final.norm": "ln_f",
    ])

  /// The decoder of these sizes.
  public init(_ configuration: DecoderConfiguration) {
    self.configuration = configuration
    layout = Self.layout(configuration)
  }

  private static func layout(_ c: DecoderConfiguration) -> ParameterLayout {
    var entries: [(name: String, shape: [Int], role: Segment.Role)] = [
      ("embed.tokens", [c.vocabulary, c.width], .embedding),
      ("embed.positions", [c.context, c.width], .embedding),
    ]
    func norm(_ name: String) {
      entries.append((name + ".gain", [c.width], .gain))
      entries.append((name + ".bias", [c.width], .bias))
    }
    func linear(_ name: String, _ outputs: Int, _ inputs: Int) {
      entries.append((name + ".weight", [outputs, inputs], .linear))
      entries.append((name + ".bias", [outputs], .bias))
    }
    for layer in 0..<c.layers {
      let block = "blocks.\(layer)."
      norm(block + "norm1")
      linear(block + "attn.qkv", c.queryWidth + 2 * c.keyWidth, c.width)
      linear(block + "attn.out", c.width, c.queryWidth)
      norm(block + "norm2")
      linear(block + "mlp.up", c.hidden, c.width)
      linear(block + "mlp.down", c.width, c.hidden)
    }
    norm("final.norm")
    if !c.isTied { entries.append(("output.weight", [c.vocabulary, c.width], .embedding)) }
    return ParameterLayout(entries)
  }

  /// Hidden states after the last block and its normalisation.
  public func hidden(_ pass: ForwardPass, _ batch: TokenGrid, at positions: [Int32]?) throws -> Variable {
    let tape = pass.tape
    var x = try pass.stream(batch) {
      try tape.embedding(
        pass.parameter("embed.tokens"), tokens: batch.tokens, positionTable: pass.parameter("embed.positions"),
        positions: batch.places)
    }
    for layer in pass.blocks {
      let block = "blocks.\(layer)."
      var place = BlockPlace(layer, batch)
      x = try pass.enter(x, place)
      let qkv = try pass.linear(pass.layerNorm(x, block + "norm1"), block + "attn.qkv")
      var mixed = try pass.attention(qkv: qkv, batch, layer: layer)
      try pass.select(positions, &x, &mixed, &place)
      x = try pass.linear(mixed, block + "attn.out", onto: x, .attention, place)
      let inner = try tape.gelu(pass.linear(pass.layerNorm(x, block + "norm2"), block + "mlp.up"))
      x = try pass.linear(inner, block + "mlp.down", onto: x, .mlp, place)
    }
    return try pass.layerNorm(x, "final.norm")
  }
}
