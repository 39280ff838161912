import CLinearAlgebra
import Checkpoints

/// Decompositions of row-major double matrices, by LAPACK.
///
/// Large ones can be interrupted (``Interruptible``). OpenBLAS runs single-threaded for small problems and with
/// ``Parallel/width`` threads for large ones; do not call these from inside a parallel region.
///
/// All of them throw ``TensorError/linearAlgebra(operation:reason:)`` when LAPACK reports a failure or the matrix holds a
/// number that is not finite, ``TensorError/invalidShape(operation:shape:reason:)`` when the array's length does not fit the
/// stated shape, ``TensorError/tooLarge(bytes:available:)`` and `Interrupted`.
public enum LinearAlgebra {
  /// A = V·diag(values)·Vᵀ of a symmetric matrix.
  public struct Eigen: Sendable {
    /// In ascending order.
    public var values: [Double]
    /// Row-major n×n; column j belongs to value j.
    public var vectors: [Double]
  }

  /// A = U·diag(values)·Vᵀ with k = min(m, n).
  public struct SVD: Sendable {
    /// Row-major m×k.
    public var u: [Double]
    /// In descending order.
    public var values: [Double]
    /// Row-major k×n.
    public var vt: [Double]
  }

  /// A = Q·R with k = min(m, n).
  public struct QR: Sendable {
    /// Row-major m×k with orthonormal columns.
    public var q: [Double]
    /// Row-major k×n, upper triangular.
    public var r: [Double]
  }

  /// The least-squares solution of smallest norm.
  public struct LeastSquares: Sendable {
    /// Row-major n×(right-hand sides).
    public var solution: [Double]
    /// How many singular values lie above the cut-off.
    public var rank: Int
    /// Of the matrix, in descending order.
    public var values: [Double]
  }

  // MARK: - Eigenvalues and singular values

  /// Eigenvalues and eigenvectors of a symmetric matrix (`dsyevd`); only its lower triangle is read.
  public static func eigenSymmetric(_ a: [Double], order n: Int) throws -> Eigen {
    let a = try checked(a, n, n, "eigh")
    return try Interruptible.run("eigh", operations: 9 * cube(n, n, n)) { () throws(TensorError) in
      var a = a
      var values = [Double](repeating: 0, count: n)
      // Row-major lower is column-major upper: no transposition on the way in.
      try check(
        "eigh", load_LAPACKE_dsyevd()(LAPACK_COL_MAJOR, letter("V"), letter("U"), i32(n), &a, i32(max(1, n)), &values))
      return Eigen(values: values, vectors: transposed(a, rows: n, columns: n))
    }
  }

  /// The thin singular value decomposition (`dgesdd`, and `dgesvd` should that fail to converge).
  public static func svd(_ a: [Double], rows m: Int, columns n: Int) throws -> SVD {
    let a = try checked(a, m, n, "svd")
    let k = min(m, n)
    return try Interruptible.run("svd", operations: 14 * cube(m, n, k)) { () throws(TensorError) in
      try svdNow(a, m, n, k)
    }
  }

  private static func svdNow(_ original: [Double], _ m: Int, _ n: Int, _ k: Int) throws(TensorError) -> SVD {
    if k == 0 { return SVD(u: [], values: [], vt: []) }
    var result = SVD(
      u: [Double](repeating: 0, count: m * k), values: [Double](repeating: 0, count: k),
      vt: [Double](repeating: 0, count: k * n))
    // In column-major eyes the array is Aᵀ = V·S·Uᵀ: its left factor, stored by columns, is Vᵀ stored by rows.
    var a = original
    let info = load_LAPACKE_dgesdd()(
      LAPACK_COL_MAJOR, letter("S"), i32(n), i32(m), &a, i32(n), &result.values, &result.vt, i32(n), &result.u, i32(k))
    if info > 0 {
      a = original
      var superdiagonal = [Double](repeating: 0, count: k)
      try check(
        "svd",
        load_LAPACKE_dgesvd()(
          LAPACK_COL_MAJOR, letter("S"), letter("S"), i32(n), i32(m), &a, i32(n), &result.values, &result.vt, i32(n),
          &result.u, i32(k), &superdiagonal))
    } else {
      try check("svd", info)
    }
    return result
  }

  // MARK: - Factorisations

