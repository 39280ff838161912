import Dispatch
import Foundation

/// Threads, in this one place.
public enum Parallel {
  /// How many threads share the work: the cores of this machine, or `TVS_THREADS`.
  ///
  /// The way work is cut depends on this number and on nothing else, so that the same seed gives the same bits on the
  /// same machine.
  public static let width: Int = {
    if let text = ProcessInfo.processInfo.environment["TVS_THREADS"], let count = Int(text), count > 0 { return count }
    return max(1, ProcessInfo.processInfo.activeProcessorCount)
  }()

  /// Calls `body` with ranges that together cover `0..<count`, on several threads when there is enough to do.
  ///
  /// - Parameters:
  ///   - count: how many items there are.
  ///   - grain: the least number of items worth a thread of their own.
  ///   - body: works on one range; ranges do not overlap.
  @inline(__always)
  public static func ranges(_ count: Int, grain: Int = 1, _ body: @Sendable (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let parts = min(width, max(1, count / max(1, grain)))
    if parts == 1 { return body(0..<count) }
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      body(part * count / parts..<(part + 1) * count / parts)
    }
  }
}
