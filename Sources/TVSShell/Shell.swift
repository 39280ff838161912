import CCheckpoint
import Checkpoints

/// The loop of the prompt.
struct Shell {
  private let session: Session
  private let ink: Ink

  /// Results that took longer say so.
  static let notable = 1.0

  init() {
    ink = Ink.wanted(on: 1)
    session = Session(output: StandardOutput.shared, errors: ErrorStream(), ink: ink)
    session.interpreter.style.show(PictureSupport.current)
  }

  /// Runs the shell on whatever standard input is, until it ends; gives the exit status.
  func run(walkthrough: String? = nil) -> Int32 {
    guard System.isTerminal(0) else { return runPiped() }
    let isEditable = System.isTerminal(1) && !["", "dumb"].contains(System.environment("TERM") ?? "")
    let editor =
      isEditable
      ? Editor(
        history: History(path: History.standardPath), isFinished: session.isComplete,
        completions: { session.completion.candidates(for: $0) }) : nil
    let lines = LineReader()
    session.asker = TerminalAsker(output: session.output, ink: ink, editor: editor, lines: lines)
    if let editor {
      session.history = { editor.history.entries }
      session.remembered = editor.remember
      session.terminal = UserPrograms()
    }
    if let walkthrough {
      let outcome = session.walk(walkthrough)
      if case .leave(let status) = outcome { return status }
      // A name that means no walkthrough: there is nothing to stay for.
      if outcome == .failed { return Program.status(of: outcome) }
    } else {
      session.output.write("tvs \(Program.version). Type ? for help.\n")
    }
    guard let editor else { return runPlain(lines) }
    while true {
      StandardOutput.shared.flush()
      switch editor.read(prompt: prompt) {
      case .interrupted: continue
      case .end:
        session.output.write("\n")
        return 0
      case .entry(let text):
        let entry = Columns.trimmed(text)
        editor.remember(entry)
        if case .leave(let status) = report(session.enter(entry)) { return status }
      }
    }
  }

  /// The prompt; escape sequences stand between bytes of value 1, and not at its end.
  private var prompt: String {
    ink.isOn ? "\u{1}\u{1B}[1;36m\u{1}tvs>\u{1}\u{1B}[0m\u{1} " : Transcript.prompt
  }

  private func report(_ outcome: Session.Outcome) -> Session.Outcome {
    if outcome == .ready && session.seconds > Self.notable {
      session.output.write(ink.dim(Figures.duration(session.seconds)) + "\n")
    }
    return outcome
  }

  // MARK: - Without an editor

  /// On a terminal that cannot move its cursor: one line at a time.
  private func runPlain(_ lines: LineReader) -> Int32 {
    var entry = ""
    while true {
      session.output.write(entry.isEmpty ? Transcript.prompt : Transcript.continuation)
      StandardOutput.shared.flush()
      guard let line = lines.next() else {
        session.output.write("\n")
        if Cancellation.take() {
          entry = ""
          continue
        }
        return 0
      }
      entry += entry.isEmpty ? line : "\n" + line
      if !session.isComplete(entry) { continue }
      if case .leave(let status) = report(session.enter(entry)) { return status }
      entry = ""
    }
  }

  /// From a pipe or a file: no prompts; the first error ends it, as it ends a script.
  private func runPiped() -> Int32 {
    let lines = LineReader()
    var entry = ""
    var number = 0
    var first = 1
    while true {
      let line = lines.next()
      if let line {
        if entry.isEmpty { first = number + 1 }
        number += 1
        entry += entry.isEmpty ? line : "\n" + line
        if !session.isComplete(entry) { continue }
      }
      switch session.enter(entry, source: "<stdin>", line: first) {
      case .ready: break
      case .failed: return 1
      case .interrupted: return Program.interruptedStatus
      case .leave(let status): return status
      }
      entry = ""
      if line == nil { return Cancellation.take() ? Program.interruptedStatus : 0 }
    }
  }
}

/// Reads lines from standard input as they come.
final class LineReader {
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false

  /// The next line without its end; nil at the end of input or when an interrupt ends the wait.
  func next() -> String? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return text(start..<end)
      }
      searched = buffer.count
      if isAtEnd {
        defer { start = buffer.count }
        return start < buffer.count ? text(start..<buffer.count) : nil
      }
      buffer.removeFirst(start)
      searched -= start
      start = 0
      do {
        if let more = try System.read(0) { buffer += more } else { isAtEnd = true }
      } catch {
        if error.isInterruption && !Cancellation.isRequested { continue }
        return nil
      }
    }
  }

  private func text(_ range: Range<Int>) -> String {
    let line = buffer[range]
    return String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
  }
}
