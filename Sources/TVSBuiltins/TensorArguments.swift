import Checkpoints
import TVSLanguage
import Tensors

/// Reads arguments of tensor builtins.
enum TensorArguments {
  /// A tensor of a number, a truth value, a tensor, or lists of them nested to any depth.
  ///
  /// - Throws: ``ErrorReport`` when something is no number or the lists differ in length.
  static func tensor(from value: Value, argument: String? = nil) throws -> Tensor {
    if case .native(let native) = value, let tensor = (native as? TensorValue)?.tensor { return tensor }
    var collector = ListCollector(argument: argument)
    try collector.add(value, depth: 0)
    return try reporting { try collector.tensor() }
  }

  /// The element type that a `dtype` argument names.
  static func dtype(_ call: Call) throws -> Tensor.DType {
    guard case .string(let name) = call["dtype"] else { return .float64 }
    if let dtype = Tensor.DType(rawValue: name) { return dtype }
    let known = Tensor.DType.allCases.map(\.rawValue)
    throw ErrorReport(
      .unknownChoice, "there is no element type \(name)",
      help: Spelling.suggestion(for: name, among: known) ?? "the types are float32 and float64", argument: "dtype")
  }

  /// Lengths given one by one, or as a list: `zeros(3, 4)` and `zeros([3, 4])`.
  static func shape(_ call: Call, _ name: String = "shape") throws -> [Int] {
    guard case .list(let items) = call[name] else { return [] }
    var lengths: [Value] = []
    for item in items {
      if case .list(let list) = item { lengths += list } else { lengths.append(item) }
    }
    return try lengths.map { length in
      guard let whole = length.wholeNumber else {
        throw ErrorReport(
          .wrongKind,
          "the lengths of a shape are whole numbers, not \(length.numberValue.map(NumberText.shortest) ?? length.article)",
          argument: name)
      }
      return whole
    }
  }

  /// The shape of something new: no length may be negative, and there must be one.
  static func newShape(_ call: Call) throws -> [Int] {
    let shape = try shape(call)
    if shape.isEmpty {
      throw ErrorReport(
        .arity, "\(call.builtin.name) needs at least one length", help: "as in \(call.builtin.name)(3, 4)")
    }
    if let length = shape.first(where: { $0 < 0 }) {
      throw ErrorReport(.invalidArgument, "a length cannot be \(length)", argument: "shape")
    }
    return shape
  }

  /// A whole number, if it was given.
  static func integer(_ call: Call, _ name: String) -> Int? { call[name].wholeNumber }

  /// The seed of a call: its own, or the session's.
  static func seed(_ call: Call) throws -> UInt64 {
    guard call.isGiven("seed"), let number = call["seed"].numberValue else { return call.session.seed }
    guard let seed = UInt64(exactly: number) else {
      throw ErrorReport(
        .invalidArgument, "a seed is a whole number from 0, not \(NumberText.shortest(number))", argument: "seed")
    }
    return seed
  }
}

/// Flattens nested lists of numbers and checks that they form a block.
private struct ListCollector {
  let argument: String?
  private var numbers: [Double] = []
  private var shape: [Int] = []
  /// The depth at which numbers stand, once one was found.
  private var leafDepth: Int?
  private var tensors: [Tensor] = []
  private var tensorShape: [Int]?
  private var onlyTruth = true

  init(argument: String?) { self.argument = argument }

  mutating func add(_ value: Value, depth: Int) throws {
    guard depth < 32 else { throw ragged("are nested more than 32 deep") }
    switch value {
    case .list(let elements):
      if depth == shape.count, leafDepth == nil {
        shape.append(elements.count)
      } else if depth >= shape.count || shape[depth] != elements.count {
        throw ragged(
          depth < shape.count
            ? "have \(shape[depth]) and \(elements.count) elements at one level" : "hold numbers and lists at one level"
        )
      }
      if depth > 0 { try Cancellation.check() }
      for element in elements { try add(element, depth: depth + 1) }
    case .native(let native) where native is TensorValue:
      guard let tensor = (native as? TensorValue)?.tensor else { return }
      guard tensorShape == nil || tensorShape == tensor.shape else {
        throw ragged("hold tensors of shapes \(shapeText(tensorShape ?? [])) and \(shapeText(tensor.shape))")
      }
      tensorShape = tensor.shape
      try leaf(depth)
      tensors.append(tensor)
    case .bool(let flag):
      try leaf(depth)
      numbers.append(flag ? 1 : 0)
    default:
      guard let number = value.numberValue else {
        throw ErrorReport(
          .wrongKind, "a tensor holds numbers, not \(value.article)",
          label: "\(value.summary(limit: 30)) is \(value.article)",
          argument: argument)
      }
      try leaf(depth)
      onlyTruth = false
      numbers.append(number)
    }
  }

  private mutating func leaf(_ depth: Int) throws {
    if leafDepth == nil, depth == shape.count { leafDepth = depth }
    guard depth == leafDepth, tensors.isEmpty || numbers.isEmpty else {
      throw ragged("hold numbers and lists at one level")
    }
  }

  func tensor() throws -> Tensor {
    if let tensorShape {
      guard numbers.isEmpty else { throw ragged("hold numbers and tensors") }
      return try Tensor.stacked(tensors).reshaped(shape + tensorShape)
    }
    let tensor = try Tensor(numbers, shape: shape)
    return onlyTruth && !numbers.isEmpty ? try tensor.compared(.notEqual, Tensor(scalar: 0)) : tensor
  }

  private func ragged(_ what: String) -> ErrorReport {
    ErrorReport(.shape, "the lists do not form a block: they \(what)", argument: argument)
  }
}
