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
