import Testing

@testable import Checkpoints
@testable import TVSShell

@Suite("An entry being edited")
struct EntryTextTests {
  private let block = EntryText(text: "fn f(x) {\n  y = \"é日\"\n}", cursor: 0)

  @Test("the cursor goes up and down by columns, and stays within shorter lines")
  func lines() {
    var entry = block
    #expect(entry.moved(up: true) == nil)
    entry.cursor = 4
    #expect(entry.moved(up: false) == 14)
    entry.cursor = 14
    #expect(entry.moved(up: true) == 4)
    #expect(entry.moved(up: false) == entry.text.utf8.count)
    entry.cursor = entry.text.utf8.count
    #expect(entry.moved(up: false) == nil)
  }

  @Test("a cursor inside a character never traps")
  func strayCursor() {
    for cursor in -1...(block.text.utf8.count + 2) {
      let entry = EntryText(text: block.text, cursor: cursor)
      #expect((entry.before + entry.after) == block.text)
      _ = entry.moved(up: true)
      _ = entry.indentation
      _ = entry.backspace
    }
  }

  @Test("a new line is indented as its line is, and further after an opening bracket")
  func indentation() {
    #expect(EntryText(text: "fn f() {", cursor: 8).indentation == "  ")
    #expect(EntryText(text: "fn f() {\n  if x {", cursor: 17).indentation == "    ")
    #expect(EntryText(text: "fn f() {\n  x = 1", cursor: 16).indentation == "  ")
    #expect(EntryText(text: "x =", cursor: 3).indentation == "")
  }

  @Test("Backspace deletes a step of indentation or one visible character")
  func backspace() {
    #expect(EntryText(text: "{\n    ", cursor: 6).backspace == 2)
    #expect(EntryText(text: "{\n   ", cursor: 5).backspace == 1)
    #expect(EntryText(text: "日", cursor: 3).backspace == 3)
    #expect(EntryText(text: "e\u{301}", cursor: 3).backspace == 3)
    #expect(EntryText(text: "", cursor: 0).backspace == 0)
  }
}

@Suite("History")
struct HistoryTests {
  @Test("entries survive being written, with line ends and backslashes")
  func escaping() {
    for entry in ["a\\nb", "a\nb", "\\", "\\\\n", "f\"\\n\"\n\n", "日\n👩‍🔬"] {
      #expect(!History.escaped(entry).contains("\n"))
      #expect(History.unescaped(History.escaped(entry)) == entry)
    }
  }

  @Test("each entry is kept once, at its newest place, in memory and in the file")
  func duplicates() throws {
    let scratch = try Scratch()
    let path = scratch.path("deep/folder/history")
    var history = History(path: path)
    for entry in ["a", "b", "a", "  ", "a"] { history.add(entry) }
    #expect(history.entries == ["b", "a"])
    #expect(History(path: path).entries == ["b", "a"])
  }

  @Test("a walk goes through the entries that begin as the line does, and back to the line")
  func walk() {
    var history = History(path: nil)
    for entry in ["train(a)", "x = 1", "train(b)"] { history.add(entry) }
    var walk = HistoryWalk(from: "tr", prefix: "tr", in: history)
    #expect(walk.older() == "train(b)")
    #expect(walk.older() == "train(a)")
    #expect(walk.older() == nil)
    #expect(walk.newer() == "train(b)")
    #expect(walk.newer() == "tr")
    #expect(walk.newer() == nil)
  }
}

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

@Suite("Completions")
struct CompletionsTests {
  private func offered(_ names: String..., start: Int = 0, closing: String = "") -> Completions {
    Completions(start: start, candidates: names.map { .init(text: $0, detail: "what it is", closing: closing) })
  }

  @Test("the letters that all candidates share are inserted")
  func shared() {
    let entry = EntryText(text: "x = tr", cursor: 6)
    #expect(offered("train", "trajectory", start: 4).insertion(into: entry) == "a")
    #expect(offered("train", "trim", start: 4).insertion(into: entry) == "")
    #expect(offered("train", start: 4, closing: "=").insertion(into: entry) == "ain=")
    #expect(offered().insertion(into: entry) == nil)
  }

  @Test("what stands after the cursor is not inserted twice")
  func closing() {
    let entry = EntryText(text: "load(\"mod\")", cursor: 9)
    #expect(offered("model", start: 6, closing: "\"").insertion(into: entry) == "el")
  }

  @Test("lists fit the window")
  func listing() {
    let many = Completions(start: 0, candidates: (0..<500).map { .init(text: "name\($0)", detail: "long ") })
    for columns in [10, 40, 80, 200] {
      for rows in [5, 24, 60] {
        let lines = many.listing(in: TerminalSize(columns: columns, rows: rows)).split(separator: "\n")
        #expect(lines.count <= rows)
        #expect(lines.allSatisfy { Columns.width(of: $0) <= columns })
      }
    }
  }
}

@Suite("Progress")
struct ProgressTests {
  private func line(width: Int, step: Int = 412, loss: Double? = 1.2345) -> String {
    ProgressBar.line(
      for: Progress(activity: "train", step: step, total: 2000, seconds: 2.06, loss: loss), width: width)
  }

