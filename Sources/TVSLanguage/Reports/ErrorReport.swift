/// A failure that a builtin or a native value reports. The evaluator adds the place and the calls around it.
///
/// State the fact in `message`, what is wrong with the marked argument in `label`, and what to type instead in `help`.
public struct ErrorReport: Error, Sendable {
  /// The cause, one of ``ErrorCode``.
  public var code: ErrorCode
  /// The fact, without a final point.
  public var message: String
  /// What stands under the caret, if there is more to say than the message.
  public var label: String?
  /// What to type instead.
  public var help: String?
  /// The parameter whose argument is to be marked; nil marks the whole call.
  public var argument: String?

  /// Reports a failure.
  public init(_ code: ErrorCode, _ message: String, label: String? = nil, help: String? = nil, argument: String? = nil)
  {
    self.code = code
    self.message = message
    self.label = label
    self.help = help
    self.argument = argument
  }
}

extension ErrorReport {
  /// The report inside an error of running code, without its place; nil for other errors.
  public init?(unwrapping error: any Error) {
    guard let failure = error as? RuntimeFailure else { return nil }
    let diagnostic = failure.diagnostic
    self.init(diagnostic.code, diagnostic.message, label: diagnostic.label, help: diagnostic.help)
  }
}
