/// A JSON text, read once into a flat list of nodes.
///
/// Foundation's reader keys its dictionaries by `String`, for which two spellings of `é` are the same key; a vocabulary
/// has both. This one keeps bytes and order, and uses no recursion, so that nesting costs no stack.
final class JSONDocument: Sendable {
  enum Kind: UInt8, Sendable { case null, no, yes, number, string, array, object }

  struct Node: Sendable {
    var kind: Kind
    /// The text between the quotation marks, brackets or ends of a number.
    var start: Int32
    var end: Int32
    /// The index of the first node that is no part of this one.
    var next: Int32
    var escaped = false
  }

  static let deepest = 128
  /// The largest known files have 35 MB. Nodes of a hostile one take ten times its size.
  static let longest = 64 << 20

  let bytes: [UInt8]
  let nodes: [Node]
  let source: String

  /// Reads a whole text.
  init(_ bytes: [UInt8], source: String) throws(TokenizerError) {
    guard bytes.count <= Self.longest else {
      throw .malformed(source: source, reason: "\(bytes.count) bytes of JSON; at most \(Self.longest) are read")
    }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw .malformed(source: source, reason: "it is no UTF-8")
    }
    var reader = JSONReader(bytes)
    do throws(JSONReader.Fault) { try reader.read() } catch {
      let line = 1 + bytes.prefix(error.offset).count { $0 == 0x0A }
      throw .malformed(source: source, reason: "JSON, line \(line), byte \(error.offset): \(error.reason)")
    }
    self.bytes = bytes
    self.source = source
    nodes = reader.nodes
  }

  var root: JSONNode { JSONNode(document: self, index: 0) }
}

/// One value of a document.
struct JSONNode: Sendable {
  let document: JSONDocument
  let index: Int

  private var node: JSONDocument.Node { document.nodes[index] }
  var kind: JSONDocument.Kind { node.kind }
  var isNull: Bool { kind == .null }
  var bool: Bool? { kind == .yes ? true : kind == .no ? false : nil }
  var double: Double? {
    guard kind == .number, let value = Double(raw), value.isFinite else { return nil }
    return value
  }
  var int: Int? { kind == .number ? Int(raw) : nil }
  private var raw: String {
    String(decoding: document.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self)
  }

  /// A string's bytes with its escapes resolved; nil for another kind.
  var utf8: [UInt8]? {
    guard kind == .string else { return nil }
    let slice = document.bytes[Int(node.start)..<Int(node.end)]
    return node.escaped ? JSONReader.unescape(slice) : Array(slice)
  }
  var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

  /// The values of an array; keys and values in turn of an object; nothing of another kind.
  var children: Children { Children(document: document, index: index + 1, end: Int(node.next)) }

  struct Children: Sequence, IteratorProtocol {
    let document: JSONDocument
    var index: Int
    let end: Int

    mutating func next() -> JSONNode? {
      guard index < end else { return nil }
      defer { index = Int(document.nodes[index].next) }
      return JSONNode(document: document, index: index)
    }
  }

  /// The field of an object; nil when it is absent or null.
  subscript(key: String) -> JSONNode? {
    guard kind == .object else { return nil }
    let key = Array(key.utf8)
    var rest = children
    while let name = rest.next(), let value = rest.next() {
      if name.utf8 == key { return value.isNull ? nil : value }
    }
    return nil
  }

  /// The names of an object's fields, in order.
  var keys: [String] {
    var rest = children
    var names: [String] = []
    guard kind == .object else { return [] }
    while let name = rest.next(), rest.next() != nil { names.append(name.string ?? "") }
    return names
  }
}

/// The machine behind ``JSONDocument``.
struct JSONReader {
  struct Fault: Error {
    var offset: Int
    var reason: String
  }
  private enum Expected { case value, valueOrEnd, key, keyOrEnd, commaOrEnd, nothing }

  private let bytes: [UInt8]
  private var at = 0
  private(set) var nodes: [JSONDocument.Node] = []

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func fault(_ reason: String) -> Fault { Fault(offset: at, reason: reason) }

