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
  /// What it counts.
  public let unit: Unit
  private let began = ContinuousClock.now
  private let first: Int
  private let step: Atomic<Int>

  /// What an activity counts.
  public enum Unit: Sendable {
    /// Steps of its own, of which an interruption names the one that was under way.
    case steps
    /// Bytes of a file.
    case bytes
  }

  private static let underWay = Mutex<[Activity]>([])
  private static let observer = Mutex<(any ProgressObserver)?>(nil)

  /// Begins an activity.
  ///
  /// - Parameter done: how much of the total was there before; it counts as progress, and not towards the rate.
  public init(_ name: String, total: Int? = nil, unit: Unit = .steps, done: Int = 0) {
    self.name = name
    self.total = total
    self.unit = unit
    first = done
    step = Atomic(done)
    Activity.underWay.withLock { $0.append(self) }
    tvs_interrupts_set_activity(name)
  }

  /// Seconds since the activity began.
  public var seconds: Double { began.duration(to: .now).inSeconds }

  /// Counts one finished step, reports it, and stops if the user asked for it.
  ///
  /// - Parameters:
  ///   - count: how many steps or bytes; 0 while there is nothing but waiting.
  ///   - loss: the loss of the step just made, if there is one, for the progress bar.
  /// - Throws: ``Interrupted``.
  public func advance(by count: Int = 1, loss: Double? = nil) throws(Interrupted) {
    let done = step.add(count, ordering: .relaxed).newValue
    let isOutermost = Activity.underWay.withLock { $0.first === self }
    if isOutermost, let observer = Activity.observer.withLock({ $0 }) {
      observer.progressed(
        Progress(activity: name, step: done, total: total, seconds: seconds, loss: loss, unit: unit, first: first))
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
    let isCounted = total != nil && unit == .steps
    return Interrupted(
      activity: name, step: isCounted ? step.load(ordering: .relaxed) + 1 : nil, total: isCounted ? total : nil,
      seconds: seconds)
  }

  /// The interruption to throw from a place that has no activity at hand: it names the innermost one.
  @usableFromInline
  static func interruption() -> Interrupted {
    underWay.withLock { $0.last }?.interruption ?? Interrupted(activity: "")
  }

  /// The interruption of whatever is under way, for threads that stop the work of others.
  public static func current() -> Interrupted { interruption() }

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
  /// What is counted.
  public var unit = Activity.Unit.steps
  /// What was finished before the activity began.
  public var first = 0
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
