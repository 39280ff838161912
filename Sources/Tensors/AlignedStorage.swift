import CKernels
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Memory for numbers, aligned to a cache line. Written only while uniquely referenced and not mapped.
final class AlignedStorage<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int
  /// Bytes of a file that are mapped here; 0 for memory of its own.
  private let mappedBytes: Int
  /// Whether the memory is a file's, which is read only: writing to it would end the process.
  var isMapped: Bool { mappedBytes > 0 }

  /// Memory that is not initialised yet.
  init(count: Int) throws(TensorError) {
    let width = MemoryLayout<Element>.stride
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: width)
    if overflow { throw .tooLarge(bytes: Double(count) * Double(width), available: MemoryBudget.available) }
    base = try LargeBlocks.memory(bytes: bytes).bindMemory(to: Element.self, capacity: max(count, 1))
    self.count = count
    mappedBytes = 0
  }

  /// A part of a file, to be read only. The file may be closed and unlinked; it must not become shorter.
  ///
  /// - Parameters:
  ///   - offset: a multiple of the page size.
  ///   - count: more than 0.
  ///   - folder: where the file is, for messages.
  init(mapping descriptor: Int32, offset: Int, count: Int, folder: String) throws(TensorError) {
    let bytes = count * MemoryLayout<Element>.stride
    let memory = mmap(nil, bytes, PROT_READ, MAP_SHARED, descriptor, off_t(offset))
    guard let memory, memory != MAP_FAILED else {
      throw .file(path: folder, reason: "the temporary file cannot be mapped (\(String(cString: strerror(errno))))")
    }
    base = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
    mappedBytes = bytes
  }

  /// A copy of another storage.
  convenience init(copying other: AlignedStorage) throws(TensorError) {
    try self.init(count: other.count)
    base.update(from: other.base, count: count)
  }

  deinit {
    if mappedBytes > 0 {
      munmap(base, mappedBytes)
    } else {
      LargeBlocks.release(base, bytes: max(count, 1) * MemoryLayout<Element>.stride)
    }
  }
}

/// Large vectors, outside the heap's pool.
private enum LargeBlocks {
  /// Bytes of a large page of x86 and of most Arm systems.
  private static let hugePage = 2 << 20
  /// Blocks of this size and above come straight from the kernel, and are kept for reuse.
  private static let smallestKept = 1 << 20
  /// Of blocks kept for the next vector of their size, altogether. Fresh memory has to be cleared by the kernel, a
  /// sixteenth of the time of the logits of 512 tokens, a quarter of a call of `train` that makes one step of a small model.
  private static let largestKept = 128 << 20
  /// glibc raises the size from which blocks come straight from the kernel as such blocks are freed; after a few
  /// gradients every vector of a model's size would stay in the pool for good, which took 200 MB of a session that had
  /// measured two planes of 534,528 weights. Setting the size fixes it.
  private static let areReturned = tvs_memory_return_blocks(smallestKept)

  private struct Block: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let bytes: Int
  }

  /// Freed blocks, the oldest first.
  private static let kept = Mutex<[Block]>([])

  /// Memory that is not initialised.
  static func memory(bytes: Int) throws(TensorError) -> UnsafeMutableRawPointer {
    if bytes >= smallestKept, let block = take(bytes) { return block }
    do {
      try MemoryBudget.check(bytes: bytes)
    } catch {
      for block in kept.withLock({ blocks in
        defer { blocks = [] }; return blocks
      }) { free(block.base) }
      try MemoryBudget.check(bytes: bytes)
    }
    _ = areReturned
    let isLarge = bytes >= 2 * hugePage
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, isLarge ? hugePage : 64, bytes) == 0, let memory else {
      throw .tooLarge(bytes: Double(bytes), available: MemoryBudget.available)
    }
    #if canImport(Glibc)
    // Weights are read from end to end, and a page of 4 KB more often than the processor remembers where pages are. Only
    // advice: a refusal changes nothing.
    if isLarge { _ = madvise(memory, bytes, MADV_HUGEPAGE) }
    #endif
    return memory
  }

  private static func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
    kept.withLock { blocks in
      blocks.lastIndex { $0.bytes == bytes }.map { blocks.remove(at: $0).base }
    }
  }

  static func release(_ base: UnsafeMutableRawPointer, bytes: Int) {
    guard bytes >= smallestKept, bytes <= largestKept else { return free(base) }
    let block = Block(base: base, bytes: bytes)
    let old = kept.withLock { blocks -> [Block] in
      blocks.append(block)
      var excess = blocks.reduce(0) { $0 + $1.bytes } - largestKept
      let count = blocks.prefix { block in
        defer { excess -= block.bytes }
        return excess > 0
      }.count
      defer { blocks.removeFirst(count) }
      return Array(blocks.prefix(count))
    }
    for block in old { free(block.base) }
  }
}
