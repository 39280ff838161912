extension Parser {
  /// How tightly operators bind, loosest first.
  private enum Level: Int {
    case pipe = 1, or, and, not, comparison, sum, product, sign, power
  }

  /// Makes an expression, bounding the height of the tree.
  mutating func make(_ kind: Expression.Kind, _ range: Range<Int>, _ parts: [Expression]) throws(Abandoned)
    -> Expression
  {
    let height = 1 + (parts.lazy.map(\.height).max() ?? 0)
    if height > 2 * Self.nestingLimit {
      throw fail(
        .syntax, "the expression has more than \(2 * Self.nestingLimit) levels", at: range,
        help: "give its parts names, or use a loop or sum([…])")
    }
    return Expression(range: range, kind: kind, height: height)
  }

  mutating func parseExpression() throws(Abandoned) -> Expression {
    try parseOperators(Level.pipe.rawValue)
  }

  private mutating func parseOperators(_ minimum: Int) throws(Abandoned) -> Expression {
    try nested { parser throws(Abandoned) in
      var left = try parser.parsePrefix()
      while let (level, length) = parser.binaryOperator, level.rawValue >= minimum {
        left = try parser.parseBinary(left, level, length)
      }
      return left
    }
  }

  /// The operator at the current token and how many tokens it takes, if the expression goes on with it.
  private var binaryOperator: (Level, length: Int)? {
    let level: Level
    var length = 1
    switch token.kind {
    case .symbol(let symbol):
      switch symbol {
      case .pipe: level = .pipe
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: level = .comparison
      case .plus: level = .sum
      case .minus:
        // At the beginning of a line, `- x` goes on with the line before and `-x` begins a statement.
        if isNewLine, !following.followsSpace { return nil }
        level = .sum
      case .times, .divide, .remainder, .product: level = .product
      case .power: level = .power
      default: return nil
      }
    case .keyword(.or): level = .or
    case .keyword(.and): level = .and
    case .keyword(.in): level = .comparison
    case .keyword(.not):
      guard following.isKeyword(.in) else { return nil }
      level = .comparison
      length = 2
    default: return nil
    }
    return (level, length)
  }

  private mutating func parseBinary(_ left: Expression, _ level: Level, _ length: Int) throws(Abandoned) -> Expression {
    let sign = token
    let start = left.range.lowerBound
    if level == .comparison { return try parseComparison(left) }
    advance()
    // `^` groups to the right, the others to the left.
    let right = try parseOperators(level == .power ? level.rawValue : level.rawValue + 1)
    let range = start..<right.range.upperBound
    switch (level, sign.kind) {
    case (.pipe, _): return try pipe(left, into: right, range)
    case (.or, _): return try make(.or(left, right), range, [left, right])
    case (.and, _): return try make(.and(left, right), range, [left, right])
    case (_, .symbol(let symbol)):
      guard let operation = BinaryOperator(rawValue: symbol.rawValue) else { throw Abandoned() }
      return try make(.binary(operation, left, right, sign: sign.range), range, [left, right])
    default: throw Abandoned()
    }
  }

  /// `x |> f` is `f(x)`, `x |> f(y)` is `f(x, y)`.
  private mutating func pipe(_ value: Expression, into function: Expression, _ range: Range<Int>) throws(Abandoned)
    -> Expression
  {
    let first = Argument(name: nil, nameRange: value.range, value: value)
    if case .call(let callee, let arguments, isPiped: false) = function.kind {
      return try make(.call(callee, [first] + arguments, isPiped: true), range, [function, value])
    }
    return try make(.call(function, [first], isPiped: true), range, [function, value])
  }

  private mutating func parseComparison(_ first: Expression) throws(Abandoned) -> Expression {
    var operands = [first]
    var operators: [ComparisonOperator] = []
    while let (level, length) = binaryOperator, level == .comparison {
      switch token.kind {
      case .symbol(let symbol): operators.append(.relation(BinaryOperator(rawValue: symbol.rawValue) ?? .equal))
      case .keyword(.not): operators.append(.notContained)
      default: operators.append(.contained)
      }
      for _ in 0..<length { advance() }
      operands.append(try parseOperators(Level.sum.rawValue))
    }
    return try make(.comparison(operands, operators), first.range.lowerBound..<previousEnd, operands)
  }

  // MARK: - Operands

  private mutating func parsePrefix() throws(Abandoned) -> Expression {
    let start = token.range.lowerBound
    if take(.not) {
      let operand = try parseOperators(Level.comparison.rawValue)
      return try make(.unary(.not, operand), start..<previousEnd, [operand])
    }
    if take(.minus) {
      roles.prefixes.insert(start)
      let operand = try parseOperators(Level.power.rawValue)
      if case .literal(.number(let number)) = operand.kind {
        return try make(.literal(.number(-number)), start..<previousEnd, [])
      }
      return try make(.unary(.negate, operand), start..<previousEnd, [operand])
    }
    if token.isSymbol(.plus) {
      throw fail(.syntax, "a number has no leading +", at: token.range, help: "leave it out")
    }
    return try parsePostfix(try parsePrimary())
  }

  /// Calls, indices and fields.
  private mutating func parsePostfix(_ operand: Expression) throws(Abandoned) -> Expression {
    var operand = operand
    while true {
      let open = token
      if token.isSymbol(.openParenthesis), !isNewLine {
        advance()
        let arguments = try bracketed(open, .closeParenthesis, or: ",") { parser throws(Abandoned) in
          try parser.parseArguments()
        }
        operand = try make(
          .call(operand, arguments, isPiped: false), operand.range.lowerBound..<previousEnd,
          [operand] + arguments.map(\.value))
      } else if token.isSymbol(.openBracket), !isNewLine {
        advance()
        let subscripts = try bracketed(open, .closeBracket, or: ",") { parser throws(Abandoned) in
          try parser.parseSubscripts()
        }
        operand = try make(.index(operand, subscripts), operand.range.lowerBound..<previousEnd, [operand])
      } else if token.isSymbol(.dot) {
        advance()
        guard let name = wordHere else { throw failExpected("the name of a field") }
        let nameRange = token.range
        advance()
        operand = try make(
          .field(operand, name, nameRange: nameRange), operand.range.lowerBound..<previousEnd, [operand])
      } else {
        return operand
      }
    }
  }

  /// A name, or a keyword where only a name can stand: after a point, before the `=` of an argument or the `:` of a key.
  var wordHere: String? {
    switch token.kind {
    case .name(let name): name
    case .keyword(let keyword): keyword.rawValue
    default: nil
    }
  }

  private mutating func parseArguments() throws(Abandoned) -> [Argument] {
    var arguments: [Argument] = []
    while !token.isSymbol(.closeParenthesis) {
      let start = token.range.lowerBound
      if take(.ellipsis) {
        let value = try parseExpression()
        let spread = try make(.spread(value), start..<previousEnd, [value])
        arguments.append(Argument(name: nil, nameRange: spread.range, value: spread))
      } else if let name = wordHere, following.isSymbol(.assign) {
        let nameRange = token.range
        roles.argumentSigns.insert(following.range.lowerBound)
        advance()
        advance()
        arguments.append(Argument(name: name, nameRange: nameRange, value: try parseExpression()))
      } else {
        let value = try parseExpression()
        if token.isSymbol(.assign) {
          throw fail(.syntax, "this is not the name of an argument", at: value.range, help: "to compare, write ==")
        }
        if let named = arguments.last(where: { $0.name != nil }), let name = named.name {
          throw fail(
            .syntax, "an argument by position follows \(name)=…", at: value.range,
            help: "arguments by position come first, those by name after them")
        }
        arguments.append(Argument(name: nil, nameRange: value.range, value: value))
      }
      guard take(.comma) else { break }
    }
    return arguments
  }

  private mutating func parseSubscripts() throws(Abandoned) -> [SubscriptSyntax] {
    var subscripts: [SubscriptSyntax] = []
    if token.isSymbol(.closeBracket) {
      throw fail(
        .syntax, "nothing stands between the brackets", at: token.range, help: "write an index such as x[0], or x[:]")
    }
    while !token.isSymbol(.closeBracket) {
      let start = token.range.lowerBound
      var bounds: [Expression?] = [nil]
      var colons = 0
      if !token.isSymbol(.colon) { bounds[0] = try parseExpression() }
      while colons < 2, token.isSymbol(.colon) {
        roles.sliceColons.insert(token.range.lowerBound)
        advance()
        colons += 1
        let isOpen = token.isSymbol(.colon) || token.isSymbol(.comma) || token.isSymbol(.closeBracket)
        bounds.append(isOpen ? nil : try parseExpression())
      }
      let range = start..<previousEnd
      if colons == 0, let value = bounds[0] {
        subscripts.append(SubscriptSyntax(range: range, kind: .value(value)))
      } else {
        let kind = SubscriptSyntax.Kind.slice(from: bounds[0], to: bounds[1], step: bounds.count > 2 ? bounds[2] : nil)
        subscripts.append(SubscriptSyntax(range: range, kind: kind))
      }
      guard take(.comma) else { break }
    }
    return subscripts
  }

  private mutating func parsePrimary() throws(Abandoned) -> Expression {
    let start = token
    switch start.kind {
    case .number(let number): return try literal(.number(number))
    case .string(let text): return try literal(.string(text))
    case .keyword(.true): return try literal(.bool(true))
    case .keyword(.false): return try literal(.bool(false))
    case .keyword(.nil): return try literal(.nil)
    case .template(let pieces): return try parseTemplate(pieces)
    case .name(let name):
      if following.isSymbol(.arrow) { return try parseLambda() }
      advance()
      context.mention(name)
      return try make(.name(name), start.range, [])
    case .symbol(.openParenthesis):
      let closer = closers[index]
      if closer > index, closer + 1 < tokens.count, tokens[closer + 1].isSymbol(.arrow) { return try parseLambda() }
      return try parseParenthesized()
    case .symbol(.openBracket): return try parseList()
    case .symbol(.openBrace): return try parseRecord()
    case .keyword(.fn): return try make(.function(try parseFunction()), start.range.lowerBound..<previousEnd, [])
    case .keyword(.if): return try parseConditional()
    case .keyword(.else): throw failExpected("a value", help: "an else stands straight after the } of its if")
    default: throw failExpected("a value")
    }
  }

  private mutating func literal(_ value: Value) throws(Abandoned) -> Expression {
    let range = token.range
    advance()
    return try make(.literal(value), range, [])
  }

  private mutating func parseParenthesized() throws(Abandoned) -> Expression {
    let open = token
    advance()
    var elements: [Expression] = []
    var isTuple = false
    try bracketed(open, .closeParenthesis, or: nil) { parser throws(Abandoned) in
      while !parser.token.isSymbol(.closeParenthesis) {
        elements.append(try parser.parseExpression())
        guard parser.take(.comma) else { break }
        isTuple = true
      }
    }
    let range = open.range.lowerBound..<previousEnd
    guard let first = elements.first else {
      throw fail(.syntax, "nothing stands between the parentheses", at: range, help: "an empty list is written []")
    }
    if isTuple {
      if token.isSymbol(.assign) || token.isSymbol(.comma) { return try make(.tuple(elements), range, elements) }
      throw fail(.syntax, "values in parentheses are not a list", at: range, help: "a list is written [a, b]")
    }
    // A call in parentheses is a value: x |> (f(y)) applies what f(y) gives.
    if case .call(let callee, let arguments, _) = first.kind {
      return try make(.call(callee, arguments, isPiped: true), range, [first])
    }
    return Expression(range: range, kind: first.kind, height: first.height)
  }

  /// `if c { a } else { b }` as a value.
  private mutating func parseConditional() throws(Abandoned) -> Expression {
    let start = token.range.lowerBound
    let loops = context.loops
    context.loops = 0
    context.valueBlocks += 1
    let outer = brackets
    brackets = []
    defer {
      context.loops = loops
      context.valueBlocks -= 1
      brackets = outer
    }
    let (branches, otherwise) = try parseBranches()
    return try make(.conditional(branches, otherwise: otherwise), start..<previousEnd, branches.map(\.condition))
  }
}
