import Tensors
import Transformers

/// The gauge-free view of an adapter's geometry.
///
/// (B·M, M⁻¹·A) is another point in the space of factors and the same change of weights, so that lengths and angles
/// there depend on an arbitrary choice. Here they are taken between the products ΔW = (α/r)·B·A, as Frobenius inner
/// products over all adapted layers.
public enum ProductView {
  /// What a displacement of factors changes in the products: (α/r)·((B+δB)(A+δA) − B·A).
  ///
  /// - Throws: ``GeometryError/needsAdapter(operation:)``, ``GeometryError/noOrigin(operation:)``, `TransformerError`,
  ///   `TensorError`.
  public static func change(_ x: Displacement) throws -> FactoredDelta {
    let (origin, shape) = try origin(of: x, "delta_w")
    let moved = try origin.freeWeights.adding(x.vector)
    return try FactoredDelta(shape: shape, factors: moved)
      .subtracting(FactoredDelta(shape: shape, factors: origin.freeWeights))
  }

  /// The inner product of two displacements' changes.
  ///
  /// - Throws: as ``change(_:)``, and ``GeometryError/spaceMismatch(left:right:)``.
  public static func dot(_ x: Displacement, _ y: Displacement) throws -> Double {
    try gram([x, y], "dot")[0, 1]
  }

  /// The length of a displacement's change.
  ///
  /// - Throws: as ``change(_:)``.
  public static func norm(_ x: Displacement) throws -> Double { max(0, try gram([x], "norm")[0, 0]).squareRoot() }

  /// The cosine between two displacements' changes.
  ///
  /// - Throws: as ``change(_:)``, ``GeometryError/degenerate(operation:reason:)`` for a zero change.
  public static func cosine(_ x: Displacement, _ y: Displacement) throws -> Double {
    let gram = try gram([x, y], "cos")
    let lengths = (gram[0, 0] * gram[1, 1]).squareRoot()
    guard lengths > 0 else {
      throw GeometryError.degenerate(operation: "cos", reason: "one of the changes is zero")
    }
    return max(-1, min(1, gram[0, 1] / lengths))
  }

  /// The share of a displacement's change that a subspace's changes capture.
  ///
  /// The steps of a run become the exact changes they made, B_t·A_t − B_0·A_0 for every step t of a prefix. Any other
  /// subspace is carried over by the derivative at its origin, δ ↦ (α/r)·(δB·A + B·δA), since its vectors are
  /// directions, not moves.
  ///
  /// - Throws: as ``change(_:)``, `Interrupted`.
  public static func capture(_ x: Displacement, in subspace: Subspace, kind: CaptureKind = .norm) throws -> Measure {
    try subspace.space.require(x.space)
    let (origin, shape) = try origin(of: x, "capture")
    var atoms = [origin.freeWeights, try origin.freeWeights.adding(x.vector)]
    let target = ProductElement(terms: [.init(b: 1, a: 1, sign: 1), .init(b: 0, a: 0, sign: -1)])
    let directions = try images(of: subspace, shape: shape, atoms: &atoms)
    let gram = try ProductGram(shape: shape, factors: atoms).matrix([target] + directions)
    let inner = (1...directions.count).map { gram[$0, 0] }
    let span = try Span(gram.selecting(Array(1...directions.count)))
    let energy = gram[0, 0] > 0 ? min(1, span.coordinates(inner).reduce(0) { $0 + $1 * $1 } / gram[0, 0]) : 0
    let ambient = productDimension(shape)
    var chance = Chance.randomSubspace(dimension: span.rank, ambient: ambient)
    if case .path(let held) = subspace.lineage, let summed = held.path(of: x) {
      chance = .randomWalk(
        squaredLengths: held.record.squaredLengths, held: held.steps, summed: summed, dimension: span.rank,
        ambient: ambient)
    }
    return Subspace.measure(energy: energy, chance: chance, kind: kind)
  }

