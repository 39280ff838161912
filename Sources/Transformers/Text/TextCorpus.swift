import Checkpoints
import Foundation
import Tensors
import Tokenizers

/// Text for language modelling: windows of the model's tokens, scored at every position.
///
/// A window holds `length` tokens, and no two windows overlap. Where texts of the model begin with a token of their own,
/// so does every window, and the first token is scored too.
public struct TextCorpus: SplittableDataset {
  /// What the user calls it, such as `tinyshakespeare.txt`.
  public let name: String
  /// Tokens in a window.
  public let length: Int
  /// The text in pieces, each of which falls into one part of a holdout as a whole.
  public let pieces: [Piece]
  private let cache = BindingCache<TokenWindows>()

  /// A piece of text that falls into one part of a holdout as a whole.
  public struct Piece: Sendable, Codable {
    /// The text itself.
    public var text: String
    /// Pieces of one file carry consecutive numbers: neighbours are read as one text.
    public var number: Int
    /// Whether the piece does not continue the one before it.
    public var isDocument: Bool
  }

  /// One running text. A holdout divides it into passages of about 4 KB that end at a newline.
  ///
  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for a length outside 2…1,048,576,
  ///   ``TransformerError/emptyData(data:reason:)`` for no text.
  public init(name: String, text: String, length: Int = 256) throws(TransformerError) {
    try self.init(
      name: name, length: length,
      pieces: Self.passages(text).enumerated().map { Piece(text: $1, number: $0, isDocument: false) })
  }

  /// Texts that do not continue each other; the model's end token stands between them if it has one. A holdout divides
  /// them one by one.
  ///
  /// - Throws: as ``init(name:text:length:)``.
  public init(name: String, documents: [String], length: Int = 256) throws(TransformerError) {
    try self.init(
      name: name, length: length,
      pieces: documents.enumerated().map { Piece(text: $1, number: $0, isDocument: true) })
  }

  /// The pieces of another corpus.
  ///
  /// - Throws: as ``init(name:text:length:)``.
  public init(name: String, length: Int, pieces: [Piece]) throws(TransformerError) {
    guard (2...(1 << 20)).contains(length) else {
      throw .invalidOption(field: "length", value: "\(length)", reason: "must lie between 2 and 1,048,576")
    }
    let pieces = pieces.filter { !$0.text.isEmpty }
    if pieces.isEmpty { throw .emptyData(data: name, reason: "there is no text") }
    self.name = name
    self.length = length
    self.pieces = pieces
  }

  /// Bytes of text in UTF-8.
  public var byteCount: Int { pieces.reduce(0) { $0 + $1.text.utf8.count } }
  /// Texts that do not continue each other; 1 for a running text.
  public var documentCount: Int { pieces.first?.isDocument == true ? pieces.count : 1 }
  /// Whether only a model with a tokenizer can read it.
  public var needsTokenizer: Bool { true }
  /// Not known before a model has read it.
  public var requiredVocabulary: Int { 0 }
  /// The model needs at least such a context.
  public var requiredContext: Int { length - 1 }

  /// The same text without the passages of the other part.
  public func restricted(to part: InputPart) throws(TransformerError) -> TextCorpus {
    let pieces = pieces.filter { part.contains($0.text) }
    if pieces.isEmpty {
      throw .emptyData(data: name, reason: "none of its \(self.pieces.count) passages fell into this part")
    }
    return try TextCorpus(name: name + part.suffix, length: length, pieces: pieces)
  }

