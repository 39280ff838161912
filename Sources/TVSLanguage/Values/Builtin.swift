/// The one record of a builtin. The call, its arity and type errors, completion, help, the manual and the tests are
/// all made from it.
public struct Builtin: Sendable {
  /// The name as it is typed.
  public var name: String
  /// The chapter it belongs to: `core`, `tensor`, `model`, `data`, `training`, `geometry`, `statistics`, …
  public var topic: String
  /// One sentence for completion lists and the first line of help.
  public var summary: String
  /// The parameters in the order in which they may be given by position.
  public var parameters: [Parameter]
  /// What the call gives, such as `run` or `measure`.
  public var returns: String
  /// Paragraphs for `??name`: what it computes, units, formula and its source.
  public var details: String
  /// Lines that run as they stand, tested.
  public var examples: [Example]
  /// Codes of errors that are typical of it.
  public var errors: [String]
  /// Related builtins.
  public var seeAlso: [String]
  /// The work.
  public var body: @Sendable (Call) throws -> Value
  /// For a builtin that lists numbers at equal distances: the same numbers, so that `for x in …` over a call never
  /// holds the list. Nil for all others.
  public var progression: (@Sendable (Call) throws -> Progression)?

  /// An expression and what the prompt shows for it.
  public struct Example: Sendable {
    /// Text of the language; may hold several statements separated by `;` or newlines.
    public var code: String
    /// The exact text shown, or nil when it is long or depends on the machine; the code still runs in the tests.
    public var shows: String?

    /// An example.
    public init(_ code: String, shows: String? = nil) {
      self.code = code
      self.shows = shows
    }
  }

  /// Makes a record.
  public init(
    _ name: String, topic: String, summary: String, parameters: [Parameter] = [], returns: String = "nil",
    details: String = "", examples: [Example] = [], errors: [String] = [], seeAlso: [String] = [],
    body: @escaping @Sendable (Call) throws -> Value
  ) {
    self.name = name
    self.topic = topic
    self.summary = summary
    self.parameters = parameters
    self.returns = returns
    self.details = details
    self.examples = examples
    self.errors = errors
    self.seeAlso = seeAlso
    self.body = body
  }
}

/// One argument of a builtin.
public struct Parameter: Sendable {
  /// The name by which it may be given.
  public var name: String
  /// The kinds of value it accepts, in the words of `type(x)`: `number`, `integer` (a whole number), `model`, …;
  /// empty for any. The call is refused with an error at the argument when the value is of another kind. A `measure`
  /// is accepted where `number` is.
  public var kinds: [String]
  /// What happens when it is left out.
  public var presence: Presence
  /// Whether it must be given by name (it stands after `*`).
  public var byNameOnly: Bool
  /// One line for help, with units and shape.
  public var help: String
  /// Strings that make sense here, for completion; nil where any may.
  public var choices: (@Sendable () -> [String])?

  /// The same parameter with strings that completion offers inside quotes. They are asked for when Tab is pressed.
  public func offering(_ choices: @escaping @Sendable () -> [String]) -> Parameter {
    var parameter = self
    parameter.choices = choices
    return parameter
  }

  /// What happens when an argument is left out.
  public enum Presence: Sendable {
    /// Leaving it out is an error.
    case required
    /// It has this value, which help shows as a literal.
    case defaults(Value)
    /// It is absent (`Call.given` is false); help shows this text, such as `2·rank`.
    case optional(String)
    /// It takes all remaining arguments by position, as a list.
    case rest
  }

  /// Describes a parameter.
  public init(
    _ name: String, _ kinds: String..., presence: Presence = .required, byNameOnly: Bool = false, help: String = ""
  ) {
    self.name = name
    self.kinds = kinds
    self.presence = presence
    self.byNameOnly = byNameOnly
    self.help = help
  }
}

/// What a builtin may ask of the session that calls it.
public protocol CallSession: AnyObject, Sendable {
  /// The seed of `seed(n)`, from which calls without a seed of their own draw.
  var seed: UInt64 { get set }
  /// Writes text to the session's standard output.
  func write(_ text: String)
  /// How values are shown now.
  var style: DisplayStyle { get }
  /// Calls a function value.
  func apply(_ function: FunctionValue, to arguments: [Value]) throws -> Value
  /// Calls a function value with one argument, as `map` does for each element.
  func apply(_ function: FunctionValue, to argument: Value) throws -> Value
  /// All builtins, for `help`.
  var builtins: [Builtin] { get }
  /// The folder against which relative paths of the running file are resolved, for `import`.
  var directory: String { get }
}

extension CallSession {
  /// Unless a session knows a shorter way: a call with a list of one.
  public func apply(_ function: FunctionValue, to argument: Value) throws -> Value {
    try apply(function, to: [argument])
  }
}
