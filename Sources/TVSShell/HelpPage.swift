import TVSLanguage

/// What help says about one function, wherever it comes from.
struct HelpPage {
  /// One argument.
  struct Argument {
    var name: String
    /// What it accepts, such as `number or list`.
    var kinds: String
    var help: String
  }

  var name: String
  /// The name for calling it, with its arguments one by one.
  var signature: [String]
  var returns: String
  var summary: String
  var arguments: [Argument] = []
  var details = ""
  var examples: [Builtin.Example] = []
  var errors: [String] = []
  var seeAlso: [String] = []

  /// The page of a builtin.
  init(_ builtin: Builtin) {
    name = builtin.name
    returns = builtin.returns
    summary = builtin.summary
    details = builtin.details
    examples = builtin.examples
    errors = builtin.errors
    seeAlso = builtin.seeAlso
    signature = []
    var isByNameOnly = false
    for parameter in builtin.parameters {
      if parameter.byNameOnly && !isByNameOnly {
        isByNameOnly = true
        if !signature.contains(where: { $0.hasSuffix("…") }) { signature.append("*") }
      }
      signature.append(parameter.signature)
    }
    arguments = builtin.parameters.map { parameter in
      Argument(name: parameter.name, kinds: parameter.kinds.joined(separator: " or "), help: parameter.explanation)
    }
  }

  /// The page of a function: of its record, or of its doc comment.
  init(_ function: FunctionValue, called name: String) {
    if let builtin = function.builtin {
      self.init(builtin)
      return
    }
    let written = function.signature
    // Everything between the outer brackets, in one piece: the text of a default may hold commas of its own.
    let inner = written.drop { $0 != "(" }.dropFirst().dropLast()
    self.init(
      name: name, signature: inner.isEmpty ? [] : [String(inner)], returns: "",
      summary: function.documentation?.summary ?? "No doc comment: ## lines straight above its fn would show here.")
    // The text begins with the summary, which has its own place.
    let text = function.documentation?.text ?? ""
    let rest = text.hasPrefix(summary) ? text.dropFirst(summary.count) : text[...]
    details = String(rest.drop(while: \.isWhitespace))
    examples = function.documentation?.examples ?? []
  }

  private init(name: String, signature: [String], returns: String, summary: String) {
    self.name = name
    self.signature = signature
    self.returns = returns
    self.summary = summary
  }

  /// The page as lines: one screen, or all there is.
  func lines(ink: Ink, width: Int, isWhole: Bool) -> [String] {
    var lines = heading(ink: ink, width: width)
    lines += Columns.wrapped(summary, to: width, indent: "  ")
    lines += argumentLines(ink: ink, width: width)
    if isWhole && !details.isEmpty { lines += [""] + Columns.wrapped(details, to: width, indent: "  ") }
    // On one screen, the first one whose output is known.
    let shown = isWhole ? examples : (examples.first { $0.shows != nil } ?? examples.first).map { [$0] } ?? []
    if !shown.isEmpty {
      lines += ["", ink.bold(shown.count == 1 ? "Example" : "Examples")]
      for example in shown { lines += exampleLines(example, ink: ink, width: width) }
    }
    if isWhole && !errors.isEmpty {
      lines += ["", ink.bold("Errors") + "   " + errors.joined(separator: ", ") + "  (tvs explain \(errors[0]))"]
    }
    if !seeAlso.isEmpty {
      lines.append("")
      lines += Columns.wrapped(seeAlso.joined(separator: ", "), to: width, indent: "See also ", hanging: "         ")
        .map { ink.bold(String($0.prefix(8))) + $0.dropFirst(8) }
    }
    if !isWhole && (!details.isEmpty || examples.count > 1) { lines += ["", ink.dim("??\(name) says more.")] }
    return lines
  }

