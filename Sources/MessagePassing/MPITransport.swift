import CMPI
import Foundation
import Workers

/// Processes that MPI started, with its calls as the transport.
public final class MPITransport: Transport {
  /// The number of this process.
  public let rank: Int
  /// How many processes there are.
  public let count: Int

  /// Whether this program can use MPI at all.
  public static var isBuilt: Bool { tvs_mpi_is_built() }

  /// The library, such as `Open MPI v4.1.4`.
  public static var library: String { text { tvs_mpi_library($0, $1) } }

  /// The most bytes of one call: counts are 32 bits wide.
  private static let limit = 1 << 30

  /// Joins the processes that were started together.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  public init() throws {
    var (rank, count): (Int32, Int32) = (0, 1)
    try MPITransport.check(tvs_mpi_start(&rank, &count))
    (self.rank, self.count) = (Int(rank), Int(count))
  }

  /// Sends a message.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  public func send(_ bytes: [UInt8], to rank: Int) throws {
    guard bytes.count <= MPITransport.limit else {
      throw WorkerError.transport(reason: "a message of \(bytes.count) bytes is too long")
    }
    try bytes.withUnsafeBytes { buffer in
      try wait { tvs_mpi_send(buffer.baseAddress, Int32(buffer.count), Int32(rank), &$0) }
    }
  }

  /// A message that has arrived.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  public func receive() throws -> (from: Int, bytes: [UInt8])? {
    var isThere = false
    var (from, count): (Int32, Int32) = (0, 0)
    try MPITransport.check(tvs_mpi_probe(&isThere, &from, &count))
    guard isThere else { return nil }
    var status: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
      status = tvs_mpi_receive(buffer.baseAddress, count, from)
      initialized = Int(count)
    }
    try MPITransport.check(status)
    return (Int(from), bytes)
  }

  /// Fills the buffers of all ranks with that of one.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
    guard let base = bytes.baseAddress else { return }
    var first = 0
    while first < bytes.count {
      let size = min(MPITransport.limit, bytes.count - first)
      try wait { tvs_mpi_broadcast(base + first, Int32(size), Int32(root), &$0) }
      first += size
    }
  }

  /// Gives a piece to each rank and gets one from each.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  public func exchange(
    _ pieces: [UnsafeRawBufferPointer], into out: UnsafeMutableRawBufferPointer, sizes: [Int]
  ) throws {
    // Places are 32 bits wide too, so that large vectors of floats are counted in floats.
    let total = pieces.reduce(0) { $0 + $1.count }
    let width = (pieces.map(\.count) + sizes).allSatisfy { $0 % 4 == 0 } ? 4 : 1
    guard max(total, out.count) / width < Int(Int32.max), pieces.count == count, sizes.count == count,
      sizes.reduce(0, +) == out.count
    else { throw WorkerError.transport(reason: "an exchange of \(max(total, out.count)) bytes is too long") }
    func places(_ sizes: [Int]) -> [Int32] {
      var (places, next): ([Int32], Int) = ([], 0)
      for size in sizes {
        places.append(Int32(next / width))
        next += size
      }
      return places
    }
    var packed = [UInt8](unsafeUninitializedCapacity: total) { buffer, initialized in
      var first = 0
      for piece in pieces {
        if let base = piece.baseAddress, let target = buffer.baseAddress {
          UnsafeMutableRawPointer(target + first).copyMemory(from: base, byteCount: piece.count)
        }
        first += piece.count
      }
      initialized = total
    }
    let given = pieces.map(\.count)
    let (givenCounts, givenPlaces) = (given.map { Int32($0 / width) }, places(given))
    let (takenCounts, takenPlaces) = (sizes.map { Int32($0 / width) }, places(sizes))
    try packed.withUnsafeMutableBytes { packed in
      try wait {
        tvs_mpi_exchange(
          packed.baseAddress, givenCounts, givenPlaces, out.baseAddress, takenCounts, takenPlaces, Int32(width), &$0)
      }
    }
  }

  /// Waits until all ranks are here.
  public func wait(seconds: Double?) -> Bool {
    var request: OpaquePointer?
    guard tvs_mpi_barrier(&request) == 0, let request else { return false }
    let deadline = seconds.map { Date().addingTimeInterval($0) }
    while deadline.map({ Date() < $0 }) ?? true {
      var isDone = false
      if tvs_mpi_test(request, &isDone) != 0 { return false }
      if isDone { return true }
      usleep(500)
    }
    return false
  }

  /// Ends all processes.
  public func abort(_ status: Int32) -> Never {
    tvs_mpi_abort(status)
    exit(status)
  }

  /// Ends MPI in this process.
  public func close() { tvs_mpi_finish() }

  // MARK: - Waiting

  /// Begins something and waits until it is done. Messages are short beside the work between them, and ranks may share
  /// cores, so that a wait that is not over at once sleeps.
  private func wait(_ begin: (inout OpaquePointer?) -> Int32) throws {
    var request: OpaquePointer?
    try MPITransport.check(begin(&request))
    guard let request else { return }
    var turns = 0
    while true {
      var isDone = false
      try MPITransport.check(tvs_mpi_test(request, &isDone))
      if isDone { return }
      turns += 1
      if turns > 50 { usleep(turns < 1000 ? 50 : 250) }
    }
  }

  private static func check(_ status: Int32) throws {
    if status != 0 { throw WorkerError.transport(reason: text { tvs_mpi_reason(status, $0, $1) }) }
  }

  private static func text(_ fill: (UnsafeMutablePointer<CChar>, Int) -> Void) -> String {
    var buffer = [CChar](repeating: 0, count: 1024)
    buffer.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { fill(base, buffer.count) }
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
