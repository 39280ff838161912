import Checkpoints
import OrderedCollections

/// An expression ready to run: names are resolved to the places of their values.
///
/// The tree is made of final classes under this one, so that evaluating a node costs one indirect call.
class ExpressionNode {
  let range: SourceRange

  init(_ range: SourceRange) { self.range = range }

  func evaluate(_ frame: Frame) throws -> Value { .nil }

  /// The value as a condition.
  func condition(_ frame: Frame) throws -> Bool {
    let value = try evaluate(frame)
    if case .bool(let flag) = value { return flag }
    do throws(ErrorReport) {
      return try value.truth()
    } catch {
      throw RuntimeFailure(error, at: range)
    }
  }
}

final class LiteralNode: ExpressionNode {
  let value: Value

  init(_ value: Value, _ range: SourceRange) {
    self.value = value
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value { value }
}

// MARK: - Names

/// A name of the running function; while it has no value there, the name means what it means outside.
final class LocalNode: ExpressionNode {
  let slot: Int
  let outer: ExpressionNode

  init(slot: Int, outer: ExpressionNode, _ range: SourceRange) {
    self.slot = slot
    self.outer = outer
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    if let value = frame.slots[slot] { return value }
    return try outer.evaluate(frame)
  }
}

/// A name that functions share.
final class CapturedNode: ExpressionNode {
  let cell: Int
  let outer: ExpressionNode

  init(cell: Int, outer: ExpressionNode, _ range: SourceRange) {
    self.cell = cell
    self.outer = outer
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    if let value = frame.cells[cell].pointer.pointee { return value }
    return try outer.evaluate(frame)
  }
}

/// A global of the file, or else a builtin.
final class GlobalNode: ExpressionNode {
  let name: String
  let cell: Cell
  let pointer: UnsafeMutablePointer<Value?>
  let builtin: Cell?
  /// Names of the functions around it, for "did you mean".
  let neighbours: [String]
  let scope: ModuleScope

  init(_ name: String, in scope: ModuleScope, builtin: Cell?, neighbours: [String], _ range: SourceRange) {
    self.name = name
    self.scope = scope
    self.builtin = builtin
    self.neighbours = neighbours
    cell = scope.cell(name)
    pointer = cell.pointer
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    if let value = pointer.pointee { return value }
    if let value = builtin?.pointer.pointee { return value }
    let help = frame.interpreter.helpForUnknown(name, among: neighbours + scope.names)
    throw RuntimeFailure(ErrorReport(.unknownName, "\(name) has no value", help: help), at: range)
  }
}

// MARK: - Operators

final class BinaryNode: ExpressionNode {
  let operation: BinaryOperator
  let left: ExpressionNode
  let right: ExpressionNode

  init(_ operation: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode, _ range: SourceRange) {
    self.operation = operation
    self.left = left
    self.right = right
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let a = try left.evaluate(frame)
    let b = try right.evaluate(frame)
    if case .number(let x) = a, case .number(let y) = b {
      switch operation {
      case .add: return .number(x + y)
      case .subtract: return .number(x - y)
      case .multiply: return .number(x * y)
      case .divide where y != 0: return .number(x / y)
      default: break
      }
    }
    return try located(frame) { try Operators.apply(operation, a, b) }
  }

  func located<T>(_ frame: Frame, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch {
      throw frame.interpreter.located(error, at: range) { argument in
        argument == "left" ? left.range : argument == "right" ? right.range : nil
      }
    }
  }
}

/// One comparison; the common case of a chain.
final class ComparisonNode: ExpressionNode {
  let operation: BinaryOperator
  let left: ExpressionNode
  let right: ExpressionNode

  init(_ operation: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode, _ range: SourceRange) {
    self.operation = operation
    self.left = left
    self.right = right
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let a = try left.evaluate(frame)
    let b = try right.evaluate(frame)
    if case .number(let x) = a, case .number(let y) = b { return .bool(Self.compare(operation, x, y)) }
    return try slow(frame, a, b)
  }

