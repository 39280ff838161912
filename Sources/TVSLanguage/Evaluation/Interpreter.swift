import Checkpoints
import Foundation

/// Receives what a program shows and prints.
public protocol OutputStream: AnyObject, Sendable {
  /// Takes text, which holds its own newlines.
  func write(_ text: String)
  /// Takes the value of an expression at the top of a text.
  func show(_ value: Value, _ style: DisplayStyle)
}

extension OutputStream {
  /// Unless a stream keeps values as what they are: their text, as the prompt shows it.
  public func show(_ value: Value, _ style: DisplayStyle) { write(value.display(style) + "\n") }
}

/// Runs texts of the language and keeps their names between them.
///
/// One text runs at a time. An interpreter may be used from any thread, but not from two at once.
public final class Interpreter: CallSession, @unchecked Sendable {
  /// Calls inside of calls that are followed; each takes a few kilobytes of stack.
  static let callLimit = 10_000

  /// All builtins.
  public let builtins: [Builtin]
  /// Where what is shown and printed goes.
  public let output: any OutputStream
  /// Folders in which `import stats` looks for `stats.tvs`.
  public let libraryPaths: [String]
  /// How values are shown.
  public var style = DisplayStyle()
  /// Loops and calls that one text may make, or nil for any number: for programs that nobody vouches for.
  public var maxSteps: Int?
  /// The seed of calls without one of their own; `seed(n)` sets it.
  public var seed: UInt64 = 0
  /// What the program sees as `args`.
  public var arguments: [String] = [] {
    didSet { predefined["args"]?.pointer.pointee = .list(arguments.map { .string($0) }) }
  }

  /// Names of the session: those that scripts and prompt entries assign at their top.
  public let globals: Globals

  /// Builtins and constants by name.
  let predefined: [String: Cell]
  private let translate: @Sendable (any Error) -> ErrorReport?
  let scope = ModuleScope()
  let execution = UnsafeMutablePointer<Execution>.allocate(capacity: 1)
  private var shown: [Value] = []
  /// Names of the files that are running, the innermost last; their folders are where relative imports start.
  var runningFiles: [String] = []
  /// Modules by their real path.
  var modules: [String: ModuleValue] = [:]
  /// Real paths of modules that are being loaded, outermost first.
  var loading: [String] = []

  /// Makes an interpreter with no names but the builtins.
  ///
  /// - Parameters:
  ///   - builtins: what is there without an import.
  ///   - output: receives what is shown and printed.
  ///   - libraryPaths: folders searched for `import stats`.
  ///   - translate: turns errors of other rooms into reports with a code; what it does not know becomes an
  ///     ``ErrorCode/unexpected`` error.
  public init(
    builtins: [Builtin], output: any OutputStream, libraryPaths: [String] = [],
    translate: @escaping @Sendable (any Error) -> ErrorReport? = { _ in nil }
  ) {
    self.builtins = builtins
    self.output = output
    self.libraryPaths = libraryPaths
    self.translate = translate
    var predefined: [String: Cell] = [
      "pi": Cell(.number(.pi)), "inf": Cell(.number(.infinity)), "nan": Cell(.number(.nan)), "args": Cell(.list([])),
    ]
    for builtin in builtins { predefined[builtin.name] = Cell(.function(FunctionValue(builtin: builtin))) }
    self.predefined = predefined
    globals = Globals(scope: scope)
    execution.initialize(for: self)
  }

  deinit { execution.free() }

  // MARK: - Running

  /// Parses, resolves and runs a text. Values of expression statements are shown as they come.
  ///
  /// - Throws: ``Failure``; names assigned before an error keep their values.
  public func run(_ source: SourceText) throws(Failure) {
    _ = try execute(source, shows: true)
  }

  /// Runs an entry of a prompt.
  ///
  /// - Returns: the values that were shown, in order.
  /// - Throws: ``Failure``.
  public func runEntry(_ source: SourceText) throws(Failure) -> [Value] {
    try execute(source, shows: true)
  }

  /// Runs a text silently.
  ///
  /// - Returns: the value of its last statement if that is an expression, else nil.
  /// - Throws: ``Failure``.
  public func evaluate(_ source: SourceText) throws(Failure) -> Value {
    let output = silently
    silently = true
    defer { silently = output }
    return try execute(source, shows: true).last ?? .nil
  }

  private var silently = false

