import Tensors

extension Subspace {
  /// The sum: everything that is a vector of one plus a vector of the other. dim(U+V) = dim U + dim V − dim(U∩V).
  ///
  /// Its basis is that of U, followed by what V has outside U.
  ///
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func sum(_ other: Subspace) throws -> Subspace {
    let pair = try SubspacePair(self, other)
    let rest = try pair.outside()
    return pair.subspace(coefficients: rest.map { pair.left.beside($0) } ?? pair.left, "sum")
  }

  /// What both have in common, up to angles whose sine is below the resolution.
  ///
  /// - Returns: nil when they have nothing in common.
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func intersection(_ other: Subspace) throws -> Subspace? {
    let pair = try SubspacePair(other, self)
    return try pair.common().map { pair.subspace(coefficients: $0, "intersect") }
  }

  /// This subspace less another: what it has outside the other, (1 − P_V)U. dim = dim(U+V) − dim V.
  ///
  /// - Returns: nil when nothing is left.
  /// - Throws: ``GeometryError/spaceMismatch(left:right:)``, `TensorError`, `Interrupted`.
  public func complement(of other: Subspace) throws -> Subspace? {
    let pair = try SubspacePair(other, self)
    return try pair.outside().map { pair.subspace(coefficients: $0, "complement") }
  }
}

/// Two subspaces over one list of generators, and the cosines between their bases.
struct SubspacePair {
  let first: Subspace
  let second: Subspace
  let generators: [FloatVector]
  /// The coefficients of each over the common generators.
  let left: SmallMatrix
  let right: SmallMatrix
  /// UᵀV.
  let cosines: SmallMatrix
  /// The sine that counts as zero.
  let resolution: Double

  init(_ first: Subspace, _ second: Subspace) throws {
    try first.space.require(second.space)
    self.first = first
    self.second = second
    resolution = max(first.resolution, second.resolution)
    // Prefixes of one run share their steps: such a vector is listed once, recognised by where it is stored.
    var generators = first.generators
    var positions = Dictionary(
      generators.enumerated().map { ($1.withPointer { Int(bitPattern: $0) }, $0) }, uniquingKeysWith: { a, _ in a })
    let indices = second.generators.map { generator -> Int in
      let address = generator.withPointer { Int(bitPattern: $0) }
      if let known = positions[address] { return known }
      positions[address] = generators.count
      generators.append(generator)
      return generators.count - 1
    }
    self.generators = generators
    var left = SmallMatrix(rows: generators.count, columns: first.dimension)
    for row in 0..<first.coefficients.rows {
      for column in 0..<first.dimension { left[row, column] = first.coefficients[row, column] }
    }
    var right = SmallMatrix(rows: generators.count, columns: second.dimension)
    for (row, target) in indices.enumerated() {
      for column in 0..<second.dimension { right[target, column] += second.coefficients[row, column] }
    }
    self.left = left
    self.right = right
    cosines = try first.cosines(second)
  }

  /// What the second has outside the first: `(V − U·S)·E·Λ^(−1/2)` for the eigenvectors of `1 − SᵀS`.
  func outside() throws -> SmallMatrix? {
    let (sines, vectors) = try squaredSines()
    let kept = sines.prefix { $0 > resolution * resolution }.count
    if kept == 0 { return nil }
    return (right - left * cosines)
      * vectors.selecting(columns: 0..<kept)
      .scalingColumns(by: sines.prefix(kept).map { 1 / $0.squareRoot() })
  }

  /// The directions of the second that lie in the first.
  func common() throws -> SmallMatrix? {
    let (sines, vectors) = try squaredSines()
    let kept = sines.prefix { $0 > resolution * resolution }.count
    if kept == sines.count { return nil }
    return right * vectors.selecting(columns: kept..<sines.count)
  }

  /// Squared sines of the angles between directions of the second and the whole first, largest first.
  func squaredSines() throws -> (values: [Double], vectors: SmallMatrix) {
    let residual = SmallMatrix.identity(second.dimension) - cosines.transposed * cosines
    // 1 − SᵀS knows squared sines down to 1e-16 and so sines to 1e-8, less what ill-conditioned coefficients cost;
    // that is well below the resolution.
    return try residual.symmetricEigen()
  }

  func subspace(coefficients: SmallMatrix, _ operation: String) -> Subspace {
    let digests = (first.origin?.digest, second.origin?.digest)
    return Subspace(
      space: first.space, generators: generators, coefficients: coefficients,
      rank: RankDecision(
        generators: generators.count, rank: coefficients.columns,
        smallestKept: min(first.rank.smallestKept, second.rank.smallestKept)),
      origin: digests.0 == digests.1 ? first.origin : nil, lineage: .other, source: operation)
  }
}
