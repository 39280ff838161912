import JSON

extension HuggingFaceReader {
  /// The vocabulary and the merges or scores.
  func readModel(_ node: JSONNode) throws(TokenizerError) -> Recipe {
    // Files of old versions leave the type out; only BPE has merges.
    let type = node["type"]?.string ?? (node["merges"] != nil ? "BPE" : "without a type")
    switch type {
    case "BPE": return try readPairs(node)
    case "Unigram": return try readUnigram(node)
    default: throw .unsupported(what: "model in \(source)", name: type, known: ["BPE", "Unigram"])
    }
  }

  private func readPairs(_ node: JSONNode) throws(TokenizerError) -> Recipe {
    try check(
      node, "the model",
      [
        "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
        "ignore_merges", "vocab", "merges",
      ])
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let text = node[key]?.string, !text.isEmpty {
        throw .unsupported(what: "\(key) in \(source)", name: text, known: ["none"])
      }
    }
    if let dropout = node["dropout"]?.double, dropout != 0 {
      throw .unsupported(what: "dropout in \(source)", name: "\(dropout)", known: ["none"])
    }
    guard let vocabulary = node["vocab"], let list = node["merges"], list.kind == .array else {
      throw malformed("the model lacks its vocabulary or its merges")
    }
    let tokens = try Self.vocabulary(vocabulary, source: source)
    let spellings = try Spellings(tokens, source: source)
    var merges: [Recipe.Merge] = []
    for entry in list.children {
      let halves: [[UInt8]]
      if let line = entry.utf8 {
        halves = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
      } else {
        halves = entry.kind == .array ? entry.children.compactMap(\.utf8) : []
      }
      merges.append(try Self.merge(halves, spellings, place: merges.count, source: source))
    }
    let ignores = try flag(node, "ignore_merges", "the model", default: false)
    var recipe = Recipe(model: .merges(merges, ignoresMerges: ignores), source: source)
    recipe.tokens = tokens
    recipe.fallsBackToBytes = try flag(node, "byte_fallback", "the model", default: false)
    recipe.fusesUnknown = try flag(node, "fuse_unk", "the model", default: false)
    recipe.unknown = (node["unk_token"]?.utf8).flatMap { spellings.id($0) }
    return recipe
  }

  private func readUnigram(_ node: JSONNode) throws(TokenizerError) -> Recipe {
    try check(node, "the model", ["type", "unk_id", "vocab", "byte_fallback"])
    guard let vocabulary = node["vocab"], vocabulary.kind == .array else { throw malformed("the model lacks `vocab`") }
    var tokens = ByteStrings()
    var scores: [Double] = []
    for entry in vocabulary.children {
      var parts = entry.children
      guard entry.kind == .array, let text = parts.next()?.utf8, let score = parts.next()?.double, parts.next() == nil
      else { throw malformed("the token \(scores.count) is no pair of a text and a score") }
      tokens.append(text)
      scores.append(score)
    }
    _ = try Spellings(tokens, source: source)
    var recipe = Recipe(model: .unigram(scores), source: source)
    recipe.tokens = tokens
    recipe.fallsBackToBytes = try flag(node, "byte_fallback", "the model", default: false)
    recipe.fusesUnknown = true
    if let unknown = node["unk_id"] {
      recipe.unknown = try id(unknown, "unk_id")
      guard Int(recipe.unknown ?? 0) < scores.count else { throw malformed("unk_id is outside the vocabulary") }
    }
    return recipe
  }

  /// An object of spellings and ids as the list of spellings: every id from 0 on exactly once.
  static func vocabulary(_ node: JSONNode, source: String) throws(TokenizerError) -> ByteStrings {
    guard node.kind == .object else { throw .malformed(source: source, reason: "the vocabulary is no object") }
    var found: [(id: Int, spelling: [UInt8])] = []
    var rest = node.children
    while let key = rest.next(), let value = rest.next() {
      guard let id = value.int, id >= 0, id < 1 << 24 else {
        throw .malformed(source: source, reason: "`\(key.string ?? "")` has no token id")
      }
      found.append((id, key.utf8 ?? []))
    }
    found.sort { $0.id < $1.id }
    var tokens = ByteStrings()
    for (place, entry) in found.enumerated() {
      guard entry.id >= place else {
        let name = String(decoding: entry.spelling, as: UTF8.self)
        throw .malformed(source: source, reason: "the id \(entry.id) is given twice, once to `\(name)`")
      }
      guard entry.id == place else {
        throw .malformed(source: source, reason: "no token has the id \(place), but one has \(entry.id)")
      }
      tokens.append(entry.spelling)
    }
    return tokens
  }

  /// One merge by the spellings of its halves.
  static func merge(
    _ halves: [[UInt8]], _ spellings: Spellings, place: Int, source: String
  ) throws(TokenizerError) -> Recipe.Merge {
    guard halves.count == 2, !halves[0].isEmpty, !halves[1].isEmpty else {
      throw .malformed(source: source, reason: "the merge \(place) is no pair")
    }
    func id(_ spelling: [UInt8]) throws(TokenizerError) -> Int32 {
      if let id = spellings.id(spelling) { return id }
      let name = String(decoding: spelling, as: UTF8.self)
      throw .malformed(source: source, reason: "the merge \(place) names `\(name)`, which is not in the vocabulary")
    }
    return Recipe.Merge(left: try id(halves[0]), right: try id(halves[1]), result: try id(halves[0] + halves[1]))
  }
}

/// The patterns of the models that are built in.
enum KnownPatterns {
  static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
  static let llama3 = #"""
    (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    """#
  static let qwen2 = #"""
    (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    """#
}
