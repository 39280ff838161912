import TVSLanguage
import Tensors

/// A tensor as a value of the language.
///
/// The object is not shared between threads while it changes: an element is assigned in place only when the evaluator
/// says that nobody else holds the value.
final class TensorValue: NativeValue, @unchecked Sendable {
  /// The tensor itself.
  private(set) var tensor: Tensor
  /// Where it came from.
  private(set) var provenance: Provenance?

  /// Wraps a tensor.
  init(_ tensor: Tensor, provenance: Provenance? = nil) {
    self.tensor = tensor
    self.provenance = provenance
  }

  /// A tensor as a value: one without axes becomes a plain number, or a truth value if it is a mask.
  static func value(_ tensor: Tensor) -> Value {
    guard tensor.rank == 0 else { return .native(TensorValue(tensor)) }
    let number = tensor.element(0)
    return tensor.isMask ? .bool(number != 0) : .number(number)
  }

  var kind: String { "tensor" }

  var inline: String {
    if tensor.rank == 1, tensor.count <= 8 {
      return "tensor([\((0..<tensor.count).map(entryText).joined(separator: ", "))])"
    }
    return "tensor \(shapeText(tensor.shape)) \(dtypeName)"
  }

  private func entryText(_ index: Int) -> String {
    let number = tensor.element(index)
    if tensor.isMask { return number == 0 ? "false" : "true" }
    return tensor.dtype == .float32 ? TensorText.shortest(Float(number)) : NumberText.shortest(number)
  }

  /// The element type as users see it.
  var dtypeName: String { tensor.isMask ? "bool" : tensor.dtype.rawValue }

  func display(_ style: DisplayStyle) -> String {
    style.headline("tensor \(shapeText(tensor.shape)) \(dtypeName)") + "\n"
      + TensorText.lines(of: tensor, style).joined(separator: "\n")
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = other as? TensorValue else { return false }
    return tensor.isIdentical(to: other.tensor)
  }

  func stamped(_ provenance: Provenance) -> any NativeValue { TensorValue(tensor, provenance: provenance) }

  var truth: Bool? { tensor.count == 1 ? tensor.element(0) != 0 : nil }

  // MARK: - Fields

  var fieldNames: [String] { ["shape", "T", "dtype", "size", "ndim"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "shape": .list(tensor.shape.map { .number(Double($0)) })
    case "T": .native(TensorValue(try reporting { try tensor.transposed() }))
    case "dtype": .string(dtypeName)
    case "size": .number(Double(tensor.count))
    case "ndim": .number(Double(tensor.rank))
    default: nil
    }
  }

  // MARK: - Elements

  var length: Int? { tensor.shape.first }

  func element(at subscripts: [Subscript]) throws -> Value? {
    try reporting {
      switch try TensorSubscripts(subscripts, shape: tensor.shape) {
      case .mask(let mask): TensorValue.value(try tensor.selecting(mask: mask))
      case .axes(let selectors):
        if selectors.count == tensor.rank, let offset = try offset(of: selectors) {
          tensor.isMask ? .bool(tensor.element(offset) != 0) : .number(tensor.element(offset))
        } else {
          TensorValue.value(try tensor.selecting(selectors))
        }
      }
    }
  }

  /// Where a single element lies: the way of every `x[i, j]` in a loop.
  private func offset(of selectors: [AxisIndex]) throws -> Int? {
    var offset = 0
    for (axis, selector) in selectors.enumerated() {
      guard case .position(let position) = selector else { return nil }
      let size = tensor.shape[axis]
      let resolved = position < 0 ? position + size : position
      guard resolved >= 0, resolved < size else {
        throw TensorError.indexOutOfRange(index: position, axis: axis, size: size)
      }
      offset = offset * size + resolved
    }
    return offset
  }

  func replacing(
    at subscripts: [Subscript], with value: Value, isUnique: Bool
  ) throws -> (any NativeValue)? {
    let part = try TensorArguments.tensor(from: value)
    return try reporting {
      let target = isUnique ? self : TensorValue(tensor)
      switch try TensorSubscripts(subscripts, shape: tensor.shape) {
      case .mask(let mask): try target.tensor.assign(part, toMask: mask)
      case .axes(let selectors): try target.tensor.assign(part, to: selectors)
      }
      target.provenance = nil
      return target
    }
  }

