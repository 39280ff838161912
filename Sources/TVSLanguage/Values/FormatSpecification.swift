#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Python's format mini-language for numbers and width: `[[fill]align][sign][#][0][width][,][.precision][type]`.
struct FormatSpecification: Sendable {
  var fill: Character = " "
  var alignment: Character?
  var sign: Character = "-"
  var isAlternate = false
  var width = 0
  var grouping: Character?
  var precision: Int?
  var type: Character?

  /// Reads a specification; nil if it is not one.
  init?(_ text: String) {
    var rest = Array(text)[...]
    if rest.count > 1, "<>^=".contains(rest[rest.startIndex + 1]) {
      fill = rest.removeFirst()
      alignment = rest.removeFirst()
    } else if let first = rest.first, "<>^=".contains(first) {
      alignment = rest.removeFirst()
    }
    if let first = rest.first, "+- ".contains(first) { sign = rest.removeFirst() }
    if rest.first == "#" {
      isAlternate = true
      rest.removeFirst()
    }
    if rest.first == "0" {
      rest.removeFirst()
      if alignment == nil { (fill, alignment) = ("0", "=") }
    }
    guard let width = Self.takeNumber(&rest) else { return nil }
    self.width = width ?? 0
    if let first = rest.first, ",_".contains(first) { grouping = rest.removeFirst() }
    if rest.first == "." {
      rest.removeFirst()
      guard let precision = Self.takeNumber(&rest), let precision else { return nil }
      self.precision = precision
    }
    if let first = rest.first {
      guard "dfFeEgG%sbxXoc".contains(first) else { return nil }
      type = rest.removeFirst()
    }
    guard rest.isEmpty else { return nil }
  }

  /// A number of at most three digits; the outer nil says that it is longer, the inner that there is none.
  private static func takeNumber(_ rest: inout ArraySlice<Character>) -> Int?? {
    var digits = ""
    while let first = rest.first, first.isASCII, first.isNumber { digits.append(rest.removeFirst()) }
    if digits.isEmpty { return .some(nil) }
    guard digits.count <= 3, let number = Int(digits) else { return nil }
    return .some(number)
  }

  /// Whether it asks for a number.
  private var isNumeric: Bool { type.map { $0 != "s" } ?? false }

  /// The value as text.
  ///
  /// - Throws: ``ErrorReport`` when the type asks for a number and the value is none.
  func format(_ value: Value) throws(ErrorReport) -> String {
    if let number = value.numberValue, type != "s" {
      return try format(number)
    }
    if isNumeric {
      throw ErrorReport(
        .wrongKind, "the format \(type.map(String.init) ?? "") needs a number, not \(value.article)",
        help: "leave the letter out, or give a number")
    }
    var text = value.plainText
    if let precision { text = String(text.prefix(precision)) }
    return pad(text, sign: "", standard: "<")
  }

  private func format(_ number: Double) throws(ErrorReport) -> String {
    let isNegative = number.sign == .minus && !number.isNaN
    let magnitude = number.magnitude
    var prefix = isNegative ? "-" : sign == "-" ? "" : String(sign)
    var body: String
    switch type {
    case _ where !number.isFinite: body = number.isNaN ? "nan" : "inf"
    case "d": body = try whole(number, magnitude)
    case "b", "o", "x", "X":
      let radix = type == "b" ? 2 : type == "o" ? 8 : 16
      let integer = try integer(number, magnitude)
      body = String(integer, radix: radix, uppercase: type == "X")
      if isAlternate { prefix += "0" + (type == "X" ? "X" : String(type ?? "x")) }
    case "c":
      guard let scalar = Unicode.Scalar(UInt32(clamping: try integer(number, magnitude))) else {
        throw ErrorReport(.invalidArgument, "\(NumberText.shortest(number)) is not the number of a character")
      }
      body = String(Character(scalar))
    case "e", "E", "f", "F", "g", "G": body = printed(magnitude, precision ?? 6, type ?? "g")
    case "%": body = printed(magnitude * 100, precision ?? 6, "f") + "%"
    default:
      body = precision.map { printed(magnitude, $0, "g") } ?? NumberText.shortest(magnitude)
      if number == 0 { prefix = sign == "-" ? "" : String(sign) }
    }
    return pad(grouped(body), sign: prefix, standard: ">")
  }

  private func integer(_ number: Double, _ magnitude: Double) throws(ErrorReport) -> Int {
    guard magnitude.rounded(.towardZero) == magnitude, let integer = Int(exactly: magnitude) else {
      throw ErrorReport(
        .invalidArgument,
        "the format \(type.map(String.init) ?? "") needs a whole number, not \(NumberText.shortest(number))",
        help: "use .0f to round")
    }
    return integer
  }

  private func whole(_ number: Double, _ magnitude: Double) throws(ErrorReport) -> String {
    if magnitude >= 0x1p62, magnitude.rounded() == magnitude { return printed(magnitude, 0, "f") }
    return String(try integer(number, magnitude))
  }

  private func printed(_ number: Double, _ precision: Int, _ type: Character) -> String {
    var buffer = [CChar](repeating: 0, count: 1400)
    let format = "%\(isAlternate ? "#" : "").*\(type)"
    let length = withVaList([Int32(clamping: precision), number]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(
      decoding: buffer.prefix(max(0, min(Int(length), buffer.count - 1))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func grouped(_ body: String) -> String {
    guard let grouping else { return body }
    let whole = body.prefix { $0.isNumber }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { result.append(grouping) }
      result.append(digit)
    }
    return result + body.dropFirst(whole.count)
  }

  private func pad(_ body: String, sign: String, standard: Character) -> String {
    let missing = width - TerminalColumns.width(of: sign + body)
    guard missing > 0 else { return sign + body }
    func fills(_ count: Int) -> String { String(repeating: fill, count: count) }
    switch alignment ?? standard {
    case "<": return sign + body + fills(missing)
    case "^": return fills(missing / 2) + sign + body + fills(missing - missing / 2)
    case "=": return sign + fills(missing) + body
    default: return fills(missing) + sign + body
    }
  }
}
