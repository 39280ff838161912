/// Reads JSON (RFC 8259) from bytes, a token at a time and nothing twice: for documents whose form is known and that
/// nobody vouches for. Unlike `JSONSerialization` it lets its caller see duplicate keys, and it has a limit on depth.
public struct JSONScanner {
  /// What is wrong with the document, and where.
  public struct Fault: Error, Sendable, Equatable {
    /// What follows "it" in a message, such as `is not JSON at byte 12`.
    public let reason: String

    /// A fault of a document that is JSON but not of the expected form.
    public init(reason: String) { self.reason = reason }
  }

  /// How many arrays and objects may enclose a value.
  public static let deepest = 32

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// Reads from the start of `bytes`, which must outlive the scanner.
  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private func fault() -> Fault { Fault(reason: "is not JSON at byte \(position)") }

  private mutating func peek() throws(Fault) -> UInt8 {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case let byte: return byte
      }
    }
    throw fault()
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Fault) {
    guard try peek() == UInt8(ascii: character) else { throw fault() }
    position += 1
  }

  /// Whether the next token is this one; if so, it is passed.
  private mutating func passes(_ character: Unicode.Scalar) throws(Fault) -> Bool {
    guard try peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Whether the next value is an object.
  public mutating func isAtObject() throws(Fault) -> Bool { try peek() == UInt8(ascii: "{") }

  /// Reads an object; `member` gets each key and must read its value.
  public mutating func object<Failure: Error>(
    _ member: (inout JSONScanner, String) throws(Failure) -> Void, as wrap: (Fault) -> Failure
  ) throws(Failure) {
    func own<Value>(_ body: () throws(Fault) -> Value) throws(Failure) -> Value {
      do throws(Fault) { return try body() } catch { throw wrap(error) }
    }
    try own { () throws(Fault) in try expect("{") }
    if try own({ () throws(Fault) in try passes("}") }) { return }
    while true {
      let key = try own { () throws(Fault) in
        let key = try string()
        try expect(":")
        return key
      }
      try member(&self, key)
      let isMore = try own { () throws(Fault) in
        if try passes(",") { return true }
        try expect("}")
        return false
      }
      if !isMore { return }
    }
  }

  /// Reads an object; `member` gets each key and must read its value.
  public mutating func object(_ member: (inout JSONScanner, String) throws(Fault) -> Void) throws(Fault) {
    try object(member, as: { $0 })
  }

  /// Reads an array; `element` must read each element.
  public mutating func array(_ element: (inout JSONScanner) throws(Fault) -> Void) throws(Fault) {
    try expect("[")
    if try passes("]") { return }
    repeat { try element(&self) } while try passes(",")
    try expect("]")
  }

  /// Reads a whole number that is not negative.
  public mutating func count() throws(Fault) -> Int {
    _ = try peek()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = bytes[position], digit >= 0x30, digit <= 0x39 {
      let (scaled, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = scaled.addingReportingOverflow(Int(digit - 0x30))
      if first || second { throw Fault(reason: "has a number at byte \(start) that no size can be") }
      value = sum
      position += 1
    }
    guard position > start, bytes[start] != 0x30 || position == start + 1 else {
      throw Fault(reason: "has something at byte \(start) where a size belongs")
    }
    return value
  }

  /// Reads a string.
  public mutating func string() throws(Fault) -> String {
    try expect("\"")
    let start = position
    while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5C, bytes[position] >= 0x20 {
      position += 1
    }
    guard position < bytes.count, bytes[position] >= 0x20 else { throw fault() }
    if bytes[position] == 0x22 {
      defer { position += 1 }
      return try text(UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
    }
    var buffer = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      guard byte >= 0x20 else { throw fault() }
      position += 1
      if byte == 0x22 { return try text(buffer) }
      if byte == 0x5C { try escape(into: &buffer) } else { buffer.append(byte) }
    }
    throw fault()
  }

  private func text(_ units: some Sequence<UInt8>) throws(Fault) -> String {
    guard let text = String(validating: units, as: UTF8.self) else {
      throw Fault(reason: "has a string before byte \(position) that is not UTF-8")
    }
    return text
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(Fault) {
    guard position < bytes.count else { throw fault() }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "b"): buffer.append(8)
    case UInt8(ascii: "f"): buffer.append(12)
    case UInt8(ascii: "n"): buffer.append(10)
    case UInt8(ascii: "r"): buffer.append(13)
    case UInt8(ascii: "t"): buffer.append(9)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if value & 0xFC00 == 0xD800, position + 1 < bytes.count, bytes[position] == 0x5C, bytes[position + 1] == 0x75 {
        position += 2
        let low = try hexadecimal()
        guard low & 0xFC00 == 0xDC00 else { throw fault() }
        value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
      }
      guard let scalar = Unicode.Scalar(value) else { throw fault() }
      buffer += Array(String(Character(scalar)).utf8)
    default: throw fault()
    }
  }

  private mutating func hexadecimal() throws(Fault) -> UInt32 {
    guard bytes.count - position >= 4 else { throw fault() }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue, bytes[position] < 0x80 else {
        throw fault()
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  /// Passes over a value of any kind.
  public mutating func skip() throws(Fault) { try skip(depth: 0) }

  private mutating func skip(depth: Int) throws(Fault) {
    guard depth < JSONScanner.deepest else {
      throw Fault(reason: "nests deeper than \(JSONScanner.deepest) levels at byte \(position)")
    }
    switch try peek() {
    case UInt8(ascii: "{"): try object { scanner, _ throws(Fault) in try scanner.skip(depth: depth + 1) }
    case UInt8(ascii: "["): try array { scanner throws(Fault) in try scanner.skip(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string()
    default:
      let start = position
      while position < bytes.count, !",]} \t\r\n".utf8.contains(bytes[position]) { position += 1 }
      let word = bytes[start..<position]
      guard Self.words.contains(where: { word.elementsEqual($0) }) || Self.isNumber(word) else { throw fault() }
    }
  }

  private static let words = ["true", "false", "null"].map { Array($0.utf8) }

  private static func isNumber(_ word: Slice<UnsafeRawBufferPointer>) -> Bool {
    var rest = word
    func digits() -> Int {
      let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
      rest = rest[digits.endIndex...]
      return digits.count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let startsWithZero = rest.first == 0x30
    let whole = digits()
    guard whole > 0, whole == 1 || !startsWithZero else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits() > 0 else { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }

  /// Refuses anything but white space after the document.
  public mutating func end() throws(Fault) {
    while position < bytes.count {
      guard [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) else { throw fault() }
      position += 1
    }
  }
}