  /// The signature, broken between arguments where it is longer than the window.
  private func heading(ink: Ink, width: Int) -> [String] {
    let ending = returns.isEmpty || returns == "nil" ? ")" : ") → \(returns)"
    let hanging = String(repeating: " ", count: min(name.count + 1, 12))
    var lines: [String] = []
    var line = "\(name)("
    for (index, part) in signature.enumerated() {
      let piece = part + (index + 1 < signature.count ? "," : ending)
      let gap = line.hasSuffix("(") || line.allSatisfy { $0 == " " } ? "" : " "
      if !gap.isEmpty && Columns.width(of: line + gap + piece) > width {
        lines.append(line)
        line = hanging + piece
      } else {
        line += gap + piece
      }
    }
    lines.append(signature.isEmpty ? line + ending : line)
    lines[0] = ink.bold(name) + lines[0].dropFirst(name.count)
    return lines
  }

  /// The statements of a line, each for itself. A semicolon inside brackets or quotes ends none.
  static func statements(_ line: String) -> [Substring] {
    var parts: [Substring] = []
    var start = line.startIndex
    var depth = 0
    var isQuoted = false
    for index in line.indices {
      switch line[index] {
      case "\"": isQuoted.toggle()
      case "(", "[", "{": depth += isQuoted ? 0 : 1
      case ")", "]", "}": depth -= isQuoted ? 0 : 1
      case ";" where depth == 0 && !isQuoted:
        parts.append(line[start..<index])
        start = line.index(after: index)
      default: break
      }
    }
    return (parts + [line[start...]]).map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
  }

  private func argumentLines(ink: Ink, width: Int) -> [String] {
    let described = arguments.filter { !$0.help.isEmpty || !$0.kinds.isEmpty }
    if described.isEmpty { return [] }
    let nameWidth = described.map { Columns.width(of: $0.name) }.max() ?? 0
    let kindWidth = min(described.map { Columns.width(of: $0.kinds) }.max() ?? 0, 18)
    var lines = ["", ink.bold("Arguments")]
    for argument in described {
      let start =
        "  \(Columns.padded(argument.name, to: nameWidth))  \(Columns.padded(argument.kinds, to: kindWidth))  "
      let hanging = String(repeating: " ", count: min(nameWidth + kindWidth + 6, width / 2))
      // Kinds too long for their column have a line of their own.
      let isLong = Columns.width(of: argument.kinds) > kindWidth && !argument.help.isEmpty
      if isLong { lines.append(Columns.trimmed(start)) }
      let text = Columns.wrapped(argument.help, to: width, indent: isLong ? hanging : start, hanging: hanging)
      lines += text.map(Columns.trimmed)
    }
    return lines
  }

  private func exampleLines(_ example: Builtin.Example, ink: Ink, width: Int) -> [String] {
    let room = width - 2 - Transcript.prompt.count
    let code = example.code.split(whereSeparator: \.isNewline).flatMap { line in
      Columns.width(of: line) > room ? Self.statements(String(line)) : [line]
    }
    var lines = zip(code.indices, code).map { row, line in
      "  " + ink.dim(row == 0 ? Transcript.prompt : Transcript.continuation) + line
    }
    if let shows = example.shows { lines += shows.split(whereSeparator: \.isNewline).map { "  \($0)" } }
    return lines
  }
}

extension Parameter {
  /// As it stands in a signature: `steps`, `lr=0.001`, `rank=2·rank`, `shape…`.
  var signature: String {
    switch presence {
    case .required: name
    case .defaults(let value): "\(name)=\(value.summary(limit: 24))"
    case .optional(let text): text.isEmpty || text.contains(" ") ? "\(name)=…" : "\(name)=\(text)"
    case .rest: "\(name)…"
    }
  }

  /// Its help, and what happens without it where the signature does not show that.
  var explanation: String {
    guard case .optional(let text) = presence, text.contains(" ") else { return help }
    return help.isEmpty ? "default: \(text)" : "\(help) (default: \(text))"
  }
}
