import Checkpoints

/// Calls that builtins such as `map` make.
extension Interpreter {
  /// Calls a function value, for a builtin such as `map`.
  public func apply(_ function: FunctionValue, to arguments: [Value]) throws -> Value {
    if Cancellation.isRequested { throw Interrupted.now() }
    if let record = function.record { return try record.apply(to: arguments, session: self) }
    guard let code = function.code else { return .nil }
    let required = code.parameters.count { $0.standard == nil }
    guard arguments.count >= required, arguments.count <= code.parameters.count else {
      let wanted = required == code.parameters.count ? "\(required)" : "\(required) to \(code.parameters.count)"
      throw ErrorReport(
        .arity,
        "\(function.label) is called with \(arguments.count) argument\(arguments.count == 1 ? "" : "s") and takes \(wanted)",
        help: function.name == nil ? nil : "it is called as \(function.signature)")
    }
    let frame = execution.enter(code, function.cells)
    defer { execution.leave(frame, slots: code.slots) }
    for (parameter, value) in zip(code.parameters, arguments) { parameter.variable.pointer(frame).pointee = value }
    do {
      for parameter in code.parameters.dropFirst(arguments.count) {
        parameter.variable.pointer(frame).pointee = try parameter.standard?.evaluate(frame)
      }
      return try execution.run(code, frame)
    } catch var failure as RuntimeFailure {
      failure.diagnostic.trace.append(TracedCall(function: function.label, range: nil))
      throw failure
    }
  }

  /// Calls a function value with one argument.
  public func apply(_ function: FunctionValue, to argument: Value) throws -> Value {
    guard let code = function.code, code.isPlain, code.parameterCount == 1 else {
      return try apply(function, to: [argument])
    }
    if Cancellation.isRequested { throw Interrupted.now() }
    let frame = execution.enter(code, function.cells)
    defer { execution.leave(frame, slots: code.slots) }
    frame.slots[0] = argument
    do {
      return try execution.run(code, frame)
    } catch var failure as RuntimeFailure {
      failure.diagnostic.trace.append(TracedCall(function: function.label, range: nil))
      throw failure
    }
  }
}

extension BuiltinRecord {
  /// Calls the builtin with arguments by position.
  func apply(to arguments: [Value], session: any CallSession) throws -> Value {
    var values = standards
    var given: UInt64 = 0
    for (index, argument) in arguments.enumerated() {
      guard index < positional.count || rest != nil else {
        throw ErrorReport(
          .arity, "\(builtin.name) is called with \(arguments.count) arguments and takes \(positional.count)",
          help: "it is called as \(builtin.signature)")
      }
      let position = index < positional.count ? positional[index] : rest ?? 0
      guard let value = accepted[position].admit(argument) else { throw refusal(of: argument, position) }
      if index < positional.count {
        values[position] = value
      } else if case .list(let elements) = values[position] {
        values[position] = .list(elements + [value])
      }
      given |= 1 << UInt64(position)
    }
    for (index, parameter) in builtin.parameters.enumerated() where given & 1 << UInt64(index) == 0 {
      if case .required = parameter.presence {
        throw ErrorReport(
          .arity, "\(builtin.name) needs the argument \(parameter.name)", help: "it is called as \(builtin.signature)")
      }
    }
    do {
      return try builtin.body(Call(record: self, session: session, values: values, givenBits: given))
    } catch var report as ErrorReport {
      // The argument belongs to this call, which has no place; the place is that of the call around it.
      report.argument = nil
      throw report
    }
  }
}
