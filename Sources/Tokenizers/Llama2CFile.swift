extension Tokenizer {
  /// Reads the tokenizer file of llama2.c: the length of the longest token, then of each token its score, its length and
  /// its bytes, all little-endian. The ids 0, 1, 2 are unknown, beginning and end; 3 … 258 are the bytes.
  ///
  /// - Throws: ``TokenizerError/malformed(source:reason:)``, naming the file.
  public convenience init(llama2c path: String) throws(TokenizerError) {
    guard let bytes = try TokenizerFile.read(path, orNil: false) else {
      throw .malformed(source: path, reason: "it cannot be read")
    }
    try self.init(Recipe(llama2c: bytes, source: path))
  }
}

extension Recipe {
  init(llama2c bytes: [UInt8], source: String) throws(TokenizerError) {
    func malformed(_ reason: String) -> TokenizerError { .malformed(source: source, reason: reason) }
    var at = 0
    func word(_ what: String) throws(TokenizerError) -> UInt32 {
      guard bytes.count - at >= 4 else { throw malformed("it ends within \(what)") }
      defer { at += 4 }
      return UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
    }
    let longest = Int32(bitPattern: try word("the length of the longest token"))
    guard longest > 0 else { throw malformed("the longest token has \(longest) bytes") }
    var scores: [Float] = []
    var texts = ByteStrings()
    while at < bytes.count {
      let id = scores.count
      let score = Float(bitPattern: try word("the score of token \(id)"))
      guard score.isFinite else { throw malformed("the score of token \(id) is \(score)") }
      let length = Int(Int32(bitPattern: try word("the length of token \(id)")))
      // Only tokens that spell text count for the longest; the marks 0, 1, 2 may be longer.
      guard length >= 0, length <= bytes.count - at, length <= Int(longest) || id < 3 else {
        throw malformed("token \(id) has \(length) bytes; \(bytes.count - at) are left and the longest has \(longest)")
      }
      let text = bytes[at..<(at + length)]
      guard String(validating: text, as: UTF8.self) != nil else { throw malformed("token \(id) is no UTF-8") }
      texts.append(text)
      scores.append(score)
      at += length
    }
    guard scores.count >= 259 else { throw malformed("\(scores.count) tokens; the marks and the bytes alone are 259") }
    var tokens = ByteStrings()
    let marks = ["<unk>", "<s>", "</s>"]
    for id in 0..<scores.count {
      if id < 3 {
        // The file writes the marks with line breaks around them, for printing.
        tokens.append(Array(marks[id].utf8))
      } else {
        if id < 259, PieceEncoder.byte(spelledBy: texts[id]) != UInt8(exactly: id - 3) {
          throw malformed("token \(id) is not the byte \(id - 3)")
        }
        guard !texts[id].isEmpty else { throw malformed("token \(id) is empty") }
        tokens.append(texts[id])
      }
    }
    self.init(model: .scores(scores), source: source)
    self.tokens = tokens
    fallsBackToBytes = true
    fusesUnknown = true
    (unknown, beginning, end) = (0, 1, 2)
    added = marks.enumerated().map { AddedToken(id: Int32($0.offset), content: Array($0.element.utf8)) }
    prefix = [1]
    // The vocabulary has spaces where SentencePiece has its mark.
    normalizer = [.prepend([UInt8(ascii: " ")])]
    stripsFirstSpace = true
  }
}
