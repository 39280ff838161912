import Testing

@testable import TVSShell

@Suite("Literate scripts")
struct LiterateScriptTests {
  /// Enough of the language for these texts: code is whole when its braces are closed.
  private func read(_ text: String) -> LiterateScript {
    LiterateScript(text) { $0.count { $0 == "{" } <= $0.count { $0 == "}" } }
  }

  @Test("prose, code and questions come in their order, with the lines of the code")
  func cells() {
    let script = read(
      """
      #!/usr/bin/env tvs
      #: # Recovery
      #:
      #: - Time: 40 s
      #: - Needs: tvs fetch smollm2

      # A comment of the code.
      x = 1

      y = 2

      #: And **then**?

      #? Predict y + x.
      #? A whole number.
      #?> x + y
      #?~ 0.5
      #?! Add them.
      #?= It is {x + y}.
      fn f(x) {
      #: inside
        x
      }
      #: The end.
      """)
    #expect(
      script.cells == [
        .prose("# Recovery\n\n- Time: 40 s\n- Needs: tvs fetch smollm2"),
        .code("# A comment of the code.\nx = 1\n\ny = 2", lines: 7...10),
        .prose("And **then**?"),
        .question(
          .init(
            text: "Predict y + x.\nA whole number.", answer: "x + y", tolerance: "0.5", hint: "Add them.",
            reason: "It is {x + y}.", line: 14)),
        .code("fn f(x) {\n#: inside\n  x\n}", lines: 20...23),
        .prose("The end."),
      ])
    #expect(script.title == "Recovery")
    #expect(script.note("Time") == "40 s")
    #expect(script.note("Needs") == "tvs fetch smollm2")
    #expect(script.note("Author") == nil)
  }

  @Test("two questions in a row are two, and one without an answer is only to think about")
  func questions() {
    let script = read("#? One?\n#?> 1\n#? Two?\n#?= Because.\n\n#? Three?\n")
    let questions = script.cells.compactMap { if case .question(let question) = $0 { question } else { nil } }
    #expect(questions.map(\.text) == ["One?", "Two?", "Three?"])
    #expect(questions.map(\.answer) == ["1", nil, nil])
    #expect(questions.map(\.line) == [1, 3, 6])
  }

  @Test("a line of prose between two pieces of code parts them, also an empty one; a script without prose is code")
  func cuts() {
    #expect(read("a\n#:\nb").cells == [.code("a", lines: 1...1), .code("b", lines: 3...3)])
    #expect(read("# only\nx\n").cells == [.code("# only\nx", lines: 1...2)])
    #expect(read("#: a\n\n#: b").cells == [.prose("a\n\nb")])
    #expect(read("").cells.isEmpty)
    #expect(read("x").title == "")
  }
}
