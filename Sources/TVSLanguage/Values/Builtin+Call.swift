/// A record prepared for calls: what each call would otherwise look up again.
final class BuiltinRecord: Sendable {
  let builtin: Builtin
  let accepted: [AcceptedKinds]
  /// The values of a call without arguments.
  let standards: [Value]
  /// Parameters that may be given by position.
  let positional: [Int]
  /// The parameter that takes all remaining arguments by position.
  let rest: Int?
  /// Whether calls draw from the session's seed when they have none of their own.
  let seedIndex: Int?

  init(_ builtin: Builtin) {
    self.builtin = builtin
    accepted = builtin.parameters.map { AcceptedKinds($0.kinds) }
    standards = builtin.parameters.map {
      switch $0.presence {
      case .defaults(let value): value
      case .rest: .list([])
      case .required, .optional: .nil
      }
    }
    positional = builtin.parameters.indices.filter {
      if case .rest = builtin.parameters[$0].presence { return false }
      return !builtin.parameters[$0].byNameOnly
    }
    rest = builtin.parameters.firstIndex { if case .rest = $0.presence { true } else { false } }
    seedIndex = builtin.parameters.firstIndex { $0.name == "seed" && $0.byNameOnly }
  }

  func index(of name: String) -> Int? { builtin.parameters.firstIndex { $0.name == name } }
}

/// The kinds a parameter accepts, as bits for the plain kinds.
struct AcceptedKinds: Sendable {
  private let bits: UInt16
  private let natives: [String]
  let isAny: Bool

  private static let plain: [String: UInt16] = [
    "nil": 1, "bool": 2, "number": 4, "integer": 8, "string": 16, "list": 32, "record": 64, "function": 128,
    "module": 256,
  ]

  init(_ kinds: [String]) {
    isAny = kinds.isEmpty || kinds.contains("any")
    bits = kinds.reduce(0) { $0 | (Self.plain[$1] ?? 0) }
    natives = kinds.filter { Self.plain[$0] == nil }
  }

  /// The value as the builtin receives it, or nil if it is refused. A measure becomes its number where only numbers
  /// are accepted.
  func admit(_ value: Value) -> Value? {
    if isAny { return value }
    let bit: UInt16
    switch value {
    case .nil: bit = 1
    case .bool: bit = 2
    case .number(let number):
      if bits & 4 != 0 { return value }
      return bits & 8 != 0 && Int(exactly: number) != nil ? value : nil
    case .string: bit = 16
    case .list: bit = 32
    case .record: bit = 64
    case .function: bit = 128
    case .module: bit = 256
    case .native(let native):
      if natives.contains(native.kind) { return value }
      guard bits & 12 != 0, let number = native.number else { return nil }
      return admit(.number(number))
    }
    return bits & bit != 0 ? value : nil
  }
}

/// One call of a builtin: its arguments, matched to the parameters and checked for kind, and the session around it.
public struct Call: Sendable {
  let record: BuiltinRecord
  let values: [Value]
  /// One bit for each parameter that was written at the call.
  let givenBits: UInt64
  /// The session: output, seed, calls back into the language.
  public let session: any CallSession

  /// Puts a call together; the evaluator does this, and tests may.
  public init(builtin: Builtin, session: any CallSession, arguments: [String: Value], given: Set<String>) {
    let record = BuiltinRecord(builtin)
    self.record = record
    self.session = session
    values = zip(builtin.parameters, record.standards).map { arguments[$0.name] ?? $1 }
    givenBits = builtin.parameters.enumerated().reduce(0) { bits, item in
      given.contains(item.element.name) ? bits | 1 << UInt64(item.offset) : bits
    }
  }

  init(record: BuiltinRecord, session: any CallSession, values: [Value], givenBits: UInt64) {
    self.record = record
    self.session = session
    self.values = values
    self.givenBits = givenBits
  }

  /// The record that is called.
  public var builtin: Builtin { record.builtin }

  /// The arguments by parameter.
  public var arguments: [String: Value] {
    Dictionary(zip(record.builtin.parameters.map(\.name), values)) { first, _ in first }
  }

  /// Names of the parameters that were written at the call.
  public var given: Set<String> { Set(record.builtin.parameters.map(\.name).filter(isGiven)) }

  /// Whether a parameter was written at the call (and not as nil).
  public func isGiven(_ name: String) -> Bool {
    record.index(of: name).map { givenBits & 1 << UInt64($0) != 0 } ?? false
  }

  /// The argument of a parameter; `.nil` when it was left out.
  public subscript(_ name: String) -> Value { record.index(of: name).map { values[$0] } ?? .nil }
}
