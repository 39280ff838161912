import Checkpoints
import Foundation
import Synchronization
import Testing

@testable import Workers

@Suite("Work that is shared out")
struct TeamTests {
  private struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  @Test("Results stand in the order of their numbers on every rank", arguments: [1, 2, 3, 4])
  func order(ranks: Int) throws {
    let made = Mutex([Int: Int]())
    let results = together(ranks) { team in
      try team.collect("square", count: 100, known: team.isLeader ? [7: -1, 99: -2] : [:]) { index in
        made.withLock { $0[index, default: 0] += 1 }
        return index * index
      }
    }
    let expected = (0..<100).map { $0 == 7 ? -1 : $0 == 99 ? -2 : $0 * $0 }
    #expect(results.count == ranks)
    for result in results { #expect(try result.get() == expected) }
    // Each was made once, somewhere, and what was known not at all.
    #expect(made.withLock { $0.count == 98 && $0.values.allSatisfy { $0 == 1 } })
  }

  @Test("All ranks throw the failure of the lowest item, whoever met it")
  func failure() throws {
    let results = together(3) { team in
      try team.collect("fail", count: 50) { index in
        usleep(2000)
        if index >= 20 { throw Refusal(description: "item \(index)") }
        return index
      }
    }
    var messages: Set<String> = []
    for result in results {
      do {
        _ = try result.get()
        Issue.record("nothing was thrown")
      } catch let error as Refusal { messages.insert(error.description) } catch WorkerError.failed(let text) {
        messages.insert(text.message)
      }
    }
    #expect(messages == ["item 20"])
  }

  @Test("An interruption of one rank interrupts all")
  func interruption() throws {
    let results = together(3) { team in
      try team.collect("wait", count: 300) { index in
        usleep(1000)
        if index == 30 { throw Interrupted(activity: "wait", step: 31, total: 300) }
        return index
      }
    }
    for result in results { #expect(throws: Interrupted.self) { try result.get() } }
  }

  @Test("A failure of what rank 0 does with a result stops all ranks")
  func arrived() throws {
    let results = together(2) { team in
      try team.collect(
        "store", count: 40, arrived: { index, _ in if index == 11 { throw Refusal(description: "full") } }
      ) {
        $0
      }
    }
    #expect(throws: Refusal.self) { try results[0].get() }
    #expect(throws: WorkerError.failed(FailureText(code: "E0901", message: "full"))) { try results[1].get() }
  }

  @Test("A slow rank holds the others up by a chunk at most")
  func balance() throws {
    let share = Mutex([Int](repeating: 0, count: 2))
    let began = ContinuousClock.now
    let results = together(2) { team in
      try team.collect("uneven", count: 60) { index in
        // The first rank is ten times slower.
        usleep(team.isLeader ? 50_000 : 5000)
        share.withLock { $0[team.rank] += 1 }
        return index
      }
    }
    let seconds = began.duration(to: .now).inSeconds
    for result in results { #expect(try result.get().count == 60) }
    let made = share.withLock { $0 }
    #expect(made[1] > 3 * made[0], "\(made)")
    // Half of them on the slow rank would take 1.5 s; shared out by speed they take half a second.
    #expect(seconds < 1.2, "\(seconds)")
  }

  @Test("Rank 0 decides for all, with its errors")
  func agreed() throws {
    let values = together(3) { team in try team.agreed("clock") { team.isLeader ? 17.5 : -1 } }
    for value in values { #expect(try value.get() == 17.5) }
    let failures = together(2) { team in
      try team.leading("write") { throw Refusal(description: team.isLeader ? "the disk is full" : "never asked") }
    }
    #expect(throws: Refusal.self) { try failures[0].get() }
    #expect(throws: WorkerError.failed(FailureText(code: "E0901", message: "the disk is full"))) {
      try failures[1].get()
    }
  }

  @Test("Ranks that know what rank 0 decided may ask for their part of what comes next before it is done telling")
  func ahead() throws {
    let results = together(4, lag: 5000) { team in
      _ = try team.agreed("clock") { 17.5 }
      return try team.collect("work", count: 9) { 2 * $0 }
    }
    for result in results { #expect(try result.get() == (0..<9).map { 2 * $0 }) }
  }

  @Test("Nothing is shared out within an item")
  func nested() throws {
    let results = together(2) { team in
      try team.collect("outer", count: 6) { outer in
        try team.collect("inner", count: 4) { outer * 10 + $0 }.reduce(0, +)
      }
    }
    for result in results { #expect(try result.get() == (0..<6).map { 40 * $0 + 6 }) }
  }

  @Test("Ranks that go different ways are told so by rank 0")
  func outOfStep() throws {
    let results = together(2) { team -> Int in
      if team.isLeader { return try team.collect("search", count: 4) { $0 }.count }
      _ = try team.enter("accuracy of 2", #require(team.transport))
      return 0
    }
    #expect(throws: WorkerError.outOfStep(rank: 1, asked: "accuracy of 2", first: "search of 4")) {
      try results[0].get()
    }
  }

  @Test("What travels of a result is the result and its number")
  func bytes() throws {
    let results = together(2) { team in
      let before = team.bytesSent
      let scores = try team.collect("score", count: 1000) { index in
        if index % 3 == 0 { usleep(100) }
        return Double(index)
      }
      return (scores.count, team.bytesSent - before)
    }
    let sent = try results.map { try $0.get().1 }
    // Rank 0 gives all scores to the other, 8 bytes each, with the numbers to work on, 4 each; it gets 12 for each.
    #expect(sent[0] >= 8000 && sent[0] < 13_000, "\(sent)")
    #expect(sent[1] < 14_000, "\(sent)")
  }

  @Test("A team of one neither copies nor sends")
  func alone() throws {
    let team = Team()
    #expect(team.count == 1 && team.isLeader && !team.isSharing)
    #expect(try team.collect("alone", count: 3) { $0 } == [0, 1, 2])
    #expect(try team.agreed("clock") { 2.5 } == 2.5)
    #expect(team.bytesSent == 0)
  }

  @Test("Damaged bytes are refused")
  func malformed() {
    var sink = ByteSink()
    [1.5, -0.0, .infinity].write(to: &sink)
    for length in 0..<sink.bytes.count {
      var source = ByteSource(Array(sink.bytes.prefix(length)))
      #expect(throws: WorkerError.malformed) { try [Double](from: &source) }
    }
    var source = ByteSource(sink.bytes)
    #expect((try? [Double](from: &source))?.map(\.bitPattern) == [1.5, -0.0, .infinity].map(\.bitPattern))
    for count in 0..<20 {
      let list = BitList((0..<count).map { $0 % 3 == 0 })
      var sink = ByteSink()
      list.write(to: &sink)
      var source = ByteSource(sink.bytes)
      #expect((try? BitList(from: &source)) == list)
    }
  }
}

@Suite("Vectors of several ranks")
struct VectorTests {
  /// Seven vectors of 1,001 numbers, whose sum depends on the order in rounding.
  private static func vector(_ number: Int) -> [Float] {
    (0..<1001).map { Float(sin(Double($0 * 7 + number * 13))) * (number % 2 == 0 ? 1e4 : 1e-3) }
  }
  private static let weights = (0..<7).map { 1 / Double($0 + 3) }

  private static func add(
    _ target: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>, _ count: Int, _ weight: Double
  ) {
    let factor = Float(weight)
    for index in 0..<count { target[index] += factor * source[index] }
  }

  private static func sum(_ team: Team) throws -> [Float] {
    func numbers(_ rank: Int) -> Range<Int> { rank * 7 / team.count..<(rank + 1) * 7 / team.count }
    let own = numbers(team.rank).map(vector)
    var sum = [Float](repeating: 0, count: 1001)
    func held(_ rest: ArraySlice<[Float]>, _ pointers: [UnsafePointer<Float>]) throws {
      if let first = rest.first {
        return try first.withUnsafeBufferPointer { buffer in
          try held(rest.dropFirst(), pointers + (buffer.baseAddress.map { [$0] } ?? []))
        }
      }
      try sum.withUnsafeMutableBufferPointer { sum in
        guard let base = sum.baseAddress else { return }
        try team.sum(
          pointers, counts: (0..<team.count).map { numbers($0).count }, weights: weights, length: 1001, into: base,
          add: add)
      }
    }
    try held(own[...], [])
    return sum
  }

  @Test("The sum has the bits of one process on any number of ranks", arguments: [1, 2, 3, 4, 7, 9])
  func sums(ranks: Int) throws {
    let alone = try Self.sum(Team())
    for result in together(ranks, { try Self.sum($0) }) {
      #expect(try result.get().map(\.bitPattern) == alone.map(\.bitPattern))
    }
  }

  @Test("Every rank learns what each has, and of a failure")
  func gathered() throws {
    for result in together(3, { team in try team.gathered("losses") { [Double(team.rank), 0.5] } }) {
      #expect(try result.get() == [[0, 0.5], [1, 0.5], [2, 0.5]])
    }
    struct Full: Error, CustomStringConvertible { let description = "no memory" }
    for result in together(
      3,
      { team in
        try team.gathered("losses") {
          if team.rank == 1 { throw Full() }
          return team.rank
        }
      })
    {
      #expect(throws: (any Error).self) { try result.get() }
    }
  }
}