  /// Nothing: the windows are made of a model's tokens.
  ///
  /// - Throws: ``TransformerError/noTokenizer(data:model:)``.
  public func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] {
    throw TransformerError.noTokenizer(data: name, model: "no model")
  }

  /// The beginnings of passages.
  public func texts(count: Int, seed: UInt64, index: Int) throws -> [String] {
    EpochOrder(name: name, count: pieces.count).places(size: count, seed: seed, index: index).map {
      String(pieces[$0].text.prefix(400))
    }
  }

  /// An example as a person reads it; without a tokenizer there is none.
  public func text(of example: Batch.Example) -> String { "" }

  /// The windows of a model's tokens. Tokens are kept, so that the second time costs nothing.
  public func bound(to model: Model) throws -> any Dataset {
    let tokenizer = try model.tokenizer(for: name)
    return try cache.bound(tokenizer.digest) {
      var tokens: [Int32] = []
      for run in runs() {
        try Cancellation.check()
        if !tokens.isEmpty, run.isDocument, let end = tokenizer.end { tokens.append(end) }
        tokens += try tokenizer.encode(run.text, addingSpecials: false)
      }
      return try TokenWindows(name: name, tokens: tokens, length: length, tokenizer: tokenizer)
    }
  }

  /// Neighbouring passages of a running text as one text, documents one by one.
  private func runs() -> [Piece] {
    var runs: [Piece] = []
    var last = -2
    for piece in pieces {
      if !piece.isDocument, piece.number == last + 1, !runs.isEmpty {
        runs[runs.count - 1].text += piece.text
      } else {
        runs.append(piece)
      }
      last = piece.number
    }
    return runs
  }

  /// The text in pieces of 4 KB and up to the end of the line, or of 8 KB where lines are longer.
  private static func passages(_ text: String) -> [String] {
    let bytes = Array(text.utf8)
    var passages: [String] = []
    var start = 0
    for place in bytes.indices.dropFirst() where place - start >= 4096 {
      // The bytes 10xxxxxx stand inside of a character.
      let isBoundary = bytes[place] & 0xC0 != 0x80
      if bytes[place - 1] == UInt8(ascii: "\n") || (place - start >= 8192 && isBoundary) {
        passages.append(String(decoding: bytes[start..<place], as: UTF8.self))
        start = place
      }
    }
    passages.append(String(decoding: bytes[start...], as: UTF8.self))
    return passages
  }
}

/// A text's tokens in windows that do not overlap, scored at every position.
public struct TokenWindows: Dataset {
  /// What the user calls the text.
  public let name: String
  /// Tokens in a window; the last one may be shorter.
  public let length: Int
  /// All tokens.
  public let tokens: [Int32]
  /// Tokens that stand before each window and are not scored.
  public let opening: [Int32]
  private let tokenizer: Tokenizer?
  private let count: Int
  private let order: EpochOrder

  /// Windows of tokens.
  ///
  /// - Parameter tokenizer: gives the tokens with which texts begin, and turns examples into text.
  /// - Throws: ``TransformerError/emptyData(data:reason:)`` when no token has another one before it,
  ///   ``TransformerError/invalidOption(field:value:reason:)`` for a length outside 2…1,048,576, `TokenizerError`.
  public init(name: String, tokens: [Int32], length: Int = 256, tokenizer: Tokenizer?) throws {
    guard (2...(1 << 20)).contains(length) else {
      throw TransformerError.invalidOption(
        field: "window", value: "\(length)", reason: "must lie between 2 and 1,048,576")
    }
    self.name = name
    self.length = length
    self.tokens = tokens
    self.tokenizer = tokenizer
    opening = try tokenizer?.opening() ?? []
    let shortest = opening.isEmpty ? 2 : 1
    guard tokens.count >= shortest else {
      throw TransformerError.emptyData(data: name, reason: "no token has another one before it")
    }
    let rest = tokens.count % length
    count = tokens.count / length + (rest >= shortest ? 1 : 0)
    order = EpochOrder(name: name, count: count)
  }

  /// How many windows there are.
  public var exampleCount: Int? { count }
  /// The windows from the start of the text.
  public var listedExamples: [Batch.Example]? { (0..<count).map(window) }
  /// The model needs at least so many tokens.
  public var requiredVocabulary: Int { Int(max(tokens.max() ?? 0, opening.max() ?? 0)) + 1 }
  /// The model needs at least such a context.
  public var requiredContext: Int { opening.count + min(length, tokens.count) - 1 }
  /// ln of the vocabulary: every token as likely as any other.
  public var guessLoss: Double? { tokenizer.map { log(Double(max(1, $0.count))) } }

  /// Window number `place`, from the start of the text.
  func window(_ place: Int) -> Batch.Example {
    let first = place * length
    return Batch.Example(prompt: opening, answer: Array(tokens[first..<min(first + length, tokens.count)]))
  }

  /// The examples of batch number `index`.
  public func examples(count: Int, seed: UInt64, index: Int) throws -> [Batch.Example] {
    order.places(size: count, seed: seed, index: index).map(window)
  }

  /// An example as a person reads it.
  public func text(of example: Batch.Example) -> String {
    let tokens = example.tokens.dropFirst(opening.count) + example.targets.suffix(1)
    return (try? tokenizer?.decode(Array(tokens))) ?? tokens.map(String.init).joined(separator: " ")
  }
}