  override func condition(_ frame: Frame) throws -> Bool {
    let a = try left.evaluate(frame)
    let b = try right.evaluate(frame)
    if case .number(let x) = a, case .number(let y) = b { return Self.compare(operation, x, y) }
    return try truth(of: slow(frame, a, b), at: range)
  }

  @inline(__always)
  static func compare(_ operation: BinaryOperator, _ x: Double, _ y: Double) -> Bool {
    switch operation {
    case .equal: x == y
    case .notEqual: x != y
    case .less: x < y
    case .lessOrEqual: x <= y
    case .greater: x > y
    default: x >= y
    }
  }

  private func slow(_ frame: Frame, _ a: Value, _ b: Value) throws -> Value {
    do {
      return try Operators.apply(operation, a, b)
    } catch {
      throw frame.interpreter.located(error, at: range) { [left, right] argument in
        argument == "left" ? left.range : argument == "right" ? right.range : nil
      }
    }
  }
}

/// `a < b <= c`, `x in xs`: each operand is evaluated once.
final class ComparisonChainNode: ExpressionNode {
  let operands: [ExpressionNode]
  let operators: [ComparisonOperator]

  init(_ operands: [ExpressionNode], _ operators: [ComparisonOperator], _ range: SourceRange) {
    self.operands = operands
    self.operators = operators
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var left = try operands[0].evaluate(frame)
    var result = Value.bool(true)
    for (index, comparison) in operators.enumerated() {
      let right = try operands[index + 1].evaluate(frame)
      do {
        switch comparison {
        case .relation(let operation): result = try Operators.apply(operation, left, right)
        case .contained: result = .bool(try Operators.contains(right, left))
        case .notContained: result = .bool(!(try Operators.contains(right, left)))
        }
      } catch {
        throw frame.interpreter.located(error, at: range) { [operands] argument in
          argument == "left" ? operands[index].range : argument == "right" ? operands[index + 1].range : nil
        }
      }
      if index + 1 < operators.count, !(try truth(of: result, at: range)) { return result }
      left = right
    }
    return result
  }
}

final class NegationNode: ExpressionNode {
  let operand: ExpressionNode

  init(_ operand: ExpressionNode, _ range: SourceRange) {
    self.operand = operand
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let value = try operand.evaluate(frame)
    if case .number(let number) = value { return .number(-number) }
    do {
      return try Operators.negate(value)
    } catch {
      throw frame.interpreter.located(error, at: range) { [operand] _ in operand.range }
    }
  }
}

final class NotNode: ExpressionNode {
  let operand: ExpressionNode

  init(_ operand: ExpressionNode, _ range: SourceRange) {
    self.operand = operand
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value { .bool(!(try operand.condition(frame))) }
  override func condition(_ frame: Frame) throws -> Bool { !(try operand.condition(frame)) }
}

/// `and` and `or`: the value of the operand that decides.
final class LogicNode: ExpressionNode {
  let isAnd: Bool
  let left: ExpressionNode
  let right: ExpressionNode

  init(isAnd: Bool, _ left: ExpressionNode, _ right: ExpressionNode, _ range: SourceRange) {
    self.isAnd = isAnd
    self.left = left
    self.right = right
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let value = try left.evaluate(frame)
    return try truth(of: value, at: left.range) == isAnd ? try right.evaluate(frame) : value
  }

  override func condition(_ frame: Frame) throws -> Bool {
    try left.condition(frame) == isAnd ? try right.condition(frame) : !isAnd
  }
}

/// Whether a condition counts a value as true.
func truth(of value: Value, at range: @autoclosure () -> SourceRange) throws -> Bool {
  if case .bool(let flag) = value { return flag }
  do throws(ErrorReport) {
    return try value.truth()
  } catch {
    throw RuntimeFailure(error, at: range())
  }
}

// MARK: - Collections

final class ListNode: ExpressionNode {
  let elements: [ExpressionNode]

