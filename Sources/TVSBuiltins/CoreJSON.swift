import OrderedCollections
import TVSLanguage
import Tensors

/// Reads JSON and keeps the order of keys, which the reader of Foundation does not.
struct JSONReader {
  private static let nestingLimit = 500

  private let bytes: [UInt8]
  private var position = 0

  static func read(_ text: String) throws -> Value {
    var reader = JSONReader(bytes: Array(text.utf8))
    let value = try reader.value(0)
    reader.skipSpace()
    guard reader.position == reader.bytes.count else { throw reader.failure("more text follows the value") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func failure(_ reason: String) -> ErrorReport {
    let before = bytes.prefix(position)
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let column = position - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
    return ErrorReport(.fileFormat, "this is not JSON: \(reason) at line \(line), column \(column)", argument: "text")
  }

  private var here: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = here, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard here == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(_ depth: Int) throws -> Value {
    guard depth < Self.nestingLimit else { throw failure("more than \(Self.nestingLimit) levels") }
    skipSpace()
    switch here {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case nil: throw failure("the text ends where a value is expected")
    default: return try word()
    }
  }

  private mutating func object(_ depth: Int) throws -> Value {
    position += 1
    var fields: OrderedDictionary<String, Value> = [:]
    if take("}") { return .record(fields) }
    repeat {
      skipSpace()
      guard here == UInt8(ascii: "\"") else { throw failure("a key in quotes is expected") }
      let key = try string()
      guard take(":") else { throw failure("a : is expected") }
      fields[key] = try value(depth + 1)
    } while take(",")
    guard take("}") else { throw failure("a , or } is expected") }
    return .record(fields)
  }

  private mutating func array(_ depth: Int) throws -> Value {
    position += 1
    var elements: [Value] = []
    if take("]") { return .list(elements) }
    repeat { elements.append(try value(depth + 1)) } while take(",")
    guard take("]") else { throw failure("a , or ] is expected") }
    return .list(elements)
  }

  private mutating func word() throws -> Value {
    let start = position
    while let byte = here,
      byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") || isWord(byte)
    {
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .nil
    // Python's writer uses these three, although JSON has no such numbers.
    case "NaN": return .number(.nan)
    case "Infinity": return .number(.infinity)
    case "-Infinity": return .number(-.infinity)
    default: break
    }
    if let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
      let number = Double(text)
    {
      return .number(number)
    }
    position = start
    throw failure("a value is expected")
  }

  private func isWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private mutating func string() throws -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = here {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &text)
      case ..<0x20: throw failure("a string ends with its line")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw failure("the text ends inside a string")
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard let byte = here else { throw failure("the text ends inside a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "u"):
      var unit = try codeUnit()
      if (0xD800..<0xDC00).contains(unit), here == UInt8(ascii: "\\"), position + 1 < bytes.count,
        bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let low = try codeUnit()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half a character stands alone") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw failure("half a character stands alone") }
      text += Array(String(Character(scalar)).utf8)
    default: throw failure("an escape that JSON does not have")
    }
  }

  private mutating func codeUnit() throws -> UInt32 {
    let end = min(position + 4, bytes.count)
    guard end - position == 4, let unit = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
    else {
      throw failure("four hexadecimal digits are expected")
    }
    position = end
    return unit
  }
}

/// Writes values as JSON.
struct JSONWriter {
  /// Spaces for each level; nil for one line.
  let indent: Int?

  func text(_ value: Value) throws -> String {
    var text = ""
    try write(value, into: &text, depth: 0)
    return text
  }

  private func write(_ value: Value, into text: inout String, depth: Int) throws {
    guard depth < 500 else {
      throw ErrorReport(.invalidArgument, "the value is nested more than 500 levels deep", argument: "x")
    }
    switch value {
    case .nil: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .string(let string): text += JSONText.quoted(string)
    case .list(let elements):
      try write(elements, "[", "]", into: &text, depth) { element, text in
        try write(element, into: &text, depth: depth + 1)
      }
    case .record(let fields):
      try write(Array(fields), "{", "}", into: &text, depth) { field, text in
        text += JSONText.quoted(field.key) + ": "
        try write(field.value, into: &text, depth: depth + 1)
      }
    default:
      if let number = value.numberValue {
        guard number.isFinite else {
          throw ErrorReport(.invalidArgument, "JSON has no \(NumberText.shortest(number))", argument: "x")
        }
        text += NumberText.shortest(number)
      } else if case .native(let native) = value, let elements = try native.elements() {
        try write(.list(elements), into: &text, depth: depth)
      } else {
        throw ErrorReport(.wrongKind, "JSON has no \(value.kind)", argument: "x")
      }
    }
  }

  private func write<T>(
    _ items: [T], _ open: String, _ close: String, into text: inout String, _ depth: Int,
    _ body: (T, inout String) throws -> Void
  ) throws {
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += indent == nil ? ", " : "," }
      if let indent { text += "\n" + String(repeating: " ", count: indent * (depth + 1)) }
      try body(item, &text)
    }
    if let indent, !items.isEmpty { text += "\n" + String(repeating: " ", count: indent * depth) }
    text += close
  }
}
