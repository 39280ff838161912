/// `f(a, b, name=c)`.
class CallNode: ExpressionNode {
  struct Item {
    let name: String?
    let nameRange: SourceRange
    let value: ExpressionNode
  }

  final let callee: ExpressionNode
  final let arguments: [Item]

  init(_ callee: ExpressionNode, _ arguments: [Item], _ range: SourceRange) {
    self.callee = callee
    self.arguments = arguments
    super.init(range)
  }

  override func evaluate(_ frame: Frame) throws -> Value { try callAny(try called(frame), frame) }

  /// The function that the callee stands for.
  final func called(_ frame: Frame) throws -> FunctionValue {
    let target = try callee.evaluate(frame)
    guard case .function(let function) = target else { throw notCallable(target, frame) }
    return function
  }

  /// Calls any function with any arguments.
  final func callAny(_ function: FunctionValue, _ frame: Frame) throws -> Value {
    try frame.checkpoint(range)
    if let code = function.code { return try call(code, function, frame) }
    guard let record = function.record else { return .nil }
    return try call(record, frame)
  }

  private func notCallable(_ value: Value, _ frame: Frame) -> RuntimeFailure {
    var help: String?
    if case .number = value { help = "a product is written with *" }
    if case .list = value { help = "an element is written \(callee.range.text)[…]" }
    let text = callee.range.text
    if frame.interpreter.hasBuiltin(text) {
      help = "a value of that name hides the builtin; give it another name"
    }
    let what = text.count <= 30 && !text.contains("\n") ? "\(text) is \(value.article)" : "this is \(value.article)"
    return RuntimeFailure(ErrorReport(.notSupported, "\(what) and cannot be called", help: help), at: callee.range)
  }

  // MARK: - Functions of the language

  private func call(_ code: FunctionCode, _ function: FunctionValue, _ frame: Frame) throws -> Value {
    let execution = frame.execution
    let inner = execution.enter(code, function.cells)
    defer { execution.leaveAny(inner, slots: code.slots) }
    try bind(code, function, inner, frame)
    do {
      return try execution.run(code, inner)
    } catch {
      throw traced(error, code.label)
    }
  }

  /// An error with this call among those on the way to it.
  @inline(never)
  final func traced(_ error: any Error, _ label: String) -> any Error {
    switch error {
    case var failure as RuntimeFailure:
      failure.diagnostic.trace.append(TracedCall(function: label, range: range))
      return failure
    case let report as ErrorReport: return RuntimeFailure(report, at: range)
    default: return error
    }
  }

  private func bind(_ code: FunctionCode, _ function: FunctionValue, _ inner: Frame, _ frame: Frame) throws {
    var rest: [Value] = []
    for (index, argument) in arguments.enumerated() {
      let position: Int
      if let name = argument.name {
        guard let found = code.parameters.firstIndex(where: { $0.name == name && $0.kind != .rest }) else {
          throw unknownArgument(name, argument.nameRange, of: function)
        }
        position = found
      } else if index < code.positionalCount {
        position = index
      } else if code.rest != nil {
        rest.append(try argument.value.evaluate(frame))
        continue
      } else {
        throw tooMany(function, code.positionalCount, from: index)
      }
      let place = code.parameters[position].variable.pointer(inner)
      if place.pointee != nil { throw givenTwice(argument, of: function) }
      place.pointee = try argument.value.evaluate(frame)
    }
    if let parameter = code.rest { parameter.variable.pointer(inner).pointee = .list(rest) }
    let missing = code.parameters.filter { $0.standard == nil && $0.variable.pointer(inner).pointee == nil }
    if let first = missing.first { throw self.missing(first.name, of: function) }
    for parameter in code.parameters where parameter.variable.pointer(inner).pointee == nil {
      parameter.variable.pointer(inner).pointee = try parameter.standard?.evaluate(inner)
    }
  }

  // MARK: - Builtins

  private func call(_ record: BuiltinRecord, _ frame: Frame) throws -> Value {
    let call = try prepare(record, frame)
    do {
      let result = try record.builtin.body(call)
      guard case .native(let native) = result, native.provenance == nil else { return result }
      return .native(native.stamped(Provenance(expression: range.text, seed: seed(of: call))))
    } catch {
      throw located(error, record, frame)
    }
  }

  /// The numbers of a call whose builtin gives them at equal distances.
  final func progression(_ frame: Frame) throws -> Progression? {
    guard callee is GlobalNode, case .function(let function) = try callee.evaluate(frame), let record = function.record,
      let progression = record.builtin.progression
    else { return nil }
    let call = try prepare(record, frame)
    do {
      return try progression(call)
    } catch {
      throw located(error, record, frame)
    }
  }

