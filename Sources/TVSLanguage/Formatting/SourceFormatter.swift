/// Brings a text into the one form in which scripts are kept: the spaces between tokens, the indentation, at most one
/// empty line. Lines end where their author ended them, and comments stay.
///
///     x=f( a,b = 2 )      becomes     x = f(a, b=2)
///
/// It knows from the parser what a brace, a minus or an equals sign is, and compares the trees of both texts before
/// it answers: what a text means never changes.
public struct SourceFormatter {
  private let source: SourceText
  private let tokens: [Token]
  private let roles: TokenRoles

  /// The text in its form.
  ///
  /// - Throws: ``Failure`` with the errors of a text that cannot be parsed.
  public static func format(_ source: SourceText) throws(Failure) -> String {
    let (before, diagnostics, roles) = Parser.parseWithRoles(source)
    if !diagnostics.isEmpty { throw .errors(diagnostics) }
    var scanner = Scanner(source)
    let text = SourceFormatter(source: source, tokens: scanner.scan(), roles: roles).formatted()
    let (after, faults) = Parser.parse(SourceText(name: source.name, text: text))
    guard faults.isEmpty, TreeOutline.of(before) == TreeOutline.of(after) else {
      throw .errors([
        Diagnostic(
          .unexpected, "formatting would change what this text means", range: source.range(0..<0),
          help: "the file is left as it is; please report it")
      ])
    }
    return text
  }

  // MARK: - Lines

  /// One line of the result.
  private struct Line {
    var indent = 0
    var code = ""
    /// Whether `code` is a comment on a line of its own.
    var isComment = false
    /// A comment behind the code.
    var comment: String?
    /// Spaces between code and comment, and the column of the comment in the source.
    var gap = 0
    var column = 0
    /// The first assignment's `=`: where it stands in `code`, and its column in the source.
    var sign: (offset: Int, column: Int)?

    var isEmpty: Bool { code.isEmpty && comment == nil }
  }

  /// What stands between two tokens.
  private struct Trivia {
    /// Comments with the number of newlines before each.
    var comments: [(text: String, newlines: Int, start: Int)] = []
    /// Newlines after the last comment.
    var newlines = 0
  }

  private struct Bracket {
    let isBlock: Bool
    /// The indentation of the line on which it opens.
    let indent: Int
  }

  private func formatted() -> String {
    var lines: [Line] = []
    var line = Line()
    var open: [Bracket] = []
    var position = 0
    for (index, token) in tokens.enumerated() {
      let trivia = trivia(position..<token.range.lowerBound)
      let indent = indentation(at: index, open)
      let outer = open.last.map { $0.indent + 2 } ?? 0
      for (number, comment) in trivia.comments.enumerated() {
        if comment.newlines == 0, index > 0 || number > 0 {
          line.comment = comment.text
          line.gap = max(2, gap(before: comment.start))
          line.column = column(of: comment.start)
          continue
        }
        dropSemicolon(&line, before: index)
        finish(&line, &lines, blank: comment.newlines > 1)
        line = Line(indent: isCloser(token) || isEnd(token) ? outer : indent, code: comment.text, isComment: true)
      }
      position = token.range.upperBound
      if isEnd(token) { break }
      let newlines = trivia.newlines
      if newlines > 0 || index == 0 && trivia.comments.isEmpty {
        dropSemicolon(&line, before: index)
        finish(&line, &lines, blank: newlines > 1)
        line = Line(indent: indent)
      } else if index > 0, needsSpace(before: index) {
        line.code += " "
      }
      if token.isSymbol(.assign), line.sign == nil, open.last?.isBlock ?? true {
        line.sign = (line.code.utf8.count, column(of: token.range.lowerBound))
      }
      line.code += source.text(token.range)
      follow(token, line.indent, &open)
    }
    if !line.isComment, line.code.hasSuffix(";"), line.code.count > 1 { line.code.removeLast() }
    finish(&line, &lines, blank: false)
    return Self.text(Self.aligned(lines))
  }

