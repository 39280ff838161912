import Foundation
import JSON
import Testing

@testable import Tokenizers

@Suite("Tokenizers from GGUF vocabularies") struct GGUFTests {
  /// What a GGUF file would say of a tokenizer that was read from a folder.
  private func vocabulary(_ recipe: Recipe, pre: String?) throws -> GGUFVocabulary {
    let count = recipe.tokens.count
    let spelling = { (id: Int32) in String(decoding: recipe.tokens[Int(id)], as: UTF8.self) }
    var result = GGUFVocabulary(model: pre == nil ? "llama" : "gpt2", tokens: (0..<count).map { spelling(Int32($0)) })
    var types = [Int32](repeating: 1, count: count)
    for token in recipe.added { types[Int(token.id)] = token.isSpecial ? 3 : 4 }
    guard case .merges(let merges, _) = recipe.model else { return result }
    if let pre {
      result.pre = pre
      result.merges = merges.map { spelling($0.left) + " " + spelling($0.right) }
    } else {
      // The trainer numbers tokens in the order in which they were joined.
      result.scores = (0..<count).map { -Float($0) }
      for id in 0..<count where PieceEncoder.byte(spelledBy: recipe.tokens[id]) != nil { types[id] = 6 }
      result.beginning = 1
      result.end = 2
      result.unknown = 0
    }
    result.tokenTypes = types
    return result
  }

  @Test(
    "they give the ids that tokenizer.json gives",
    arguments: [("gpt2", "gpt-2"), ("qwen2", "qwen2"), ("smollm2", "smollm"), ("llama3", "llama-bpe"), ("llama2", nil)])
  func sameIDs(name: String, pre: String?) throws {
    let original = try #require(try Tokenizer.huggingFace(folder: "\(References.folder)/\(name)"))
    let tokenizer = try Tokenizer(gguf: vocabulary(original.recipe, pre: pre))
    #expect(tokenizer.kind == (pre == nil ? "SentencePiece BPE" : "byte-level BPE"))
    var compared = 0
    for text in try References.texts() {
      // GGUF does not say which added tokens take spaces with them or stand alone.
      if ["<extra>", "<lr>", "<word>"].contains(where: { text.contains($0) }) { continue }
      compared += 1
      let tokens = try tokenizer.encode(text, addingSpecials: false)
      #expect(try tokens == original.encode(text, addingSpecials: false), "\(text.debugDescription)")
    }
    #expect(compared > 150)
    let files = try tokenizer.huggingFaceFiles()
    #expect(files.map(\.name) == ["tokenizer.json", "tokenizer_config.json"])
    let written = try TokenizerDocument(files[0].contents, source: "written")
    let again = try Tokenizer(HuggingFaceReader(source: "written").read(written))
    #expect(again.digest == tokenizer.digest)
  }

  @Test("control tokens are special, user-defined ones are text") func types() throws {
    var vocabulary = GGUFVocabulary(model: "gpt2", tokens: ["a", "b", "ab", "<|im_end|>", "<x>"])
    vocabulary.merges = ["a b"]
    vocabulary.pre = "gpt-2"
    vocabulary.tokenTypes = [1, 1, 1, 3, 4]
    vocabulary.end = 3
    vocabulary.addEnd = true
    let tokenizer = try Tokenizer(gguf: vocabulary)
    #expect(try tokenizer.encode("ab<x>a<|im_end|>") == [2, 4, 0, 3, 3])
    #expect(tokenizer.isSpecial(3) && !tokenizer.isSpecial(4))
    #expect(try tokenizer.decode([2, 4, 3], skippingSpecials: true) == "ab<x>")
    #expect(throws: TokenizerError.unencodable(text: "c")) { try tokenizer.encode("abc") }
  }

  @Test("what contradicts itself is an error that names it") func faults() throws {
    var vocabulary = GGUFVocabulary(model: "gpt2", tokens: ["a", "b", "ab"])
    vocabulary.merges = ["a b"]
    func reason(_ change: (inout GGUFVocabulary) -> Void) -> String {
      var changed = vocabulary
      change(&changed)
      do throws(TokenizerError) {
        _ = try Tokenizer(gguf: changed)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(reason { _ in } == "none")
    #expect(reason { $0.pre = "other" }.contains("llama-bpe"))
    #expect(reason { $0.model = "bert" }.contains("bert"))
    #expect(reason { $0.merges = nil }.contains("without merges"))
    #expect(reason { $0.merges = ["a c"] }.contains("`c`"))
    #expect(reason { $0.merges = ["ab"] }.contains("no pair"))
    #expect(reason { $0.end = 3 }.contains("the end token is 3"))
    #expect(reason { $0.beginning = -1 }.contains("the beginning token is -1"))
    #expect(reason { $0.tokenTypes = [1] }.contains("1 token types"))
    #expect(reason { $0.tokens[1] = "a" }.contains("both spelled"))
    #expect(reason { $0.model = "llama" }.contains("without scores"))
    #expect(
      reason {
        $0.model = "llama"
        $0.scores = [0, .nan, 0]
      }.contains("no number"))
  }
}
