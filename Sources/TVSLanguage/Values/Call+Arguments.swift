extension Call {
  /// A number, or the number that a measure stands for.
  ///
  /// - Throws: ``ErrorReport`` when the argument is of another kind, which a parameter of kind `number` rules out.
  public func number(_ name: String) throws(ErrorReport) -> Double {
    guard let number = self[name].numberValue else { throw wrongKind(name, "number") }
    return number
  }

  /// A whole number.
  ///
  /// - Throws: ``ErrorReport`` when the argument is another kind of value or has a fraction.
  public func integer(_ name: String) throws(ErrorReport) -> Int {
    guard let whole = self[name].wholeNumber else { throw wrongKind(name, "whole number") }
    return whole
  }

  /// A string.
  ///
  /// - Throws: ``ErrorReport`` when the argument is of another kind.
  public func string(_ name: String) throws(ErrorReport) -> String {
    guard case .string(let text) = self[name] else { throw wrongKind(name, "string") }
    return text
  }

  /// True or false.
  ///
  /// - Throws: ``ErrorReport`` when the argument is of another kind.
  public func bool(_ name: String) throws(ErrorReport) -> Bool {
    guard case .bool(let flag) = self[name] else { throw wrongKind(name, "bool") }
    return flag
  }

  /// The elements of a list.
  ///
  /// - Throws: ``ErrorReport`` when the argument is of another kind.
  public func list(_ name: String) throws(ErrorReport) -> [Value] {
    guard case .list(let elements) = self[name] else { throw wrongKind(name, "list") }
    return elements
  }

  /// A function.
  ///
  /// - Throws: ``ErrorReport`` when the argument is of another kind.
  public func function(_ name: String) throws(ErrorReport) -> FunctionValue {
    guard case .function(let function) = self[name] else { throw wrongKind(name, "function") }
    return function
  }

  /// A value of another room, as its own type.
  ///
  /// - Throws: ``ErrorReport`` when the argument is something else.
  public func native<T: NativeValue>(_ name: String, as type: T.Type) throws(ErrorReport) -> T {
    guard case .native(let value) = self[name], let value = value as? T else {
      throw wrongKind(name, builtin.parameters.first { $0.name == name }?.kinds.first ?? "value of that kind")
    }
    return value
  }

  /// The elements that `for` would visit in an argument of any kind.
  ///
  /// - Throws: ``ErrorReport`` when the argument has no elements.
  public func elements(_ name: String) throws -> [Value] {
    switch self[name] {
    case .list(let elements): return elements
    case .string(let text): return text.map { .string(String($0)) }
    case .record(let fields): return fields.keys.map { .string($0) }
    case .native(let native): if let elements = try native.elements() { return elements }
    case .function where !builtin.parameters.isEmpty && name == builtin.parameters[0].name:
      throw ErrorReport(
        .notSupported, "a function has no elements",
        help: "the list comes first: \(builtin.name)(xs, f), or xs |> \(builtin.name)(f)", argument: name)
    default: break
    }
    throw ErrorReport(.notSupported, "\(self[name].article) has no elements", argument: name)
  }

  /// Calls a function value.
  ///
  /// - Throws: what the function throws.
  public func apply(_ function: FunctionValue, _ arguments: Value...) throws -> Value {
    try session.apply(function, to: arguments)
  }

  /// Calls a function value with one argument.
  ///
  /// - Throws: what the function throws.
  public func apply(_ function: FunctionValue, _ argument: Value) throws -> Value {
    try session.apply(function, to: argument)
  }

  private func wrongKind(_ name: String, _ wanted: String) -> ErrorReport {
    ErrorReport(
      .wrongKind, "the \(name) of \(builtin.name) is \(Value.article(for: wanted)), not \(self[name].article)",
      argument: name)
  }
}

extension Value {
  /// `self op other`, as the language computes it.
  ///
  /// - Throws: ``ErrorReport``, or what a value of another room throws.
  public func applying(_ operation: BinaryOperator, _ other: Value) throws -> Value {
    try Operators.apply(operation, self, other)
  }

  /// Whether `item in self`.
  ///
  /// - Throws: ``ErrorReport``, or what a value of another room throws.
  public func contains(_ item: Value) throws -> Bool { try Operators.contains(self, item) }
}
