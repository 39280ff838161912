import Foundation
import TVSLanguage
import Workers

extension CoreBuiltins {
  static let control = [time, now, seed, exit, error, assertion]

  private static let time = Builtin(
    "time", topic: "core", summary: "Calls a function without arguments and gives the seconds it took.",
    parameters: [Parameter("f", "function", help: "such as () -> train(m, data, steps=10)")],
    returns: "number, in seconds",
    examples: [Builtin.Example("time(() -> sum(range(1000))) < 10", shows: "true")], errors: ["E0202"]
  ) { call in
    let function = try call.function("f")
    let clock = ContinuousClock()
    let start = clock.now
    _ = try call.apply(function)
    let (seconds, attoseconds) = start.duration(to: clock.now).components
    // A script may decide by it, so that all workers take the first one's clock.
    return .number(try Team.current.agreed("time") { Double(seconds) + Double(attoseconds) * 1e-18 })
  }

  private static let now = Builtin(
    "now", topic: "core", summary: "The time of day, in seconds since the beginning of 1970.", parameters: [],
    returns: "number, in seconds",
    details: "The difference of two is the time between, as long as nobody sets the clock.",
    examples: [Builtin.Example("begun = now(); now() - begun < 10", shows: "true")], seeAlso: ["time"]
  ) { _ in .number(try Team.current.agreed("now") { Date().timeIntervalSince1970 }) }

  private static let seed = Builtin(
    "seed", topic: "core", summary: "Sets the seed of calls that have none of their own.",
    parameters: [
      Parameter(
        "n", "integer", presence: .optional("the seed now in force is given"), help: "a whole number, not negative")
    ],
    returns: "nil, or the seed", examples: [Builtin.Example("seed(7); seed()", shows: "7")], errors: ["E0209"],
    seeAlso: ["provenance"]
  ) { call in
    guard call.isGiven("n") else { return .number(Double(call.session.seed)) }
    guard let seed = UInt64(exactly: try call.integer("n")) else {
      throw ErrorReport(.invalidArgument, "a seed is not negative", argument: "n")
    }
    call.session.seed = seed
    return .nil
  }

  private static let exit = Builtin(
    "exit", topic: "core", summary: "Leaves the program.",
    parameters: [
      Parameter("n", "integer", presence: .defaults(.number(0)), help: "the exit status, 0 to 255; 0 is success")
    ],
    examples: [Builtin.Example("if false { exit(1) }", shows: "")], errors: ["E0209"]
  ) { call in
    let status = try call.integer("n")
    guard (0...255).contains(status) else {
      throw ErrorReport(.invalidArgument, "an exit status is between 0 and 255", argument: "n")
    }
    throw ExitRequest(status: Int32(status))
  }

  private static let error = Builtin(
    "error", topic: "core", summary: "Stops with an error of your own.",
    parameters: [
      Parameter("message", help: "what is wrong"),
      Parameter("help", "string", presence: .optional("no help line"), byNameOnly: true, help: "what to do instead"),
    ],
    returns: "nothing",
    examples: [Builtin.Example("try { error(\"no data\") } catch e { e.message }", shows: "\"no data\"")],
    errors: ["E0211"], seeAlso: ["assert"]
  ) { call in
    throw ErrorReport(.raised, call["message"].plainText, help: call.isGiven("help") ? try call.string("help") : nil)
  }

  /// `assert` is a statement of the language; the record is its help, and makes it a function where one is passed on.
  private static let assertion = Builtin(
    "assert", topic: "core", summary: "Stops with an error unless a condition holds.",
    parameters: [
      Parameter("condition", help: "what should be true"),
      Parameter("message", presence: .optional("the condition"), help: "what is wrong"),
    ],
    details: "Written as a statement: assert cond, \"message\".",
    examples: [Builtin.Example("assert 1 < 2, \"order\"", shows: "")], errors: ["E0210"], seeAlso: ["error"]
  ) { call in
    if try call["condition"].truth() { return .nil }
    throw ErrorReport(
      .assertion, call.isGiven("message") ? call["message"].plainText : "the assertion does not hold",
      argument: "condition")
  }
}
