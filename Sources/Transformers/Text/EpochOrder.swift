import Synchronization
import Tensors

/// In which order the examples of a finite data set are drawn: every one once before any comes again, in an order that
/// depends on the seed and the epoch alone.
final class EpochOrder: Sendable {
  private let name: String
  private let count: Int
  /// The last permutation, since the batches of one epoch follow each other.
  private let last = Mutex<(seed: UInt64, epoch: UInt64, order: [Int])?>(nil)

  init(name: String, count: Int) {
    self.name = name
    self.count = count
  }

  /// The examples of batch number `index` of `size`.
  func places(size: Int, seed: UInt64, index: Int) -> [Int] {
    guard count > 0, size > 0 else { return [] }
    let first = UInt64(max(0, index)) &* UInt64(size)
    return (0..<UInt64(size)).map { row in
      let place = first &+ row
      return order(seed, place / UInt64(count))[Int(place % UInt64(count))]
    }
  }

  private func order(_ seed: UInt64, _ epoch: UInt64) -> [Int] {
    last.withLock { last in
      if let last, last.seed == seed, last.epoch == epoch { return last.order }
      let order = RandomStream(seed: seed, purpose: "examples", name: name).substream(epoch).permutation(count)
      last = (seed, epoch, order)
      return order
    }
  }
}

/// What a data set became for the tokenizers that read it so far, by their digests, so that text is tokenised once.
final class BindingCache<Bound: Sendable>: Sendable {
  private let kept = Mutex<[(digest: String, bound: Bound)]>([])

  func bound(_ digest: String, _ make: () throws -> Bound) rethrows -> Bound {
    if let found = kept.withLock({ $0.first { $0.digest == digest } }) { return found.bound }
    let bound = try make()
    kept.withLock { kept in
      if kept.count >= 4 { kept.removeFirst() }
      kept.append((digest, bound))
    }
    return bound
  }
}
