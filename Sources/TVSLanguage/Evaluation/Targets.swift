import Checkpoints

/// Where an assignment goes, ready to run.
class TargetNode {
  let range: SourceRange
  init(_ range: SourceRange) { self.range = range }
  func assign(_ value: Value, _ frame: Frame) throws {}
  /// `target op= operand`.
  func update(_ operation: BinaryOperator, _ operand: Value, _ frame: Frame) throws {}
}

/// `x = …`.
final class VariableTarget: TargetNode {
  let variable: Variable
  /// The name as an expression, which has its say while the variable has no value of its own.
  let reader: ExpressionNode

  init(_ variable: Variable, reader: ExpressionNode, _ range: SourceRange) {
    self.variable = variable
    self.reader = reader
    super.init(range)
  }

  override func assign(_ value: Value, _ frame: Frame) throws { variable.pointer(frame).pointee = value }

  override func update(_ operation: BinaryOperator, _ operand: Value, _ frame: Frame) throws {
    let pointer = variable.pointer(frame)
    try modify(pointer, frame) { try Operators.update(&$0, operation, operand) }
  }

  /// Takes the value out of its place, changes it and puts it back, so that it has one owner meanwhile.
  func modify(_ pointer: UnsafeMutablePointer<Value?>, _ frame: Frame, _ change: (inout Value) throws -> Void) throws {
    if var value = Self.take(pointer) {
      defer { pointer.pointee = value }
      try change(&value)
    } else {
      var value = try reader.evaluate(frame)
      try change(&value)
      pointer.pointee = value
    }
  }
}

extension VariableTarget {
  /// Moves the value out of its place, which is empty afterwards.
  private static func take(_ pointer: UnsafeMutablePointer<Value?>) -> Value? {
    defer { pointer.initialize(to: nil) }
    return pointer.move()
  }
}

/// `x[i] = …`, `r.field = …`, `r.a[2] = …`.
final class PathTarget: TargetNode {
  enum Step {
    case index([SubscriptNode], SourceRange)
    case field(String, SourceRange)
  }

  let root: VariableTarget
  let steps: [Step]

  init(_ root: VariableTarget, _ steps: [Step], _ range: SourceRange) {
    self.root = root
    self.steps = steps
    super.init(range)
  }

  override func assign(_ value: Value, _ frame: Frame) throws {
    try modify(frame, isNew: true) { $0 = value }
  }

  override func update(_ operation: BinaryOperator, _ operand: Value, _ frame: Frame) throws {
    try modify(frame, isNew: false) { try Operators.update(&$0, operation, operand) }
  }

  private func modify(_ frame: Frame, isNew: Bool, _ change: (inout Value) throws -> Void) throws {
    // The indices are evaluated before the value is taken out of its place: they may read it.
    var resolved: [ResolvedStep] = []
    resolved.reserveCapacity(steps.count)
    for step in steps {
      switch step {
      case .index(let subscripts, let range):
        var evaluated: [Subscript] = []
        for item in subscripts { evaluated.append(try item.evaluate(frame)) }
        resolved.append(ResolvedStep(kind: .index(evaluated), range: range))
      case .field(let name, let range): resolved.append(ResolvedStep(kind: .field(name), range: range))
      }
    }
    do {
      try root.modify(root.variable.pointer(frame), frame) { value in
        try Modification.modify(&value, resolved[...], isNew: isNew, change)
      }
    } catch {
      throw frame.interpreter.located(error, at: range) { _ in nil }
    }
  }
}

/// `a, b = …`.
final class SeveralTarget: TargetNode {
  let targets: [TargetNode]

  init(_ targets: [TargetNode], _ range: SourceRange) {
    self.targets = targets
    super.init(range)
  }

