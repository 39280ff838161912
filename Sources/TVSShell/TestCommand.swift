import Checkpoints
import TVSLanguage

/// `tvs test`: scripts with expectations, and transcripts.
struct TestCommand {
  private var passed = 0
  private var failed = 0
  private let ink = Ink.wanted(on: 1)

  /// Runs all tests under the paths, says what failed, and gives the exit status.
  static func run(_ paths: [String]) -> Int32 {
    var command = TestCommand()
    for path in paths {
      guard System.kind(of: path) != nil else {
        StandardError.write(
          Program.unreadable(path, because: System.Failure(code: 2)).rendered(color: command.ink.isOn) + "\n")
        return 1
      }
      for file in files(under: path) {
        if Cancellation.isRequested { return Program.interruptedStatus }
        command.check(file)
      }
    }
    Program.say("\(command.passed) passed, \(command.failed) failed")
    return command.failed == 0 ? 0 : 1
  }

  /// A file itself; of a folder all scripts and transcripts, sorted by path.
  private static func files(under path: String) -> [String] {
    if System.kind(of: path) == .file { return [path] }
    return System.entries(of: path).filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
      let inner = Path.joined(path, name)
      if System.kind(of: inner) == .folder { return files(under: inner) }
      return name.hasSuffix(".tvs") || name.hasSuffix(".txt") ? [inner] : []
    }
  }

  private mutating func check(_ file: String) {
    let text: String
    do {
      text = try System.text(of: file)
    } catch {
      fail(file, ["cannot be read: \(error.reason)"])
      return
    }
    let problems = isTranscript(file, text) ? transcriptProblems(text, in: file) : scriptProblems(text, in: file)
    if problems.isEmpty { passed += 1 } else { fail(file, problems) }
  }

  /// A transcript may have any name but that of a script.
  private func isTranscript(_ file: String, _ text: String) -> Bool {
    file.hasSuffix(".txt") || (!file.hasSuffix(".tvs") && Transcript.isTranscript(text))
  }

  private func scriptProblems(_ text: String, in file: String) -> [String] {
    ScriptExpectations(SourceText(name: file, text: text))
      .mismatches { Program.interpreter(output: $0, installation: .current) }
      .map(\.description)
  }

  private func transcriptProblems(_ text: String, in file: String) -> [String] {
    TranscriptTest.run(text).flatMap { mismatch in
      ["\(file):\(mismatch.entry.line): \(mismatch.entry.input.split(separator: "\n").first ?? "")"]
        + mismatch.entry.output.map { "  expected | \($0)" } + mismatch.output.map { "  got      | \($0)" }
    }
  }

  private mutating func fail(_ file: String, _ problems: [String]) {
    failed += 1
    StandardOutput.shared.write("\(ink.red("failed")) \(file)\n" + problems.map { "  \($0)\n" }.joined())
  }
}
