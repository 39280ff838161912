import Foundation
import Tensors
import Tokenizers
import Transformers

/// A model in a GGUF file: sizes and tokenizer from its metadata, weights widened to float32.
public enum GGUFModel {
  /// Families of llama.cpp that are built in.
  private static let families = ["llama", "qwen2", "gpt2", "olmo", "olmo2"]

  /// The model of a file.
  ///
  /// - Parameter name: what to call it; the file's name without its ending unless given.
  /// - Throws: `TensorError` that names the file and the fault, `Interrupted`.
  public static func read(_ path: String, name: String? = nil) throws -> Model {
    let file = try GGUFFile(path: path)
    return try FileFault.naming(path) { try read(file, name) }
  }

  private static func read(_ file: GGUFFile, _ name: String?) throws -> Model {
    let reader = Reader(file: file)
    let family = try reader.text("general.architecture")
    guard families.contains(family) else {
      throw TransformerError.unknownChoice(of: "architecture", name: family, known: families)
    }
    let architecture = try reader.architecture(family)
    let tokenizer = try reader.tokenizer(vocabulary: architecture.configuration.vocabulary)
    return try Model(
      architecture: architecture, weights: reader.weights(architecture),
      name: name ?? URL(fileURLWithPath: file.path).deletingPathExtension().lastPathComponent, tokenizer: tokenizer)
  }
}

/// Metadata of one file, under llama.cpp's names.
private struct Reader {
  let file: GGUFFile

  private func malformed(_ reason: String) -> TensorError { .malformed(path: file.path, reason: reason) }

  func text(_ key: String) throws -> String {
    guard let value = file.metadata[key]?.string else { throw malformed("\(key) is missing") }
    return value
  }

  private func integer(_ key: String) throws -> Int? {
    guard let value = file.metadata[key] else { return nil }
    guard let number = value.int else { throw malformed("\(key) is not a whole number") }
    return number
  }

  private func required(_ key: String) throws -> Int {
    guard let number = try integer(key) else { throw malformed("\(key) is missing") }
    return number
  }

  private func number(_ key: String) throws -> Double? {
    guard let value = file.metadata[key] else { return nil }
    guard let number = value.double else { throw malformed("\(key) is not a number") }
    return number
  }

  private func array(_ name: String) -> StoredArray? { file.arrays.first { $0.name == name } }

  // MARK: - Sizes

  func architecture(_ family: String) throws -> any Architecture {
    guard let table = array("token_embd.weight"), table.shape.count == 2 else {
      throw malformed("token_embd.weight is missing or is no matrix")
    }
    if let clamp = try number("\(family).attention.clamp_kqv"), clamp > 0 {
      throw malformed("\(family).attention.clamp_kqv is \(clamp), and clipping is not built in")
    }
    let usesLayerNorm = family == "gpt2" || family == "olmo"
    let epsilon = try number("\(family).attention.\(usesLayerNorm ? "layer_norm_epsilon" : "layer_norm_rms_epsilon")")
    let width = try required("\(family).embedding_length")
    let heads = try required("\(family).attention.head_count")
    let headWidth = try integer("\(family).attention.key_length")
    let turned = headWidth ?? (heads > 0 ? width / heads : 0)
    if let rotated = try integer("\(family).rope.dimension_count"), family != "gpt2", rotated != turned {
      throw malformed("\(family).rope.dimension_count is \(rotated), and only whole heads can be rotated")
    }
    var biases: DecoderConfiguration.Biases = []
    for (name, bias) in [("attn_q", DecoderConfiguration.Biases.inputs), ("attn_output", .output), ("ffn_up", .mlp)]
    where family != "gpt2" && array("blk.0.\(name).bias") != nil {
      biases.insert(bias)
    }
    let sizes = try DecoderConfiguration(
      layers: required("\(family).block_count"), width: width, heads: heads,
      keyValueHeads: integer("\(family).attention.head_count_kv"), headWidth: headWidth,
      hidden: required("\(family).feed_forward_length"), context: required("\(family).context_length"),
      vocabulary: table.shape[0], epsilon: Float(epsilon ?? 1e-5), rotary: rotary(family, headWidth: turned),
      biases: biases, isTied: isTied(family))
    switch family {
    case "gpt2": return PreNormDecoder(sizes)
    case "qwen2": return LlamaDecoder(sizes, family: LlamaDecoder.qwen2Name)
    case "olmo": return OLMoDecoder(sizes)
    case "olmo2": return OLMo2Decoder(sizes)
    default: return LlamaDecoder(sizes)
    }
  }

  /// Whether the output table is the embedding. Converters of GPT-2 write a copy of it.
  private func isTied(_ family: String) throws -> Bool {
    guard let output = array("output.weight") else { return true }
    guard family == "gpt2", let table = array("token_embd.weight"), output.shape == table.shape else { return false }
    let copies = try [output, table].map { array in
      try FloatVector(count: array.count) { try file.read(array, into: $0) }
    }
    return copies[0].withPointer { a in
      copies[1].withPointer { memcmp(a, $0, table.count * MemoryLayout<Float>.stride) == 0 }
    }
  }

