import Testing

@Suite("Colour")
struct ColourTests {
  private static let shown = "\u{1B}[1mtensor 2 float64\u{1B}[0m"

  @Test("is there on a terminal, and not where NO_COLOR, TERM=dumb or a pipe asks for none")
  func wanted() throws {
    let coloured = try Terminal(environment: ["NO_COLOR": ""])
    try coloured.expect("tvs>")
    coloured.enter("tensor([1, 2])")
    try coloured.expect(Self.shown)
    coloured.enter("1 / 0")
    try coloured.expect("\u{1B}[")
    let plain = try Terminal(environment: ["NO_COLOR": "1"])
    try plain.expectPrompt()
    plain.enter("tensor([1, 2])")
    try plain.expect("tensor 2 float64")
    #expect(!plain.received.contains("\u{1B}[1m"))
    let dumb = try Terminal(environment: ["NO_COLOR": "", "TERM": "dumb"])
    try dumb.expectPrompt()
    dumb.enter("tensor([1, 2])")
    try dumb.expect("1  2")
    #expect(!dumb.received.contains("\u{1B}"))
    #expect(!(try Piped.run(["-e", "tensor([1, 2])"], environment: ["TERM": "xterm"]).output.contains("\u{1B}")))
  }
}
