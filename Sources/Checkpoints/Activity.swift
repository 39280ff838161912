import CCheckpoint
import Synchronization

/// Something long that is under way: a training run, a search, a decomposition.
///
/// An activity is both the checkpoint for cancellation and the source of progress, so that whatever can be watched
/// can be stopped. Activities nest; the outermost one is what a progress bar shows, the innermost one is what an
/// interruption names.
///
///     let activity = Activity("train", total: steps)
///     defer { activity.finish() }
///     for step in 0..<steps {
///       …
///       try activity.advance(loss: loss)
///     }
public final class Activity: Sendable {
  /// What the user would call it, such as `train`.
  public let name: String
  /// How many steps there are, if that is known.
  public let total: Int?
  private let began = ContinuousClock.now
  private let step = Atomic<Int>(0)

  private static let underWay = Mutex<[Activity]>([])
  private static let observer = Mutex<(any ProgressObserver)?>(nil)

  /// Begins an activity.
  public init(_ name: String, total: Int? = nil) {
    self.name = name
    self.total = total
    Activity.underWay.withLock { $0.append(self) }
    tvs_interrupts_set_activity(name)
  }

  /// Seconds since the activity began.
  public var seconds: Double { began.duration(to: .now).inSeconds }

  /// Counts one finished step, reports it, and stops if the user asked for it.
  ///
  /// - Parameter loss: the loss of the step just made, if there is one, for the progress bar.
  /// - Throws: ``Interrupted``.
  public func advance(loss: Double? = nil) throws(Interrupted) {
    let done = step.add(1, ordering: .relaxed).newValue
    let isOutermost = Activity.underWay.withLock { $0.first === self }
    if isOutermost, let observer = Activity.observer.withLock({ $0 }) {
      observer.progressed(Progress(activity: name, step: done, total: total, seconds: seconds, loss: loss))
    }
    if Cancellation.isRequested { throw interruption }
  }

  /// Ends the activity. Calling it twice is harmless.
  public func finish() {
    let (isOutermost, outer) = Activity.underWay.withLock { stack in
      let isOutermost = stack.first === self
      stack.removeAll { $0 === self }
      return (isOutermost, stack.last?.name ?? "")
    }
    tvs_interrupts_set_activity(outer)
    if isOutermost { Activity.observer.withLock { $0 }?.finished() }
  }

  private var interruption: Interrupted {
    Interrupted(
      activity: name, step: total == nil ? nil : step.load(ordering: .relaxed) + 1, total: total, seconds: seconds)
  }

  /// The interruption to throw from a place that has no activity at hand.
  @usableFromInline
  static func interruption() -> Interrupted {
    underWay.withLock { $0.last }?.interruption ?? Interrupted(activity: "")
  }

  /// Sends progress to `observer` from now on; nil silences it.
  public static func observe(with observer: (any ProgressObserver)?) {
    Activity.observer.withLock { $0 = observer }
  }
}

/// How far an activity has come.
public struct Progress: Sendable {
  /// The activity's name.
  public var activity: String
  /// Steps finished.
  public var step: Int
  /// Steps in all, if known.
  public var total: Int?
  /// Seconds since the activity began.
  public var seconds: Double
  /// The loss of the last step, if the activity has one.
  public var loss: Double?
}

/// Receives progress; called from whichever thread does the work, up to thousands of times a second.
public protocol ProgressObserver: Sendable {
  /// The outermost activity finished a step.
  func progressed(_ progress: Progress)
  /// The outermost activity has ended: take the bar down.
  func finished()
}

extension Duration {
  /// The duration in seconds.
  public var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
