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
final class Frame {
  let interpreter: Interpreter
  let slots: UnsafeMutablePointer<Value?>
  private let count: Int
  /// Own names that inner functions mention, then what the function closes over.
  let cells: [Cell]
  /// The value of the last statement, or what `return` gave.
  var result = Value.nil

  init(_ interpreter: Interpreter, slots count: Int, cells: [Cell]) {
    self.interpreter = interpreter
    self.count = count
    self.cells = cells
    slots = .allocate(capacity: max(count, 1))
    slots.initialize(repeating: nil, count: count)
  }

  deinit {
    slots.deinitialize(count: count)
    slots.deallocate()
  }

  func takeResult() -> Value {
    let value = result
    result = .nil
    return value
  }
}

/// Where the value of a name lies.
enum Variable {
  case slot(Int)
  case cell(Int)
  case global(Cell)

  func pointer(_ frame: Frame) -> UnsafeMutablePointer<Value?> {
    switch self {
    case .slot(let index): frame.slots + index
    case .cell(let index): frame.cells[index].pointer
    case .global(let cell): cell.pointer
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
