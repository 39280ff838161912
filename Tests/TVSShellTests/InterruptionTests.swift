import Testing

/// Ctrl-C stops what runs, at once, and takes nothing away.
@Suite("Ctrl-C", .timeLimit(.minutes(2)))
struct InterruptionTests {
  @Test("at the prompt gives up the line and nothing else")
  func atPrompt() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.enter("x = 5")
    try terminal.expectPrompt()
    terminal.send("half a line")
    try terminal.expect("half a line")
    terminal.send(.controlC)
    try terminal.expect("^C")
    try terminal.expectPrompt()
    terminal.enter("x + 37")
    try terminal.expect("42")
  }

  @Test("inside a search (Ctrl-R) keeps the session")
  func inSearch() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    terminal.enter("kept = 41")
    try terminal.expectPrompt()
    terminal.send(.controlR)
    terminal.send("kep")
    try terminal.expect("bck:")
    terminal.send(.controlC)
    try terminal.expectPrompt()
    terminal.enter("kept + 1")
    try terminal.expect("42")
  }

  @Test(
    "gives the prompt back within 50 ms and keeps every name",
    arguments: [
      "while true { }", "n = 0; while true { n += 1 }", "fn f() { while true { } }; f()",
      "map(range(1000000), x -> sum(range(100)))", "x = [1]; for i in range(1000000000) { x[0] = i }",
      "train(transformer(layers=4, width=128, heads=2), mix([task(\"copy\"), task(\"sort\")]), steps=100000)",
      "svd(randn(2500, 2500, seed=1))",
    ])
  func inLoops(_ loop: String) throws {
    try expectPromptSoon(afterInterrupting: loop)
  }

  @Test("three times: the second says what it waits for, a prompt comes back all the same")
  func twice() throws {
    let terminal = try Terminal()
    try terminal.expectPrompt()
    for _ in 0..<3 {
      terminal.enter("while true { }")
      try terminal.expect("\r\n")
      terminal.pause(0.1)
      terminal.send(.controlC)
      try terminal.expect("interrupted after")
      try terminal.expectPrompt()
    }
  }

  @Test("ends a script with status 130 and says where it was")
  func inScript() throws {
    let scratch = try Scratch()
    try scratch.write("loop.tvs", "x = 1\nwhile true {\n  x += 1\n}\n")
    let result = try Piped.run(["loop.tvs"], folder: scratch.folder, interruptAfter: 0.4)
    #expect(result.status == 130)
    #expect(result.errors.contains("interrupted after"))
    #expect(result.errors.contains("loop.tvs:"))
    #expect(result.output.isEmpty)
  }

  @Test("ends -e and piped input with status 130")
  func inText() throws {
    #expect(try Piped.run(["-e", "while true { }"], interruptAfter: 0.4).status == 130)
    #expect(try Piped.run([], input: "while true { }\n", interruptAfter: 0.4).status == 130)
  }
}

/// Starts something long at the prompt, interrupts it, and expects the prompt within 50 ms with earlier names unchanged.
///
/// - Parameters:
///   - code: what runs long.
///   - seconds: how long to let it run before Ctrl-C.
func expectPromptSoon(
  afterInterrupting code: String, seconds: Double = 0.4, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let terminal = try Terminal()
  try terminal.expectPrompt()
  terminal.enter("before = [1, 2, 3]")
  try terminal.expectPrompt()
  // Other tests keep both cores busy: the fastest of a few tries tells the program from its surroundings.
  var fastest = Duration.seconds(1000)
  for _ in 0..<4 where fastest >= .milliseconds(50) {
    terminal.enter(code)
    terminal.pause(seconds)
    let began = ContinuousClock.now
    terminal.send(.controlC)
    try terminal.expect("interrupted after")
    try terminal.expectPrompt()
    fastest = min(fastest, began.duration(to: .now))
  }
  #expect(fastest < .milliseconds(50), "\(fastest)", sourceLocation: sourceLocation)
  terminal.enter("before")
  try terminal.expect("[1, 2, 3]")
}
