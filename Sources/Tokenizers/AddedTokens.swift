/// A token that is found in a text before anything else happens to it.
struct AddedToken: Sendable {
  var id: Int32
  var content: [UInt8]
  var isSpecial = true
  /// Whether spaces before and after belong to the token.
  var stripsLeft = false
  var stripsRight = false
  /// Whether it must not touch letters or digits.
  var isWord = false
  /// Whether it is looked for in the normalised text.
  var isNormalized = false

  var description: String {
    "Added \(id) \(content) \(isSpecial) \(stripsLeft) \(stripsRight) \(isWord) \(isNormalized)"
  }
}

/// Finds added tokens, the longest at each place, through a trie of bytes.
struct AddedTokenFinder: Sendable {
  /// A stretch of a text: a token, or text between tokens.
  struct Stretch {
    var start: Int
    var end: Int
    var token: Int32?
  }
  private struct Node: Sendable {
    var byte: UInt8
    var child: Int32 = -1
    var sibling: Int32 = -1
    var token: Int32 = -1
  }

  private var nodes: [Node] = []
  private var roots = [Int32](repeating: -1, count: 256)
  private var tokens: [AddedToken] = []

  init(_ tokens: [AddedToken]) {
    for token in tokens where !token.content.isEmpty {
      var node: Int32 = -1
      for byte in token.content { node = step(from: node, byte) ?? grow(from: node, byte) }
      nodes[Int(node)].token = Int32(self.tokens.count)
      self.tokens.append(token)
    }
  }

  var isEmpty: Bool { tokens.isEmpty }

  private func step(from node: Int32, _ byte: UInt8) -> Int32? {
    var child = node < 0 ? roots[Int(byte)] : nodes[Int(node)].child
    while child >= 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].sibling }
    return child >= 0 ? child : nil
  }

  private mutating func grow(from node: Int32, _ byte: UInt8) -> Int32 {
    let new = Int32(nodes.count)
    nodes.append(Node(byte: byte))
    if node < 0 {
      roots[Int(byte)] = new
    } else {
      nodes[Int(new)].sibling = nodes[Int(node)].child
      nodes[Int(node)].child = new
    }
    return new
  }

  /// The text in stretches. Special tokens stay text when `specials` is false.
  func stretches(_ text: UnsafeBufferPointer<UInt8>, specials: Bool) -> [Stretch] {
    var result: [Stretch] = []
    var copied = 0
    var at = 0
    while at < text.count {
      guard roots[Int(text[at])] >= 0, let (token, length) = longest(text, at) else {
        at += 1
        continue
      }
      var start = at
      var end = at + length
      at = end
      if token.isSpecial && !specials { continue }
      if token.isWord, isWord(scalar(before: start, in: text)) || isWord(scalar(at: end, in: text)) { continue }
      while token.stripsLeft, start > copied, let (space, length) = scalar(before: start, in: text),
        space.properties.isWhitespace
      {
        start -= length
      }
      start = max(start, copied)
      while token.stripsRight, let (space, length) = scalar(at: end, in: text), space.properties.isWhitespace {
        end += length
      }
      if start > copied { result.append(Stretch(start: copied, end: start)) }
      result.append(Stretch(start: start, end: end, token: token.id))
      copied = end
      at = end
    }
    if copied < text.count { result.append(Stretch(start: copied, end: text.count)) }
    return result
  }

  private func longest(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (AddedToken, Int)? {
    var node: Int32 = -1
    var found: (AddedToken, Int)?
    var at = start
    while at < text.count, let next = step(from: node, text[at]) {
      at += 1
      node = next
      if nodes[Int(node)].token >= 0 { found = (tokens[Int(nodes[Int(node)].token)], at - start) }
    }
    return found
  }

  /// Letters, marks, decimal digits and connectors, as regular expressions understand `\w`.
  private func isWord(_ found: (UnicodeScalar, Int)?) -> Bool {
    guard let properties = found?.0.properties else { return false }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
    default: return properties.isAlphabetic || properties.isJoinControl
    }
  }

  private func scalar(at offset: Int, in text: UnsafeBufferPointer<UInt8>) -> (UnicodeScalar, Int)? {
    guard offset < text.count else { return nil }
    var end = offset + 1
    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
    return String(decoding: text[offset..<end], as: UTF8.self).unicodeScalars.first.map { ($0, end - offset) }
  }

  private func scalar(before offset: Int, in text: UnsafeBufferPointer<UInt8>) -> (UnicodeScalar, Int)? {
    guard offset > 0 else { return nil }
    var start = offset - 1
    while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    return scalar(at: start, in: text)
  }
}
