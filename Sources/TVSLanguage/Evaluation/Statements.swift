import Checkpoints

/// How a statement ended.
enum Flow {
  case next, broken, continued, returned
}

/// A statement ready to run.
class StatementNode {
  let range: SourceRange
  init(_ range: SourceRange) { self.range = range }
  func execute(_ frame: Frame) throws -> Flow { .next }
  /// The statement as an expression, if it is nothing else: its value then need not pass through the frame.
  var expressed: ExpressionNode? { nil }
}

/// Two statements, one after the other.
///
/// The statements of a block are the leaves of a balanced tree of these: a call through a constant field counts no
/// references, and a walk along an array does.
final class SequenceNode: StatementNode {
  let first: StatementNode
  let second: StatementNode

  init(_ first: StatementNode, _ second: StatementNode) {
    self.first = first
    self.second = second
    super.init(first.range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    let flow = try first.execute(frame)
    return flow == .next ? try second.execute(frame) : flow
  }

  /// The statements as one.
  static func joining(_ statements: ArraySlice<StatementNode>, _ range: SourceRange) -> StatementNode {
    guard let first = statements.first else { return StatementNode(range) }
    if statements.count == 1 { return first }
    let middle = statements.startIndex + statements.count / 2
    return SequenceNode(joining(statements[..<middle], range), joining(statements[middle...], range))
  }
}

/// An expression whose value nobody sees.
final class DiscardNode: StatementNode {
  let expression: ExpressionNode
  init(_ expression: ExpressionNode) {
    self.expression = expression
    super.init(expression.range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    _ = try expression.evaluate(frame)
    return .next
  }
}

/// An expression at the top of a script or prompt: its value is shown.
final class ShowNode: StatementNode {
  let expression: ExpressionNode
  init(_ expression: ExpressionNode) {
    self.expression = expression
    super.init(expression.range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    var value = try expression.evaluate(frame)
    expression.stamp(&value)
    frame.interpreter.show(value)
    return .next
  }
}

/// The last expression of a function or of a block that gives a value.
final class ResultNode: StatementNode {
  let expression: ExpressionNode?
  let flow: Flow
  init(_ expression: ExpressionNode?, flow: Flow, _ range: SourceRange) {
    self.expression = expression
    self.flow = flow
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    frame.setResult(try expression?.evaluate(frame) ?? .nil)
    return flow
  }

  override var expressed: ExpressionNode? { flow == .next ? expression : nil }
}

final class LoopExitNode: StatementNode {
  let flow: Flow
  init(_ flow: Flow, _ range: SourceRange) {
    self.flow = flow
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow { flow }
}

/// `if c { } else …`; a further `else if` is an `if` of its own in the place of the `else`.
final class IfNode: StatementNode {
  let condition: ExpressionNode
  let body: StatementNode
  let otherwise: StatementNode

  init(_ condition: ExpressionNode, _ body: StatementNode, otherwise: StatementNode, _ range: SourceRange) {
    self.condition = condition
    self.body = body
    self.otherwise = otherwise
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    try condition.condition(frame) ? try body.execute(frame) : try otherwise.execute(frame)
  }

  override var expressed: ExpressionNode? {
    guard let body = body.expressed, let otherwise = otherwise.expressed else { return nil }
    return ChoiceNode(condition, body, otherwise: otherwise, range)
  }
}

final class TryNode: StatementNode {
  let body: StatementNode
  let variable: TargetNode?
  let handler: StatementNode

  init(_ body: StatementNode, _ variable: TargetNode?, _ handler: StatementNode, _ range: SourceRange) {
    self.body = body
    self.variable = variable
    self.handler = handler
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    do {
      return try body.execute(frame)
    } catch let failure as RuntimeFailure {
      // Only errors of the program are caught: an interruption and exit(n) pass.
      let diagnostic = failure.diagnostic
      try variable?.assign(
        .record([
          "code": .string(diagnostic.code.description), "message": .string(diagnostic.message),
          "help": diagnostic.help.map { .string($0) } ?? .nil,
          "place": diagnostic.range.map { .string($0.place) } ?? .nil,
        ]), frame)
    }
    return try handler.execute(frame)
  }
}

final class AssertNode: StatementNode {
  let condition: ExpressionNode
  let message: ExpressionNode?

  init(_ condition: ExpressionNode, _ message: ExpressionNode?, _ range: SourceRange) {
    self.condition = condition
    self.message = message
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    if try condition.condition(frame) { return .next }
    let text = try message?.evaluate(frame).plainText
    throw RuntimeFailure(
      ErrorReport(
        .assertion, text ?? "the assertion does not hold", label: try comparedValues(frame) ?? "this is false"),
      at: condition.range)
  }

  /// `3 == 4` for `assert len(xs) == n`. The operands are evaluated again only if that has no effect: names, fields
  /// and literals.
  private func comparedValues(_ frame: Frame) throws -> String? {
    guard let comparison = condition as? ComparisonNode, comparison.left.isPlain, comparison.right.isPlain else {
      return nil
    }
    let left = try comparison.left.evaluate(frame).summary(limit: 30)
    let right = try comparison.right.evaluate(frame).summary(limit: 30)
    return "\(left) \(comparison.operation.rawValue) \(right) is false"
  }
}

extension ExpressionNode {
  fileprivate var isPlain: Bool {
    self is LiteralNode || self is LocalNode || self is GlobalNode || self is CapturedNode
  }

  /// Lets a value of another room remember the expression that made it.
  func stamp(_ value: inout Value) {
    guard case .native(let native) = value, native.provenance == nil else { return }
    value = .native(native.stamped(Provenance(expression: range.text)))
  }
}

final class ImportNode: StatementNode {
  let syntax: ImportSyntax
  let target: TargetNode
  let pathRange: SourceRange

  init(_ syntax: ImportSyntax, _ target: TargetNode, pathRange: SourceRange, _ range: SourceRange) {
    self.syntax = syntax
    self.target = target
    self.pathRange = pathRange
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    let module = try frame.interpreter.loadModule(syntax, at: pathRange)
    try target.assign(.module(module), frame)
    return .next
  }
}
