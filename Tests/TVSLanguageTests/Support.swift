import Checkpoints
import TVSLanguage

/// A value of another room, small enough to see through.
final class Box: NativeValue {
  let numbers: [Double]
  let provenance: Provenance?
  let wasUnique: Bool

  init(_ numbers: [Double], provenance: Provenance? = nil, wasUnique: Bool = false) {
    self.numbers = numbers
    self.provenance = provenance
    self.wasUnique = wasUnique
  }

  var kind: String { "box" }
  var inline: String { "box(\(numbers.map(NumberText.shortest).joined(separator: ", ")))" }
  var fieldNames: [String] { ["first", "unique"] }
  var length: Int? { numbers.count }
  func field(_ name: String) throws -> Value? {
    switch name {
    case "first": .number(numbers.first ?? .nan)
    case "unique": .bool(wasUnique)
    default: nil
    }
  }
  func elements() throws -> [Value]? { numbers.map { .number($0) } }
  func element(at subscripts: [Subscript]) throws -> Value? {
    guard case .value(let index)? = subscripts.first, let position = index.wholeNumber else { return nil }
    guard numbers.indices.contains(position) else { throw BoxError.outside(position) }
    return .number(numbers[position])
  }
  func replacing(at subscripts: [Subscript], with value: Value, isUnique: Bool) throws -> (any NativeValue)? {
    guard case .value(let index)? = subscripts.first, let position = index.wholeNumber, let number = value.numberValue
    else { return nil }
    guard numbers.indices.contains(position) else { throw BoxError.outside(position) }
    var copy = numbers
    copy[position] = number
    return Box(copy, wasUnique: isUnique)
  }
  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? {
    switch (operation, other) {
    case (.multiply, .number(let factor)): .native(Box(numbers.map { $0 * factor }))
    case (.equal, .native(let other as Box)): .native(Box(zip(numbers, other.numbers).map { $0 == $1 ? 1 : 0 }))
    default: nil
    }
  }
  func isSame(as other: any NativeValue) -> Bool { (other as? Box)?.numbers == numbers }
  func stamped(_ provenance: Provenance) -> any NativeValue {
    Box(numbers, provenance: provenance, wasUnique: wasUnique)
  }
}

/// A measure: a number with something around it.
final class Around: NativeValue {
  let centre: Double
  init(_ centre: Double) { self.centre = centre }
  var kind: String { "measure" }
  var inline: String { "\(NumberText.shortest(centre)) ± 1" }
  var number: Double? { centre }
}

enum BoxError: Error {
  case outside(Int)
  case broken
}

enum Fixture {
  static let builtins: [Builtin] = [
    Builtin("print", topic: "test", summary: "Prints.", parameters: [Parameter("values", presence: .rest)]) { call in
      call.session.write(try call.list("values").map(\.plainText).joined(separator: " ") + "\n")
      return .nil
    },
    Builtin(
      "box", topic: "test", summary: "Boxes.",
      parameters: [
        Parameter("values", "number", presence: .rest),
        Parameter("seed", "integer", presence: .optional("the session's"), byNameOnly: true),
      ]
    ) { call in .native(Box(try call.list("values").compactMap(\.numberValue))) },
    Builtin("around", topic: "test", summary: "Measures.", parameters: [Parameter("x", "number")]) { call in
      .native(Around(try call.number("x")))
    },
    Builtin("len", topic: "test", summary: "Counts.", parameters: [Parameter("x", "list")]) { call in
      .number(Double(try call.list("x").count))
    },
    Builtin("range", topic: "test", summary: "Lists.", parameters: [Parameter("n", "integer")]) { call in
      .list((0..<(try call.integer("n"))).map { .number(Double($0)) })
    },
    Builtin("half", topic: "test", summary: "Halves.", parameters: [Parameter("x", "number")]) { call in
      .number(try call.number("x") / 2)
    },
    Builtin(
      "call", topic: "test", summary: "Calls.",
      parameters: [Parameter("f", "function"), Parameter("x", presence: .rest)]
    ) {
      call in try call.session.apply(try call.function("f"), to: try call.list("x"))
    },
    Builtin(
      "fail", topic: "test", summary: "Fails.",
      parameters: [Parameter("known", "bool"), Parameter("x", presence: .optional("none"))]
    ) {
      call in throw try call.bool("known") ? BoxError.outside(7) : BoxError.broken
    },
    Builtin("interrupt", topic: "test", summary: "Stops.") { _ in
      throw Interrupted(activity: "interrupt", step: 3, total: 9)
    },
    Builtin("exit", topic: "test", summary: "Leaves.", parameters: [Parameter("n", "integer")]) { call in
      throw ExitRequest(status: Int32(clamping: try call.integer("n")))
    },
    Builtin("origin", topic: "test", summary: "Tells.", parameters: [Parameter("x")]) { call in
      guard case .native(let native) = call["x"], let origin = native.provenance else { return .nil }
      return .string(origin.expression + (origin.seed.map { " seed \($0)" } ?? ""))
    },
  ]

  static func interpreter(_ output: CollectedOutput = CollectedOutput(), libraryPaths: [String] = []) -> Interpreter {
    Interpreter(builtins: builtins, output: output, libraryPaths: libraryPaths) { error in
      guard case BoxError.outside(let position) = error else { return nil }
      return ErrorReport(.indexOutOfRange, "position \(position) is outside of the box", argument: "subscripts")
    }
  }

  /// What a program shows.
  static func run(_ text: String, _ interpreter: Interpreter? = nil) throws -> String {
    let output = CollectedOutput()
    try (interpreter ?? self.interpreter(output)).run(SourceText(name: "test.tvs", text: text))
    return output.lines.joined(separator: "\n")
  }

  /// The rendered errors of a program.
  static func error(_ text: String) -> String {
    do throws(Failure) {
      try interpreter().run(SourceText(name: "test.tvs", text: text))
      return ""
    } catch {
      guard case .errors(let diagnostics) = error else { return "\(error)" }
      return diagnostics.map { $0.rendered(color: false) }.joined(separator: "\n")
    }
  }
}
