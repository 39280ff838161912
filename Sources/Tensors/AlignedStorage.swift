import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Memory for numbers, aligned to a cache line. Written only while uniquely referenced.
final class AlignedStorage<Element: BinaryFloatingPoint>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  /// Memory that is not initialised yet.
  init(count: Int) throws(TensorError) {
    let width = MemoryLayout<Element>.stride
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: width)
    if overflow { throw .tooLarge(bytes: Double(count) * Double(width), available: MemoryBudget.available) }
    try MemoryBudget.check(bytes: bytes)
    _ = LargeBlocks.areReturned
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, bytes) == 0, let memory else {
      throw .tooLarge(bytes: Double(bytes), available: MemoryBudget.available)
    }
    base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
    self.count = count
  }

  /// A copy of another storage.
  convenience init(copying other: AlignedStorage) throws(TensorError) {
    try self.init(count: other.count)
    base.update(from: other.base, count: count)
  }

  deinit { free(base) }
}

/// Keeps large vectors out of the heap's pool.
private enum LargeBlocks {
  /// glibc raises the size from which blocks come straight from the kernel as such blocks are freed; after a few
  /// gradients every vector of a model's size would stay in the pool for good, which took 200 MB of a session that had
  /// measured two planes of 534,528 weights. Setting the size fixes it.
  static let areReturned = tvs_memory_return_blocks(1 << 20)
}
