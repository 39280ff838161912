import Foundation
import TVSLanguage

/// Functions of one number that lists and tensors apply to each element.
extension CoreBuiltins {
  static let elementwise =
    plain.map { name, summary, example, shows, function in
      record(name, summary, example, shows) { number throws(ErrorReport) in function(number) }
    } + [squareRoot, logarithm, cosine, round]

  private static let plain: [(String, String, String, String, @Sendable (Double) -> Double)] = [
    ("abs", "Gives the size of a number without its sign.", "abs(-3)", "3", { $0.magnitude }),
    ("exp", "Gives e to the power of a number.", "exp(0)", "1", { Foundation.exp($0) }),
    ("sin", "Gives the sine of an angle in radians.", "sin(pi / 2)", "1", { Foundation.sin($0) }),
    ("tan", "Gives the tangent of an angle in radians.", "tan(0)", "0", { Foundation.tan($0) }),
    ("tanh", "Gives the hyperbolic tangent.", "tanh(0)", "0", { Foundation.tanh($0) }),
    ("sigmoid", "Gives 1 / (1 + exp(-x)).", "sigmoid(0)", "0.5", { 1 / (1 + Foundation.exp(-$0)) }),
    ("floor", "Rounds down to a whole number.", "floor(-2.5)", "-3", { $0.rounded(.down) }),
    ("ceil", "Rounds up to a whole number.", "ceil(2.1)", "3", { $0.rounded(.up) }),
  ]

  private static let squareRoot = record("sqrt", "Gives the square root.", "sqrt([4, 9])", "[2, 3]") {
    number throws(ErrorReport) in
    guard number >= 0 || number.isNaN else { throw outside("sqrt", number, "a negative number has no square root") }
    return number.squareRoot()
  }

  private static let logarithm = record("log", "Gives the natural logarithm.", "log(exp(2))", "2") {
    number throws(ErrorReport) in
    guard number > 0 || number.isNaN else {
      throw outside("log", number, number == 0 ? "zero has no logarithm" : "a negative number has no logarithm")
    }
    return Foundation.log(number)
  }

  private static func outside(_ name: String, _ number: Double, _ message: String) -> ErrorReport {
    ErrorReport(.arithmetic, message, label: "this is \(NumberText.shortest(number))", argument: "x")
  }

  private static func record(
    _ name: String, _ summary: String, _ example: String, _ shows: String,
    _ function: @escaping @Sendable (Double) throws(ErrorReport) -> Double
  ) -> Builtin {
    Builtin(
      name, topic: "core", summary: summary,
      parameters: [Parameter("x", help: "a number; of a list or tensor each element")],
      returns: "the same kind",
      details: "Inside tensors IEEE rules hold, so that what has no value becomes nan or inf.",
      examples: [Builtin.Example(example, shows: shows)],
      errors: ["E0202"] + (name == "sqrt" || name == "log" ? ["E0208"] : [])
    ) { try each($0["x"], name, function) }
  }

  /// Applies a function to a number, or to each element of a list or tensor.
  static func each(
    _ value: Value, _ name: String, argument: String = "x", depth: Int = 0,
    _ function: (Double) throws(ErrorReport) -> Double
  ) throws -> Value {
    switch value {
    case .number(let number): return .number(try function(number))
    case .list(let elements) where depth < 1000:
      return .list(try elements.map { try each($0, name, argument: argument, depth: depth + 1, function) })
    case .native(let native):
      if let result = try native.mapped(name) { return result }
      if let number = native.number { return .number(try function(number)) }
    default: break
    }
    throw ErrorReport(.wrongKind, "\(name) is of numbers, not of \(value.article)", argument: argument)
  }

  private static let round = Builtin(
    "round", topic: "core", summary: "Rounds to a number of digits after the point; halves go to the even neighbour.",
    parameters: [
      Parameter("x", help: "a number; of a list or tensor each element"),
      Parameter("digits", "integer", presence: .defaults(.number(0)), help: "digits after the point, also negative"),
    ],
    returns: "the same kind",
    examples: [Builtin.Example("round(2.5)", shows: "2"), Builtin.Example("round(3.14159, 2)", shows: "3.14")],
    errors: ["E0202"], seeAlso: ["floor", "ceil"]
  ) { call in
    let digits = try call.integer("digits")
    guard digits.magnitude <= 300 else {
      throw ErrorReport(.invalidArgument, "a number does not have \(digits) digits", argument: "digits")
    }
    if digits != 0, case .native(let native) = call["x"], native.number == nil {
      let scale = Value.number(pow(10, Double(digits)))
      guard case .native(let scaled) = try call["x"].applying(.multiply, scale),
        let rounded = try scaled.mapped("round")
      else { return try each(call["x"], "round") { $0 } }
      return try rounded.applying(.divide, scale)
    }
    return try each(call["x"], "round") { rounded($0, digits) }
  }

