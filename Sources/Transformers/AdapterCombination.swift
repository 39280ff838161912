import Foundation
import Tensors

extension Model {
  /// A model whose adapter changes the weights by Σ wᵢ · (α/r)ᵢ · Bᵢ·Aᵢ, for adapters on one base.
  ///
  /// The factors are joined, so that the sum is exact: [w₁s₁B₁, w₂s₂B₂, …]·[A₁; A₂; …], of the sum of the ranks. Adding B
  /// and A apart, as peft's `linear` does, has cross terms such as B₁·A₂ that nobody asked for.
  ///
  /// - Parameters:
  ///   - models: with adapters on the same frozen weights; at least one.
  ///   - weights: one for each, of either sign.
  ///   - rank: cut the sum down to this rank, layer by layer, by its singular values; nil for the exact sum.
  /// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
  public static func combining(
    _ models: [Model], weights: [Double], rank: Int? = nil
  ) throws -> Model {
    guard let first = models.first, weights.count == models.count else {
      throw TransformerError.invalidOption(
        field: "weights", value: "\(weights.count) numbers", reason: "must be one for each of \(models.count) adapters")
    }
    guard weights.allSatisfy(\.isFinite) else {
      throw TransformerError.invalidOption(field: "weights", value: "\(weights)", reason: "must be finite numbers")
    }
    if let rank, rank < 1 {
      throw TransformerError.invalidOption(field: "rank", value: "\(rank)", reason: "must be at least 1")
    }
    let deltas = try zip(models, weights).map { model, weight in
      guard let adapter = model.adapter else { throw TransformerError.notAdapted(model: model.name) }
      guard model.baseDigest == first.baseDigest else {
        throw TransformerError.layoutMismatch(
          operation: "combine", left: "\(first.name) on \(first.baseDigest.prefix(8))",
          right: "\(model.name) on \(model.baseDigest.prefix(8))")
      }
      guard model.steeringDigest == first.steeringDigest else {
        throw TransformerError.invalidOption(
          field: "models", value: "steered in different ways", reason: "must share their steering, or have none")
      }
      return FactoredDelta(adapter).blocks.map { $0.scaled(by: weight) }
    }
    // A layer that only some adapters sit on is changed by those alone.
    var joined: [String: FactoredDelta.Block] = [:]
    for block in deltas.joined() { joined[block.layer] = joined[block.layer]?.adding(block) ?? block }
    let layers = first.linearLayers.filter { joined[$0] != nil }
    let widest = joined.values.map(\.rank).max() ?? 1
    let common = min(rank ?? widest, widest)
    for layer in layers {
      if let block = joined[layer], block.rank != common { joined[layer] = try block.reduced(to: common) }
    }
    var base = first
    base.name = first.baseName
    base.adapter = nil
    // The first adapter's own words for its layers, where they still mean just these.
    let words = first.adapter?.shape.targets ?? layers
    let same = Set(words.flatMap { base.linearLayers(matching: $0) }) == Set(layers)
    let shape = try base.adapterShape(rank: common, alpha: Double(common), targets: same ? words : layers)
    let factors = try FloatVector(count: shape.layout.count) { out in
      for layer in layers {
        guard let block = joined[layer], let a = shape.layout[layer + ".a"], let b = shape.layout[layer + ".b"] else {
          continue
        }
        for index in 0..<a.count { out[a.offset + index] = block.a[index] }
        for index in 0..<b.count { out[b.offset + index] = Float(Double(block.b[index]) * block.scale) }
      }
    }
    var result = base
    result.adapter = try Adapter(shape: shape, factors: factors)
    result.name = "\(base.name)/lora-\(common)"
    return result
  }
}

extension FactoredDelta.Block {
  /// A multiple of the product.
  func scaled(by factor: Double) -> Self {
    Self(layer: layer, outputs: outputs, inputs: inputs, rank: rank, b: b, a: a, scale: scale * factor)
  }

  /// [s·B, s'·B']·[A; A'].
  func adding(_ other: Self) -> Self {
    var joined: [Float] = []
    joined.reserveCapacity(outputs * (rank + other.rank))
    for row in 0..<outputs {
      for value in b[row * rank..<(row + 1) * rank] { joined.append(Float(Double(value) * scale)) }
      for value in other.b[row * other.rank..<(row + 1) * other.rank] {
        joined.append(Float(Double(value) * other.scale))
      }
    }
    return Self(
      layer: layer, outputs: outputs, inputs: inputs, rank: rank + other.rank, b: joined, a: a + other.a, scale: 1)
  }

  /// The nearest product of another rank in the Frobenius norm (Eckart & Young), or the same product padded with zeros.
  ///
  /// With B = Q₁R₁ and Aᵀ = Q₂R₂ the singular values of B·A are those of R₁·R₂ᵀ, which is as small as the rank.
  func reduced(to rank: Int) throws -> Self {
    let own = self.rank
    if rank >= own {
      var wide = [Float](repeating: 0, count: outputs * rank)
      for row in 0..<outputs { for k in 0..<own { wide[row * rank + k] = b[row * own + k] } }
      let tall = a + [Float](repeating: 0, count: (rank - own) * inputs)
      return Self(layer: layer, outputs: outputs, inputs: inputs, rank: rank, b: wide, a: tall, scale: scale)
    }
    let left = try LinearAlgebra.qr(b.map(Double.init), rows: outputs, columns: own)
    let right = try LinearAlgebra.qr(
      LinearAlgebra.transposed(a.map(Double.init), rows: own, columns: inputs), rows: inputs, columns: own)
    let (p, q) = (min(outputs, own), min(inputs, own))
    let core = try LinearAlgebra.svd(
      LinearAlgebra.product(
        left.r, LinearAlgebra.transposed(right.r, rows: q, columns: own), m: p, n: q, k: own), rows: p, columns: q)
    let k = core.values.count
    // Both factors get the roots of the singular values, so that neither is much longer than the other.
    let roots = core.values.map { $0.squareRoot() }
    let kept = min(rank, k)
    var u = [Double](repeating: 0, count: p * rank)
    for row in 0..<p { for j in 0..<kept { u[row * rank + j] = core.u[row * k + j] * roots[j] } }
    var vt = [Double](repeating: 0, count: rank * q)
    for j in 0..<kept { for column in 0..<q { vt[j * q + column] = core.vt[j * q + column] * roots[j] } }
    let newB = try LinearAlgebra.product(left.q, u, m: outputs, n: rank, k: p)
    let newA = try LinearAlgebra.product(
      vt, LinearAlgebra.transposed(right.q, rows: inputs, columns: q), m: rank, n: inputs, k: q)
    return Self(
      layer: layer, outputs: outputs, inputs: inputs, rank: rank, b: newB.map { Float($0) }, a: newA.map { Float($0) },
      scale: scale)
  }
}
