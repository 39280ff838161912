import Checkpoints
import TVSBuiltins
import TVSLanguage

/// One session: names and their values, what was shown, and what was entered.
///
/// It knows no terminal: the shell, piped input, transcripts under test and walkthroughs all feed it text.
final class Session {
  /// How an entry ended.
  enum Outcome: Equatable {
    case ready
    case failed
    case interrupted
    /// `:quit` or `exit(n)`, with the exit status.
    case leave(Int32)
  }

  let interpreter: Interpreter
  let output: LoggedStream
  let errors: LoggedStream
  let ink: Ink
  let installation: Installation
  /// The entries that ran to their end, for `:save`.
  private(set) var entries: [String] = []
  /// The values shown, `_1` first.
  private(set) var shown: [Value] = []
  /// Seconds that the last entry took; 0 for one that ran nothing.
  private(set) var seconds = 0.0
  /// Asks the user, as walkthroughs do; nil where nobody is there.
  var asker: (any LineAsker)?
  /// The entries of earlier sessions and this one, for `:history`.
  var history: () -> [String] = { [] }
  /// Columns to show values in; nil takes those of the window.
  var fixedWidth: Int?
  /// The transcript that `:log` keeps.
  var transcript: SessionLog?
  /// What the names held before their last change, for `:undo`.
  var changes = ChangedNames()
  /// Whether what runs now belongs to an entry that the transcript gets as a whole.
  var isLogging = false
  /// Adds an entry to the history.
  var remembered: (String) -> Void = { _ in }
  /// Opens `$EDITOR` or `$PAGER`; nil where nobody is there.
  var terminal: (any TerminalPrograms)?
  var count = 0

  init(output: any OutputStream, errors: any OutputStream, ink: Ink, installation: Installation = .current) {
    let output = LoggedStream(output)
    self.output = output
    self.errors = LoggedStream(errors)
    self.ink = ink
    self.installation = installation
    interpreter = Program.interpreter(output: output, installation: installation)
    interpreter.style.color = ink.isOn
  }

  /// Whether a text is a whole entry, so that Enter runs it.
  func isComplete(_ text: String) -> Bool {
    if isForSession(text) { return true }
    if Transcript.isTranscript(text) {
      return Transcript(text, isComplete: isComplete).entries.last.map { isComplete($0.input) } ?? true
    }
    if case .incomplete = interpreter.completeness(of: text) { return false }
    return true
  }

  private func isForSession(_ text: String) -> Bool {
    guard let first = text.first(where: { !$0.isWhitespace }) else { return false }
    return first == ":" || first == "?"
  }

  /// Runs an entry: text of the language, a question, a session command, or a pasted transcript.
  ///
  /// - Parameter line: the line on which the entry stands in its file, so that errors name the right one.
  func enter(_ text: String, source: String? = nil, line: Int = 1) -> Outcome {
    let entry = Columns.trimmed(text)
    if entry.isEmpty { return .ready }
    if !isForSession(entry), Transcript.isTranscript(entry) {
      for part in Transcript(entry, isComplete: isComplete).entries {
        let outcome = enter(part.input)
        if outcome != .ready { return outcome }
      }
      return .ready
    }
    return logging(entry) { perform(entry: entry, source: source, line: line) }
  }

  private func perform(entry: String, source: String?, line: Int) -> Outcome {
    if isForSession(entry) {
      seconds = 0
      let outcome = perform(String(entry.drop(while: \.isWhitespace)))
      // The steps of a walkthrough have said what they took.
      if entry.hasPrefix(":w") { seconds = 0 }
      return outcome
    }
    count += 1
    // Errors count lines from the start of the text.
    let lead = String(repeating: "\n", count: line - 1)
    return run(SourceText(name: source ?? "<prompt \(count)>", text: lead + entry), as: entry)
  }

