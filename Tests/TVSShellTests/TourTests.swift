import Testing

@testable import TVSShell

@Suite("The tour")
struct TourTests {
  @Test("docs/tour.md has twenty-five lines, and what it shows is what happens", .timeLimit(.minutes(2)))
  func tour() throws {
    let root = Path.folder(of: Path.folder(of: Path.folder(of: #filePath)))
    let page = try System.text(of: Path.joined(root, "docs/tour.md"))
    let parts = page.split(separator: "```\n", omittingEmptySubsequences: false)
    try #require(parts.count == 3)
    let text = String(parts[1])
    #expect(Transcript(text, isComplete: { _ in true }).entries.count == 25)
    for mismatch in TranscriptTest.run(text) {
      Issue.record(
        """
        \(mismatch.entry.line): \(mismatch.entry.input)
        expected: \(mismatch.entry.output.joined(separator: "\n"))
        got: \(mismatch.output.joined(separator: "\n"))
        """)
    }
  }
}
