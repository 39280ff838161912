/// What may stand at one place between the brackets of `x[…]`.
public enum AxisIndex: Sendable, Equatable {
  /// One position; the axis disappears. Negative ones count from the end.
  case position(Int)
  /// A half-open range with a step, as in Python; missing ends are nil.
  case slice(from: Int?, to: Int?, step: Int?)
  /// Positions in any order, of any shape. Two such lists in one index are walked together, as in NumPy.
  case positions([Int], shape: [Int])
}

/// The elements that an index selects: nested loops over offsets from a base.
struct IndexPlan {
  var base: Int
  var dimensions: [Dimension]
  /// The shape of the result.
  var shape: [Int]

  struct Dimension {
    var count: Int
    var offsets: Offsets
  }

  enum Offsets {
    case regular(step: Int)
    case listed([Int])
  }

  init(base: Int, dimensions: [Dimension], shape: [Int]) {
    self.base = base
    self.dimensions = dimensions
    self.shape = shape
  }

  /// Resolves an index against a shape. Axes that are not mentioned are taken whole.
  init(_ selectors: [AxisIndex], shape: [Int]) throws(TensorError) {
    guard selectors.count <= shape.count else {
      throw .invalidShape(
        operation: "index", shape: shape, reason: "it has \(shape.count) axes, not \(selectors.count)")
    }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }

    base = 0
    dimensions = []
    self.shape = []
    var listed: (offsets: [Int], shape: [Int], place: Int)?
    var lastListed = -1
    var isSplit = false
    for (axis, length) in shape.enumerated() {
      let selector = axis < selectors.count ? selectors[axis] : .slice(from: nil, to: nil, step: nil)
      switch selector {
      case .position(let position):
        base += try IndexPlan.resolve(position, axis, length) * strides[axis]
      case .slice(let from, let to, let step):
        let (first, count, step) = try IndexPlan.resolve(from, to, step, length, shape)
        base += first * strides[axis]
        dimensions.append(Dimension(count: count, offsets: .regular(step: step * strides[axis])))
        self.shape.append(count)
      case .positions(let positions, let positionsShape):
        var offsets: [Int] = []
        offsets.reserveCapacity(positions.count)
        for position in positions { offsets.append(try IndexPlan.resolve(position, axis, length) * strides[axis]) }
        if var joined = listed {
          guard joined.offsets.count == offsets.count || joined.offsets.count == 1 || offsets.count == 1 else {
            throw .shapeMismatch(operation: "index", left: joined.shape, right: positionsShape)
          }
          if joined.offsets.count == 1, offsets.count != 1 {
            (joined.offsets, joined.shape) = (offsets.map { [first = joined.offsets[0]] in $0 + first }, positionsShape)
          } else {
            for index in joined.offsets.indices { joined.offsets[index] += offsets[offsets.count == 1 ? 0 : index] }
          }
          isSplit = isSplit || lastListed != axis - 1
          listed = joined
        } else {
          listed = (offsets, positionsShape, dimensions.count)
        }
        lastListed = axis
      }
    }
    if let listed {
      // NumPy's rule: lists separated by a slice put their axes in front.
      let place = isSplit ? 0 : listed.place
      let shapePlace = isSplit ? 0 : listed.place
      dimensions.insert(Dimension(count: listed.offsets.count, offsets: .listed(listed.offsets)), at: place)
      self.shape.insert(contentsOf: listed.shape, at: shapePlace)
    }
  }

  var count: Int { dimensions.reduce(1) { $0 * $1.count } }

  static func resolve(_ position: Int, _ axis: Int, _ length: Int) throws(TensorError) -> Int {
    let resolved = position < 0 ? position + length : position
    guard resolved >= 0, resolved < length else {
      throw .indexOutOfRange(index: position, axis: axis, size: length)
    }
    return resolved
  }

  /// Python's rules for slices: ends beyond the axis are moved to it.
  private static func resolve(
    _ from: Int?, _ to: Int?, _ step: Int?, _ length: Int, _ shape: [Int]
  ) throws(TensorError) -> (first: Int, count: Int, step: Int) {
    let step = step ?? 1
    guard step != 0, step != Int.min else {
      throw .invalidShape(operation: "index", shape: shape, reason: "a slice cannot have the step \(step)")
    }
    let (lowest, highest) = step > 0 ? (0, length) : (-1, length - 1)
    func bound(_ end: Int?, _ otherwise: Int) -> Int {
      guard let end else { return otherwise }
      return min(max(end < 0 ? end.addingReportingOverflow(length).partialValue : end, lowest), highest)
    }
    let first = bound(from, step > 0 ? lowest : highest)
    let last = bound(to, step > 0 ? highest : lowest)
    let distance = step > 0 ? last - first : first - last
    let size = Int(step.magnitude)
    let count = distance <= 0 ? 0 : (distance - 1) / size + 1
    return (count == 0 ? 0 : first, count, step)
  }

  /// Calls `body` with the offset of every run of the innermost dimension and the place of the run in the result.
  func eachRun(_ body: (_ offset: Int, _ place: Int) throws -> Void) rethrows {
    let outer = dimensions.dropLast()
    let inner = dimensions.last?.count ?? 1
    if count == 0 { return }
    var counters = [Int](repeating: 0, count: outer.count)
    var place = 0
    while true {
      var offset = base
      for (dimension, index) in zip(outer, counters) {
        switch dimension.offsets {
        case .regular(let step): offset += index * step
        case .listed(let offsets): offset += offsets[index]
        }
      }
      try body(offset, place)
      place += inner
      var axis = outer.count - 1
      while axis >= 0 {
        counters[axis] += 1
        if counters[axis] < outer[axis].count { break }
        counters[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}
