/// A function of the language as a session file holds it: its text, and the names that it closes over.
public struct FunctionText: Sendable {
  /// The name of the text in which it was written.
  public var source: String
  /// The line on which ``text`` begins there, counted from 1.
  public var line: Int
  /// The text, its doc comment included.
  public var text: String
  /// The names it closes over.
  public var captured: [String]

  /// Describes a function.
  public init(source: String, line: Int, text: String, captured: [String]) {
    self.source = source
    self.line = line
    self.text = text
    self.captured = captured
  }
}

extension FunctionValue {
  /// The code and what it closes over; nil for a builtin.
  fileprivate var parts: (code: FunctionCode, cells: [Cell])? { code.map { ($0, cells) } }

  /// The function as text; nil for a builtin.
  public var written: FunctionText? {
    guard let code = parts?.code else { return nil }
    var comment: [String] = []
    if let documentation = code.documentation {
      if !documentation.text.isEmpty {
        comment += documentation.text.split(separator: "\n", omittingEmptySubsequences: false).map { "## \($0)" }
      }
      for example in documentation.examples {
        comment.append("##> \(example.code)")
        comment += (example.shows ?? "").split(separator: "\n").map { "##= \($0)" }
      }
    }
    return FunctionText(
      source: code.range.source.name, line: max(1, code.range.line - comment.count),
      text: (comment + [code.range.text]).joined(separator: "\n"), captured: code.captureNames)
  }

  /// The values it closes over now, in the order of ``FunctionText/captured``; nil for a name that has none.
  public var capturedValues: [Value?] { parts?.cells.map { $0.pointer.pointee } ?? [] }

  /// Gives a name that it closes over its value: the second half of ``Interpreter/restore(_:in:)``, since functions may
  /// close over each other.
  public func restoreCaptured(_ name: String, _ value: Value) {
    guard let parts, let index = parts.code.captureNames.firstIndex(of: name) else { return }
    parts.cells[index].pointer.pointee = value
  }
}

extension Interpreter {
  /// The module whose globals a function reads; nil for one of the session, and for a builtin.
  public func module(of function: FunctionValue) -> ModuleValue? {
    guard let scope = function.parts?.code.scope else { return nil }
    return modules.values.first { $0.scope === scope }
  }

  /// The value that a name has in every session: a builtin or a constant.
  public func predefined(_ name: String) -> Value? { predefined[name]?.pointer.pointee }

  /// The real path of a module that was imported.
  public func path(of module: ModuleValue) -> String? { modules.first { $0.value.scope === module.scope }?.key }

  /// Imports a module by its real path.
  ///
  /// - Throws: ``Failure``.
  public func module(at path: String, called name: String) throws(Failure) -> ModuleValue {
    let quoted = Value.quoted(path)
    let source = SourceText(name: "<session>", text: "import \(quoted) as \(name)")
    let syntax = ImportSyntax(path: path, isLibrary: false, name: name, pathRange: 0..<0)
    var result: Result<ModuleValue, any Error> = .failure(ErrorReport(.unknownModule, path))
    LargeStack.run { _ in result = Result { try loadModule(syntax, at: source.range(0..<source.bytes.count)) } }
    do {
      return try result.get()
    } catch {
      throw failure(of: error, in: source)
    }
  }

  /// Makes a function from its text; the names it closes over are still to be given their values.
  ///
  /// - Throws: ``Failure`` when the text holds no function.
  public func restore(_ function: FunctionText, in module: ModuleValue?) throws(Failure) -> FunctionValue {
    // Errors inside it name the line on which it was written.
    let lead = String(repeating: "\n", count: max(0, min(function.line, 1 << 20) - 1))
    let source = SourceText(name: function.source, text: lead + function.text)
    let (statements, diagnostics) = Parser.parse(source)
    if !diagnostics.isEmpty { throw .errors(diagnostics) }
    guard statements.count == 1, let syntax = Self.function(in: statements[0]) else {
      throw .errors([Diagnostic(.fileFormat, "this is not one function", range: source.range(0..<source.bytes.count))])
    }
    let compiler = Compiler(source: source, scope: module?.scope ?? scope, builtins: predefined, shows: false)
    let code = try compiler.restored(syntax, captured: function.captured)
    // The compiler counts only names that it meets; all that were written down are there to be given values.
    let cells = function.captured.map { _ in Cell() }
    return FunctionValue(code: code, cells: code.captures.map { cells[$0] })
  }

  private static func function(in statement: Statement) -> FunctionSyntax? {
    switch statement.kind {
    case .function(let syntax): syntax
    case .expression(let expression):
      if case .function(let syntax) = expression.kind { syntax } else { nil }
    default: nil
    }
  }
}
