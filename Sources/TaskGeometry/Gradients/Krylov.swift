import Checkpoints
import Tensors
import Transformers

/// The Krylov space of a gradient under the Hessian.
public enum Krylov {
  /// span{g, Hg, …, H^(k−1)g} at a model, on one minibatch.
  ///
  /// On a quadratic loss, gradient descent from here never leaves it (Lemma 1 of arXiv 2606.10929). Hessian-vector
  /// products are central differences of gradients, [g(θ+εv) − g(θ−εv)]/2ε, with ‖εv‖ = 10⁻³·‖θ‖ and the same
  /// minibatch on both sides; every new vector is orthogonalised twice against the others (Arnoldi).
  ///
  /// - Parameters:
  ///   - k: the number of vectors, at least 1. It costs 2k − 1 gradients.
  ///   - batch: sequences in the minibatch.
  ///   - seed: of the minibatch.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public static func space(
    of model: Model, on data: any Dataset, k: Int, batch: Int, seed: UInt64
  ) throws -> Subspace {
    guard batch >= 1, batch <= 1 << 20 else {
      throw GeometryError.outOfRange(what: "batch", value: batch, allowed: 1...(1 << 20))
    }
    let data = try model.reading(data)
    let sample = try data.batch(size: batch, seed: seed, index: 0)
    var subspace = try space(
      dimension: k, in: model.parameterSpace, at: model.freeWeights, source: "krylov of \(data.name), \(k) vectors"
    ) { try Transformers.gradient(of: model.with(freeWeights: $0), on: sample).gradient }
    subspace.origin = model
    subspace.lineage = .krylov(data: data.name)
    return subspace
  }

  /// The same for any gradient: it is what the tests try on quadratics.
  static func space(
    dimension k: Int, in space: ParameterSpace, at weights: FloatVector, source: String = "",
    gradient: (FloatVector) throws -> FloatVector
  ) throws -> Subspace {
    guard k >= 1, k <= min(space.count, 1024) else {
      throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...min(space.count, 1024))
    }
    let activity = Activity("krylov", total: k)
    defer { activity.finish() }
    let first = try gradient(weights)
    let length = first.norm
    guard length > 0 else { throw GeometryError.degenerate(operation: "krylov", reason: "the gradient is zero") }
    var basis = [try first.scaled(by: 1 / length)]
    try activity.advance()
    let epsilon = 1e-3 * max(weights.norm, 1e-3)
    while basis.count < k {
      let direction = basis[basis.count - 1]
      var product = try gradient(weights.adding(direction, scaled: epsilon))
        .subtracting(gradient(weights.adding(direction, scaled: -epsilon)))
      let before = product.norm
      for _ in 0..<2 {
        let coordinates = try Gram.products(basis, with: product)
        try product.add(Gram.combination(basis, coefficients: coordinates), scaled: -1)
      }
      let after = product.norm
      // What is left is rounding of the difference: the space is already invariant.
      guard after > 1e-4 * before, after > 0 else { break }
      basis.append(try product.scaled(by: 1 / after))
      try activity.advance()
    }
    return try Subspace.spanning(basis, of: space, source: source)
  }
}
