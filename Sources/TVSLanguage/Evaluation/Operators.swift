import Checkpoints

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The operators on values. Errors say with `argument` which operand to mark: `left` or `right`.
enum Operators {
  static func apply(_ operation: BinaryOperator, _ left: Value, _ right: Value) throws -> Value {
    switch (left, right) {
    case (.number(let a), .number(let b)): return try number(operation, a, b)
    case (.native, _), (_, .native):
      if let result = try native(operation, left, right) { return result }
    case (.string(let a), .string(let b)):
      if operation == .add {
        try MemoryLimit.require(a.utf8.count + b.utf8.count)
        return .string(a + b)
      }
    case (.string(let text), .number(let count)) where operation == .multiply:
      return .string(String(repeating: text, count: try repetitions(count, of: text.utf8.count)))
    case (.list(let a), .list(let b)):
      if operation == .add {
        try MemoryLimit.require((a.count + b.count) * MemoryLayout<Value>.stride)
        return .list(a + b)
      }
    case (.list(let elements), .number(let count)) where operation == .multiply:
      return .list(
        [[Value]](repeating: elements, count: try repetitions(count, of: elements.count * 32)).flatMap { $0 })
    default: break
    }
    return try compare(operation, left, right)
  }

  /// `value op= operand`. Lists and strings grow in place, so that a loop over `xs += [x]` is linear.
  static func update(_ value: inout Value, _ operation: BinaryOperator, _ operand: Value) throws {
    if operation == .add {
      if value.isList, case .list(let more) = operand {
        if more.count > 4096 { try MemoryLimit.require(2 * more.count * MemoryLayout<Value>.stride) }
        var elements = value.takeList()
        elements.append(contentsOf: more)
        value = .list(elements)
        return
      }
      if value.isString, case .string(let more) = operand {
        if more.utf8.count > MemoryLimit.smallest { try MemoryLimit.require(2 * more.utf8.count) }
        var text = value.takeString()
        text += more
        value = .string(text)
        return
      }
    }
    value = try apply(operation, value, operand)
  }

  // MARK: - Numbers

  @inline(__always)
  static func number(_ operation: BinaryOperator, _ a: Double, _ b: Double) throws -> Value {
    switch operation {
    case .add: return .number(a + b)
    case .subtract: return .number(a - b)
    case .multiply: return .number(a * b)
    case .less: return .bool(a < b)
    case .lessOrEqual: return .bool(a <= b)
    case .greater: return .bool(a > b)
    case .greaterOrEqual: return .bool(a >= b)
    case .equal: return .bool(a == b)
    case .notEqual: return .bool(a != b)
    case .divide:
      if b == 0 { throw divisionByZero("divided") }
      return .number(a / b)
    case .remainder:
      if b == 0 { throw divisionByZero("reduced") }
      return .number(remainder(a, b))
    case .power: return .number(try power(a, b))
    case .matrixProduct, .contained: throw unsupported(operation, .number(a), .number(b))
    }
  }

  private static func divisionByZero(_ verb: String) -> ErrorReport {
    ErrorReport(
      .arithmetic, "a number is \(verb) by zero", label: "this is 0",
      help: "test the divisor first; inside tensors IEEE rules hold, and tensor([1]) / 0 is inf", argument: "right")
  }

  /// The remainder with the sign of the divisor, as in Python.
  private static func remainder(_ a: Double, _ b: Double) -> Double {
    let rest = fmod(a, b)
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
  }

  private static func power(_ a: Double, _ b: Double) throws -> Double {
    if b == 2 { return a * a }
    if a == 0, b < 0 {
      throw ErrorReport(.arithmetic, "zero has no negative power", label: "this is 0", argument: "left")
    }
    let result = pow(a, b)
    if result.isNaN, !a.isNaN, !b.isNaN {
      throw ErrorReport(
        .arithmetic, "a negative number has no power of \(NumberText.shortest(b))",
        label: "this is \(NumberText.shortest(a))", help: "take the power of abs(x)", argument: "left")
    }
    return result
  }

