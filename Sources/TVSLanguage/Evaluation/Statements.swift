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
}

final class BlockNode {
  let statements: [StatementNode]
  init(_ statements: [StatementNode]) { self.statements = statements }

  func execute(_ frame: Frame) throws -> Flow {
    for statement in statements {
      let flow = try statement.execute(frame)
      if flow != .next { return flow }
    }
    return .next
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
    frame.result = try expression?.evaluate(frame) ?? .nil
    return flow
  }
}

final class LoopExitNode: StatementNode {
  let flow: Flow
  init(_ flow: Flow, _ range: SourceRange) {
    self.flow = flow
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow { flow }
}

final class IfNode: StatementNode {
  let branches: [(ExpressionNode, BlockNode)]
  let otherwise: BlockNode?

  init(_ branches: [(ExpressionNode, BlockNode)], otherwise: BlockNode?, _ range: SourceRange) {
    self.branches = branches
    self.otherwise = otherwise
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    for (condition, block) in branches where try condition.condition(frame) { return try block.execute(frame) }
    return try otherwise?.execute(frame) ?? .next
  }
}

final class WhileNode: StatementNode {
  let condition: ExpressionNode
  let body: BlockNode

  init(_ condition: ExpressionNode, _ body: BlockNode, _ range: SourceRange) {
    self.condition = condition
    self.body = body
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    while try condition.condition(frame) {
      let flow = try body.execute(frame)
      if flow == .broken { break }
      if flow == .returned { return flow }
      if Cancellation.isRequested { throw Stopped(cause: .now(), range: condition.range) }
    }
    return .next
  }
}

extension Interrupted {
  /// What an interruption that arrived just now stops.
  static func now() -> Interrupted {
    do throws(Interrupted) {
      try Cancellation.check()
      return Interrupted(activity: "")
    } catch {
      return error
    }
  }
}

final class ForNode: StatementNode {
  let target: TargetNode
  let sequence: ExpressionNode
  let body: BlockNode

  init(_ target: TargetNode, _ sequence: ExpressionNode, _ body: BlockNode, _ range: SourceRange) {
    self.target = target
    self.sequence = sequence
    self.body = body
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    var result = Flow.next
    let place = (target as? VariableTarget)?.variable.pointer(frame)
    try Iteration.forEach(in: sequence, as: target, frame) { item in
      if let place { place.pointee = item } else { try target.assign(item, frame) }
      let flow = try body.execute(frame)
      if flow == .returned { result = flow }
      return flow == .next || flow == .continued
    }
    return result
  }
}

/// Visiting the elements of a value.
enum Iteration {
  /// Calls `body` with each element until it answers false.
  static func forEach(
    in sequence: ExpressionNode, as target: TargetNode, _ frame: Frame, _ body: (Value) throws -> Bool
  ) throws {
    if let call = sequence as? CallNode, let next = try call.elementsOnDemand(frame) {
      while let item = next() {
        if Cancellation.isRequested { throw Stopped(cause: .now(), range: sequence.range) }
        if !(try body(item)) { return }
      }
      return
    }
    let items = try elements(
      of: try sequence.evaluate(frame), pairs: (target as? SeveralTarget)?.targets.count == 2, frame, sequence.range)
    for item in items {
      if Cancellation.isRequested { throw Stopped(cause: .now(), range: sequence.range) }
      if !(try body(item)) { return }
    }
  }

  /// The elements that `for` visits: of a record its keys, or with two targets its keys and values.
  static func elements(of value: Value, pairs: Bool, _ frame: Frame, _ range: SourceRange) throws -> [Value] {
    switch value {
    case .list(let elements): return elements
    case .string(let text): return text.map { .string(String($0)) }
    case .record(let fields):
      return pairs ? fields.map { .list([.string($0.key), $0.value]) } : fields.keys.map { .string($0) }
    case .native(let native):
      do {
        if let elements = try native.elements() { return elements }
      } catch {
        throw frame.interpreter.located(error, at: range) { _ in nil }
      }
    default: break
    }
    var help: String?
    if let number = value.wholeNumber { help = "to count, write range(\(number))" }
    throw RuntimeFailure(ErrorReport(.notSupported, "\(value.article) has no elements to visit", help: help), at: range)
  }
}

final class TryNode: StatementNode {
  let body: BlockNode
  let variable: TargetNode?
  let handler: BlockNode

  init(_ body: BlockNode, _ variable: TargetNode?, _ handler: BlockNode, _ range: SourceRange) {
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
