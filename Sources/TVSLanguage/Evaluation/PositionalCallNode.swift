/// `f()` up to `f(a, b, c)`: a call with a few arguments by position, which most calls are.
///
/// Nothing is copied on the way: each argument moves from where it is computed into the slot of its parameter. A
/// builtin, or a function with defaults or with names that inner functions share, is called the general way.
final class PositionalCallNode: CallNode {
  /// Where the function lies if its name is a global: it is taken from there without a copy of the value around it.
  private let place: UnsafeMutablePointer<Value?>?
  private let count: Int
  // The arguments; where there are fewer, the last one again, or the callee: a field is read without counting
  // references, and an array is not.
  private let first: ExpressionNode
  private let second: ExpressionNode
  private let third: ExpressionNode

  /// Whether a call is of this form.
  static func fits(_ arguments: [Item]) -> Bool { arguments.count <= 3 && arguments.allSatisfy { $0.name == nil } }

  override init(_ callee: ExpressionNode, _ arguments: [Item], _ range: SourceRange) {
    place = (callee as? GlobalNode)?.pointer
    count = arguments.count
    first = arguments.first?.value ?? callee
    second = arguments.dropFirst().first?.value ?? callee
    third = arguments.last?.value ?? callee
    super.init(callee, arguments, range)
  }

  override func evaluate(_ frame: Frame) throws -> Value {
    // The function of a global is not held: while a call runs nobody gives the name another value, since functions
    // assign to their own names only.
    if let place, let code = place.simpleCode, code._withUnsafeGuaranteedRef({ $0.parameterCount }) == count {
      return try code._withUnsafeGuaranteedRef { try call($0, frame) }
    }
    let function = try called(frame)
    guard let code = function.simple, code._withUnsafeGuaranteedRef({ $0.parameterCount }) == count else {
      return try callAny(function, frame)
    }
    return try withExtendedLifetime(function) { try code._withUnsafeGuaranteedRef { try call($0, frame) } }
  }

  @inline(__always)
  private func call(_ code: FunctionCode, _ frame: Frame) throws -> Value {
    try frame.checkpoint(range)
    let execution = frame.execution
    let inner = try enter(code, execution, frame)
    do {
      let value = try execution.run(code, inner)
      execution.leave(inner, slots: code.slots)
      return value
    } catch {
      execution.leaveAny(inner, slots: code.slots)
      throw traced(error, code.label)
    }
  }

  /// A frame with the arguments in it. They are computed before it is entered, since calls among them use the same one;
  /// the slots of a frame that nobody uses hold nothing that would have to be released.
  @inline(__always)
  private func enter(_ code: FunctionCode, _ execution: UnsafeMutablePointer<Execution>, _ frame: Frame) throws -> Frame
  {
    if count == 0 { return execution.enter(slots: code.slots) }
    let a = try first.evaluate(frame)
    if count == 1 {
      let inner = execution.enter(slots: code.slots)
      inner.slots.initialize(to: consume a)
      return inner
    }
    let b = try second.evaluate(frame)
    if count == 2 {
      let inner = execution.enter(slots: code.slots)
      inner.slots.initialize(to: consume a)
      (inner.slots + 1).initialize(to: consume b)
      return inner
    }
    let c = try third.evaluate(frame)
    let inner = execution.enter(slots: code.slots)
    inner.slots.initialize(to: consume a)
    (inner.slots + 1).initialize(to: consume b)
    (inner.slots + 2).initialize(to: consume c)
    return inner
  }
}
