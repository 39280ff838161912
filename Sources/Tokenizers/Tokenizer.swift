import Synchronization

/// Turns text into a model's tokens and back.
///
/// A tokenizer is a value that several models share; its digest tells whether two models read the same tokens.
public final class Tokenizer: Sendable {
  /// How it works, in words: `bytes`, `byte-level BPE`, `BPE`, `SentencePiece BPE`, `unigram`.
  public let kind: String
  /// Ids are 0 ..< count, added tokens included.
  public let count: Int
  /// The token that begins a text, if the model has one.
  public let beginning: Int32?
  /// The token that ends a text.
  public let end: Int32?
  /// The token that fills shorter sequences.
  public let padding: Int32?
  /// What generation stops at: the end of a text and of a turn.
  public let stops: Set<Int32>
  /// How a conversation is written for the model; nil when it was not trained on any, or in a way that is not built in
  /// (``render(_:addingPrompt:)`` says which).
  public let chat: ChatTemplate?
  /// Sixteen hexadecimal digits over everything that decides which tokens a text becomes.
  public let digest: String

  let recipe: Recipe
  private let spellings: Spellings
  private let encoder: PieceEncoder
  /// What each token adds to a text; the spelling of special tokens.
  private let outputs: ByteStrings
  private let specials: Set<Int32>
  private let rawFinder: AddedTokenFinder
  private let normalizedFinder: AddedTokenFinder
  private let idle = Mutex<[Scratch]>([])

  /// Makes a tokenizer.
  ///
  /// - Throws: ``TokenizerError/malformed(source:reason:)`` when the parts contradict each other.
  init(_ recipe: Recipe) throws(TokenizerError) {
    let spellings = try Spellings(recipe.tokens, source: recipe.source)
    let outside = recipe.tokensOutsideModel
    try recipe.check()
    self.recipe = recipe
    self.spellings = spellings
    encoder = try PieceEncoder(recipe, spellings, outside: outside)
    kind = recipe.kind
    count = recipe.tokens.count
    beginning = recipe.beginning
    end = recipe.end
    padding = recipe.padding
    specials = Set(recipe.added.filter(\.isSpecial).map(\.id))
    chat = recipe.chatTemplate.flatMap { ChatTemplate(jinja: $0) }
    var stops = recipe.stops
    if let end = recipe.end { stops.insert(end) }
    for spelling in chat?.turnEnds ?? [] {
      if let id = spellings.id(Array(spelling.utf8)) { stops.insert(id) }
    }
    self.stops = stops
    digest = recipe.digest()
    rawFinder = AddedTokenFinder(recipe.added.filter { !$0.isNormalized })
    let matcher = Matcher()
    var normalized: [AddedToken] = []
    for var token in recipe.added where token.isNormalized {
      for step in recipe.normalizer { token.content = try step.apply(token.content, matcher: matcher) }
      normalized.append(token)
    }
    normalizedFinder = AddedTokenFinder(normalized)
    outputs = recipe.outputs(normalized: normalized)
  }

