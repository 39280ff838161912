/// What can go wrong between processes.
public enum WorkerError: Error, Sendable, Equatable {
  /// A failure of one process, which all of them throw, so that a script that catches it goes on in step.
  case failed(FailureText)
  /// The processes no longer do the same: what one of them asked for and what the first one did.
  case outOfStep(rank: Int, asked: String, first: String)
  /// A message that cannot be read, or a call of the library underneath that failed.
  case transport(reason: String)
  /// Bytes that are no message.
  case malformed
}

/// A failure in words, so that it can be told to other processes.
public struct FailureText: Sendable, Equatable, Portable {
  /// The code of the error, such as `E0404`.
  public var code: String
  /// What happened.
  public var message: String
  /// What stands under the caret.
  public var label: String?
  /// What to do instead.
  public var help: String?
  /// Which argument it is about.
  public var argument: String?

  /// Describes a failure.
  public init(code: String, message: String, label: String? = nil, help: String? = nil, argument: String? = nil) {
    (self.code, self.message, self.label, self.help, self.argument) = (code, message, label, help, argument)
  }

  /// Appends the value.
  public func write(to sink: inout ByteSink) {
    code.write(to: &sink)
    message.write(to: &sink)
    for text in [label, help, argument] { text.write(to: &sink) }
  }

  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) {
    self.init(
      code: try String(from: &source), message: try String(from: &source), label: try String?(from: &source),
      help: try String?(from: &source), argument: try String?(from: &source))
  }
}