  /// Takes the semicolon off that ends a line of code; a comment may end in one.
  private func dropSemicolon(_ line: inout Line, before index: Int) {
    guard dropsSemicolon(before: index), !line.isComment, line.code.hasSuffix(";"), line.code.count > 1 else { return }
    line.code.removeLast()
  }

  private func finish(_ line: inout Line, _ lines: inout [Line], blank: Bool) {
    if !line.code.isEmpty || line.comment != nil { lines.append(line) }
    line = Line()
    guard blank, let last = lines.last, !last.isEmpty, last.isComment || !last.code.hasSuffix("{") else { return }
    lines.append(Line())
  }

  /// Assignments on neighbouring lines whose signs stood in one column do so again.
  private static func aligned(_ lines: [Line]) -> [Line] {
    var lines = lines
    var index = 0
    while index < lines.count {
      var end = index + 1
      if let sign = lines[index].sign {
        while end < lines.count, lines[end].sign?.column == sign.column { end += 1 }
      }
      let group = index..<end
      index = end
      func width(_ line: Line) -> Int {
        line.indent + TerminalColumns.width(of: String(line.code.utf8.prefix(line.sign?.offset ?? 0)) ?? "")
      }
      guard group.count > 1, let widest = lines[group].map(width).max() else { continue }
      for position in group {
        guard let offset = lines[position].sign?.offset else { continue }
        let code = lines[position].code
        let place = code.utf8.index(code.utf8.startIndex, offsetBy: offset)
        lines[position].code.insert(
          contentsOf: String(repeating: " ", count: widest - width(lines[position])), at: place)
      }
    }
    return lines
  }

  /// Puts the lines together; comments that stood in one column do so again.
  private static func text(_ lines: [Line]) -> String {
    var result = ""
    var index = 0
    while index < lines.count {
      var end = index + 1
      if lines[index].comment != nil {
        while end < lines.count, lines[end].comment != nil, lines[end].column == lines[index].column { end += 1 }
      }
      let group = lines[index..<end]
      let widest = group.map { (width: $0.indent + TerminalColumns.width(of: $0.code), gap: $0.gap) }
        .max { $0.width < $1.width }
      for (offset, line) in group.enumerated() {
        // No empty line before a closing brace or at the end.
        if line.isEmpty, index + offset + 1 >= lines.count || lines[index + offset + 1].code.hasPrefix("}") { continue }
        var text = line.code.isEmpty ? "" : String(repeating: " ", count: line.indent) + line.code
        if let comment = line.comment, let widest {
          let width = line.indent + TerminalColumns.width(of: line.code)
          let gap = end - index > 1 ? widest.width + widest.gap - width : line.gap
          text += String(repeating: " ", count: gap) + comment
        }
        result += text + "\n"
      }
      index = end
    }
    return result
  }

  // MARK: - Comments

  private func trivia(_ range: Range<Int>) -> Trivia {
    var trivia = Trivia()
    var position = range.lowerBound
    while position < range.upperBound {
      switch source.bytes[position] {
      case UInt8(ascii: "\n"):
        trivia.newlines += 1
        position += 1
      case UInt8(ascii: "#"):
        var end = position
        while end < range.upperBound, source.bytes[end] != UInt8(ascii: "\n") { end += 1 }
        var text = Substring(source.text(position..<end))
        while let last = text.utf8.last, [0x20, 0x09, 0x0D].contains(last) { text = text.dropLast() }
        trivia.comments.append((String(text), trivia.newlines, position))
        trivia.newlines = 0
        position = end
      default: position += 1
      }
    }
    return trivia
  }

  private func gap(before offset: Int) -> Int {
    var start = offset
    while start > 0, source.bytes[start - 1] == UInt8(ascii: " ") { start -= 1 }
    return offset - start
  }

  private func column(of offset: Int) -> Int {
    var start = offset
    while start > 0, source.bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
    return TerminalColumns.width(of: source.text(start..<offset))
  }
}

// MARK: - Indentation and spaces

