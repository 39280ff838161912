import Testing

@testable import TVSShell

@Suite("Transcripts")
struct TranscriptTests {
  private func isBalanced(_ text: String) -> Bool {
    text.count { $0 == "{" } <= text.count { $0 == "}" }
  }

  @Test("prompts, continuations and outputs are told apart")
  func parts() {
    let text = """
      A remark.
      tvs> fn f(x) {
        x + 1
      }
      tvs> f(1)
      2

      tvs> if true {
      ...>   3
      ...> }
      3
      """
    let entries = Transcript(text, isComplete: isBalanced).entries
    #expect(entries.map(\.input) == ["fn f(x) {\n  x + 1\n}", "f(1)", "if true {\n  3\n}"])
    #expect(entries.map(\.output) == [[], ["2"], ["3"]])
    #expect(entries.map(\.line) == [2, 5, 8])
  }

  @Test("an ellipsis stands for any text, alone for any lines")
  func ellipsis() {
    #expect(Transcript.matches("took 2.36 s", expected: "took … s"))
    #expect(!Transcript.matches("took 2.36 ms!", expected: "took … s"))
    #expect(!Transcript.matches("ab", expected: "ab…ab"))
    #expect(Transcript.matches(["a", "b", "c"][...], expected: ["a", "…", "c"][...]))
    #expect(Transcript.matches(["a", "c"][...], expected: ["a", "…", "c"][...]))
    #expect(!Transcript.matches(["a", "b"][...], expected: ["a"][...]))
  }

  @Test("ordinary text is not a transcript")
  func ordinary() {
    #expect(!Transcript.isTranscript("x = \"tvs> \""))
    #expect(Transcript.isTranscript("tvs> x"))
    #expect(Transcript.isTranscript("3\ntvs> x"))
  }
}
