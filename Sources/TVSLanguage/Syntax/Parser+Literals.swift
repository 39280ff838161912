/// Lists, records and f-strings.
extension Parser {
  mutating func parseList() throws(Abandoned) -> Expression {
    let open = token
    advance()
    var elements: [Expression] = []
    var comprehension: (Target, Expression, Expression?)?
    try bracketed(open, .closeBracket, or: ",") { parser throws(Abandoned) in
      while !parser.token.isSymbol(.closeBracket) {
        let start = parser.token.range.lowerBound
        if parser.take(.ellipsis) {
          let value = try parser.parseExpression()
          elements.append(try parser.make(.spread(value), start..<parser.previousEnd, [value]))
          guard parser.take(.comma) else { break }
          continue
        }
        elements.append(try parser.parseExpression())
        if elements.count == 1, parser.take(.for) {
          let target = try parser.parseLoopTarget()
          guard parser.take(.in) else { throw parser.failExpected("in") }
          let sequence = try parser.parseExpression()
          comprehension = (target, sequence, parser.take(.if) ? try parser.parseExpression() : nil)
          break
        }
        guard parser.take(.comma) else { break }
      }
    }
    let range = open.range.lowerBound..<previousEnd
    if let (target, sequence, condition) = comprehension, let element = elements.first {
      let kind = Expression.Kind.comprehension(
        element: element, target: target, sequence: sequence, condition: condition)
      return try make(kind, range, [element, sequence] + (condition.map { [$0] } ?? []))
    }
    return try make(.list(elements), range, elements)
  }

  mutating func parseRecord() throws(Abandoned) -> Expression {
    let open = token
    advance()
    var entries: [RecordEntry] = []
    try bracketed(open, .closeBrace, or: ",") { parser throws(Abandoned) in
      while !parser.token.isSymbol(.closeBrace) {
        if parser.take(.ellipsis) {
          entries.append(RecordEntry(key: nil, value: try parser.parseExpression()))
          guard parser.take(.comma) else { break }
          continue
        }
        let key: String
        if case .string(let text) = parser.token.kind {
          key = text
        } else if let word = parser.wordHere {
          key = word
        } else {
          throw parser.failExpected("a key", help: "records are written {name: value}")
        }
        if entries.contains(where: { $0.key == key }) {
          throw parser.fail(
            .syntax, "the key \(key) stands twice", at: parser.token.range, help: "remove one of the two")
        }
        parser.advance()
        try parser.expect(.colon, help: "records are written {name: value}")
        entries.append(RecordEntry(key: key, value: try parser.parseExpression()))
        guard parser.take(.comma) else { break }
      }
    }
    return try make(.record(entries), open.range.lowerBound..<previousEnd, entries.map(\.value))
  }

  // MARK: - f-strings

  mutating func parseTemplate(_ pieces: [TemplatePiece]) throws(Abandoned) -> Expression {
    let range = token.range
    advance()
    var parts: [TemplatePart] = []
    var expressions: [Expression] = []
    for piece in pieces {
      switch piece {
      case .text(let text): parts.append(.text(text))
      case .expression(let inner, let formatRange):
        let expression = try parseInside(inner)
        var format: FormatSpecification?
        if let formatRange {
          let text = source.text(formatRange)
          format = FormatSpecification(text)
          if format == nil {
            throw fail(
              .malformedLiteral, "\(text) is not a format", at: formatRange,
              help: "formats are Python's, such as .3f, 8.2e, >10, +.1% or 06d")
          }
        }
        parts.append(.expression(expression, format: format))
        expressions.append(expression)
      }
    }
    return try make(.template(parts), range, expressions)
  }

  /// Parses the expression at some offsets, with the same context.
  private mutating func parseInside(_ range: Range<Int>) throws(Abandoned) -> Expression {
    var scanner = Scanner(source, range: range)
    let outer = (tokens, index, closers, brackets, documentation)
    tokens = scanner.scan()
    diagnostics += scanner.diagnostics
    (index, closers, brackets, documentation) = (0, Self.closers(of: tokens), [], [:])
    defer { (tokens, index, closers, brackets, documentation) = outer }
    // The braces around the expression let it go on over any white space, as brackets do.
    brackets = [
      Token(
        kind: .symbol(.openBrace), range: range.lowerBound - 1..<range.lowerBound, startsLine: false,
        followsSpace: false)
    ]
    let expression = try parseExpression()
    guard case .end = token.kind else {
      throw fail(
        .syntax, "the expression should end before \(described(token))", at: token.range,
        help: "a format follows a colon: {x:.2f}")
    }
    return expression
  }
}
