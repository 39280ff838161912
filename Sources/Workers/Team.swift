import Checkpoints
import Foundation
import Synchronization

/// The processes that run one script together: all of them run all of it, and what is long is shared out among them.
///
/// Ranks stay in step because everything they decide on is the same on all of them: random numbers are functions of a seed
/// and an index, shared results reach all of them bit for bit, and what only one machine can know (a clock, whether a
/// file is there) is asked of rank 0 by ``agreed(_:_:)``. A team of one costs nothing: nothing is copied or sent.
public final class Team: Sendable {
  private static let shared = Mutex(Team())

  /// The team of this process; of one process unless ``current`` was set.
  public static var current: Team {
    get { shared.withLock { $0 } }
    set { shared.withLock { $0 = newValue } }
  }

  let transport: (any Transport)?
  /// The number of this process, from 0.
  public let rank: Int
  /// How many processes there are.
  public let count: Int
  /// Turns the errors of the rooms above into words, to tell them to other ranks.
  private let describe: @Sendable (any Error) -> FailureText
  private let state = Mutex(State())
  private let depth = Atomic<Int>(0)
  private let sentBytes = Atomic<Int>(0)

  private struct State {
    /// How many things were done together.
    var steps = 0
    /// On rank 0: what they were, from the oldest one that a rank has yet to report.
    var known: [Int: String] = [:]
    /// On rank 0: reports of steps that it has not come to.
    var early: [(rank: Int, step: Int, name: String)] = []
    /// On rank 0: messages for a step that it has not come to, in their order.
    var held: [(from: Int, bytes: [UInt8])] = []
  }

  /// A team of this process alone.
  public convenience init() { self.init(nil) { FailureText(code: "", message: "\($0)") } }

  /// A team of the processes that a transport joins.
  ///
  /// - Parameter describe: puts an error into words.
  public init(_ transport: (any Transport)?, describe: @escaping @Sendable (any Error) -> FailureText) {
    self.transport = transport
    rank = transport?.rank ?? 0
    count = transport?.count ?? 1
    self.describe = describe
  }

  /// Whether this is the process that prints, draws and writes.
  public var isLeader: Bool { rank == 0 }

  /// Bytes that this rank gave to the transport: once for a message, and once for each broadcast that it began.
  public var bytesSent: Int { sentBytes.load(ordering: .relaxed) }

  /// Whether work is shared out here: not within an item that was itself handed out.
  public var isSharing: Bool { count > 1 && depth.load(ordering: .relaxed) == 0 }

  func counting(_ bytes: Int) { sentBytes.add(bytes, ordering: .relaxed) }

