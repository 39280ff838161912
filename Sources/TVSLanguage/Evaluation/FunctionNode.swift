/// `if c { a } else { b }` as a value.
final class ConditionalNode: ExpressionNode {
  let statement: StatementNode

  init(_ statement: StatementNode, _ range: SourceRange) {
    self.statement = statement
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    _ = try statement.execute(frame)
    return frame.takeResult()
  }
}

/// A function or lambda where it is written: closes over the names around it.
final class FunctionNode: ExpressionNode {
  let code: FunctionCode

  init(_ code: FunctionCode, _ range: SourceRange) {
    self.code = code
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    .function(FunctionValue(code: code, cells: code.captures.isEmpty ? [] : code.captures.map { frame.cells[$0] }))
  }
}

/// A function of the language, ready to run.
final class FunctionCode {
  struct Parameter {
    let name: String
    let variable: Variable
    let kind: ParameterKind
    /// The default, evaluated at each call in the names of the function.
    let standard: ExpressionNode?
    let standardText: String?
  }

  let name: String?
  let range: SourceRange
  let documentation: Documentation?
  var parameters: [Parameter] = []
  var parameterCount: Int { parameters.count }
  /// Parameters that arguments by position go to; the others follow them.
  private(set) var positionalCount = 0
  /// The parameter `*rest`.
  private(set) var rest: Parameter?
  var slots = 0
  /// Names of its own that inner functions mention.
  var ownCells = 0
  /// Which cells of the surrounding frame it closes over.
  var captures: [Int] = []
  /// The names of ``captures``, for session files.
  var captureNames: [String] = []
  /// Whose globals it reads: those of the session or of a module. A function must not keep its module alive.
  weak var scope: ModuleScope?
  /// The body in braces …
  var block: StatementNode
  /// … or what stands after an arrow.
  var expression: ExpressionNode?
  /// Whether the parameters are the first slots in order, so that arguments by position go straight there.
  private(set) var isPlain = false
  private(set) var hasCells = false

  init(name: String?, range: SourceRange, documentation: Documentation?) {
    self.name = name
    self.range = range
    self.documentation = documentation
    block = StatementNode(range)
  }

  /// Notes what calls ask for; to be called when all is known of the function.
  func prepare() {
    positionalCount = parameters.prefix { $0.kind == .positional }.count
    rest = parameters.first { $0.kind == .rest }
    hasCells = ownCells + captures.count > 0
    isPlain =
      positionalCount == parameters.count
      && parameters.indices.allSatisfy { index in
        if case .slot(index) = parameters[index].variable { true } else { false }
      }
  }
}
