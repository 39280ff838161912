import Tensors

/// How a direction is found from contrasting pairs.
public enum ContrastMethod: String, Sendable, CaseIterable {
  /// The mean of the differences (CAA, Rimsky et al., arXiv 2312.06681), in the units of the activations.
  case mean
  /// The first principal component of the differences about their mean, of length 1 (repeng's `pca_diff`). Taking the mean
  /// off takes the direction of ``mean`` off as well, as far as it is common to all pairs.
  case pca
  /// The first principal component of the sides about the middle of their pair, of length 1 (repeng's `pca_center`): the
  /// differences about zero.
  case pcaCenter = "pca_center"
  /// The weights of a logistic regression that tells the sides apart, of length 1.
  case logistic

  /// The method of a name; `pca_diff` and `caa` are what others call two of them.
  public init?(name: String) {
    switch name {
    case "pca_diff": self = .pca
    case "caa": self = .mean
    default: self.init(rawValue: name)
    }
  }
}

/// A direction found from contrasting pairs, and the threshold that makes a probe of it.
public struct ContrastFit: Sendable {
  /// The direction; what its length means depends on the method.
  public let direction: [Double]
  /// Activations whose coordinate ⟨x, direction⟩ lies above this count as positive: the middle between the means of the
  /// two sides.
  public let threshold: Double

  /// Fits a direction.
  ///
  /// Its sign is such that more of the pairs have their positive side further along it (repeng's rule).
  ///
  /// - Parameters:
  ///   - pairs: the activations.
  ///   - rows: which pairs; nil for all.
  ///   - swapped: for each of the rows, whether to exchange its sides, as a control does.
  ///   - penalty: λ of the logistic loss, ½λ‖w‖² beside the sum over activations (1 as in scikit-learn).
  /// - Throws: ``SteeringError/degenerate(operation:reason:)`` when the sides do not differ, `TensorError`, `Interrupted`.
  public init(
    _ pairs: ContrastPairs, rows: [Int]? = nil, method: ContrastMethod, swapped: [Bool]? = nil, penalty: Double = 1
  ) throws {
    let rows = rows ?? Array(0..<pairs.count)
    let width = pairs.width
    var direction: [Double]
    switch method {
    case .mean: direction = Self.mean(pairs.differences(rows, swapped: swapped), width)
    case .pca, .pcaCenter:
      guard method == .pcaCenter || rows.count > 1 else {
        throw SteeringError.degenerate(operation: "contrast", reason: "one pair has no principal component")
      }
      direction = try Self.principal(
        pairs.differences(rows, swapped: swapped), rows.count, width, isCentred: method == .pca)
    case .logistic:
      let regression = try LogisticRegression(
        pairs.stacked(rows, swapped: swapped), labels: rows.map { _ in true } + rows.map { _ in false }, width: width,
        penalty: penalty)
      direction = Self.unit(regression.weights)
    }
    guard direction.contains(where: { $0 != 0 }) else {
      throw SteeringError.degenerate(operation: "contrast", reason: "the two sides of the pairs do not differ here")
    }
    var projections = pairs.projections(rows, on: direction)
    for place in projections.indices where swapped?[place] ?? false {
      projections[place] = (projections[place].negative, projections[place].positive)
    }
    let balance = projections.reduce(0) { $0 + ($1.positive > $1.negative ? 1 : $1.positive < $1.negative ? -1 : 0) }
    let advance = projections.reduce(0) { $0 + $1.positive - $1.negative }
    // As many one way as the other says nothing; then the mean decides, so that the sign is defined.
    let isReversed = balance < 0 || (balance == 0 && advance < 0)
    if method != .mean, isReversed { direction = direction.map { -$0 } }
    let middle = projections.reduce(0) { $0 + $1.positive + $1.negative } / Double(2 * rows.count)
    self.direction = direction
    threshold = method != .mean && isReversed ? -middle : middle
  }

  /// A direction that is known, with its threshold or else the middle between the sides of pairs.
  init(direction: [Double], threshold: Double?, middleOf pairs: ContrastPairs) {
    self.direction = direction
    let projections = pairs.projections(Array(0..<pairs.count), on: direction)
    self.threshold =
      threshold ?? projections.reduce(0) { $0 + $1.positive + $1.negative } / Double(2 * pairs.count)
  }

  /// How many of the 2·rows activations lie on their side of the threshold, pair by pair: 0, 1 or 2.
  ///
  /// An activation on the threshold itself is on no side.
  public func hits(_ pairs: ContrastPairs, rows: [Int]) -> [Int] {
    pairs.projections(rows, on: direction).map {
      ($0.positive > threshold ? 1 : 0) + ($0.negative < threshold ? 1 : 0)
    }
  }

  // MARK: - Methods

  private static func mean(_ differences: [Double], _ width: Int) -> [Double] {
    let count = differences.count / width
    var sum = [Double](repeating: 0, count: width)
    for row in 0..<count {
      for column in 0..<width { sum[column] += differences[row * width + column] }
    }
    return sum.map { $0 / Double(count) }
  }

  /// The right singular vector of the largest singular value, by the smaller Gram matrix.
  private static func principal(_ rows: [Double], _ count: Int, _ width: Int, isCentred: Bool) throws -> [Double] {
    var rows = rows
    if isCentred {
      let centre = mean(rows, width)
      for index in rows.indices { rows[index] -= centre[index % width] }
    }
    let isWide = count < width
    let gram = try SteeringMatrix.gram(rows, count, width, ofRows: isWide)
    let eigen = try LinearAlgebra.eigenSymmetric(gram, order: isWide ? count : width)
    let order = isWide ? count : width
    guard let largest = eigen.values.last, largest > 0 else { return [Double](repeating: 0, count: width) }
    let top = (0..<order).map { eigen.vectors[$0 * order + order - 1] }
    return unit(isWide ? try LinearAlgebra.product(top, rows, m: 1, n: width, k: count) : top)
  }

  private static func unit(_ vector: [Double]) -> [Double] {
    let length = SteeringMatrix.norm(vector)
    return length > 0 ? vector.map { $0 / length } : vector
  }
}

/// Small steps on row-major double matrices.
enum SteeringMatrix {
  /// X·Xᵀ (of the rows) or Xᵀ·X of a matrix of rows × columns.
  static func gram(_ x: [Double], _ rows: Int, _ columns: Int, ofRows: Bool) throws -> [Double] {
    let order = ofRows ? rows : columns
    var result = [Double](repeating: 0, count: order * order)
    try x.withUnsafeBufferPointer { x in
      try result.withUnsafeMutableBufferPointer { result in
        guard let x = x.baseAddress, let result = result.baseAddress else { return }
        try MatrixProduct.dgemm(
          transA: !ofRows, transB: ofRows, m: order, n: order, k: ofRows ? columns : rows, a: x, lda: columns, b: x,
          ldb: columns, c: result, ldc: order)
      }
    }
    return result
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  static func norm(_ x: [Double]) -> Double { dot(x, x).squareRoot() }
}