  private func rotary(_ family: String, headWidth: Int) throws -> RotaryPositions {
    let base = try number("\(family).rope.freq_base") ?? 10_000
    var positions = RotaryPositions(base: base)
    switch file.metadata["\(family).rope.scaling.type"]?.string {
    case nil, "none": break
    case "linear":
      guard let factor = try number("\(family).rope.scaling.factor") else {
        throw malformed("\(family).rope.scaling.factor is missing")
      }
      positions.scaling = .linear(factor: factor)
    case let other?:
      throw TransformerError.unknownChoice(of: "rope scaling", name: other, known: ["none", "linear"])
    }
    guard let factors = array("rope_freqs.weight") else { return positions }
    guard factors.count == headWidth / 2 else { throw malformed("rope_freqs.weight does not fit the heads") }
    let divisors = try FloatVector(count: factors.count) { try file.read(factors, into: $0) }.elements
    // Converters write out what Llama 3.1 and 3.2 do to the frequencies; the numbers it comes from are fixed.
    let plain = positions.frequencies(headWidth: headWidth)
    for factor in [8.0, 32.0] {
      let scaled = RotaryPositions(base: base, scaling: .llama3(factor: factor, low: 1, high: 4, original: 8192))
      let frequencies = scaled.frequencies(headWidth: headWidth)
      let fits = divisors.indices.allSatisfy { abs(plain[$0] / Double(divisors[$0]) / frequencies[$0] - 1) < 1e-3 }
      if fits { return scaled }
    }
    throw malformed("rope_freqs.weight holds a scaling that is neither that of Llama 3.1 nor that of Llama 3.2")
  }

  // MARK: - Weights

  func weights(_ architecture: any Architecture) throws -> FloatVector {
    var assembly = WeightAssembly(file)
    assembly.ignore("rope_freqs.weight")
    if architecture.configuration.isTied { assembly.ignore("output.weight") }
    let isInterleaved = [LlamaDecoder.familyName, OLMoDecoder.familyName].contains(architecture.family)
    for segment in architecture.layout.segments {
      assembly.take(
        segment, from: GGUFNames.name(of: segment.name, architecture.family),
        segment.isRotated && isInterleaved ? .interleavedHeads(width: architecture.configuration.headWidth) : .same)
    }
    return try assembly.weights(architecture.layout)
  }

  // MARK: - Tokenizer

  func tokenizer(vocabulary: Int) throws -> Tokenizer? {
    guard let tokens = file.metadata["tokenizer.ggml.tokens"]?.strings else { return nil }
    var found = GGUFVocabulary(model: try text("tokenizer.ggml.model"), tokens: tokens)
    guard tokens.count <= vocabulary else {
      throw malformed("it names \(tokens.count) tokens and its embedding has \(vocabulary)")
    }
    found.pre = file.metadata["tokenizer.ggml.pre"]?.string
    found.scores = file.metadata["tokenizer.ggml.scores"]?.doubles?.map { Float($0) }
    found.tokenTypes = file.metadata["tokenizer.ggml.token_type"]?.ints?.map { Int32(clamping: $0) }
    found.merges = file.metadata["tokenizer.ggml.merges"]?.strings
    found.beginning = try integer("tokenizer.ggml.bos_token_id")
    found.end = try integer("tokenizer.ggml.eos_token_id")
    found.unknown = try integer("tokenizer.ggml.unknown_token_id")
    found.padding = try integer("tokenizer.ggml.padding_token_id")
    found.addBeginning = file.metadata["tokenizer.ggml.add_bos_token"]?.bool
    found.addEnd = file.metadata["tokenizer.ggml.add_eos_token"]?.bool
    found.addSpacePrefix = file.metadata["tokenizer.ggml.add_space_prefix"]?.bool
    found.chatTemplate = file.metadata["tokenizer.chat_template"]?.string
    return try Tokenizer(gguf: found, source: file.path)
  }
}

/// What llama.cpp calls weights.
enum GGUFNames {
  private static let layers = [
    "attn.qkv": "attn_qkv", "attn.q": "attn_q", "attn.k": "attn_k", "attn.v": "attn_v", "attn.out": "attn_output",
    "attn.qnorm": "attn_q_norm", "attn.knorm": "attn_k_norm", "mlp.gate": "ffn_gate", "mlp.up": "ffn_up",
    "mlp.down": "ffn_down", "norm1": "attn_norm", "norm2": "ffn_norm",
  ]

  /// The name of a segment, such as `blk.3.attn_q.weight` for `blocks.3.attn.q.weight`.
  static func name(of segment: String, _ family: String) -> String {
    switch segment {
    case "embed.tokens": return "token_embd.weight"
    case "embed.positions": return "position_embd.weight"
    case "output.weight": return "output.weight"
    case "final.norm.gain": return "output_norm.weight"
    case "final.norm.bias": return "output_norm.bias"
    default: break
    }
    let parts = segment.split(separator: ".").map(String.init)
    guard parts.count > 3, parts[0] == "blocks" else { return segment }
    let path = parts[2..<parts.count - 1].joined(separator: ".")
    var layer = layers[path] ?? path
    if family == OLMo2Decoder.familyName {
      layer = ["norm1": "post_attention_norm", "norm2": "post_ffw_norm"][path] ?? layer
    }
    return "blk.\(parts[1]).\(layer).\(parts[parts.count - 1] == "bias" ? "bias" : "weight")"
  }
}