  override func assign(_ value: Value, _ frame: Frame) throws {
    let elements: [Value]
    switch value {
    case .list(let list): elements = list
    case .native(let native):
      do {
        guard let list = try native.elements() else { throw cannotUnpack(value) }
        elements = list
      } catch {
        throw frame.interpreter.located(error, at: range) { _ in nil }
      }
    default: throw cannotUnpack(value)
    }
    guard elements.count == targets.count else {
      throw RuntimeFailure(
        ErrorReport(
          .unpacking, "\(targets.count) names cannot take \(elements.count) value\(elements.count == 1 ? "" : "s")",
          help: "write as many names as there are values, or index the list"), at: range)
    }
    for (target, element) in zip(targets, elements) { try target.assign(element, frame) }
  }

  private func cannotUnpack(_ value: Value) -> RuntimeFailure {
    RuntimeFailure(
      ErrorReport(.unpacking, "\(targets.count) names cannot take \(value.article)", help: "only lists are unpacked"),
      at: range)
  }
}

final class AssignNode: StatementNode {
  let target: TargetNode
  let value: ExpressionNode

  init(_ target: TargetNode, _ value: ExpressionNode, _ range: SourceRange) {
    self.target = target
    self.value = value
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    var result = try value.evaluate(frame)
    value.stamp(&result)
    try target.assign(result, frame)
    return .next
  }
}

/// `xs += [x]`, by which lists grow: a list in a variable takes the element without a list around it.
final class AppendNode: StatementNode {
  let target: VariableTarget
  let element: ExpressionNode
  /// The statement for values that are no lists.
  let general: AugmentedAssignNode

  init(_ target: VariableTarget, _ element: ExpressionNode, general: AugmentedAssignNode) {
    self.target = target
    self.element = element
    self.general = general
    super.init(general.range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    let value = try element.evaluate(frame)
    let place = target.variable.pointer(frame)
    guard place.holdsList else { return try general.execute(with: .list([value]), frame) }
    guard case .list(var elements)? = place.move() else { return .next }
    // A long list is moved to four times the room instead of twice: memory that is not touched costs nothing, and most of
    // the time of appending goes into memory that is.
    if elements.count == elements.capacity, elements.count >= 4096 { elements.reserveCapacity(4 * elements.count) }
    elements.append(consume value)
    place.initialize(to: .list(elements))
    return .next
  }
}

/// `x += …`, by which numbers and texts grow: those in a variable are changed where they lie.
final class AddNode: StatementNode {
  let target: VariableTarget
  let operand: ExpressionNode
  /// The operand where it is a short text as it stands. A long one goes where the limit of memory is asked.
  let text: String?
  /// The statement for other values.
  let general: AugmentedAssignNode

  init(_ target: VariableTarget, general: AugmentedAssignNode) {
    self.target = target
    self.general = general
    operand = general.operand
    if case .string(let text)? = (operand as? LiteralNode)?.value, text.utf8.count <= MemoryLimit.smallest {
      self.text = text
    } else {
      text = nil
    }
    super.init(general.range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    let place = target.variable.pointer(frame)
    if let text, place.append(text) { return .next }
    let value = try operand.evaluate(frame)
    switch value {
    case .number(let number):
      if case .number(let sum)? = place.pointee {
        place.initialize(to: .number(sum + number))
        return .next
      }
    case .string(let text) where text.utf8.count <= MemoryLimit.smallest:
      if place.append(text) { return .next }
    default: break
    }
    return try general.execute(with: value, frame)
  }
}

final class AugmentedAssignNode: StatementNode {
  let target: TargetNode
  let operation: BinaryOperator
  let operand: ExpressionNode

  init(_ target: TargetNode, _ operation: BinaryOperator, _ operand: ExpressionNode, _ range: SourceRange) {
    self.target = target
    self.operation = operation
    self.operand = operand
    super.init(range)
  }

  override func execute(_ frame: Frame) throws -> Flow {
    try execute(with: try operand.evaluate(frame), frame)
  }

  func execute(with value: Value, _ frame: Frame) throws -> Flow {
    do {
      try target.update(operation, value, frame)
    } catch {
      throw frame.interpreter.located(error, at: range) { [target, operand] argument in
        argument == "left" ? target.range : argument == "right" ? operand.range : nil
      }
    }
    return .next
  }
}