  /// The tokens of a text.
  ///
  /// - Parameters:
  ///   - text: any text.
  ///   - addingSpecials: whether to add what the model's own texts begin and end with, as transformers'
  ///     `add_special_tokens` does.
  ///   - parsingSpecials: whether special tokens written out in the text, such as `<|im_start|>`, become those tokens.
  /// - Throws: ``TokenizerError/unencodable(text:)``; ``TokenizerError/malformed(source:reason:)`` when a pattern of the
  ///   tokenizer takes too long for the text.
  public func encode(
    _ text: String, addingSpecials: Bool = true, parsingSpecials: Bool = true
  ) throws(TokenizerError) -> [Int32] {
    var text = text
    let scratch = idle.withLock { $0.popLast() } ?? Scratch()
    defer { idle.withLock { $0.append(scratch) } }
    var output = addingSpecials ? recipe.prefix : []
    output.reserveCapacity(text.utf8.count / 4 + 4)
    let failure: TokenizerError? = text.withUTF8 { bytes in
      do throws(TokenizerError) {
        try encode(bytes, parsingSpecials: parsingSpecials, scratch, into: &output)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    return addingSpecials ? output + recipe.suffix : output
  }

  private func encode(
    _ text: UnsafeBufferPointer<UInt8>, parsingSpecials: Bool, _ scratch: Scratch, into output: inout [Int32]
  ) throws(TokenizerError) {
    guard text.count < Int32.max / 2 else { throw .malformed(source: "the text", reason: "it is longer than 1 GiB") }
    for stretch in rawFinder.stretches(text, specials: parsingSpecials) {
      if let token = stretch.token {
        output.append(token)
        continue
      }
      let part = UnsafeBufferPointer(rebasing: text[stretch.start..<stretch.end])
      let begins = stretch.start == 0
      if recipe.normalizer.isEmpty {
        try encodeNormalized(part, begins: begins, parsingSpecials: parsingSpecials, scratch, into: &output)
        continue
      }
      var normalized = Array(part)
      for step in recipe.normalizer { normalized = try step.apply(normalized, matcher: scratch.matcher) }
      try normalized.withUnsafeBufferPointer { (bytes) throws(TokenizerError) in
        try encodeNormalized(bytes, begins: begins, parsingSpecials: parsingSpecials, scratch, into: &output)
      }
    }
  }

  private func encodeNormalized(
    _ text: UnsafeBufferPointer<UInt8>, begins: Bool, parsingSpecials: Bool, _ scratch: Scratch,
    into output: inout [Int32]
  ) throws(TokenizerError) {
    for stretch in normalizedFinder.stretches(text, specials: parsingSpecials) {
      if let token = stretch.token {
        output.append(token)
        continue
      }
      try pretokenize(
        UnsafeBufferPointer(rebasing: text[stretch.start..<stretch.end]), recipe.pretokenizer[...],
        begins: begins && stretch.start == 0, matcher: scratch.matcher
      ) { (piece) throws(TokenizerError) in
        try encoder.encode(piece, scratch, into: &output)
      }
    }
  }

  /// The text of tokens. Bytes that are no UTF-8 become U+FFFD.
  ///
  /// - Parameter skippingSpecials: whether special tokens are left out.
  /// - Throws: ``TokenizerError/unknownToken(id:count:)``.
  public func decode(_ tokens: [Int32], skippingSpecials: Bool = false) throws(TokenizerError) -> String {
    var bytes: [UInt8] = []
    for token in tokens {
      guard token >= 0, token < count else { throw .unknownToken(id: Int(token), count: count) }
      if skippingSpecials && specials.contains(token) { continue }
      bytes += outputs[Int(token)]
    }
    if recipe.stripsFirstSpace, bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes that a token adds to a text that is under way; none for special tokens.
  ///
  /// - Throws: ``TokenizerError/unknownToken(id:count:)``.
  public func bytes(of token: Int32) throws(TokenizerError) -> [UInt8] {
    guard token >= 0, token < count else { throw .unknownToken(id: Int(token), count: count) }
    return specials.contains(token) ? [] : Array(outputs[Int(token)])
  }

  /// The id of a token by its spelling in the vocabulary, such as `<|im_end|>`; nil when there is none.
  public func id(of token: String) -> Int32? { spellings.id(Array(token.utf8)) }

  /// The spelling of a token in the vocabulary, such as `Ġthe` or `▁the`; nil outside the vocabulary.
  public func spelling(of token: Int32) -> String? {
    guard token >= 0, token < count else { return nil }
    return String(decoding: spellings.tokens[Int(token)], as: UTF8.self)
  }

  /// Whether a token is one of those that mark a text rather than spell it, such as `<|endoftext|>`.
  public func isSpecial(_ token: Int32) -> Bool { specials.contains(token) }

  /// A conversation as the model was trained to read it.
  ///
  /// - Throws: ``TokenizerError/unsupported(what:name:known:)`` when the model has no template or one that is not built
  ///   in; ``TokenizerError/malformed(source:reason:)`` for roles in an order that the template does not have.
  public func render(
    _ messages: [(role: String, content: String)], addingPrompt: Bool
  ) throws(TokenizerError) -> String {
    guard let chat else {
      let name = recipe.chatTemplate.map { String($0.prefix(120)) } ?? "none"
      throw .unsupported(what: "chat template", name: name, known: ChatTemplate.allCases.map(\.rawValue))
    }
    return try chat.render(
      messages, addingPrompt: addingPrompt, beginning: beginning.flatMap(spelling(of:)) ?? "",
      end: end.flatMap(spelling(of:)) ?? "")
  }
}
