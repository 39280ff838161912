extension Recipe {
  /// What the tokenizer is called.
  var kind: String {
    switch model {
    case .merges: isByteLevel ? (tokens.count == 256 ? "bytes" : "byte-level BPE") : "BPE"
    case .scores: "SentencePiece BPE"
    case .unigram: "unigram"
    }
  }

  /// Whether every id is a token and every merge makes the token that its halves spell, so that joining always ends.
  func check() throws(TokenizerError) {
    let count = tokens.count
    guard count > 0, count < 1 << 24 else { throw malformed("a vocabulary of \(count) tokens") }
    let ids = prefix + suffix + added.map(\.id) + Array(stops) + [unknown, beginning, end, padding].compactMap { $0 }
    if let id = ids.first(where: { $0 < 0 || $0 >= count }) {
      throw malformed("token id \(id) is outside the vocabulary of \(count)")
    }
    guard normalizer.count <= 64, pretokenizer.count <= 64 else { throw malformed("more than 64 steps") }
    switch model {
    case .scores(let scores):
      guard scores.count == count else { throw malformed("\(scores.count) scores for \(count) tokens") }
      guard scores.allSatisfy({ !$0.isNaN }) else { throw malformed("a score that is no number") }
    case .unigram(let scores):
      guard scores.count <= count else { throw malformed("\(scores.count) scores for \(count) tokens") }
      guard scores.allSatisfy(\.isFinite) else { throw malformed("a score that is no number") }
    case .merges(let merges, _):
      guard merges.count < 1 << 26 else { throw malformed("\(merges.count) merges") }
      for (rank, merge) in merges.enumerated() {
        guard [merge.left, merge.right, merge.result].allSatisfy({ $0 >= 0 && $0 < count }) else {
          throw malformed("the merge \(rank) names a token outside the vocabulary of \(count)")
        }
        let (left, right) = (tokens[Int(merge.left)], tokens[Int(merge.right)])
        guard !left.isEmpty, !right.isEmpty, tokens[Int(merge.result)].elementsEqual(left + right) else {
          throw malformed("the merge \(rank) does not make the token that its halves spell")
        }
      }
    }
  }

  /// The text of each token. Added tokens stand for their content, as the normaliser left it where they are looked for in
  /// normalised text.
  func outputs(normalized: [AddedToken]) -> ByteStrings {
    let special = Set(added.map(\.id))
    let normalized = Dictionary(normalized.map { ($0.id, $0.content) }) { first, _ in first }
    var result = ByteStrings()
    for id in 0..<tokens.count {
      let spelling = Array(tokens[id])
      if special.contains(Int32(id)) {
        let content = normalized[Int32(id)] ?? spelling
        result.append(replacements.reduce(content) { $0.replacing($1.from, with: $1.to) })
      } else if isByteLevel {
        result.append(ByteAlphabet.decode(spelling) ?? spelling)
      } else if fallsBackToBytes, let byte = PieceEncoder.byte(spelledBy: spelling) {
        result.append([byte])
      } else {
        result.append(replacements.reduce(spelling) { $0.replacing($1.from, with: $1.to) })
      }
    }
    return result
  }

  func digest() -> String {
    var digest = Digest()
    digest.add(isByteLevel ? "bytes" : fallsBackToBytes ? "characters, bytes" : "characters")
    digest.add(tokens.count)
    for id in 0..<tokens.count {
      digest.add(tokens[id].count)
      digest.add(tokens[id])
    }
    switch model {
    case .merges(let merges, let ignores): add(merges, &digest, ignores)
    case .scores(let scores):
      // As a file of merges has them: the same tokenizer saved and read again keeps its digest.
      if let spellings = try? Spellings(tokens, source: source) {
        add(ScoreMerges.all(scores, self, spellings, Set(added.filter(\.isSpecial).map(\.id))), &digest, false)
      }
    case .unigram(let scores):
      digest.add("unigram")
      for score in scores { digest.add(Int(bitPattern: UInt(score.bitPattern))) }
    }
    digest.add(Int(unknown ?? -1))
    digest.add(fusesUnknown ? 1 : 0)
    for step in normalizer { digest.add(step.description) }
    digest.add("")
    for step in pretokenizer { digest.add(step.description) }
    digest.add("")
    for token in added.sorted(by: { $0.id < $1.id }) { digest.add(token.description) }
    for ids in [prefix, suffix] {
      digest.add(ids.count)
      for id in ids { digest.add(Int(id)) }
    }
    return digest.text
  }

  private func add(_ merges: [Merge], _ digest: inout Digest, _ ignores: Bool) {
    digest.add(ignores ? "merges, whole pieces first" : "merges")
    digest.add(merges.count)
    for merge in merges {
      digest.add(Int(merge.left) << 32 | Int(merge.right))
      digest.add(Int(merge.result))
    }
  }
}
