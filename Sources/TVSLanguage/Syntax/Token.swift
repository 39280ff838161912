/// The smallest piece of a text that means something.
struct Token {
  var kind: Kind
  /// UTF-8 offsets.
  var range: Range<Int>
  /// Whether a newline stands between the token before and this one.
  var startsLine: Bool
  /// Whether white space or a newline stands before it.
  var followsSpace: Bool

  enum Kind {
    case name(String)
    case keyword(Keyword)
    case symbol(Symbol)
    case number(Double)
    case string(String)
    case template([TemplatePiece])
    /// Something that was already reported.
    case invalid
    case end
  }

  func isSymbol(_ symbol: Symbol) -> Bool {
    if case .symbol(symbol) = kind { true } else { false }
  }

  func isKeyword(_ keyword: Keyword) -> Bool {
    if case .keyword(keyword) = kind { true } else { false }
  }
}

/// A piece of an f-string.
enum TemplatePiece {
  case text(String)
  /// An expression to be scanned at these offsets, and the offsets of what follows its colon.
  case expression(Range<Int>, format: Range<Int>?)
}

/// Words that cannot be names.
enum Keyword: String, CaseIterable {
  case `if`, `else`, `for`, `in`, `while`, `break`, `continue`, fn, `return`, `try`, `catch`, `import`, `as`
  case and, or, not, `true`, `false`, `nil`
}

/// Signs.
enum Symbol: String, CaseIterable {
  case pipe = "|>", arrow = "->", ellipsis = "..."
  case equal = "==", notEqual = "!=", lessOrEqual = "<=", greaterOrEqual = ">=", less = "<", greater = ">"
  case plusAssign = "+=", minusAssign = "-=", timesAssign = "*=", divideAssign = "/=", remainderAssign = "%="
  case powerAssign = "^=", productAssign = "@="
  case plus = "+", minus = "-", times = "*", divide = "/", remainder = "%", product = "@", power = "^"
  case assign = "=", comma = ",", colon = ":", semicolon = ";", dot = "."
  case openParenthesis = "(", closeParenthesis = ")", openBracket = "[", closeBracket = "]"
  case openBrace = "{", closeBrace = "}"

  /// The operator of an augmented assignment.
  var augmented: BinaryOperator? {
    switch self {
    case .plusAssign: .add
    case .minusAssign: .subtract
    case .timesAssign: .multiply
    case .divideAssign: .divide
    case .remainderAssign: .remainder
    case .powerAssign: .power
    case .productAssign: .matrixProduct
    default: nil
    }
  }
}
