/// From a pair of tokens to the rank at which they are joined and the token they make: open addressing.
struct PairTable: Sendable {
  struct Entry: Sendable {
    var key: UInt64
    var rank: Int32
    var result: Int32
  }
  private static let empty = UInt64.max
  private var slots: [Entry]
  private let mask: Int

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = Array(repeating: Entry(key: Self.empty, rank: 0, result: 0), count: size)
    mask = size - 1
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  func find(_ left: Int32, _ right: Int32) -> Entry? {
    let key = Self.key(left, right)
    var slot = Int(truncatingIfNeeded: mix(key)) & mask
    while slots[slot].key != Self.empty {
      if slots[slot].key == key { return slots[slot] }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Adds a pair; false when it is there already.
  mutating func insert(_ left: Int32, _ right: Int32, rank: Int32, result: Int32) -> Bool {
    let key = Self.key(left, right)
    var slot = Int(truncatingIfNeeded: mix(key)) & mask
    while slots[slot].key != Self.empty {
      if slots[slot].key == key { return false }
      slot = (slot + 1) & mask
    }
    slots[slot] = Entry(key: key, rank: rank, result: result)
    return true
  }
}

/// Joins the tokens of one piece: of all neighbouring pairs the lowest rank, of equals the leftmost, until none is left.
struct PairMerger {
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var ranks: [Int32] = []
  private var heap: [Candidate] = []

  private struct Candidate {
    var rank: Int32
    var left: Int32
    var leftToken: Int32
    var rightToken: Int32
    var result: Int32

    static func < (a: Candidate, b: Candidate) -> Bool { a.rank < b.rank || a.rank == b.rank && a.left < b.left }
  }

  mutating func merge(_ tokens: inout [Int32], _ pairs: PairTable) {
    if tokens.count < 2 { return }
    if tokens.count <= 48 { mergeShort(&tokens, pairs) } else { mergeLong(&tokens, pairs) }
  }

  /// Looks at every rank in each round: the fastest for words.
  private mutating func mergeShort(_ tokens: inout [Int32], _ pairs: PairTable) {
    let none = Int32.max
    ranks.removeAll(keepingCapacity: true)
    for index in 0..<(tokens.count - 1) { ranks.append(pairs.find(tokens[index], tokens[index + 1])?.rank ?? none) }
    while true {
      var best = none
      var place = -1
      for index in 0..<ranks.count where ranks[index] < best {
        best = ranks[index]
        place = index
      }
      guard place >= 0, let pair = pairs.find(tokens[place], tokens[place + 1]) else { return }
      tokens[place] = pair.result
      tokens.remove(at: place + 1)
      ranks.remove(at: place)
      if place < ranks.count { ranks[place] = pairs.find(tokens[place], tokens[place + 1])?.rank ?? none }
      if place > 0 { ranks[place - 1] = pairs.find(tokens[place - 1], tokens[place])?.rank ?? none }
    }
  }

  /// Keeps the pairs in a heap: n log n for a piece of any length.
  private mutating func mergeLong(_ tokens: inout [Int32], _ pairs: PairTable) {
    let count = tokens.count
    next = (1...count).map { $0 < count ? Int32($0) : -1 }
    previous = (0..<count).map { Int32($0) - 1 }
    heap.removeAll(keepingCapacity: true)
    for index in 0..<(count - 1) { push(Int32(index), tokens, pairs) }
    while let best = pop() {
      let left = Int(best.left)
      let right = Int(next[left])
      // A candidate is stale when one of its two tokens has changed since; a token that is gone is −1.
      guard right >= 0, tokens[left] == best.leftToken, tokens[right] == best.rightToken else { continue }
      tokens[left] = best.result
      tokens[right] = -1
      next[left] = next[right]
      if next[left] >= 0 {
        previous[Int(next[left])] = best.left
        push(best.left, tokens, pairs)
      }
      if previous[left] >= 0 { push(previous[left], tokens, pairs) }
    }
    tokens.removeAll { $0 < 0 }
  }

  private mutating func push(_ left: Int32, _ tokens: [Int32], _ pairs: PairTable) {
    let right = next[Int(left)]
    guard right >= 0, let pair = pairs.find(tokens[Int(left)], tokens[Int(right)]) else { return }
    heap.append(
      Candidate(
        rank: pair.rank, left: left, leftToken: tokens[Int(left)], rightToken: tokens[Int(right)], result: pair.result))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> Candidate? {
    guard let best = heap.first, let last = heap.popLast() else { return nil }
    if heap.isEmpty { return best }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in (2 * parent + 1)...(2 * parent + 2) where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return best }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