  @Test("a wide line has everything, and a narrow one keeps what matters")
  func widths() {
    let wide = line(width: 100)
    for part in ["train", "█", "412 of 2000", "200 steps/s", "loss 1.23", "7.94 s left"] {
      #expect(wide.contains(part), "\(wide)")
    }
    for width in 0...100 { #expect(Columns.width(of: line(width: width)) <= width) }
    #expect(line(width: 20) == "train  412 of 2000")
  }

  @Test("the bar grows by eighths, from empty to full")
  func bar() {
    #expect(ProgressBar.bar(0, cells: 4) == " ···")
    #expect(ProgressBar.bar(0.5, cells: 4) == "██ ·")
    #expect(ProgressBar.bar(1, cells: 4) == "████")
    #expect(ProgressBar.bar(7, cells: 4) == "████")
    for step in 0...1000 { #expect(ProgressBar.bar(Double(step) / 1000, cells: 13).count == 13) }
  }

  @Test("numbers and durations are short")
  func figures() {
    #expect(Figures.short(2.355) == "2.36" || Figures.short(2.355) == "2.35")
    #expect(Figures.short(183.2) == "183")
    #expect(Figures.short(0.0412) == "0.0412")
    #expect(Figures.short(12345678) == "1.23e7")
    #expect(Figures.short(.nan) == "nan")
    #expect(Figures.duration(0.412) == "412 ms")
    #expect(Figures.duration(2.36) == "2.36 s")
    #expect(Figures.duration(185) == "3 min 05 s")
    #expect(Figures.duration(3720) == "1 h 02 min")
    #expect(Figures.duration(.infinity) == "years")
  }
}

@Suite("Walkthroughs")
struct WalkthroughTests {
  @Test("a script is cut into steps of remarks and code, with the lines of the code")
  func steps() {
    let script = """
      # Recovery
      #
      # What forgetting leaves behind.

      x = 1
      # A second step.
      fn f(x) {
      # inside
        x
      }

      f(x)

      # The end.
      """
    let walkthrough = Walkthrough(script) { text in text.count { $0 == "{" } <= text.count { $0 == "}" } }
    #expect(walkthrough.title == "Recovery")
    #expect(walkthrough.steps.map(\.code) == ["x = 1", "fn f(x) {\n# inside\n  x\n}\n\nf(x)", ""])
    #expect(walkthrough.steps.map(\.line).prefix(2) == [5, 7])
    #expect(walkthrough.steps[2].text == ["The end."])
  }

  @Test("a number, a name or its beginning finds a walkthrough")
  func resolving() {
    let names = ["01-recovery", "02-steering", "03-search"]
    #expect(Walkthrough.resolve("1", among: names) == "01-recovery")
    #expect(Walkthrough.resolve("steering", among: names) == "02-steering")
    #expect(Walkthrough.resolve("rec", among: names) == "01-recovery")
    #expect(Walkthrough.resolve("s", among: names) == nil)
    #expect(Walkthrough.resolve("99999999999999999999", among: names) == nil)
  }
}

@Suite("Text in columns")
struct ColumnsTests {
  @Test("paragraphs break at spaces, and code lines stay as they are")
  func wrapping() {
    let lines = Columns.wrapped("one two three four\n  code stays whole and long", to: 9)
    #expect(lines == ["one two", "three", "four", "  code stays whole and long"])
    #expect(Columns.wrapped("", to: 10) == [""])
    #expect(Columns.wrapped("unbreakable", to: 3) == ["unbreakable"])
  }

  @Test("cutting counts wide characters as two columns")
  func cutting() {
    #expect(Columns.cut("日本語", to: 6) == "日本語")
    #expect(Columns.cut("日本語", to: 5) == "日本…")
    #expect(Columns.cut("abc", to: 2) == "a…")
  }
}

@Suite("The installation")
struct InstallationTests {
  @Test("parts are found beside an installed program, above a built one, and where TVS_LIBRARY says")
  func places() throws {
    let scratch = try Scratch()
    for folder in [
      "p/bin", "p/share/tvs/stdlib", "p/share/tvs/docs", "b/.build/release", "b/stdlib", "b/docs", "o/stdlib",
    ] {
      try System.makeFolder(scratch.path(folder))
    }
    try scratch.write("b/Package.swift", "")
    let root = scratch.folder
    let installed = Installation(executable: "\(root)/p/bin/tvs")
    #expect(installed.library == "\(root)/p/share/tvs/stdlib")
    #expect(installed.documents == "\(root)/p/share/tvs/docs")
    #expect(installed.walkthroughs == nil)
    #expect(Installation(executable: "\(root)/b/.build/release/tvs").library == "\(root)/b/stdlib")
    let overridden = Installation(executable: "\(root)/b/.build/release/tvs", override: "\(root)/o")
    #expect(overridden.library == "\(root)/o/stdlib")
    #expect(overridden.documents == "\(root)/b/docs")
    #expect(Installation(executable: "").library == nil)
  }
}
