import Checkpoints

extension Tensor {
  /// The same elements in row-major order under another shape; one length may be −1 and is worked out.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when the numbers of elements differ.
  public func reshaped(_ shape: [Int]) throws(TensorError) -> Tensor {
    var shape = shape
    let unknown = shape.indices.filter { shape[$0] == -1 }
    if unknown.count > 1 {
      throw .invalidShape(operation: "reshape", shape: shape, reason: "only one length may be -1")
    }
    if let position = unknown.first {
      shape[position] = 1
      let known = try Tensor.size(of: shape)
      shape[position] = -1
      guard known > 0, count % known == 0 else {
        throw .invalidShape(
          operation: "reshape", shape: shape, reason: "\(count) elements cannot be shared out over it")
      }
      shape[position] = count / known
    }
    guard try Tensor.size(of: shape) == count else {
      throw .invalidShape(
        operation: "reshape", shape: shape, reason: "the tensor has \(count) elements, in shape \(self.shape)")
    }
    return viewed(as: shape)
  }

  /// The axes in another order; without one, reversed.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when `order` does not name every axis once.
  public func transposed(_ order: [Int]? = nil) throws -> Tensor {
    let order = try (order ?? Array((0..<rank).reversed())).map { try axis($0, "transpose") }
    guard order.sorted() == Array(0..<rank) else {
      throw TensorError.invalidShape(
        operation: "transpose", shape: shape, reason: "\(order) does not name each of its \(rank) axes once")
    }
    if order == Array(0..<rank) { return self }
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let dimensions = order.map { IndexPlan.Dimension(count: shape[$0], offsets: .regular(step: strides[$0])) }
    return try gather(IndexPlan(base: 0, dimensions: dimensions, shape: order.map { shape[$0] }))
  }

  /// Tensors joined along an axis that they already have.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when other axes differ.
  public static func concatenated(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
    guard let first = tensors.first else {
      throw TensorError.invalidShape(operation: "concat", shape: [], reason: "there is nothing to join")
    }
    let axis = try first.axis(axis, "concat")
    for tensor in tensors {
      var (a, b) = (first.shape, tensor.shape)
      if a.count == b.count { (a[axis], b[axis]) = (0, 0) }
      guard a == b else {
        throw TensorError.shapeMismatch(operation: "concat", left: first.shape, right: tensor.shape)
      }
    }
    let dtype = tensors.reduce(first.dtype) { DType.common($0, $1.dtype) }
    var shape = first.shape
    shape[axis] = tensors.reduce(0) { $0 + $1.shape[axis] }
    switch dtype {
    case .float32: return try join(tensors, shape, axis, Float.self)
    case .float64:
      let result = try join(tensors, shape, axis, Double.self)
      return tensors.allSatisfy(\.isMask) ? result.asMask() : result
    }
  }

  private static func join<Element: TensorElement>(
    _ tensors: [Tensor], _ shape: [Int], _ axis: Int, _ type: Element.Type
  ) throws -> Tensor {
    try make(Element.self, shape) { out, _ in
      let outer = shape[..<axis].reduce(1, *)
      let row = shape[axis...].reduce(1, *)
      var column = 0
      for tensor in tensors {
        try Cancellation.check()
        let width = tensor.shape[axis...].reduce(1, *)
        switch try tensor.converted(to: Element.dtype).storage {
        case .float32(let source):
          copyRows(source, outer, width, out + column, row)
        case .float64(let source):
          copyRows(source, outer, width, out + column, row)
        }
        column += width
      }
    }
  }

  private static func copyRows<From: TensorElement, To: TensorElement>(
    _ source: AlignedStorage<From>, _ outer: Int, _ width: Int, _ out: UnsafeMutablePointer<To>, _ stride: Int
  ) {
    for block in 0..<outer {
      for index in 0..<width { out[block * stride + index] = To(source.base[block * width + index]) }
    }
  }

  /// Tensors of one shape joined along a new axis.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when shapes differ.
  public static func stacked(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
    guard let first = tensors.first else {
      throw TensorError.invalidShape(operation: "stack", shape: [], reason: "there is nothing to join")
    }
    for tensor in tensors where tensor.shape != first.shape {
      throw TensorError.shapeMismatch(operation: "stack", left: first.shape, right: tensor.shape)
    }
    let position = axis < 0 ? axis + first.rank + 1 : axis
    guard (0...first.rank).contains(position) else {
      throw TensorError.invalidShape(
        operation: "stack", shape: first.shape, reason: "axis \(axis) is not one of 0 to \(first.rank)")
    }
    var shape = first.shape
    shape.insert(1, at: position)
    return try concatenated(tensors.map { $0.viewed(as: shape) }, axis: position)
  }

  /// The parts of an axis between the given positions, as NumPy's `split` does it.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when positions are not ascending inside the axis.
  public func split(at positions: [Int], axis: Int = 0) throws -> [Tensor] {
    let axis = try self.axis(axis, "split_at")
    let bounds = [0] + positions.map { $0 < 0 ? $0 + shape[axis] : $0 } + [shape[axis]]
    guard zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 }) else {
      throw TensorError.invalidShape(
        operation: "split_at", shape: shape,
        reason: "positions \(positions) do not ascend from 0 to \(shape[axis])")
    }
    return try zip(bounds, bounds.dropFirst()).map { from, to in
      var selectors = [AxisIndex](repeating: .slice(from: nil, to: nil, step: nil), count: axis)
      selectors.append(.slice(from: from, to: to, step: nil))
      return try selecting(selectors)
    }
  }
}
