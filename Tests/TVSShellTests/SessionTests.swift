import Testing

@testable import TVSShell

/// Transcripts in `Tests/Sessions`, run by the shell itself, and the program that runs them.
@Suite("Transcripts under test")
struct SessionTests {
  /// `Tests/Sessions`.
  static let folder = Path.joined(Path.folder(of: Path.folder(of: #filePath)), "Sessions")
  static let transcripts = System.entries(of: folder).filter { $0.hasSuffix(".txt") }

  @Test("what is on paper happens", arguments: transcripts)
  func transcript(_ name: String) throws {
    let text = try System.text(of: Path.joined(Self.folder, name))
    for mismatch in TranscriptTest.run(text) {
      Issue.record(
        """
        \(name):\(mismatch.entry.line): \(mismatch.entry.input)
        expected:
        \(mismatch.entry.output.joined(separator: "\n"))
        got:
        \(mismatch.output.joined(separator: "\n"))
        """)
    }
  }

  @Test("there are transcripts, and each has prompts")
  func presence() throws {
    #expect(Self.transcripts.count >= 5)
    for name in Self.transcripts {
      #expect(Transcript.isTranscript(try System.text(of: Path.joined(Self.folder, name))))
    }
  }

  @Test("an output that differs is found, with its line")
  func mismatch() {
    let found = TranscriptTest.run("tvs> 1 + 1\n2\ntvs> 2 + 2\n5\ntvs> 3\n3\n")
    #expect(found.map(\.entry.line) == [3])
    #expect(found.map(\.output) == [["4"]])
    #expect(TranscriptTest.run("tvs> 1\n").count == 1)
    #expect(TranscriptTest.run("tvs> 1 / 0\nerror…\n…\n").isEmpty)
  }

  @Test("tvs test runs folders, says what failed, counts, and has status 1 on failure")
  func command() throws {
    let scratch = try Scratch()
    try System.makeFolder(scratch.path("deep"))
    try scratch.write("good.txt", "tvs> 1 + 1\n2\n")
    try scratch.write("deep/bad.txt", "tvs> 1 + 1\n3\n")
    let result = try Piped.run(["test", scratch.folder])
    #expect(result.status == 1)
    #expect(result.output.hasSuffix("1 passed, 1 failed\n"))
    #expect(result.output.contains("bad.txt:1: 1 + 1"))
    let good = try Piped.run(["test", scratch.path("good.txt")])
    #expect(good.status == 0)
    #expect(good.output == "1 passed, 0 failed\n")
    #expect(try Piped.run(["test", scratch.path("none")]).status == 1)
  }

  @Test("tvs test runs a script's expectations, and fails when one does not hold")
  func scripts() throws {
    let scratch = try Scratch()
    try scratch.write("good.tvs", "1 + 1 # expect: 2\n---\n1 / 0 # error: E0208\n")
    try scratch.write("bad.tvs", "1 + 1 # expect: 3\n")
    try scratch.write("broken.tvs", "nosuchname\n")
    let good = try Piped.run(["test", scratch.path("good.tvs")])
    #expect(good.status == 0)
    #expect(good.output == "1 passed, 0 failed\n")
    let all = try Piped.run(["test", scratch.folder])
    #expect(all.status == 1)
    #expect(all.output.contains("bad.tvs:1"))
    #expect(all.output.hasSuffix("1 passed, 2 failed\n"))
  }

  @Test("what :save wrote, :load brings back, and nothing else is overwritten")
  func saving() throws {
    let scratch = try Scratch()
    try scratch.write("mine.tvs", "precious = 1\n")
    let entries = "fn f(x) {\n2 * x\n}\ny = f(4)\n1/0\n:save \(scratch.path("s.tvs"))\n"
    let terminal = try Terminal()
    try terminal.expectPrompt()
    // The editor indents the lines of a block by itself.
    for line in entries.split(separator: "\n") { terminal.enter(String(line)) }
    try terminal.expect("2 entries saved")
    terminal.enter(":save \(scratch.path("mine.tvs"))")
    try terminal.expect("error[E0301]")
    #expect(try scratch.read("mine.tvs") == "precious = 1\n")
    let loaded = try Piped.run([], input: ":load \(scratch.path("s.tvs"))\nf(y)\n:save \(scratch.path("s.tvs"))\n")
    #expect(loaded.output.hasPrefix("16\n"))
    #expect(try scratch.read("s.tvs").contains("fn f(x) {\n  2 * x\n}\ny = f(4)\n"))
  }

  @Test("the manual and the library are found by TVS_LIBRARY, from any folder")
  func library() throws {
    let scratch = try Scratch()
    for folder in ["stdlib", "docs/errors", "walkthroughs"] { try System.makeFolder(scratch.path(folder)) }
    try scratch.write("docs/errors/E0203.md", "# E0203\nSymptom.\n")
    try scratch.write("stdlib/greeting.tvs", "fn hello() { \"hello\" }\n")
    try scratch.write("walkthroughs/01-first.tvs", "#: # First steps\n#:\n#: - Time: 2 s\nx = 6\n#: Then\nx * 7\n")
    let environment = ["TVS_LIBRARY": scratch.folder]
    #expect(try Piped.run(["explain", "e0203"], environment: environment).output == "# E0203\nSymptom.\n")
    let unknown = try Piped.run(["explain", "E9999"], environment: environment)
    #expect(unknown.status == 1)
    #expect(unknown.errors.contains("E0203"))
    let module = try Piped.run(["-e", "import greeting; greeting.hello()"], environment: environment, folder: "/")
    #expect(module.output == "\"hello\"\n")
    let list = try Piped.run(["walkthrough"], environment: environment)
    #expect(list.output.contains("01-first  2 s  First steps\n"))
    let walk = try Piped.run(["walkthrough", "first"], environment: environment)
    #expect(walk.status == 0)
    #expect(walk.output.contains("tvs> x * 7\n42\n"))
  }
}
