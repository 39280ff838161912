/// The model of a tokenizer: from one piece of text to tokens.
struct PieceEncoder: Sendable {
  private enum Method: Sendable {
    case pairs(PairTable, takesWholePieces: Bool)
    case unigram(Unigram)
  }

  private let method: Method
  private let isByteLevel: Bool
  /// The tokens of single bytes: of the alphabet in byte-level vocabularies, else `<0x00>` …; −1 where there is none.
  private let byteTokens: [Int32]
  private let fallsBackToBytes: Bool
  private let unknown: Int32?
  private let fusesUnknown: Bool
  /// What tokens match: raw bytes in byte-level vocabularies, else the spelling.
  private let texts: ByteStrings
  private let index: ByteIndex
  /// A mark that only begins tokens, so that a text may be cut before it; nil when that is not certain.
  private let wordMark: [UInt8]?

  init(_ recipe: Recipe, _ spellings: Spellings, outside: Set<Int32>) throws(TokenizerError) {
    let special = Set(recipe.added.filter(\.isSpecial).map(\.id))
    var texts = ByteStrings()
    var index = ByteIndex(capacity: recipe.tokens.count)
    var byteTokens = [Int32](repeating: -1, count: 256)
    for id in 0..<recipe.tokens.count {
      let spelling = recipe.tokens[id]
      let text = recipe.isByteLevel ? ByteAlphabet.decode(spelling) : Array(spelling)
      texts.append(text ?? [])
      guard let text, !text.isEmpty, !outside.contains(Int32(id)) else { continue }
      if recipe.isByteLevel {
        if text.count == 1, let byte = text.first { byteTokens[Int(byte)] = Int32(id) }
      } else if recipe.fallsBackToBytes, let byte = Self.byte(spelledBy: spelling) {
        byteTokens[Int(byte)] = Int32(id)
      }
      if !special.contains(Int32(id)) { _ = index.insert(Int32(id), in: texts) }
    }
    self.texts = texts
    self.index = index
    self.byteTokens = byteTokens
    isByteLevel = recipe.isByteLevel
    fallsBackToBytes = recipe.fallsBackToBytes
    unknown = recipe.unknown
    fusesUnknown = recipe.fusesUnknown
    switch recipe.model {
    case .merges(let merges, let ignores):
      var pairs = PairTable(capacity: merges.count)
      for (rank, merge) in merges.enumerated() {
        guard pairs.insert(merge.left, merge.right, rank: Int32(rank), result: merge.result) else {
          throw recipe.malformed("the merge \(rank) joins a pair that an earlier one joins")
        }
      }
      method = .pairs(pairs, takesWholePieces: ignores)
    case .scores(let scores):
      method = .pairs(Self.pairs(scores, recipe, spellings, special), takesWholePieces: false)
    case .unigram(let scores):
      method = .unigram(Unigram(scores, texts, leavingOut: special.union(outside)))
    }
    wordMark = Self.wordMark(recipe, index, texts, special)
  }

  /// The byte that a spelling such as `<0x0A>` stands for.
  static func byte(spelledBy spelling: some Collection<UInt8>) -> UInt8? {
    guard spelling.count == 6 else { return nil }
    let text = String(decoding: spelling, as: UTF8.self)
    guard text.hasPrefix("<0x"), text.hasSuffix(">") else { return nil }
    let digits = text.dropFirst(3).dropLast()
    guard digits.allSatisfy({ $0.isHexDigit && !$0.isLowercase }) else { return nil }
    return UInt8(digits, radix: 16)
  }

  /// Every pair that makes a token, ranked by the token's score; equal scores are equal ranks, so that the leftmost wins.
  private static func pairs(
    _ scores: [Float], _ recipe: Recipe, _ spellings: Spellings, _ special: Set<Int32>
  ) -> PairTable {
    let merges = ScoreMerges.all(scores, recipe, spellings, special)
    var pairs = PairTable(capacity: merges.count)
    var rank: Int32 = 0
    for (place, merge) in merges.enumerated() {
      if place > 0, scores[Int(merge.result)] != scores[Int(merges[place - 1].result)] { rank = Int32(place) }
      _ = pairs.insert(merge.left, merge.right, rank: rank, result: merge.result)
    }
    return pairs
  }

  private static func wordMark(
    _ recipe: Recipe, _ index: ByteIndex, _ texts: ByteStrings, _ special: Set<Int32>
  ) -> [UInt8]? {
    if recipe.isByteLevel { return nil }
    if case .unigram = recipe.model { return nil }
    for mark in [Array("▁".utf8), Array(" ".utf8)] where index.find(mark, in: texts) != nil {
      let isWithin = (0..<texts.count).contains { id in
        if special.contains(Int32(id)) { return false }
        var rest = texts[id]
        while rest.starts(with: mark) { rest = rest.dropFirst(mark.count) }
        return Array(rest).replacing(mark, with: []).count != rest.count
      }
      if !isWithin { return mark }
    }
    return nil
  }