  /// Rounds the decimal text of a number, as Python does, so that 2.675 becomes 2.67 and 0.1 stays 0.1.
  private static func rounded(_ number: Double, _ digits: Int) -> Double {
    guard number.isFinite else { return number }
    if digits == 0 { return number.rounded(.toNearestOrEven) }
    if digits > 0 { return digits > 17 ? number : Double(String(format: "%.\(digits)f", number)) ?? number }
    let scale = pow(10, Double(-digits))
    return (number / scale).rounded(.toNearestOrEven) * scale
  }

  // MARK: - Two vectors

  static let pairings = [dot, norm]

  private static let space = Parameter(
    "in", "string", presence: .optional("the free parameters"), byNameOnly: true,
    help: "\"product\" compares what LoRA factors do to the weights")

  private static let cosine = Builtin(
    "cos", topic: "core",
    summary: "Gives the cosine of an angle in radians, or with two arguments their cosine similarity.",
    parameters: [
      Parameter("a", help: "a number; of a list or tensor each element"),
      Parameter("b", presence: .optional("the cosine of a"), help: "what a is compared with"), space,
    ],
    returns: "the same kind, or a number",
    details: "With two arguments it is dot(a, b) / (norm(a) norm(b)), which is 0 for vectors at right angles.",
    examples: [Builtin.Example("cos(0)", shows: "1"), Builtin.Example("cos([1, 0], [0, 2])", shows: "0")],
    errors: ["E0202", "E0203", "E0208"], seeAlso: ["dot", "norm", "sin"]
  ) { call in
    guard call.isGiven("b") else { return try each(call["a"], "cos", argument: "a") { Foundation.cos($0) } }
    return try pair("cos", call) { a, b in
      let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      let sizes = length(a) * length(b)
      guard sizes > 0 else {
        throw ErrorReport(.arithmetic, "a vector of zeros has no direction", argument: length(a) == 0 ? "a" : "b")
      }
      return product / sizes
    }
  }

  private static let dot = Builtin(
    "dot", topic: "tensor", summary: "Gives the sum of the products of the elements of two vectors.",
    parameters: [
      Parameter("a", help: "a list, tensor or displacement"), Parameter("b", help: "another of the same size"), space,
    ],
    returns: "number", examples: [Builtin.Example("dot([1, 2], [3, 4])", shows: "11")],
    errors: ["E0202", "E0203", "E0402"],
    seeAlso: ["norm", "cos"]
  ) { call in
    try pair("dot", call) { a, b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  private static let norm = Builtin(
    "norm", topic: "tensor", summary: "Gives the Euclidean length of a vector.",
    parameters: [Parameter("x", help: "a list, tensor or displacement"), space], returns: "number",
    examples: [Builtin.Example("norm([3, 4])", shows: "5")], errors: ["E0202"], seeAlso: ["dot", "cos"]
  ) { call in
    if case .native(let native) = call["x"] {
      if call.isGiven("in"), let square = try native.paired("dot", with: call["x"], options: ["in": call["in"]]) {
        return try each(square, "sqrt") { max(0, $0).squareRoot() }
      }
      if !call.isGiven("in"), let result = try native.reduced("norm", axis: nil) { return result }
      if let number = native.number { return .number(number.magnitude) }
    }
    return .number(length(try numbers(call["x"], "norm", argument: "x")))
  }

  /// Scaled, so that large elements do not overflow.
  private static func length(_ x: [Double]) -> Double { x.reduce(0) { hypot($0, $1) } }

  private static func pair(_ name: String, _ call: Call, _ function: ([Double], [Double]) throws -> Double) throws
    -> Value
  {
    let options = call.isGiven("in") ? ["in": call["in"]] : [:]
    if case .native(let a) = call["a"], let result = try a.paired(name, with: call["b"], options: options) {
      return result
    }
    if case .native(let b) = call["b"], let result = try b.paired(name, with: call["a"], options: options) {
      return result
    }
    let a = try numbers(call["a"], name, argument: "a")
    let b = try numbers(call["b"], name, argument: "b")
    guard a.count == b.count else {
      throw ErrorReport(
        .shape, "\(name) is of vectors of one size, not of \(a.count) and \(b.count) elements", argument: "b")
    }
    return .number(try function(a, b))
  }
}
