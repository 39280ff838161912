import Testing

/// The second and the third Ctrl-C, at something that hears none of them.
@Suite("Ctrl-C again", .timeLimit(.minutes(2)))
struct EscalationTests {
  /// Seconds of work in one piece.
  private static let deaf = "len(string(range(6000000)))"

  private func deafTerminal() throws -> Terminal {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.enter("kept = 41")
    try terminal.expectPrompt()
    terminal.enter(Self.deaf)
    terminal.pause(0.3)
    return terminal
  }

  @Test("the second says what it waits for, and the session is kept")
  func second() throws {
    let terminal = try deafTerminal()
    terminal.send(.controlC)
    terminal.pause(0.05)
    terminal.send(.controlC)
    try terminal.expect("waiting for ")
    try terminal.expect("Ctrl-C once more leaves tvs")
    try terminal.expectPrompt(within: 60)
    terminal.enter("kept + 1")
    try terminal.expect("42")
  }

  @Test("the third restores the terminal and leaves with 130")
  func third() throws {
    let terminal = try deafTerminal()
    for _ in 0..<3 {
      terminal.send(.controlC)
      terminal.pause(0.05)
    }
    #expect(try terminal.expectEnd(within: 5) == 130)
    #expect(terminal.received.hasSuffix("\r\n"))
  }

  @Test("the message says how long, in what and at which step")
  func message() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.enter("m = train(transformer(layers=1, width=16, heads=2), task(\"copy\"), steps=1000000)")
    terminal.pause(0.5)
    terminal.send(.controlC)
    try terminal.expect("interrupted after ")
    let rest = try terminal.expectPrompt()
    #expect(rest.firstMatch(of: /^[0-9.]+ m?s in train, step [0-9]+ of 1000000/) != nil, "\(rest)")
    terminal.enter("m")
    try terminal.expect("error[E0201]")
  }

  @Test("Ctrl-Z stops what runs, fg goes on with it, and Ctrl-C then gives the prompt back")
  func suspended() throws {
    let terminal = try Terminal(
      ["--norc", "--noprofile", "-i"], environment: ["PS1": "outer$ "], program: "/bin/bash")
    try terminal.expect("outer$ ")
    terminal.enter(Terminal.program)
    try terminal.expectPrompt()
    terminal.enter("n = 41; while true { }")
    terminal.pause(0.3)
    terminal.send("\u{1A}")
    try terminal.expect("outer$ ")
    terminal.enter("fg")
    terminal.pause(0.3)
    terminal.send(.controlC)
    try terminal.expect("interrupted after")
    try terminal.expectPrompt()
    terminal.enter("n + 1")
    try terminal.expect("42")
    try terminal.expectPrompt()
    terminal.send(.controlD)
    try terminal.expect("outer$ ")
  }

  @Test("completion is interrupted like everything else, and nothing is lost")
  func inCompletion() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.enter("kept = 41")
    try terminal.expectPrompt()
    terminal.send("tr\t\t")
    terminal.send(.controlC)
    // Completion draws the prompt too: the one that counts comes after the echo.
    try terminal.expect("^C")
    try terminal.expectPrompt()
    terminal.enter("kept + 1")
    try terminal.expect("42")
  }
}
