import Checkpoints
import TVSLanguage

extension CoreBuiltins {
  static let strings =
    [split, join, replace, contains, lines, find, count, repeated]
    + [
      transform("trim", "Takes white space off both ends.", #"trim("  a b ")"#, #""a b""#) { trimmed($0) },
      transform("upper", "Gives the text in capitals.", #"upper("lora")"#, #""LORA""#) { $0.uppercased() },
      transform("lower", "Gives the text in small letters.", #"lower("LoRA")"#, #""lora""#) { $0.lowercased() },
      test("startswith", "Tells whether a text begins with another.", #"startswith("blocks.2", "blocks")"#) {
        $0.hasPrefix($1)
      },
      test("endswith", "Tells whether a text ends with another.", #"endswith("x.npy", ".npy")"#) { $0.hasSuffix($1) },
      removing(
        "removeprefix", "Takes a text off the beginning, if it stands there.",
        #"removeprefix("blocks.2.attn", "blocks.")"#, #""2.attn""#
      ) { $0.hasPrefix($1) ? String($0.dropFirst($1.count)) : $0 },
      removing(
        "removesuffix", "Takes a text off the end, if it stands there.", #"removesuffix("x.npy", ".npy")"#, #""x""#
      ) { $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0 },
    ]

  private static let text = Parameter("text", "string", help: "the text")

  private static func transform(
    _ name: String, _ summary: String, _ example: String, _ shows: String,
    _ function: @escaping @Sendable (String) -> String
  ) -> Builtin {
    Builtin(
      name, topic: "core", summary: summary, parameters: [text], returns: "string",
      examples: [Builtin.Example(example, shows: shows)],
      seeAlso: ["upper", "lower", "trim", "replace"].filter { $0 != name }
    ) { .string(function(try $0.string("text"))) }
  }

  private static func test(
    _ name: String, _ summary: String, _ example: String, _ function: @escaping @Sendable (String, String) -> Bool
  ) -> Builtin {
    Builtin(
      name, topic: "core", summary: summary,
      parameters: [text, Parameter("part", "string", help: "what is looked for")],
      returns: "bool", examples: [Builtin.Example(example, shows: "true")], seeAlso: ["contains"]
    ) { .bool(function(try $0.string("text"), try $0.string("part"))) }
  }

  private static func removing(
    _ name: String, _ summary: String, _ example: String, _ shows: String,
    _ function: @escaping @Sendable (String, String) -> String
  ) -> Builtin {
    Builtin(
      name, topic: "core", summary: summary,
      parameters: [text, Parameter("part", "string", help: "what is taken off")], returns: "string",
      examples: [Builtin.Example(example, shows: shows)], seeAlso: ["startswith", "endswith", "trim"]
    ) { .string(function(try $0.string("text"), try $0.string("part"))) }
  }

  private static func trimmed(_ text: String) -> String {
    let start = text.drop { $0.isWhitespace }
    let end = start.reversed().drop { $0.isWhitespace }
    return String(end.reversed())
  }

  private static let contains = Builtin(
    "contains", topic: "core", summary: "Tells whether a text, list or record holds something.",
    parameters: [
      Parameter("x", help: "a text, list, record or subspace"), Parameter("item", help: "what is looked for"),
    ],
    returns: "bool", details: "The same as item in x.",
    examples: [Builtin.Example(#"contains("mod-add", "add")"#, shows: "true")], errors: ["E0202"],
    seeAlso: ["startswith", "endswith"]
  ) { call in
    do {
      return .bool(try call["x"].contains(call["item"]))
    } catch var report as ErrorReport {
      report.argument = report.argument == "left" ? "item" : "x"
      throw report
    }
  }

  private static let split = Builtin(
    "split", topic: "core", summary: "Cuts a text into a list of parts.",
    parameters: [
      text,
      Parameter(
        "separator", "string", presence: .optional("white space of any length"), help: "what stands between the parts"),
    ],
    returns: "list of strings",
    examples: [
      Builtin.Example(#"split("a,b,,c", ",")"#, shows: #"["a", "b", "", "c"]"#),
      Builtin.Example(#"split(" to be  or ")"#, shows: #"["to", "be", "or"]"#),
    ],
    errors: ["E0209"], seeAlso: ["join"]
  ) { call in
    let text = try call.string("text")
    guard call.isGiven("separator") else {
      return .list(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
    }
    let separator = try call.string("separator")
    guard !separator.isEmpty else {
      throw ErrorReport(
        .invalidArgument, "an empty separator stands everywhere",
        help: "the characters of a text are [c for c in text]",
        argument: "separator")
    }
    return .list(parts(of: text, separator).map { .string($0) })
  }

  private static func parts(of text: String, _ separator: String) -> [String] {
    var parts: [String] = []
    var rest = text[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }

  private static let join = Builtin(
    "join", topic: "core", summary: "Puts a list of texts together.",
    parameters: [
      Parameter("list", help: "its elements are written as print writes them"),
      Parameter("separator", "string", presence: .defaults(.string("")), help: "stands between the parts"),
    ],
    returns: "string", examples: [Builtin.Example(#"join(["a", "b"], ", ")"#, shows: #""a, b""#)], errors: ["E0213"],
    seeAlso: ["split"]
  ) { call in
    let separator = try call.string("separator")
    let elements = try call.elements("list")
    try MemoryLimit.require(elements.count * separator.utf8.count)
    return .string(elements.map(\.plainText).joined(separator: separator))
  }

  private static let replace = Builtin(
    "replace", topic: "core", summary: "Puts one text in the place of another, everywhere.",
    parameters: [
      text, Parameter("old", "string", help: "what is replaced"),
      Parameter("new", "string", help: "what stands there then"),
    ],
    returns: "string", examples: [Builtin.Example(#"replace("a-b-c", "-", "+")"#, shows: #""a+b+c""#)],
    errors: ["E0209"],
    seeAlso: ["split", "join"]
  ) { call in
    let old = try call.string("old")
    guard !old.isEmpty else { throw ErrorReport(.invalidArgument, "an empty text stands everywhere", argument: "old") }
    let parts = parts(of: try call.string("text"), old)
    let new = try call.string("new")
    try MemoryLimit.require(parts.count * new.utf8.count)
    return .string(parts.joined(separator: new))
  }

  // MARK: - Counting and finding

  private static let lines = Builtin(
    "lines", topic: "core", summary: "Cuts a text into its lines.", parameters: [text], returns: "list of strings",
    details: "The newline at the end of a text begins no further line.",
    examples: [Builtin.Example(#"lines("a\nb")"#, shows: #"["a", "b"]"#)], seeAlso: ["split", "read"]
  ) { call in
    var lines = try call.string("text").split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if lines.last?.isEmpty ?? false { lines.removeLast() }
    return .list(lines.map { .string(String($0)) })
  }

  private static let searched = [
    Parameter("x", "string", "list", help: "a text or a list"), Parameter("item", help: "what is looked for"),
  ]

  private static let find = Builtin(
    "find", topic: "core", summary: "Gives the first position of a part of a text or an element of a list.",
    parameters: searched, returns: "number, or nil when it is not there",
    examples: [
      Builtin.Example(#"find("mod-add", "add")"#, shows: "4"), Builtin.Example("find([4, 5, 6], 6)", shows: "2"),
    ],
    errors: ["E0202"], seeAlso: ["contains", "count"]
  ) { call in
    if case .list(let elements) = call["x"] {
      let item = call["item"]
      return try elements.firstIndex { try $0.isEqual(to: item) }.map { Value($0) } ?? .nil
    }
    let text = try call.string("x")
    let part = try call.string("item")
    if part.isEmpty { return Value(0) }
    return text.firstRange(of: part).map { Value(text.distance(from: text.startIndex, to: $0.lowerBound)) } ?? .nil
  }

  private static let count = Builtin(
    "count", topic: "core", summary: "Counts how often a text holds another, or a list an element.",
    parameters: searched, returns: "number",
    details: "Occurrences in a text do not overlap; len(x) counts all elements.",
    examples: [
      Builtin.Example(#"count("banana", "an")"#, shows: "2"), Builtin.Example("count([1, 2, 1], 1)", shows: "2"),
    ],
    errors: ["E0202", "E0209"], seeAlso: ["find", "len", "filter"]
  ) { call in
    if case .list(let elements) = call["x"] {
      let item = call["item"]
      return Value(try elements.count { try $0.isEqual(to: item) })
    }
    let part = try call.string("item")
    guard !part.isEmpty else {
      throw ErrorReport(.invalidArgument, "an empty text stands everywhere", argument: "item")
    }
    return Value(parts(of: try call.string("x"), part).count - 1)
  }

  private static let repeated = Builtin(
    "repeat", topic: "core", summary: "Puts a text or list behind itself a number of times.",
    parameters: [
      Parameter("x", "string", "list", help: "a text or a list"), Parameter("n", "integer", help: "how often"),
    ],
    returns: "the same kind", details: "The same as x * n.",
    examples: [Builtin.Example(#"repeat("-", 8)"#, shows: #""--------""#)], errors: ["E0209", "E0401"],
    seeAlso: ["join", "range"]
  ) { call in
    guard try call.integer("n") >= 0 else {
      throw ErrorReport(.invalidArgument, "nothing can be repeated \(call["n"].literal) times", argument: "n")
    }
    do {
      return try call["x"].applying(.multiply, call["n"])
    } catch var report as ErrorReport {
      report.argument = "n"
      throw report
    }
  }
}
