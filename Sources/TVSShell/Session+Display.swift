import TVSLanguage

/// What `:edit` and `:page` need of a terminal.
protocol TerminalPrograms: AnyObject {
  /// Lets the user change a text; nil if the editor failed.
  func edit(_ text: String) throws(System.Failure) -> String?
  /// Shows a text page by page.
  func page(_ text: String) throws(System.Failure)
}

extension Session {
  /// Sets how values are shown, or says it.
  func set(_ words: String) -> Outcome {
    let parts = words.split(separator: " ").map(String.init)
    let style = interpreter.style
    switch (parts.first, parts.count) {
    case (nil, _): write(["digits  \(style.digits)", "rows    \(style.rows)"])
    case ("digits", 1): write(["digits  \(style.digits)"])
    case ("rows", 1): write(["rows    \(style.rows)"])
    case ("digits", 2): return set(&interpreter.style.digits, to: parts[1], in: 1...17, called: "digits")
    case ("rows", 2): return set(&interpreter.style.rows, to: parts[1], in: 3...100_000, called: "rows")
    default:
      let near = Spelling.nearest(to: parts[0], among: ["digits", "rows"]).map { "did you mean :set \($0)?" }
      return refuse(
        Diagnostic(
          .unknownChoice, "there is no setting \(parts.joined(separator: " "))", range: nil,
          help: near ?? ":set digits 4 and :set rows 20 are the settings, and their values at first"))
    }
    return .ready
  }

  private func set(_ setting: inout Int, to text: String, in range: ClosedRange<Int>, called name: String) -> Outcome {
    guard let number = Int(text), range.contains(number) else {
      return refuse(
        Diagnostic(
          .invalidArgument, "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound), not \(text)",
          range: nil, help: "as in :set \(name) \(name == "digits" ? 4 : 20)"))
    }
    setting = number
    return .ready
  }

  /// Shows all rows of a value, in a pager where there is a terminal.
  func page(_ expression: String) -> Outcome {
    let text = expression.isEmpty ? "_" : expression
    let value: Value
    interpreter.style.width = width
    do throws(TVSLanguage.Failure) {
      value = try interpreter.evaluate(SourceText(name: "<prompt \(count + 1)>", text: text))
    } catch {
      return explain(error, seconds: 0)
    }
    if case .nil = value { return .ready }
    var style = interpreter.style
    style.rows = 1_000_000
    let shown = value.display(style) + "\n"
    do throws(System.Failure) {
      guard let terminal else {
        output.write(shown)
        return .ready
      }
      StandardOutput.shared.flush()
      try terminal.page(shown)
      return .ready
    } catch {
      return refuse(
        Diagnostic(
          .file, "the pager did not start: \(error.reason)", range: nil, help: "PAGER names it; less is the usual one"))
    }
  }

  /// Opens the last entry in the user's editor and runs what comes back.
  func edit() -> Outcome {
    guard let terminal else {
      return refuse(Diagnostic(.notSupported, ":edit needs a terminal", range: nil))
    }
    let last = history().last { !$0.hasPrefix(":") && !$0.hasPrefix("?") } ?? ""
    StandardOutput.shared.flush()
    let edited: String
    do throws(System.Failure) {
      guard let text = try terminal.edit(last.isEmpty ? "" : last + "\n") else {
        return refuse(
          Diagnostic(
            .file, "the editor ended with an error, so nothing runs", range: nil, help: "VISUAL or EDITOR names it")
        )
      }
      edited = Columns.trimmed(text)
    } catch {
      return refuse(
        Diagnostic(.file, "the editor did not start: \(error.reason)", range: nil, help: "VISUAL or EDITOR names it"))
    }
    if edited.isEmpty || edited == last {
      output.write("nothing has changed, so nothing runs\n")
      return .ready
    }
    let lines = edited.split(separator: "\n", omittingEmptySubsequences: false)
    write(
      zip(lines.indices, lines).map { row, line in
        ink.dim(row == 0 ? Transcript.prompt : Transcript.continuation) + line
      })
    remembered(edited)
    // The transcript gets what was edited, not the command.
    let outer = isLogging
    isLogging = false
    defer { isLogging = outer }
    transcript?.forget()
    return enter(edited)
  }
}
