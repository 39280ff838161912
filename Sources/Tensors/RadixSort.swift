import CKernels
import Checkpoints

/// Sorting of doubles by their bits, eight at a time, from the lowest: linear in the number of elements, stable, and
/// with a look at the cancellation flag every few milliseconds.
enum RadixSort {
  /// Elements between two looks at the cancellation flag.
  private static let stride = 1 << 18

  /// A number whose unsigned order is the order of the doubles; NaN comes last.
  @inline(__always)
  private static func key(_ number: Double, descending: Bool) -> UInt64 {
    let number = number.isNaN ? Double.nan : number
    let bits = number.bitPattern
    let ordered = bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    return descending ? ~ordered : ordered
  }

  /// Sorts in place; NaN last, or first when descending.
  ///
  /// - Throws: `Interrupted`, ``TensorError/tooLarge(bytes:available:)``.
  static func sort(_ numbers: UnsafeMutableBufferPointer<Double>, descending: Bool) throws {
    var keys = try Keys(numbers.count)
    for index in numbers.indices { keys.current[index] = key(numbers[index], descending: descending) }
    try keys.sort()
    for index in numbers.indices {
      let ordered = descending ? ~keys.current[index] : keys.current[index]
      numbers[index] = Double(bitPattern: ordered >> 63 == 1 ? ordered & ~(1 << 63) : ~ordered)
    }
  }

  /// The positions that sort; equal elements keep their order.
  ///
  /// - Throws: `Interrupted`, ``TensorError/tooLarge(bytes:available:)``.
  static func order(_ numbers: UnsafeMutableBufferPointer<Double>, descending: Bool) throws -> [Int] {
    var keys = try Keys(numbers.count, withPositions: true)
    // Adding zero turns −0 into 0: the two are equal and keep their order.
    for index in numbers.indices { keys.current[index] = key(numbers[index] + 0, descending: descending) }
    try keys.sort()
    return (0..<numbers.count).map { keys.positions[$0] }
  }

  /// Two buffers that take turns.
  private struct Keys: ~Copyable {
    let count: Int
    private(set) var current: UnsafeMutablePointer<UInt64>
    private var other: UnsafeMutablePointer<UInt64>
    private(set) var positions: UnsafeMutablePointer<Int>
    private var otherPositions: UnsafeMutablePointer<Int>
    private let hasPositions: Bool

    init(_ count: Int, withPositions: Bool = false) throws {
      try MemoryBudget.check(bytes: count * (withPositions ? 32 : 16))
      self.count = count
      hasPositions = withPositions
      // Whole numbers need no initialisation: every one is written before it is read.
      current = .allocate(capacity: max(1, count))
      other = .allocate(capacity: max(1, count))
      positions = .allocate(capacity: withPositions ? max(1, count) : 1)
      otherPositions = .allocate(capacity: withPositions ? max(1, count) : 1)
      if withPositions {
        for index in 0..<count { positions[index] = index }
      }
    }

    deinit {
      current.deallocate()
      other.deallocate()
      positions.deallocate()
      otherPositions.deallocate()
    }

    mutating func sort() throws {
      if count < 64 { return insertionSort() }
      var counts = [Int](repeating: 0, count: 8 * 256)
      for start in Swift.stride(from: 0, to: count, by: RadixSort.stride) {
        try Cancellation.check()
        tvs_radix_count(current + start, min(RadixSort.stride, count - start), &counts)
      }
      for byte in 0..<8 {
        let digits = counts[byte << 8..<(byte + 1) << 8]
        // All elements agree in this byte, as they often do in the highest ones.
        if digits.contains(count) { continue }
        var places: [Int] = []
        var next = 0
        for number in digits {
          places.append(next)
          next += number
        }
        for start in Swift.stride(from: 0, to: count, by: RadixSort.stride) {
          try Cancellation.check()
          tvs_radix_move(
            current + start, hasPositions ? positions + start : nil, min(RadixSort.stride, count - start),
            Int32(8 * byte), &places, other, otherPositions)
        }
        swap(&current, &other)
        swap(&positions, &otherPositions)
      }
    }

    private func insertionSort() {
      for index in 1..<max(1, count) {
        let key = current[index]
        let position = hasPositions ? positions[index] : 0
        var place = index
        while place > 0, current[place - 1] > key {
          current[place] = current[place - 1]
          if hasPositions { positions[place] = positions[place - 1] }
          place -= 1
        }
        current[place] = key
        if hasPositions { positions[place] = position }
      }
    }
  }
}
