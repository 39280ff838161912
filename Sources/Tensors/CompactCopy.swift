import CKernels

/// The numbers of matrices in fewer bytes than float32 takes, and without loss.
///
/// Models are mostly published in bfloat16, or quantised in blocks of 32 with codes of four to eight bits; loaded, they
/// are float32. Whoever has to read all weights for little arithmetic reads a half or less than a third of the bytes
/// from here, and computes with the same numbers.
public final class CompactCopy: Sendable {
  private enum Form: Sendable {
    case bfloat16(AlignedStorage<UInt16>)
    /// Blocks of all numbers, of which only those of some matrices are written.
    case blocks(AlignedStorage<tvs_block>, written: Set<Int>)
  }

  /// A matrix in a vector: rows × columns numbers from `offset` on, row after row.
  public typealias Place = (offset: Int, rows: Int, columns: Int)

  private let form: Form

  /// A copy of the matrices in a vector, or nil where their numbers are neither bfloat16 nor, most of them, in blocks.
  ///
  /// - Parameter matrices: where in the vector they lie. Those whose rows are not whole blocks are left out of a copy
  ///   in blocks.
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public init?(exactly vector: FloatVector, matrices: [Place]) throws(TensorError) {
    if let halves = try Self.halves(vector) {
      form = .bfloat16(halves)
    } else if let form = try Self.blocks(vector, matrices) {
      self.form = form
    } else {
      return nil
    }
  }

  private static func halves(_ vector: FloatVector) throws(TensorError) -> AlignedStorage<UInt16>? {
    // Most vectors that are no bfloat16 show it within a page: no memory is asked for them.
    guard vector.withPointer({ tvs_vector_is_bfloat16($0, min(vector.count, 1024)) }) else { return nil }
    let storage = try AlignedStorage<UInt16>(count: vector.count)
    let isExact = vector.withPointer { pointer in
      nonisolated(unsafe) let source = pointer
      return Parallel.holds(vector.count, grain: 1 << 18) { range in
        tvs_vector_halve(source + range.lowerBound, storage.base + range.lowerBound, range.count)
      }
    }
    return isExact ? storage : nil
  }

  private static func blocks(_ vector: FloatVector, _ matrices: [Place]) throws(TensorError) -> Form? {
    let width = Int(TVS_BLOCK)
    let candidates = matrices.filter { matrix in
      guard matrix.offset % width == 0, matrix.columns % width == 0, matrix.rows > 0 else { return false }
      var first = tvs_block()
      return vector.withPointer { tvs_blocks_encode($0 + matrix.offset, &first, width) }
    }
    guard isWorthwhile(candidates, of: vector) else { return nil }
    // Memory that is not written stays with the system: the blocks of what is left out take none.
    let storage = try AlignedStorage<tvs_block>(count: (vector.count + width - 1) / width)
    let written = candidates.filter { matrix in
      vector.withPointer { pointer in
        nonisolated(unsafe) let source = pointer + matrix.offset
        nonisolated(unsafe) let blocks = storage.base + matrix.offset / width
        return Parallel.holds(matrix.rows * matrix.columns / width, grain: 1 << 13) { range in
          tvs_blocks_encode(source + range.lowerBound * width, blocks + range.lowerBound, range.count * width)
        }
      }
    }
    guard isWorthwhile(written, of: vector) else { return nil }
    return .blocks(storage, written: Set(written.map(\.offset)))
  }

  /// Whether matrices are most of a vector.
  private static func isWorthwhile(_ matrices: [Place], of vector: FloatVector) -> Bool {
    2 * matrices.reduce(0) { $0 + $1.rows * $1.columns } > vector.count
  }

  /// Reads the numbers.
  public func withView<Result>(_ body: (CompactView) throws -> Result) rethrows -> Result {
    switch form {
    case .bfloat16(let storage):
      defer { withExtendedLifetime(storage) {} }
      return try body(CompactView(form: .bfloat16(UnsafePointer(storage.base))))
    case .blocks(let storage, let written):
      defer { withExtendedLifetime(storage) {} }
      return try body(CompactView(form: .blocks(UnsafePointer(storage.base), written: written)))
    }
  }
}

extension CompactCopy? {
  /// Reads the numbers of a copy that may not be there.
  public func withView<Result>(_ body: (CompactView?) throws -> Result) rethrows -> Result {
    guard let copy = self else { return try body(nil) }
    return try copy.withView { try body($0) }
  }
}

/// What ``CompactCopy/withView(_:)`` lends.
public struct CompactView {
  fileprivate enum Form {
    case bfloat16(UnsafePointer<UInt16>)
    case blocks(UnsafePointer<tvs_block>, written: Set<Int>)
  }

  fileprivate let form: Form

  /// The numbers of the matrix that begins at `offset`, or nil if they are not in the copy.
  public func matrix(at offset: Int) -> CompactMatrix? {
    switch form {
    case .bfloat16(let base): .bfloat16(base + offset)
    case .blocks(let base, let written): written.contains(offset) ? .blocks(base + offset / Int(TVS_BLOCK)) : nil
    }
  }
}

/// Where the numbers of one matrix lie, row after row.
public enum CompactMatrix {
  /// The upper halves of float32.
  case bfloat16(UnsafePointer<UInt16>)
  /// Blocks of codes.
  case blocks(UnsafePointer<tvs_block>)

  /// The numbers in bfloat16, if that is how they lie.
  public var halves: UnsafePointer<UInt16>? { if case .bfloat16(let base) = self { base } else { nil } }
  /// The numbers in blocks, if that is how they lie.
  public var blocks: UnsafePointer<tvs_block>? { if case .blocks(let base) = self { base } else { nil } }
}
