/// How a conversation is written for a model that was trained on conversations.
public enum ChatTemplate: String, Sendable, Hashable, CaseIterable {
  /// `<|im_start|>role\n…<|im_end|>\n`, without a system message of its own.
  case chatML = "chatml"
  /// ChatML that begins with SmolLM2's system message unless the conversation has one.
  case smolLM2 = "smollm2"
  /// ChatML that begins with Qwen2's system message unless the conversation has one.
  case qwen2
  /// `[INST] … [/INST]`, the system message in `<<SYS>>`: Llama 2.
  case llama2
  /// `<|start_header_id|>role<|end_header_id|>\n\n…<|eot_id|>`: Llama 3.
  case llama3
  /// `<|role|>\n…` and the end of a text: Zephyr, TinyLlama.
  case zephyr
  /// `<|user|>\n…\n<|assistant|>\n…`: OLMo.
  case olmo
  /// The same with a system message: OLMo 2.
  case olmo2

  /// The spellings of tokens that end a turn or, of models whose end token ends a turn, a text.
  var turnEnds: [String] {
    switch self {
    case .chatML, .smolLM2, .qwen2: ["<|im_end|>", "<|endoftext|>"]
    case .llama3: ["<|eot_id|>", "<|end_of_text|>"]
    case .llama2, .zephyr, .olmo, .olmo2: []
    }
  }

  private var defaultSystem: String? {
    switch self {
    case .smolLM2: "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    case .qwen2: "You are a helpful assistant."
    default: nil
    }
  }

  /// Writes a conversation as the model was trained to read it.
  ///
  /// - Parameters:
  ///   - addingPrompt: whether to end with what begins the assistant's turn.
  ///   - beginning: the spelling of the token that begins a text.
  ///   - end: the spelling of the token that ends one.
  /// - Throws: ``TokenizerError/malformed(source:reason:)`` for roles that the template refuses.
  public func render(
    _ messages: [(role: String, content: String)], addingPrompt: Bool, beginning: String = "<s>", end: String = "</s>"
  ) throws(TokenizerError) -> String {
    guard let first = messages.first else { throw .malformed(source: "a conversation", reason: "it has no messages") }
    var text = ""
    switch self {
    case .chatML, .smolLM2, .qwen2:
      if let system = defaultSystem, first.role != "system" { text += "<|im_start|>system\n\(system)<|im_end|>\n" }
      for message in messages { text += "<|im_start|>\(message.role)\n\(message.content)<|im_end|>\n" }
      if addingPrompt { text += "<|im_start|>assistant\n" }
    case .llama2: text = try renderLlama2(messages, beginning, end)
    case .llama3:
      text = beginning
      for message in messages {
        text += "<|start_header_id|>\(message.role)<|end_header_id|>\n\n\(trimmed(message.content))<|eot_id|>"
      }
      if addingPrompt { text += "<|start_header_id|>assistant<|end_header_id|>\n\n" }
    case .zephyr:
      for message in messages where ["user", "system", "assistant"].contains(message.role) {
        text += "<|\(message.role)|>\n\(message.content)\(end)\n"
      }
      if addingPrompt { text += "<|assistant|>\n" }
    case .olmo:
      text = end
      for message in messages where ["user", "assistant"].contains(message.role) {
        text += "<|\(message.role)|>\n\(message.content)\(message.role == "user" ? "" : end)\n"
      }
      if addingPrompt { text += "<|assistant|>\n" }
    case .olmo2:
      text = beginning
      for (place, message) in messages.enumerated() where ["user", "system", "assistant"].contains(message.role) {
        let isAnswer = message.role == "assistant"
        text += "<|\(message.role)|>\n\(message.content)\(isAnswer ? end : "")"
        if !isAnswer || place < messages.count - 1 { text += "\n" }
      }
      if addingPrompt { text += "<|assistant|>\n" }
    }
    return text
  }

  private func renderLlama2(
    _ messages: [(role: String, content: String)], _ beginning: String, _ end: String
  ) throws(TokenizerError) -> String {
    var text = ""
    var rest = messages[...]
    var system: String?
    if rest.first?.role == "system" { system = rest.removeFirst().content }
    for (place, message) in rest.enumerated() {
      guard (message.role == "user") == (place % 2 == 0) else {
        throw .malformed(
          source: "a conversation", reason: "roles must alternate user/assistant/user/assistant after a system message")
      }
      var content = message.content
      if place == 0, let system { content = "<<SYS>>\n\(system)\n<</SYS>>\n\n\(content)" }
      if message.role == "user" {
        text += "\(beginning)[INST] \(trimmed(content)) [/INST]"
      } else if message.role == "assistant" {
        text += " \(trimmed(content)) \(end)"
      }
    }
    return text
  }

  private func trimmed(_ text: String) -> String {
    var slice = text.unicodeScalars[...]
    while let first = slice.first, first.properties.isWhitespace { slice.removeFirst() }
    while let last = slice.last, last.properties.isWhitespace { slice.removeLast() }
    return String(slice)
  }
}

extension ChatTemplate {
  /// FNV-1a over the whole of each known template, ``normalized(_:)``: parts of a template would make it a guess.
  private static let known: [UInt64: ChatTemplate] = [
    0xABCC_246A_9434_1A38: .chatML,
    0x1883_A067_E00D_7508: .smolLM2,
    0xB467_1731_60C2_8633: .qwen2,
    0x6C50_D1D6_E720_E237: .llama2,
    0xAE8A_C1F5_3B89_42B4: .llama3,
    0xDEB4_B92E_D8D6_56C6: .zephyr,
    0xBEF4_0A4E_1D0B_78EB: .olmo,
    0x57CE_EBB6_3330_97B9: .olmo2,
  ]

  /// Recognises a template in Jinja; nil for an unknown one.
  init?(jinja: String) {
    var digest = Digest()
    digest.add(Self.normalized(jinja))
    guard let known = Self.known[digest.state] else { return nil }
    self = known
  }

  /// A template without what makes no difference: white space within tags but not within strings, how a line break in a
  /// string is written, a line break after a block.
  static func normalized(_ jinja: String) -> [UInt8] {
    let text = Array(jinja.utf8)
    var result: [UInt8] = []
    var inTag = false
    var quote: UInt8?
    let space: Set<UInt8> = [0x20, 0x0A, 0x09, 0x0D]
    func pair(_ at: Int, _ first: UInt8, _ second: UInt8) -> Bool {
      at + 1 < text.count && text[at] == first && text[at + 1] == second
    }
    let (open, close, percent) = (UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "%"))
    var at = 0
    while at < text.count {
      let byte = text[at]
      if !inTag {
        inTag = pair(at, open, open) || pair(at, open, percent)
        result += inTag ? text[at...(at + 1)] : [byte]
        at += inTag ? 2 : 1
      } else if let end = quote {
        if byte == UInt8(ascii: "\\"), at + 1 < text.count {
          result += text[at...(at + 1)]
          at += 2
          continue
        }
        if byte == end { quote = nil }
        result += byte == 0x0A ? Array(#"\n"#.utf8) : [byte]
        at += 1
      } else if pair(at, close, close) || pair(at, percent, close) {
        inTag = false
        result += text[at...(at + 1)]
        at += 2
        if text[at - 2] == percent, at < text.count, text[at] == 0x0A { at += 1 }
      } else {
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { quote = byte }
        if !space.contains(byte) { result.append(byte) }
        at += 1
      }
    }
    while let last = result.last, space.contains(last) { result.removeLast() }
    return Array(result.drop { space.contains($0) })
  }
}
