import Checkpoints
import OrderedCollections

/// A place that holds the value of a name, shared by everything that closes over it.
///
/// The value lies behind a pointer so that reading it in a loop costs one load and no exclusivity check.
final class Cell: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Value?>

  init(_ value: Value? = nil) {
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: value)
  }

  deinit {
    pointer.deinitialize(count: 1)
    pointer.deallocate()
  }
}

/// The globals of a file or of a session.
final class ModuleScope: @unchecked Sendable {
  private(set) var cells: OrderedDictionary<String, Cell> = [:]

  /// The cell of a name, made when it is first mentioned.
  func cell(_ name: String) -> Cell {
    if let cell = cells[name] { return cell }
    let cell = Cell()
    cells[name] = cell
    return cell
  }

  /// Names that have a value.
  var names: [String] { cells.compactMap { $0.value.pointer.pointee == nil ? nil : $0.key } }

  func value(of name: String) -> Value? { cells[name]?.pointer.pointee }

  // A recursive function holds the cell that holds it; emptying the cells frees both.
  deinit {
    for cell in cells.values { cell.pointer.pointee = nil }
  }
}

/// The names of one call of a function.
///
/// A frame is a pointer, so that passing it on counts no references. Calls end in the reverse order of their
/// beginnings; so each level of nesting has one frame, which the next call on that level uses again, and a call
/// allocates nothing.
struct Frame {
  struct Storage {
    let execution: UnsafeMutablePointer<Execution>
    /// The frame of the level above; that of a file has none.
    let outer: Frame?
    var inner: Frame?
    var slots: UnsafeMutablePointer<Value?>
    var capacity = 0
    /// Own names that inner functions mention, then what the function closes over.
    var cells: [Cell] = []
    /// The value of the last statement, or what `return` gave.
    var result = Value.nil
  }

  fileprivate let storage: UnsafeMutablePointer<Storage>

  fileprivate init(_ execution: UnsafeMutablePointer<Execution>, inside outer: Frame?) {
    storage = .allocate(capacity: 1)
    storage.initialize(to: Storage(execution: execution, outer: outer, slots: .allocate(capacity: 0)))
    outer?.storage.pointee.inner = self
  }

  var slots: UnsafeMutablePointer<Value?> { storage.pointee.slots }
  var cells: [Cell] { storage.pointee.cells }
  var execution: UnsafeMutablePointer<Execution> { storage.pointee.execution }
  var interpreter: Interpreter { storage.pointee.execution.pointee.interpreter }

  func setResult(_ value: Value) { storage.pointee.result = value }

  func takeResult() -> Value {
    let value = storage.pointee.result
    storage.pointee.result = .nil
    return value
  }

  /// Counts a step, and stops here if the user asked for it or a limit is reached. Every loop and every call passes
  /// through it.
  @inline(__always)
  func checkpoint(_ range: @autoclosure () -> SourceRange) throws {
    if execution.countsStep() { try pause(range()) }
  }

  @inline(never)
  private func pause(_ range: SourceRange) throws {
    do {
      try execution.pause()
    } catch let report as ErrorReport {
      throw RuntimeFailure(report, at: range)
    } catch let interrupted as Interrupted {
      throw Stopped(cause: interrupted, range: range)
    }
  }

  fileprivate func reserve(_ count: Int) {
    storage.pointee.slots.deinitialize(count: storage.pointee.capacity)
    storage.pointee.slots.deallocate()
    let capacity = max(8, count)
    storage.pointee.slots = .allocate(capacity: capacity)
    storage.pointee.slots.initialize(repeating: nil, count: capacity)
    storage.pointee.capacity = capacity
  }

  fileprivate func free() {
    storage.pointee.slots.deinitialize(count: storage.pointee.capacity)
    storage.pointee.slots.deallocate()
    storage.deinitialize(count: 1)
    storage.deallocate()
  }
}

/// What every call and every loop of a program touches; of each interpreter there is one.
struct Execution {
  unowned(unsafe) let interpreter: Interpreter
  /// Calls of functions under way.
  var depth = 0
  var depthLimit = Interpreter.callLimit
  /// Steps that may be made before the limits are looked at again, and steps that may be made after that.
  fileprivate var credit = 0
  fileprivate var stepsLeft = Int.max
  /// The frame of the innermost call.
  fileprivate var current: Frame?
}

extension UnsafeMutablePointer where Pointee == Execution {
  /// Sets up the state of an interpreter, which owns it.
  func initialize(for interpreter: Interpreter) {
    initialize(to: Execution(interpreter: interpreter))
    pointee.current = Frame(self, inside: nil)
  }

  func free() {
    var frame = pointee.current
    while let outer = frame?.storage.pointee.outer { frame = outer }
    while let next = frame {
      frame = next.storage.pointee.inner
      next.free()
    }
    deinitialize(count: 1)
    deallocate()
  }