  private static func repetitions(_ count: Double, of size: Int) throws -> Int {
    guard let whole = Int(exactly: count) else {
      throw ErrorReport(
        .wrongKind, "something is repeated a whole number of times, not \(NumberText.shortest(count))",
        argument: "right")
    }
    let bytes = Double(max(size, 1)) * count
    guard bytes < 4e9, MemoryLimit.allows(Int(max(0, bytes))) else {
      throw ErrorReport(.tooLarge, "the result would take \(NumberText.bytes(bytes))", argument: "right")
    }
    return max(0, whole)
  }

  // MARK: - Values of other rooms

  private static func native(_ operation: BinaryOperator, _ left: Value, _ right: Value) throws -> Value? {
    if case .native(let value) = left, let result = try value.apply(operation, with: right, side: .left) {
      return result
    }
    if case .native(let value) = right, let result = try value.apply(operation, with: left, side: .right) {
      return result
    }
    if let a = left.numberValue, let b = right.numberValue { return try number(operation, a, b) }
    return nil
  }

  // MARK: - Comparisons

  private static func compare(_ operation: BinaryOperator, _ left: Value, _ right: Value) throws -> Value {
    switch operation {
    case .equal: return .bool(try left.isEqual(to: right))
    case .notEqual: return .bool(!(try left.isEqual(to: right)))
    case .less: if let result = try left.isLess(than: right) { return .bool(result) }
    case .greater: if let result = try right.isLess(than: left) { return .bool(result) }
    case .lessOrEqual: if let result = try right.isLess(than: left) { return .bool(!result) }
    case .greaterOrEqual: if let result = try left.isLess(than: right) { return .bool(!result) }
    default: break
    }
    throw unsupported(operation, left, right)
  }

  /// Whether `item in container`.
  static func contains(_ container: Value, _ item: Value) throws -> Bool {
    switch (container, item) {
    case (.list(let elements), _):
      for element in elements where try element.isEqual(to: item) { return true }
      return false
    case (.string(let text), .string(let part)): return part.isEmpty || text.contains(part)
    case (.record(let fields), .string(let key)): return fields[key] != nil
    case (.record, _): return false
    case (.native(let value), _):
      if let result = try value.contains(item) { return result }
      if let elements = try value.elements() { return try contains(.list(elements), item) }
    default: break
    }
    if case .string = container {
      throw ErrorReport(
        .wrongKind, "a string contains strings, not \(item.article)", label: "this is \(item.article)", argument: "left"
      )
    }
    throw ErrorReport(
      .wrongKind, "\(container.article) contains nothing that in could find", label: "this is \(container.article)",
      argument: "right")
  }

  static func negate(_ value: Value) throws -> Value {
    if case .number(let number) = value { return .number(-number) }
    if case .native(let native) = value, let result = try native.negated() { return result }
    if let number = value.numberValue { return .number(-number) }
    throw ErrorReport(.wrongKind, "\(value.article) has no negative", argument: "right")
  }

  private static func unsupported(_ operation: BinaryOperator, _ left: Value, _ right: Value) -> ErrorReport {
    var help: String?
    switch (left, right) {
    case (.string, _), (_, .string):
      if operation == .add { help = "write f\"{x}\" or string(x) to make text of a value" }
      if operation == .remainder { help = "numbers in text are written f\"{x:.3f}\"" }
    case (.bool, _), (_, .bool): help = "number(true) is 1"
    case (.nil, _), (_, .nil): help = "nil is what a function without a result gives"
    default: break
    }
    if operation == .matrixProduct, left.numberValue != nil || right.numberValue != nil {
      help = "numbers are multiplied by *"
    }
    let code: ErrorCode = .wrongKind
    return ErrorReport(code, "\(operation.rawValue) does not join \(left.article) and \(right.article)", help: help)
  }
}

extension MemoryLimit {
  /// Throws unless so many bytes more may be taken.
  ///
  /// - Throws: ``ErrorReport`` with code E0401.
  public static func require(_ more: Int) throws(ErrorReport) {
    guard more >= smallest || more == 0 && bytes != nil, more > left else { return }
    let limit = bytes.map { "the \(NumberText.bytes(Double($0))) of --max-memory" } ?? "the memory of this machine"
    let what = more == 0 ? "the program takes more than" : "\(NumberText.bytes(Double(more))) more would exceed"
    throw ErrorReport(.tooLarge, "\(what) \(limit)", help: "keep less at once, or allow more")
  }
}
