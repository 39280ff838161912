import Foundation
import Testing

@testable import Tokenizers

/// The data that the tests share, kept beside the checkout.
enum SharedData {
  static let folder: String = {
    if let path = ProcessInfo.processInfo.environment["TVS_SHARED_DATA"] { return path }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return root.deletingLastPathComponent().appending(path: "shared/data").path
  }()
  static func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }
  static func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
  }
}

@Suite("GPT-2's tokenizer", .enabled(if: SharedData.has("tokenizers/gpt2"), "shared data are not beside the checkout"))
struct GPT2Tests {
  private func tokenizer() throws -> Tokenizer {
    try #require(try Tokenizer.huggingFace(folder: "\(SharedData.folder)/tokenizers/gpt2"))
  }

  @Test("llama.cpp's 47 test vectors come out, and back") func vectors() throws {
    let tokenizer = try tokenizer()
    let folder = "tokenizers/llama.cpp-vectors/ggml-vocab-gpt-2.gguf"
    let inputs = try SharedData.text(folder + ".inp").components(separatedBy: "\n__ggml_vocab_test__\n")
    let outputs = try SharedData.text(folder + ".out").split(separator: "\n", omittingEmptySubsequences: false)
    #expect(inputs.count == 47)
    var equal = 0
    for (input, output) in zip(inputs, outputs) {
      let expected = output.split(separator: " ").compactMap { Int32($0) }
      let tokens = try tokenizer.encode(input, addingSpecials: false)
      #expect(tokens == expected, "\(input.debugDescription)")
      #expect(try Array(tokenizer.decode(tokens).utf8) == Array(input.utf8))
      if tokens == expected { equal += 1 }
    }
    print("GPT-2: \(equal) of \(inputs.count) vectors equal")
    #expect(equal == 47)
  }

  @Test("the end of a text is a token only where it may be parsed") func specials() throws {
    let tokenizer = try tokenizer()
    #expect(tokenizer.end == 50256)
    #expect(tokenizer.stops == [50256])
    #expect(try tokenizer.encode("a<|endoftext|>") == [64, 50256])
    let spelt = try tokenizer.encode("a<|endoftext|>", parsingSpecials: false)
    #expect(spelt.count > 2 && !spelt.contains(50256))
    #expect(try tokenizer.decode(spelt) == "a<|endoftext|>")
    #expect(try tokenizer.decode([64, 50256], skippingSpecials: true) == "a")
    #expect(try tokenizer.bytes(of: 50256).isEmpty)
    #expect(throws: TokenizerError.unknownToken(id: 50257, count: 50257)) { try tokenizer.decode([50257]) }
    #expect(throws: TokenizerError.unknownToken(id: -1, count: 50257)) { try tokenizer.bytes(of: -1) }
  }

  @Test("English is encoded at more than 2 MB/s on one core") func speed() throws {
    let tokenizer = try tokenizer()
    let text = try SharedData.text("corpus/tinyshakespeare.txt")
    _ = try tokenizer.encode(String(text.prefix(100)))
    var best = Double.infinity
    for _ in 0..<3 {
      let start = ContinuousClock.now
      _ = try tokenizer.encode(text)
      let taken = ContinuousClock.now - start
      best = min(best, Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18)
    }
    let rate = Double(text.utf8.count) / best / 1e6
    let cold = try self.tokenizer()
    let start = ContinuousClock.now
    let tokens = try cold.encode(text)
    let taken = ContinuousClock.now - start
    let seconds = Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18
    print(
      "GPT-2: \(rate) MB/s, \(Double(text.utf8.count) / seconds / 1e6) MB/s with an empty cache, \(tokens.count) tokens"
    )
    #expect(rate > 2)
    #expect(tokens.count == 338_025)
  }
}
