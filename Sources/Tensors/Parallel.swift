import CKernels
import Foundation
import Synchronization

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
    let parts = parts(of: count, grain: grain)
    if parts == 1 { return body(0..<count) }
    perform(parts) { part in body(part * count / parts..<(part + 1) * count / parts) }
  }

  /// Whether `body` says so of every range, on several threads like ``ranges(_:grain:_:)``; all ranges are asked.
  public static func holds(_ count: Int, grain: Int = 1, _ body: @Sendable (Range<Int>) -> Bool) -> Bool {
    let all = Atomic(true)
    ranges(count, grain: grain) { range in
      if !body(range) { all.store(false, ordering: .relaxed) }
    }
    return all.load(ordering: .relaxed)
  }

  /// Calls `body` once for every number below `parts`, on as many threads as are free.
  ///
  /// Not Dispatch's `concurrentPerform`: waking its threads took as long as many an operation, and two threads made a
  /// training step of a small model only a fifth faster than one.
  private static func perform(_ parts: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) { pointer in
        tvs_team_run(
          Int32(parts),
          { context, part in context?.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int(part)) },
          pointer)
      }
    }
  }

  /// Into how many ranges ``ranges(_:grain:_:)`` cuts `count` items.
  public static func parts(of count: Int, grain: Int = 1) -> Int { min(width, max(1, count / max(1, grain))) }

  /// The results of `body` on ranges that together cover `0..<count`, in the order of the ranges: a reduction over
  /// them adds in the same order every time.
  public static func collect<Result: Sendable>(
    _ count: Int, grain: Int = 1, _ body: @Sendable (Range<Int>) -> Result
  ) -> [Result] {
    guard count > 0 else { return [] }
    let parts = parts(of: count, grain: grain)
    if parts == 1 { return [body(0..<count)] }
    return Array(unsafeUninitializedCapacity: parts) { buffer, initialized in
      nonisolated(unsafe) let slots = buffer
      perform(parts) { part in
        slots.initializeElement(at: part, to: body(part * count / parts..<(part + 1) * count / parts))
      }
      initialized = parts
    }
  }
}
