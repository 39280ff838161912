/// A hash of bytes for the tables of this room: eight bytes a step.
@inline(__always)
func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
  var state = UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
  guard let base = UnsafeRawPointer(bytes.baseAddress) else { return state }
  var at = 0
  while at + 8 <= bytes.count {
    state = mix(state ^ base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    at += 8
  }
  var rest: UInt64 = 0
  while at < bytes.count {
    rest = rest << 8 | UInt64(base.load(fromByteOffset: at, as: UInt8.self))
    at += 1
  }
  return mix(state ^ rest)
}

/// Spreads every bit of a key over the whole word (the finaliser of MurmurHash3).
@inline(__always)
func mix(_ key: UInt64) -> UInt64 {
  var x = key
  x ^= x >> 33
  x = x &* 0xFF51_AFD7_ED55_8CCD
  x ^= x >> 33
  x = x &* 0xC4CE_B9FE_1A85_EC53
  return x ^ (x >> 33)
}

/// FNV-1a over everything that decides which tokens a text becomes.
struct Digest {
  private(set) var state: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }
  mutating func add(_ value: Int) {
    withUnsafeBytes(of: UInt64(bitPattern: Int64(value)).littleEndian) { add($0) }
  }
  mutating func add(_ text: String) {
    add(text.utf8.count)
    add(text.utf8)
  }
  var text: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Many byte strings in one buffer.
struct ByteStrings: Sendable {
  private(set) var bytes: [UInt8] = []
  private var ends: [Int] = []

  var count: Int { ends.count }
  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }
  subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  mutating func append(_ string: some Sequence<UInt8>) {
    bytes += string
    ends.append(bytes.count)
  }
}

/// From byte strings to their indices: open addressing over a ``ByteStrings`` that the caller keeps.
struct ByteIndex: Sendable {
  private var slots: [Int32]

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = Array(repeating: -1, count: size)
  }

  /// The index of a string; nil when it is absent.
  @inline(__always)
  func find(_ key: UnsafeBufferPointer<UInt8>, in strings: ByteStrings) -> Int32? {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash(key)) & mask
    while slots[slot] >= 0 {
      let range = strings.range(Int(slots[slot]))
      if range.count == key.count, strings.bytes[range].elementsEqual(key) { return slots[slot] }
      slot = (slot + 1) & mask
    }
    return nil
  }

  func find(_ key: [UInt8], in strings: ByteStrings) -> Int32? {
    key.withUnsafeBufferPointer { find($0, in: strings) }
  }

  /// Puts a string of the buffer in, unless an equal one is there already, whose index it gives.
  mutating func insert(_ index: Int32, in strings: ByteStrings) -> Int32? {
    let key = Array(strings[Int(index)])
    if let earlier = find(key, in: strings) { return earlier }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: key.withUnsafeBufferPointer { hash($0) }) & mask
    while slots[slot] >= 0 { slot = (slot + 1) & mask }
    slots[slot] = index
    return nil
  }
}
