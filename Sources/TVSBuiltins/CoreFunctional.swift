import TVSLanguage

extension CoreBuiltins {
  static let functional = [map, filter, reduce, someTrue, allTrue]

  private static let map = Builtin(
    "map", topic: "core", summary: "Applies a function to each element.",
    parameters: [
      Parameter("x", help: "a list, or anything that for visits"), Parameter("f", "function", help: "of one argument"),
    ],
    returns: "list", examples: [Builtin.Example("map([1, 2, 3], x -> x^2)", shows: "[1, 4, 9]")], errors: ["E0202"],
    seeAlso: ["filter", "reduce"]
  ) { call in
    let elements = try call.elements("x")
    let function = try call.function("f")
    return .list(try elements.map { try call.apply(function, $0) })
  }

  private static let filter = Builtin(
    "filter", topic: "core", summary: "Keeps the elements for which a function is true.",
    parameters: [
      Parameter("x", help: "a list, or anything that for visits"), Parameter("f", "function", help: "of one argument"),
    ],
    returns: "list", examples: [Builtin.Example("filter(range(6), x -> x % 2 == 0)", shows: "[0, 2, 4]")],
    errors: ["E0202"], seeAlso: ["map", "any", "all"]
  ) { call in
    let elements = try call.elements("x")
    let function = try call.function("f")
    return .list(try elements.filter { try call.apply(function, $0).truth() })
  }

  private static let reduce = Builtin(
    "reduce", topic: "core", summary: "Joins the elements from left to right by a function of two arguments.",
    parameters: [
      Parameter("x", help: "a list, or anything that for visits"),
      Parameter("f", "function", help: "of the result so far and an element"),
      Parameter("initial", presence: .optional("the first element"), help: "where to begin"),
    ],
    returns: "the last result", examples: [Builtin.Example("reduce([1, 2, 3, 4], (a, b) -> a * b)", shows: "24")],
    errors: ["E0202", "E0209"], seeAlso: ["map", "sum"]
  ) { call in
    var elements = try call.elements("x")[...]
    let function = try call.function("f")
    var result = call["initial"]
    if !call.isGiven("initial") {
      guard let first = elements.popFirst() else {
        throw ErrorReport(
          .invalidArgument, "an empty list has nothing to reduce", help: "give an initial value", argument: "x")
      }
      result = first
    }
    for element in elements { result = try call.apply(function, result, element) }
    return result
  }

  private static let someTrue = Builtin(
    "any", topic: "core", summary: "Tells whether at least one element is true.",
    parameters: [
      Parameter("x", help: "a list or tensor"),
      Parameter("f", "function", presence: .optional("the elements themselves"), help: "asked of each element"),
    ],
    returns: "bool", examples: [Builtin.Example("any([1, 2, 3], x -> x > 2)", shows: "true")], errors: ["E0202"],
    seeAlso: ["all"]
  ) { .bool(try isAny(of: $0, "any") { $0 }) }

  private static let allTrue = Builtin(
    "all", topic: "core", summary: "Tells whether every element is true.",
    parameters: [
      Parameter("x", help: "a list or tensor"),
      Parameter("f", "function", presence: .optional("the elements themselves"), help: "asked of each element"),
    ],
    returns: "bool", examples: [Builtin.Example("all([1, 2, 3], x -> x > 2)", shows: "false")], errors: ["E0202"],
    seeAlso: ["any"]
  ) { .bool(!(try isAny(of: $0, "all") { !$0 })) }

  /// Whether some element's truth satisfies `test`.
  private static func isAny(of call: Call, _ name: String, _ test: (Bool) -> Bool) throws -> Bool {
    if case .native(let native) = call["x"], !call.isGiven("f"), let answer = try native.reduced(name, axis: nil) {
      return test(try answer.truth())
    }
    let function = call.isGiven("f") ? try call.function("f") : nil
    for element in try call.elements("x") {
      let answer = try function.map { try call.apply($0, element) } ?? element
      if test(try answer.truth()) { return true }
    }
    return false
  }
}
