import Checkpoints
import Foundation

extension Team {
  /// Calls `body` with every index below `count`, and gives the results in the order of the indices, on all ranks.
  ///
  /// The items are handed out in chunks while the ranks work, and all that travels is their results. What a result is must
  /// depend on its index alone: then it does not matter which rank made it, and the outcome has the same bits on any
  /// number of them. Within an item nothing is shared out again. In a team of one it is a loop.
  ///
  /// - Parameters:
  ///   - name: what progress and interruptions call it.
  ///   - known: results that rank 0 has already.
  ///   - grain: items that stay together on a rank.
  ///   - loss: what the progress bar shows of a result.
  ///   - arrived: on rank 0, sees each new result as it comes, in any order; an error stops the work on all ranks.
  ///   - body: makes one result.
  /// - Throws: what `body` throws for the lowest index that fails, in words where another rank met it; `Interrupted`,
  ///   ``WorkerError``.
  public func collect<Item: Portable>(
    _ name: String, count total: Int, known: [Int: Item] = [:], grain: Int = 1, loss: ((Item) -> Double)? = nil,
    arrived: ((Int, Item) throws -> Void)? = nil, _ body: (Int) throws -> Item
  ) throws -> [Item] {
    let known = known.filter { (0..<total).contains($0.key) }
    let activity = Activity(name, total: total, done: known.count)
    defer { activity.finish() }
    guard isSharing, let transport else {
      return try (0..<total).map { index in
        if let item = known[index] { return item }
        let item = try body(index)
        try arrived?(index, item)
        try activity.advance(loss: loss?(item))
        return item
      }
    }
    let step = try enter("\(name) of \(total)", transport)
    guard isLeader else {
      return try work(step, activity, transport, total, body)
    }
    let handout = Handout<Item>(total, known: known, grain: grain, ranks: count) { index, item in
      try arrived?(index, item)
      try activity.advance(loss: loss?(item))
    }
    return try lead(step, handout, transport, body)
  }

  // MARK: - Rank 0

  private func lead<Item: Portable>(
    _ step: Int, _ handout: Handout<Item>, _ transport: any Transport, _ body: (Int) throws -> Item
  ) throws -> [Item] {
    // This thread works; another one answers the other ranks, who must not wait until an item is done here.
    let ended = DispatchSemaphore(value: 0)
    let thread = Thread { [self] in
      do { try serve(step, handout, transport) } catch { handout.give(up: error) }
      ended.signal()
    }
    thread.name = "tvs workers"
    thread.start()
    var pace: Double?
    work: while true {
      let chunk = handout.next(pace: pace)
      if chunk.isEmpty { break }
      let began = ContinuousClock.now
      for index in chunk {
        do { handout.put(index, try alone { try body(index) }) } catch {
          handout.fail(error is Interrupted ? nil : index, .own(error))
          break work
        }
      }
      pace = began.duration(to: .now).inSeconds / Double(chunk.count)
    }
    while ended.wait(timeout: .now() + 0.02) == .timedOut {
      if Cancellation.isRequested { handout.fail(nil, .own(Activity.current())) }
    }
    switch handout.failure {
    case .own(let error as WorkerError) where !error.isTold: throw error
    case .own(let error):
      try publish(failure(error), transport)
      throw error
    case .told(let outcome):
      try publish(outcome, transport)
      var source = ByteSource(outcome)
      return try self.outcome(&source) { (_: inout ByteSource) throws(WorkerError) in throw .malformed }
    case nil: break
    }
    guard let results = handout.results else { throw WorkerError.malformed }
    var sink = ByteSink()
    sink.write(UInt8(0))
    for item in results { item.write(to: &sink) }
    try publish(sink.bytes, transport)
    return results
  }

  /// Answers the other ranks until each has been told that nothing is left.
  private func serve<Item: Portable>(_ step: Int, _ handout: Handout<Item>, _ transport: any Transport) throws {
    var pause = Pause()
    while !handout.isOver {
      guard let (from, bytes) = try receive(transport) else {
        pause.sleep()
        continue
      }
      pause = Pause()
      var source = ByteSource(bytes)
      switch try Message(from: &source) {
      case .entered(let step, let name): try compare(from, step, name)
      case .results(step, let seconds, let items):
        var source = ByteSource(items)
        var made = 0
        while !source.isAtEnd {
          let index = Int(try source.integer(UInt32.self))
          handout.put(index, try Item(from: &source))
          made += 1
        }
        let chunk = handout.next(pace: made > 0 ? seconds / Double(made) : nil)
        if chunk.isEmpty { handout.finish() }
        try send(chunk.isEmpty ? .done : .chunk(chunk), to: from, transport)
      case .failed(step, let index, let outcome):
        handout.fail(index, .told(outcome))
        handout.finish()
        try send(.done, to: from, transport)
      default: throw WorkerError.malformed
      }
    }
  }

  // MARK: - The other ranks

  private func work<Item: Portable>(
    _ step: Int, _ activity: Activity, _ transport: any Transport, _ total: Int, _ body: (Int) throws -> Item
  ) throws -> [Item] {
    var sink = ByteSink()
    var seconds = 0.0
    work: while true {
      try send(.results(step: step, seconds: seconds, items: sink.bytes), to: 0, transport)
      guard case .chunk(let chunk) = try reply(transport) else { break }
      sink = ByteSink()
      let began = ContinuousClock.now
      for index in chunk {
        do {
          try Cancellation.check()
          let item = try alone { try body(index) }
          sink.write(UInt32(index))
          item.write(to: &sink)
        } catch {
          let place = error is Interrupted ? nil : index
          try send(.failed(step: step, index: place, outcome: failure(error)), to: 0, transport)
          _ = try reply(transport)
          break work
        }
      }
      seconds = began.duration(to: .now).inSeconds
    }
    var source = ByteSource(try received(transport))
    return try outcome(&source) { (source: inout ByteSource) throws(WorkerError) in
      var items: [Item] = []
      items.reserveCapacity(total)
      for _ in 0..<total { items.append(try Item(from: &source)) }
      return items
    }
  }

  private func reply(_ transport: any Transport) throws -> Message {
    var pause = Pause()
    while true {
      if let (_, bytes) = try receive(transport) {
        var source = ByteSource(bytes)
        return try Message(from: &source)
      }
      pause.sleep()
    }
  }
}

extension WorkerError {
  /// Whether it is the failure of a rank, in words.
  fileprivate var isTold: Bool {
    if case .failed = self { true } else { false }
  }
}
