/// How a conversation is written for a model that was trained on conversations.
public enum ChatTemplate: String, Sendable, Hashable, CaseIterable {
  /// `<|im_start|>role\n…<|im_end|>\n`, without a system message of its own.
  case chatML = "chatml"
}
extension ChatTemplate {
  init?(jinja: String) { return nil }
  var turnEnds: [String] { ["<|im_end|>"] }
  func render(_ messages: [(role: String, content: String)], addingPrompt: Bool, beginning: String, end: String) throws(TokenizerError) -> String { "" }
}
