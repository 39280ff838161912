import Tokenizers

extension Tokenizer {
  /// The tokens of a text that goes on: what the model's texts begin with is added, what they end with is not.
  ///
  /// - Throws: `TokenizerError`.
  public func prompt(_ text: String) throws(TokenizerError) -> [Int32] {
    try opening() + encode(text, addingSpecials: false)
  }

  /// The tokens with which every text of the model begins; empty for models such as GPT-2 and SmolLM2.
  ///
  /// - Throws: `TokenizerError`.
  public func opening() throws(TokenizerError) -> [Int32] {
    guard let beginning, try encode("", addingSpecials: true).first == beginning else { return [] }
    return [beginning]
  }
}

extension Model {
  /// The tokenizer, for text that is called `what` in errors: `prompt`, or the name of data.
  ///
  /// - Throws: ``TransformerError/noTokenizer(data:model:)``.
  public func tokenizer(for what: String) throws(TransformerError) -> Tokenizer {
    guard let tokenizer else { throw .noTokenizer(data: what, model: name) }
    return tokenizer
  }
}
