/// What an operand is at sight. Numbers that lie in a slot or in the text are read where they are: asking a node for
/// them costs a call and the copy of a value, which are most of the time of an addition.
enum Operand {
  case slot(Int)
  case number(Double)
  case other

  init(_ node: ExpressionNode) {
    if let local = node as? LocalNode {
      self = .slot(local.slot)
    } else if let literal = node as? LiteralNode, case .number(let number) = literal.value {
      self = .number(number)
    } else {
      self = .other
    }
  }

  /// The number, if it is one and at hand.
  @inline(__always)
  func number(_ frame: Frame) -> Double? {
    switch self {
    case .number(let number): return number
    case .slot(let slot):
      if case .number(let number)? = frame.slots[slot] { return number }
      return nil
    case .other: return nil
    }
  }
}

final class BinaryNode: ExpressionNode {
  let operation: BinaryOperator
  let left: ExpressionNode
  let right: ExpressionNode
  private let leftOperand: Operand
  private let rightOperand: Operand

  init(_ operation: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode, _ range: SourceRange) {
    self.operation = operation
    self.left = left
    self.right = right
    leftOperand = Operand(left)
    rightOperand = Operand(right)
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    let x: Double
    if let number = leftOperand.number(frame) {
      x = number
    } else {
      let a = try left.evaluate(frame)
      guard case .number(let number) = a else { return try apply(a, try right.evaluate(frame), frame) }
      x = number
    }
    let y: Double
    if let number = rightOperand.number(frame) {
      y = number
    } else {
      let b = try right.evaluate(frame)
      guard case .number(let number) = b else { return try apply(.number(x), b, frame) }
      y = number
    }
    switch operation {
    case .add: return .number(x + y)
    case .subtract: return .number(x - y)
    case .multiply: return .number(x * y)
    case .divide where y != 0: return .number(x / y)
    default: return try apply(.number(x), .number(y), frame)
    }
  }

  @inline(never)
  private func apply(_ a: Value, _ b: Value, _ frame: Frame) throws -> Value {
    try located(frame) { try Operators.apply(operation, a, b) }
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
  private let leftOperand: Operand
  private let rightOperand: Operand

  init(_ operation: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode, _ range: SourceRange) {
    self.operation = operation
    self.left = left
    self.right = right
    leftOperand = Operand(left)
    rightOperand = Operand(right)
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    if let x = leftOperand.number(frame), let y = rightOperand.number(frame) {
      return .bool(Self.compare(operation, x, y))
    }
    let a = try left.evaluate(frame)
    let b = try right.evaluate(frame)
    if case .number(let x) = a, case .number(let y) = b { return .bool(Self.compare(operation, x, y)) }
    return try slow(frame, a, b)
  }

  override func condition(_ frame: Frame) throws -> Bool {
    if let x = leftOperand.number(frame), let y = rightOperand.number(frame) { return Self.compare(operation, x, y) }
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
