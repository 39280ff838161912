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
  /// The table that turns hidden states into logits.
  public var outputTable: String { "embed.tokens" }
  /// Where an adapter sits unless told otherwise.
  public var defaultTargets: [String] { ["attn.qkv"] }
  /// The standard deviation of freshly drawn matrices and tables.
  public var initialDeviation: Double { 0.02 }

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
    let pairs = 2 * c.keyValueHeads * c.headWidth
    for layer in 0..<c.layers {
      let block = "blocks.\(layer)."
      norm(block + "norm1")
      linear(block + "attn.qkv", c.width + pairs, c.width)
      linear(block + "attn.out", c.width, c.width)
      norm(block + "norm2")
      linear(block + "mlp.up", c.hidden, c.width)
      linear(block + "mlp.down", c.width, c.hidden)
    }
    norm("final.norm")
    return ParameterLayout(entries)
  }

  /// Hidden states after the last block and its normalisation.
  public func hidden(_ pass: ForwardPass, _ batch: TokenGrid, at positions: [Int32]?) throws -> Variable {
    let tape = pass.tape
    let shape = AttentionShape(
      batch: batch.rows, length: batch.length, heads: configuration.heads,
      keyValueHeads: configuration.keyValueHeads, headWidth: configuration.headWidth)
    var x = try tape.embedding(
      pass.parameter("embed.tokens"), tokens: batch.tokens, positionTable: pass.parameter("embed.positions"),
      positions: batch.places)
    for layer in 0..<configuration.layers {
      let block = "blocks.\(layer)."
      let qkv = try pass.linear(pass.layerNorm(x, block + "norm1"), block + "attn.qkv")
      var mixed = try tape.attention(qkv: qkv, shape: shape)
      if let positions, layer == configuration.layers - 1 {
        // Nothing after the last attention looks at another position.
        mixed = try tape.selectRows(mixed, rows: positions)
        x = try tape.selectRows(x, rows: positions)
      }
      x = try pass.linear(mixed, block + "attn.out", residual: x)
      let inner = try tape.gelu(pass.linear(pass.layerNorm(x, block + "norm2"), block + "mlp.up"))
      x = try pass.linear(inner, block + "mlp.down", residual: x)
    }
    return try pass.layerNorm(x, "final.norm")
  }
}
