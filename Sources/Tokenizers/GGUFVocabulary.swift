/// What a GGUF file says about its tokenizer, under `tokenizer.`.
public struct GGUFVocabulary: Sendable {
  /// `tokenizer.ggml.model`: `gpt2` or `llama`.
  public var model: String
  /// `tokenizer.ggml.pre`: which pre-tokeniser a `gpt2` model has.
  public var pre: String?
  /// `tokenizer.ggml.tokens`, in the order of their ids.
  public var tokens: [String]
  /// `tokenizer.ggml.scores`, which a `llama` model has.
  public var scores: [Float]?
  /// 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
  public var tokenTypes: [Int32]?
  /// Pairs of spellings with a space between them.
  public var merges: [String]?
  /// `tokenizer.ggml.bos_token_id`.
  public var beginning: Int?
  /// `tokenizer.ggml.eos_token_id`.
  public var end: Int?
  /// `tokenizer.ggml.unknown_token_id`.
  public var unknown: Int?
  /// `tokenizer.ggml.padding_token_id`.
  public var padding: Int?
  /// `tokenizer.ggml.add_bos_token`; nil for what the kind of model does.
  public var addBeginning: Bool?
  /// `tokenizer.ggml.add_eos_token`.
  public var addEnd: Bool?
  /// `tokenizer.ggml.add_space_prefix`.
  public var addSpacePrefix: Bool?
  /// `tokenizer.chat_template`, in Jinja.
  public var chatTemplate: String?

  /// A vocabulary of which only the tokens are known.
  public init(model: String, tokens: [String]) {
    self.model = model
    self.tokens = tokens
  }
}

extension Tokenizer {
  /// The values of `tokenizer.ggml.pre` that are built in.
  static let knownPre = [
    "default", "gpt-2", "gpt2", "olmo", "smollm", "llama-bpe", "llama3", "dbrx", "smaug-bpe", "qwen2",
  ]

  /// Makes the tokenizer that a GGUF file describes.
  ///
  /// - Throws: ``TokenizerError/malformed(source:reason:)`` and ``TokenizerError/unsupported(what:name:known:)``.
  public convenience init(gguf: GGUFVocabulary, source: String = "the GGUF file") throws(TokenizerError) {
    try self.init(Recipe(gguf, source: source))
  }
}

extension Recipe {
  init(_ gguf: GGUFVocabulary, source: String) throws(TokenizerError) {
    func malformed(_ reason: String) -> TokenizerError { .malformed(source: source, reason: reason) }
    var tokens = ByteStrings()
    for token in gguf.tokens { tokens.append(Array(token.utf8)) }
    let count = tokens.count
    func id(_ value: Int?, _ name: String) throws(TokenizerError) -> Int32? {
      guard let value else { return nil }
      guard value >= 0, value < count else { throw malformed("\(name) is \(value) of a vocabulary of \(count)") }
      return Int32(value)
    }
    guard gguf.tokenTypes?.count ?? count == count else {
      throw malformed("\(gguf.tokenTypes?.count ?? 0) token types for \(count) tokens")
    }
    switch gguf.model {
    case "gpt2":
      guard let lines = gguf.merges else { throw malformed("a gpt2 vocabulary without merges") }
      let spellings = try Spellings(tokens, source: source)
      var merges: [Merge] = []
      merges.reserveCapacity(lines.count)
      for line in lines {
        let halves = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
        merges.append(try HuggingFaceReader.merge(halves, spellings, place: merges.count, source: source))
      }
      self.init(model: .merges(merges, ignoresMerges: false), source: source)
      isByteLevel = true
      try setPre(gguf.pre ?? "default", merges)
    case "llama":
      guard let scores = gguf.scores else { throw malformed("a llama vocabulary without scores") }
      self.init(model: .scores(scores), source: source)
      fallsBackToBytes = true
      fusesUnknown = true
      unknown = try id(gguf.unknown ?? (count > 0 ? 0 : nil), "the unknown token")
      let mark = Array("▁".utf8)
      if gguf.addSpacePrefix ?? true {
        normalizer.append(.prepend(mark))
        stripsFirstSpace = true
      }
      normalizer.append(.replaceText([UInt8(ascii: " ")], mark))
      replacements = [(mark, [UInt8(ascii: " ")])]
    default: throw .unsupported(what: "tokenizer model in \(source)", name: gguf.model, known: ["gpt2", "llama"])
    }
    self.tokens = tokens
    beginning = try id(gguf.beginning, "the beginning token")
    end = try id(gguf.end, "the end token")
    padding = try id(gguf.padding, "the padding token")
    chatTemplate = gguf.chatTemplate
    for (index, type) in (gguf.tokenTypes ?? []).enumerated() where [2, 3, 4].contains(type) {
      let content = Array(tokens[index])
      guard !content.isEmpty else { continue }
      // Unknown is a mark of SentencePiece; in a gpt2 vocabulary the type is an old converter's word for a common token.
      if type == 2, isByteLevel { continue }
      added.append(AddedToken(id: Int32(index), content: content, isSpecial: type != 4))
    }
    for id in [beginning, end, unknown].compactMap({ $0 }) where !added.contains(where: { $0.id == id }) {
      added.append(AddedToken(id: id, content: Array(tokens[Int(id)])))
    }
    let adds = gguf.addBeginning ?? (gguf.model == "llama" || ["llama-bpe", "llama3"].contains(gguf.pre))
    if adds, let beginning { prefix = [beginning] }
    if gguf.addEnd ?? false, let end { suffix = [end] }
  }

  /// The pre-tokeniser that llama.cpp has under a name; normal forms as the models' own files ask for them.
  private mutating func setPre(_ pre: String, _ merges: [Merge]) throws(TokenizerError) {
    var patterns = [KnownPatterns.gpt2]
    switch pre {
    case "gpt-2", "gpt2": break
    case "olmo": normalizer = [.nfc]
    case "smollm": patterns = [#"\p{N}"#, KnownPatterns.gpt2]
    case "llama-bpe", "llama3":
      patterns = [KnownPatterns.llama3]
      model = .merges(merges, ignoresMerges: true)
    case "dbrx", "smaug-bpe": patterns = [KnownPatterns.llama3]
    case "qwen2":
      patterns = [KnownPatterns.qwen2]
      normalizer = [.nfc]
    case "default":
      patterns = [
        #"[\p{P}\$\+<=>\^~\|]+"#, #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"#,
        #"\p{N}+"#,
        "[0-9][0-9][0-9]",
      ]
    default:
      throw .unsupported(what: "pre-tokeniser in \(source)", name: pre, known: Tokenizer.knownPre)
    }
    for pattern in patterns {
      pretokenizer.append(.split(try Pattern(pattern, source: source), .isolated, inverted: false))
    }
  }
}
