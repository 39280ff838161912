import Foundation
import Testing

@testable import Tokenizers

@Suite("llama2.c's tokenizer file") struct Llama2CTests {
  /// A file whose later texts have lower scores.
  static func file(_ texts: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    func add(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) } }
    let marks = ["<unk>", "\n<s>\n", "\n</s>\n"]
    let all =
      marks + (0..<256).map { "<0x" + (($0 < 16 ? "0" : "") + String($0, radix: 16)).uppercased() + ">" } + texts
    add(UInt32(all.map(\.utf8.count).max() ?? 1))
    for (id, text) in all.enumerated() {
      add((id < 259 ? Float(0) : -Float(id)).bitPattern)
      add(UInt32(text.utf8.count))
      bytes += Array(text.utf8)
    }
    return bytes
  }

  @Test("the best score is joined first, of equals the leftmost") func merging() throws {
    let tokenizer = try Tokenizer(
      Recipe(llama2c: Self.file(["he", "th", "a", "aa", "t", "h", "e", " "]), source: "test"))
    func id(_ text: String) throws -> Int32 { try #require(tokenizer.id(of: text)) }
    #expect(try tokenizer.encode("the") == [1, id(" "), id("t"), id("he")])
    #expect(try tokenizer.encode("aaa", addingSpecials: false) == [id(" "), id("aa"), id("a")])
    #expect(try tokenizer.encode("é") == [1, id(" "), 3 + 0xC3, 3 + 0xA9])
    #expect(try tokenizer.encode("") == [1])
    #expect(try tokenizer.decode(tokenizer.encode("thé", addingSpecials: false)) == "thé")
  }

  @Test(
    "stories260K's vocabulary reads its own stories",
    .enabled(if: SharedData.has("models/stories260K/tok512.bin"), "shared data are not beside the checkout"))
  func stories() throws {
    let tokenizer = try Tokenizer(llama2c: "\(SharedData.folder)/models/stories260K/tok512.bin")
    #expect(tokenizer.count == 512 && tokenizer.beginning == 1 && tokenizer.end == 2)
    let tokens = try tokenizer.encode("Once upon a time")
    #expect(tokens.first == 1)
    #expect(try tokenizer.decode(tokens, skippingSpecials: true) == "Once upon a time")
    let slow = try Llama2CReference(path: "\(SharedData.folder)/models/stories260K/tok512.bin")
    let corpus = try SharedData.text("corpus/tinyshakespeare.txt")
    for line in corpus.split(separator: "\n").prefix(1000) + ["  two  spaces ", "naïve 東京 🤖", "\ttab\u{0}"] {
      #expect(try tokenizer.encode(String(line)) == slow.encode(Array(line.utf8)))
    }
  }
}

/// run.c's `encode`, word for word: look up characters, then join the best pair until there is none.
struct Llama2CReference {
  var texts: [[UInt8]] = []
  var scores: [Float] = []
  var ids: [[UInt8]: Int] = [:]

  init(path: String) throws {
    let data = Array(try Data(contentsOf: URL(filePath: path)))
    func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(data[at + $1]) << UInt32(8 * $1) } }
    var at = 4
    while at < data.count {
      let length = Int(word(at + 4))
      scores.append(Float(bitPattern: word(at)))
      texts.append(Array(data[(at + 8)..<(at + 8 + length)]))
      at += 8 + length
    }
    for (id, text) in texts.enumerated() where ids[text] == nil { ids[text] = id }
  }

  func encode(_ text: [UInt8]) -> [Int32] {
    var tokens: [Int] = [1]
    if !text.isEmpty, let space = ids[[0x20]] { tokens.append(space) }
    var at = 0
    while at < text.count {
      var end = at + 1
      while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
      if let id = ids[Array(text[at..<end])] {
        tokens.append(id)
      } else {
        tokens += text[at..<end].map { Int($0) + 3 }
      }
      at = end
    }
    while true {
      var best: (score: Float, place: Int, id: Int)?
      for place in 0..<max(tokens.count - 1, 0) {
        if let id = ids[texts[tokens[place]] + texts[tokens[place + 1]]],
          scores[id] > best?.score ?? -.infinity
        {
          best = (scores[id], place, id)
        }
      }
      guard let best else { return tokens.map(Int32.init) }
      tokens[best.place] = best.id
      tokens.remove(at: best.place + 1)
    }
  }
}
