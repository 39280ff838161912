import CKernels
import CLinearAlgebra
import Checkpoints
import Synchronization

/// Products of row-major matrices, the one place where they are computed: oneDNN for float32, OpenBLAS for float64.
///
/// Threads: oneDNN and OpenBLAS each bring a pool of their own. Neither is used here: the result is cut into one block
/// of rows or columns a thread of ``Parallel``, and every part calls the library single-threaded. So there is one
/// threading model, the result depends on ``Parallel/width`` alone, and there are no idle threads that spin.
public enum MatrixProduct {
  /// Multiplications below which one thread is faster than two.
  private static let smallest = 1 << 19

  /// `c = alpha · op(a) · op(b) + beta · c`, with op(a) of shape m×k, op(b) of shape k×n and c of shape m×n.
  ///
  /// - Parameters:
  ///   - transA: whether `a` is stored as k×m and op transposes it.
  ///   - transB: whether `b` is stored as n×k and op transposes it.
  ///   - lda: the distance between rows of `a` as it is stored; likewise `ldb` and `ldc`.
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when sizes and distances contradict each other.
  public static func sgemm(
    transA: Bool = false, transB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
    c: UnsafeMutablePointer<Float>, ldc: Int
  ) throws(TensorError) {
    let parts = m * n * k < smallest ? 1 : Parallel.width
    if parts == 1 {
      return try sgemmOnThisThread(
        transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, b: b, ldb: ldb, beta: beta,
        c: c, ldc: ldc)
    }
    nonisolated(unsafe) let (a, b, c) = (a, b, c)
    // Cut along the longer side, at multiples of the micro-kernel's size.
    let cutsRows = m >= n
    let unit = 16
    let units = ((cutsRows ? m : n) + unit - 1) / unit
    let results = Parallel.collect(units) { range -> TensorError? in
      let start = range.lowerBound * unit
      let length = min(range.upperBound * unit, cutsRows ? m : n) - start
      do throws(TensorError) {
        if cutsRows {
          try sgemmOnThisThread(
            transA: transA, transB: transB, m: length, n: n, k: k, alpha: alpha, a: a + (transA ? start : start * lda),
            lda: lda, b: b, ldb: ldb, beta: beta, c: c + start * ldc, ldc: ldc)
        } else {
          try sgemmOnThisThread(
            transA: transA, transB: transB, m: m, n: length, k: k, alpha: alpha, a: a, lda: lda,
            b: b + (transB ? start * ldb : start), ldb: ldb, beta: beta, c: c + start, ldc: ldc)
        }
        return nil
      } catch { return error }
    }
    for case let error? in results { throw error }
  }

  /// The same on the calling thread alone, for use inside a parallel region.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when sizes and distances contradict each other.
  @inline(__always)
  public static func sgemmOnThisThread(
    transA: Bool = false, transB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
    c: UnsafeMutablePointer<Float>, ldc: Int
  ) throws(TensorError) {
    if m == 0 || n == 0 { return }
    let sgemm = load_dnnl_sgemm()
    tvs_openmp_single_thread()  // Once the library is there: it brings the OpenMP runtime.
    let status = sgemm(
      CChar(transA ? 84 : 78), CChar(transB ? 84 : 78), dnnl_dim_t(m), dnnl_dim_t(n), dnnl_dim_t(k), alpha,
      a, dnnl_dim_t(lda), b, dnnl_dim_t(ldb), beta, c, dnnl_dim_t(ldc))
    if status != dnnl_success { throw refusal(m, n, k, "oneDNN status \(status.rawValue)") }
  }

  /// The product in float64; shapes as in ``sgemm(transA:transB:m:n:k:alpha:a:lda:b:ldb:beta:c:ldc:)``.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when a size does not fit 32 bits.
  public static func dgemm(
    transA: Bool = false, transB: Bool = false, m: Int, n: Int, k: Int, alpha: Double = 1,
    a: UnsafePointer<Double>, lda: Int, b: UnsafePointer<Double>, ldb: Int, beta: Double = 0,
    c: UnsafeMutablePointer<Double>, ldc: Int
  ) throws(TensorError) {
    if m == 0 || n == 0 { return }
    guard [m, n, k, lda, ldb, ldc].allSatisfy({ Int32(exactly: $0) != nil }) else {
      throw refusal(m, n, k, "a side is longer than OpenBLAS counts")
    }
    nonisolated(unsafe) let (a, b, c) = (a, b, c)
    let cutsRows = m >= n
    let side = cutsRows ? m : n
    OpenBLASThreads.use(1)
    let unit = 16
    let units = (side + unit - 1) / unit
    Parallel.ranges(units, grain: m * n * k < smallest ? units : 1) { range in
      let start = range.lowerBound * unit
      let length = min(range.upperBound * unit, side) - start
      load_cblas_dgemm()(
        CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans,
        Int32(cutsRows ? length : m), Int32(cutsRows ? n : length), Int32(k), alpha,
        cutsRows ? a + (transA ? start : start * lda) : a, Int32(lda),
        cutsRows ? b : b + (transB ? start * ldb : start), Int32(ldb), beta,
        c + (cutsRows ? start * ldc : start), Int32(ldc))
    }
  }

  // MARK: - Whole products that can be interrupted

  /// `c = a·b` of dense row-major matrices, in tiles of rows between which an interruption is noticed.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func product(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>
  ) throws {
    if k == 0 { return c.update(repeating: 0, count: m * n) }
    try tiles(m, n, k) { start, rows in
      try sgemm(m: rows, n: n, k: k, a: a + start * k, lda: k, b: b, ldb: n, c: c + start * n, ldc: n)
    }
  }

  /// `c = a·b` of dense row-major matrices, in tiles of rows between which an interruption is noticed.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func product(
    m: Int, n: Int, k: Int, a: UnsafePointer<Double>, b: UnsafePointer<Double>, c: UnsafeMutablePointer<Double>
  ) throws {
    if k == 0 { return c.update(repeating: 0, count: m * n) }
    try tiles(m, n, k) { start, rows in
      try dgemm(m: rows, n: n, k: k, a: a + start * k, lda: k, b: b, ldb: n, c: c + start * n, ldc: n)
    }
  }

  /// Multiplications of one tile: about ten milliseconds of one core.
  private static let tile = 250_000_000

  private static func tiles(_ m: Int, _ n: Int, _ k: Int, _ body: (_ start: Int, _ rows: Int) throws -> Void) throws {
    let rows = max(64, tile / max(1, n * k))
    for start in stride(from: 0, to: m, by: rows) {
      try Cancellation.check()
      try body(start, min(rows, m - start))
    }
  }

  private static func refusal(_ m: Int, _ n: Int, _ k: Int, _ reason: String) -> TensorError {
    .invalidShape(operation: "matrix product", shape: [m, k, n], reason: reason)
  }
}

/// How many threads OpenBLAS uses: one under ``Parallel``, which is the rule; all of them inside a decomposition, which
/// LAPACK cannot be cut for. The setting belongs to the process, so it is changed here and nowhere else.
enum OpenBLASThreads {
  private static let current = Atomic<Int>(0)

  static func use(_ count: Int) {
    if current.exchange(count, ordering: .relaxed) != count { load_openblas_set_num_threads()(Int32(count)) }
  }
}
