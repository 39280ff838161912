/// Turns text into a model's tokens and back.
///
/// A tokenizer is a value that several models share; its digest tells whether two models read the same tokens.
public final class Tokenizer: Sendable {
  /// How it works, in words: `byte-level BPE`, `SentencePiece BPE`, `unigram`.
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
  /// How a conversation is written for the model; nil when it was not trained on any.
  public let chat: ChatTemplate?

  private init() {
    kind = "byte-level BPE"
    count = 256
    beginning = nil
    end = nil
    padding = nil
    stops = []
    chat = nil
  }

  /// One token a byte: the smallest tokenizer that can spell every text.
  public static let bytes = Tokenizer()

  /// Sixteen hexadecimal digits over everything that decides which tokens a text becomes.
  public var digest: String { "bytes" }

  /// The tokens of a text.
  ///
  /// - Parameters:
  ///   - text: any text.
  ///   - addingSpecials: whether to add what the model's own texts begin and end with, as transformers'
  ///     `add_special_tokens` does.
  ///   - parsingSpecials: whether special tokens written out in the text, such as `<|im_start|>`, become those tokens.
  /// - Throws: ``TokenizerError/unencodable(text:)``.
  public func encode(
    _ text: String, addingSpecials: Bool = true, parsingSpecials: Bool = true
  ) throws(TokenizerError) -> [Int32] { text.utf8.map { Int32($0) } }

  /// The text of tokens. Bytes that are no UTF-8 become U+FFFD.
  ///
  /// - Parameter skippingSpecials: whether special tokens are left out.
  /// - Throws: ``TokenizerError/unknownToken(id:count:)``.
  public func decode(_ tokens: [Int32], skippingSpecials: Bool = false) throws(TokenizerError) -> String {
    var bytes: [UInt8] = []
    for token in tokens { bytes += try self.bytes(of: token) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes that a token adds to a text that is under way; none for special tokens.
  ///
  /// - Throws: ``TokenizerError/unknownToken(id:count:)``.
  public func bytes(of token: Int32) throws(TokenizerError) -> [UInt8] {
    guard let byte = UInt8(exactly: token) else { throw .unknownToken(id: Int(token), count: count) }
    return [byte]
  }

  /// The id of a token by its spelling in the vocabulary, such as `<|im_end|>`; nil when there is none.
  public func id(of token: String) -> Int32? { token.utf8.count == 1 ? token.utf8.first.map { Int32($0) } : nil }

  /// The spelling of a token in the vocabulary, such as `Ġthe` or `▁the`; nil outside the vocabulary.
  public func spelling(of token: Int32) -> String? { UInt8(exactly: token).map { String(UnicodeScalar($0)) } }
}