  /// Appends the tokens of a piece.
  ///
  /// - Throws: ``TokenizerError/unencodable(text:)``.
  func encode(
    _ piece: UnsafeBufferPointer<UInt8>, _ scratch: Scratch, into output: inout [Int32]
  ) throws(TokenizerError) {
    guard let mark = wordMark else { return try encodeWhole(piece, scratch, into: &output) }
    var start = 0
    var at = 0
    var afterMark = true
    while at < piece.count {
      if piece[at] == mark[0], piece[at...].starts(with: mark) {
        if !afterMark {
          try encodeWhole(UnsafeBufferPointer(rebasing: piece[start..<at]), scratch, into: &output)
          start = at
        }
        afterMark = true
        at += mark.count
      } else {
        afterMark = false
        at += 1
      }
    }
    try encodeWhole(UnsafeBufferPointer(rebasing: piece[start...]), scratch, into: &output)
  }

  private func encodeWhole(
    _ piece: UnsafeBufferPointer<UInt8>, _ scratch: Scratch, into output: inout [Int32]
  ) throws(TokenizerError) {
    if piece.isEmpty { return }
    let isShort = piece.count <= PieceCache.longestKey
    let key = isShort ? hash(piece) : 0
    if isShort, scratch.cache.find(piece, hash: key, into: &output) { return }
    scratch.symbols.removeAll(keepingCapacity: true)
    switch method {
    case .unigram(let unigram):
      try unigram.encode(piece, into: &scratch.symbols, unknown: spellUnknown)
    case .pairs(let pairs, let takesWholePieces):
      if takesWholePieces, let id = index.find(piece, in: texts) {
        scratch.symbols.append(id)
      } else {
        try spell(piece, into: &scratch.symbols)
        scratch.merger.merge(&scratch.symbols, pairs)
      }
    }
    output += scratch.symbols
    if isShort { scratch.cache.insert(piece, hash: key, tokens: scratch.symbols) }
  }

  /// The tokens of single characters, which merging begins with.
  private func spell(_ piece: UnsafeBufferPointer<UInt8>, into symbols: inout [Int32]) throws(TokenizerError) {
    var wasUnknown = false
    var at = 0
    while at < piece.count {
      var end = at + 1
      if !isByteLevel { while end < piece.count, piece[end] & 0xC0 == 0x80 { end += 1 } }
      let character = UnsafeBufferPointer(rebasing: piece[at..<end])
      let known = isByteLevel ? byteTokens[Int(piece[at])] : index.find(character, in: texts) ?? -1
      if known >= 0 {
        symbols.append(known)
        wasUnknown = false
      } else if fallsBackToBytes, !isByteLevel, character.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
        for byte in character { symbols.append(byteTokens[Int(byte)]) }
        wasUnknown = false
      } else if let unknown {
        if !(wasUnknown && fusesUnknown) { symbols.append(unknown) }
        wasUnknown = true
      } else {
        throw .unencodable(text: String(decoding: piece[at..<end], as: UTF8.self))
      }
      at = end
    }
  }

  /// The tokens of what no token of a unigram vocabulary spells.
  private func spellUnknown(
    _ text: UnsafeBufferPointer<UInt8>, _ symbols: inout [Int32]
  ) throws(TokenizerError) {
    if fallsBackToBytes, text.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
      for byte in text { symbols.append(byteTokens[Int(byte)]) }
    } else if let unknown {
      symbols.append(unknown)
    } else {
      throw .unencodable(text: String(decoding: text, as: UTF8.self))
    }
  }
}

/// The merges that a vocabulary with scores implies.
enum ScoreMerges {
  /// Every way to make a token of two others, by falling score; ways of one token by the ids of their left half.
  static func all(
    _ scores: [Float], _ recipe: Recipe, _ spellings: Spellings, _ special: Set<Int32>
  ) -> [Recipe.Merge] {
    var merges: [Recipe.Merge] = []
    func isText(_ id: Int32) -> Bool {
      !special.contains(id)
        && !(recipe.fallsBackToBytes && PieceEncoder.byte(spelledBy: recipe.tokens[Int(id)]) != nil)
    }
    for id in 0..<recipe.tokens.count where isText(Int32(id)) {
      let text = Array(recipe.tokens[id])
      guard text.count > 1, text.count <= longest else { continue }
      var ways: [Recipe.Merge] = []
      for cut in 1..<text.count where text[cut] & 0xC0 != 0x80 {
        guard let left = spellings.id(Array(text[..<cut])), let right = spellings.id(Array(text[cut...])),
          isText(left), isText(right)
        else { continue }
        ways.append(.init(left: left, right: right, result: Int32(id)))
      }
      merges += ways.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
    }
    // Stable: ids decide between equal scores.
    return merges.enumerated().sorted { a, b in
      let (x, y) = (scores[Int(a.element.result)], scores[Int(b.element.result)])
      return x > y || x == y && a.offset < b.offset
    }.map(\.element)
  }

  /// Longer tokens could only come from a hostile file, for which all cuts would take quadratic time.
  static let longest = 256
}
