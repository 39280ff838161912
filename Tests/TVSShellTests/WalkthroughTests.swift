import Testing

@testable import TVSShell

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
