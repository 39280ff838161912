import Foundation

/// One step of what happens to a text before it is cut into pieces.
enum NormalizerStep: Sendable {
  case nfc, nfd, nfkc, nfkd, lowercase
  case prepend([UInt8])
  case replace(Pattern, [UInt8])
  case replaceText([UInt8], [UInt8])
  case strip(left: Bool, right: Bool)

  /// Words that say all about the step, for the digest.
  var description: String {
    switch self {
    case .nfc: "NFC"
    case .nfd: "NFD"
    case .nfkc: "NFKC"
    case .nfkd: "NFKD"
    case .lowercase: "Lowercase"
    case .prepend(let text): "Prepend \(text)"
    case .replace(let pattern, let content): "Replace \(pattern.text) \(content)"
    case .replaceText(let text, let content): "Replace \(text) \(content)"
    case .strip(let left, let right): "Strip \(left) \(right)"
    }
  }

  func apply(_ text: [UInt8], matcher: Matcher) throws(TokenizerError) -> [UInt8] {
    switch self {
    case .nfc:
      // No character below U+0300 is changed by NFC or combines with another one; their lead bytes are below CC.
      if text.allSatisfy({ $0 < 0xCC }) { return text }
      return Self.canonical(text) { $0.precomposedStringWithCanonicalMapping }
    case .nfd: return Self.canonical(text) { $0.decomposedStringWithCanonicalMapping }
    case .nfkc: return Self.canonical(text) { $0.precomposedStringWithCompatibilityMapping }
    case .nfkd: return Self.canonical(text) { $0.decomposedStringWithCompatibilityMapping }
    case .lowercase:
      // Scalar by scalar, as the reference does: a final sigma stays a common one.
      var result = ""
      for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
        result += scalar.properties.lowercaseMapping
      }
      return Array(result.utf8)
    case .prepend(let prefix): return text.isEmpty ? text : prefix + text
    case .replaceText(let from, let to): return text.replacing(from, with: to)
    case .replace(let pattern, let content): return try Self.replace(pattern, content, text, matcher)
    case .strip(let left, let right):
      let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
      var slice = scalars[...]
      while left, let first = slice.first, first.properties.isWhitespace { slice.removeFirst() }
      while right, let last = slice.last, last.properties.isWhitespace { slice.removeLast() }
      return Array(String(slice).utf8)
    }
  }

  /// Foundation's normal forms, line by line: what lies between ASCII control characters never combines across them.
  private static func canonical(_ text: [UInt8], _ form: (String) -> String) -> [UInt8] {
    if text.allSatisfy({ $0 < 0x80 }) { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var start = 0
    for (index, byte) in text.enumerated() where byte < 0x20 {
      if index > start { result += Array(form(String(decoding: text[start..<index], as: UTF8.self)).utf8) }
      result.append(byte)
      start = index + 1
    }
    if start < text.count { result += Array(form(String(decoding: text[start...], as: UTF8.self)).utf8) }
    return result
  }

  private static func replace(
    _ pattern: Pattern, _ content: [UInt8], _ text: [UInt8], _ matcher: Matcher
  ) throws(TokenizerError) -> [UInt8] {
    var result: [UInt8] = []
    var offset = 0
    var copied = 0
    while offset <= text.count {
      let match = try text.withUnsafeBufferPointer { (bytes) throws(TokenizerError) in
        try matcher.first(pattern, in: bytes, from: offset)
      }
      guard let match else { break }
      result += text[copied..<match.lowerBound]
      result += content
      copied = match.upperBound
      offset = match.isEmpty ? nextScalar(text, after: match.upperBound) : match.upperBound
    }
    return result + text[min(copied, text.count)...]
  }
}

/// Where the scalar after the one at an offset begins.
func nextScalar(_ text: [UInt8], after offset: Int) -> Int {
  var next = offset + 1
  while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
  return next
}

extension [UInt8] {
  /// Every occurrence of one byte string, from the left, becomes another.
  func replacing(_ from: [UInt8], with to: [UInt8]) -> [UInt8] {
    guard let first = from.first, count >= from.count else { return self }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var at = 0
    while at < count {
      if self[at] == first, at + from.count <= count, self[at..<(at + from.count)].elementsEqual(from) {
        result += to
        at += from.count
      } else {
        result.append(self[at])
        at += 1
      }
    }
    return result
  }
}
