import CKernels
import Synchronization

/// The numbers of a vector in bfloat16, which has the upper half of float32's bits.
///
/// Models are mostly published in it; whoever has to read all weights for little arithmetic reads half as many bytes and
/// computes with the same numbers.
public final class BFloat16Copy: Sendable {
  private let storage: AlignedStorage<UInt16>

  /// A copy of a vector, or nil where one of its numbers is not a bfloat16.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public init?(exactly vector: FloatVector) throws(TensorError) {
    // Most vectors that are no bfloat16 show it within a page: no memory is asked for them.
    guard vector.withPointer({ tvs_vector_is_bfloat16($0, min(vector.count, 1024)) }) else { return nil }
    let storage = try AlignedStorage<UInt16>(count: vector.count)
    let isExact = Atomic(true)
    vector.withPointer { pointer in
      nonisolated(unsafe) let source = pointer
      Parallel.ranges(vector.count, grain: 1 << 18) { range in
        let halves = storage.base + range.lowerBound
        if !tvs_vector_halve(source + range.lowerBound, halves, range.count) {
          isExact.store(false, ordering: .relaxed)
        }
      }
    }
    guard isExact.load(ordering: .relaxed) else { return nil }
    self.storage = storage
  }

  /// Reads the bits.
  public func withPointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt16>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafePointer(storage.base))
  }
}

extension BFloat16Copy? {
  /// Reads the bits of a copy that may not be there.
  public func withPointer<Result>(_ body: (UnsafePointer<UInt16>?) throws -> Result) rethrows -> Result {
    guard let copy = self else { return try body(nil) }
    return try copy.withPointer { try body($0) }
  }
}