  /// The frame for a call of a function; ``leave(_:slots:)`` gives it back.
  @inline(__always)
  func enter(_ code: FunctionCode, _ captured: [Cell]) -> Frame {
    let frame = enter(slots: code.slots)
    if code.hasCells { frame.storage.pointee.cells = (0..<code.ownCells).map { _ in Cell() } + captured }
    return frame
  }

  /// A frame on the next level of nesting.
  @inline(__always)
  func enter(slots count: Int) -> Frame {
    let outer = pointee.current
    let frame = outer?.storage.pointee.inner ?? Frame(self, inside: outer)
    if frame.storage.pointee.capacity < count { frame.reserve(count) }
    pointee.current = frame
    return frame
  }

  /// Gives the innermost frame back, empty, after a call that used slots only and came to its end.
  @inline(__always)
  func leave(_ frame: Frame, slots count: Int) {
    let slots = frame.slots
    for index in 0..<count { (slots + index).clear() }
    pointee.current = frame.storage.pointee.outer
  }

  /// The same after any call: one with cells, or one that an error ended, which may leave a result behind.
  func leaveAny(_ frame: Frame, slots count: Int) {
    leave(frame, slots: count)
    if !frame.storage.pointee.cells.isEmpty { frame.storage.pointee.cells = [] }
    frame.storage.pointee.result = .nil
  }

  /// Lets so many steps be made from now on.
  func allow(steps: Int?) {
    pointee.stepsLeft = steps ?? Int.max
    pointee.credit = 0
  }

  /// Counts a step and says whether ``pause()`` has something to look at.
  @inline(__always)
  func countsStep() -> Bool {
    pointee.credit &-= 1
    return pointee.credit < 0 || Cancellation.isRequested
  }

  /// Looks at what ends a program early.
  ///
  /// - Throws: `Interrupted`, or ``ErrorReport`` when a limit is reached.
  @inline(never)
  func pause() throws {
    if Cancellation.isRequested { throw Interrupted.now() }
    guard pointee.stepsLeft > 0 else {
      throw ErrorReport(
        .tooLarge, "the program takes more steps than it may",
        help: "raise or leave out --max-steps, and see whether every loop ends")
    }
    if MemoryLimit.bytes != nil { try MemoryLimit.require(0) }
    pointee.credit = min(pointee.stepsLeft, 4096)
    pointee.stepsLeft -= pointee.credit
  }

  /// Runs a function whose parameters are set.
  @inline(__always)
  func run(_ code: FunctionCode, _ frame: Frame) throws -> Value {
    guard pointee.depth < pointee.depthLimit else { throw nestedTooDeep() }
    pointee.depth &+= 1
    defer { pointee.depth &-= 1 }
    if let expression = code.expression { return try expression.evaluate(frame) }
    _ = try code.block?.execute(frame)
    return frame.takeResult()
  }

  private func nestedTooDeep() -> ErrorReport {
    ErrorReport(
      .recursion, "calls are nested more than \(NumberText.grouped(pointee.depthLimit)) deep",
      help: "check that the recursion ends, or use a loop")
  }
}

extension UnsafeMutablePointer where Pointee == Value? {
  /// Takes the value away. Numbers, which most are, hold nothing to release; asking here saves the call that would see.
  @inline(__always)
  func clear() {
    if case .number? = pointee { initialize(to: nil) } else { pointee = nil }
  }

  /// The code of the function that lies there, if a call has nothing to do but to set its parameters.
  var simpleCode: Unmanaged<FunctionCode>? {
    @inline(__always) get { if case .function(let function)? = pointee { function.simple } else { nil } }
  }

  var holdsList: Bool { if case .list? = pointee { true } else { false } }

  /// Adds to the text that lies there; false if it is something else.
  @inline(__always)
  func append(_ more: String) -> Bool {
    guard case .string? = pointee, case .string(var text)? = move() else { return false }
    text += more
    initialize(to: .string(text))
    return true
  }

  /// Puts a number there.
  @inline(__always)
  func set(_ number: Double) {
    if case .number? = pointee { initialize(to: .number(number)) } else { pointee = .number(number) }
  }
}

/// Where the value of a name lies. Trivial, so that looking there counts no references.
enum Variable {
  case slot(Int)
  case cell(Int)
  /// The inside of a cell of a scope, which lives as long as the code that mentions it.
  case global(UnsafeMutablePointer<Value?>)

  @inline(__always)
  func pointer(_ frame: Frame) -> UnsafeMutablePointer<Value?> {
    switch self {
    case .slot(let index): frame.slots + index
    case .cell(let index): frame.cells[index].pointer
    case .global(let pointer): pointer
    }
  }
}

/// Thrown by the evaluator: an error with its place.
struct RuntimeFailure: Error {
  var diagnostic: Diagnostic

  init(_ report: ErrorReport, at range: SourceRange) {
    diagnostic = Diagnostic(report.code, report.message, range: range, label: report.label, help: report.help)
  }
}

/// Thrown by the evaluator: the user stopped it, here.
struct Stopped: Error {
  let cause: Interrupted
  let range: SourceRange
}
