extension Value {
  /// What `type(x)` answers.
  public var kind: String {
    switch self {
    case .nil: "nil"
    case .bool: "bool"
    case .number: "number"
    case .string: "string"
    case .list: "list"
    case .record: "record"
    case .function: "function"
    case .module: "module"
    case .native(let value): value.kind
    }
  }

  /// The kind with its article, for messages: `a list`, `an integer`, `nil`.
  public var article: String { Value.article(for: kind) }

  static func article(for kind: String) -> String {
    if kind == "nil" || kind == "data" || kind == "candidates" { return kind }
    return (kind.first.map { "aeiou".contains($0) } ?? false ? "an " : "a ") + kind
  }

  /// The number that the value is, or stands for in arithmetic (a measure).
  public var numberValue: Double? {
    switch self {
    case .number(let number): number
    case .native(let value): value.number
    default: nil
    }
  }

  /// Whether a condition counts the value as true: not for nil, false, zero and what is empty.
  ///
  /// - Throws: ``ErrorReport`` for a value that is no condition.
  public func truth() throws(ErrorReport) -> Bool {
    switch self {
    case .nil: return false
    case .bool(let flag): return flag
    case .number(let number): return number != 0
    case .string(let text): return !text.isEmpty
    case .list(let elements): return !elements.isEmpty
    case .record(let fields): return !fields.isEmpty
    case .function, .module: return true
    case .native(let value):
      if let truth = value.truth { return truth }
      if let number = value.number { return number != 0 }
      throw ErrorReport(
        .wrongKind, "\(article) is not a condition",
        help: "compare it with something, or ask any(…), all(…), len(…) or norm(…)")
    }
  }

  /// The value as a whole number, if it is one that fits.
  public var wholeNumber: Int? {
    guard case .number(let number) = self else { return numberValue.flatMap { Int(exactly: $0) } }
    return Int(exactly: number)
  }
}
