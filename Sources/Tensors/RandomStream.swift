import CKernels

/// Random numbers that depend on a seed, on what they are for, and on their index, and on nothing else.
///
/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011) turns a key and a counter into random words. The key is the
/// seed; the upper half of the counter names the stream; the lower half counts blocks of four words. Seeds and streams
/// therefore never meet, and any slice of a stream can be made from any offset, in any order, on any number of
/// threads, bit for bit.
///
/// The stream's 64 bits are the FNV-1a hash of the bytes of `purpose`, a zero byte, and the bytes of `name`, passed
/// through the finaliser of SplitMix64.
///
/// Words, uniforms, Gaussians, double Gaussians and integers of one stream come from the same words: use one purpose
/// for one kind of number.
public struct RandomStream: Sendable, Hashable {
  /// The seed.
  public let seed: UInt64
  let stream: UInt64

  /// Elements below which one thread is faster than two.
  private static let grain = 1 << 15

  /// The stream of a purpose, such as `initialise`, and a name, such as that of a parameter.
  public init(seed: UInt64, purpose: String, name: String = "") {
    self.seed = seed
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func absorb(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    purpose.utf8.forEach(absorb)
    absorb(0)
    name.utf8.forEach(absorb)
    stream = RandomStream.mix(hash)
  }

  private init(seed: UInt64, stream: UInt64) {
    self.seed = seed
    self.stream = stream
  }

  /// The finaliser of SplitMix64: a bijection of 64 bits.
  private static func mix(_ word: UInt64) -> UInt64 {
    var z = word &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The stream number `index` under this one, such as the one of a training step or of a candidate.
  public func substream(_ index: UInt64) -> RandomStream {
    RandomStream(seed: seed, stream: RandomStream.mix(stream ^ RandomStream.mix(index)))
  }

  // MARK: - Filling memory

  /// Writes elements `offset ..< offset + count` of `scale · N(0, 1)`.
  public func fillGaussian(
    _ out: UnsafeMutablePointer<Float>, count: Int, from offset: UInt64 = 0, scale: Float = 1
  ) {
    inParts(count, out) { start, length, out in
      tvs_random_gaussian(seed, stream, offset + UInt64(start), length, scale, out + start)
    }
  }

  /// Writes `base + scale · N(0, 1)`: a perturbation straight onto a copy. `base` and `out` may be the same memory.
  public func addGaussian(
    to base: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int, from offset: UInt64 = 0,
    scaled scale: Float
  ) {
    nonisolated(unsafe) let base = base
    inParts(count, out) { start, length, out in
      tvs_random_add_gaussian(seed, stream, offset + UInt64(start), length, scale, base + start, out + start)
    }
  }

  /// Writes uniform numbers of `low ..< high`, of 24 random bits each.
  public func fillUniform(
    _ out: UnsafeMutablePointer<Float>, count: Int, from offset: UInt64 = 0, low: Float = 0, high: Float = 1
  ) {
    inParts(count, out) { start, length, out in
      tvs_random_uniform(seed, stream, offset + UInt64(start), length, low, high - low, out + start)
    }
  }

  /// Writes elements of `scale · N(0, 1)` in double precision.
  public func fillGaussian(
    _ out: UnsafeMutablePointer<Double>, count: Int, from offset: UInt64 = 0, scale: Double = 1
  ) {
    inParts(count, out) { start, length, out in
      tvs_random_gaussian_double(seed, stream, offset + UInt64(start), length, scale, out + start)
    }
  }

  /// Writes uniform numbers of `low ..< high`, of 53 random bits each.
  public func fillUniform(
    _ out: UnsafeMutablePointer<Double>, count: Int, from offset: UInt64 = 0, low: Double = 0, high: Double = 1
  ) {
    inParts(count, out) { start, length, out in
      tvs_random_uniform_double(seed, stream, offset + UInt64(start), length, low, high - low, out + start)
    }
  }

  private func inParts<Element>(
    _ count: Int, _ out: UnsafeMutablePointer<Element>,
    _ make: @Sendable (_ start: Int, _ length: Int, _ out: UnsafeMutablePointer<Element>) -> Void
  ) {
    nonisolated(unsafe) let out = out
    Parallel.ranges(count, grain: RandomStream.grain) { make($0.lowerBound, $0.count, out) }
  }

  // MARK: - Arrays

  /// The first `count` Gaussians, in double precision.
  public func gaussians(count: Int) -> [Double] {
    guard count > 0 else { return [] }
    return Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { fillGaussian(base, count: count) }
      initialized = count
    }
  }

  // MARK: - Whole numbers

  /// The four words of block `index`, at retry `attempt`.
  private func block(_ index: UInt64, attempt: UInt64) -> (UInt64, UInt64) {
    let stream = attempt == 0 ? stream : RandomStream.mix(stream ^ attempt)
    let counter = (
      UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)
    )
    let key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    var out: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    withUnsafeBytes(of: counter) { counter in
      withUnsafeBytes(of: key) { key in
        withUnsafeMutableBytes(of: &out) { out in
          tvs_philox(
            counter.baseAddress?.assumingMemoryBound(to: UInt32.self),
            key.baseAddress?.assumingMemoryBound(to: UInt32.self),
            out.baseAddress?.assumingMemoryBound(to: UInt32.self))
        }
      }
    }
    return (UInt64(out.0) | UInt64(out.1) << 32, UInt64(out.2) | UInt64(out.3) << 32)
  }

  /// Word `index` of the stream.
  public func uint32(at index: UInt64) -> UInt32 {
    let (low, high) = block(index / 4, attempt: 0)
    let word = index % 4 < 2 ? low : high
    return UInt32(truncatingIfNeeded: index % 2 == 0 ? word : word >> 32)
  }

  /// A whole number of `0 ..< bound`, every one equally likely (Lemire's multiplication with rejection, 2019). It uses
  /// block `index` of the stream. A bound below 1 gives 0.
  public func integer(at index: UInt64, below bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    let bound = UInt64(bound)
    let threshold = (0 &- bound) % bound
    var attempt: UInt64 = 0
    while true {
      let (first, second) = block(index, attempt: attempt)
      for word in [first, second] {
        let (high, low) = word.multipliedFullWidth(by: bound)
        if low >= threshold { return Int(high) }
      }
      attempt += 1
    }
  }

  /// Whole numbers of `0 ..< bound` at indices `offset ..< offset + count`.
  public func integers(count: Int, below bound: Int, from offset: UInt64 = 0) -> [Int] {
    (0..<max(0, count)).map { integer(at: offset + UInt64($0), below: bound) }
  }

  /// The numbers `0 ..< count` in an order in which every order is equally likely (Fisher and Yates).
  public func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<max(0, count))
    for index in order.indices.dropFirst().reversed() {
      order.swapAt(index, integer(at: UInt64(index), below: index + 1))
    }
    return order
  }
}