  /// The thin QR decomposition (`dgeqrf`, `dorgqr`).
  public static func qr(_ a: [Double], rows m: Int, columns n: Int) throws -> QR {
    let a = try checked(a, m, n, "qr")
    let k = min(m, n)
    return try Interruptible.run("qr", operations: 4 * cube(m, n, k)) { () throws(TensorError) in
      if k == 0 { return QR(q: [], r: []) }
      var a = a
      var tau = [Double](repeating: 0, count: k)
      try check("qr", load_LAPACKE_dgeqrf()(LAPACK_ROW_MAJOR, i32(m), i32(n), &a, i32(n), &tau))
      var r = [Double](repeating: 0, count: k * n)
      var q = [Double](repeating: 0, count: m * k)
      for row in 0..<k {
        for column in row..<n { r[row * n + column] = a[row * n + column] }
      }
      for row in 0..<m {
        for column in 0..<k { q[row * k + column] = a[row * n + column] }
      }
      try check("qr", load_LAPACKE_dorgqr()(LAPACK_ROW_MAJOR, i32(m), i32(k), i32(k), &q, i32(k), tau))
      return QR(q: q, r: r)
    }
  }

  /// The lower triangle L of A = L·Lᵀ (`dpotrf`); only the lower triangle of A is read.
  public static func cholesky(_ a: [Double], order n: Int) throws -> [Double] {
    let a = try checked(a, n, n, "cholesky")
    return try Interruptible.run("cholesky", operations: cube(n, n, n) / 3) { () throws(TensorError) in
      var a = a
      let info = load_LAPACKE_dpotrf()(LAPACK_ROW_MAJOR, letter("L"), i32(n), &a, i32(max(1, n)))
      if info > 0 {
        throw .linearAlgebra(
          operation: "cholesky", reason: "the leading \(info)×\(info) block is not positive definite")
      }
      try check("cholesky", info)
      for row in 0..<n {
        for column in row + 1..<max(n, row + 1) { a[row * n + column] = 0 }
      }
      return a
    }
  }

  // MARK: - Equations

  /// X of A·X = B (`dgesv`), row-major n×columns.
  public static func solve(_ a: [Double], order n: Int, _ b: [Double], columns: Int) throws -> [Double] {
    let a = try checked(a, n, n, "solve")
    let b = try checked(b, n, columns, "solve", square: false)
    return try Interruptible.run("solve", operations: cube(n, n, n) + 2 * cube(n, n, columns)) {
      () throws(TensorError) in
      if n == 0 || columns == 0 { return b }
      var (a, b) = (a, b)
      var pivots = [Int32](repeating: 0, count: n)
      let info = load_LAPACKE_dgesv()(LAPACK_ROW_MAJOR, i32(n), i32(columns), &a, i32(n), &pivots, &b, i32(columns))
      if info > 0 { throw .linearAlgebra(operation: "solve", reason: "the matrix is singular") }
      try check("solve", info)
      return b
    }
  }

  /// X that minimises ‖A·X − B‖, of smallest norm (`dgelsd`). Singular values below `cutoff` times the largest count as
  /// zero; the default is machine precision times the longer side, as in NumPy.
  public static func leastSquares(
    _ a: [Double], rows m: Int, columns n: Int, _ b: [Double], rightHandSides count: Int, cutoff: Double? = nil
  ) throws -> LeastSquares {
    let a = try checked(a, m, n, "lstsq")
    let b = try checked(b, m, count, "lstsq", square: false)
    let k = min(m, n)
    return try Interruptible.run("lstsq", operations: 8 * cube(m, n, k)) { () throws(TensorError) in
      if k == 0 || count == 0 {
        return LeastSquares(solution: [Double](repeating: 0, count: n * count), rank: 0, values: [])
      }
      var a = a
      var x = b + [Double](repeating: 0, count: max(0, n - m) * count)
      var values = [Double](repeating: 0, count: k)
      var rank: Int32 = 0
      try check(
        "lstsq",
        load_LAPACKE_dgelsd()(
          LAPACK_ROW_MAJOR, i32(m), i32(n), i32(count), &a, i32(n), &x, i32(count), &values,
          cutoff ?? Double.ulpOfOne * Double(max(m, n)), &rank))
      return LeastSquares(solution: Array(x.prefix(n * count)), rank: Int(rank), values: values)
    }
  }

