/// The segmentation of a text whose tokens' scores sum highest (Viterbi), as SentencePiece and `tokenizers` find it.
struct Unigram: Sendable {
  /// How far an unknown character is below the worst token.
  static let unknownPenalty = 10.0

  private let scores: [Double]
  private let unknownScore: Double
  /// A trie: from (node, byte) to the node after it.
  private let steps: PairTable
  /// The token that ends at a node, or −1.
  private let tokens: [Int32]

  init(_ scores: [Double], _ texts: ByteStrings, leavingOut: Set<Int32>) {
    self.scores = scores
    unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    var steps = PairTable(capacity: texts.bytes.count + 1)
    var tokens: [Int32] = [-1]
    for id in 0..<texts.count where !leavingOut.contains(Int32(id)) && !texts[id].isEmpty {
      var node: Int32 = 0
      for byte in texts[id] {
        if let step = steps.find(node, Int32(byte)) {
          node = step.result
        } else {
          _ = steps.insert(node, Int32(byte), rank: 0, result: Int32(tokens.count))
          node = Int32(tokens.count)
          tokens.append(-1)
        }
      }
      tokens[Int(node)] = Int32(id)
    }
    self.steps = steps
    self.tokens = tokens
  }

  private struct Place {
    var score = 0.0
    var start = -1
    var token: Int32 = -1
  }

  /// Appends the tokens of a text; runs of characters that no token spells go to `unknown`.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, into output: inout [Int32],
    unknown: (UnsafeBufferPointer<UInt8>, inout [Int32]) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    var places = [Place](repeating: Place(), count: text.count + 1)
    var at = 0
    while at < text.count {
      let here = places[at].score
      var character = at + 1
      while character < text.count, text[character] & 0xC0 == 0x80 { character += 1 }
      var isSpelt = false
      var node: Int32 = 0
      var end = at
      while end < text.count, let step = steps.find(node, Int32(text[end])) {
        node = step.result
        end += 1
        let token = tokens[Int(node)]
        guard token >= 0 else { continue }
        let score = here + scores[Int(token)]
        if places[end].start < 0 || score > places[end].score {
          places[end] = Place(score: score, start: at, token: token)
        }
        if end == character { isSpelt = true }
      }
      if !isSpelt {
        let score = here + unknownScore
        if places[character].start < 0 || score > places[character].score {
          places[character] = Place(score: score, start: at, token: -1)
        }
      }
      at = character
    }
    var path: [(start: Int, end: Int, token: Int32)] = []
    var end = text.count
    while end > 0, places[end].start >= 0 {
      let place = places[end]
      if place.token < 0, let last = path.last, last.token < 0 {
        path[path.count - 1].start = place.start
      } else {
        path.append((place.start, end, place.token))
      }
      end = place.start
    }
    for step in path.reversed() {
      if step.token >= 0 {
        output.append(step.token)
      } else {
        try unknown(UnsafeBufferPointer(rebasing: text[step.start..<step.end]), &output)
      }
    }
  }
}
