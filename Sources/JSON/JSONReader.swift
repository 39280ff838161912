/// The machine behind ``JSONDocument``.
struct JSONReader {
  private enum Expected { case value, valueOrEnd, key, keyOrEnd, commaOrEnd, nothing }

  private let bytes: [UInt8]
  private var at = 0
  private(set) var nodes: [JSONDocument.Node] = []

  private let limits: JSONDocument.Limits

  init(_ bytes: [UInt8], _ limits: JSONDocument.Limits) {
    self.bytes = bytes
    self.limits = limits
  }

  private func fault(_ reason: String) -> JSONFault { JSONFault(bytes, at, reason) }

  mutating func read() throws(JSONFault) {
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
      case .nothing: throw fault("more text follows the value")
      case .commaOrEnd:
        guard byte == UInt8(ascii: ","), let container = open.last else {
          throw fault("a , or a closing bracket is expected")
        }
        at += 1
        expected = nodes[container].kind == .object ? .key : .value
      case .key, .keyOrEnd:
        guard byte == UInt8(ascii: "\"") else { throw fault("a key in quotes is expected") }
        try string()
        skipSpace()
        guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { throw fault("a : is expected") }
        at += 1
        expected = .value
      case .value, .valueOrEnd:
        if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
          guard open.count < limits.depth else { throw fault("it nests deeper than \(limits.depth) levels") }
          try checkRoom()
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

  private func checkRoom() throws(JSONFault) {
    guard nodes.count < limits.nodes else { throw fault("it has more than \(limits.nodes) values") }
  }

  private mutating func skipSpace() {
    while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 { at += 1 }
  }

  private mutating func append(_ kind: JSONDocument.Kind, from start: Int, to end: Int, escaped: Bool = false)
    throws(JSONFault)
  {
    try checkRoom()
    nodes.append(
      .init(kind: kind, start: Int32(start), end: Int32(end), next: Int32(nodes.count + 1), escaped: escaped))
  }

  private mutating func scalar(_ byte: UInt8) throws(JSONFault) {
    switch byte {
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true", .yes)
    case UInt8(ascii: "f"): try word("false", .no)
    case UInt8(ascii: "n"): try word("null", .null)
    case UInt8(ascii: "N") where limits.allowsNonFinite: try word("NaN", .number)
    case UInt8(ascii: "I") where limits.allowsNonFinite: try word("Infinity", .number)
    case UInt8(ascii: "-") where limits.allowsNonFinite && at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "I"):
      try word("-Infinity", .number)
    default: try number()
    }
  }

  private mutating func word(_ word: StaticString, _ kind: JSONDocument.Kind) throws(JSONFault) {
    let end = at + word.utf8CodeUnitCount
    guard end <= bytes.count, word.withUTF8Buffer({ bytes[at..<end].elementsEqual($0) }) else {
      throw fault("a value is expected")
    }
    try append(kind, from: at, to: end)
    at = end
  }

  private mutating func digits() -> Int {
    let start = at
    while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
    return at - start
  }

  private mutating func number() throws(JSONFault) {
    let start = at
    if bytes[at] == UInt8(ascii: "-") { at += 1 }
    let whole = at
    let count = digits()
    guard count > 0 else { throw fault("a value is expected") }
    guard count == 1 || bytes[whole] != UInt8(ascii: "0") else { throw fault("a number begins with 0") }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      at += 1
      guard digits() > 0 else { throw fault("a number ends in its point") }
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
      guard digits() > 0 else { throw fault("a number ends in its exponent's sign") }
    }
    try append(.number, from: start, to: at)
  }

  private mutating func string() throws(JSONFault) {
    at += 1
    let start = at
    var escaped = false
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
      guard bytes[at] >= 0x20 else { throw fault("a string ends with its line") }
      if bytes[at] == UInt8(ascii: "\\") {
        escaped = true
        guard let length = Self.escape(bytes[at...])?.length else { throw fault("an escape that JSON does not have") }
        at += length
      } else {
        at += 1
      }
    }
    guard at < bytes.count else { throw fault("the text ends inside a string") }
    try append(.string, from: start, to: at, escaped: escaped)
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
