import Testing

/// The shell in a real pseudo-terminal, key by key.
@Suite("At the prompt", .timeLimit(.minutes(2)))
struct PromptTests {
  @Test("one line greets, and a value is shown")
  func greeting() throws {
    let terminal = try Terminal()
    let banner = try terminal.expectPrompt()
    #expect(banner.contains("Type ? for help."))
    terminal.enter("1 + 2")
    #expect(try shown(by: terminal) == "3")
  }

  @Test("é and 日 are inserted, moved over and deleted as one character")
  func unicode() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.send("\"日é\"")
    terminal.send(.left)
    terminal.send(.backspace)
    terminal.send("ö")
    terminal.send(.left)
    terminal.send("本")
    terminal.send(.enter)
    #expect(try shown(by: terminal) == "\"日本ö\"")
  }

  @Test("characters above 127 survive a C locale")
  func plainLocale() throws {
    let terminal = try Terminal(environment: ["LC_ALL": "C"])
    try terminal.expectPrompt()
    terminal.enter("\"é日\"")
    #expect(try shown(by: terminal) == "\"é日\"")
  }

  @Test("an emoji made of several code points is deleted as one")
  func emoji() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.send("\"a👩‍🔬")
    terminal.send(.backspace)
    terminal.enter("b\"")
    #expect(try shown(by: terminal) == "\"ab\"")
  }

  @Test("Enter in an open block begins a new line, and the entry comes back whole from history")
  func severalLines() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.enter("fn double(x) {")
    terminal.enter("2 * x")
    terminal.enter("}")
    try terminal.expectPrompt()
    terminal.enter("double(21)")
    #expect(try shown(by: terminal) == "42")
    terminal.send(.up)
    terminal.send(.up)
    try terminal.expect("2 * x")
    // The cursor is on the first line: down to the second, and change it.
    terminal.send(.down)
    terminal.send(.controlE)
    terminal.send(" + 1")
    terminal.send(.enter)
    try terminal.expectPrompt()
    terminal.enter("double(21)")
    #expect(try shown(by: terminal) == "43")
  }

  @Test("history is kept between runs, in a file that only its owner can read")
  func history() throws {
    let scratch = try Scratch()
    let environment = ["XDG_STATE_HOME": scratch.folder]
    let first = try Terminal(environment: environment)
    try first.expectPrompt()
    first.enter("x = 6 *\n7")
    try first.expectPrompt()
    first.send(.controlD)
    #expect(try first.expectEnd() == 0)
    #expect(try scratch.read("tvs/history") == "x = 6 *\\n7\n")
    #expect(scratch.mode("tvs/history") == 0o600)
    let second = try Terminal(environment: environment)
    try second.expectPrompt()
    second.send(.up)
    try second.expect("7")
    second.send(.enter)
    try second.expectPrompt()
    second.enter("x")
    #expect(try shown(by: second) == "42")
  }

  @Test("Ctrl-R finds an earlier entry")
  func search() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.enter("wanted = 5")
    try terminal.expectPrompt()
    terminal.enter("other = 6")
    try terminal.expectPrompt()
    terminal.send(.controlR)
    terminal.send("wan")
    try terminal.expect("wanted = 5")
    terminal.send(.escape)
    terminal.send(.controlE)
    terminal.send("0")
    terminal.send(.enter)
    try terminal.expectPrompt()
    terminal.enter("wanted")
    #expect(try shown(by: terminal) == "50")
  }

  @Test("a paste of 20,000 characters arrives whole, and its tabs and line ends are text")
  func paste() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    let line = "\t\"" + String(repeating: "x", count: 95) + "\",\r\n"
    terminal.paste("pasted = [\r\n" + String(repeating: line, count: 200) + "]\r\n")
    terminal.send(.enter)
    try terminal.expectPrompt(within: 30)
    terminal.enter("[len(pasted), len(pasted[199])]")
    #expect(try shown(by: terminal) == "[200, 95]")
  }

  @Test("a pasted transcript runs: prompts are stripped, outputs skipped")
  func transcript() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.paste("tvs> a = 20\ntvs> a + 1\n21\ntvs> fn f(x) {\n...>   x * 2\n...> }\ntvs> f(a + 1)\n42\n")
    terminal.send(.enter)
    try terminal.expect("21\r\n42\r\n")
  }

  @Test("Ctrl-D on an empty line leaves with status 0, and not on one that holds text")
  func leaving() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.send("12")
    terminal.send(.controlD)
    terminal.send(.enter)
    #expect(try shown(by: terminal) == "12")
    terminal.send(.controlD)
    #expect(try terminal.expectEnd() == 0)
  }

  @Test(":quit leaves with status 0, exit(3) with 3")
  func quitting() throws {
    let first = try Terminal()
    try first.expectPrompt()
    first.enter(":quit")
    #expect(try first.expectEnd() == 0)
    let second = try Terminal()
    try second.expectPrompt()
    second.enter("exit(3)")
    #expect(try second.expectEnd() == 3)
  }

  @Test("an error keeps the session, and _ and _2 name what was shown")
  func shownValues() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    for line in ["10", "20", "1 / 0"] {
      terminal.enter(line)
      try terminal.expectPrompt()
    }
    terminal.enter("[_, _1, _2]")
    #expect(try shown(by: terminal) == "[20, 10, 20]")
  }

  @Test("Ctrl-Z suspends, and the entry is there again when the shell continues")
  func suspending() throws {
    // Only a shell with job control can stop and continue a job.
    let terminal = try Terminal(
      ["--norc", "--noprofile", "-i"], environment: ["PS1": "outer$ "], program: "/bin/bash")
    try terminal.expect("outer$ ")
    terminal.enter(Terminal.program)
    try terminal.expectPrompt()
    terminal.send("40 + ")
    terminal.send("\u{1A}")
    try terminal.expect("outer$ ")
    terminal.enter("fg")
    try terminal.expect("tvs> 40 + ")
    terminal.enter("2")
    #expect(try shown(by: terminal) == "42")
    terminal.send(.controlD)
    try terminal.expect("outer$ ")
    terminal.enter("exit")
    #expect(try terminal.expectEnd() == 0)
  }

  @Test("the prompt is there within 60 ms of the start, on a slow machine within twenty times what bash takes")
  func quickStart() throws {
    // The best of several, turn by turn: the machine does other things too, and may be slow throughout.
    let clock = ContinuousClock()
    var ours = Duration.seconds(1)
    var bash = Duration.seconds(1)
    for _ in 0..<10 {
      ours = min(ours, try clock.measure { try Terminal().expectPrompt() })
      let start = try clock.measure {
        try Terminal(["--norc", "--noprofile", "-i"], environment: ["PS1": "outer$ "], program: "/bin/bash")
          .expect("outer$ ")
      }
      bash = min(bash, start)
    }
    #expect(ours < max(.milliseconds(60), bash * 20), "\(ours), bash \(bash)")
  }

  /// What stands between an entry and the next prompt.
  private func shown(by terminal: Terminal) throws -> String {
    let text = try terminal.expectPrompt()
    let plain = text.replacing("\u{1B}[?2004l", with: "").replacing("\u{1B}[?2004h", with: "")
    let lines = plain.split(whereSeparator: \.isNewline)
    return String(lines.last ?? "")
  }
}
