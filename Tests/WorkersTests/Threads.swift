import Foundation
import Synchronization

@testable import Workers

/// A team of threads of this process, with mailboxes for a network: what ranks say to each other without MPI.
final class Mailboxes: Sendable {
  private struct State {
    var messages: [[(from: Int, bytes: [UInt8])]]
    var broadcasts: [[[UInt8]]]
    var exchanges: [[Int: [[UInt8]]]]
    var rounds: [Int]
    var waiting = 0
  }

  let count: Int
  private let state: Mutex<State>

  init(_ count: Int) {
    self.count = count
    state = Mutex(
      State(
        messages: Array(repeating: [], count: count), broadcasts: Array(repeating: [], count: count),
        exchanges: [], rounds: Array(repeating: 0, count: count)))
  }

  func send(_ bytes: [UInt8], from: Int, to rank: Int) { state.withLock { $0.messages[rank].append((from, bytes)) } }

  func receive(_ rank: Int) -> (from: Int, bytes: [UInt8])? {
    state.withLock { $0.messages[rank].isEmpty ? nil : $0.messages[rank].removeFirst() }
  }

  func publish(_ bytes: [UInt8], from root: Int) {
    state.withLock { state in for rank in 0..<count where rank != root { state.broadcasts[rank].append(bytes) } }
  }

  func published(_ rank: Int) -> [UInt8] {
    while true {
      if let bytes = state.withLock({ $0.broadcasts[rank].isEmpty ? nil : $0.broadcasts[rank].removeFirst() }) {
        return bytes
      }
      usleep(50)
    }
  }

  /// Every rank comes with a piece for each, and leaves with those for it.
  func exchange(_ pieces: [[UInt8]], rank: Int) -> [[UInt8]] {
    let round = state.withLock { state in
      let round = state.rounds[rank]
      state.rounds[rank] += 1
      while state.exchanges.count <= round { state.exchanges.append([:]) }
      state.exchanges[round][rank] = pieces
      return round
    }
    while true {
      let all = state.withLock { $0.exchanges[round].count == count ? $0.exchanges[round] : nil }
      if let all { return (0..<count).map { all[$0]?[rank] ?? [] } }
      usleep(50)
    }
  }
}

struct Mailbox: Transport {
  let boxes: Mailboxes
  let rank: Int
  /// Microseconds that a broadcast takes its root after all others have it.
  var lag: UInt32 = 0
  var count: Int { boxes.count }

  func send(_ bytes: [UInt8], to rank: Int) throws { boxes.send(bytes, from: self.rank, to: rank) }
  func receive() throws -> (from: Int, bytes: [UInt8])? { boxes.receive(rank) }

  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
    if root == rank {
      boxes.publish(Array(bytes), from: root)
      if lag > 0 { usleep(lag) }
      return
    }
    let source = boxes.published(rank)
    guard source.count == bytes.count else { throw WorkerError.malformed }
    bytes.copyBytes(from: source)
  }

  func exchange(
    _ pieces: [UnsafeRawBufferPointer], into out: UnsafeMutableRawBufferPointer, sizes: [Int]
  ) throws {
    let taken = boxes.exchange(pieces.map { Array($0) }, rank: rank)
    guard taken.map(\.count) == sizes else { throw WorkerError.malformed }
    out.copyBytes(from: taken.joined())
  }

  func wait(seconds: Double?) -> Bool { true }
  func abort(_ status: Int32) -> Never { fatalError("a test ended a team with \(status)") }
  func close() {}
}

/// What each rank of a team of threads gave.
func together<Result: Sendable>(
  _ count: Int, lag: UInt32 = 0, _ body: @escaping @Sendable (Team) throws -> Result
) -> [Swift.Result<Result, any Error>] {
  let boxes = Mailboxes(count)
  let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: count))
  // Threads of their own: Dispatch would start no more than there are cores, and the others wait for all.
  let done = DispatchGroup()
  for rank in 0..<count {
    done.enter()
    Thread.detachNewThread {
      let team = Team(Mailbox(boxes: boxes, rank: rank, lag: lag)) { FailureText(code: "E0901", message: "\($0)") }
      let result = Swift.Result { try body(team) }
      results.withLock { $0[rank] = result }
      done.leave()
    }
  }
  done.wait()
  return results.withLock { $0.compactMap { $0 } }
}
