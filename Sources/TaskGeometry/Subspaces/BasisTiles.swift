import Checkpoints
import Tensors

/// The basis of a subspace, written out in double for a few thousand rows at a time.
///
/// What needs the basis itself (a last correction of its orthonormality, the sines of tiny angles) goes through it tile
/// by tile, so that D×r numbers never exist at once.
struct BasisTiles {
  /// Rows of a tile: small enough for the cache, long enough for the products.
  private static let height = 4096

  private let subspace: Subspace
  private let transposedCoefficients: SmallMatrix

  init(_ subspace: Subspace) {
    self.subspace = subspace
    transposedCoefficients = subspace.coefficients.transposed
  }

  /// The inner products of the basis vectors: the identity, up to rounding.
  func gram() throws -> SmallMatrix {
    let r = subspace.dimension
    var sum = SmallMatrix(rows: r, columns: r)
    try BasisTiles.visit([self]) { tiles, height in
      try BasisTiles.addProduct(tiles[0], tiles[0], r, r, height, to: &sum)
    }
    return sum
  }

  /// The Gram matrix of what `self` has outside `other`, `(V − U·S)ᵀ(V − U·S)` for V = self, U = other and S = UᵀV:
  /// its eigenvalues are the squared sines of the principal angles. Subtracting before squaring is what keeps the
  /// digits of small ones (Björck and Golub, Mathematics of Computation 27, 1973).
  func residualGram(outside other: BasisTiles, cosines: SmallMatrix) throws -> SmallMatrix {
    let r = subspace.dimension
    let inner = other.subspace.dimension
    var sum = SmallMatrix(rows: r, columns: r)
    let cosinesTransposed = cosines.transposed
    try BasisTiles.visit([self, other]) { tiles, height in
      try cosinesTransposed.values.withUnsafeBufferPointer { s throws in
        guard let s = s.baseAddress else { return }
        try MatrixProduct.dgemm(
          m: r, n: height, k: inner, alpha: -1, a: s, lda: inner, b: tiles[1], ldb: BasisTiles.height, beta: 1,
          c: tiles[0], ldc: BasisTiles.height)
      }
      try BasisTiles.addProduct(tiles[0], tiles[0], r, r, height, to: &sum)
    }
    return sum
  }

  /// The inner products of the basis vectors of two subspaces.
  func cross(_ other: BasisTiles) throws -> SmallMatrix {
    var sum = SmallMatrix(rows: subspace.dimension, columns: other.subspace.dimension)
    let (m, n) = (sum.rows, sum.columns)
    try BasisTiles.visit([self, other]) { tiles, height in
      try BasisTiles.addProduct(tiles[0], tiles[1], m, n, height, to: &sum)
    }
    return sum
  }

  private static func addProduct(
    _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int, _ height: Int,
    to sum: inout SmallMatrix
  ) throws {
    try sum.values.withUnsafeMutableBufferPointer { c throws in
      guard let c = c.baseAddress else { return }
      try MatrixProduct.dgemm(
        transB: true, m: m, n: n, k: height, a: a, lda: BasisTiles.height, b: b, ldb: BasisTiles.height, beta: 1, c: c,
        ldc: n)
    }
  }

  /// Calls `body` with each tile of each basis in turn, one basis vector a row.
  private static func visit(
    _ bases: [BasisTiles], _ body: ([UnsafeMutablePointer<Double>], Int) throws -> Void
  ) throws {
    guard let first = bases.first else { return }
    let rows = bases.map { $0.subspace.dimension + $0.subspace.generators.count }.reduce(0, +)
    let bytes = max(1, rows) * height * MemoryLayout<Double>.stride
    try MemoryBudget.check(bytes: bytes)
    let memory = UnsafeMutablePointer<Double>.allocate(capacity: max(1, rows) * height)
    defer { memory.deallocate() }
    for start in stride(from: 0, to: first.subspace.ambient, by: height) {
      try Cancellation.check()
      let length = min(height, first.subspace.ambient - start)
      var next = memory
      var tiles: [UnsafeMutablePointer<Double>] = []
      for basis in bases {
        let out = next
        next += basis.subspace.dimension * height
        try basis.write(start: start, length: length, to: out, scratch: next)
        next += basis.subspace.generators.count * height
        tiles.append(out)
      }
      try body(tiles, length)
    }
  }

  private func write(
    start: Int, length: Int, to out: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>
  ) throws {
    let generators = subspace.generators
    for (row, generator) in generators.enumerated() {
      generator.withPointer { source in
        let target = scratch + row * BasisTiles.height
        for column in 0..<length { target[column] = Double(source[start + column]) }
      }
    }
    try transposedCoefficients.values.withUnsafeBufferPointer { c throws in
      guard let c = c.baseAddress else { return }
      try MatrixProduct.dgemm(
        m: subspace.dimension, n: length, k: generators.count, a: c, lda: generators.count, b: scratch,
        ldb: BasisTiles.height, c: out, ldc: BasisTiles.height)
    }
  }
}