  /// Runs a text on a large stack and gives the values it showed.
  private func execute(_ source: SourceText, shows: Bool) throws(Failure) -> [Value] {
    var result: Result<[Value], Failure> = .success([])
    LargeStack.run { stackSize in
      let limit = execution.pointee.depthLimit
      if execution.pointee.depth == 0 { execution.allow(steps: maxSteps) }
      // 32 KB a call is several times what one takes, so that a smaller stack is safe too.
      execution.pointee.depthLimit = min(Interpreter.callLimit, stackSize / 32_768)
      defer { execution.pointee.depthLimit = limit }
      do throws(Failure) {
        result = .success(try load(source, into: scope, shows: shows))
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  /// Parses a text and runs it in a scope.
  private func load(_ source: SourceText, into scope: ModuleScope, shows: Bool) throws(Failure) -> [Value] {
    let (statements, diagnostics) = Parser.parse(source)
    if !diagnostics.isEmpty { throw .errors(diagnostics) }
    let block = try Compiler(source: source, scope: scope, builtins: predefined, shows: shows).compile(statements)
    shown = []
    runningFiles.append(source.name)
    let frame = execution.enter(slots: 0)
    defer {
      execution.leaveAny(frame, slots: 0)
      runningFiles.removeLast()
      shown = []
    }
    do {
      _ = try block.execute(frame)
      return shown
    } catch {
      throw failure(of: error, in: source)
    }
  }

  /// Runs the text of a module in a scope of its own.
  func runModule(_ source: SourceText, in scope: ModuleScope) throws {
    let (statements, diagnostics) = Parser.parse(source)
    if let first = diagnostics.first {
      throw RuntimeFailure(diagnostics: first)
    }
    let block: StatementNode
    do throws(Failure) {
      block = try Compiler(source: source, scope: scope, builtins: predefined, shows: false).compile(statements)
    } catch {
      if case .errors(let diagnostics) = error, let first = diagnostics.first {
        throw RuntimeFailure(diagnostics: first)
      }
      throw error
    }
    runningFiles.append(source.name)
    let frame = execution.enter(slots: 0)
    defer {
      execution.leaveAny(frame, slots: 0)
      runningFiles.removeLast()
    }
    _ = try block.execute(frame)
  }

  func failure(of error: any Error, in source: SourceText) -> Failure {
    switch error {
    case let failure as Failure: return failure
    case let failure as RuntimeFailure: return .errors([failure.diagnostic])
    case let stopped as Stopped: return .interrupted(stopped.cause, stopped.range)
    case let interrupted as Interrupted: return .interrupted(interrupted, nil)
    case let exit as ExitRequest: return .exit(exit.status)
    default:
      let failure = located(error, at: source.range(0..<0)) { _ in nil } as? RuntimeFailure
      return .errors([failure?.diagnostic ?? Diagnostic(.unexpected, "\(error)", range: nil)])
    }
  }

  // MARK: - Showing

  func show(_ value: Value) {
    if case .nil = value { return }
    shown.append(value)
    if !silently { output.show(value, style) }
  }

  /// Writes text to the output of the session.
  public func write(_ text: String) { output.write(text) }

  // MARK: - Errors

  /// An error with its place.
  ///
  /// - Parameter mark: the range of a named argument, or nil to mark `range`.
  func located(_ error: any Error, at range: SourceRange, mark: (String) -> SourceRange?) -> any Error {
    switch error {
    case var failure as RuntimeFailure:
      // Calls made by a builtin do not know where they stand: the call of the builtin does.
      for index in failure.diagnostic.trace.indices where failure.diagnostic.trace[index].range == nil {
        failure.diagnostic.trace[index].range = range
      }
      return failure
    case is Stopped, is ExitRequest: return error
    case let interrupted as Interrupted: return Stopped(cause: interrupted, range: range)
    case let report as ErrorReport: return RuntimeFailure(report, at: report.argument.flatMap(mark) ?? range)
    default:
      let report =
        translate(error)
        ?? ErrorReport(.unexpected, "\(error)", help: "this failure has no words of its own yet; please report it")
      return RuntimeFailure(report, at: report.argument.flatMap(mark) ?? range)
    }
  }

  func hasBuiltin(_ name: String) -> Bool { predefined[name] != nil }

  /// What may have been meant by a name without a value.
  func helpForUnknown(_ name: String, among names: [String]) -> String? {
    if let habit = Habits.names[name] { return habit }
    return Spelling.suggestion(for: name, among: names + predefined.keys.sorted() + ["true", "false", "nil"])
      ?? "give it one first: \(name) = …"
  }

  /// The folder of the running file.
  public var directory: String {
    guard let file = runningFiles.last, !file.hasPrefix("<"), file != "-e", file.contains("/") else { return "." }
    return (file as NSString).deletingLastPathComponent.isEmpty ? "/" : (file as NSString).deletingLastPathComponent
  }
}

extension RuntimeFailure {
  init(diagnostics: Diagnostic) { diagnostic = diagnostics }
}

/// The names of a session.
public struct Globals: Sendable {
  let scope: ModuleScope

  /// Names that have a value, in the order in which they were first mentioned.
  public var names: [String] { scope.names }
  /// The value of a name.
  public func value(of name: String) -> Value? { scope.value(of: name) }
  /// Gives a name a value.
  public func set(_ name: String, _ value: Value) { scope.cell(name).pointer.pointee = value }
  /// Takes the value of a name away.
  public func remove(_ name: String) { scope.cells[name]?.pointer.pointee = nil }
}

extension Interpreter {
  /// Names that have a value, in the order in which they were first mentioned.
  public var globalNames: [String] { globals.names }

  /// The value that a path of names has now, without evaluating anything: globals, builtins, fields of records and
  /// members of modules.
  public func peek(_ path: [String]) -> Value? {
    guard let first = path.first else { return nil }
    var value = globals.value(of: first) ?? predefined[first]?.pointer.pointee
    for name in path.dropFirst() {
      switch value {
      case .record(let fields)?: value = fields[name]
      case .module(let module)?: value = module.member(name)
      default: return nil
      }
    }
    return value
  }

  /// The names that may follow a point after a path of names, for completion.
  public func fieldNames(of path: [String]) -> [String] { peek(path).map(Indexing.fieldNames) ?? [] }

  /// Builtins and constants by name.
  public var predefinedNames: [String] { predefined.keys.sorted() }
}
