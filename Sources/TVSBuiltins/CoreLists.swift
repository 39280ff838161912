import Checkpoints
import TVSLanguage

extension CoreBuiltins {
  static let lists = [len, range, sort, zipped, enumerated, reverse, keys, values]

  private static let len = Builtin(
    "len", topic: "core", summary: "Counts the elements of a list, record, string or tensor.",
    parameters: [Parameter("x", help: "characters are counted in a string, rows in a tensor or table")],
    returns: "number",
    examples: [Builtin.Example("len([1, 2, 3])", shows: "3"), Builtin.Example("len(\"Δw\")", shows: "2")],
    errors: ["E0213"]
  ) { call in
    switch call["x"] {
    case .list(let elements): return Value(elements.count)
    case .string(let text): return Value(text.count)
    case .record(let fields): return Value(fields.count)
    case .native(let native): if let length = native.length { return Value(length) }
    default: break
    }
    throw ErrorReport(.notSupported, "\(call["x"].article) has no length", argument: "x")
  }

  // MARK: - Counting

  /// The most elements that a list of a range may have; one takes 32 bytes.
  private static let rangeLimit = 1 << 26

  private static let range: Builtin = {
    var builtin = Builtin(
      "range", topic: "core", summary: "Lists the numbers from one bound up to, but not including, another.",
      parameters: [
        Parameter("a", "number", help: "the first number; the bound when it stands alone, counting from 0"),
        Parameter("b", "number", presence: .optional("a, counting from 0"), help: "the bound"),
        Parameter("step", "number", presence: .defaults(.number(1)), help: "the distance, also negative"),
      ],
      returns: "list", details: "In for x in range(…) the numbers are made one at a time and take no memory.",
      examples: [
        Builtin.Example("range(4)", shows: "[0, 1, 2, 3]"), Builtin.Example("range(10, 0, -3)", shows: "[10, 7, 4, 1]"),
      ],
      errors: ["E0209", "E0401"], seeAlso: ["enumerate", "zip"]
    ) { call in
      let numbers = try progression(call)
      guard numbers.count <= rangeLimit, MemoryLimit.allows(numbers.count * 32) else {
        throw ErrorReport(
          .tooLarge,
          "a list of \(NumberText.grouped(numbers.count)) numbers takes \(NumberText.bytes(Double(numbers.count) * 32))",
          help: "for x in range(…) makes no list; arange(…) makes a tensor")
      }
      return .list((0..<numbers.count).map { .number(numbers[$0]) })
    }
    builtin.progression = progression
    return builtin
  }()

  @Sendable
  private static func progression(_ call: Call) throws -> Progression {
    let first = try call.number("a")
    let hasBound = call.isGiven("b")
    let (start, end) = hasBound ? (first, try call.number("b")) : (0, first)
    let step = try call.number("step")
    guard step != 0, step.isFinite else {
      throw ErrorReport(.invalidArgument, "the step of a range is not \(NumberText.shortest(step))", argument: "step")
    }
    guard let progression = Progression(from: start, to: end, step: step) else {
      throw ErrorReport(.invalidArgument, "the range has no end", help: "to repeat without end, write while true { … }")
    }
    return progression
  }

  // MARK: - Order

  private static let sort = Builtin(
    "sort", topic: "core", summary: "Puts elements in order, the smallest first.",
    parameters: [
      Parameter("x", help: "a list of numbers, strings or lists, or a tensor"),
      Parameter(
        "by", "function", presence: .optional("the elements themselves"), byNameOnly: true,
        help: "gives what is compared"),
      Parameter("descending", "bool", presence: .defaults(.bool(false)), byNameOnly: true, help: "the largest first"),
    ],
    returns: "list or tensor", details: "Equal elements keep their order.",
    examples: [
      Builtin.Example("sort([3, 1, 2])", shows: "[1, 2, 3]"),
      Builtin.Example("sort([\"pear\", \"fig\"], by=len)", shows: "[\"fig\", \"pear\"]"),
    ],
    errors: ["E0202", "E0213"], seeAlso: ["reverse", "min", "max"]
  ) { call in
    let descending = try call.bool("descending")
    if case .native(let native) = call["x"], !call.isGiven("by"), let sorted = try native.mapped("sort") {
      guard descending, case .native(let ascending) = sorted else { return sorted }
      return try ascending.mapped("reverse") ?? sorted
    }
    let elements = try call.elements("x")
    var keys = elements
    if call.isGiven("by") {
      let key = try call.function("by")
      keys = try elements.map { try call.apply(key, $0) }
    }
    // Sorting positions keeps equal elements in their order.
    let order = try keys.indices.sorted { a, b in
      let (first, second) = descending ? (keys[b], keys[a]) : (keys[a], keys[b])
      guard let isLess = try first.isLess(than: second) else {
        throw ErrorReport(.wrongKind, "\(keys[a].article) and \(keys[b].article) have no order", argument: "x")
      }
      return isLess
    }
    return .list(order.map { elements[$0] })
  }

