import Foundation

/// On rank 0: what is left to do, who has what, and what came back.
///
/// Chunks are handed out in ascending order and take about ``target`` seconds on the rank that gets them, judged by the
/// rank's last chunk; towards the end they become smaller, so that a slow rank holds the others up by one small chunk.
///
/// The lock is a plain one, since what `arrived` closes over belongs to the thread that waits.
final class Handout<Item: Portable>: @unchecked Sendable {
  /// Seconds that a chunk should take: long beside a message, short beside a search.
  private static var target: Double { 0.5 }

  private struct State {
    var left: ArraySlice<Int>
    var results: [Item?]
    var failure: (index: Int, outcome: Failure)?
    var finished = 0
    var broken: (any Error)?
  }

  /// Why an item has no result.
  enum Failure {
    /// An error of this rank.
    case own(any Error)
    /// What another rank said.
    case told([UInt8])
  }

  private var state: State
  private let lock = NSLock()
  private let grain: Int
  private let ranks: Int
  private let arrived: (Int, Item) throws -> Void

  /// - Parameters:
  ///   - known: results that are there already.
  ///   - grain: items that stay together.
  ///   - arrived: called with each result, by one thread at a time.
  init(
    _ count: Int, known: [Int: Item], grain: Int, ranks: Int, arrived: @escaping (Int, Item) throws -> Void
  ) {
    var results = [Item?](repeating: nil, count: count)
    for (index, item) in known where results.indices.contains(index) { results[index] = item }
    let left = results.indices.filter { results[$0] == nil }
    state = State(left: left[...], results: results)
    (self.grain, self.ranks, self.arrived) = (max(1, grain), ranks, arrived)
  }

  /// The next items for a rank; empty when nothing is left, or when something failed.
  ///
  /// - Parameter pace: seconds an item took the rank; nil when it has made none.
  func next(pace: Double?) -> [Int] {
    lock.withLock {
      guard state.failure == nil, state.broken == nil else { return [] }
      let share = max(1, state.left.count / (2 * ranks * grain)) * grain
      let wished = pace.map { $0 > 0 ? Self.target / $0 : Double(share) } ?? Double(grain)
      var size = grain * max(1, Int(min(wished, Double(share)) / Double(grain)))
      size = min(size, state.left.count)
      defer { state.left = state.left.dropFirst(size) }
      return Array(state.left.prefix(size))
    }
  }

  /// Takes a result.
  func put(_ index: Int, _ item: Item) {
    lock.withLock {
      guard state.results.indices.contains(index) else { return }
      state.results[index] = item
      if state.broken != nil { return }
      // The first error stops the work; it is not one of an item.
      do { try arrived(index, item) } catch { state.broken = error }
    }
  }

  /// Notes that an item failed. Of several the lowest counts, which is the one that a single process would have met.
  func fail(_ index: Int?, _ failure: Failure) {
    lock.withLock {
      let index = index ?? -1
      if let known = state.failure, known.index <= index { return }
      state.failure = (index, failure)
    }
  }

  /// Notes that a rank needs nothing more.
  func finish() { lock.withLock { state.finished += 1 } }

  /// Notes that the work cannot go on.
  func give(up error: any Error) { lock.withLock { state.broken = state.broken ?? error } }

  /// Whether all ranks but this one have been told that there is nothing left.
  var isOver: Bool { lock.withLock { state.finished == ranks - 1 } }

  /// Why it failed, if it did.
  var failure: Failure? {
    lock.withLock {
      state.broken.map { Failure.own($0) } ?? state.failure?.outcome
    }
  }

  /// All results; nil when one is missing.
  var results: [Item]? {
    let results = lock.withLock { state.results }
    let whole = results.compactMap { $0 }
    return whole.count == results.count ? whole : nil
  }
}
