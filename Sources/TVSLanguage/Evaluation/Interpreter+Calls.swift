import Checkpoints

/// Calls that builtins such as `map` make.
extension Interpreter {
  /// Calls a function value, for a builtin such as `map`.
  public func apply(_ function: FunctionValue, to arguments: [Value]) throws -> Value {
    if execution.countsStep() { try execution.pause() }
    if let record = function.record { return try record.apply(to: arguments, session: self) }
    guard let code = function.code else { return .nil }
    let count = arguments.count
    let positional = code.parameters.prefix(code.positionalCount)
    let required = positional.count { $0.standard == nil }
    guard count >= required, count <= positional.count || code.rest != nil else {
      throw unfitting(function, count, required...max(required, positional.count))
    }
    if let parameter = code.parameters.first(where: { $0.kind == .byName && $0.standard == nil }) {
      throw ErrorReport(
        .arity, "\(function.label) needs the argument \(parameter.name)", help: "it is called as \(function.signature)")
    }
    let frame = execution.enter(code, function.cells)
    defer { execution.leaveAny(frame, slots: code.slots) }
    for (parameter, value) in zip(positional, arguments) { parameter.variable.pointer(frame).pointee = value }
    code.rest?.variable.pointer(frame).pointee = .list(Array(arguments.dropFirst(positional.count)))
    do {
      for parameter in code.parameters where parameter.variable.pointer(frame).pointee == nil {
        parameter.variable.pointer(frame).pointee = try parameter.standard?.evaluate(frame)
      }
      return try execution.run(code, frame)
    } catch var failure as RuntimeFailure {
      failure.diagnostic.trace.append(TracedCall(function: function.label, range: nil))
      throw failure
    }
  }

  private func unfitting(_ function: FunctionValue, _ count: Int, _ wanted: ClosedRange<Int>) -> ErrorReport {
    let range = wanted.count == 1 ? "\(wanted.lowerBound)" : "\(wanted.lowerBound) to \(wanted.upperBound)"
    return ErrorReport(
      .arity, "\(function.label) is called with \(count) argument\(count == 1 ? "" : "s") and takes \(range)",
      help: function.name == nil ? nil : "it is called as \(function.signature)")
  }

  /// Calls a function value with one argument.
  public func apply(_ function: FunctionValue, to argument: Value) throws -> Value {
    guard let code = function.code, code.isPlain, code.parameterCount == 1 else {
      return try apply(function, to: [argument])
    }
    if execution.countsStep() { try execution.pause() }
    let frame = execution.enter(code, function.cells)
    defer { execution.leaveAny(frame, slots: code.slots) }
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