extension SourceFormatter {
  private func isEnd(_ token: Token) -> Bool { if case .end = token.kind { true } else { false } }

  private func isCloser(_ token: Token) -> Bool {
    token.isSymbol(.closeBrace) || token.isSymbol(.closeBracket) || token.isSymbol(.closeParenthesis)
  }

  private func follow(_ token: Token, _ indent: Int, _ open: inout [Bracket]) {
    switch token.kind {
    case .symbol(.openParenthesis), .symbol(.openBracket):
      open.append(Bracket(isBlock: false, indent: indent))
    case .symbol(.openBrace):
      open.append(Bracket(isBlock: roles.blocks.contains(token.range.lowerBound), indent: indent))
    case .symbol(.closeParenthesis), .symbol(.closeBracket), .symbol(.closeBrace): _ = open.popLast()
    default: break
    }
  }

  /// The indentation of a line that begins with a token.
  private func indentation(at index: Int, _ open: [Bracket]) -> Int {
    var open = open
    var first = index
    var closed: Bracket?
    while first < tokens.count, isCloser(tokens[first]), first == index || !tokens[first].startsLine {
      closed = open.popLast() ?? closed
      first += 1
    }
    if let closed { return closed.indent }
    guard let inner = open.last else { return goesOn(at: index) ? 2 : 0 }
    return inner.indent + 2 + (inner.isBlock && goesOn(at: index) ? 2 : 0)
  }

  /// Whether a line between statements goes on with the statement before it.
  private func goesOn(at index: Int) -> Bool {
    let token = tokens[index]
    if isEnd(token) || token.isKeyword(.else) || token.isKeyword(.catch) || token.isSymbol(.semicolon) { return false }
    return !roles.statements.contains(token.range.lowerBound) && !roles.blocks.contains(token.range.lowerBound)
  }

  private func dropsSemicolon(before index: Int) -> Bool {
    index > 0 && tokens[index - 1].isSymbol(.semicolon) && (index < 2 || !tokens[index - 2].isSymbol(.semicolon))
  }

  private func needsSpace(before index: Int) -> Bool {
    let (last, next) = (tokens[index - 1], tokens[index])
    if last.isSymbol(.minus), next.isSymbol(.minus) { return true }
    if last.isSymbol(.comma), next.isSymbol(.colon) { return true }
    if isTightAfter(last) || isTightBefore(next) { return false }
    switch next.kind {
    case .symbol(.openParenthesis), .symbol(.openBracket): return !endsOperand(index - 1) && !last.isKeyword(.fn)
    default: return true
    }
  }

  private func isTightAfter(_ token: Token) -> Bool {
    let start = token.range.lowerBound
    guard case .symbol(let symbol) = token.kind else { return false }
    switch symbol {
    case .openParenthesis, .openBracket, .dot, .ellipsis, .power: return true
    case .openBrace: return !roles.blocks.contains(start)
    case .minus, .times: return roles.prefixes.contains(start)
    case .assign: return roles.argumentSigns.contains(start)
    case .colon: return roles.sliceColons.contains(start)
    default: return false
    }
  }

  private func isTightBefore(_ token: Token) -> Bool {
    let start = token.range.lowerBound
    guard case .symbol(let symbol) = token.kind else { return false }
    switch symbol {
    case .closeParenthesis, .closeBracket, .comma, .semicolon, .dot, .colon: return true
    case .power: return true
    case .closeBrace: return !roles.blockEnds.contains(start)
    case .assign: return roles.argumentSigns.contains(start)
    default: return false
    }
  }

  /// Whether a call or an index may follow a token directly.
  private func endsOperand(_ index: Int) -> Bool {
    switch tokens[index].kind {
    case .name, .number, .string, .template: true
    case .keyword(.true), .keyword(.false), .keyword(.nil): true
    // A field may be named as a keyword is.
    case .keyword: index > 0 && tokens[index - 1].isSymbol(.dot)
    case .symbol(.closeParenthesis), .symbol(.closeBracket), .symbol(.closeBrace): true
    default: false
    }
  }
}
