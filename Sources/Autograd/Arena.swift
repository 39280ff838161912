import Synchronization
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A stretch of floats that one or more variables, gradients or saved values share.
///
/// The memory goes back to its arena when the last holder lets go. Written by one operation, before anyone else sees it.
final class Storage: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let arena: Arena?
  private let sizeClass: Int

  /// Memory of an arena.
  init(count: Int, arena: Arena) throws(TensorError) {
    let sizeClass = Arena.sizeClass(for: count)
    base = try arena.take(sizeClass)
    self.count = count
    self.arena = arena
    self.sizeClass = sizeClass
  }

  /// Memory of a caller, who keeps it alive.
  init(borrowing base: UnsafeMutablePointer<Float>, count: Int) {
    self.base = base
    self.count = count
    arena = nil
    sizeClass = 0
  }

  deinit { arena?.give(back: base, sizeClass) }
}

/// Memory for activations and gradients, kept from step to step.
///
/// Blocks are handed out by size class, the last one returned first because it is still in the cache. The sequence of
/// requests is the same in every step of a training run, so that from the second step on nothing is allocated.
final class Arena: Sendable {
  private struct State: @unchecked Sendable {
    var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
    var statistics = Tape.MemoryStatistics()
  }

  private let state = Mutex(State())

  /// Rounds up to one eighth of a power of two, and to whole cache lines, so that nearly equal sizes share blocks.
  static func sizeClass(for count: Int) -> Int {
    let lines = max(1, (count + 15) / 16)
    let step = max(1, 1 << max(0, Int.bitWidth - lines.leadingZeroBitCount - 4))
    return (lines + step - 1) / step * step * 16
  }

  func take(_ sizeClass: Int) throws(TensorError) -> UnsafeMutablePointer<Float> {
    let reused = state.withLock { state -> UnsafeMutablePointer<Float>? in
      guard let block = state.free[sizeClass]?.popLast() else { return nil }
      state.statistics.bytesInUse += sizeClass * 4
      return block
    }
    if let reused { return reused }
    let block = try Arena.allocate(sizeClass)
    state.withLock { state in
      state.statistics.allocations += 1
      state.statistics.bytesHeld += sizeClass * 4
      state.statistics.bytesInUse += sizeClass * 4
    }
    return block
  }

  func give(back block: UnsafeMutablePointer<Float>, _ sizeClass: Int) {
    state.withLock { state in
      state.free[sizeClass, default: []].append(block)
      state.statistics.bytesInUse -= sizeClass * 4
    }
  }

  /// Returns to the system what nobody uses now.
  func trim() {
    let blocks = state.withLock { state in
      defer { state.free = [:] }
      for (sizeClass, blocks) in state.free { state.statistics.bytesHeld -= blocks.count * sizeClass * 4 }
      return state.free.values.flatMap { $0 }
    }
    for block in blocks { free(block) }
  }

  var statistics: Tape.MemoryStatistics { state.withLock { $0.statistics } }

  private static func allocate(_ count: Int) throws(TensorError) -> UnsafeMutablePointer<Float> {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    if overflow { throw .tooLarge(bytes: Double(count) * 4, available: MemoryBudget.available) }
    try MemoryBudget.check(bytes: bytes)
    var memory: UnsafeMutableRawPointer?
    // Large blocks start on a huge page: fewer address translations in the matrix products.
    let hugePage = 2 << 20
    guard posix_memalign(&memory, bytes >= hugePage ? hugePage : 64, bytes) == 0, let memory else {
      throw .tooLarge(bytes: Double(bytes), available: MemoryBudget.available)
    }
    #if canImport(Glibc)
    if bytes >= hugePage { madvise(memory, bytes, MADV_HUGEPAGE) }
    #endif
    return memory.bindMemory(to: Float.self, capacity: count)
  }

  deinit { trim() }
}

extension Tape {
  /// What the tape's memory holds.
  public struct MemoryStatistics: Sendable, Equatable {
    /// How often memory had to be asked from the system since the tape was made.
    public var allocations = 0
    /// Bytes the tape holds, in use or kept for reuse.
    public var bytesHeld = 0
    /// Bytes that variables, gradients and saved values use now.
    public var bytesInUse = 0
  }

  /// What the tape's memory holds now.
  public var memoryStatistics: MemoryStatistics { arena.statistics }

  /// Returns to the system the memory that is kept for reuse.
  public func trim() { arena.trim() }
}
