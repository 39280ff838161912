import Checkpoints
import TVSLanguage

/// Runs a transcript as a test: every entry in one session, every output compared.
struct TranscriptTest {
  /// An entry whose output was another one.
  struct Mismatch {
    var entry: Transcript.Entry
    var output: [String]
  }

  /// Runs the entries of a transcript in a fresh session and gives those whose output differs.
  static func run(_ text: String) -> [Mismatch] {
    let collected = CollectedOutput()
    let session = Session(output: collected, errors: collected, ink: Ink(isOn: false))
    session.fixedWidth = 80
    var mismatches: [Mismatch] = []
    for entry in Transcript(text, isComplete: session.isComplete).entries {
      let outcome = session.enter(entry.input)
      var output = collected.take().split(separator: "\n", omittingEmptySubsequences: false)
        .map { Columns.trimmed(String($0)) }
      while output.last?.isEmpty == true { output.removeLast() }
      if !Transcript.matches(output[...], expected: entry.output[...]) {
        mismatches.append(Mismatch(entry: entry, output: output))
      }
      if case .leave = outcome { break }
      if outcome == .interrupted { break }
    }
    return mismatches
  }
}