  private func located(_ error: any Error, _ record: BuiltinRecord, _ frame: Frame) -> any Error {
    frame.interpreter.located(error, at: range) { name in
      guard let index = record.index(of: name) else { return nil }
      if let named = arguments.first(where: { $0.name == name }) { return named.value.range }
      guard let position = record.positional.firstIndex(of: index) else { return record.rest == index ? range : nil }
      return position < arguments.count && arguments[position].name == nil ? arguments[position].value.range : nil
    }
  }

  private func seed(of call: Call) -> UInt64? {
    guard let index = call.record.seedIndex else { return nil }
    if let seed = call.values[index].numberValue { return UInt64(exactly: seed) }
    return call.session.seed
  }

  /// Matches the arguments to the parameters and checks their kinds.
  private func prepare(_ record: BuiltinRecord, _ frame: Frame) throws -> Call {
    var values = record.standards
    var given: UInt64 = 0
    var rest: [Value] = []
    for (index, argument) in arguments.enumerated() {
      let value = try argument.value.evaluate(frame)
      let position: Int
      if let name = argument.name {
        guard let found = record.index(of: name) else {
          throw unknownArgument(name, argument.nameRange, of: FunctionValue(builtin: record.builtin))
        }
        position = found
      } else if index < record.positional.count {
        position = record.positional[index]
      } else if let position = record.rest {
        rest.append(try admit(value, record, position, argument))
        given |= 1 << UInt64(position)
        continue
      } else {
        throw tooMany(FunctionValue(builtin: record.builtin), record.positional.count, from: index)
      }
      if given & 1 << UInt64(position) != 0 { throw givenTwice(argument, of: FunctionValue(builtin: record.builtin)) }
      if case .nil = value, case .optional = record.builtin.parameters[position].presence { continue }
      values[position] = try admit(value, record, position, argument)
      given |= 1 << UInt64(position)
    }
    if let position = record.rest, !rest.isEmpty { values[position] = .list(rest) }
    for (index, parameter) in record.builtin.parameters.enumerated() where given & 1 << UInt64(index) == 0 {
      if case .required = parameter.presence {
        throw missing(parameter.name, of: FunctionValue(builtin: record.builtin))
      }
    }
    return Call(record: record, session: frame.interpreter, values: values, givenBits: given)
  }

  private func admit(_ value: Value, _ record: BuiltinRecord, _ index: Int, _ argument: Item) throws -> Value {
    if let admitted = record.accepted[index].admit(value) { return admitted }
    throw RuntimeFailure(record.refusal(of: value, index), at: argument.value.range)
  }

  // MARK: - Errors

  private func unknownArgument(_ name: String, _ range: SourceRange, of function: FunctionValue) -> RuntimeFailure {
    let names = function.parameterNames
    let help =
      Spelling.suggestion(for: name, among: names)
      ?? (names.isEmpty ? "it takes no arguments" : "it is called as \(function.signature)")
    return RuntimeFailure(
      ErrorReport(.unknownArgument, "\(function.label) has no argument \(name)", help: help), at: range)
  }

  private func tooMany(_ function: FunctionValue, _ limit: Int, from index: Int) -> RuntimeFailure {
    let count = arguments.count { $0.name == nil }
    let allowed = limit == 0 ? "no arguments" : "\(limit) argument\(limit == 1 ? "" : "s")"
    let hasMore = function.parameterNames.count > limit
    return RuntimeFailure(
      ErrorReport(
        .arity, "\(function.label) takes \(allowed)\(hasMore ? " by position" : ""), not \(count)",
        help: "it is called as \(function.signature)"), at: arguments[index].value.range)
  }

  private func givenTwice(_ argument: Item, of function: FunctionValue) -> RuntimeFailure {
    let range = argument.name == nil ? argument.value.range : argument.nameRange
    return RuntimeFailure(
      ErrorReport(
        .arity, "the argument \(argument.name ?? "") of \(function.label) is given twice",
        help: "it is called as \(function.signature)"), at: range)
  }

  private func missing(_ name: String, of function: FunctionValue) -> RuntimeFailure {
    RuntimeFailure(
      ErrorReport(
        .arity, "\(function.label) needs the argument \(name)", help: "it is called as \(function.signature)"),
      at: range)
  }
}

extension BuiltinRecord {
  /// Why an argument is refused.
  func refusal(of value: Value, _ index: Int) -> ErrorReport {
    let parameter = builtin.parameters[index]
    let wanted = parameter.kinds.map { $0 == "integer" ? "a whole number" : Value.article(for: $0) }
    let list =
      wanted.count < 3
      ? wanted.joined(separator: " or ") : wanted.dropLast().joined(separator: ", ") + " or " + (wanted.last ?? "")
    let isNumber = if case .number = value { true } else { false }
    let found = isNumber && parameter.kinds.contains("integer") ? value.literal : value.article
    return ErrorReport(
      .wrongKind, "the \(parameter.name) of \(builtin.name) is \(list), not \(found)", label: "this is \(found)")
  }
}
