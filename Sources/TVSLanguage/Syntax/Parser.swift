/// Turns tokens into a tree: recursive descent for statements, operator precedence for expressions.
///
/// An error inside a statement is reported, the rest of the statement is skipped, and parsing goes on, so that one run
/// reports the errors of the whole text.
struct Parser {
  /// Levels of nesting that the parser follows. More would only serve to overflow the stack of a later walk.
  static let nestingLimit = 200
  /// Errors of one text that are reported.
  private static let errorLimit = 10

  let source: SourceText
  var tokens: [Token]
  var index = 0
  var diagnostics: [Diagnostic]
  var documentation: [Int: [String]]
  /// For every opening bracket the index of the token that closes it, for the others -1.
  var closers: [Int]
  /// Brackets around the current token inside which newlines mean nothing.
  var brackets: [Token] = []
  /// Where the outermost bracket around the last error closes, if it does: what is wrong inside ends there.
  private var resumption: Int?
  var depth = 0
  var context = FunctionContext(parent: nil)
  /// Noted for the formatter.
  var roles = TokenRoles()

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
    let (statements, diagnostics, _) = parseWithRoles(source)
    return (statements, diagnostics)
  }

  /// Parses a whole text and tells what its tokens are.
  static func parseWithRoles(_ source: SourceText)
    -> (statements: [Statement], diagnostics: [Diagnostic], roles: TokenRoles)
  {
    guard source.bytes.count < Int(Int32.max) else {
      let message = "this text is longer than 2 GB"
      let range = source.range(0..<0)
      return ([], [Diagnostic(.syntax, message, range: range, help: "cut it into modules")], TokenRoles())
    }
    var parser = Parser(source)
    let statements = parser.parseStatements(until: nil)
    return (statements, parser.sortedDiagnostics, parser.roles)
  }

  /// The errors in the order of the text, the first of each line: those after it mostly follow from it.
  private var sortedDiagnostics: [Diagnostic] {
    let sorted = diagnostics.enumerated().sorted { a, b in
      (a.element.range?.lower ?? 0, a.offset) < (b.element.range?.lower ?? 0, b.offset)
    }
    var kept: [Diagnostic] = []
    var lineEnd = -1
    for (_, diagnostic) in sorted {
      let start = diagnostic.range?.lower ?? 0
      // That the text ends too early decides whether a prompt goes on, so it is never left out.
      if start <= lineEnd, !diagnostic.isAtEnd { continue }
      if let bounds = diagnostic.range?.lineBounds { lineEnd = bounds.upperBound }
      kept.append(diagnostic)
      if kept.count == Self.errorLimit { break }
    }
    return kept
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
    noteBracket()
    return Abandoned()
  }

  private mutating func noteBracket() {
    guard let open = brackets.first,
      let index = tokens.firstIndex(where: { $0.range.lowerBound == open.range.lowerBound })
    else { return resumption = nil }
    resumption = closers[index]
  }

  /// Reports that something else was expected at the current token.
  mutating func failExpected(_ what: String, help: String? = nil) -> Abandoned {
    switch token.kind {
    case .invalid:
      noteBracket()
      return Abandoned()
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
      if let foreign = foreignWord() { return foreign }
      var help = help
      if help == nil, let open = brackets.last {
        let range = source.range(open.range)
        help = "the \(range.text) of line \(range.line), column \(range.column) is still open"
      }
      return fail(.syntax, "\(what) is expected before \(described(token))", at: token.range, help: help)
    }
  }

  /// Reports the word before the current token if that is one of other languages: `lambda` is a name as good as any, until
  /// something follows that cannot follow a name.
  mutating func foreignWord() -> Abandoned? {
    guard index > 0, case .name(let word) = tokens[index - 1].kind, let advice = Habits.words[word] else { return nil }
    return fail(.syntax, "\(word) is a word of other languages", at: tokens[index - 1].range, help: advice)
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
  ///
  /// - Parameter first: the token with which the statement began.
  mutating func recover(in block: Bool, from first: Token) {
    brackets = []
    defer { resumption = nil }
    if let resumption, resumption >= index {
      index = resumption
    } else if resumption != nil, token.startsLine, token.range.lowerBound > first.range.lowerBound {
      // The bracket closes nowhere, and this line may be sound.
      return
    }
    skipLine(in: block)
    // A line that ends with a colon has its block below it, deeper in, as Python has.
    guard index > 0, tokens[index - 1].isSymbol(.colon) else { return }
    let indent = indent(of: first)
    while token.startsLine, self.indent(of: token) > indent || continuesForeignStatement, !isAtEnd {
      if block, token.isSymbol(.closeBrace) { return }
      if !take(.semicolon) { skipLine(in: block) }
    }
  }

  private mutating func skipLine(in block: Bool) {
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

  private var isAtEnd: Bool { if case .end = token.kind { true } else { false } }

  private var continuesForeignStatement: Bool {
    if token.isKeyword(.else) { return true }
    if case .name(let name) = token.kind { return Habits.continuations.contains(name) }
    return false
  }

  /// Bytes between the beginning of the line and a token.
  private func indent(of token: Token) -> Int {
    var start = token.range.lowerBound
    while start > 0, source.bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
    return token.range.lowerBound - start
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
