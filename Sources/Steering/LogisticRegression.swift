import Checkpoints
import Foundation
import Tensors

/// Logistic regression with an intercept that is not penalised: the minimum of
/// Σᵢ log(1 + exp(−yᵢ(⟨w, xᵢ⟩ + b))) + ½λ‖w‖², scikit-learn's objective for C = 1/λ.
///
/// By Newton's method in the span of the data: w is a combination of the rows about their mean, so that a wide model costs
/// no more than there are rows.
public struct LogisticRegression: Sendable {
  /// w.
  public let weights: [Double]
  /// b.
  public let intercept: Double
  /// Newton steps until the gradient vanished.
  public let steps: Int

  /// Fits rows × width activations.
  ///
  /// - Throws: ``SteeringError``, `TensorError`, `Interrupted`.
  public init(_ rows: [Double], labels: [Bool], width: Int, penalty: Double = 1) throws {
    guard penalty > 0, penalty.isFinite else {
      throw SteeringError.invalidOption(what: "penalty", value: "\(penalty)", allowed: "above 0")
    }
    guard width > 0, !labels.isEmpty, rows.count == labels.count * width, Set(labels).count == 2 else {
      throw SteeringError.degenerate(operation: "logistic", reason: "there are no two sides to tell apart")
    }
    let count = labels.count
    var centre = [Double](repeating: 0, count: width)
    for index in rows.indices { centre[index % width] += rows[index] / Double(count) }
    var x = rows
    for index in x.indices { x[index] -= centre[index % width] }

    let features = try Features(x, count, width)
    let problem = Problem(features: features, labels: labels.map { $0 ? 1 : -1 }, penalty: penalty)
    let (solution, steps) = try problem.minimum()
    let weights = try features.weights(Array(solution.dropLast()))
    self.weights = weights
    intercept = (solution.last ?? 0) - SteeringMatrix.dot(weights, centre)
    self.steps = steps
  }

  /// The gradient of the mean cross-entropy with respect to w at w = 0, b = 0: −½ · mean of yᵢxᵢ, which for as many rows
  /// on either side is −¼(μ₊ − μ₋). One step of gradient descent from zero therefore goes along the class-mean difference.
  ///
  /// - Throws: ``SteeringError/degenerate(operation:reason:)``.
  public static func gradientAtZero(_ rows: [Double], labels: [Bool], width: Int) throws(SteeringError) -> [Double] {
    guard width > 0, !labels.isEmpty, rows.count == labels.count * width else {
      throw .degenerate(operation: "logistic", reason: "\(rows.count) numbers are not rows of width \(width)")
    }
    var gradient = [Double](repeating: 0, count: width)
    for (row, label) in labels.enumerated() {
      // ∂/∂w log(1 + exp(−y⟨w, x⟩)) at w = 0 is −y·σ(0)·x.
      let factor = (label ? -0.5 : 0.5) / Double(labels.count)
      for column in 0..<width { gradient[column] += factor * rows[row * width + column] }
    }
    return gradient
  }
}

/// The rows in at most as many coordinates as there are rows, in which lengths and angles are the same.
private struct Features {
  /// Row-major rows × rank.
  let values: [Double]
  let rank: Int
  private let width: Int
  /// Row-major width × rank; nil where the coordinates are those of the activations.
  private let back: [Double]?

  init(_ x: [Double], _ count: Int, _ width: Int) throws {
    self.width = width
    guard count < width else {
      (values, rank, back) = (x, width, nil)
      return
    }
    // X = Q√Λ·Vᵀ with X·Xᵀ = QΛQᵀ and V = XᵀQ/√Λ.
    let gram = try SteeringMatrix.gram(x, count, width, ofRows: true)
    let eigen = try LinearAlgebra.eigenSymmetric(gram, order: count)
    let floor = (eigen.values.last ?? 0) * 1e-14
    let kept = (0..<count).filter { eigen.values[$0] > floor }
    let rank = kept.count
    var values = [Double](repeating: 0, count: count * rank)
    var scaled = values
    for (place, column) in kept.enumerated() {
      let root = eigen.values[column].squareRoot()
      for row in 0..<count {
        values[row * rank + place] = eigen.vectors[row * count + column] * root
        scaled[row * rank + place] = eigen.vectors[row * count + column] / root
      }
    }
    self.values = values
    self.rank = rank
    back = try LinearAlgebra.product(
      LinearAlgebra.transposed(x, rows: count, columns: width), scaled, m: width, n: rank, k: count)
  }

