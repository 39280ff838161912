/// Functions, lambdas and their parameters.
extension Parser {
  /// `x -> x^2`, `(x, y) -> x + y`, `() -> seed(1)`, `x -> { …; … }`.
  mutating func parseLambda() throws(Abandoned) -> Expression {
    let start = token.range.lowerBound
    return try make(
      .function(
        try inFunction { parser throws(Abandoned) in
          let parameters: [ParameterSyntax]
          if case .name(let name) = parser.token.kind {
            parameters = [ParameterSyntax(name: name, range: parser.token.range, standard: nil)]
            parser.context.assign(name)
            parser.advance()
          } else {
            parameters = try parser.parseParameters()
          }
          try parser.expect(.arrow)
          if parser.token.isSymbol(.openBrace), !parser.isRecordHere {
            return (nil, parameters, .block(try parser.parseBlock(after: "->")))
          }
          return (nil, parameters, .expression(try parser.parseExpression()))
        }), start..<previousEnd, [])
  }

  /// Whether the brace at the current token opens a record and not a block.
  private var isRecordHere: Bool {
    if following.isSymbol(.closeBrace) || following.isSymbol(.ellipsis) { return true }
    guard index + 2 < tokens.count, tokens[index + 2].isSymbol(.colon) else { return false }
    switch following.kind {
    case .name, .keyword, .string: return true
    default: return false
    }
  }

  /// `fn name(a, b = 2) { … }`; the current token is `fn`.
  mutating func parseFunction() throws(Abandoned) -> FunctionSyntax {
    let lines = documentation[index]
    return try inFunction(documentation: lines) { parser throws(Abandoned) in
      parser.advance()
      var name: String?
      if case .name(let given) = parser.token.kind {
        name = given
        parser.advance()
      }
      guard parser.token.isSymbol(.openParenthesis) else {
        throw parser.failExpected("(", help: "functions are written fn name(a, b = 2) { … }")
      }
      let parameters = try parser.parseParameters()
      return (name, parameters, .block(try parser.parseBlock(after: "fn \(name ?? "")(…)")))
    }
  }

  /// Runs `body` in the context of a new function.
  private mutating func inFunction(
    documentation lines: [String]? = nil,
    _ body: (inout Parser) throws(Abandoned) -> (String?, [ParameterSyntax], FunctionSyntax.Body)
  ) throws(Abandoned) -> FunctionSyntax {
    let start = token.range.lowerBound
    let outer = context
    let inner = FunctionContext(parent: outer)
    context = inner
    defer {
      context = outer
      for name in inner.mentioned { outer.mention(name) }
      outer.mentionedInside.formUnion(inner.mentioned)
    }
    let (name, parameters, block) = try body(&self)
    return FunctionSyntax(
      name: name, range: start..<previousEnd, parameters: parameters, body: block, assigned: inner.assigned,
      mentionedInside: inner.mentionedInside, documentation: lines.map(Documentation.init(lines:)))
  }

  /// `(a, b = 2, *rest, key = 1)` or `(a, *, key)`; the current token is the parenthesis.
  private mutating func parseParameters() throws(Abandoned) -> [ParameterSyntax] {
    let open = token
    advance()
    return try bracketed(open, .closeParenthesis, or: ",") { parser throws(Abandoned) in
      var parameters: [ParameterSyntax] = []
      var star: Range<Int>?
      while !parser.token.isSymbol(.closeParenthesis) {
        var kind: ParameterKind = star == nil ? .positional : .byName
        let mark = parser.token.range
        if parser.take(.times) {
          parser.roles.prefixes.insert(mark.lowerBound)
          if star != nil {
            throw parser.fail(.syntax, "a second * in the parameters", at: mark, help: "one *rest takes all arguments")
          }
          star = mark
          if parser.take(.comma) { continue }
          if parser.token.isSymbol(.closeParenthesis) { break }
          kind = .rest
        }
        parameters.append(try parser.parseParameter(kind, after: parameters))
        guard parser.take(.comma) else { break }
      }
      if let star, case .positional? = parameters.last?.kind ?? .positional {
        throw parser.fail(
          .syntax, "nothing stands after the *", at: star,
          help: "parameters after * are given by name only: fn f(a, *, steps=10); *rest takes all further arguments")
      }
      return parameters
    }
  }

  private mutating func parseParameter(_ kind: ParameterKind, after others: [ParameterSyntax]) throws(Abandoned)
    -> ParameterSyntax
  {
    guard case .name(let name) = token.kind else { throw failExpected("the name of a parameter") }
    let range = token.range
    if others.contains(where: { $0.name == name }) {
      throw fail(.syntax, "the parameter \(name) stands twice", at: range)
    }
    context.assign(name)
    advance()
    if case .rest = kind, token.isSymbol(.assign) {
      throw fail(.syntax, "*\(name) has no default", at: token.range, help: "without further arguments it is []")
    }
    let standard = take(.assign) ? try parseExpression() : nil
    if standard == nil, case .positional = kind, others.last?.standard != nil {
      throw fail(
        .syntax, "\(name) has no default but follows one that has", at: range,
        help: "parameters with defaults come last, or after a * by name only")
    }
    return ParameterSyntax(name: name, range: range, standard: standard, kind: kind)
  }
}
