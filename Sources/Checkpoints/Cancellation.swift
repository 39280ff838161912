import CCheckpoint

/// The one place where long work learns that it should stop.
///
/// The flag is polled, never jumped out of: every operation, tile and evaluator step asks ``check()``, so that a
/// cancelled call unwinds as an ordinary Swift error and leaves every value as it was.
public enum Cancellation {
  /// Whether an interrupt has arrived and nobody has taken it yet. One relaxed atomic load.
  @inlinable
  public static var isRequested: Bool { tvs_interrupts() != 0 }

  /// Throws ``Interrupted`` if an interrupt has arrived. The flag stays up until ``take()``, so that every loop on
  /// the way out stops too.
  ///
  /// - Throws: ``Interrupted``, naming the innermost ``Activity`` that is under way.
  @inlinable
  public static func check() throws(Interrupted) {
    if isRequested { throw Activity.interruption() }
  }

  /// Lowers the flag and says whether it was up. The shell calls it once it is back at the prompt.
  @discardableResult
  public static func take() -> Bool { tvs_interrupts_take() != 0 }

  /// Raises the flag, as Ctrl-C does.
  public static func request() { tvs_interrupts_raise() }
}

/// Work stopped because the user asked for it. No other failure uses this type.
public struct Interrupted: Error, Sendable, Equatable {
  /// What was running, such as `train`; empty when no activity was under way.
  public var activity: String
  /// The step that was under way, counted from 1, if the activity counts steps.
  public var step: Int?
  /// How many steps the activity would have made.
  public var total: Int?
  /// Seconds since the activity began.
  public var seconds: Double

  /// Describes an interruption.
  public init(activity: String, step: Int? = nil, total: Int? = nil, seconds: Double = 0) {
    self.activity = activity
    self.step = step
    self.total = total
    self.seconds = seconds
  }
}
