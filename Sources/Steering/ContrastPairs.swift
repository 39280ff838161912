import Tensors

/// Activations of contrasting pairs at one point of a model: row i of both matrices belongs to pair i.
public struct ContrastPairs: Sendable {
  /// Row-major pairs × width: the side that shows the behaviour, and the side that does not.
  public let positive, negative: [Float]
  /// How many pairs there are.
  public let count: Int
  /// How wide an activation is.
  public let width: Int

  /// Two matrices of pairs × width.
  ///
  /// - Throws: ``SteeringError/degenerate(operation:reason:)`` when they do not have that form or hold a number that is not
  ///   finite.
  public init(positive: [Float], negative: [Float], count: Int, width: Int) throws(SteeringError) {
    let (size, overflow) = count.multipliedReportingOverflow(by: width)
    guard count > 0, width > 0, !overflow, positive.count == size, negative.count == size else {
      throw .degenerate(
        operation: "contrast",
        reason: "\(positive.count) and \(negative.count) numbers are not \(count) pairs of width \(width)")
    }
    guard positive.allSatisfy(\.isFinite), negative.allSatisfy(\.isFinite) else {
      throw .degenerate(operation: "contrast", reason: "an activation is not a finite number")
    }
    (self.positive, self.negative, self.count, self.width) = (positive, negative, count, width)
  }

  /// Positive less negative, pair by pair, for the pairs `rows`; those of `swapped` the other way round.
  func differences(_ rows: [Int], swapped: [Bool]?) -> [Double] {
    var result = [Double](repeating: 0, count: rows.count * width)
    for (place, row) in rows.enumerated() {
      let sign: Double = swapped?[place] ?? false ? -1 : 1
      for column in 0..<width {
        let index = row * width + column
        result[place * width + column] = sign * (Double(positive[index]) - Double(negative[index]))
      }
    }
    return result
  }

  /// Both sides of the pairs `rows` one after the other: all positive ones, then all negative ones; pairs of `swapped`
  /// with their sides exchanged.
  func stacked(_ rows: [Int], swapped: [Bool]?) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(2 * rows.count * width)
    for isPositive in [true, false] {
      for (place, row) in rows.enumerated() {
        let side = (swapped?[place] ?? false) != isPositive ? positive : negative
        for value in side[(row * width)..<((row + 1) * width)] { result.append(Double(value)) }
      }
    }
    return result
  }

  /// The coordinates of both sides of each pair along a direction.
  func projections(_ rows: [Int], on direction: [Double]) -> [(positive: Double, negative: Double)] {
    rows.map { row in
      var (high, low) = (0.0, 0.0)
      for column in 0..<width {
        high += Double(positive[row * width + column]) * direction[column]
        low += Double(negative[row * width + column]) * direction[column]
      }
      return (high, low)
    }
  }
}