  /// Brings back the values of a session file, or runs a script in this session; its names stay.
  func load(_ path: String) -> Outcome {
    if path.hasSuffix(SessionFile.ending) || SessionFile.isSession(path) { return loadValues(from: path) }
    do {
      let text = try System.text(of: path)
      return run(SourceText(name: path, text: text), as: Columns.trimmed(text))
    } catch {
      return refuse(Program.unreadable(path, because: error))
    }
  }

  private func run(_ source: SourceText, as entry: String) -> Outcome {
    interpreter.style.width = width
    if fixedWidth == nil {
      interpreter.style.height = TerminalSize.current.rows
      interpreter.style.pixels = TerminalSize.pixels
    }
    let began = ContinuousClock.now
    let before = NamedValues(interpreter.globals)
    defer { changes.note(before, interpreter.globals) }
    defer { seconds = began.duration(to: .now).inSeconds }
    do throws(TVSLanguage.Failure) {
      for value in try interpreter.runEntry(source) { remember(value) }
      entries.append(entry)
      return .ready
    } catch {
      return explain(error, seconds: began.duration(to: .now).inSeconds)
    }
  }

  /// Columns to show things in.
  var width: Int { fixedWidth ?? TerminalSize.current.columns }

  func remember(_ value: Value) {
    shown.append(value)
    interpreter.globals.set("_", value)
    interpreter.globals.set("_\(shown.count)", value)
  }

  /// A session at one moment, to come back to.
  struct Mark {
    fileprivate var names: NamedValues
    fileprivate var shown: [Value]
    fileprivate var entries: Int
    fileprivate var seed: UInt64
    fileprivate var changes: ChangedNames
  }

  /// This moment.
  var mark: Mark {
    Mark(
      names: NamedValues(interpreter.globals), shown: shown, entries: entries.count, seed: interpreter.seed,
      changes: changes)
  }

  /// Makes names, shown values and the seed what they were.
  func goBack(to mark: Mark) {
    mark.names.restore(interpreter.globals)
    for number in 1...max(1, shown.count) where number > mark.shown.count { interpreter.globals.remove("_\(number)") }
    for (index, value) in mark.shown.enumerated() { interpreter.globals.set("_\(index + 1)", value) }
    if let last = mark.shown.last { interpreter.globals.set("_", last) } else { interpreter.globals.remove("_") }
    shown = mark.shown
    entries.removeLast(max(0, entries.count - mark.entries))
    interpreter.seed = mark.seed
    changes = mark.changes
  }

  /// Says why something did not run to its end.
  func explain(_ failure: TVSLanguage.Failure, seconds: Double) -> Outcome {
    switch failure {
    case .errors(let diagnostics):
      for diagnostic in diagnostics { errors.write(diagnostic.rendered(color: ink.isOn) + "\n") }
      return .failed
    case .interrupted(let interrupted, let range):
      Cancellation.take()
      errors.write(Notice.interruption(interrupted, at: range, seconds: seconds) + "\n")
      return .interrupted
    case .exit(let status):
      return .leave(status)
    }
  }

  /// Reports something that the session itself cannot do, in the form of the language's errors.
  func refuse(_ diagnostic: Diagnostic) -> Outcome {
    errors.write(diagnostic.rendered(color: ink.isOn) + "\n")
    return .failed
  }
}

/// Sentences that the shell says about what ran.
enum Notice {
  /// `interrupted after 2.36 s in train, step 412 of 2000`
  static func interruption(_ interrupted: Interrupted, at range: SourceRange?, seconds: Double) -> String {
    var text = "interrupted after \(Figures.duration(max(seconds, interrupted.seconds)))"
    if !interrupted.activity.isEmpty { text += " in \(interrupted.activity)" }
    if let step = interrupted.step {
      text += ", step \(step)"
      if let total = interrupted.total { text += " of \(total)" }
    }
    // In an entry of one line the place is plain to see.
    if let range, !range.source.name.hasPrefix("<prompt") || range.line > 1 { text += "\n  \(range.place)" }
    return text
  }
}
