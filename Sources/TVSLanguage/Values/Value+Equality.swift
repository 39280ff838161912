extension Value {
  /// Levels of nesting that comparisons follow.
  static let nestingLimit = 10_000

  /// Whether two values are equal, as `==` inside of lists and records and as `in` ask: numbers by value, lists and
  /// records element by element, values of other rooms when they are identical.
  ///
  /// - Throws: ``ErrorReport`` for values nested too deeply.
  public func isEqual(to other: Value, depth: Int = 0) throws(ErrorReport) -> Bool {
    guard depth < Value.nestingLimit else { throw Value.nestedTooDeeply }
    switch (self, other) {
    case (.nil, .nil): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.number(let a), .number(let b)): return a == b
    case (.string(let a), .string(let b)): return a == b
    case (.list(let a), .list(let b)):
      guard a.count == b.count else { return false }
      for index in a.indices where try !a[index].isEqual(to: b[index], depth: depth + 1) { return false }
      return true
    case (.record(let a), .record(let b)):
      guard a.count == b.count else { return false }
      for (key, value) in a {
        guard let partner = b[key], try value.isEqual(to: partner, depth: depth + 1) else { return false }
      }
      return true
    case (.function(let a), .function(let b)): return a === b || (a.isBuiltin && b.isBuiltin && a.name == b.name)
    case (.module(let a), .module(let b)): return a === b
    case (.native(let a), .native(let b)):
      if a === b || a.isSame(as: b) { return true }
      if let x = a.number, let y = b.number { return x == y }
      return false
    default:
      if let a = numberValue, let b = other.numberValue { return a == b }
      return false
    }
  }

  /// Whether two values are identical in every bit that matters, as `same(a, b)` asks: as ``isEqual(to:depth:)``, but
  /// not-a-number is the same as itself, and a measure is never the same as its number.
  ///
  /// - Throws: ``ErrorReport`` for values nested too deeply.
  public func isSame(as other: Value, depth: Int = 0) throws(ErrorReport) -> Bool {
    guard depth < Value.nestingLimit else { throw Value.nestedTooDeeply }
    switch (self, other) {
    case (.number(let a), .number(let b)): return a == b || (a.isNaN && b.isNaN)
    case (.list(let a), .list(let b)):
      guard a.count == b.count else { return false }
      for index in a.indices where try !a[index].isSame(as: b[index], depth: depth + 1) { return false }
      return true
    case (.record(let a), .record(let b)):
      guard a.count == b.count else { return false }
      for (key, value) in a {
        guard let partner = b[key], try value.isSame(as: partner, depth: depth + 1) else { return false }
      }
      return true
    case (.native(let a), .native(let b)): return a === b || a.isSame(as: b)
    case (.native, _), (_, .native): return false
    default: return try isEqual(to: other)
    }
  }

  /// Whether the value comes before another in the order of `<` and `sort`; nil if the two have no order.
  ///
  /// - Throws: ``ErrorReport`` for values nested too deeply.
  public func isLess(than other: Value, depth: Int = 0) throws(ErrorReport) -> Bool? {
    guard depth < Value.nestingLimit else { throw Value.nestedTooDeeply }
    switch (self, other) {
    case (.number(let a), .number(let b)): return a < b
    case (.string(let a), .string(let b)): return a < b
    case (.bool(let a), .bool(let b)): return !a && b
    case (.list(let a), .list(let b)):
      for (x, y) in zip(a, b) {
        guard let isLess = try x.isLess(than: y, depth: depth + 1), let isMore = try y.isLess(than: x, depth: depth + 1)
        else { return nil }
        if isLess { return true }
        if isMore { return false }
      }
      return a.count < b.count
    default:
      if let a = numberValue, let b = other.numberValue { return a < b }
      return nil
    }
  }

  private static var nestedTooDeeply: ErrorReport {
    ErrorReport(.recursion, "the values are nested more than \(grouped(nestingLimit)) levels deep")
  }

  private static func grouped(_ count: Int) -> String { NumberText.grouped(count) }
}
