extension Parser {
  /// Statements up to the closing brace of a block, or to the end of the text.
  mutating func parseStatements(until open: Token?) -> [Statement] {
    var statements: [Statement] = []
    while !hasGivenUp {
      while take(.semicolon) {}
      if case .end = token.kind { break }
      if token.isSymbol(.closeBrace) {
        if open != nil { break }
        // After another error it belongs to something that was given up.
        if diagnostics.isEmpty {
          _ = fail(.syntax, "this } closes nothing", at: token.range, help: "remove it, or write the { it belongs to")
        }
        advance()
        continue
      }
      let first = token
      do throws(Abandoned) {
        let statement = try nested { parser throws(Abandoned) in try parser.parseStatement() }
        statements.append(statement)
        try expectEndOfStatement(after: statement)
      } catch {
        recover(in: open != nil, from: first)
      }
    }
    return statements
  }

  private mutating func expectEndOfStatement(after statement: Statement) throws(Abandoned) {
    if isNewLine || token.isSymbol(.semicolon) || token.isSymbol(.closeBrace) { return }
    switch token.kind {
    case .end: return
    case .invalid: throw Abandoned()
    default: break
    }
    if case .function = statement.kind { return }
    if let foreign = foreignWord() { throw foreign }
    throw fail(
      .syntax, "the statement should end before \(described(token))", at: token.range, help: hint(after: statement))
  }

  /// What may have been meant by a token that follows a complete statement.
  private func hint(after statement: Statement) -> String {
    switch token.kind {
    case .symbol(.colon): return "blocks are written in braces: if x > 0 { … }"
    case .symbol(.ellipsis): return "a range is range(1, 10); ...xs spreads a list inside of [ ] or a call"
    case .symbol(.assign): return "assign one name at a time; to compare, write =="
    case .symbol(.comma): return "a list is written [a, b]"
    case .symbol(.closeParenthesis), .symbol(.closeBracket): return "this bracket closes nothing"
    case .keyword(.if): return "a choice between values is written if c { a } else { b }"
    case .keyword(.else): return "an else stands straight after the } of its if"
    case .name(let word): if let advice = Habits.words[word] { return advice }
    case .keyword(.for): return "a list made by a loop is written [x^2 for x in xs]"
    default: break
    }
    if case .expression(let expression) = statement.kind, case .name(let name) = expression.kind {
      return "calls are written \(name)(…); statements are separated by a newline or ;"
    }
    return "statements are separated by a newline or ;"
  }

  private mutating func parseStatement() throws(Abandoned) -> Statement {
    let start = token.range.lowerBound
    roles.statements.insert(start)
    let kind: Statement.Kind
    switch token.kind {
    case .keyword(.if): kind = try parseIf()
    case .keyword(.for): kind = try parseFor()
    case .keyword(.while): kind = try parseWhile()
    case .keyword(.break), .keyword(.continue): kind = try parseLoopExit()
    case .keyword(.return): kind = try parseReturn()
    case .keyword(.try): kind = try parseTry()
    case .keyword(.import): kind = try parseImport()
    case .keyword(.fn) where following.isSomeName: kind = try parseFunctionStatement()
    case .name("assert") where startsAssertion: kind = try parseAssert()
    default: kind = try parseExpressionStatement()
    }
    return Statement(range: start..<max(start, previousEnd), kind: kind)
  }

  // MARK: - Blocks

  mutating func parseBlock(after what: String) throws(Abandoned) -> Block {
    let open = token
    if token.isSymbol(.colon) {
      throw fail(
        .syntax, "a block in braces is expected after \(what)", at: token.range,
        help: "write { instead of :, and } at the end")
    }
    if token.isSymbol(.assign) {
      throw fail(.syntax, "an assignment is not a condition", at: token.range, help: "to compare, write ==")
    }
    if token.isSymbol(.arrow) {
      throw fail(
        .syntax, "a block in braces is expected after \(what)", at: token.range,
        help: "write fn name(x) { … }, or name = x -> …")
    }
    guard take(.openBrace) else {
      throw failExpected("{ after \(what)", help: "blocks are written in braces: \(what) { … }")
    }
    // Inside the braces newlines end statements again, whatever brackets stand around the block.
    let outer = brackets
    brackets = []
    defer { brackets = outer }
    roles.blocks.insert(open.range.lowerBound)
    let statements = parseStatements(until: open)
    roles.blockEnds.insert(token.range.lowerBound)
    guard take(.closeBrace) else {
      if case .end = token.kind {
        diagnostics.append(
          Diagnostic(
            .unclosed, "this { is not closed", range: source.range(open.range), help: "end the block with }",
            isAtEnd: true))
      }
      throw Abandoned()
    }
    return Block(range: open.range.lowerBound..<previousEnd, statements: statements)
  }

  private mutating func parseIf() throws(Abandoned) -> Statement.Kind {
    let (branches, otherwise) = try parseBranches()
    return .if(branches, otherwise: otherwise)
  }

