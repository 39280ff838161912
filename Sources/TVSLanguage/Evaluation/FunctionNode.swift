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

/// The same where both branches are nothing but an expression.
final class ChoiceNode: ExpressionNode {
  let test: ExpressionNode
  let body: ExpressionNode
  let otherwise: ExpressionNode

  init(_ test: ExpressionNode, _ body: ExpressionNode, otherwise: ExpressionNode, _ range: SourceRange) {
    self.test = test
    self.body = body
    self.otherwise = otherwise
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    try test.condition(frame) ? try body.evaluate(frame) : try otherwise.evaluate(frame)
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
///
/// Whatever a call looks at is constant: reading a constant field of an object that is held counts no references.
final class FunctionCode {
  struct Parameter {
    let name: String
    let variable: Variable
    let kind: ParameterKind
    /// The default, evaluated at each call in the names of the function.
    let standard: ExpressionNode?
    let standardText: String?
  }

  /// Where the names of a function are.
  struct Room {
    var slots = 0
    /// Names of its own that inner functions mention.
    var ownCells = 0
    /// Which cells of the surrounding frame it closes over.
    var captures: [Int] = []
    /// The names of ``captures``, for session files.
    var captureNames: [String] = []
  }

  enum Body {
    /// Statements in braces.
    case block(StatementNode)
    /// What stands after an arrow, or alone in braces.
    case expression(ExpressionNode)
  }

  /// What messages and traces call a function without a name.
  static let nameless = "a lambda"

  let name: String?
  let range: SourceRange
  let documentation: Documentation?
  let parameters: [Parameter]
  let parameterCount: Int
  /// Parameters that arguments by position go to; the others follow them.
  let positionalCount: Int
  /// The parameter `*rest`.
  let rest: Parameter?
  let slots: Int
  let ownCells: Int
  let captures: [Int]
  let captureNames: [String]
  let block: StatementNode?
  let expression: ExpressionNode?
  /// Whether the parameters are the first slots in order, so that arguments by position go straight there.
  let isPlain: Bool
  let hasCells: Bool
  /// Plain and without cells: a call sets the parameters, and that is all.
  let isSimple: Bool
  /// Whose globals it reads: those of the session or of a module. A function must not keep its module alive.
  private(set) weak var scope: ModuleScope?

  /// The name for messages and traces.
  var label: String { name ?? Self.nameless }

  init(
    name: String?, _ range: SourceRange, _ documentation: Documentation?, _ parameters: [Parameter], _ room: Room,
    _ body: Body, in scope: ModuleScope
  ) {
    self.name = name
    self.range = range
    self.documentation = documentation
    self.parameters = parameters
    self.scope = scope
    parameterCount = parameters.count
    positionalCount = parameters.prefix { $0.kind == .positional }.count
    rest = parameters.first { $0.kind == .rest }
    slots = room.slots
    ownCells = room.ownCells
    captures = room.captures
    captureNames = room.captureNames
    hasCells = room.ownCells + room.captures.count > 0
    switch body {
    case .block(let block): (self.block, expression) = (block, nil)
    case .expression(let node): (block, expression) = (nil, node)
    }
    isPlain =
      positionalCount == parameters.count
      && parameters.indices.allSatisfy { index in
        if case .slot(index) = parameters[index].variable { true } else { false }
      }
    isSimple = isPlain && !hasCells
  }
}
