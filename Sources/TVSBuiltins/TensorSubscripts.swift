import TVSLanguage
import Tensors

/// The brackets of `x[…]`, read for a tensor: a mask over everything, or something for each axis.
enum TensorSubscripts {
  case mask(Tensor)
  case axes([AxisIndex])

  init(_ subscripts: [Subscript], shape: [Int]) throws {
    if subscripts.count == 1, case .value(let value) = subscripts[0], let mask = try TensorSubscripts.mask(value) {
      self = .mask(mask)
      return
    }
    self = .axes(try subscripts.enumerated().map { try TensorSubscripts.selector($1, axis: $0, shape) })
  }

  private static func mask(_ value: Value) throws -> Tensor? {
    switch value {
    case .native(let native):
      guard let tensor = (native as? TensorValue)?.tensor, tensor.isMask else { return nil }
      return tensor
    case .list(let elements):
      guard case .bool? = elements.first else { return nil }
      let tensor = try TensorArguments.tensor(from: value)
      return tensor.isMask ? tensor : nil
    default: return nil
    }
  }

  private static func selector(_ item: Subscript, axis: Int, _ shape: [Int]) throws -> AxisIndex {
    switch item {
    case .slice(let from, let to, let step): return .slice(from: from, to: to, step: step)
    case .value(let value):
      if let position = value.wholeNumber { return .position(position) }
      switch value {
      case .list, .native(_ as TensorValue):
        let tensor = try TensorArguments.tensor(from: value)
        if tensor.isMask { return try positions(ofMask: tensor, axis: axis, shape) }
        let positions = try tensor.doubles.map { number -> Int in
          guard let position = Int(exactly: number) else { throw refusal(.number(number)) }
          return position
        }
        return .positions(positions, shape: tensor.shape)
      default: throw refusal(value)
      }
    }
  }

  /// A mask for one axis among several.
  private static func positions(ofMask mask: Tensor, axis: Int, _ shape: [Int]) throws -> AxisIndex {
    guard axis < shape.count, mask.shape == [shape[axis]] else {
      throw ErrorReport(
        .shape, "a mask of shape \(shapeText(mask.shape)) does not fit axis \(axis) of shape \(shapeText(shape))",
        argument: "subscripts")
    }
    let positions = (0..<mask.count).filter { mask.element($0) != 0 }
    return .positions(positions, shape: [positions.count])
  }

  private static func refusal(_ value: Value) -> ErrorReport {
    let what = value.numberValue.map(NumberText.shortest) ?? value.article
    return ErrorReport(
      .wrongKind, "a tensor is indexed by whole numbers, slices, lists of them and masks, not by \(what)",
      argument: "subscripts")
  }
}
