import TVSLanguage

extension CoreBuiltins {
  static let strings =
    [split, join, replace, contains]
    + [
      transform("trim", "Takes white space off both ends.", #"trim("  a b ")"#, #""a b""#) { trimmed($0) },
      transform("upper", "Gives the text in capitals.", #"upper("lora")"#, #""LORA""#) { $0.uppercased() },
      transform("lower", "Gives the text in small letters.", #"lower("LoRA")"#, #""lora""#) { $0.lowercased() },
      test("startswith", "Tells whether a text begins with another.", #"startswith("blocks.2", "blocks")"#) {
        $0.hasPrefix($1)
      },
      test("endswith", "Tells whether a text ends with another.", #"endswith("x.npy", ".npy")"#) { $0.hasSuffix($1) },
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
    .string(try call.elements("list").map(\.plainText).joined(separator: try call.string("separator")))
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
    return .string(parts(of: try call.string("text"), old).joined(separator: try call.string("new")))
  }
}
