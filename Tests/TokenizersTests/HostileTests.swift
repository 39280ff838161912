import Foundation
import JSON
import Testing

@testable import Tokenizers

@Suite("Damaged and hostile tokenizer files") struct HostileTests {
  /// A file with one to four faults.
  private func damaged(_ bytes: [UInt8], _ generator: inout SplitMix) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) where result.count > 8 {
      let place = Int.random(in: 0..<result.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: result.removeLast(result.count - place)
      case 1: result[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: result[place] = UInt8.random(in: 0...255, using: &generator)
      case 3:
        let other = Int.random(in: 0..<result.count, using: &generator)
        let length = min(Int.random(in: 1...40, using: &generator), result.count - max(place, other))
        let copy = Array(result[other..<(other + length)])
        result.replaceSubrange(place..<(place + length), with: copy)
      case 4: result.removeSubrange(place..<min(result.count, place + Int.random(in: 1...20, using: &generator)))
      default: result.insert(contentsOf: result[place..<min(result.count, place + 30)], at: place)
      }
    }
    return result
  }

  private func read(_ bytes: [UInt8]) throws(TokenizerError) -> Tokenizer {
    try Tokenizer(HuggingFaceReader(source: "damaged").read(TokenizerDocument(bytes, source: "damaged")))
  }

  @Test("a damaged tokenizer.json loads or is an error", arguments: ["gpt2", "llama3", "llama2", "unigram-bytes"])
  func json(name: String) throws {
    let original = Array(try Data(contentsOf: URL(filePath: "\(References.folder)/\(name)/tokenizer.json")))
    var generator = SplitMix(state: 3)
    var loaded = 0
    var refused = 0
    for _ in 0..<120 {
      do throws(TokenizerError) {
        let tokenizer = try read(damaged(original, &generator))
        loaded += 1
        let tokens = try tokenizer.encode("Hello <|im_end|> wörld  1234\n</s>")
        _ = try tokenizer.decode(tokens)
      } catch {
        refused += 1
      }
    }
    print("\(name): of 120 damaged files \(loaded) load, \(refused) are refused")
    #expect(refused > 40)
  }

  @Test("a damaged file of llama2.c loads or is an error") func llama2c() throws {
    let original = Llama2CTests.file(["the", " ", "t", "h", "e", "he", " t", " the"])
    _ = try Tokenizer(Recipe(llama2c: original, source: "whole"))
    var generator = SplitMix(state: 5)
    var refused = 0
    for _ in 0..<240 {
      do throws(TokenizerError) {
        let tokenizer = try Tokenizer(Recipe(llama2c: damaged(original, &generator), source: "damaged"))
        _ = try tokenizer.decode(tokenizer.encode("the thé"))
      } catch {
        refused += 1
      }
    }
    print("llama2.c: of 240 damaged files \(refused) are refused")
    #expect(refused > 100)
    for length in 0..<original.count where length % 7 == 0 {
      let recipe = try? Recipe(llama2c: Array(original[..<length]), source: "short")
      if let recipe { #expect(recipe.tokens.count < 267) }
    }
  }

  private func model(_ vocabulary: String, _ merges: String, _ more: String = "") -> String {
    #"{"model":{"type":"BPE","vocab":{\#(vocabulary)},"merges":[\#(merges)]}\#(more)}"#
  }

  @Test(
    "each fault is named",
    arguments: [
      (#"{"model":"#, "the text ends early"),
      (String(repeating: "[", count: 100_000), "nests deeper than 128 levels"),
      (#"{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}"#, "given twice"),
      (#"{"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}}"#, "both spelled"),
      (#"{"model":{"type":"BPE","vocab":{"a":0,"b":2},"merges":[]}}"#, "no token has the id 1"),
      (#"{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}"#, "has no token id"),
      (#"{"model":{"type":"BPE","vocab":{"a":99999999999999999999},"merges":[]}}"#, "has no token id"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}"#, "which is not in the vocabulary"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"]}}"#, "names `aa`"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a "]}}"#, "is no pair"),
      (#"{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a a","a a"]}}"#, "an earlier one joins"),
      (#"{"model":{"type":"BPE","vocab":{},"merges":[]}}"#, "vocabulary of 0"),
      (#"{"model":{"type":"Unigram","unk_id":5,"vocab":[["a",0]]}}"#, "unk_id"),
      (#"{"model":{"type":"Unigram","vocab":[["a",1e999]]}}"#, "no pair"),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"id":7,"content":"x"}]}"#,
        "no token has the id 1"
      ),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"id":0,"content":"x"}]}"#,
        "another token of the model"
      ),
    ]) func faults(text: String, reason: String) throws
  {
    do throws(TokenizerError) {
      _ = try read(Array(text.utf8))
      Issue.record("it was read: \(text.prefix(80))")
    } catch {
      guard case .malformed(let source, let said) = error else { throw error }
      #expect(source == "damaged")
      #expect(said.contains(reason), "\(said)")
    }
  }

  @Test(
    "what is not built in is refused by name",
    arguments: [
      (#"{"model":{"type":"WordPiece"}}"#, "WordPiece"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Nmt"}}"#, "Nmt"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Bert"}}"#, "Bert"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"new":1}}"#, "new"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}}"#, "</w>"),
      (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"post_processor":{"type":"Own"}}"#, "Own"),
      (
        #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\h"},"behavior":"Isolated"}}"#,
        #"\h"#
      ),
    ]) func unsupported(text: String, name: String) throws
  {
    do throws(TokenizerError) {
      _ = try read(Array(text.utf8))
      Issue.record("it was read")
    } catch {
      guard case .unsupported(_, let said, _) = error else { throw error }
      #expect(said == name)
    }
  }

  @Test("a pattern that needs exponential time is an error, not a hang") func exponential() throws {
    let tokenizer = try read(
      Array(
        #"{"model":{"type":"BPE","vocab":{"a":0,"b":1,"c":2},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?:a+)+c"},"behavior":"Isolated"}}"#
          .utf8))
    #expect(throws: TokenizerError.self) { try tokenizer.encode(String(repeating: "a", count: 60) + "bc") }
  }
}
