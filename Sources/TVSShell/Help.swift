import TVSLanguage

/// Answers `?`, `?name`, `??name` and `???words`.
struct Help {
  private let interpreter: Interpreter
  private let ink: Ink
  private let width: Int

  init(session interpreter: Interpreter, ink: Ink, width: Int) {
    self.interpreter = interpreter
    self.ink = ink
    self.width = width
  }

  private var builtins: [Builtin] { interpreter.builtins }

  /// The topics in the order in which the library has them.
  private var topics: [String] {
    var seen: Set<String> = []
    return builtins.map(\.topic).filter { seen.insert($0).inserted }
  }

  static let opening = "An expression shows its value, = names it. _ is the last value shown, _3 the third."

  /// The four most helpful things.
  static let best = [
    ("?train", "one screen on a function, a topic or a name of yours; ??train is all of it, ???angle a search"),
    ("Tab", "completes names, arguments, fields, files and models; again, it lists them"),
    ("Ctrl-C", "stops what runs; every name keeps its value"),
    (":walkthrough 1", "an experiment step by step"),
  ]

  static let keys = [
    ("Enter", "runs a complete entry, else begins a new line; Alt-Enter always does"),
    ("Up, Down", "lines of the entry, then earlier entries that begin as this one does"),
    ("Ctrl-R", "searches earlier entries"),
    ("Ctrl-Z", "suspends the shell; fg brings it back"),
    ("Ctrl-D", "leaves"),
  ]

  /// One screen about the shell itself.
  func overview() -> [String] {
    var lines = Columns.wrapped(Self.opening, to: width) + [""]
    lines += rows(Self.best) + [""] + rows(Self.keys)
    lines += ["", ink.bold("Topics") + ink.dim("  ?topic lists one")]
    lines += Columns.wrapped(topics.joined(separator: "  "), to: width, indent: "  ")
    lines += ["", ink.bold("Session")]
    lines += rows(
      SessionCommand.allCases.map { command in
        (":\(command.rawValue)" + (command.usage.isEmpty ? "" : " \(command.usage)"), command.summary)
      })
    return lines
  }

  /// What there is on a subject, or nil.
  func page(for subject: String, isWhole: Bool) -> [String]? {
    var subject = subject
    if subject.hasSuffix("()") { subject.removeLast(2) }
    if subject.hasPrefix(":"), let command = SessionCommand(abbreviated: String(subject.dropFirst())) {
      return rows([(":\(command.rawValue) \(command.usage)", command.summary)])
    }
    // A name of the user's hides a builtin of the same name, here as in the language.
    if let value = value(at: subject) { return page(on: value, called: subject, isWhole: isWhole) }
    return topics.contains(subject) ? topic(subject) : nil
  }

  /// The value of a path of names, such as `stats.median`. Evaluates nothing.
  private func value(at path: String) -> Value? {
    let parts = path.split(separator: ".").map(String.init)
    return interpreter.peek(parts)
  }

  private func page(on value: Value, called name: String, isWhole: Bool) -> [String] {
    switch value {
    case .function(let function):
      return HelpPage(function, called: name).lines(ink: ink, width: width, isWhole: isWhole)
    case .module(let module):
      let functions = module.memberNames.compactMap { name -> (String, String)? in
        guard let value = module.member(name) else { return nil }
        if case .function(let function) = value { return (name, HelpPage(function, called: name).summary) }
        return (name, value.kind)
      }
      return [ink.bold(name) + "  module", ""] + rows(functions)
    default:
      var lines = ["\(ink.bold(name))  \(value.kind)"]
      lines += value.display(interpreter.style).split(separator: "\n", omittingEmptySubsequences: false).map {
        "  \($0)"
      }
      let fields = interpreter.fieldNames(of: name.split(separator: ".").map(String.init))
      if !fields.isEmpty {
        lines +=
          [""] + Columns.wrapped(fields.joined(separator: ", "), to: width, indent: "Fields   ", hanging: "         ")
      }
      if case .native(let native) = value, let provenance = native.provenance {
        lines += ["", Columns.cut("Made by  \(provenance.expression)", to: width)]
      }
      return lines
    }
  }

  private func topic(_ name: String) -> [String] {
    let members = builtins.filter { $0.topic == name }
    return [ink.bold(name), ""] + rows(members.map { ($0.name, $0.summary) })
  }

  /// The functions whose help has all the words, those with a word in their name first.
  func search(_ words: String) -> [String] {
    let wanted = words.lowercased().split(separator: " ").map(String.init)
    let found = builtins.compactMap { builtin -> (Builtin, Int)? in
      let score = Self.score(builtin, wanted)
      return score > 0 ? (builtin, score) : nil
    }
    if found.isEmpty { return ["Nothing found on \(words). ? lists the topics."] }
    let ranked = found.enumerated().sorted { ($0.element.1, $1.offset) > ($1.element.1, $0.offset) }.map(\.element.0)
    var lines = rows(ranked.prefix(20).map { ($0.name, $0.summary) })
    if ranked.count > 20 { lines.append(ink.dim("  … and \(ranked.count - 20) more; add a word")) }
    return lines
  }

  /// How well a record answers: 0 if one of the words is nowhere.
  private static func score(_ builtin: Builtin, _ words: [String]) -> Int {
    let name = builtin.name.lowercased()
    let summary = builtin.summary.lowercased()
    let rest = ([builtin.topic, builtin.details] + builtin.parameters.map { "\($0.name) \($0.help)" })
      .joined(separator: " ").lowercased()
    var total = 0
    for word in words {
      let score = name == word ? 8 : name.contains(word) ? 4 : summary.contains(word) ? 2 : rest.contains(word) ? 1 : 0
      if score == 0 { return 0 }
      total += score
    }
    return total
  }

  /// The subject that was perhaps meant.
  func nearest(to subject: String) -> String? {
    Spelling.nearest(to: subject, among: builtins.map(\.name) + interpreter.globalNames + topics)
  }

  private func rows(_ rows: [(String, String)]) -> [String] {
    let nameWidth = min(rows.map { Columns.width(of: $0.0) }.max() ?? 0, max(10, width / 3))
    return rows.flatMap { name, text in
      Columns.wrapped(
        text, to: width, indent: "  \(Columns.padded(name, to: nameWidth))  ",
        hanging: String(repeating: " ", count: nameWidth + 4))
    }
  }
}