  /// `if c { } else if d { } else { }`; the current token is `if`.
  mutating func parseBranches() throws(Abandoned) -> ([Branch], Block?) {
    var branches: [Branch] = []
    while true {
      advance()
      let condition = try parseCondition()
      branches.append(Branch(condition: condition, block: try parseBlock(after: "if …")))
      guard take(.else) else { return (branches, nil) }
      guard token.isKeyword(.if) else { return (branches, try parseBlock(after: "else")) }
    }
  }

  private mutating func parseCondition() throws(Abandoned) -> Expression { try parseExpression() }

  private mutating func parseFor() throws(Abandoned) -> Statement.Kind {
    advance()
    let target = try parseLoopTarget()
    guard take(.in) else {
      throw failExpected("in", help: "loops are written for x in xs { … }, for i in range(n) { … }")
    }
    let sequence = try parseExpression()
    return .for(target, sequence, try parseLoopBody(after: "for x in xs"))
  }

  /// `x` or `i, x` or `i, (a, b)`.
  mutating func parseLoopTarget() throws(Abandoned) -> Target {
    let start = token.range.lowerBound
    var targets: [Target] = []
    repeat {
      if token.isSymbol(.openParenthesis) || token.isSymbol(.openBracket) {
        let open = token
        let close: Symbol = take(.openParenthesis) ? .closeParenthesis : .closeBracket
        if close == .closeBracket { advance() }
        let inner = try bracketed(open, close, or: ",") { parser throws(Abandoned) in
          let target = try parser.parseLoopTarget()
          if parser.token.isKeyword(.in) {
            throw parser.fail(
              .syntax, "a loop stands in no parentheses", at: open.range, help: "loops are written for x in xs { … }")
          }
          return target
        }
        targets.append(inner)
      } else if case .name(let name) = token.kind {
        context.assign(name)
        targets.append(Target(range: token.range, kind: .name(name)))
        advance()
      } else {
        throw failExpected("a name", help: "loops are written for x in xs { … }")
      }
    } while take(.comma)
    if targets.count == 1 { return targets[0] }
    return Target(range: start..<previousEnd, kind: .several(targets))
  }

  private mutating func parseWhile() throws(Abandoned) -> Statement.Kind {
    advance()
    let condition = try parseCondition()
    return .while(condition, try parseLoopBody(after: "while …"))
  }

  private mutating func parseLoopBody(after what: String) throws(Abandoned) -> Block {
    context.loops += 1
    defer { context.loops -= 1 }
    return try parseBlock(after: what)
  }

  private mutating func parseLoopExit() throws(Abandoned) -> Statement.Kind {
    let isBreak = token.isKeyword(.break)
    if context.loops == 0 {
      let word = isBreak ? "break" : "continue"
      throw fail(
        .syntax, "\(word) stands outside of a loop", at: token.range, help: "to leave a function, write return")
    }
    advance()
    return isBreak ? .break : .continue
  }

  private mutating func parseReturn() throws(Abandoned) -> Statement.Kind {
    if context.parent == nil {
      throw fail(
        .syntax, "return stands outside of a function", at: token.range, help: "to leave a script, write exit(0)")
    }
    if context.valueBlocks > 0 {
      throw fail(
        .syntax, "return stands inside of an expression", at: token.range,
        help: "the value of the block is its last expression; to leave the function, make the if a statement")
    }
    advance()
    switch token.kind {
    case .end, .symbol(.semicolon), .symbol(.closeBrace): return .return(nil)
    default: return isNewLine ? .return(nil) : .return(try parseExpressionList())
    }
  }

  private mutating func parseTry() throws(Abandoned) -> Statement.Kind {
    advance()
    let body = try parseBlock(after: "try")
    guard take(.catch) else {
      throw failExpected("catch", help: "errors are caught as try { … } catch e { … }")
    }
    var variable: String?
    if case .name(let name) = token.kind {
      context.assign(name)
      variable = name
      advance()
    }
    return .try(body, variable: variable, handler: try parseBlock(after: "catch e"))
  }

  // MARK: - Functions

  private mutating func parseFunctionStatement() throws(Abandoned) -> Statement.Kind {
    if case .name(let name) = following.kind { context.assign(name) }
    return .function(try parseFunction())
  }

  // MARK: - assert and import

  /// `assert` is a word of the language only where a condition follows it, so that it can be named elsewhere.
  private var startsAssertion: Bool {
    if following.startsLine { return false }
    switch following.kind {
    case .end, .symbol(.semicolon), .symbol(.closeBrace), .symbol(.assign), .symbol(.dot), .symbol(.comma),
      .symbol(.pipe),
      .symbol(.arrow), .symbol(.closeParenthesis):
      return false
    default: return true
    }
  }

  private mutating func parseAssert() throws(Abandoned) -> Statement.Kind {
    advance()
    // assert(condition, "message") reads as a call does.
    let closer = closers[index]
    if token.isSymbol(.openParenthesis), closer > index, endsStatement(at: closer + 1) {
      let open = token
      advance()
      let parts = try bracketed(open, .closeParenthesis, or: ",") { parser throws(Abandoned) in
        let condition = try parser.parseExpression()
        guard parser.take(.comma), !parser.token.isSymbol(.closeParenthesis) else {
          return (condition, Expression?.none)
        }
        let message = try parser.parseExpression()
        _ = parser.take(.comma)
        return (condition, message)
      }
      return .assert(parts.0, message: parts.1)
    }
    let condition = try parseExpression()
    return .assert(condition, message: take(.comma) ? try parseExpression() : nil)
  }

