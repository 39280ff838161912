import Testing

@testable import Tokenizers

@Suite("Tokenizers") struct TokenizerTests {
  @Test("bytes spell every text") func bytes() throws {
    let text = "naïve 東京 🤖\n"
    #expect(try Tokenizer.bytes.decode(Tokenizer.bytes.encode(text)) == text)
  }
}
