import CKernels
import CLinearAlgebra
import Checkpoints

/// Inner products of many long vectors, and combinations of them, accumulated in double.
///
/// A prefix of k steps in D dimensions is never orthonormalised as a D×k matrix: everything about its span follows from
/// the k×k Gram matrix. Vectors are read where they lie, in blocks of columns that are widened to double (products of
/// two floats are exact there) and handed to BLAS. Blocks are shared out over ``Parallel`` and summed in a fixed order:
/// the same number of threads gives the same bits.
public enum Gram {
  /// Columns widened at once: 100 rows of them fill 1.6 MB, about one core's share of the cache.
  private static let block = 2048

  /// All inner products, row-major k×k, exactly symmetric.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when the vectors differ in length; `Interrupted`.
  public static func matrix(_ vectors: [FloatVector]) throws -> [Double] {
    let rows = vectors.count
    var gram = try accumulate(vectors, outputs: rows * rows) { columns, width, sum in
      load_cblas_dsyrk()(
        CblasRowMajor, CblasUpper, CblasNoTrans, Int32(rows), Int32(width), 1, columns, Int32(block), 1, sum,
        Int32(rows))
    }
    for row in 0..<rows {
      for column in 0..<row { gram[row * rows + column] = gram[column * rows + row] }
    }
    return gram
  }

  /// Inner products of every `a` with every `b`, row-major with `a.count` rows and `b.count` columns.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when vectors differ in length; `Interrupted`.
  public static func cross(_ a: [FloatVector], _ b: [FloatVector]) throws -> [Double] {
    let (m, n) = (a.count, b.count)
    guard m > 0, n > 0 else { return [] }
    return try accumulate(a + b, outputs: m * n) { columns, width, sum in
      load_cblas_dgemm()(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(width), 1, columns, Int32(block),
        columns + m * block, Int32(block), 1, sum, Int32(n))
    }
  }

  /// Inner products of every vector with `x`.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)`` when lengths differ; `Interrupted`.
  public static func products(_ vectors: [FloatVector], with x: FloatVector) throws -> [Double] {
    // One thread of memory traffic a vector: no widening pays for a single column.
    try vectors.map { vector in
      try Cancellation.check()
      return try vector.dot(x)
    }
  }

  /// Σ coefficients[i] · vectors[i], summed in double and rounded once.
  ///
  /// - Throws: ``TensorError`` when counts or lengths differ or memory does not suffice; `Interrupted`.
  public static func combination(_ vectors: [FloatVector], coefficients: [Double]) throws -> FloatVector {
    guard vectors.count == coefficients.count else {
      throw TensorError.shapeMismatch(
        operation: "combination", left: [vectors.count], right: [coefficients.count])
    }
    let count = try commonCount(vectors)
    nonisolated(unsafe) let bases = vectors.map { UnsafePointer($0.storage.base) }
    defer { withExtendedLifetime(vectors) {} }
    let result = try FloatVector(count: count) { out in
      nonisolated(unsafe) let out = out
      Parallel.ranges(count, grain: block) { range in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: block) { sum in
          guard let sum = sum.baseAddress else { return }
          for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
            if Cancellation.isRequested { return }
            let width = min(block, range.upperBound - start)
            sum.update(repeating: 0, count: width)
            for (base, coefficient) in zip(bases, coefficients) {
              tvs_vector_accumulate(base + start, coefficient, sum, width)
            }
            tvs_vector_narrow(sum, out + start, width)
          }
        }
      }
    }
    try Cancellation.check()
    return result
  }

  /// Widens block after block of all vectors and lets `add` add to the sums of its thread.
  private static func accumulate(
    _ vectors: [FloatVector], outputs: Int,
    _ add: @Sendable (_ columns: UnsafePointer<Double>, _ width: Int, _ sum: UnsafeMutablePointer<Double>) -> Void
  ) throws -> [Double] {
    let count = try commonCount(vectors)
    let rows = vectors.count
    try MemoryBudget.check(bytes: (outputs + rows * block) * 8 * Parallel.width)
    nonisolated(unsafe) let bases = vectors.map { UnsafePointer($0.storage.base) }
    defer { withExtendedLifetime(vectors) {} }
    OpenBLASThreads.use(1)
    let partial = Parallel.collect(count, grain: 2 * block) { range -> [Double] in
      var sums = [Double](repeating: 0, count: outputs)
      sums.withUnsafeMutableBufferPointer { sums in
        withUnsafeTemporaryAllocation(byteCount: rows * block * 8, alignment: 64) { memory in
          guard let sum = sums.baseAddress,
            let columns = memory.baseAddress?.bindMemory(to: Double.self, capacity: rows * block)
          else { return }
          for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
            if Cancellation.isRequested { return }
            let width = min(block, range.upperBound - start)
            for row in 0..<rows { tvs_vector_widen(bases[row] + start, columns + row * block, width) }
            add(columns, width, sum)
          }
        }
      }
      return sums
    }
    try Cancellation.check()
    var total = [Double](repeating: 0, count: outputs)
    for part in partial {
      for index in 0..<outputs { total[index] += part[index] }
    }
    return total
  }

  private static func commonCount(_ vectors: [FloatVector]) throws(TensorError) -> Int {
    guard let first = vectors.first else { return 0 }
    for vector in vectors where vector.count != first.count {
      throw .shapeMismatch(operation: "Gram matrix", left: [first.count], right: [vector.count])
    }
    return first.count
  }
}