  /// The mean squared cosine between the changes of two subspaces.
  ///
  /// - Throws: as ``capture(_:in:kind:)``.
  public static func overlap(_ left: Subspace, _ right: Subspace) throws -> Measure {
    try left.space.require(right.space)
    guard let origin = left.origin ?? right.origin else { throw GeometryError.noOrigin(operation: "overlap") }
    guard let shape = origin.adapter?.shape else { throw GeometryError.needsAdapter(operation: "overlap") }
    var atoms: [FloatVector] = []
    let first = try images(of: left, shape: shape, atoms: &atoms)
    let second = try images(of: right, shape: shape, atoms: &atoms)
    let gram = try ProductGram(shape: shape, factors: atoms).matrix(first + second)
    let (m, n) = (first.count, second.count)
    let (u, v) = (
      try Span(gram.selecting(Array(0..<m))), try Span(gram.selecting(Array(m..<m + n)))
    )
    var cross = SmallMatrix(rows: m, columns: n)
    for i in 0..<m { for j in 0..<n { cross[i, j] = gram[i, m + j] } }
    let cosines = u.coefficients.transposed * cross * v.coefficients
    let chance = Chance.randomSubspace(dimension: max(u.rank, v.rank), ambient: productDimension(shape))
    return Measure(
      min(1, cosines.squaredNorm / Double(max(1, min(u.rank, v.rank)))), chance: chance.energy)
  }

  // MARK: - Images

  /// How many weights the adapted layers have: the dimension of the space of products.
  static func productDimension(_ shape: Adapter.Shape) -> Int {
    shape.layers.reduce(0) { sum, layer in
      sum + (shape.layout[layer + ".b"]?.rows ?? 0) * (shape.layout[layer + ".a"]?.columns ?? 0)
    }
  }

  private static func gram(_ displacements: [Displacement], _ operation: String) throws -> SmallMatrix {
    guard let first = displacements.first else { return SmallMatrix(rows: 0, columns: 0) }
    let (_, shape) = try origin(of: first, operation)
    var atoms: [FloatVector] = []
    var elements: [ProductElement] = []
    for x in displacements {
      try first.space.require(x.space)
      let (origin, _) = try origin(of: x, operation)
      atoms += [origin.freeWeights, try origin.freeWeights.adding(x.vector)]
      let index = atoms.count - 2
      elements.append(
        ProductElement(terms: [.init(b: index + 1, a: index + 1, sign: 1), .init(b: index, a: index, sign: -1)]))
    }
    return try ProductGram(shape: shape, factors: atoms).matrix(elements)
  }

  /// The changes that a subspace's generators stand for. The factors they need are appended to `atoms`.
  private static func images(
    of subspace: Subspace, shape: Adapter.Shape, atoms: inout [FloatVector]
  ) throws -> [ProductElement] {
    guard let origin = subspace.origin else { throw GeometryError.noOrigin(operation: "capture") }
    let zero = atoms.count
    atoms.append(origin.freeWeights)
    var elements: [ProductElement] = []
    // Only a prefix begins at its origin; the exact changes of later steps would need the models between.
    if case .path(let path) = subspace.lineage, path.record.start == origin.digest, path.steps.lowerBound == 0 {
      var position = origin.freeWeights
      for step in subspace.generators {
        try position.add(step)
        elements.append(
          ProductElement(terms: [
            .init(b: atoms.count, a: atoms.count, sign: 1), .init(b: zero, a: zero, sign: -1),
          ]))
        atoms.append(position)
      }
    } else {
      // The basis rather than the generators: a subspace is what it spans, not the list it was spanned from.
      for index in 0..<subspace.dimension {
        elements.append(
          ProductElement(terms: [.init(b: atoms.count, a: zero, sign: 1), .init(b: zero, a: atoms.count, sign: 1)]))
        atoms.append(try subspace.direction(index).vector)
      }
    }
    return elements
  }

  private static func origin(of x: Displacement, _ operation: String) throws(GeometryError) -> (Model, Adapter.Shape) {
    guard let origin = x.origin else { throw .noOrigin(operation: operation) }
    guard let shape = origin.adapter?.shape else { throw .needsAdapter(operation: operation) }
    return (origin, shape)
  }

  /// An orthonormal basis of elements known only by their Gram matrix.
  private struct Span {
    let coefficients: SmallMatrix
    var rank: Int { coefficients.columns }

    init(_ gram: SmallMatrix) throws {
      let inverse = gram.diagonal.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
      let (values, vectors) = try gram.scalingRows(by: inverse).scalingColumns(by: inverse).symmetricEigen()
      guard let largest = values.first, largest > 0 else {
        throw GeometryError.degenerate(
          operation: "in=\"product\"", reason: "the subspace does not move the product: B is zero and A alone changes")
      }
      let limit = largest * RankDecision.tolerance * RankDecision.tolerance * 100
      let rank = values.prefix { $0 > limit }.count
      coefficients = vectors.selecting(columns: 0..<rank).scalingRows(by: inverse)
        .scalingColumns(by: values.prefix(rank).map { 1 / $0.squareRoot() })
    }

    func coordinates(_ inner: [Double]) -> [Double] { coefficients.transposed.times(inner) }
  }
}
