/// What can go wrong between text and tokens.
public enum TokenizerError: Error, Sendable, Equatable {
  /// A file or a description of a tokenizer that cannot be used: what it is and what is wrong with it.
  case malformed(source: String, reason: String)
  /// A kind of tokenizer, pattern or chat template that is not built in, and those that are.
  case unsupported(what: String, name: String, known: [String])
  /// A token id outside the vocabulary.
  case unknownToken(id: Int, count: Int)
  /// Text that the vocabulary cannot spell, and which has no unknown token to stand in.
  case unencodable(text: String)
}
