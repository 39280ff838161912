import TVSLanguage

extension CoreBuiltins {
  static let output = [printing, help]

  private static let printing = Builtin(
    "print", topic: "core", summary: "Writes values on a line, strings without their quotes.",
    parameters: [
      Parameter("values", presence: .rest, help: "what is written"),
      Parameter(
        "sep", "string", presence: .defaults(.string(" ")), byNameOnly: true, help: "stands between the values"),
      Parameter("end", "string", presence: .defaults(.string("\n")), byNameOnly: true, help: "ends the line"),
    ],
    examples: [
      Builtin.Example("print(\"loss\", 0.25)", shows: "loss 0.25"),
      Builtin.Example("print(1, 2, sep=\", \")", shows: "1, 2"),
    ],
    seeAlso: ["string", "write"]
  ) { call in
    let texts = try call.list("values").map(\.plainText)
    call.session.write(texts.joined(separator: try call.string("sep")) + (try call.string("end")))
    return .nil
  }

  private static let help = Builtin(
    "help", topic: "core", summary: "Shows how a function is used.",
    parameters: [
      Parameter(
        "f", presence: .optional("what helps most, and all functions by topic"),
        help: "a function, or the name of a builtin as a string")
    ],
    details: "At the prompt ?name is shorter, and ??name shows more.",
    examples: [
      Builtin.Example("help(len)"),
      Builtin.Example("fn half(x) { x / 2 }; help(half)"),
    ],
    errors: ["E0209"], seeAlso: ["type"]
  ) { call in
    switch call["f"] {
    case .function(let function): call.session.write(function.help(long: true) + "\n")
    case .string(let name):
      let builtins = call.session.builtins
      guard let builtin = builtins.first(where: { $0.name == name }) else {
        throw ErrorReport(
          .invalidArgument, "there is no builtin \(name)",
          help: Spelling.suggestion(for: name, among: builtins.map(\.name)) ?? "help() lists them all", argument: "f")
      }
      call.session.write(builtin.help(long: true) + "\n")
    case .nil: call.session.write(opening + "\n\n" + overview(call.session) + "\n")
    case let value:
      let fields = if case .native(let native) = value { native.fieldNames } else { [String]() }
      call.session.write(
        "\(value.article)\(fields.isEmpty ? "" : " with the fields " + fields.joined(separator: ", "))\n")
    }
    return .nil
  }

  /// What helps most, before the names.
  private static let opening = """
    The four most helpful things:
      ?train          one screen on a function; ??train is all of it, ???angle a search
      Tab             completes names, arguments, fields, files and models
      Ctrl-C          stops what runs; every name keeps its value
      :walkthrough 1  an experiment step by step
    """

  /// The names of all builtins by topic.
  private static func overview(_ session: any CallSession) -> String {
    var topics: [String] = []
    for builtin in session.builtins where !topics.contains(builtin.topic) { topics.append(builtin.topic) }
    return topics.map { topic in
      var lines = [topic]
      var line = " "
      for name in session.builtins.filter({ $0.topic == topic }).map(\.name) {
        if line.count + name.count + 1 > session.style.width {
          lines.append(line)
          line = " "
        }
        line += " " + name
      }
      return (lines + [line]).joined(separator: "\n")
    }.joined(separator: "\n")
  }
}