  init(_ elements: [ExpressionNode], _ range: SourceRange) {
    self.elements = elements
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var values: [Value] = []
    values.reserveCapacity(elements.count)
    for element in elements { values.append(try element.evaluate(frame)) }
    return .list(values)
  }
}

final class RecordNode: ExpressionNode {
  let entries: [(String, ExpressionNode)]

  init(_ entries: [(String, ExpressionNode)], _ range: SourceRange) {
    self.entries = entries
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var fields: OrderedDictionary<String, Value> = [:]
    for (key, node) in entries { fields[key] = try node.evaluate(frame) }
    return .record(fields)
  }
}

final class TemplateNode: ExpressionNode {
  enum Part {
    case text(String)
    case value(ExpressionNode, FormatSpecification?)
  }

  let parts: [Part]

  init(_ parts: [Part], _ range: SourceRange) {
    self.parts = parts
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var text = ""
    for part in parts {
      switch part {
      case .text(let piece): text += piece
      case .value(let node, let format):
        let value = try node.evaluate(frame)
        guard let format else {
          text += value.plainText
          continue
        }
        do throws(ErrorReport) {
          text += try format.format(value)
        } catch {
          throw RuntimeFailure(error, at: node.range)
        }
      }
    }
    return .string(text)
  }
}

/// `[x^2 for x in xs if x > 0]`.
final class ComprehensionNode: ExpressionNode {
  let element: ExpressionNode
  let target: TargetNode
  let sequence: ExpressionNode
  let filter: ExpressionNode?

  init(
    _ element: ExpressionNode, _ target: TargetNode, _ sequence: ExpressionNode, filter: ExpressionNode?,
    _ range: SourceRange
  ) {
    self.element = element
    self.target = target
    self.sequence = sequence
    self.filter = filter
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    var values: [Value] = []
    try Iteration.forEach(in: sequence, as: target, frame) { item in
      try target.assign(item, frame)
      if try filter?.condition(frame) ?? true { values.append(try element.evaluate(frame)) }
      return true
    }
    return .list(values)
  }
}

/// `if c { a } else { b }` as a value.
final class ConditionalNode: ExpressionNode {
  let branches: [(ExpressionNode, BlockNode)]
  let otherwise: BlockNode?

  init(_ branches: [(ExpressionNode, BlockNode)], otherwise: BlockNode?, _ range: SourceRange) {
    self.branches = branches
    self.otherwise = otherwise
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    for (condition, block) in branches where try condition.condition(frame) {
      _ = try block.execute(frame)
      return frame.takeResult()
    }
    _ = try otherwise?.execute(frame)
    return frame.takeResult()
  }
}

// MARK: - Parts of values

final class SubscriptNode {
  enum Kind {
    case value(ExpressionNode)
    case slice(from: ExpressionNode?, to: ExpressionNode?, step: ExpressionNode?)
  }

  let kind: Kind
  let range: SourceRange

  init(_ kind: Kind, _ range: SourceRange) {
    self.kind = kind
    self.range = range
  }

  func evaluate(_ frame: Frame) throws -> Subscript {
    switch kind {
    case .value(let node): return .value(try node.evaluate(frame))
    case .slice(let from, let to, let step):
      return .slice(from: try bound(from, frame), to: try bound(to, frame), step: try bound(step, frame))
    }
  }

  private func bound(_ node: ExpressionNode?, _ frame: Frame) throws -> Int? {
    guard let node else { return nil }
    let value = try node.evaluate(frame)
    if case .nil = value { return nil }
    guard let whole = value.wholeNumber else {
      throw RuntimeFailure(
        ErrorReport(
          .wrongKind,
          "the bounds of a slice are whole numbers, not \(value.numberValue.map(NumberText.shortest) ?? value.article)"),
        at: node.range)
    }
    return whole
  }
}

final class IndexNode: ExpressionNode {
  let base: ExpressionNode
  let subscripts: [SubscriptNode]