  func elements() throws -> [Value]? {
    guard let count = tensor.shape.first else { return nil }
    if tensor.rank == 1 {
      let numbers = tensor.doubles
      return tensor.isMask ? numbers.map { .bool($0 != 0) } : numbers.map { .number($0) }
    }
    return try reporting { try (0..<count).map { TensorValue.value(try tensor.selecting([.position($0)])) } }
  }

  func contains(_ item: Value) throws -> Bool? {
    guard let number = item.numberValue else { return nil }
    return try reporting { try tensor.compared(.equal, Tensor(scalar: number)).reduced(.sum) > 0 }
  }

  // MARK: - Arithmetic

  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? {
    guard let partner = try operand(other) else { return nil }
    let (left, right) = side == .left ? (tensor, partner) : (partner, tensor)
    return try reporting {
      if let function = BinaryFunction(rawValue: operation.rawValue) {
        return TensorValue.value(try left.combined(function, right))
      }
      if let comparison = Comparison(rawValue: operation.rawValue) {
        return TensorValue.value(try left.compared(comparison, right))
      }
      if operation == .matrixProduct { return TensorValue.value(try left.matrixProduct(right)) }
      return nil
    }
  }

  /// The other side of an operator: a number takes on the tensor's type, so that `0.5 * weights` stays float32.
  private func operand(_ other: Value) throws -> Tensor? {
    switch other {
    case .native(let native) where native is TensorValue: return (native as? TensorValue)?.tensor
    case .list: return try TensorArguments.tensor(from: other)
    case .bool(let flag): return try reporting { try Tensor(scalar: flag ? 1 : 0).converted(to: tensor.dtype) }
    default:
      guard let number = other.numberValue else { return nil }
      return try reporting { try Tensor(scalar: number).converted(to: tensor.dtype) }
    }
  }

  func negated() throws -> Value? { try reporting { TensorValue.value(try tensor.map(.negate)) } }

  func mapped(_ function: String) throws -> Value? {
    if function == "reverse" {
      return try reporting { TensorValue.value(try tensor.selecting([.slice(from: nil, to: nil, step: -1)])) }
    }
    if function == "sort" { return try reporting { TensorValue.value(try tensor.sorted()) } }
    guard let function = UnaryFunction(rawValue: function) else { return nil }
    return try reporting { TensorValue.value(try tensor.map(function)) }
  }

  func reduced(_ function: String, axis: Int?) throws -> Value? {
    if function == "any" || function == "all" {
      let bits = try reporting { try tensor.compared(.notEqual, Tensor(scalar: 0)) }
      if bits.count == 0, axis == nil { return .bool(function == "all") }
      guard let result = try TensorValue(bits).reduced(function == "any" ? "max" : "min", axis: axis) else {
        return nil
      }
      if case .number(let number) = result { return .bool(number != 0) }
      guard case .native(let native) = result, let found = native as? TensorValue else { return result }
      return try reporting { TensorValue.value(try found.tensor.compared(.notEqual, Tensor(scalar: 0))) }
    }
    guard let reduction = Reduction(rawValue: function) else { return nil }
    return try reporting {
      guard let axis else { return .number(try tensor.reduced(reduction)) }
      return TensorValue.value(try tensor.reduced(reduction, axis: axis))
    }
  }

  func paired(_ function: String, with other: Value, options: [String: Value]) throws -> Value? {
    guard options.isEmpty, let partner = try operand(other) else { return nil }
    return try reporting {
      switch function {
      case "dot": return .number(try tensor.dot(partner))
      case "cos":
        guard try tensor.reduced(.norm) > 0, try partner.reduced(.norm) > 0 else {
          throw ErrorReport(.arithmetic, "a tensor of zeros has no direction, so there is no cosine")
        }
        return .number(try tensor.cosine(partner))
      default: return nil
      }
    }
  }
}

/// Turns failures of the tensor room into reports of the language.
func reporting<Result>(_ body: () throws -> Result) throws -> Result {
  do { return try body() } catch let error as TensorError { throw ErrorReport(error) }
}
