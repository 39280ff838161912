/// Turns tokens into a tree: recursive descent for statements, operator precedence for expressions.
///
/// An error inside a statement is reported, the rest of the statement is skipped, and parsing goes on, so that one run
/// reports the errors of the whole text.
struct Parser {
  /// Levels of nesting that the parser follows. More would only serve to overflow the stack of a later walk.
  static let nestingLimit = 200
  /// Errors after which a text is given up.
  private static let errorLimit = 20

  let source: SourceText
  var tokens: [Token]
  var index = 0
  var diagnostics: [Diagnostic]
  var documentation: [Int: [String]]
  /// For every opening bracket the index of the token that closes it, for the others -1.
  var closers: [Int]
  /// Brackets around the current token inside which newlines mean nothing.
  var brackets: [Token] = []
  var depth = 0
  var context = FunctionContext(parent: nil)

  /// Thrown when a statement cannot be parsed further; the error is already in ``diagnostics``.
  struct Abandoned: Error {}

  init(_ source: SourceText) {
    self.source = source
    var scanner = Scanner(source)
    tokens = scanner.scan()
    diagnostics = scanner.diagnostics
    documentation = scanner.documentation
    closers = Self.closers(of: tokens)
  }

  /// Parses a whole text.
  ///
  /// - Returns: its statements, and what is wrong with it in the order of the text.
  static func parse(_ source: SourceText) -> (statements: [Statement], diagnostics: [Diagnostic]) {
    guard source.bytes.count < Int(Int32.max) else {
      let message = "this text is longer than 2 GB"
      return ([], [Diagnostic(.syntax, message, range: source.range(0..<0), help: "cut it into modules")])
    }
    var parser = Parser(source)
    let statements = parser.parseStatements(until: nil)
    return (statements, parser.sortedDiagnostics)
  }

  private var sortedDiagnostics: [Diagnostic] {
    let sorted = diagnostics.enumerated().sorted { a, b in
      (a.element.range?.lower ?? 0, a.offset) < (b.element.range?.lower ?? 0, b.offset)
    }
    return sorted.map(\.element)
  }

  /// Pairs up brackets; a bracket that fits none is left alone and reported by the parser.
  static func closers(of tokens: [Token]) -> [Int] {
    var closers = [Int](repeating: -1, count: tokens.count)
    var open: [(index: Int, closer: Symbol)] = []
    for (index, token) in tokens.enumerated() {
      guard case .symbol(let symbol) = token.kind else { continue }
      switch symbol {
      case .openParenthesis: open.append((index, .closeParenthesis))
      case .openBracket: open.append((index, .closeBracket))
      case .openBrace: open.append((index, .closeBrace))
      case .closeParenthesis, .closeBracket, .closeBrace:
        if let last = open.last, last.closer == symbol {
          closers[last.index] = index
          open.removeLast()
        }
      default: break
      }
    }
    return closers
  }

  // MARK: - Tokens

  var token: Token { tokens[index] }
  var following: Token { tokens[min(index + 1, tokens.count - 1)] }
  var previousEnd: Int { index > 0 ? tokens[index - 1].range.upperBound : 0 }

  /// Whether the current token begins a new line that matters.
  var isNewLine: Bool { token.startsLine && brackets.isEmpty }

  mutating func advance() {
    if index < tokens.count - 1 { index += 1 }
  }

