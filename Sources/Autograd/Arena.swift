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
  /// A caller's copy in fewer bytes.
  let compact: CompactMatrix?
  private let arena: Arena?
  private let sizeClass: Int

  /// Memory of an arena.
  init(count: Int, arena: Arena) throws(TensorError) {
    let sizeClass = Arena.sizeClass(for: count)
    base = try arena.take(sizeClass)
    self.count = count
    compact = nil
    self.arena = arena
    self.sizeClass = sizeClass
  }

  /// Memory of a caller, who keeps it alive.
  init(borrowing base: UnsafeMutablePointer<Float>, compact: CompactMatrix? = nil, count: Int) {
    self.base = base
    self.count = count
    self.compact = compact
    arena = nil
    sizeClass = 0
  }

  deinit { arena?.give(back: base, sizeClass) }
}

/// Memory for activations and gradients, kept from step to step.
///
/// Blocks are cut from slabs of whole huge pages and handed out by size class, the last one returned first because it
/// is still in the cache. The sequence of requests is the same in every step of a training run, so that from the second
/// step on nothing is allocated.
final class Arena: Sendable {
  private struct State: @unchecked Sendable {
    var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
    var slabs: [UnsafeMutablePointer<Float>] = []
    /// What is left of the last slab.
    var rest = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    var statistics = Tape.MemoryStatistics()
  }

  private let state = Mutex(State())
  private static let hugePage = 2 << 20
  private static let largestSlab = 64 << 20

  /// Rounds up to one eighth of a power of two, and to whole cache lines, so that nearly equal sizes share blocks.
  static func sizeClass(for count: Int) -> Int {
    let lines = max(1, count / 16 + (count % 16 == 0 ? 0 : 1))
    let step = max(1, 1 << max(0, Int.bitWidth - lines.leadingZeroBitCount - 4))
    let (rounded, overflow) = ((lines - 1) / step + 1).multipliedReportingOverflow(by: step * 16)
    // A size that no memory has is refused when it is allocated.
    return overflow ? count : rounded
  }

  func take(_ sizeClass: Int) throws(TensorError) -> UnsafeMutablePointer<Float> {
    try state.withLock { state throws(TensorError) in
      let block: UnsafeMutablePointer<Float>
      if let reused = state.free[sizeClass]?.popLast() {
        block = reused
      } else {
        if state.rest.count < sizeClass { try Arena.addSlab(to: &state, atLeast: sizeClass) }
        guard let base = state.rest.baseAddress else { throw .tooLarge(bytes: Double(sizeClass) * 4, available: 0) }
        block = base
        state.rest = UnsafeMutableBufferPointer(start: base + sizeClass, count: state.rest.count - sizeClass)
      }
      state.statistics.bytesInUse += sizeClass * 4
      state.statistics.largestBytesInUse = max(state.statistics.largestBytesInUse, state.statistics.bytesInUse)
      return block
    }
  }

  func give(back block: UnsafeMutablePointer<Float>, _ sizeClass: Int) {
    state.withLock { state in
      state.free[sizeClass, default: []].append(block)
      state.statistics.bytesInUse -= sizeClass * 4
    }
  }

  /// Returns everything to the system, unless some of it is in use.
  func trim() {
    let slabs = state.withLock { state -> [UnsafeMutablePointer<Float>] in
      guard state.statistics.bytesInUse == 0 else { return [] }
      defer {
        state.slabs = []
        state.free = [:]
        state.rest = UnsafeMutableBufferPointer(start: nil, count: 0)
        state.statistics.bytesHeld = 0
      }
      return state.slabs
    }
    for slab in slabs { free(slab) }
  }

  var statistics: Tape.MemoryStatistics { state.withLock { $0.statistics } }

  /// Adds a slab a quarter as large as all before it together, within limits: few slabs, and little of them idle.
  private static func addSlab(to state: inout State, atLeast count: Int) throws(TensorError) {
    let (wanted, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    let (padded, overflowOfPadding) = wanted.addingReportingOverflow(hugePage - 1)
    if overflow || overflowOfPadding { throw .tooLarge(bytes: Double(count) * 4, available: MemoryBudget.available) }
    let bytes = max(
      padded / hugePage * hugePage,
      min(largestSlab, max(hugePage, state.statistics.bytesHeld / 4 / hugePage * hugePage)))
    try MemoryBudget.check(bytes: bytes)
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, hugePage, bytes) == 0, let memory else {
      throw .tooLarge(bytes: Double(bytes), available: MemoryBudget.available)
    }
    #if canImport(Glibc)
    // Fewer address translations in the matrix products. Only advice: a refusal changes nothing.
    _ = madvise(memory, bytes, MADV_HUGEPAGE)
    #endif
    let slab = memory.bindMemory(to: Float.self, capacity: bytes / 4)
    // What was left of the slab before is lost to larger requests, and kept for small ones.
    if let left = state.rest.baseAddress, state.rest.count >= 16 { keep(left, state.rest.count, in: &state) }
    state.slabs.append(slab)
    state.rest = UnsafeMutableBufferPointer(start: slab, count: bytes / 4)
    state.statistics.allocations += 1
    state.statistics.bytesHeld += bytes
  }

  /// Puts a rest into the lists of free blocks, as the largest size classes that fit.
  private static func keep(_ base: UnsafeMutablePointer<Float>, _ count: Int, in state: inout State) {
    var (base, count) = (base, count)
    while count >= 16 {
      let lines = count / 16
      let step = max(1, 1 << max(0, Int.bitWidth - lines.leadingZeroBitCount - 4))
      let block = lines / step * step * 16
      state.free[block, default: []].append(base)
      base += block
      count -= block
    }
  }

  deinit {
    state.withLock { state in
      for slab in state.slabs { free(slab) }
    }
  }
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
    /// The most that was in use at any time since the tape was made.
    public var largestBytesInUse = 0
  }

  /// What the tape's memory holds now.
  public var memoryStatistics: MemoryStatistics { arena.statistics }

  /// Returns the memory to the system, unless a variable is still held or a backward pass still possible.
  public func trim() { arena.trim() }
}
