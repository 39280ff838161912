/// How a conversation is written for a model that was trained on conversations.
public enum ChatTemplate: String, Sendable, Hashable, CaseIterable {
  /// `<|im_start|>role\n…<|im_end|>\n`: Qwen2, SmolLM2.
  case chatML = "chatml"
}
