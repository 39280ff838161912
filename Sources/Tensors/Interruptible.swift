import CKernels
import Checkpoints
import Dispatch
import Foundation
import Synchronization

/// Calls into libraries that cannot ask whether they should stop, LAPACK first of all.
///
/// Long ones run on a thread of their own that owns all the memory it touches, while the caller polls. When the user
/// interrupts, the caller leaves at once and the thread is abandoned: it finishes in the background into memory that
/// nobody reads. If the process ends before that, it leaves without running the libraries' destructors
/// (`tensor_worker.c`).
enum Interruptible {
  /// Floating-point operations above which a call gets a thread: about five milliseconds of one core.
  private static let longest = 5e7

  /// The result of `work`, or `Interrupted` within a few milliseconds of the interruption.
  ///
  /// - Parameters:
  ///   - name: what the user calls it, such as `svd`.
  ///   - operations: an estimate of the floating-point operations.
  ///   - work: must own or retain everything it reads and writes.
  static func run<Result: Sendable>(
    _ name: String, operations: Double, _ work: @escaping @Sendable () throws(TensorError) -> Result
  ) throws -> Result {
    try Cancellation.check()
    guard operations > longest else {
      OpenBLASThreads.use(1)
      return try work()
    }
    let activity = Activity(name)
    defer { activity.finish() }
    let box = WorkerBox<Result>()
    let thread = Thread {
      OpenBLASThreads.use(Parallel.width)
      do throws(TensorError) { box.finish(.success(try work())) } catch { box.finish(.failure(error)) }
    }
    thread.stackSize = 16 << 20
    thread.name = name
    thread.start()
    while box.done.wait(timeout: .now() + .milliseconds(4)) == .timedOut {
      if Cancellation.isRequested, box.abandon() { try Cancellation.check() }
    }
    switch box.result {
    case .success(let value): return value
    case .failure(let error): throw error
    case nil: throw TensorError.linearAlgebra(operation: name, reason: "the worker ended without a result")
    }
  }

  /// How many abandoned calls are still running.
  static var abandoned: Int { Int(tvs_abandoned_workers()) }
}

/// Where a worker leaves its result, unless its caller has gone.
private final class WorkerBox<Value: Sendable>: Sendable {
  private struct State {
    var result: Result<Value, TensorError>?
    var isAbandoned = false
  }

  private let state = Mutex(State())
  let done = DispatchSemaphore(value: 0)

  var result: Result<Value, TensorError>? { state.withLock { $0.result } }

  func finish(_ result: Result<Value, TensorError>) {
    let wasAbandoned = state.withLock { state in
      if !state.isAbandoned { state.result = result }
      return state.isAbandoned
    }
    if wasAbandoned { tvs_abandoned_workers_add(-1) }
    done.signal()
  }

  /// Whether the worker was still at work, and is now on its own.
  func abandon() -> Bool {
    state.withLock { state in
      if state.result != nil { return false }
      state.isAbandoned = true
      tvs_abandoned_workers_add(1)
      return true
    }
  }
}
