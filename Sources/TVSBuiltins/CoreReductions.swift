import Foundation
import TVSLanguage

/// Functions that bring the elements of a list or tensor down to one.
extension CoreBuiltins {
  static let reductions = [
    extreme("min", "Gives the smallest element.", "min(3, 1, 2)", "1") { try $0.isLess(than: $1) },
    extreme("max", "Gives the largest element.", "max([3, 1, 2])", "3") { try $1.isLess(than: $0) },
    sum,
    reduction("mean", "statistics", "Gives the mean.", "mean([1, 2, 6])", "3", least: 1, mean),
    reduction(
      "std", "statistics", "Gives the standard deviation.", "std([1, 2, 3, 4])", "1.118033988749895", least: 1,
      details: "The root of var(x): divided by n, as in NumPy.", { variance($0).squareRoot() }),
    reduction(
      "var", "statistics", "Gives the variance.", "var([1, 2, 3, 4])", "1.25", least: 1,
      details:
        "The mean squared distance from the mean, divided by n, as in NumPy; for a sample multiply by n / (n - 1).",
      variance),
    reduction("median", "statistics", "Gives the middle value.", "median([5, 1, 3, 100])", "4", least: 1, median),
  ]

  private static let axis = Parameter(
    "axis", "integer", presence: .optional("all elements"), help: "the axis of a tensor that is brought down to one")

  private static func reduction(
    _ name: String, _ topic: String, _ summary: String, _ example: String, _ shows: String, least: Int,
    details: String = "",
    _ function: @escaping @Sendable ([Double]) -> Double
  ) -> Builtin {
    Builtin(
      name, topic: topic, summary: summary, parameters: [Parameter("x", help: "a list of numbers, or a tensor"), axis],
      returns: "number, or a tensor along an axis", details: details,
      examples: [Builtin.Example(example, shows: shows)],
      errors: ["E0202", "E0209"], seeAlso: ["mean", "std", "median"].filter { $0 != name }
    ) { call in
      if let result = try reduced(call, name) { return result }
      let numbers = try numbers(call["x"], name, argument: "x")
      guard numbers.count >= least else {
        throw ErrorReport(.invalidArgument, "an empty list has no \(name)", argument: "x")
      }
      return .number(function(numbers))
    }
  }

  /// What a value of another room makes of the reduction.
  private static func reduced(_ call: Call, _ name: String) throws -> Value? {
    let axis = call.isGiven("axis") ? try call.integer("axis") : nil
    if case .native(let native) = call["x"], let result = try native.reduced(name, axis: axis) { return result }
    if axis != nil {
      throw ErrorReport(
        .invalidArgument, "\(call["x"].article) has no axes", help: "make a tensor of it: tensor(x)", argument: "axis")
    }
    return nil
  }

  /// The numbers of a list; true counts as 1.
  static func numbers(_ value: Value, _ name: String, argument: String) throws -> [Double] {
    if let number = value.numberValue { return [number] }
    return try elements(of: value, argument: argument).map { element in
      if let number = element.numberValue { return number }
      if case .bool(let flag) = element { return flag ? 1 : 0 }
      throw ErrorReport(.wrongKind, "\(name) is of numbers, and this holds \(element.article)", argument: argument)
    }
  }

  private static let sum = Builtin(
    "sum", topic: "core", summary: "Adds the elements up.",
    parameters: [Parameter("x", help: "a list, also of tensors or displacements, or a tensor"), axis],
    returns: "number, or what the elements are", examples: [Builtin.Example("sum([1, 2, 3])", shows: "6")],
    errors: ["E0202"], seeAlso: ["mean", "reduce"]
  ) { call in
    if let result = try reduced(call, "sum") { return result }
    guard case .list(let elements) = call["x"], let first = elements.first, case .native(let native) = first,
      native.number == nil
    else { return .number(total(try numbers(call["x"], "sum", argument: "x"))) }
    return try elements.dropFirst().reduce(first) { try $0.applying(.add, $1) }
  }

  /// The sum with the rounding errors carried along (Neumaier's variant of Kahan's summation).
  private static func total(_ numbers: [Double]) -> Double {
    var sum = 0.0
    var lost = 0.0
    for number in numbers {
      let next = sum + number
      lost += sum.magnitude >= number.magnitude ? (sum - next) + number : (number - next) + sum
      sum = next
    }
    return lost.isFinite ? sum + lost : sum
  }

  @Sendable private static func mean(_ x: [Double]) -> Double { total(x) / Double(x.count) }

  @Sendable private static func variance(_ x: [Double]) -> Double {
    let centre = mean(x)
    return mean(x.map { ($0 - centre) * ($0 - centre) })
  }

  @Sendable private static func median(_ x: [Double]) -> Double {
    if x.contains(where: \.isNaN) { return .nan }
    let sorted = x.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  private static func extreme(
    _ name: String, _ summary: String, _ example: String, _ shows: String,
    _ precedes: @escaping @Sendable (Value, Value) throws -> Bool?
  ) -> Builtin {
    Builtin(
      name, topic: "core", summary: summary,
      parameters: [
        Parameter("x", help: "a list, a tensor, or the first of several values"),
        Parameter("others", presence: .rest, help: "values to compare x with"),
        Parameter(
          "axis", "integer", presence: .optional("all elements"), byNameOnly: true, help: "the axis of a tensor"),
      ],
      returns: "an element", examples: [Builtin.Example(example, shows: shows)], errors: ["E0202", "E0209"],
      seeAlso: [name == "min" ? "max" : "min", "sort"]
    ) { call in
      var elements = try call.list("others")
      if elements.isEmpty {
        if let result = try reduced(call, name) { return result }
        if case .number = call["x"] { return call["x"] }
        elements = try call.elements("x")
      } else {
        elements.insert(call["x"], at: 0)
      }
      guard var best = elements.first else {
        throw ErrorReport(.invalidArgument, "an empty list has no \(name)", argument: "x")
      }
      for element in elements.dropFirst() {
        guard let isBetter = try precedes(element, best) else {
          throw ErrorReport(.wrongKind, "\(element.article) and \(best.article) have no order", argument: "x")
        }
        // Not-a-number spreads, as in sums.
        if isBetter || element.numberValue?.isNaN ?? false { best = element }
        if best.numberValue?.isNaN ?? false { return best }
      }
      return best
    }
  }
}