  private static let reverse = Builtin(
    "reverse", topic: "core", summary: "Turns the order of a list, string or tensor around.",
    parameters: [Parameter("x", help: "a list, string, or tensor (along its first axis)")], returns: "the same kind",
    examples: [Builtin.Example("reverse([1, 2, 3])", shows: "[3, 2, 1]")], errors: ["E0213"], seeAlso: ["sort"]
  ) { call in
    switch call["x"] {
    case .string(let text): return .string(String(text.reversed()))
    case .native(let native): if let reversed = try native.mapped("reverse") { return reversed }
    default: break
    }
    return .list(try call.elements("x").reversed())
  }

  // MARK: - Together

  private static let zipped = Builtin(
    "zip", topic: "core", summary: "Pairs up the elements of lists, as far as the shortest goes.",
    parameters: [Parameter("lists", presence: .rest, help: "two or more lists")], returns: "list of lists",
    examples: [
      Builtin.Example("zip([1, 2], [\"a\", \"b\"])", shows: "[[1, \"a\"], [2, \"b\"]]"),
      Builtin.Example("for a, b in zip([1, 2], [3, 4]) { print(a * b) }", shows: "3\n8"),
    ],
    errors: ["E0213"], seeAlso: ["enumerate"]
  ) { call in
    let columns = try call.list("lists").map { try elements(of: $0, argument: "lists") }
    let count = columns.map(\.count).min() ?? 0
    return .list((0..<count).map { index in .list(columns.map { $0[index] }) })
  }

  private static let enumerated = Builtin(
    "enumerate", topic: "core", summary: "Pairs each element with its number.",
    parameters: [
      Parameter("x", help: "a list, string or tensor"),
      Parameter("start", "integer", presence: .defaults(.number(0)), help: "the number of the first one"),
    ],
    returns: "list of pairs",
    examples: [Builtin.Example("enumerate([\"a\", \"b\"])", shows: "[[0, \"a\"], [1, \"b\"]]")],
    errors: ["E0213"], seeAlso: ["zip", "range"]
  ) { call in
    let start = try call.integer("start")
    return .list(try call.elements("x").enumerated().map { .list([.number(Double(start) + Double($0)), $1]) })
  }

  static func elements(of value: Value, argument: String) throws -> [Value] {
    switch value {
    case .list(let elements): return elements
    case .string(let text): return text.map { .string(String($0)) }
    case .native(let native): if let elements = try native.elements() { return elements }
    default: break
    }
    throw ErrorReport(.notSupported, "\(value.article) has no elements", argument: argument)
  }

  // MARK: - Records

  private static let keys = Builtin(
    "keys", topic: "core", summary: "Lists the names of a record's fields.",
    parameters: [Parameter("r", help: "a record, a module, or a value with fields")], returns: "list of strings",
    examples: [Builtin.Example("keys({name: \"sort\", length: 8})", shows: "[\"name\", \"length\"]")],
    errors: ["E0213"],
    seeAlso: ["values"]
  ) { call in
    switch call["r"] {
    case .record(let fields): return .list(fields.keys.map { .string($0) })
    case .module(let module): return .list(module.memberNames.map { .string($0) })
    case .native(let native): return .list(native.fieldNames.map { .string($0) })
    default: throw ErrorReport(.notSupported, "\(call["r"].article) has no fields", argument: "r")
    }
  }

  private static let values = Builtin(
    "values", topic: "core", summary: "Lists the values of a record's fields.",
    parameters: [Parameter("r", "record", help: "a record")], returns: "list",
    examples: [Builtin.Example("values({a: 1, b: 2})", shows: "[1, 2]")], seeAlso: ["keys"]
  ) { call in
    guard case .record(let fields) = call["r"] else { return .list([]) }
    return .list(Array(fields.values))
  }
}
