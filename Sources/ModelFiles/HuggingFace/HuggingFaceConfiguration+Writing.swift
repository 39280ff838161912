import Foundation
import Tensors
import Transformers

extension HuggingFaceConfiguration {
  /// `config.json` of a model, as transformers 4 and 5 read it.
  ///
  /// - Throws: `TransformerError.unknownChoice` for a family that transformers does not have.
  static func json(_ model: Model) throws -> String {
    let c = model.configuration
    var fields: [String: Any]
    let kind: String
    switch model.architecture.family {
    case PreNormDecoder.familyName:
      kind = "GPT2LMHeadModel"
      fields = [
        "model_type": "gpt2", "activation_function": "gelu_new", "n_embd": c.width, "n_layer": c.layers,
        "n_head": c.heads, "n_inner": c.hidden, "n_positions": c.context, "layer_norm_epsilon": decimal(c.epsilon),
      ]
    case let family:
      let kinds = [
        LlamaDecoder.familyName: "LlamaForCausalLM", LlamaDecoder.qwen2Name: "Qwen2ForCausalLM",
        OLMoDecoder.familyName: "OlmoForCausalLM", OLMo2Decoder.familyName: "Olmo2ForCausalLM",
      ]
      guard let name = kinds[family] else {
        throw TransformerError.unknownChoice(of: "architecture", name: family, known: kinds.keys.sorted())
      }
      kind = name
      fields = [
        "model_type": family, "hidden_act": "silu", "hidden_size": c.width, "intermediate_size": c.hidden,
        "num_hidden_layers": c.layers, "num_attention_heads": c.heads, "num_key_value_heads": c.keyValueHeads,
        "max_position_embeddings": c.context, "rope_theta": c.rotary.base,
      ]
      if family != OLMoDecoder.familyName { fields["rms_norm_eps"] = decimal(c.epsilon) }
      if family == LlamaDecoder.familyName {
        // One flag of transformers stands for all four layers of attention.
        fields["head_dim"] = c.headWidth
        fields["attention_bias"] = c.biases.contains([.inputs, .output])
        fields["mlp_bias"] = c.biases.contains(.mlp)
      }
      fields["rope_scaling"] = scaling(c.rotary.scaling)
    }
    fields["architectures"] = [kind]
    fields["vocab_size"] = c.vocabulary
    fields["tie_word_embeddings"] = c.isTied
    fields["torch_dtype"] = "float32"
    fields["bos_token_id"] = identifier(model.tokenizer?.beginning)
    fields["eos_token_id"] = identifier(model.tokenizer?.end)
    fields["pad_token_id"] = identifier(model.tokenizer?.padding)
    let data = try JSONSerialization.data(
      withJSONObject: fields, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  private static func scaling(_ scaling: RotaryPositions.Scaling) -> Any {
    switch scaling {
    case .none: NSNull()
    case .linear(let factor): ["rope_type": "linear", "factor": factor]
    case .llama3(let factor, let low, let high, let original):
      [
        "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
        "original_max_position_embeddings": Int(original),
      ]
    }
  }

  /// The shortest decimal of a float32, so that 1e-5 is written as 1e-05 and not as 9.99999974737875e-06.
  private static func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

  private static func identifier(_ token: Int32?) -> Any { token.map { Int($0) } ?? NSNull() }
}
