extension Tokenizer {
  /// One token a byte: the smallest tokenizer that can spell every text.
  public static let bytes: Tokenizer = {
    do { return try Tokenizer(.bytes) } catch { preconditionFailure("256 tokens of one byte each: \(error)") }
  }()
}

extension Recipe {
  fileprivate static var bytes: Recipe {
    var recipe = Recipe(model: .merges([], ignoresMerges: false), source: "bytes")
    for byte in UInt8.min...UInt8.max { recipe.tokens.append(Array(ByteAlphabet.encode([byte]).utf8)) }
    recipe.isByteLevel = true
    return recipe
  }
}