  mutating func take(_ symbol: Symbol) -> Bool {
    guard token.isSymbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func take(_ keyword: Keyword) -> Bool {
    guard token.isKeyword(keyword) else { return false }
    advance()
    return true
  }

  // MARK: - Errors

  /// Reports an error and gives up the statement.
  mutating func fail(
    _ code: ErrorCode = .syntax, _ message: String, at range: Range<Int>, label: String? = nil, help: String? = nil
  ) -> Abandoned {
    diagnostics.append(Diagnostic(code, message, range: source.range(range), label: label, help: help))
    return Abandoned()
  }

  /// Reports that something else was expected at the current token.
  mutating func failExpected(_ what: String, help: String? = nil) -> Abandoned {
    switch token.kind {
    case .invalid: return Abandoned()
    case .end:
      let isOpen = brackets.last
      let range = isOpen?.range ?? max(0, previousEnd - 1)..<previousEnd
      let message =
        isOpen.map { "this \(source.text($0.range)) is not closed" } ?? "the text ends where \(what) is expected"
      diagnostics.append(
        Diagnostic(
          isOpen == nil ? .syntax : .unclosed, message, range: source.range(range), help: help, isAtEnd: true))
      return Abandoned()
    default:
      // A bracket that nothing closes is the cause when the next line does not fit into it.
      if token.startsLine, let open = brackets.last, isNeverClosed(open) {
        let text = source.text(open.range)
        return fail(
          .unclosed, "this \(text) is not closed", at: open.range, help: "close it before the next line begins")
      }
      var help = help
      if help == nil, let open = brackets.last {
        let range = source.range(open.range)
        help = "the \(range.text) of line \(range.line), column \(range.column) is still open"
      }
      return fail(.syntax, "\(what) is expected before \(described(token))", at: token.range, help: help)
    }
  }

  private func isNeverClosed(_ open: Token) -> Bool {
    guard let index = tokens.firstIndex(where: { $0.range.lowerBound == open.range.lowerBound }) else { return false }
    return closers[index] < 0
  }

  func described(_ token: Token) -> String {
    switch token.kind {
    case .end: "the end of the text"
    case .string, .template: "the string \(source.text(token.range))"
    case .number: "the number \(source.text(token.range))"
    default: source.text(token.range)
    }
  }

  mutating func expect(_ symbol: Symbol, or alternative: String? = nil, help: String? = nil) throws(Abandoned) {
    if take(symbol) { return }
    throw failExpected((alternative.map { $0 + " or " } ?? "") + symbol.rawValue, help: help)
  }

  /// Runs `body` one level deeper.
  mutating func nested<T>(_ body: (inout Parser) throws(Abandoned) -> T) throws(Abandoned) -> T {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.nestingLimit {
      throw fail(
        .syntax, "the text is nested more than \(Self.nestingLimit) levels deep", at: token.range,
        help: "give the inner parts names of their own")
    }
    return try body(&self)
  }

  /// Runs `body` between the bracket just taken and `close`; newlines mean nothing there.
  mutating func bracketed<T>(
    _ open: Token, _ close: Symbol, or alternative: String?, _ body: (inout Parser) throws(Abandoned) -> T
  ) throws(Abandoned) -> T {
    brackets.append(open)
    let height = brackets.count
    defer { if brackets.count >= height { brackets.removeLast(brackets.count - height + 1) } }
    let result = try body(&self)
    try expect(close, or: alternative)
    return result
  }

  /// Skips to where the next statement may begin.
  mutating func recover(in block: Bool) {
    brackets = []
    while true {
      switch token.kind {
      case .end: return
      case .symbol(.semicolon): return
      case .symbol(.closeBrace) where block: return
      case .symbol(.openBrace) where closers[index] > index: index = closers[index]
      default: break
      }
      advance()
      if token.startsLine, !token.isSymbol(.closeBrace) || block { return }
    }
  }

  var hasGivenUp: Bool { diagnostics.count >= Self.errorLimit }
}

/// What the parser learns about the function whose body it is in.
final class FunctionContext {
  let parent: FunctionContext?
  private(set) var assigned: [String] = []
  private var isAssigned: Set<String> = []
  private(set) var mentioned: Set<String> = []
  var mentionedInside: Set<String> = []
  /// Loops around the current statement.
  var loops = 0
  /// Expressions around the current statement that wait for the value of a block.
  var valueBlocks = 0

  init(parent: FunctionContext?) { self.parent = parent }

  func assign(_ name: String) {
    if isAssigned.insert(name).inserted { assigned.append(name) }
    mentioned.insert(name)
  }

  func mention(_ name: String) { mentioned.insert(name) }
}