  mutating func read() throws(Fault) {
    var open: [Int] = []
    var expected = Expected.value
    while true {
      skipSpace()
      guard at < bytes.count else {
        if expected == .nothing { return }
        throw fault("the text ends early")
      }
      let byte = bytes[at]
      let closes = byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
      if closes, expected != .value, expected != .key, expected != .nothing, let container = open.popLast() {
        guard nodes[container].kind == (byte == UInt8(ascii: "]") ? .array : .object) else {
          throw fault("a bracket closes what another kind opened")
        }
        nodes[container].end = Int32(at)
        nodes[container].next = Int32(nodes.count)
        at += 1
        expected = open.isEmpty ? .nothing : .commaOrEnd
        continue
      }
      switch expected {
      case .nothing: throw fault("something follows the value")
      case .commaOrEnd:
        guard byte == UInt8(ascii: ","), let container = open.last else { throw fault("a comma is missing") }
        at += 1
        expected = nodes[container].kind == .object ? .key : .value
      case .key, .keyOrEnd:
        guard byte == UInt8(ascii: "\"") else { throw fault("a field needs a name in quotation marks") }
        try string()
        skipSpace()
        guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { throw fault("a colon is missing") }
        at += 1
        expected = .value
      case .value, .valueOrEnd:
        if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
          guard open.count < JSONDocument.deepest else {
            throw fault("nested more than \(JSONDocument.deepest) deep")
          }
          let isArray = byte == UInt8(ascii: "[")
          open.append(nodes.count)
          at += 1
          nodes.append(.init(kind: isArray ? .array : .object, start: Int32(at), end: 0, next: 0))
          expected = isArray ? .valueOrEnd : .keyOrEnd
          continue
        }
        try scalar(byte)
        expected = open.isEmpty ? .nothing : .commaOrEnd
      }
    }
  }

  private mutating func skipSpace() {
    while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 { at += 1 }
  }

  private mutating func append(_ kind: JSONDocument.Kind, from start: Int, to end: Int, escaped: Bool = false) {
    nodes.append(
      .init(kind: kind, start: Int32(start), end: Int32(end), next: Int32(nodes.count + 1), escaped: escaped))
  }

  private mutating func scalar(_ byte: UInt8) throws(Fault) {
    switch byte {
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true", .yes)
    case UInt8(ascii: "f"): try word("false", .no)
    case UInt8(ascii: "n"): try word("null", .null)
    default: try number()
    }
  }

  private mutating func word(_ word: StaticString, _ kind: JSONDocument.Kind) throws(Fault) {
    let end = at + word.utf8CodeUnitCount
    guard end <= bytes.count, word.withUTF8Buffer({ bytes[at..<end].elementsEqual($0) }) else {
      throw fault("no value begins like this")
    }
    append(kind, from: at, to: end)
    at = end
  }

  private mutating func digits() -> Int {
    let start = at
    while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
    return at - start
  }

  private mutating func number() throws(Fault) {
    let start = at
    if bytes[at] == UInt8(ascii: "-") { at += 1 }
    guard digits() > 0 else { throw fault("no value begins like this") }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      at += 1
      guard digits() > 0 else { throw fault("a number ends in its point") }
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
      guard digits() > 0 else { throw fault("a number ends in its exponent's sign") }
    }
    append(.number, from: start, to: at)
  }

  private mutating func string() throws(Fault) {
    at += 1
    let start = at
    var escaped = false
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
      guard bytes[at] >= 0x20 else { throw fault("a control character within a string") }
      if bytes[at] == UInt8(ascii: "\\") {
        escaped = true
        guard let length = Self.escape(bytes[at...])?.length else { throw fault("an escape that JSON does not have") }
        at += length
      } else {
        at += 1
      }
    }
    guard at < bytes.count else { throw fault("a string without an end") }
    append(.string, from: start, to: at, escaped: escaped)
    at += 1
  }

  private static func hex(_ text: ArraySlice<UInt8>) -> UInt32? {
    guard text.count >= 4 else { return nil }
    var value: UInt32 = 0
    for byte in text.prefix(4) {
      guard let digit = Character(UnicodeScalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// The scalar that an escape stands for and the escape's length; nil for none, and for half a surrogate pair.
  private static func escape(_ text: ArraySlice<UInt8>) -> (scalar: UnicodeScalar, length: Int)? {
    guard text.count >= 2 else { return nil }
    let letter = text[text.startIndex + 1]
    if let index = Array("\"\\/bfnrt".utf8).firstIndex(of: letter) {
      return (["\"", "\\", "/", "\u{8}", "\u{C}", "\n", "\r", "\t"][index], 2)
    }
    guard letter == UInt8(ascii: "u"), let high = hex(text.dropFirst(2)) else { return nil }
    if let scalar = UnicodeScalar(high) { return (scalar, 6) }
    let rest = text.dropFirst(6)
    guard high < 0xDC00, rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]), let low = hex(rest.dropFirst(2)),
      low >= 0xDC00, low < 0xE000, let scalar = UnicodeScalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    else { return nil }
    return (scalar, 12)
  }

  static func unescape(_ slice: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(slice.count)
    var rest = slice
    while let byte = rest.first {
      if byte == UInt8(ascii: "\\"), let (scalar, length) = escape(rest) {
        result += Array(String(Character(scalar)).utf8)
        rest = rest.dropFirst(length)
      } else {
        result.append(byte)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
