import Checkpoints
import TVSLanguage

extension Session {
  /// Runs a line that begins with `:` or `?`.
  func perform(_ line: String) -> Outcome {
    if line.hasPrefix("?") { return answer(line) }
    let words = line.dropFirst().split(separator: " ", maxSplits: 1).map(String.init)
    let name = words.first ?? "help"
    let rest = words.count > 1 ? Columns.trimmed(words[1]) : ""
    guard let command = SessionCommand(abbreviated: name) else {
      let names = SessionCommand.allCases.map(\.rawValue)
      let near = Spelling.nearest(to: name, among: names).map { "did you mean :\($0)?" }
      return refuse(
        Diagnostic(
          .unknownChoice, "there is no session command :\(name)", range: nil,
          help: near ?? "the commands are \(names.map { ":\($0)" }.joined(separator: " "))"))
    }
    if ["EXPR", "PATH"].contains(command.usage) && rest.isEmpty {
      return refuse(
        Diagnostic(
          .arity, ":\(command.rawValue) needs \(command.usage)", range: nil,
          help: "type :\(command.rawValue) \(command == .time ? "sum(range(1000))" : "work.tvw")"))
    }
    switch command {
    case .edit: return edit()
    case .help: write(help.overview())
    case .history: showHistory(last: rest)
    case .load: return load(Path.typed(rest))
    case .log: return log(to: Path.typed(rest))
    case .page: return page(rest)
    case .quit: return .leave(0)
    case .save: return save(to: Path.typed(rest))
    case .set: return set(rest)
    case .time: return time(rest)
    case .undo: return undo(rest)
    case .vars: showNames()
    case .walkthrough: return walk(rest)
    }
    return .ready
  }

  /// Help in the words and the width of this session.
  var help: Help {
    Help(session: interpreter, ink: ink, width: min(width, 100))
  }

  /// What Tab offers in this session now.
  var completion: Completion {
    Completion(interpreter: interpreter, walkthroughs: installation.walkthroughs)
  }

  private func answer(_ line: String) -> Outcome {
    let marks = line.prefix { $0 == "?" }.count
    let subject = line.dropFirst(marks).split(separator: " ").joined(separator: " ")
    if subject.isEmpty {
      write(help.overview())
    } else if marks >= 3 {
      write(help.search(subject))
    } else if let page = help.page(for: subject, isWhole: marks == 2) {
      write(page)
    } else {
      let near = help.nearest(to: subject).map { "type ?\($0), or " } ?? ""
      return refuse(
        Diagnostic(
          .unknownName, "there is no help on \(subject)", range: nil,
          help: near + "search with ???\(subject)"))
    }
    return .ready
  }

  func write(_ lines: [String]) { output.write(lines.map { $0 + "\n" }.joined()) }

  private func time(_ expression: String) -> Outcome {
    let outcome = enter(expression)
    // A log is compared, and times differ.
    if outcome == .ready { output.write(ink.dim(Figures.duration(seconds)) + "\n", logged: "…\n") }
    return outcome
  }

  private func showHistory(last: String) {
    let all = history()
    let kept = Int(last).map { all.suffix(max(0, $0)) } ?? all[...]
    let digits = String(all.count).count
    for (index, entry) in zip(kept.indices, kept) {
      let number = String(index + 1)
      let margin = String(repeating: " ", count: digits)
      let lines = entry.split(separator: "\n", omittingEmptySubsequences: false)
      output.write(
        zip(lines.indices, lines).map { row, line in
          (row == 0 ? String(repeating: " ", count: digits - number.count) + ink.dim(number) : margin) + "  \(line)\n"
        }.joined())
    }
  }

  /// The names, what kind they are, and the value in the room that is left.
  private func showNames() {
    let names = interpreter.globalNames.filter { !Self.isShownValue($0) }.sorted()
    if names.isEmpty && shown.isEmpty {
      output.write("no names yet\n")
      return
    }
    let nameWidth = min(names.map(Columns.width).max() ?? 0, width / 3)
    let kinds = names.map { interpreter.globals.value(of: $0)?.kind ?? "" }
    let kindWidth = kinds.map(\.count).max() ?? 0
    for (name, kind) in zip(names, kinds) {
      guard let value = interpreter.globals.value(of: name) else { continue }
      let line =
        "\(Columns.padded(name, to: nameWidth))  \(Columns.padded(kind, to: kindWidth))  \(value.summary(limit: width))"
      output.write(Columns.cut(line, to: width) + "\n")
    }
    if !shown.isEmpty {
      output.write(ink.dim("shown values: \(shown.count == 1 ? "_1" : "_1 to _\(shown.count)"); _ is the last") + "\n")
    }
  }

  /// Whether a name is `_` or one of `_1`, `_2`, …
  static func isShownValue(_ name: String) -> Bool {
    name.first == "_" && name.dropFirst().allSatisfy { ("0"..."9").contains($0) }
  }
}
