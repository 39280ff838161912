import Checkpoints

/// One error, ready to be shown: the fact, its place, and what to type instead.
public struct Diagnostic: Sendable {
  /// The cause.
  public var code: ErrorCode
  /// The fact, without a final point.
  public var message: String
  /// What is marked.
  public var range: SourceRange?
  /// What stands beside the carets.
  public var label: String?
  /// What to type instead.
  public var help: String?
  /// The calls around the place, innermost first.
  public var trace: [TracedCall]
  /// Whether more text could make this error go away: the text ended too early.
  public var isAtEnd: Bool

  /// Describes an error.
  public init(
    _ code: ErrorCode, _ message: String, range: SourceRange?, label: String? = nil, help: String? = nil,
    trace: [TracedCall] = [], isAtEnd: Bool = false
  ) {
    self.code = code
    self.message = message
    self.range = range
    self.label = label
    self.help = help
    self.trace = trace
    self.isAtEnd = isAtEnd
  }
}

/// A call that was under way when an error happened.
public struct TracedCall: Sendable {
  /// The function that was called.
  public var function: String
  /// Where it was called.
  public var range: SourceRange?
}

/// Why a text did not run to its end.
public enum Failure: Error, Sendable {
  /// Errors: several of one text that cannot be parsed, or one that happened while it ran.
  case errors([Diagnostic])
  /// The user stopped it, here.
  case interrupted(Interrupted, SourceRange?)
  /// `exit(n)` was called.
  case exit(Int32)
}

/// Thrown by `exit(n)`: leaves the program through every `try`.
public struct ExitRequest: Error, Sendable {
  /// The exit status.
  public var status: Int32

  /// Asks to leave.
  public init(status: Int32) { self.status = status }
}
