import Foundation
import Tensors

/// The rank-1 change v·kᵀ of a linear map whose effect on its inputs comes closest to a fixed vector v.
///
/// k minimises Σᵢ ‖⟨k, xᵢ⟩v − v‖² + ridge·s·‖v‖²‖k‖², that is Σᵢ (⟨k, xᵢ⟩ − 1)² + ridge·s·‖k‖², with s the mean of ‖xᵢ‖² so
/// that `ridge` has no unit. Where the inputs all have one component in common, a small k suffices; where they point
/// everywhere, no k does: the residual says which.
public struct RankOneEdit: Sendable {
  /// k, as wide as an input.
  public let key: [Double]
  /// Σ (⟨k, xᵢ⟩ − 1)²/n over the inputs it was fitted on: the share of ‖v‖² that is missed, 1 for no edit at all.
  public let residual: Double
  /// The same on inputs that were held out; nil when there are none.
  public let heldOutResidual: Double?
  /// The mean of ⟨k, xᵢ⟩ on those inputs (on the fitted ones if none were held out): how much of v arrives on average.
  public let gain: Double

  /// Fits a key to rows × width inputs.
  ///
  /// - Parameters:
  ///   - inputs: row-major.
  ///   - width: of one input.
  ///   - ridge: from 0; 0 gives the solution of smallest norm.
  ///   - train: rows to fit; the others in `heldOut` are only scored.
  /// - Throws: ``SteeringError``, `TensorError`, `Interrupted`.
  public init(_ inputs: [Double], width: Int, ridge: Double = 0, train: [Int], heldOut: [Int]) throws {
    guard ridge >= 0, ridge.isFinite else {
      throw SteeringError.invalidOption(what: "ridge", value: "\(ridge)", allowed: "from 0")
    }
    guard width > 0, !train.isEmpty, inputs.count % width == 0 else {
      throw SteeringError.degenerate(operation: "rank_one", reason: "there are no activations to fit")
    }
    let x = train.flatMap { inputs[($0 * width)..<(($0 + 1) * width)] }
    key = try Self.key(x, train.count, width, ridge)
    let products = Self.products(inputs, width, key)
    let fitted = train.map { products[$0] }
    let held = heldOut.map { products[$0] }
    residual = Self.residual(fitted)
    heldOutResidual = held.isEmpty ? nil : Self.residual(held)
    let shown = held.isEmpty ? fitted : held
    gain = shown.reduce(0, +) / Double(shown.count)
  }

  private static func key(_ x: [Double], _ count: Int, _ width: Int, _ ridge: Double) throws -> [Double] {
    // Inputs that are all zero need the solution of smallest norm too.
    if ridge == 0 || SteeringMatrix.dot(x, x) == 0 {
      return try LinearAlgebra.leastSquares(
        x, rows: count, columns: width, [Double](repeating: 1, count: count), rightHandSides: 1
      ).solution
    }
    let penalty = ridge * SteeringMatrix.dot(x, x) / Double(count)
    // (XᵀX + λ)⁻¹Xᵀ1 = Xᵀ(XXᵀ + λ)⁻¹1: the smaller of the two.
    let ofRows = count < width
    let order = ofRows ? count : width
    var gram = try SteeringMatrix.gram(x, count, width, ofRows: ofRows)
    for index in 0..<order { gram[index * order + index] += penalty }
    let ones = [Double](repeating: 1, count: count)
    if ofRows {
      let solution = try LinearAlgebra.solve(gram, order: order, ones, columns: 1)
      return try LinearAlgebra.product(solution, x, m: 1, n: width, k: count)
    }
    let sums = try LinearAlgebra.product(ones, x, m: 1, n: width, k: count)
    return try LinearAlgebra.solve(gram, order: order, sums, columns: 1)
  }

  private static func products(_ inputs: [Double], _ width: Int, _ key: [Double]) -> [Double] {
    (0..<inputs.count / width).map { row in
      (0..<width).reduce(0) { $0 + inputs[row * width + $1] * key[$1] }
    }
  }

  private static func residual(_ products: [Double]) -> Double {
    products.reduce(0) { $0 + ($1 - 1) * ($1 - 1) } / Double(products.count)
  }
}
