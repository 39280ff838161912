import Tensors

/// Gradient surgery: a gradient gives up what conflicts with the others (Yu et al., arXiv 2001.06782, algorithm 1).
///
/// Every g_i meets the others in a random order and, where g_i·g_j < 0, loses its part along g_j,
/// g_i ← g_i − (g_i·g_j/‖g_j‖²)·g_j, with g_j as it was. The step is the sum of what is left. All of it stays in the span
/// of the gradients, so that their T×T inner products say everything.
public enum PCGrad {
  /// The coefficients of the sum over the given gradients, and how many projections it took.
  ///
  /// - Parameters:
  ///   - gram: the inner products of the gradients.
  ///   - orders: for each gradient the order in which it meets the others; its own number is passed over.
  public static func combination(
    gram: SmallMatrix, orders: [[Int]]
  ) -> (coefficients: [Double], conflicts: Int) {
    let count = gram.rows
    var sum = [Double](repeating: 0, count: count)
    var conflicts = 0
    for (task, order) in orders.enumerated() where task < count {
      var row = [Double](repeating: 0, count: count)
      row[task] = 1
      for other in order where other != task && other >= 0 && other < count {
        let product = (0..<count).reduce(0) { $0 + row[$1] * gram[$1, other] }
        guard product < 0, gram[other, other] > 0 else { continue }
        row[other] -= product / gram[other, other]
        conflicts += 1
      }
      for index in 0..<count { sum[index] += row[index] }
    }
    return (sum, conflicts)
  }

  /// The orders of one step: every order is equally likely, and a function of seed and step alone.
  public static func orders(count: Int, seed: UInt64, step: Int) -> [[Int]] {
    let stream = RandomStream(seed: seed, purpose: "pcgrad").substream(UInt64(max(0, step)))
    return (0..<count).map { stream.substream(UInt64($0)).permutation(count) }
  }
}
