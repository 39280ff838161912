/// How two shapes combine: axes are matched from the right, and an axis of length 1 is repeated (NumPy's rule).
struct Broadcasting {
  /// The shape of the result.
  let shape: [Int]
  /// Axes merged wherever both operands walk them alike: the last one is the inner loop.
  private(set) var axes: [Axis] = []

  struct Axis {
    var length: Int
    /// Whether the operand has this axis (true) or repeats itself along it (false).
    var movesA: Bool
    var movesB: Bool
  }

  init(_ a: [Int], _ b: [Int], operation: String) throws(TensorError) {
    let rank = max(a.count, b.count)
    var shape: [Int] = []
    for position in 0..<rank {
      let lengthA = position < rank - a.count ? 1 : a[position - rank + a.count]
      let lengthB = position < rank - b.count ? 1 : b[position - rank + b.count]
      guard lengthA == lengthB || lengthA == 1 || lengthB == 1 else {
        throw .shapeMismatch(operation: operation, left: a, right: b)
      }
      let length = lengthA == 1 ? lengthB : lengthA
      shape.append(length)
      if length == 1 { continue }
      let axis = Axis(length: length, movesA: lengthA != 1, movesB: lengthB != 1)
      if let last = axes.last, last.movesA == axis.movesA, last.movesB == axis.movesB {
        axes[axes.count - 1].length *= length
      } else {
        axes.append(axis)
      }
    }
    if axes.isEmpty { axes = [Axis(length: 1, movesA: true, movesB: true)] }
    self.shape = shape
  }

  /// The inner loop.
  var inner: Axis { axes[axes.count - 1] }
  /// How many inner loops there are.
  var outerCount: Int { axes.dropLast().reduce(1) { $0 * $1.length } }

  /// Where inner loop number `row` starts in each operand.
  func offsets(ofRow row: Int) -> (a: Int, b: Int) {
    var (a, b) = (0, 0)
    var (strideA, strideB) = (inner.movesA ? inner.length : 1, inner.movesB ? inner.length : 1)
    var rest = row
    for axis in axes.dropLast().reversed() {
      let index = rest % axis.length
      rest /= axis.length
      if axis.movesA { (a, strideA) = (a + index * strideA, strideA * axis.length) }
      if axis.movesB { (b, strideB) = (b + index * strideB, strideB * axis.length) }
    }
    return (a, b)
  }
}
