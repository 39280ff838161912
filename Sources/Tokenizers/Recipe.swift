/// Everything that a tokenizer is made of, as the files say it. Each reader fills one in, the writer writes one down, and
/// ``Tokenizer`` is built from one, so that a tokenizer is the same whichever file it came from.
struct Recipe: Sendable {
  enum Model: Sendable {
    /// Pairs of tokens in the order in which they are joined.
    case merges([Merge], ignoresMerges: Bool)
    /// SentencePiece: the pair that makes the token with the highest score is joined first.
    case scores([Float])
    /// SentencePiece: the segmentation with the highest sum of scores.
    case unigram([Double])
  }
  struct Merge: Sendable {
    var left: Int32
    var right: Int32
    var result: Int32
  }

  var model: Model
  /// The spellings of the tokens 0 ..< count.
  var tokens = ByteStrings()
  /// Whether spellings are in GPT-2's alphabet of bytes.
  var isByteLevel = false
  /// Whether `<0x41>` stands for a byte of a character that the vocabulary lacks.
  var fallsBackToBytes = false
  var unknown: Int32?
  /// Whether neighbouring unknown characters become one token.
  var fusesUnknown = false

  var normalizer: [NormalizerStep] = []
  var pretokenizer: [PretokenizerStep] = []
  var added: [AddedToken] = []
  /// Added tokens that the model itself does not have.
  var tokensOutsideModel: Set<Int32> = []
  /// The tokens before and after a text.
  var prefix: [Int32] = []
  var suffix: [Int32] = []

  /// The texts that a token's spelling stands for: `▁` for a space.
  var replacements: [(from: [UInt8], to: [UInt8])] = []
  /// Whether the space that was put before a text is taken away from what is decoded.
  var stripsFirstSpace = false

  var beginning: Int32?
  var end: Int32?
  var padding: Int32?
  var stops: Set<Int32> = []
  var chatTemplate: String?
  /// The files that it came from, byte for byte.
  var files: [(name: String, contents: [UInt8])]?
  /// The file or folder, for messages.
  var source: String

  init(model: Model, source: String) {
    self.model = model
    self.source = source
  }

  func malformed(_ reason: String) -> TokenizerError { .malformed(source: source, reason: reason) }
}

/// A vocabulary by spelling, made once.
struct Spellings: Sendable {
  let tokens: ByteStrings
  private var index: ByteIndex

  /// - Throws: ``TokenizerError/malformed(source:reason:)`` when two tokens are spelled alike.
  init(_ tokens: ByteStrings, source: String) throws(TokenizerError) {
    self.tokens = tokens
    index = ByteIndex(capacity: tokens.count)
    for id in 0..<tokens.count {
      if let earlier = index.insert(Int32(id), in: tokens) {
        let name = String(decoding: tokens[id], as: UTF8.self)
        throw .malformed(source: source, reason: "the tokens \(earlier) and \(id) are both spelled `\(name)`")
      }
    }
  }

  func id(_ spelling: [UInt8]) -> Int32? { index.find(spelling, in: tokens) }
}