  /// Runs what belongs to this rank alone.
  func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
    depth.add(1, ordering: .relaxed)
    defer { depth.subtract(1, ordering: .relaxed) }
    return try body()
  }

  // MARK: - Staying in step

  /// What other ranks are told of an error.
  func text(of error: any Error) -> FailureText {
    if case WorkerError.failed(let text) = error { return text }
    return describe(error)
  }

  /// Counts one thing that is done together, and lets rank 0 compare.
  ///
  /// - Returns: its number.
  func enter(_ name: String, _ transport: any Transport) throws -> Int {
    let step = state.withLock { state in
      state.steps += 1
      return state.steps
    }
    guard isLeader else {
      try send(.entered(step: step, name: name), to: 0, transport)
      return step
    }
    let early = state.withLock { state in
      state.known[step] = name
      // Far enough back for ranks that wait for nobody, such as those that receive.
      state.known[step - 4096] = nil
      defer { state.early.removeAll { $0.step == step } }
      return state.early.filter { $0.step == step }
    }
    for report in early { try compare(report.rank, report.step, report.name) }
    return step
  }

  /// On rank 0: looks whether a rank does the same.
  func compare(_ rank: Int, _ step: Int, _ name: String) throws {
    let known = state.withLock { state -> String? in
      if step > state.steps {
        state.early.append((rank, step, name))
        return name
      }
      return state.known[step]
    }
    if let known, known != name { throw WorkerError.outOfStep(rank: rank, asked: name, first: known) }
  }

  func send(_ message: Message, to rank: Int, _ transport: any Transport) throws {
    var sink = ByteSink()
    message.write(to: &sink)
    counting(sink.bytes.count)
    try transport.send(sink.bytes, to: rank)
  }

  /// A message that has arrived, or nil at once.
  func receive(_ transport: any Transport) throws -> (from: Int, bytes: [UInt8])? {
    if let message = state.withLock({ $0.held.isEmpty ? nil : $0.held.removeFirst() }) { return message }
    return try transport.receive()
  }

  /// On rank 0: reads the reports that have arrived, while it waits for something else.
  ///
  /// A rank that already knows what rank 0 has just said may be asking for its part of what comes next; what it says is
  /// kept until then.
  public func drain() throws {
    guard isLeader, let transport else { return }
    while let (from, bytes) = try transport.receive() {
      var source = ByteSource(bytes)
      if case .entered(let step, let name) = try Message(from: &source) {
        try compare(from, step, name)
      } else {
        state.withLock { $0.held.append((from, bytes)) }
      }
    }
  }

  // MARK: - Deciding together

  /// What rank 0 finds, on all ranks; an error of rank 0 is thrown by all of them.
  ///
  /// It is a barrier too: what rank 0 has written is there when it returns.
  ///
  /// - Throws: what `body` throws on rank 0; elsewhere ``WorkerError``, or `Interrupted`.
  public func agreed<Value: Portable>(_ name: String, _ body: () throws -> Value) throws -> Value {
    guard isSharing, let transport else { return try body() }
    _ = try enter(name, transport)
    guard isLeader else {
      var source = ByteSource(try received(transport))
      return try outcome(&source) { (source: inout ByteSource) throws(WorkerError) in try Value(from: &source) }
    }
    var sink = ByteSink()
    do {
      let value = try alone { try body() }
      sink.write(UInt8(0))
      value.write(to: &sink)
      try publish(sink.bytes, transport)
      try drain()
      return value
    } catch let error as WorkerError {
      if case .failed = error {} else { throw error }
      try publish(failure(error), transport)
      throw error
    } catch {
      try publish(failure(error), transport)
      throw error
    }
  }

  /// The same for what has no result, such as writing a file.
  ///
  /// - Throws: as ``agreed(_:_:)``.
  public func leading(_ name: String, _ body: () throws -> Void) throws {
    _ = try agreed(name) {
      try body()
      return true
    }
  }

  /// The bytes of an outcome that is an error.
  func failure(_ error: any Error) -> [UInt8] {
    var sink = ByteSink()
    if let interrupted = error as? Interrupted {
      sink.write(UInt8(2))
      interrupted.activity.write(to: &sink)
      interrupted.step.write(to: &sink)
      interrupted.total.write(to: &sink)
    } else {
      sink.write(UInt8(1))
      text(of: error).write(to: &sink)
    }
    return sink.bytes
  }

  /// Reads an outcome: the value, or the error of the rank that failed.
  func outcome<Value>(
    _ source: inout ByteSource, _ read: (inout ByteSource) throws(WorkerError) -> Value
  ) throws -> Value {
    switch try source.integer(UInt8.self) {
    case 0: return try read(&source)
    case 1: throw WorkerError.failed(try FailureText(from: &source))
    case 2:
      throw Interrupted(
        activity: try String(from: &source), step: try Int?(from: &source), total: try Int?(from: &source))
    default: throw WorkerError.malformed
    }
  }

  // MARK: - Broadcasts of unknown length

  func publish(_ bytes: [UInt8], _ transport: any Transport) throws {
    var size = UInt64(bytes.count).littleEndian
    var bytes = bytes
    try withUnsafeMutableBytes(of: &size) { try transport.broadcast($0, from: rank) }
    try bytes.withUnsafeMutableBytes { try transport.broadcast($0, from: rank) }
    counting(8 + bytes.count)
  }

  func received(_ transport: any Transport, from root: Int = 0) throws -> [UInt8] {
    var size: UInt64 = 0
    try withUnsafeMutableBytes(of: &size) { try transport.broadcast($0, from: root) }
    guard let count = Int(exactly: UInt64(littleEndian: size)) else { throw WorkerError.malformed }
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try transport.broadcast($0, from: root) }
    return bytes
  }

  // MARK: - Vectors and numbers of all ranks

  /// Fills the buffers of all ranks with that of one. All ranks call it, with buffers of one size.
  ///
  /// - Throws: ``WorkerError``.
  public func share(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
    guard isSharing, let transport else { return }
    if rank == root { counting(bytes.count) }
    try transport.broadcast(bytes, from: root)
  }

  /// What each rank has, on all of them, in the order of the ranks. An error of one of them is thrown by all.
  ///
  /// - Throws: the error of the lowest rank that has one, in words where it is another; ``WorkerError``.
  public func gathered<Value: Portable>(_ name: String, _ body: () throws -> Value) throws -> [Value] {
    guard isSharing, let transport else { return [try body()] }
    let step = try enter(name, transport)
    var own: (value: Value?, error: (any Error)?)
    do { own.value = try alone { try body() } } catch { own.error = error }
    var sink = ByteSink()
    if let value = own.value {
      sink.write(UInt8(0))
      value.write(to: &sink)
    } else if let error = own.error {
      sink.write(raw: failure(error))
    }
    guard isLeader else {
      try send(.results(step: step, seconds: 0, items: sink.bytes), to: 0, transport)
      return try values(of: received(transport), own.error)
    }
    var parts = [[UInt8]?](repeating: nil, count: count)
    parts[0] = sink.bytes
    var pause = Pause()
    while parts.contains(where: { $0 == nil }) {
      guard let (from, bytes) = try receive(transport) else {
        pause.sleep()
        continue
      }
      pause = Pause()
      var source = ByteSource(bytes)
      switch try Message(from: &source) {
      case .entered(let step, let name): try compare(from, step, name)
      case .results(step, _, let items): parts[from] = items
      default: throw WorkerError.malformed
      }
    }
    var all = ByteSink()
    for part in parts.compactMap({ $0 }) {
      all.write(UInt64(part.count))
      all.write(raw: part)
    }
    try publish(all.bytes, transport)
    return try values(of: all.bytes, own.error)
  }

  private func values<Value: Portable>(of bytes: [UInt8], _ own: (any Error)?) throws -> [Value] {
    var source = ByteSource(bytes)
    return try (0..<count).map { rank in
      guard let size = Int(exactly: try source.integer(UInt64.self)) else { throw WorkerError.malformed }
      var part = ByteSource(Array(try source.raw(size)))
      if rank == self.rank, let own { throw own }
      return try outcome(&part) { (source: inout ByteSource) throws(WorkerError) in try Value(from: &source) }
    }
  }

  /// Adds up vectors that lie on several ranks, in the order of their numbers: Σ weight·vector, with the same bits on any
  /// number of ranks.
  ///
  /// Each rank adds the vectors up on a stretch of its own and then tells the others, so that what a rank sends does not
  /// grow with the number of ranks. `add` must treat each element by itself.
  ///
  /// - Parameters:
  ///   - vectors: those of this rank: a stretch of all of them, in order, each with its weight.
  ///   - counts: how many vectors each rank has.
  ///   - weights: of all vectors.
  ///   - sum: where the sum is written, of `length` elements.
  ///   - add: `target += weight·source`, on some elements.
  /// - Throws: ``WorkerError``.
  public func sum(
    _ vectors: [UnsafePointer<Float>], counts: [Int], weights: [Double], length: Int,
    into sum: UnsafeMutablePointer<Float>,
    add: (_ target: UnsafeMutablePointer<Float>, _ source: UnsafePointer<Float>, _ count: Int, _ weight: Double) -> Void
  ) throws {
    guard isSharing, let transport else {
      for (vector, weight) in zip(vectors, weights) { add(sum, vector, length, weight) }
      return
    }
    func stretch(_ rank: Int) -> Range<Int> { rank * length / count..<(rank + 1) * length / count }
    let width = MemoryLayout<Float>.stride
    let own = stretch(rank)
    // To each rank its stretch of all vectors here, one after the other.
    var given: [[Float]] = []
    for rank in 0..<count {
      let range = stretch(rank)
      given.append(vectors.flatMap { UnsafeBufferPointer(start: $0 + range.lowerBound, count: range.count) })
    }
    var taken = [Float](repeating: 0, count: counts.reduce(0, +) * own.count)
    try exchange(given, into: &taken, sizes: counts.map { $0 * own.count * width }, transport)
    taken.withUnsafeBufferPointer { taken in
      guard let base = taken.baseAddress else { return }
      for (number, weight) in weights.enumerated() {
        add(sum + own.lowerBound, base + number * own.count, own.count, weight)
      }
    }
    let mine = Array(UnsafeBufferPointer(start: sum + own.lowerBound, count: own.count))
    var all = [Float](repeating: 0, count: length)
    try exchange(
      Array(repeating: mine, count: count), into: &all, sizes: (0..<count).map { stretch($0).count * width }, transport)
    all.withUnsafeBufferPointer { all in if let base = all.baseAddress { sum.update(from: base, count: length) } }
  }

  private func exchange(
    _ pieces: [[Float]], into out: inout [Float], sizes: [Int], _ transport: any Transport
  ) throws {
    counting(pieces.enumerated().reduce(0) { $0 + ($1.offset == rank ? 0 : $1.element.count * 4) })
    func held(_ place: Int, _ buffers: [UnsafeRawBufferPointer], _ body: ([UnsafeRawBufferPointer]) throws -> Void)
      throws
    {
      if place == pieces.count { return try body(buffers) }
      try pieces[place].withUnsafeBytes { try held(place + 1, buffers + [$0], body) }
    }
    try out.withUnsafeMutableBytes { out in
      try held(0, []) { try transport.exchange($0, into: out, sizes: sizes) }
    }
  }

  // MARK: - The end

  /// Ends the process together with the others.
  ///
  /// A rank that failed alone would leave the others waiting for it: it waits for them a moment, and then ends them all.
  ///
  /// - Parameter last: called before the processes are ended by force.
  public func leave(_ status: Int32, last: () -> Void) {
    guard count > 1, let transport else { return }
    if transport.wait(seconds: status == 0 ? nil : 5) { return transport.close() }
    last()
    transport.abort(status)
  }

  /// Ends all processes at once.
  public func abort(_ status: Int32) {
    guard count > 1 else { return }
    transport?.abort(status)
  }
}
