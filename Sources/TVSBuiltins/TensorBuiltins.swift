import TVSLanguage
import Tensors

/// The builtins of the chapter `tensor`.
public enum TensorBuiltins {
  /// All of them.
  public static let all: [Builtin] = creation + random + shapes + ordering + products + decompositions + files

  // MARK: - Parameters that many share

  /// A tensor, or lists of numbers.
  static func input(_ name: String = "x", _ help: String = "a tensor, or lists of numbers") -> Parameter {
    Parameter(name, "tensor", "list", "number", help: help)
  }

  static let shape = Parameter(
    "shape", "integer", "list", presence: .rest, help: "the length of each axis, one by one or as a list")

  static let dtype = Parameter(
    "dtype", "string", presence: .defaults(.string("float64")), byNameOnly: true, help: "\"float64\" or \"float32\"")

  static func axis(_ standard: Int, _ help: String = "the axis to work along; negative ones count from the end")
    -> Parameter
  {
    Parameter("axis", "integer", presence: .defaults(.number(Double(standard))), help: help)
  }

  static let optionalAxis = Parameter(
    "axis", "integer", presence: .optional("all elements"), help: "the axis to work along; it disappears")

  static let seed = Parameter(
    "seed", "integer", presence: .optional("the session's"), byNameOnly: true,
    help: "where the random numbers come from; the same seed gives the same numbers")

  // MARK: - Reading arguments

  static func tensor(_ call: Call, _ name: String = "x") throws -> Tensor {
    try TensorArguments.tensor(from: call[name], argument: name)
  }

  static func axis(_ call: Call) -> Int { TensorArguments.integer(call, "axis") ?? -1 }

  static func result(_ body: () throws -> Tensor) throws -> Value { TensorValue.value(try reporting(body)) }

  /// Whole numbers of a list or tensor.
  static func integers(_ value: Value, _ name: String) throws -> [Int] {
    try TensorArguments.tensor(from: value, argument: name).doubles.map { number in
      guard let whole = Int(exactly: number) else {
        throw ErrorReport(
          .wrongKind, "\(name) takes whole numbers, not \(NumberText.shortest(number))", argument: name)
      }
      return whole
    }
  }

  /// Tensors of a list.
  static func tensors(_ call: Call, _ name: String) throws -> [Tensor] {
    guard case .list(let items) = call[name] else { return [try tensor(call, name)] }
    return try items.map { try TensorArguments.tensor(from: $0, argument: name) }
  }
}
