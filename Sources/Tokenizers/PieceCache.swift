/// The tokens of the pieces that a text repeats. It forgets everything when it is full.
final class PieceCache {
  private struct Entry {
    var hash: UInt64
    var keyStart: Int
    var keyCount: Int
    var start: Int
    var count: Int
  }
  /// Longer pieces are rarely met twice.
  static let longestKey = 64
  private static let slotCount = 1 << 16

  private let slots: UnsafeMutablePointer<Int32>
  private var entries: [Entry] = []
  private var keys: [UInt8] = []
  private var tokens: [Int32] = []

  init() {
    slots = .allocate(capacity: Self.slotCount)
    slots.initialize(repeating: -1, count: Self.slotCount)
  }

  deinit { slots.deallocate() }

  /// Appends the tokens of a piece to `output`; false when they are not known.
  @inline(__always)
  func find(_ key: UnsafeBufferPointer<UInt8>, hash: UInt64, into output: inout [Int32]) -> Bool {
    var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
    while slots[slot] >= 0 {
      let entry = entries[Int(slots[slot])]
      if entry.hash == hash, entry.keyCount == key.count, matches(entry, key) {
        for index in entry.start..<(entry.start + entry.count) { output.append(tokens[index]) }
        return true
      }
      slot = (slot + 1) & (Self.slotCount - 1)
    }
    return false
  }

  @inline(__always)
  private func matches(_ entry: Entry, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
    for index in 0..<key.count where keys[entry.keyStart + index] != key[index] { return false }
    return true
  }

  func insert(_ key: UnsafeBufferPointer<UInt8>, hash: UInt64, tokens new: [Int32]) {
    if entries.count >= Self.slotCount / 2 {
      entries.removeAll(keepingCapacity: true)
      keys.removeAll(keepingCapacity: true)
      tokens.removeAll(keepingCapacity: true)
      slots.update(repeating: -1, count: Self.slotCount)
    }
    var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (Self.slotCount - 1) }
    slots[slot] = Int32(entries.count)
    entries.append(
      Entry(hash: hash, keyStart: keys.count, keyCount: key.count, start: tokens.count, count: new.count))
    keys.append(contentsOf: key)
    tokens.append(contentsOf: new)
  }
}

/// What one thread needs to encode. A tokenizer keeps the idle ones, so that their caches stay warm.
final class Scratch: @unchecked Sendable {
  // Handed from thread to thread under the tokenizer's lock, and used by one at a time.
  let matcher = Matcher()
  let cache = PieceCache()
  var merger = PairMerger()
  var symbols: [Int32] = []
}