  /// The inverse (`dgetrf`, `dgetri`).
  public static func inverse(_ a: [Double], order n: Int) throws -> [Double] {
    let a = try checked(a, n, n, "inv")
    return try Interruptible.run("inv", operations: 2 * cube(n, n, n)) { () throws(TensorError) in
      if n == 0 { return [] }
      var a = a
      var pivots = [Int32](repeating: 0, count: n)
      let info = load_LAPACKE_dgetrf()(LAPACK_COL_MAJOR, i32(n), i32(n), &a, i32(n), &pivots)
      if info > 0 { throw .linearAlgebra(operation: "inv", reason: "the matrix is singular") }
      try check("inv", info)
      // The inverse of the transpose is the transpose of the inverse: column-major throughout.
      try check("inv", load_LAPACKE_dgetri()(LAPACK_COL_MAJOR, i32(n), &a, i32(n), pivots))
      return a
    }
  }

  /// The determinant, from the pivots of `dgetrf`.
  public static func determinant(_ a: [Double], order n: Int) throws -> Double {
    let a = try checked(a, n, n, "det")
    return try Interruptible.run("det", operations: cube(n, n, n)) { () throws(TensorError) in
      var a = a
      var pivots = [Int32](repeating: 0, count: n)
      let info = load_LAPACKE_dgetrf()(LAPACK_COL_MAJOR, i32(n), i32(n), &a, i32(max(1, n)), &pivots)
      if info > 0 { return 0 }
      try check("det", info)
      var product = 1.0
      for index in 0..<n { product *= Int(pivots[index]) == index + 1 ? a[index * (n + 1)] : -a[index * (n + 1)] }
      return product
    }
  }

  /// A·B of row-major matrices m×k and k×n.
  public static func product(_ a: [Double], _ b: [Double], m: Int, n: Int, k: Int) throws -> [Double] {
    guard a.count == m * k, b.count == k * n else {
      throw TensorError.shapeMismatch(operation: "@", left: [m, k], right: [k, n])
    }
    var c = [Double](repeating: 0, count: m * n)
    try c.withUnsafeMutableBufferPointer { c in
      if let c = c.baseAddress { try MatrixProduct.product(m: m, n: n, k: k, a: a, b: b, c: c) }
    }
    return c
  }

  // MARK: - Small change

  /// The transpose of a row-major matrix.
  public static func transposed(_ a: [Double], rows: Int, columns: Int) -> [Double] {
    guard a.count == rows * columns, rows > 0, columns > 0 else { return a }
    return [Double](unsafeUninitializedCapacity: a.count) { out, initialized in
      for row in 0..<rows {
        for column in 0..<columns { out[column * rows + row] = a[row * columns + column] }
      }
      initialized = a.count
    }
  }

  private static func checked(
    _ a: [Double], _ rows: Int, _ columns: Int, _ operation: String, square: Bool = true
  ) throws(TensorError) -> [Double] {
    guard rows >= 0, columns >= 0, a.count == rows * columns else {
      throw .invalidShape(
        operation: operation, shape: [rows, columns], reason: "it does not fit an array of \(a.count) numbers")
    }
    guard rows < 1 << 30, columns < 1 << 30 else {
      throw .invalidShape(operation: operation, shape: [rows, columns], reason: "LAPACK counts in 32 bits")
    }
    // The decompositions need about as much again as the matrix and its factors.
    try MemoryBudget.check(bytes: 4 * 8 * max(a.count, 1))
    guard a.allSatisfy(\.isFinite) else {
      throw .linearAlgebra(operation: operation, reason: "the matrix has an entry that is not a finite number")
    }
    return a
  }

  private static func cube(_ a: Int, _ b: Int, _ c: Int) -> Double { Double(a) * Double(b) * Double(c) }

  private static func i32(_ value: Int) -> Int32 { Int32(truncatingIfNeeded: value) }

  private static func letter(_ scalar: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: scalar.value) }

  /// Turns LAPACK's status into an error: above zero the algorithm failed, below zero LAPACKE refused.
  private static func check(_ operation: String, _ info: Int32) throws(TensorError) {
    switch info {
    case 0: return
    case LAPACK_WORK_MEMORY_ERROR, LAPACK_TRANSPOSE_MEMORY_ERROR:
      throw .linearAlgebra(operation: operation, reason: "there is not enough memory for LAPACK's workspace")
    case 1...: throw .linearAlgebra(operation: operation, reason: "the iteration did not converge (info \(info))")
    default: throw .linearAlgebra(operation: operation, reason: "LAPACK refused argument \(-info)")
    }
  }
}