  private func endsStatement(at position: Int) -> Bool {
    guard position < tokens.count else { return true }
    let token = tokens[position]
    switch token.kind {
    case .end, .symbol(.semicolon), .symbol(.closeBrace): return true
    default: return token.startsLine
    }
  }

  private mutating func parseImport() throws(Abandoned) -> Statement.Kind {
    advance()
    let pathRange = token.range
    let path: String
    let isLibrary: Bool
    switch token.kind {
    case .string(let text): (path, isLibrary) = (text, false)
    case .name(let name): (path, isLibrary) = (name, true)
    default:
      throw failExpected("a module", help: "write import \"path/file.tvs\" as m, or import stats")
    }
    advance()
    var name = Self.moduleName(of: path)
    if take(.as) {
      guard case .name(let given) = token.kind else { throw failExpected("a name") }
      name = given
      advance()
    } else if !isLibrary,
      Keyword(rawValue: name) != nil || !name.unicodeScalars.allSatisfy(Scanner.isNamePart) || name.isEmpty
    {
      throw fail(
        .syntax, "the name of this file cannot be the name of a module", at: pathRange,
        help: "give it one: import \"\(path)\" as m")
    }
    context.assign(name)
    return .import(ImportSyntax(path: path, isLibrary: isLibrary, name: name, pathRange: pathRange))
  }

  /// `tools` for `lib/tools.tvs`.
  private static func moduleName(of path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? ""
    return file.hasSuffix(".tvs") ? String(file.dropLast(4)) : file
  }

  // MARK: - Expressions and assignments

  private mutating func parseExpressionStatement() throws(Abandoned) -> Statement.Kind {
    var expressions = [try parseExpression()]
    while token.isSymbol(.comma), !isNewLine {
      advance()
      expressions.append(try parseExpression())
    }
    let start = expressions[0].range.lowerBound
    if take(.assign) {
      let isList = expressions.count > 1
      let target =
        isList
        ? Target(range: start..<previousEnd, kind: .several(try targets(expressions)))
        : try target(expressions[0])
      if case .several = target.kind { return .assign(target, try parseExpressionList()) }
      return .assign(target, try parseExpression())
    }
    if expressions.count > 1 {
      throw fail(
        .syntax, "several values stand side by side", at: start..<previousEnd, help: "a list is written [a, b]")
    }
    if case .symbol(let symbol) = token.kind, let operation = symbol.augmented {
      let sign = token.range
      advance()
      let target = try target(expressions[0])
      if case .several = target.kind {
        throw fail(.syntax, "\(symbol.rawValue) changes one target at a time", at: sign)
      }
      return .augmentedAssign(target, operation, try parseExpression(), sign: sign)
    }
    if case .tuple = expressions[0].kind {
      throw fail(
        .syntax, "values in parentheses are not a list", at: expressions[0].range, help: "a list is written [a, b]")
    }
    return .expression(expressions[0])
  }

  /// `a` or `a, b`, which is the list `[a, b]`.
  private mutating func parseExpressionList() throws(Abandoned) -> Expression {
    let first = try parseExpression()
    guard token.isSymbol(.comma), !isNewLine else { return first }
    var elements = [first]
    while take(.comma) { elements.append(try parseExpression()) }
    return try make(.list(elements), first.range.lowerBound..<previousEnd, elements)
  }

  private mutating func targets(_ expressions: [Expression]) throws(Abandoned) -> [Target] {
    var targets: [Target] = []
    for expression in expressions { targets.append(try target(expression)) }
    return targets
  }

  mutating func target(_ expression: Expression) throws(Abandoned) -> Target {
    switch expression.kind {
    case .name(let name):
      context.assign(name)
      return Target(range: expression.range, kind: .name(name))
    case .index(let base, let subscripts):
      assignRoot(of: base)
      return Target(range: expression.range, kind: .index(base, subscripts))
    case .field(let base, let name, let nameRange):
      assignRoot(of: base)
      return Target(range: expression.range, kind: .field(base, name, nameRange: nameRange))
    case .list(let elements) where !elements.isEmpty, .tuple(let elements):
      return Target(range: expression.range, kind: .several(try targets(elements)))
    default:
      let isCall = if case .call = expression.kind { true } else { false }
      throw fail(
        .syntax, "this cannot be assigned", at: expression.range,
        help: isCall
          ? "functions are written fn f(x) { … }, or f = x -> …"
          : "names, x[i] and x.field can be; to compare, write ==")
    }
  }

  /// `x[i] = …` gives `x` a new value, as `x = …` does.
  private func assignRoot(of base: Expression) {
    var base = base
    while true {
      switch base.kind {
      case .name(let name): return context.assign(name)
      case .index(let inner, _): base = inner
      case .field(let inner, _, _): base = inner
      default: return
      }
    }
  }
}

extension Token {
  var isSomeName: Bool { if case .name = kind { true } else { false } }
}
