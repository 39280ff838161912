import Checkpoints
import Tensors
import Transformers

/// The Krylov space of a gradient under the Hessian.
public enum Krylov {
  /// span{g, Hg, …, H^(k−1)g} at a point.
  ///
  /// On a quadratic loss, gradient descent from here never leaves it (Lemma 1 of arXiv 2606.10929), and its first k steps
  /// span it. Products with H are central differences of gradients on the same minibatches, with the step chosen by a
  /// sweep along g; every new vector is orthogonalised twice against the others (Arnoldi).
  ///
  /// - Parameter k: the number of vectors, from 1 to 1,024. It costs 2k − 2 gradients beside the sweep.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public static func space(of objective: any Objective, dimension k: Int) throws -> Subspace {
    let bound = max(1, min(objective.space.count, 1024))
    guard k >= 1, k <= bound else { throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...bound) }
    let activity = Activity("krylov", total: k)
    defer { activity.finish() }
    let first = try objective.gradient(at: objective.point)
    let length = first.norm
    guard length > 0 else { throw GeometryError.degenerate(operation: "krylov", reason: "the gradient is zero") }
    var basis = [try first.scaled(by: 1 / length)]
    try activity.advance()
    if k > 1 {
      let (product, image) = try HessianProduct.sweeping(objective, along: basis[0])
      // What is left below this share of a product is its own error: the space is already invariant.
      let threshold = max(1e-5, 3 * (product.step.error ?? 0))
      var next = image
      while true {
        let before = next.norm
        try orthogonalise(&next, against: basis)
        let after = next.norm
        guard after > threshold * before, after > 0 else { break }
        basis.append(try next.scaled(by: 1 / after))
        try activity.advance()
        guard basis.count < k else { break }
        next = try product.times(basis[basis.count - 1])
      }
    }
    var subspace = try Subspace.spanning(
      basis, of: objective.space, source: "krylov of \(objective.name), \(k) vectors")
    subspace.origin = objective.origin
    subspace.lineage = .krylov(data: objective.name)
    return subspace
  }

  /// Takes away what a vector has in common with an orthonormal basis, twice: once leaves the rounding of what was taken.
  static func orthogonalise(_ vector: inout FloatVector, against basis: [FloatVector]) throws {
    guard !basis.isEmpty else { return }
    for _ in 0..<2 {
      let coordinates = try Gram.products(basis, with: vector)
      try vector.add(Gram.combination(basis, coefficients: coordinates), scaled: -1)
    }
  }
}
