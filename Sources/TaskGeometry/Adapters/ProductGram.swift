import Checkpoints
import Tensors
import Transformers

/// One element of the space of weight changes: a sum of products ±(α/r)·B·A, named by which vectors of factors supply
/// B and A.
struct ProductElement: Sendable {
  /// B from factors number `b`, A from factors number `a`.
  struct Term: Sendable {
    var b: Int
    var a: Int
    var sign: Double
  }
  var terms: [Term]
}

/// Inner products of weight changes in factored form.
///
/// ⟨B·A, B'·A'⟩ = Σ_pq (BᵀB')_pq (A·A'ᵀ)_pq. The factors of all elements are stacked, layer after layer, so that two
/// matrix products a layer give every BᵀB' and A·A'ᵀ at once; the products B·A are never built.
struct ProductGram {
  let shape: Adapter.Shape
  let factors: [FloatVector]

  /// The Gram matrix of elements.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  func matrix(_ elements: [ProductElement]) throws -> SmallMatrix {
    var gram = SmallMatrix(rows: elements.count, columns: elements.count)
    let r = shape.rank
    let side = factors.count * r
    let scale = shape.scale * shape.scale
    for layer in shape.layers {
      try Cancellation.check()
      guard let a = shape.layout[layer + ".a"], let b = shape.layout[layer + ".b"] else { continue }
      let bases = try inner(b, isTransposed: true)
      let inputs = try inner(a, isTransposed: false)
      // Term pairs repeat (every element holds the origin): r² products each, far fewer than a layer's weights.
      for i in elements.indices {
        for j in i..<elements.count {
          var sum = 0.0
          for s in elements[i].terms {
            for t in elements[j].terms {
              var product = 0.0
              for p in 0..<r {
                let bRow = (s.b * r + p) * side + t.b * r
                let aRow = (s.a * r + p) * side + t.a * r
                for q in 0..<r { product += bases[bRow + q] * inputs[aRow + q] }
              }
              sum += s.sign * t.sign * product
            }
          }
          gram[i, j] += scale * sum
        }
      }
    }
    for i in elements.indices { for j in 0..<i { gram[i, j] = gram[j, i] } }
    return gram
  }

  /// All inner products of the rank-many columns of B, or rows of A, of all factors in one layer.
  private func inner(_ segment: Segment, isTransposed: Bool) throws -> [Double] {
    let r = shape.rank
    let length = segment.count / r
    let side = factors.count * r
    var stacked = [Double](repeating: 0, count: side * length)
    for (index, vector) in factors.enumerated() {
      vector.withPointer { base in
        let source = base + segment.offset
        for p in 0..<r {
          let row = (index * r + p) * length
          for column in 0..<length {
            stacked[row + column] = Double(source[isTransposed ? column * r + p : p * length + column])
          }
        }
      }
    }
    var result = [Double](repeating: 0, count: side * side)
    try stacked.withUnsafeBufferPointer { x throws in
      try result.withUnsafeMutableBufferPointer { out throws in
        guard let x = x.baseAddress, let out = out.baseAddress else { return }
        try MatrixProduct.dgemm(
          transB: true, m: side, n: side, k: length, a: x, lda: length, b: x, ldb: length, c: out, ldc: side)
      }
    }
    return result
  }
}
