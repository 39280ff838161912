/// A function of the language or a builtin, as a value.
public final class FunctionValue: @unchecked Sendable {
  /// The record, when the function is a builtin.
  public var builtin: Builtin? { record?.builtin }
  /// The record prepared for calls.
  let record: BuiltinRecord?
  /// The code, when the function is written in the language.
  let code: FunctionCode?
  /// The code if a call has nothing to do but to set its parameters. Unmanaged, because this value keeps it alive and a
  /// call, which keeps this value alive, should not count references once more.
  let simple: Unmanaged<FunctionCode>?
  /// What it closes over.
  let cells: [Cell]

  /// Wraps a builtin.
  public init(builtin: Builtin) {
    record = BuiltinRecord(builtin)
    code = nil
    simple = nil
    cells = []
  }

  init(code: FunctionCode, cells: [Cell]) {
    record = nil
    self.code = code
    simple = code.isSimple ? .passUnretained(code) : nil
    self.cells = cells
  }

  var isBuiltin: Bool { record != nil }

  /// The name it was defined under; a lambda has none.
  public var name: String? { record?.builtin.name ?? code?.name }

  /// The name for messages and traces.
  public var label: String { name ?? FunctionCode.nameless }

  /// The names by which arguments may be given, in order.
  public var parameterNames: [String] {
    record?.builtin.parameters.map(\.name) ?? code?.parameters.filter { $0.kind != .rest }.map(\.name) ?? []
  }

  /// How it is called, such as `train(model, data, *, steps, lr=0.001)`.
  public var signature: String {
    if let record { return record.builtin.signature }
    guard let code else { return "" }
    var parameters: [String] = []
    for (index, parameter) in code.parameters.enumerated() {
      let isFirstByName = parameter.kind == .byName && index == code.positionalCount
      if isFirstByName { parameters.append("*") }
      let mark = parameter.kind == .rest ? "*" : ""
      parameters.append(mark + parameter.name + (parameter.standardText.map { "=" + $0 } ?? ""))
    }
    return "\(name ?? "")(\(parameters.joined(separator: ", ")))"
  }

  /// What its doc comment says, when the function is written in the language.
  public var documentation: Documentation? { code?.documentation }

  /// One sentence about it, for completion lists.
  public var summary: String { record?.builtin.summary ?? documentation?.summary ?? "" }

  /// The text that made it, when the function is written in the language.
  public var sourceText: String? { code?.range.text }

  /// Where it is defined, when it is written in the language.
  public var definition: SourceRange? { code?.range }

  /// How it looks inside of lists: a lambda as its own text, the others by their signature.
  var inline: String {
    if isBuiltin { return "builtin " + signature }
    guard name == nil, let text = sourceText, !text.contains("\n") else { return "fn " + signature }
    return text
  }
}

/// An imported file: its name and the globals it defined.
public final class ModuleValue: @unchecked Sendable {
  /// The name under which it was found.
  public let name: String
  let scope: ModuleScope

  /// Makes an empty module.
  public convenience init(name: String) { self.init(name: name, scope: ModuleScope()) }

  init(name: String, scope: ModuleScope) {
    self.name = name
    self.scope = scope
  }

  /// The names it defines, in the order of their definition.
  public var memberNames: [String] { scope.names }

  /// The value of a name it defines.
  public func member(_ name: String) -> Value? { scope.value(of: name) }
}
