import Testing

@testable import Reports
@testable import TVSBuiltins
@testable import TVSLanguage
@testable import TVSShell

/// `tvs report`, from the script to the file.
@Suite("Reports")
struct ReportCommandTests {
  private func run(_ script: String, arguments: [String] = []) -> ReportRun {
    let stream = ReportStream()
    let interpreter = Program.interpreter(output: stream, installation: .current)
    return ReportRun(file: "a.tvs", text: script, interpreter: interpreter, stream: stream)
  }

  /// The parts of a report, a word each with what tells them apart.
  private func outline(_ run: ReportRun) -> [String] {
    run.parts.map { part in
      switch part {
      case .prose(let text): "prose \(text)"
      case .code(let code): "\(code.seconds == nil ? "idle" : "code") \(code.line) \(code.text)"
      case .printed(let text): "printed \(text)"
      case .value(.text(let text), let made): "value \(text) of \(made)"
      case .value(.table(let table), _): "table of \(table.rowCount)"
      case .value(.picture(let picture), _): "picture \(picture.words)"
      case .problem(let problem): "\(problem.kind) in \(problem.line ?? 0)"
      case .question(let text, let value, let reason): "question \(text) = \(value ?? "") \(reason)"
      }
    }
  }

  @Test("what comes out stands below the statement that it comes from")
  func order() {
    let run = run(
      """
      #: # Title
      #:
      #: Prose.

      x = 2
      y = 3
      print("a"); print("b")
      x * y # the product
      fn f(a) {
        # inside
        a + 1
      }
      f(1)
      # the end
      """)
    #expect(run.status == 0)
    #expect(
      outline(run) == [
        "prose # Title\n\nProse.", "code 5 x = 2\ny = 3\nprint(\"a\"); print(\"b\")", "printed a\nb",
        "code 8 x * y # the product", "value 6 of x * y # the product",
        "code 9 fn f(a) {\n  # inside\n  a + 1\n}\nf(1)", "value 2 of f(1)", "code 14 # the end",
      ])
  }

  @Test("tables and pictures stay what they are")
  func exhibits() {
    let run = run("#: T\n\ntable({k: [1, 2]})\nplot([1, 2])\nlen([1])")
    #expect(
      outline(run) == [
        "prose T", "code 3 table({k: [1, 2]})", "table of 2", "code 4 plot([1, 2])",
        "picture plot: values, 2 values from 1 to 2 against x 0 … 1", "code 5 len([1])", "value 1 of len([1])",
      ])
  }

  @Test("an error stands in its place, what came before it stays, and what follows does not run")
  func errors() {
    let run = run("#: T\n\nx = 1\nx\nx / 0\nprint(x)\n\n#: More\n\nprint(2)\n")
    #expect(run.status == 1)
    #expect(run.complaint?.contains("a.tvs:5:") == true)
    #expect(
      outline(run) == [
        "prose T", "code 3 x = 1\nx", "value 1 of x", "code 5 x / 0", "error in 5", "idle 6 print(x)", "prose More",
        "idle 10 print(2)",
      ])
  }

  @Test("nothing runs of a script that cannot be parsed")
  func syntax() {
    let run = run("#: T\n\nprint(1)\n\n#: U\n\ny = = 2\n")
    #expect(run.status == 1)
    #expect(outline(run) == ["prose T", "idle 3 print(1)", "prose U", "idle 7 y = = 2", "error in 7"])
  }

  @Test("exit(n) ends it with its status")
  func leaving() {
    let run = run("#: T\n\nexit(7)\nprint(1)\n")
    #expect(run.status == 7)
    #expect(outline(run) == ["prose T", "code 3 exit(7)", "exit in 0", "idle 4 print(1)"])
  }

  @Test("questions come with the answer that the script computes")
  func questions() {
    let run = run(
      """
      share = 2 / 3
      #? How much is "it" of {1 + 1}?
      #?> share
      #?~ 0.01
      #?! Count.
      #?= Two \\ "thirds": {share:.2f}, {"a" + "b"}.
      """)
    #expect(
      outline(run) == [
        "code 1 share = 2 / 3", "question How much is \"it\" of 2? = 0.667 Two \\ \"thirds\": 0.67, ab.",
      ])
  }

  @Test("without prose of its own, blocks of comments are prose")
  func comments() {
    let run = run(
      """
      #!/usr/bin/env tvs
      # The title of it
      #
      # A paragraph
      # of two lines.

      # belongs to the code
      x = 1

      # 1. A section
      #
      # Text.

      x
      """)
    #expect(
      outline(run) == [
        "prose # The title of it\n\nA paragraph\nof two lines.", "code 7 # belongs to the code\nx = 1",
        "prose ## 1. A section\n\nText.", "code 14 x", "value 1 of x",
      ])
  }

  @Test("a page is written, also when the script fails, and the status is that of the script")
  func files() throws {
    let scratch = try Scratch()
    try scratch.write(
      "a.tvs", "#: # <Title>\n\nseed(7)\nm = transformer(layers=1, width=8, heads=2)\n\"<script>\"\nargs\n")
    let page = try Piped.run(["report", "a.tvs", "-o", "out.html", "one two", "--x"], folder: scratch.folder)
    #expect(page.status == 0 && page.errors.isEmpty)
    #expect(page.output.hasPrefix("out.html: 2 results"))
    let html = try scratch.read("out.html")
    #expect(html.contains("<title>&lt;Title&gt;</title>") == html.contains("<title>"))
    #expect(html.contains("&quot;&lt;script&gt;&quot;") && !html.contains("<script"))
    #expect(html.contains("[&quot;one two&quot;, &quot;--x&quot;]"))
    #expect(html.contains("tvs report a.tvs -o out.html &#39;one two&#39; --x"))
    for word in [
      "oneDNN", "OpenBLAS", "Swift&#39;s library 6", "threads", "the session&#39;s was 7",
      "transformer(layers=1, width=8, heads=2)",
    ] {
      #expect(html.contains(word), "\(word)")
    }
    try scratch.write("b.tvs", "1\n2 / 0\n")
    let failed = try Piped.run(["report", "b.tvs"], folder: scratch.folder)
    #expect(failed.status == 1 && failed.errors.hasPrefix("error[E0208]"))
    #expect(try scratch.read("b.html").contains("An error stopped this run in line 2"))
    let markdown = try Piped.run(["report", "a.tvs", "-o", "c.md"], folder: scratch.folder)
    #expect(markdown.status == 0)
    #expect(try scratch.read("c.md").contains("```text\n\"<script>\"\n```"))
  }

  @Test("Markdown has its pictures beside it")
  func pictures() throws {
    let scratch = try Scratch()
    try scratch.write("a.tvs", "plot([1, 2])\n")
    #expect(try Piped.run(["report", "a.tvs", "-o", "my report.md"], folder: scratch.folder).status == 0)
    #expect(try scratch.read("my report.md").contains("](my%20report-pictures/plot-1.svg)"))
    #expect(try scratch.read("my report-pictures/plot-1.svg").hasPrefix("<svg "))
  }

  @Test("Ctrl-C leaves a report of what ran, with status 130")
  func interruption() throws {
    let scratch = try Scratch()
    try scratch.write("a.tvs", "40 + 2\nwhile true { }\nprint(1)\n")
    let result = try Piped.run(["report", "a.tvs"], folder: scratch.folder, interruptAfter: 1.5)
    #expect(result.status == 130)
    let html = try scratch.read("a.html")
    #expect(html.contains("This run was interrupted in line 2") && html.contains("<samp>42</samp>"))
    #expect(html.contains("class=\"code not-run\""))
  }

  @Test("what cannot become a report is refused before anything runs")
  func refusals() throws {
    let scratch = try Scratch()
    try scratch.write("a.tvs", "write(\"ran\", \"yes\")\n")
    #expect(try Piped.run(["report", "a.tvs", "-o", "a.pdf"], folder: scratch.folder).status == 2)
    #expect(try Piped.run(["report", "a.tvs", "-o", "no/a.html"], folder: scratch.folder).status == 1)
    #expect(try Piped.run(["report", "b.tvs"], folder: scratch.folder).status == 1)
    #expect(try Piped.run(["report"], folder: scratch.folder).status == 2)
    #expect(scratch.mode("ran") == nil)
  }
}

