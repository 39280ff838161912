extension Scanner {
  // MARK: - Numbers

  /// `12`, `1_000`, `2.5e-3`, `.5`, `0xff`.
  mutating func scanNumber() -> Token.Kind {
    let start = position
    if bytes[position] == UInt8(ascii: "0"), let mark = peek(1), mark | 0x20 == UInt8(ascii: "x") {
      position += 2
      takeWord()
      return finishNumber(start) { Int(Self.digits($0.dropFirst(2)) ?? "", radix: 16).map(Double.init) }
    }
    takeDigits()
    if position < limit, bytes[position] == UInt8(ascii: "."), endsNumber(at: position + 1) == false {
      position += 1
      takeDigits()
    }
    if position < limit, bytes[position] | 0x20 == UInt8(ascii: "e") {
      let hasSign = peek(1) == UInt8(ascii: "-") || peek(1) == UInt8(ascii: "+")
      if let next = peek(hasSign ? 2 : 1), Self.isDigit(next) {
        position += hasSign ? 2 : 1
        takeDigits()
      }
    }
    takeWord()
    return finishNumber(start) { text in Self.digits(text).flatMap { Double($0) } }
  }

  /// Whether a point at the end of digits is not part of the number: `1.real` has a field, `1..2` is an error later.
  private func endsNumber(at offset: Int) -> Bool {
    guard offset < limit else { return false }
    let byte = bytes[offset]
    if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte >= 0x80 { return true }
    let letter = byte | 0x20
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z") && letter != UInt8(ascii: "e")
  }

  private mutating func takeDigits() {
    while position < limit, Self.isDigit(bytes[position]) || bytes[position] == UInt8(ascii: "_") { position += 1 }
  }

  /// Takes the rest of a word, so that `12abc` is one malformed number and not a number and a name.
  private mutating func takeWord() { _ = scanTrailingName() }

  private mutating func scanTrailingName() -> String? {
    let start = position
    while position < limit, let scalar = source.text(position..<min(position + 4, limit)).unicodeScalars.first,
      Self.isNamePart(scalar)
    {
      position += String(Character(scalar)).utf8.count
    }
    return position > start ? source.text(start..<position) : nil
  }

  /// The text without its underscores, if each of them stands between two digits.
  private static func digits(_ text: Substring) -> String? {
    let letters = Array(text)
    for (index, letter) in letters.enumerated() where letter == "_" {
      guard index > 0, index + 1 < letters.count, letters[index - 1].isHexDigit, letters[index + 1].isHexDigit
      else { return nil }
    }
    return text.filter { $0 != "_" }
  }

  private mutating func finishNumber(_ start: Int, _ value: (Substring) -> Double?) -> Token.Kind {
    let text = source.text(start..<position)
    guard let number = value(text[...]) else {
      report(
        .malformedLiteral, "\(text) is not a number", start..<position,
        help: "numbers are written 12, 1_000, 2.5e-3 or 0xff; names do not begin with a digit")
      return .invalid
    }
    guard number.isFinite else {
      report(
        .malformedLiteral, "\(text) is too large for a number", start..<position,
        help: "the largest number is about 1.8e308; infinity is written inf")
      return .invalid
    }
    return .number(number)
  }

  // MARK: - Strings

  /// `"text\n"`; single quotes work too.
  mutating func scanString() -> Token.Kind {
    let start = position
    let quote = bytes[position]
    if peek(1) == quote, peek(2) == quote { return scanTripleQuotes(quote) }
    position += 1
    var text: [UInt8] = []
    while position < limit, bytes[position] != UInt8(ascii: "\n") {
      let byte = bytes[position]
      if byte == quote {
        position += 1
        return .string(String(decoding: text, as: UTF8.self))
      }
      if byte == UInt8(ascii: "\\") {
        scanEscape(into: &text)
      } else {
        text.append(byte)
        position += 1
      }
    }
    return unclosedString(start, quote)
  }

  /// Python's long strings, answered as a whole.
  private mutating func scanTripleQuotes(_ quote: UInt8) -> Token.Kind {
    let start = position
    position += 3
    while position < limit, !(bytes[position] == quote && peek(1) == quote && peek(2) == quote) { position += 1 }
    position = min(position + 3, limit)
    report(
      .syntax, "strings have one quote on each side", start..<start + 3,
      help: "a newline is written \\n; lines that describe a function begin with ## and stand above it")
    return .invalid
  }

  private mutating func unclosedString(_ start: Int, _ quote: UInt8) -> Token.Kind {
    report(
      .unclosed, "this string is not closed on its line", start..<position,
      help: "end it with \(Character(Unicode.Scalar(quote))); a newline inside a string is written \\n")
    return .invalid
  }

  private mutating func scanEscape(into text: inout [UInt8]) {
    let start = position
    position += 2
    guard start + 1 < limit else { return }
    switch bytes[start + 1] {
    case UInt8(ascii: "n"): text.append(UInt8(ascii: "\n"))
    case UInt8(ascii: "t"): text.append(UInt8(ascii: "\t"))
    case UInt8(ascii: "r"): text.append(UInt8(ascii: "\r"))
    case UInt8(ascii: "0"): text.append(0)
    case UInt8(ascii: "e"): text.append(0x1B)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): text.append(bytes[start + 1])
    case UInt8(ascii: "u"): scanUnicodeEscape(start, into: &text)
    case UInt8(ascii: "\n"):
      position = start + 1
    default:
      // Take a whole character, so that the range does not end inside of one.
      let rest = source.text(start + 1..<min(start + 5, limit))
      position = start + 1 + String(rest.prefix(1)).utf8.count
      report(
        .malformedLiteral, "\(source.text(start..<position)) is not an escape", start..<position,
        help: "escapes are \\n \\t \\r \\\\ \\\" \\' \\0 \\e and \\u{1F600}; a backslash itself is written \\\\")
    }
  }

  private mutating func scanUnicodeEscape(_ start: Int, into text: inout [UInt8]) {
    var end = position
    if end < limit, bytes[end] == UInt8(ascii: "{") {
      end += 1
      while end < limit, bytes[end] != UInt8(ascii: "}"), bytes[end] != UInt8(ascii: "\n"), end - position < 10 {
        end += 1
      }
      if end < limit, bytes[end] == UInt8(ascii: "}"),
        let value = UInt32(source.text(position + 1..<end), radix: 16), let scalar = Unicode.Scalar(value)
      {
        text += Array(String(Character(scalar)).utf8)
        position = end + 1
        return
      }
    }
    position = min(end + (end < limit && bytes[end] == UInt8(ascii: "}") ? 1 : 0), limit)
    report(
      .malformedLiteral, "\(source.text(start..<position)) is not a character", start..<position,
      help: "write the hexadecimal number of a Unicode character in braces: \\u{394} is Δ")
  }

  // MARK: - f-strings

  /// `f"captured {share:.3f}"`; `{{` and `}}` stand for braces.
  mutating func scanTemplate() -> Token.Kind {
    let start = position
    let quote = bytes[position + 1]
    position += 2
    var pieces: [TemplatePiece] = []
    var text: [UInt8] = []
    func flushed() -> [TemplatePiece] {
      text.isEmpty ? [] : [.text(String(decoding: text, as: UTF8.self))]
    }
    while position < limit, bytes[position] != UInt8(ascii: "\n") {
      let byte = bytes[position]
      switch byte {
      case quote:
        position += 1
        return .template(pieces + flushed())
      case UInt8(ascii: "\\"): scanEscape(into: &text)
      case UInt8(ascii: "{") where peek(1) == byte, UInt8(ascii: "}") where peek(1) == byte:
        text.append(byte)
        position += 2
      case UInt8(ascii: "}"):
        report(
          .malformedLiteral, "a } without its {", position..<position + 1, help: "a brace in an f-string is written }}")
        position += 1
      case UInt8(ascii: "{"):
        pieces += flushed()
        text = []
        guard let piece = scanPlaceholder(quote) else { return skipTemplate(start, quote) }
        pieces.append(piece)
      default:
        text.append(byte)
        position += 1
      }
    }
    return unclosedString(start, quote)
  }

  /// The rest of an f-string whose placeholder was reported.
  private mutating func skipTemplate(_ start: Int, _ quote: UInt8) -> Token.Kind {
    while position < limit, bytes[position] != UInt8(ascii: "\n"), bytes[position] != quote { position += 1 }
    if position < limit, bytes[position] == quote { position += 1 }
    return .invalid
  }

  /// `{expression}` or `{expression:format}`. The expression may hold strings and brackets of its own.
  private mutating func scanPlaceholder(_ quote: UInt8) -> TemplatePiece? {
    let open = position
    position += 1
    let start = position
    var depth = 0
    var colon: Int?
    while position < limit, bytes[position] != UInt8(ascii: "\n") {
      switch bytes[position] {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if colon != nil { break }
        // The same quote closes the f-string when no string of its own could follow; try it as a string first.
        let before = position
        let known = diagnostics.count
        _ = scanString()
        if diagnostics.count > known {
          diagnostics.removeLast(diagnostics.count - known)
          position = before
          report(
            .unclosed, "this { is not closed in its f-string", open..<open + 1,
            help: "end the expression with }; a brace itself is written {{")
          position = before
          return nil
        }
        continue
      case UInt8(ascii: ":") where depth == 0 && colon == nil: colon = position
      case UInt8(ascii: "}"):
        if depth == 0 {
          let end = position
          position += 1
          let format = colon.map { $0 + 1..<end }
          let expression = start..<(colon ?? end)
          if source.text(expression).allSatisfy(\.isWhitespace) {
            report(
              .malformedLiteral, "nothing stands between these braces", open..<position,
              help: "write an expression, as in f\"{x:.2f}\"; braces themselves are written {{ and }}")
            return nil
          }
          return .expression(expression, format: format)
        }
        depth -= 1
      default: break
      }
      position += 1
    }
    report(
      .unclosed, "this { is not closed in its f-string", open..<open + 1,
      help: "end the expression with }; a brace itself is written {{")
    return nil
  }
}
