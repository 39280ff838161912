import Foundation
import Tensors
import Tokenizers
import Transformers

/// A model in the `.bin` format of llama2.c (https://github.com/karpathy/llama2.c), with the tokenizer beside it.
public enum Llama2CModel {
  private static let names = [
    "norm1.gain": "rms_att", "attn.q.weight": "wq", "attn.k.weight": "wk", "attn.v.weight": "wv",
    "attn.out.weight": "wo", "norm2.gain": "rms_ffn", "mlp.gate.weight": "w1", "mlp.down.weight": "w2",
    "mlp.up.weight": "w3",
  ]

  /// The model of a file. Its tokenizer is `tokenizer.bin`, or `tok512.bin` for a vocabulary of 512, in the same folder;
  /// without one the model reads token ids only.
  ///
  /// - Parameter name: what to call it; the file's name without its ending unless given.
  /// - Throws: `TensorError` that names the file and the fault, `Interrupted`.
  public static func read(_ path: String, name: String? = nil) throws -> Model {
    let file = try Llama2CFile(path: path)
    return try FileFault.naming(path) { try read(file, name) }
  }

  private static func read(_ file: Llama2CFile, _ name: String?) throws -> Model {
    let path = file.path
    let sizes = file.configuration
    let architecture = LlamaDecoder(
      try DecoderConfiguration(
        layers: sizes.layers, width: sizes.dimension, heads: sizes.heads, keyValueHeads: sizes.keyValueHeads,
        hidden: sizes.hiddenDimension, context: sizes.positions, vocabulary: sizes.vocabulary, epsilon: 1e-5,
        isTied: sizes.isTied))
    var assembly = WeightAssembly(file)
    for segment in architecture.layout.segments {
      assembly.take(
        segment, from: stored(segment.name),
        segment.isRotated ? .interleavedHeads(width: architecture.configuration.headWidth) : .same)
    }
    return try Model(
      architecture: architecture, weights: assembly.weights(architecture.layout),
      name: name ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent,
      tokenizer: tokenizer(beside: path, vocabulary: sizes.vocabulary))
  }

  private static func stored(_ segment: String) -> String {
    switch segment {
    case "embed.tokens": return "token_embedding"
    case "final.norm.gain": return "rms_final"
    case "output.weight": return "wcls"
    default: break
    }
    let parts = segment.split(separator: ".", maxSplits: 2).map(String.init)
    guard parts.count == 3, let name = names[parts[2]] else { return segment }
    return "layers.\(parts[1]).\(name)"
  }

  private static func tokenizer(beside path: String, vocabulary: Int) throws -> Tokenizer? {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    for name in ["tok\(vocabulary).bin", "tokenizer.bin"] {
      let candidate = folder.appendingPathComponent(name).path
      guard FileManager.default.fileExists(atPath: candidate) else { continue }
      let tokenizer = try Tokenizer(llama2c: candidate)
      guard tokenizer.count == vocabulary else {
        throw TensorError.malformed(
          path: candidate, reason: "it has \(tokenizer.count) tokens and the model \(vocabulary)")
      }
      return tokenizer
    }
    return nil
  }
}