@Suite("What terminals say of themselves")
struct TerminalAnswerTests {
  @Test("attributes and colours are read")
  func answers() {
    let xterm = TerminalAnswer("\u{1B}]11;rgb:ffff/ffff/cccc\u{7}\u{1B}[?63;1;2;4;6c")
    #expect(xterm.showsSixel && xterm.isDark == false)
    let plain = TerminalAnswer("\u{1B}[?64;1;2;6;22c")
    #expect(!plain.showsSixel && plain.isDark == nil)
    #expect(TerminalAnswer("\u{1B}]11;rgb:00/2b/36\u{1B}\\\u{1B}[?62;c").isDark == true)
    #expect(!TerminalAnswer("\u{1B}[?4c").showsSixel)
    #expect(!TerminalAnswer.isWhole("\u{1B}]11;rgb:cc") && TerminalAnswer.isWhole("\u{1B}[?1;2c"))
  }

  @Test("only terminals that may draw pixels are asked, and not what the user has decided")
  func asking() {
    func support(_ environment: [String: String], answer: String?) -> (PictureSupport, asked: Int) {
      var asked = 0
      let support = PictureSupport(environment: { environment[$0] }) {
        asked += 1
        return answer
      }
      return (support, asked)
    }
    let sixel = "\u{1B}]11;rgb:ff/ff/ff\u{7}\u{1B}[?63;4c"
    let xterm = support(["TERM": "xterm-256color", "XTERM_VERSION": "XTerm(379)"], answer: sixel)
    #expect(xterm.0.pictures == .sixel && !xterm.0.isDark && xterm.asked == 1)
    #expect(support(["TERM": "xterm", "XTERM_VERSION": "XTerm(379)"], answer: nil).0.pictures == .characters)
    #expect(support(["TERM": "xterm-256color"], answer: sixel).asked == 0)
    #expect(support(["TERM": "tmux-256color", "TMUX": "x", "XTERM_VERSION": "x"], answer: sixel).asked == 0)
    let decided = support(["TERM": "xterm", "XTERM_VERSION": "x", "TVS_PICTURES": "characters"], answer: sixel)
    #expect(decided.0.pictures == .characters && decided.asked == 0)
    #expect(support(["TERM": "xterm-kitty"], answer: sixel).0.pictures == .kitty)
  }
}