  func weights(_ coordinates: [Double]) throws -> [Double] {
    guard let back else { return coordinates }
    return try LinearAlgebra.product(back, coordinates, m: width, n: 1, k: rank)
  }
}

private struct Problem {
  let features: Features
  /// +1 or −1.
  let labels: [Double]
  let penalty: Double

  private static let mostSteps = 200

  /// The coordinates and the intercept at the minimum.
  func minimum() throws -> (solution: [Double], steps: Int) {
    let size = features.rank + 1
    var point = [Double](repeating: 0, count: size)
    var margins = try margins(point)
    var value = objective(point, margins)
    for step in 0..<Self.mostSteps {
      try Cancellation.check()
      let (gradient, hessian) = try derivatives(point, margins)
      let direction = try LinearAlgebra.solve(hessian, order: size, gradient, columns: 1)
      // The decrease that a quadratic would still give.
      let decrement = SteeringMatrix.dot(gradient, direction)
      if decrement <= 1e-20 * (1 + value) { return (point, step) }
      var length = 1.0
      while true {
        let next = zip(point, direction).map { $0 - length * $1 }
        let moved = try self.margins(next)
        let lower = objective(next, moved)
        if lower <= value - 1e-4 * length * decrement {
          (point, margins, value) = (next, moved, lower)
          break
        }
        length /= 2
        // The rest of the way is below what the sum resolves.
        if length < 1e-10 { return (point, step) }
      }
    }
    return (point, Self.mostSteps)
  }

  private func margins(_ point: [Double]) throws -> [Double] {
    let scores = try LinearAlgebra.product(
      features.values, Array(point.dropLast()), m: labels.count, n: 1, k: features.rank)
    let intercept = point[features.rank]
    return zip(scores, labels).map { ($0 + intercept) * $1 }
  }

  private func objective(_ point: [Double], _ margins: [Double]) -> Double {
    let loss = margins.reduce(0) { $0 + ($1 > 0 ? log1p(exp(-$1)) : log1p(exp($1)) - $1) }
    return loss + penalty / 2 * point.dropLast().reduce(0) { $0 + $1 * $1 }
  }

  private func derivatives(_ point: [Double], _ margins: [Double]) throws -> (gradient: [Double], hessian: [Double]) {
    let (rank, size) = (features.rank, features.rank + 1)
    // Rows with a one at their end, each times the root of its weight: their Gram matrix is the Hessian of the loss.
    var weighted = [Double](repeating: 0, count: labels.count * size)
    var gradient = point.map { $0 * penalty }
    gradient[rank] = 0
    for (row, margin) in margins.enumerated() {
      let chance = margin > 0 ? exp(-margin) / (1 + exp(-margin)) : 1 / (1 + exp(margin))
      let root = (chance * (1 - chance)).squareRoot()
      let slope = -labels[row] * chance
      for column in 0..<rank {
        let feature = features.values[row * rank + column]
        weighted[row * size + column] = root * feature
        gradient[column] += slope * feature
      }
      weighted[row * size + rank] = root
      gradient[rank] += slope
    }
    var hessian = try SteeringMatrix.gram(weighted, labels.count, size, ofRows: false)
    for index in 0..<rank { hessian[index * size + index] += penalty }
    // Far from the middle all weights vanish, and with them the intercept's curvature.
    hessian[rank * size + rank] += 1e-12
    return (gradient, hessian)
  }
}
