import Checkpoints

extension Tensor {
  /// Applies `body` to every lane along an axis: it reads a lane and writes another of `outputLength` elements.
  func eachLane(
    axis: Int, outputLength: Int,
    _ body: (_ lane: UnsafeMutableBufferPointer<Double>, _ out: UnsafeMutableBufferPointer<Double>) throws -> Void
  ) throws -> Tensor {
    let (outer, length, inner) = lanes(axis)
    var shape = shape
    shape[axis] = outputLength
    let source = try wide()
    return try Tensor.make(Double.self, shape) { out, _ in
      let lane = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, length))
      let made = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, outputLength))
      lane.initialize(repeating: 0)
      made.initialize(repeating: 0)
      defer {
        lane.deallocate()
        made.deallocate()
      }
      let used = UnsafeMutableBufferPointer(rebasing: lane[..<length])
      let written = UnsafeMutableBufferPointer(rebasing: made[..<outputLength])
      for block in 0..<outer {
        for column in 0..<inner {
          try Cancellation.check()
          let base = source.base + block * length * inner + column
          for index in 0..<length { used[index] = base[index * inner] }
          try body(used, written)
          let target = out + block * outputLength * inner + column
          for index in 0..<outputLength { target[index * inner] = written[index] }
        }
      }
    }
  }

  /// The elements along an axis in ascending order, or in descending order; NaN last (first when descending).
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public func sorted(axis: Int = -1, descending: Bool = false) throws -> Tensor {
    let axis = try self.axis(axis, "sort")
    let result = try eachLane(axis: axis, outputLength: shape[axis]) { lane, out in
      try RadixSort.sort(lane, descending: descending)
      for index in lane.indices { out[index] = lane[index] }
    }
    return try result.converted(to: dtype)
  }

  /// The positions that would sort the elements along an axis; equal elements keep their order.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public func sortingOrder(axis: Int = -1, descending: Bool = false) throws -> Tensor {
    let axis = try self.axis(axis, "argsort")
    return try eachLane(axis: axis, outputLength: shape[axis]) { lane, out in
      for (rank, index) in try RadixSort.order(lane, descending: descending).enumerated() { out[rank] = Double(index) }
    }
  }

  /// The `k` largest elements along an axis in descending order, and their positions.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when there are not so many, `Interrupted`.
  public func largest(_ k: Int, axis: Int = -1) throws -> (values: Tensor, positions: Tensor) {
    let axis = try self.axis(axis, "topk")
    guard k >= 0, k <= shape[axis] else {
      throw TensorError.invalidShape(
        operation: "topk", shape: shape, reason: "axis \(axis) has \(shape[axis]) elements, not \(k)")
    }
    // One pass gives both: the lane's positions first, then the elements there.
    let both = try eachLane(axis: axis, outputLength: 2 * k) { lane, out in
      let order = try RadixSort.order(lane, descending: true)
      for rank in 0..<k { (out[rank], out[k + rank]) = (Double(order[rank]), lane[order[rank]]) }
    }
    let parts = try both.split(at: [k], axis: axis)
    return (try parts[1].converted(to: dtype), parts[0])
  }

  /// The position of the first largest (or smallest) element, over all of them in row-major order.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when there are no elements, `Interrupted`.
  public func extremePosition(largest: Bool) throws -> Int {
    Int(try viewed(as: [count]).extremePositions(largest: largest, axis: 0).element(0))
  }

  /// The positions of the first largest (or smallest) elements along an axis, which disappears.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when there are no elements, `Interrupted`.
  public func extremePositions(largest: Bool, axis: Int) throws -> Tensor {
    let operation = largest ? "argmax" : "argmin"
    let axis = try self.axis(axis, operation)
    guard shape[axis] > 0 else {
      throw TensorError.invalidShape(operation: operation, shape: shape, reason: "there are no elements")
    }
    let found = try eachLane(axis: axis, outputLength: 1) { lane, out in
      var best = 0
      for index in lane.indices.dropFirst() {
        let (x, y) = (lane[index], lane[best])
        if largest ? x > y : x < y { best = index }
        if x.isNaN && !y.isNaN { best = index }
      }
      out[0] = Double(best)
    }
    return found.viewed(as: Array(shape[..<axis] + shape[(axis + 1)...]))
  }

  /// Running sums along an axis, accumulated in double.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public func cumulativeSum(axis: Int) throws -> Tensor {
    let axis = try self.axis(axis, "cumsum")
    let result = try eachLane(axis: axis, outputLength: shape[axis]) { lane, out in
      var sum = 0.0
      for index in lane.indices {
        sum += lane[index]
        out[index] = sum
      }
    }
    return try result.converted(to: dtype)
  }

  /// Values below which the given shares of the elements along an axis lie, interpolated linearly between neighbours
  /// (NumPy's default). The axis takes the place of the shares: its new length is `shares.count`.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when there are no elements, `Interrupted`.
  public func quantiles(_ shares: [Double], axis: Int = -1) throws -> Tensor {
    let axis = try self.axis(axis, "quantile")
    guard shape[axis] > 0 else {
      throw TensorError.invalidShape(operation: "quantile", shape: shape, reason: "there are no elements")
    }
    return try eachLane(axis: axis, outputLength: shares.count) { lane, out in
      try RadixSort.sort(lane, descending: false)
      for (index, share) in shares.enumerated() { out[index] = Tensor.quantile(lane, share) }
    }
  }

  private static func quantile(_ sorted: UnsafeMutableBufferPointer<Double>, _ share: Double) -> Double {
    guard let last = sorted.last, !last.isNaN else { return .nan }
    let place = min(max(share, 0), 1) * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    let fraction = place - Double(below)
    if fraction == 0 { return sorted[below] }
    return sorted[below] + (sorted[above] - sorted[below]) * fraction
  }

  func median(axis: Int) throws -> Tensor {
    try quantiles([0.5], axis: axis).viewed(as: Array(shape[..<axis] + shape[(axis + 1)...])).converted(to: dtype)
  }
}
