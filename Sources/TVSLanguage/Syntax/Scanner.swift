/// Turns text into tokens. Comments and white space are dropped; doc comments are kept aside for the `fn` they precede.
///
/// It never fails: what cannot be read becomes an error in ``diagnostics`` and an `invalid` token.
struct Scanner {
  let source: SourceText
  let bytes: [UInt8]
  let limit: Int
  var position: Int
  var tokens: [Token] = []
  var diagnostics: [Diagnostic] = []
  /// Doc comment lines by the index of the token they stand straight above.
  var documentation: [Int: [String]] = [:]
  /// Whether the text ends inside a string.
  private var pendingDocumentation: [String] = []
  private var newlinesSinceToken = 0
  private var sawSpace = false

  /// Scans `range` of a text, which is all of it unless an expression inside an f-string is meant.
  init(_ source: SourceText, range: Range<Int>? = nil) {
    self.source = source
    bytes = source.bytes
    position = range?.lowerBound ?? 0
    limit = range?.upperBound ?? bytes.count
  }

  /// All tokens of the text; the last one is `end`.
  mutating func scan() -> [Token] {
    skipInterpreterLine()
    while true {
      skipSpace()
      guard position < limit else { break }
      let start = position
      let kind = scanToken()
      append(kind, start..<position)
    }
    append(.end, limit..<limit)
    return tokens
  }

  private mutating func append(_ kind: Token.Kind, _ range: Range<Int>) {
    // A doc comment belongs to the token on the line straight below it.
    if !pendingDocumentation.isEmpty, newlinesSinceToken == 1 { documentation[tokens.count] = pendingDocumentation }
    let startsLine = newlinesSinceToken > 0 || tokens.isEmpty || sawNewline
    tokens.append(Token(kind: kind, range: range, startsLine: startsLine, followsSpace: sawSpace || startsLine))
    pendingDocumentation = []
    newlinesSinceToken = 0
    sawNewline = false
    sawSpace = false
  }

  private var sawNewline = false

  // MARK: - White space and comments

  /// `#!` in the first line lets a script name its interpreter.
  private mutating func skipInterpreterLine() {
    if position == 0, bytes.starts(with: Array("#!".utf8)) { skipLine() }
  }

  private mutating func skipSpace() {
    while position < limit {
      switch bytes[position] {
      case UInt8(ascii: "\n"):
        newlinesSinceToken += 1
        sawNewline = true
        // A blank line cuts a doc comment off from what follows.
        if newlinesSinceToken > 1 { pendingDocumentation = [] }
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
        sawSpace = true
        position += 1
      case UInt8(ascii: "#"): scanComment()
      case 0xC2 where peek(1) == 0xA0:  // a no-break space, as pasted from web pages
        sawSpace = true
        position += 2
      case 0xEF where peek(1) == 0xBB && peek(2) == 0xBF:  // a byte order mark
        position += 3
      default: return
      }
    }
  }

  private mutating func scanComment() {
    let start = position
    skipLine()
    let stands = newlinesSinceToken > 0 || tokens.isEmpty
    guard stands, start + 1 < position, bytes[start + 1] == UInt8(ascii: "#") else { return }
    if newlinesSinceToken > 1 { pendingDocumentation = [] }
    // White space at the end of a line says nothing; the formatter takes it away.
    var end = position
    while end > start + 2,
      bytes[end - 1] == UInt8(ascii: " ") || bytes[end - 1] == UInt8(ascii: "\t")
        || bytes[end - 1] == UInt8(ascii: "\r")
    {
      end -= 1
    }
    pendingDocumentation.append(source.text(start + 2..<end))
    // The newline that ends this comment is the first one to count.
    newlinesSinceToken = 0
  }

  private mutating func skipLine() {
    while position < limit, bytes[position] != UInt8(ascii: "\n") { position += 1 }
  }

  // MARK: - Tokens

  func peek(_ distance: Int) -> UInt8? {
    position + distance < limit ? bytes[position + distance] : nil
  }

  private mutating func scanToken() -> Token.Kind {
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return scanNumber()
    case UInt8(ascii: ".") where peek(1).map(Self.isDigit) ?? false: return scanNumber()
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return scanString()
    case UInt8(ascii: "f") where peek(1) == UInt8(ascii: "\"") || peek(1) == UInt8(ascii: "'"): return scanTemplate()
    default: break
    }
    if let name = scanName() {
      return Keyword(rawValue: name).map { .keyword($0) } ?? .name(name)
    }
    return scanSymbol()
  }

  mutating func scanName() -> String? {
    let start = position
    while let (scalar, size) = scalarHere, Self.isNamePart(scalar), position > start || !Self.isDecimal(scalar) {
      position += size
    }
    return position > start ? source.text(start..<position) : nil
  }

  /// The scalar at the position and its size in bytes.
  private var scalarHere: (Unicode.Scalar, Int)? {
    guard position < limit else { return nil }
    let first = bytes[position]
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    let size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    let piece = bytes[position..<min(position + size, limit)]
    guard let scalar = String(decoding: piece, as: UTF8.self).unicodeScalars.first else { return nil }
    return (scalar, piece.count)
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private static func isDecimal(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII ? isDigit(UInt8(scalar.value)) : scalar.properties.numericType != nil
  }

  /// Letters, their marks, digits and `_`.
  static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_": return true
      default: return false
      }
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .decimalNumber, .otherNumber, .letterNumber:
      return true
    default: return false
    }
  }

  private mutating func scanSymbol() -> Token.Kind {
    if bytes[position..<limit].starts(with: Array(Symbol.ellipsis.rawValue.utf8)) {
      position += 3
      return .symbol(.ellipsis)
    }
    for (sign, advice) in Habits.signs where bytes[position..<limit].starts(with: Array(sign.utf8)) {
      report(.syntax, "\(sign) is not an operator here", position..<position + sign.utf8.count, help: advice)
      position += sign.utf8.count
      return .invalid
    }
    for length in [2, 1] where position + length <= limit {
      if let symbol = Symbol(rawValue: source.text(position..<position + length)) {
        position += length
        return .symbol(symbol)
      }
    }
    let (scalar, size) = scalarHere ?? ("?", 1)
    let range = position..<position + size
    position += size
    if let plain = Self.typographic[scalar] {
      report(.syntax, "\(scalar) is a typographic sign", range, help: "type \(plain)")
    } else {
      report(.syntax, "\(Self.description(of: scalar)) has no meaning here", range, help: Habits.characters[scalar])
    }
    return .invalid
  }

  private static let typographic: [Unicode.Scalar: String] = [
    "“": "\"", "”": "\"", "„": "\"", "‘": "\"", "’": "\"", "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "÷": "/",
    "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "…": "the values themselves, or range(…)",
  ]

  private static func description(of scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .control, .format, .unassigned, .privateUse, .surrogate:
      "the character U+" + String(scalar.value, radix: 16, uppercase: true)
    default: String(Character(scalar))
    }
  }

  mutating func report(
    _ code: ErrorCode, _ message: String, _ range: Range<Int>, label: String? = nil, help: String? = nil,
    isAtEnd: Bool = false
  ) {
    diagnostics.append(
      Diagnostic(code, message, range: source.range(range), label: label, help: help, isAtEnd: isAtEnd))
  }
}
