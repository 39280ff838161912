/// SplitMix64 (Steele, Lea and Flood, 2014): the same seed gives the same inputs everywhere.
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// A stream of its own for each seed.
  public init(seed: UInt64) { state = seed }

  /// The next word.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}

/// Changes inputs, knowing a little of their form: numbers become those at which arithmetic breaks, text keeps its
/// length in step, parts of two inputs are exchanged.
public struct Mutator {
  private var random: SeededGenerator
  private let structure: FuzzReader.Structure

  /// The same seed gives the same changes.
  public init(seed: UInt64, structure: FuzzReader.Structure) {
    (random, self.structure) = (SeededGenerator(seed: seed), structure)
  }

  /// A number below `bound`, which is positive.
  public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &random) }

  private static let words: [UInt64] = [
    0, 1, 2, 3, 31, 32, 255, 256, 65_535, 65_536, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40,
    1 << 61, 1 << 62, (1 << 63) - 1, 1 << 63, .max - 31, .max - 7, .max,
  ]
  private static let tokens = [
    "[", "]", "{", "}", ",", ":", "\"", "\"\"", "null", "true", "-1", "1e9", "0.5", "[]", "{}", "\\u0000", "\\ud800",
    "\"a\":1,", "..", "/", " ", "\u{FEFF}", "é", "dtype", "shape", "__metadata__",
  ]
  private static let largest = 64 << 10

  /// A changed copy of `input`; `other` is a second input to take parts from.
  public mutating func mutated(_ input: [UInt8], with other: [UInt8]) -> [UInt8] {
    var bytes = input
    for _ in 0..<(1 << below(4)) {
      if structure == .prefixedText, bytes.count > 8, below(4) > 0, let end = Self.textEnd(bytes) {
        var text = Array(bytes[8..<end])
        changeText(&text)
        withUnsafeBytes(of: UInt64(text.count).littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
        bytes.replaceSubrange(8..<end, with: text)
      } else if structure == .text, below(4) > 0 {
        changeText(&bytes)
      } else {
        changeBytes(&bytes, other)
      }
    }
    return bytes.count > Self.largest ? Array(bytes.prefix(Self.largest)) : bytes
  }

  private static func textEnd(_ bytes: [UInt8]) -> Int? {
    var length: UInt64 = 0
    for index in (0..<8).reversed() { length = length << 8 | UInt64(bytes[index]) }
    return length <= UInt64(bytes.count - 8) ? 8 + Int(length) : nil
  }

  /// A place, as often in the first 256 bytes as anywhere else: headers are there.
  private mutating func place(_ count: Int) -> Int { below(2) == 0 ? below(min(count, 256)) : below(count) }

  private mutating func changeBytes(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else { return bytes = other }
    let at = place(bytes.count)
    let length = min(1 << below(8), bytes.count - at)
    switch below(9) {
    case 0: bytes[at] ^= 1 << below(8)
    case 1: bytes[at] = UInt8(below(256))
    case 2: bytes.removeSubrange(at...)
    case 3: bytes.removeSubrange(at..<at + length)
    case 4: bytes.insert(contentsOf: bytes[at..<at + length], at: place(bytes.count))
    case 5:
      let from = below(other.count)
      bytes.insert(contentsOf: other[from..<min(other.count, from + length)], at: at)
    case 6:
      let from = below(other.count)
      bytes.replaceSubrange(at..<at + length, with: other[from..<min(other.count, from + length)])
    default:
      // A word of 1, 4 or 8 bytes, usually where one may stand.
      let width = [1, 4, 8][below(3)]
      let start = below(2) == 0 ? at / 4 * 4 : at
      var word = Self.words[below(Self.words.count)] &+ UInt64(below(3)) &- 1
      for index in start..<min(bytes.count, start + width) {
        bytes[index] = UInt8(truncatingIfNeeded: word)
        word >>= 8
      }
    }
  }

  private mutating func changeText(_ text: inout [UInt8]) {
    guard !text.isEmpty else { return text = Array("{}".utf8) }
    let at = below(text.count)
    switch below(6) {
    case 0, 1:
      // The next number becomes another one.
      let isDigit = { (byte: UInt8) in byte >= 0x30 && byte <= 0x39 }
      guard let start = text[at...].firstIndex(where: isDigit) else { return }
      let end = text[start...].firstIndex { !isDigit($0) } ?? text.count
      let word = Self.words[below(Self.words.count)] &+ UInt64(below(3)) &- 1
      text.replaceSubrange(start..<end, with: "\(below(3) == 0 ? UInt64(below(100)) : word)".utf8)
    case 2: text.insert(contentsOf: Self.tokens[below(Self.tokens.count)].utf8, at: at)
    case 3:
      let depth = 1 << below(14)
      text.insert(contentsOf: [UInt8](repeating: below(2) == 0 ? 0x5B : 0x7B, count: depth), at: at)
    case 4:
      // A member, comma and all, once more elsewhere.
      let end = text[at...].firstIndex(of: 0x7D) ?? text.count
      text.insert(contentsOf: Array(text[at..<end]), at: below(text.count))
    default:
      var copy = text
      changeBytes(&copy, text)
      text = copy
    }
  }
}