  init(_ base: ExpressionNode, _ subscripts: [SubscriptNode], _ range: SourceRange) {
    self.base = base
    self.subscripts = subscripts
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let value = try base.evaluate(frame)
    if subscripts.count == 1, case .value(let node) = subscripts[0].kind {
      let index = try node.evaluate(frame)
      if case .list(let elements) = value, case .number(let number) = index, let position = Int(exactly: number),
        position >= 0, position < elements.count
      {
        return elements[position]
      }
      return try element(of: value, [.value(index)], frame)
    }
    var evaluated: [Subscript] = []
    for item in subscripts { evaluated.append(try item.evaluate(frame)) }
    return try element(of: value, evaluated, frame)
  }

  private func element(of value: Value, _ evaluated: [Subscript], _ frame: Frame) throws -> Value {
    do {
      return try Indexing.element(of: value, at: evaluated)
    } catch {
      throw frame.interpreter.located(error, at: range) { [subscripts, base] argument in
        argument == "subscripts" ? subscripts.spannedRange : argument == "base" ? base.range : nil
      }
    }
  }
}

extension [SubscriptNode] {
  /// From the first to the last one.
  var spannedRange: SourceRange? {
    guard let first, let last else { return nil }
    return SourceRange(source: first.range.source, lower: first.range.lower, upper: last.range.upper)
  }
}

final class FieldNode: ExpressionNode {
  let base: ExpressionNode
  let name: String
  let nameRange: SourceRange

  init(_ base: ExpressionNode, _ name: String, _ nameRange: SourceRange, _ range: SourceRange) {
    self.base = base
    self.name = name
    self.nameRange = nameRange
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let value = try base.evaluate(frame)
    do {
      if let field = try Indexing.field(of: value, name) { return field }
    } catch {
      throw frame.interpreter.located(error, at: range) { [nameRange] _ in nameRange }
    }
    throw RuntimeFailure(unknownField(value, frame), at: nameRange)
  }

  private func unknownField(_ value: Value, _ frame: Frame) -> ErrorReport {
    let names = Indexing.fieldNames(of: value)
    var help = Spelling.suggestion(for: name, among: names)
    if help == nil, frame.interpreter.hasBuiltin(name) {
      help = "functions are written before their argument: \(name)(\(base.range.text))"
    }
    if help == nil, !names.isEmpty {
      help =
        "its \(value.isModule ? "names" : "fields") are " + names.prefix(12).joined(separator: ", ")
        + (names.count > 12 ? ", …" : "")
    }
    let what = value.isModule ? "the module \(value.literal.dropFirst(7))" : value.article
    return ErrorReport(.unknownField, "\(what) has no \(value.isModule ? "name" : "field") \(name)", help: help)
  }
}

extension Value {
  fileprivate var isModule: Bool { if case .module = self { true } else { false } }
}

/// A function or lambda where it is written: closes over the names around it.
final class FunctionNode: ExpressionNode {
  let code: FunctionCode

  init(_ code: FunctionCode, _ range: SourceRange) {
    self.code = code
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    .function(FunctionValue(code: code, cells: code.captures.map { frame.cells[$0] }))
  }
}

/// A function of the language, ready to run.
final class FunctionCode {
  enum Body {
    case block(BlockNode)
    case expression(ExpressionNode)
  }

  struct Parameter {
    let name: String
    let variable: Variable
    /// The default, evaluated at each call in the names of the function.
    let standard: ExpressionNode?
    let standardText: String?
  }

  let name: String?
  let range: SourceRange
  let documentation: Documentation?
  var parameters: [Parameter] = []
  var slots = 0
  /// Names of its own that inner functions mention.
  var ownCells = 0
  /// Which cells of the surrounding frame it closes over.
  var captures: [Int] = []
  /// The names of ``captures``, for session files.
  var captureNames: [String] = []
  /// Whose globals it reads: those of the session or of a module. A function must not keep its module alive.
  weak var scope: ModuleScope?
  var body = Body.expression(ExpressionNode(SourceRange(source: SourceText(name: "", text: ""), lower: 0, upper: 0)))

  init(name: String?, range: SourceRange, documentation: Documentation?) {
    self.name = name
    self.range = range
    self.documentation = documentation
  }
}
