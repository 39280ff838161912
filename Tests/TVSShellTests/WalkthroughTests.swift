import TVSLanguage
import Testing

@testable import TVSShell

@Suite("Walkthroughs")
struct WalkthroughTests {
  @Test("a script is cut into steps of prose and what belongs to it, with the lines of the code")
  func steps() {
    let script = """
      #: # Recovery
      #:
      #: - Time: 2 min
      #: - Needs: a model
      #:
      #: What forgetting leaves behind.

      x = 1
      #: ## A second step
      #: More.
      #: ## And a third
      #? Which?
      #?> x
      fn f(x) {
      #: inside
        x
      }

      f(x)

      #: The end.
      """
    let walkthrough = Walkthrough(script) { text in text.count { $0 == "{" } <= text.count { $0 == "}" } }
    #expect(walkthrough.title == "Recovery")
    #expect(walkthrough.time == "2 min")
    #expect(walkthrough.needs == "a model")
    #expect(walkthrough.steps.map(\.code) == ["x = 1", "", "", "fn f(x) {\n#: inside\n  x\n}\n\nf(x)", ""])
    #expect(walkthrough.steps.map(\.line) == [8, 1, 1, 14, 1])
    #expect(walkthrough.steps.map { $0.question?.answer } == [nil, nil, "x", nil, nil])
    #expect(walkthrough.steps[1].prose == "## A second step\nMore.")
    #expect(walkthrough.steps[2].prose == "## And a third")
    #expect(walkthrough.steps[4].prose == "The end.")
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

  @Test("prose is laid out: paragraphs joined and broken, lists hanging, formulas as they are")
  func markdown() {
    let text = """
      ## Title

      One **strong** and *soft* word
      and `code` with 2*x and a*b*c.

      - a point that is longer than
        its line
      - another

          P x = (u · x) u

      | a | b |
      ```
      x = 1
      ```
      """
    let plain = Markdown(ink: Ink(isOn: false), width: 30).lines(of: text)
    #expect(
      plain == [
        "Title", "", "One strong and soft word and", "`code` with 2*x and a*b*c.", "", "- a point that is longer than",
        "  its line", "- another", "", "    P x = (u · x) u", "", "| a | b |", "    x = 1",
      ])
    let coloured = Markdown(ink: Ink(isOn: true), width: 30).lines(of: "a **b c** `d`, *e*.")
    #expect(
      coloured == ["a \u{1B}[1mb\u{1B}[0m \u{1B}[1mc\u{1B}[0m \u{1B}[36md\u{1B}[0m, \u{1B}[4me\u{1B}[0m."])
  }

  @Test("a reason is filled in as an f-string; quotes outside of braces are quotes")
  func filling() throws {
    let session = Session(output: CollectedOutput(), errors: CollectedOutput(), ink: Ink(isOn: false))
    #expect(session.enter("x = {a: 0.25}") == .ready)
    let question = LiterateScript.Question(text: "", hint: "", reason: "", line: 1)
    let filled = try AnswerChecker.fill("a \"quote\", a \\ and\n{x[\"a\"]:.3f}", question, in: session)
    #expect(filled == "a \"quote\", a \\ and\n0.250")
    #expect(throws: (any Error).self) { try AnswerChecker.fill("{nothing}", question, in: session) }
  }

  @Test(
    "an answer is a number, an expression, a percentage, a word or a truth",
    arguments: [
      ("2 / 3", "0.02", "0.67", true), ("2 / 3", "0.02", "2/3", true), ("2 / 3", "0.02", "66 %", true),
      ("2 / 3", "0.02", "0.5", false), ("5", nil, "2 + 3", true), ("5", nil, "5.1", false),
      ("\"same\"", nil, "Same", true), ("\"same\"", nil, "\"same\"", true), ("\"same\"", nil, "more", false),
      ("true", nil, "yes", true), ("true", nil, "n", false), ("1 < 0", nil, "no", true), ("true", nil, "1 < 2", true),
      ("[1, 2]", nil, "[1, 2]", true), ("[1, 2]", nil, "[2, 1]", false), ("5", nil, "\"five\"", false),
    ] as [(String, String?, String, Bool)])
  func answers(_ right: String, _ tolerance: String?, _ typed: String, _ verdict: Bool) throws {
    let session = Session(output: CollectedOutput(), errors: CollectedOutput(), ink: Ink(isOn: false))
    let question = LiterateScript.Question(
      text: "", answer: right, tolerance: tolerance, hint: "", reason: "", line: 1)
    #expect(try AnswerChecker(question, in: session).accepts(typed, in: session) == verdict)
  }
}
