import Synchronization
import TVSLanguage

/// A stream whose text can be listened to.
final class LoggedStream: OutputStream {
  private let stream: any OutputStream
  private let listener = Mutex<CollectedText?>(nil)

  init(_ stream: any OutputStream) { self.stream = stream }

  func write(_ text: String) { write(text, logged: text) }

  /// Writes a text, of which a log gets another version.
  func write(_ text: String, logged: String) {
    stream.write(text)
    listener.withLock { $0?.add(logged) }
  }

  /// Sends a copy of everything to a collection, or to nobody.
  func listen(_ text: CollectedText?) { listener.withLock { $0 = text } }
}

/// Text that is collected from several streams, without escape sequences.
final class CollectedText: Sendable {
  private let text = Mutex("")

  func add(_ more: String) { text.withLock { $0 += more } }

  /// The lines so far.
  func take() -> [String] {
    let all = text.withLock { text in
      defer { text = "" }
      return text
    }
    var lines = all.replacing(/\u{1B}\[[0-9;?]*[A-Za-z]/, with: "").split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .map(String.init)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}

/// The transcript that `:log` keeps: what was typed and what came out, in the form that `tvs test` runs.
final class SessionLog {
  let path: String
  private let collected = CollectedText()

  /// Begins a transcript in a new file.
  init(path: String) throws(System.Failure) {
    self.path = path
    try System.append("A transcript kept by :log; tvs test \(Path.name(of: path)) runs it.\n\n", to: path, mode: 0o644)
  }

  func listen(to session: Session) {
    session.output.listen(collected)
    session.errors.listen(collected)
  }

  /// Drops what has come out since the last entry.
  func forget() { _ = collected.take() }

  /// Writes an entry and what came of it.
  func add(_ entry: String, _ outcome: Session.Outcome) throws(System.Failure) {
    let output = collected.take()
    // An interruption does not happen again in a test.
    if outcome == .interrupted { return }
    let lines = entry.split(separator: "\n", omittingEmptySubsequences: false)
    let input = zip(lines.indices, lines).map { row, line in
      (row == 0 ? Transcript.prompt : Transcript.continuation) + line
    }
    try System.append((input + output).map { $0 + "\n" }.joined(), to: path, mode: 0o644)
  }
}

extension Session {
  /// Begins or ends the transcript, or says whether there is one.
  func log(to path: String) -> Outcome {
    switch path {
    case "":
      output.write(
        transcript.map { "a transcript goes to \($0.path); :log off ends it\n" } ?? "no transcript is kept\n")
    case "off":
      guard let log = transcript else { return refuse(Diagnostic(.notSupported, "no transcript is kept", range: nil)) }
      endLog()
      output.write("the transcript is in \(log.path)\n")
    default: return beginLog(path)
    }
    return .ready
  }

  private func beginLog(_ path: String) -> Outcome {
    if System.kind(of: path) != nil {
      return refuse(Diagnostic(.file, "\(path) is already there", range: nil, help: "choose another name"))
    }
    do throws(System.Failure) {
      endLog()
      let log = try SessionLog(path: path)
      let earlier = interpreter.globalNames.isEmpty ? "" : "; it begins here, without what the names hold already"
      output.write("a transcript goes to \(path)\(earlier)\n")
      log.listen(to: self)
      transcript = log
    } catch {
      return refuse(Diagnostic(.file, "cannot write \(path): \(error.reason)", range: nil))
    }
    // A test shows values in 80 columns and counts its prompts from 1.
    fixedWidth = 80
    count = 0
    return .ready
  }

  private func endLog() {
    output.listen(nil)
    errors.listen(nil)
    transcript = nil
    fixedWidth = nil
  }

  /// Runs an entry and writes it to the transcript, if there is one.
  func logging(_ entry: String, _ run: () -> Outcome) -> Outcome {
    guard let log = transcript, !isLogging else { return run() }
    isLogging = true
    let outcome = run()
    isLogging = false
    guard log === transcript else { return outcome }
    let word = entry.dropFirst().prefix { !$0.isWhitespace }
    let command = entry.hasPrefix(":") ? SessionCommand(abbreviated: String(word)) : nil
    // What needs a person, or is about the log itself.
    if let command, [.edit, .log, .page, .quit, .walkthrough].contains(command) {
      log.forget()
      return outcome
    }
    do throws(System.Failure) { try log.add(entry, outcome) } catch {
      endLog()
      return refuse(Diagnostic(.file, "the transcript ends here: \(log.path): \(error.reason)", range: nil))
    }
    return outcome
  }
}
