import OrderedCollections
import TVSLanguage

extension CoreBuiltins {
  static let reflection = [type, same, provenance, string, number]

  private static let type = Builtin(
    "type", topic: "core", summary: "Gives the kind of a value.", parameters: [Parameter("x", help: "any value")],
    returns: "string", examples: [Builtin.Example("type([1, 2])", shows: "\"list\"")], seeAlso: ["help", "provenance"]
  ) { .string($0["x"].kind) }

  private static let same = Builtin(
    "same", topic: "core", summary: "Tells whether two values are identical.",
    parameters: [Parameter("a", help: "any value"), Parameter("b", help: "any value")], returns: "bool",
    details: "Unlike ==, which compares tensors element by element and measures by their number.",
    examples: [
      Builtin.Example("same([1, 2], [1, 2])", shows: "true"), Builtin.Example("same(nan, nan)", shows: "true"),
    ],
    errors: ["E0212"]
  ) { .bool(try $0["a"].isSame(as: $0["b"])) }

  private static let provenance = Builtin(
    "provenance", topic: "core", summary: "Gives the expression, seed and model digests that made a value.",
    parameters: [Parameter("x", help: "any value")], returns: "record, or nil for plain values",
    examples: [Builtin.Example("provenance(3)")], seeAlso: ["seed"]
  ) { call in
    guard case .native(let native) = call["x"], let origin = native.provenance else { return .nil }
    return .record([
      "expression": .string(origin.expression), "seed": origin.seed.map { .number(Double($0)) } ?? .nil,
      "digests": .list(origin.digests.map { .string($0) }),
    ])
  }

  private static let string = Builtin(
    "string", topic: "core", summary: "Gives a value as text.", parameters: [Parameter("x", help: "any value")],
    returns: "string",
    details: "A string stays as it is; other values become literals. To format a number, write f\"{x:.3f}\".",
    examples: [Builtin.Example("string([1, \"a\"])", shows: #""[1, \"a\"]""#)], seeAlso: ["number", "print"]
  ) { .string($0["x"].plainText) }

  private static let number = Builtin(
    "number", topic: "core", summary: "Reads a number from text, or gives the number of a bool or measure.",
    parameters: [Parameter("s", "string", "number", "bool", help: "such as \"2.5e-3\"")], returns: "number",
    examples: [Builtin.Example("number(\"2.5e-3\")", shows: "0.0025"), Builtin.Example("number(true)", shows: "1")],
    errors: ["E0209"], seeAlso: ["string"]
  ) { call in
    switch call["s"] {
    case .bool(let flag): return .number(flag ? 1 : 0)
    case .string(let text):
      let plain = text.filter { $0 != "_" && !$0.isWhitespace }
      guard let number = Double(plain) else {
        throw ErrorReport(.invalidArgument, "\(Value.string(text).summary()) is not a number", argument: "s")
      }
      return .number(number)
    default: return .number(try call.number("s"))
    }
  }
}
