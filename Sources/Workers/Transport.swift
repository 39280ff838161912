import Foundation

/// What carries bytes between the processes of a team. One thread of a process uses it at a time.
///
/// Every wait polls with short sleeps instead of spinning, since ranks may share cores.
public protocol Transport: Sendable {
  /// The number of this process, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var count: Int { get }

  /// Sends a message; those from one rank to another arrive in their order.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  func send(_ bytes: [UInt8], to rank: Int) throws

  /// A message that has arrived, or nil at once.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  func receive() throws -> (from: Int, bytes: [UInt8])?

  /// Fills the buffers of all ranks with that of one. All ranks call it, with buffers of one size.
  ///
  /// - Throws: ``WorkerError/transport(reason:)``.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws

  /// Gives `pieces[r]` to rank r, and gets what each rank has for this one, in the order of the ranks. All ranks call it.
  ///
  /// - Parameter sizes: how many bytes come from each rank.
  /// - Throws: ``WorkerError/transport(reason:)``.
  func exchange(
    _ pieces: [UnsafeRawBufferPointer], into out: UnsafeMutableRawBufferPointer, sizes: [Int]
  ) throws

  /// Waits until all ranks are here, at most so many seconds; nil for ever. False when some did not come.
  func wait(seconds: Double?) -> Bool

  /// Ends all processes of the team.
  func abort(_ status: Int32) -> Never

  /// Lets go of the network, after everybody has come to ``wait(seconds:)``.
  func close()
}

/// How long to sleep between two looks at what has arrived: longer and longer while nothing does. Each look takes time from the
/// work that shares the core; one every 0.2 ms took a fiftieth of it.
struct Pause {
  private var microseconds: UInt32 = 50

  mutating func sleep() {
    usleep(microseconds)
    microseconds = min(2000, microseconds * 3 / 2)
  }
}
