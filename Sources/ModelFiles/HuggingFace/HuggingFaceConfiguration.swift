import Tensors
import Transformers

/// `config.json` of transformers, and the architecture it describes.
enum HuggingFaceConfiguration {
  /// Names by which transformers calls the families that are built in, and how each is read.
  private static let readers: [(type: String, read: @Sendable (ConfigurationFile) throws -> any Architecture)] = [
    ("gpt2", gpt2), ("llama", { try llama($0, LlamaDecoder.familyName) }), ("qwen2", qwen2),
    ("olmo", olmo), ("olmo2", olmo2),
  ]

  /// The architecture of a configuration.
  ///
  /// - Throws: `TransformerError.unknownChoice` for a model type that is not built in, `TensorError` for fields that
  ///   are missing or ask for what is not built in, `TransformerError.invalidConfiguration` for impossible sizes.
  static func architecture(_ file: ConfigurationFile) throws -> any Architecture {
    guard let type = try file.string("model_type") else {
      throw TensorError.malformed(path: file.path, reason: "model_type is missing")
    }
    guard let reader = readers.first(where: { $0.type == type }) else {
      throw TransformerError.unknownChoice(of: "architecture", name: type, known: readers.map(\.type))
    }
    return try reader.read(file)
  }

  // MARK: - Families

  private static func gpt2(_ file: ConfigurationFile) throws -> any Architecture {
    try require(file, "activation_function", ["gelu_new", "gelu_pytorch_tanh"])
    try require(file, "scale_attn_weights", true)
    try require(file, "scale_attn_by_inverse_layer_idx", false)
    try require(file, "add_cross_attention", false)
    let width = try file.requiredInteger("n_embd")
    // Out-of-range sizes are refused by the configuration itself; here they must only not overflow.
    let (fourfold, overflow) = width.multipliedReportingOverflow(by: 4)
    return PreNormDecoder(
      try DecoderConfiguration(
        layers: file.requiredInteger("n_layer"), width: width, heads: file.requiredInteger("n_head"),
        hidden: file.integer("n_inner") ?? (overflow ? 0 : fourfold),
        context: file.integer("n_positions") ?? file.requiredInteger("n_ctx"),
        vocabulary: file.requiredInteger("vocab_size"), epsilon: Float(file.double("layer_norm_epsilon") ?? 1e-5),
        isTied: file.flag("tie_word_embeddings") ?? true))
  }

  private static func llama(_ file: ConfigurationFile, _ family: String) throws -> any Architecture {
    try require(file, "hidden_act", ["silu"])
    var biases: DecoderConfiguration.Biases = []
    if try file.flag("attention_bias") ?? false { biases.formUnion([.inputs, .output]) }
    if try file.flag("mlp_bias") ?? false { biases.insert(.mlp) }
    return LlamaDecoder(try sizes(file, epsilon: "rms_norm_eps", biases: biases), family: family)
  }

  private static func qwen2(_ file: ConfigurationFile) throws -> any Architecture {
    try require(file, "hidden_act", ["silu"])
    try require(file, "use_sliding_window", false)
    return LlamaDecoder(try sizes(file, epsilon: "rms_norm_eps", biases: .inputs), family: LlamaDecoder.qwen2Name)
  }

  private static func olmo(_ file: ConfigurationFile) throws -> any Architecture {
    try require(file, "hidden_act", ["silu"])
    try require(file, "attention_bias", false)
    if file.has("clip_qkv") { throw file.unsupported("clip_qkv", "and clipping is not built in") }
    // OLMo's layer norm has no epsilon in its configuration: transformers fixes it.
    return OLMoDecoder(try sizes(file, epsilon: nil, biases: []))
  }

  private static func olmo2(_ file: ConfigurationFile) throws -> any Architecture {
    try require(file, "hidden_act", ["silu"])
    try require(file, "attention_bias", false)
    return OLMo2Decoder(try sizes(file, epsilon: "rms_norm_eps", biases: []))
  }

  /// The sizes that all families but GPT-2 spell alike.
  private static func sizes(
    _ file: ConfigurationFile, epsilon: String?, biases: DecoderConfiguration.Biases
  ) throws -> DecoderConfiguration {
    try DecoderConfiguration(
      layers: file.requiredInteger("num_hidden_layers"), width: file.requiredInteger("hidden_size"),
      heads: file.requiredInteger("num_attention_heads"), keyValueHeads: file.integer("num_key_value_heads"),
      headWidth: file.integer("head_dim"),
      hidden: file.requiredInteger("intermediate_size"), context: file.requiredInteger("max_position_embeddings"),
      vocabulary: file.requiredInteger("vocab_size"),
      epsilon: Float(epsilon.map { try file.double($0) ?? 1e-6 } ?? 1e-5), rotary: rotary(file), biases: biases,
      isTied: file.flag("tie_word_embeddings") ?? false)
  }

  /// Rotary positions as transformers 5 writes them (`rope_parameters`) or as earlier ones did (`rope_theta` and
  /// `rope_scaling`).
  private static func rotary(_ file: ConfigurationFile) throws -> RotaryPositions {
    let parameters = try file.object("rope_parameters")
    let scaling = try parameters ?? file.object("rope_scaling")
    let base = try parameters?.double("rope_theta") ?? file.double("rope_theta") ?? 10_000
    if let share = try parameters?.double("partial_rotary_factor") ?? file.double("partial_rotary_factor"), share != 1 {
      throw file.unsupported("partial_rotary_factor", "and only whole heads can be rotated")
    }
    guard let scaling, let type = try scaling.string("rope_type") ?? scaling.string("type") else {
      return RotaryPositions(base: base)
    }
    func number(_ name: String) throws -> Double {
      guard let value = try scaling.double(name) else { throw scaling.unsupported(name, "and \(type) needs it") }
      return value
    }
    switch type {
    case "default": return RotaryPositions(base: base)
    case "linear": return RotaryPositions(base: base, scaling: .linear(factor: try number("factor")))
    case "llama3":
      return try RotaryPositions(
        base: base,
        scaling: .llama3(
          factor: number("factor"), low: number("low_freq_factor"), high: number("high_freq_factor"),
          original: number("original_max_position_embeddings")))
    default:
      throw TransformerError.unknownChoice(of: "rope scaling", name: type, known: ["default", "linear", "llama3"])
    }
  }

  // MARK: - What is not built in

  private static func require(_ file: ConfigurationFile, _ name: String, _ allowed: [String]) throws {
    if let value = try file.string(name), !allowed.contains(value) {
      throw file.unsupported(name, "and only \(allowed.joined(separator: " or ")) is built in")
    }
  }

  private static func require(_ file: ConfigurationFile, _ name: String, _ wanted: Bool) throws {
    if let value = try file.flag(name), value != wanted {
      throw file.unsupported(name, "and only \(wanted) is built in")
    }
  }
}
