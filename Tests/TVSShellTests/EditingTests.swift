import TVSLanguage
import Testing

@testable import TVSShell

/// Keys, locales and windows, in a terminal.
@Suite("Editing", .timeLimit(.minutes(2)))
struct EditingTests {
  private func terminal(_ environment: [String: String] = [:], columns: UInt16 = 80) throws -> Terminal {
    let terminal = try Terminal(environment: environment, columns: columns)
    try terminal.expectPrompt()
    return terminal
  }

  @Test("LC_ALL=C, an unknown locale and none at all still read é and 日本", arguments: ["C", "POSIX", "xx_YY", ""])
  func locales(_ locale: String) throws {
    let terminal = try terminal(["LC_ALL": locale])
    terminal.enter("len(\"é日本\")")
    try terminal.expect("[?2004l3\r\n")
  }

  @Test("wide characters and emoji are deleted as one, and the rest of the line stays")
  func wide() throws {
    let terminal = try terminal()
    terminal.send("x = \"a日é🎉b\"")
    terminal.send(.left)
    terminal.send(.left)
    terminal.send(.backspace)
    terminal.send(.backspace)
    terminal.send(.enter)
    try terminal.expectPrompt()
    terminal.enter("x")
    try terminal.expect("\"a日b\"")
  }

  @Test("emoji in an entry of several lines come back from the history of another run")
  func historyOfEmoji() throws {
    let scratch = try Scratch()
    let first = try terminal(["XDG_STATE_HOME": scratch.folder])
    first.paste("x = [\"🎉é\",\n\"日\\n\"]")
    first.send(.enter)
    try first.expectPrompt()
    first.send(.controlD)
    #expect(try first.expectEnd() == 0)
    let second = try terminal(["XDG_STATE_HOME": scratch.folder])
    second.send(.up)
    try second.expect("🎉é")
    second.send(.enter)
    try second.expectPrompt()
    second.enter("x")
    try second.expect("[\"🎉é\", \"日\\n\"]")
  }

  @Test("two shells at once add to one history, and duplicates are kept once")
  func sharedHistory() throws {
    let scratch = try Scratch()
    let environment = ["XDG_STATE_HOME": scratch.folder]
    let (first, second) = (try terminal(environment), try terminal(environment))
    for (terminal, line) in [(first, "a = 1"), (second, "b = 2"), (first, "c = 3"), (second, "a = 1")] {
      terminal.enter(line)
      try terminal.expectPrompt()
    }
    #expect(History(path: scratch.path("tvs/history")).entries == ["b = 2", "c = 3", "a = 1"])
    // From its next prompt on, the first shell has what the second one typed.
    first.send(.enter)
    try first.expectPrompt()
    first.send(.up)
    try first.expect("a = 1")
    first.send(.up)
    first.send(.up)
    try first.expect("b = 2")
  }

  @Test("resizing the window keeps the line being typed, and later values have its width")
  func resize() throws {
    let terminal = try terminal()
    terminal.send("range(100) ")
    terminal.resize(columns: 40, rows: 24)
    try terminal.expect("tvs> range(100) ")
    terminal.send("+ []")
    terminal.send(.enter)
    let shown = try terminal.expectPrompt()
    let rows = shown.split(whereSeparator: \.isNewline).filter { $0.hasPrefix(" ") || $0.hasPrefix("[") }
    #expect(rows.count > 3 && rows.allSatisfy { $0.count <= 40 }, "\(rows)")
  }

  @Test("the line being typed is drawn for the window's new size at once")
  func redrawing() throws {
    let terminal = try terminal(columns: 30)
    terminal.send("total = [10, 20, 30, 40, 50]")
    try terminal.expect("50]")
    terminal.resize(columns: 60, rows: 24)
    // From the second row of the entry, at the width it had, to its first, and all of it again.
    try terminal.expect("\r\u{1B}[J")
    try terminal.expect("tvs> total = [10, 20, 30, 40, 50]")
    terminal.resize(columns: 20, rows: 24)
    try terminal.expect("\u{1B}[1A\r\u{1B}[J")
    terminal.send("[1]\r")
    try terminal.expectPrompt()
    terminal.enter("total + 101")
    try terminal.expect("121")
  }

  @Test("bytes that are no characters are skipped, also in the middle of one")
  func brokenCharacters() throws {
    let terminal = try terminal()
    terminal.send(bytes: [0x22, 0xFF, 0xC3, 0xC3, 0xA9, 0xE6, 0x97, 0x61, 0x22, 0x0D])
    try terminal.expect("\"éa\"")
  }

  @Test("an entry that is wider than the window is edited across its rows")
  func wrapping() throws {
    let terminal = try terminal(columns: 30)
    terminal.send("x = [" + (0..<30).map(String.init).joined(separator: ", ") + "]")
    terminal.send(.controlA)
    terminal.send("y = 5; ")
    terminal.send(.controlE)
    terminal.send(.backspace)
    terminal.send(", 99]")
    terminal.send(.enter)
    try terminal.expectPrompt()
    terminal.enter("[len(x), x[-1], y]")
    try terminal.expect("[31, 99, 5]")
  }

  @Test("~/.editrc binds keys, but not those that the shell insists on")
  func settingsFile() throws {
    let scratch = try Scratch()
    try scratch.write(".editrc", "tvs:bind -s ^T \"42\"\ntvs:bind ^M ed-end-of-file\nbind nosuch nosuch-function\n")
    let terminal = try terminal(["HOME": scratch.folder, "EDITRC": scratch.path(".editrc")])
    terminal.send("1 + \u{14}")
    terminal.send(.enter)
    try terminal.expect("43")
  }

  @Test("a paste of 20,000 characters on one line arrives whole within five seconds")
  func longPaste() throws {
    let terminal = try terminal()
    let began = ContinuousClock.now
    terminal.paste("len(\"" + String(repeating: "é", count: 20_000) + "\")")
    terminal.send(.enter)
    try terminal.expect("[?2004l20000\r\n", within: 30)
    let took = began.duration(to: .now)
    #expect(took < .seconds(5), "\(took)")
  }

  @Test("Tab in a session with many names answers within 50 ms")
  func completionTime() throws {
    let collected = CollectedOutput()
    let session = Session(output: collected, errors: collected, ink: Ink(isOn: false))
    _ = session.enter("import stats")
    for index in 0..<2000 { session.interpreter.globals.set("name_\(index)", .number(1)) }
    for text in ["na", "train(", "load(\"", "name_1", "stats.", "transformer(layers=1, wi", "import "] {
      let entry = EntryText(text: text, cursor: text.utf8.count)
      let best =
        (0..<5).map { _ in
          let began = ContinuousClock.now
          _ = session.completion.candidates(for: entry)
          return began.duration(to: .now)
        }.min() ?? .seconds(1)
      #expect(best < .milliseconds(50), "\(text): \(best)")
    }
  }
}
