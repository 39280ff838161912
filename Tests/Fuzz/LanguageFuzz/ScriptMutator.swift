/// Texts that nobody wrote: random tokens, and scripts with every sort of damage. The same seed gives the same texts.
public struct ScriptMutator {
  private var state: UInt64

  /// Begins a sequence.
  public init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  private static let words = [
    "if", "else", "for", "in", "while", "break", "continue", "fn", "return", "try", "catch", "import", "as", "and",
    "or", "not", "true", "false", "nil", "assert", "x", "y", "f", "xs", "r", "e", "Δ", "print", "len", "range", "map",
    "filter", "reduce", "sum", "sort", "string", "json", "min", "error", "split", "join", "repeat", "def", "lambda",
    "0", "1", "2", "-1", "0.5", "1e308", "1e9", "1_000", "12a", "\"a\"", "'b'", "\"\\u{394}\"", "\"open", "f\"{x}\"",
    "f\"{x:.3f}\"", "f\"{", "|>", "->", "...", "==", "!=", "<=", ">=", "<", ">", "+=", "-=", "*=", "/=", "^=", "+",
    "-", "*", "/", "%", "@", "^", "=", ",", ":", ";", ".", "(", ")", "[", "]", "{", "}", "\n", "\n", "# c", "## d",
    "**", "//", "&&", "!", "\"\"\"", "\t", "\u{0}", "é", "😀", "x = ", "f(x)", "xs[0]", "r.a", "{a: 1}", "[1, 2]",
    "x -> x", "fn f(x) { x }", "for i in range(3) { }", "while true { }", "xs += [xs]", "f(f)",
  ]

  mutating func next() -> UInt64 {
    // splitmix64, by Steele, Lea and Flood (2014).
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }

  private mutating func word() -> String { Self.words[below(Self.words.count)] }

  /// Up to 60 tokens, mostly with spaces between them.
  public mutating func tokens() -> String {
    var text = ""
    for _ in 0...below(60) {
      text += word()
      if below(8) > 0 { text += " " }
    }
    return text
  }

  /// A script with one to four changes: with more, hardly any would still be parsed.
  ///
  /// - Parameter scripts: those to take it and pieces from.
  public mutating func mutated(_ scripts: [String]) -> String {
    guard !scripts.isEmpty else { return tokens() }
    var pieces = Self.pieces(of: scripts[below(scripts.count)])
    for _ in 0...below(4) {
      let place = below(pieces.count)
      switch below(9) {
      case 0 where !pieces.isEmpty: pieces.remove(at: place)
      case 1 where !pieces.isEmpty: pieces.insert(pieces[place], at: below(pieces.count))
      case 2 where !pieces.isEmpty: pieces.swapAt(place, below(pieces.count))
      case 3 where !pieces.isEmpty: pieces[place] = word()
      case 4: pieces.insert(word(), at: place)
      case 5:
        let other = Self.pieces(of: scripts[below(scripts.count)])
        let start = below(other.count)
        pieces.insert(contentsOf: other[start..<min(other.count, start + below(20))], at: place)
      case 6 where !pieces.isEmpty: pieces.removeSubrange(place..<min(pieces.count, place + below(12)))
      case 7 where !pieces.isEmpty: pieces[place] = Self.damaged(pieces[place], &self)
      default: if let number = pieces.firstIndex(where: { Double($0) != nil }) { pieces[number] = word() }
      }
    }
    return pieces.joined()
  }

  private static func damaged(_ piece: String, _ mutator: inout ScriptMutator) -> String {
    var bytes = Array(piece.utf8)
    guard !bytes.isEmpty else { return piece }
    bytes[mutator.below(bytes.count)] ^= 1 << UInt8(mutator.below(8))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Words, and everything else character by character.
  private static func pieces(of text: String) -> [String] {
    var pieces: [String] = []
    var word = ""
    for character in text {
      if character.isLetter || character.isNumber || character == "_" {
        word.append(character)
        continue
      }
      if !word.isEmpty { pieces.append(word) }
      word = ""
      pieces.append(String(character))
    }
    return word.isEmpty ? pieces : pieces + [word]
  }
}
