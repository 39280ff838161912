import Foundation
import JSON
import Testing

@testable import Tokenizers

/// What scripts/references/vocabularies.py saved.
enum References {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "References").path

  static func json(_ name: String) throws -> JSONNode {
    let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
    return try TokenizerDocument(Array(data), source: name).root
  }
  static func texts() throws -> [String] { try json("texts.json").children.compactMap(\.string) }
}

@Suite("Tokenizers against Hugging Face's library") struct ReferenceTests {
  static let names = [
    "gpt2", "gpt2-prefix", "qwen2", "smollm2", "llama3", "split-removed", "split-merged_with_previous",
    "split-merged_with_next", "split-contiguous", "llama2", "metaspace", "unigram", "unigram-bytes",
  ]

  @Test("texts become the same ids", arguments: names) func ids(name: String) throws {
    let tokenizer = try #require(try Tokenizer.huggingFace(folder: "\(References.folder)/\(name)"))
    let texts = try References.texts()
    let expected = try #require(try References.json("\(name)/expected.json")["ids"]).children.map {
      $0.children.compactMap(\.int).map(Int32.init)
    }
    #expect(texts.count == 300 && expected.count == 300)
    var different: [String] = []
    for (text, ids) in zip(texts, expected) {
      let tokens = try tokenizer.encode(text)
      if tokens != ids { different.append("\(text.debugDescription): \(tokens), not \(ids)") }
    }
    #expect(different.isEmpty, "\(different.count) differ: \(different.prefix(5).joined(separator: "\n"))")
  }

  @Test("ids become the same texts", arguments: ["gpt2", "qwen2", "smollm2", "llama3", "llama2"])
  func decoding(name: String) throws {
    let tokenizer = try #require(try Tokenizer.huggingFace(folder: "\(References.folder)/\(name)"))
    let expected = try #require(try References.json("\(name)/expected.json")["decoded"]).children.compactMap(\.string)
    for (text, decoded) in zip(try References.texts(), expected) {
      let result = try tokenizer.decode(tokenizer.encode(text, addingSpecials: false))
      #expect(Array(result.utf8) == Array(decoded.utf8), "\(text.debugDescription)")
    }
  }

  @Test("what is written down is read as the same tokenizer", arguments: names) func rewritten(name: String) throws {
    let tokenizer = try #require(try Tokenizer.huggingFace(folder: "\(References.folder)/\(name)"))
    let text = try HuggingFaceWriter(recipe: tokenizer.recipe).tokenizer()
    let document = try TokenizerDocument(Array(text.utf8), source: "written")
    let again = try Tokenizer(HuggingFaceReader(source: "written").read(document))
    #expect(again.digest == tokenizer.digest)
    for text in try References.texts() { #expect(try again.encode(text) == tokenizer.encode(text)) }
    let original = try Data(contentsOf: URL(filePath: "\(References.folder)/\(name)/tokenizer.json"))
    #expect(try tokenizer.huggingFaceFiles().first { $0.name == "tokenizer.json" }?.contents == Array(original))
  }

  @Test("digests tell tokenizers apart") func digests() throws {
    let digests = try Self.names.map { try Tokenizer.huggingFace(folder: "\(References.folder)/\($0)")?.digest }
    #expect(Set(digests).count == Self.names.count)
  }

  @Test("conversations are written as transformers writes them") func chats() throws {
    let root = try References.json("chat.json")
    let conversations = try #require(root["conversations"]).children.map { conversation in
      conversation.children.map { (role: $0["role"]?.string ?? "", content: $0["content"]?.string ?? "") }
    }
    var known: Set<ChatTemplate> = []
    for entry in try #require(root["templates"]).children {
      let name = try #require(entry["name"]?.string)
      let jinja = try #require(entry["template"]?.string)
      let template = try #require(ChatTemplate(jinja: jinja), "\(name)")
      #expect(template.rawValue == name)
      known.insert(template)
      for (messages, rendered) in zip(conversations, try #require(entry["rendered"]).children) {
        for (addingPrompt, text) in zip([false, true], rendered.children) {
          let result = try template.render(messages, addingPrompt: addingPrompt)
          #expect(result == text.string, "\(name)")
        }
      }
    }
    #expect(known == Set(ChatTemplate.allCases))
    #expect(ChatTemplate(jinja: "{{ messages }}") == nil)
    #expect(throws: TokenizerError.self) {
      try ChatTemplate.llama2.render([("assistant", "a")], addingPrompt: true)
    }
  }

  @Test("an unknown template is an error once a conversation is written") func unknownTemplate() throws {
    var vocabulary = GGUFVocabulary(model: "gpt2", tokens: ["a", "b", "ab"])
    vocabulary.merges = ["a b"]
    vocabulary.pre = "gpt-2"
    vocabulary.chatTemplate = "{{ 'other' }}"
    let tokenizer = try Tokenizer(gguf: vocabulary)
    #expect(tokenizer.chat == nil)
    #expect(
      throws: TokenizerError.unsupported(
        what: "chat template", name: "{{ 'other' }}", known: ChatTemplate.allCases.map(\.rawValue))
    ) { try tokenizer.render([("user", "Hi")], addingPrompt: true) }
  }
}

@Suite("Round trips") struct RoundTripTests {
  private func random(_ generator: inout SplitMix) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 1...40, using: &generator) {
      let range: ClosedRange<UInt32> =
        [0...0x7F, 0x20...0x7E, 0x20...0x20, 0x80...0x7FF, 0x800...0xFFFF, 0x1_0000...0x10_FFFF].randomElement(
          using: &generator) ?? 0...0x7F
      if let scalar = UnicodeScalar(UInt32.random(in: range, using: &generator)) { text.append(scalar) }
    }
    return String(text)
  }

  // NFC and NFKC change texts, and Metaspace cannot tell a space before a text from none.
  @Test("any text comes back byte for byte", arguments: ["gpt2", "smollm2", "llama3", "llama2", "bytes"])
  func roundTrip(name: String) throws {
    let tokenizer =
      name == "bytes" ? .bytes : try #require(try Tokenizer.huggingFace(folder: "\(References.folder)/\(name)"))
    var generator = SplitMix(state: 11)
    for _ in 0..<2000 {
      let text = random(&generator)
      // Llama 2's vocabulary spells spaces as ▁ and puts one before a text that is not empty.
      if name == "llama2", text.isEmpty || text.unicodeScalars.contains("▁") { continue }
      let tokens = try tokenizer.encode(text, addingSpecials: false, parsingSpecials: false)
      #expect(try Array(tokenizer.decode(tokens).utf8) == Array(text.utf8))
      let bytes = try tokens.flatMap { try tokenizer.bytes(of: $0) }
      #expect(bytes == (name == "llama2" ? [0x20] : []) + Array(text.utf8))
    }
  }

  @Test("unigram texts come back in their normal form") func unigram() throws {
    let tokenizer = try #require(try Tokenizer.huggingFace(folder: "\(References.folder)/unigram-bytes"))
    var generator = SplitMix(state: 12)
    for _ in 0..<1000 {
      let text = random(&generator)
      let normal = String(
        decoding: try NormalizerStep.nfkc.apply(Array(text.utf8), matcher: Matcher()), as: UTF8.self)
      if normal.unicodeScalars.contains("▁") || normal.unicodeScalars.first == " " { continue }
      let tokens = try tokenizer.encode(text, addingSpecials: false, parsingSpecials: false)
      #expect(try Array(tokenizer.decode(tokens).utf8) == Array(normal.utf8))
    }
  }
}

/// A small generator with a seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mix(state)
  }
}
