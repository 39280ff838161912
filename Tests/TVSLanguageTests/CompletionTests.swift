import TVSLanguage
import Testing

@Suite("What surrounds a cursor")
struct CompletionTests {
  private func tip(_ text: String) throws -> CallContext {
    let cursor = text.firstIndex(of: "|") ?? text.endIndex
    let plain = text[..<cursor] + text[cursor...].dropFirst()
    return try #require(
      Fixture.interpreter().callTip(in: String(plain), at: text[..<cursor].utf8.count))
  }

  @Test("The call, the arguments given and the one under way")
  func calls() throws {
    let inner = try self.tip("x = train(model, mix([a, b]), steps=10, lr=|)")
    #expect(inner.callee == ["train"] && inner.positional == 2 && inner.named == ["steps"])
    #expect(inner.currentName == "lr")
    let nested = try self.tip("f(g(1, 2), h.k(|")
    #expect(nested.callee == ["h", "k"] && nested.positional == 0)
    #expect(try self.tip("f(1) |").callee == [])
    #expect(try self.tip("f([1, |").callee == [])
  }

  @Test("A pipe passes the first argument")
  func pipes() {
    let interpreter = Fixture.interpreter()
    #expect(interpreter.callTip(in: "run |> prefix(", at: 14)?.positional == 1)
  }

  @Test("Names, fields, strings, modules and comments before the cursor")
  func preceding() throws {
    #expect(try tip("tra|").preceding == .name("tra"))
    #expect(try tip("tra|").wordStart == 0)
    #expect(try tip("a.b.c|").preceding == .field(base: ["a", "b"], "c"))
    #expect(try tip("a.|").preceding == .field(base: ["a"], ""))
    #expect(try tip("f(x).|").preceding == .field(base: [], ""))
    #expect(try tip("load(\"mod|").preceding == .string("mod"))
    #expect(try tip("load(\"mod|").callee == ["load"])
    #expect(try tip("load(\"mod|").wordStart == 6)
    #expect(try tip("import sta|").preceding == .module("sta"))
    #expect(try tip("import |").preceding == .module(""))
    #expect(try tip("x = 1 # tra|").preceding == .inert)
    #expect(try tip("x = |").preceding == .nothing)
    #expect(try tip("12|").preceding == .inert)
  }

  @Test("A text is complete, waits for more, or cannot be mended by more")
  func completeness() {
    let interpreter = Fixture.interpreter()
    func kind(_ text: String) -> String {
      switch interpreter.completeness(of: text) {
      case .complete: "complete"
      case .incomplete: "incomplete"
      case .invalid: "invalid"
      }
    }
    for text in ["x = 1", "", "f(1)\n", "if a { }", "# comment", "fn f() { 1 }", "## Doc.\nfn f() { 1 }", "x |> f"] {
      #expect(kind(text) == "complete", "\(text)")
    }
    for text in [
      "if a {", "f(", "[1,", "x = ", "x +", "x |>", "fn f() {\n 1", "try { }", "fn f(", "{a:", "## Doc.", "for x in",
      "f(1, x=", "a and", "if a", "x.", "import",
    ] {
      #expect(kind(text) == "incomplete", "\(text)")
    }
    for text in ["x = )", "x = \"abc", "1 2", "if = {", "}", "break", "f(]"] {
      #expect(kind(text) == "invalid", "\(text)")
    }
  }

  @Test("A path of names is looked up without running anything")
  func peeking() throws {
    let interpreter = Fixture.interpreter()
    try interpreter.run(SourceText(name: "t", text: "r = {a: {b: 1}, c: box(1)}"))
    #expect(interpreter.fieldNames(of: ["r"]) == ["a", "c"])
    #expect(interpreter.fieldNames(of: ["r", "a"]) == ["b"])
    #expect(interpreter.fieldNames(of: ["r", "c"]) == ["first", "unique"])
    #expect(interpreter.fieldNames(of: ["nothing"]) == [])
    #expect(interpreter.peek(["print"])?.kind == "function")
  }
}

@Suite("Spelling")
struct SpellingTests {
  @Test("The nearest name is offered, and silence when nothing is near")
  func nearest() {
    #expect(Spelling.nearest(to: "stpes", among: ["steps", "seed", "lr"]) == "steps")
    #expect(Spelling.nearest(to: "modadd", among: ["copy", "mod-add"]) == "mod-add")
    #expect(Spelling.nearest(to: "LoRA", among: ["lora"]) == "lora")
    #expect(Spelling.nearest(to: "pritn", among: ["print", "sprint"]) == "print")
    #expect(Spelling.nearest(to: "banana", among: ["print", "sort"]) == nil)
    #expect(Spelling.nearest(to: "x", among: ["y", "z"]) == nil)
    #expect(Spelling.nearest(to: "", among: ["a"]) == nil)
  }
}

@Suite("Numbers as text")
struct NumberTextTests {
  @Test("Every number reads back")
  func roundTrip() {
    var state: UInt64 = 1
    for _ in 0..<10_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let number = Double(bitPattern: state)
      if number.isFinite { #expect(Double(NumberText.shortest(number)) == number) }
    }
  }

  @Test("Whole numbers have no point, and sizes have a unit")
  func forms() {
    #expect(NumberText.shortest(3) == "3")
    #expect(NumberText.shortest(-1e15) == "-1000000000000000")
    #expect(NumberText.shortest(0.1) == "0.1")
    #expect(NumberText.grouped(460_800) == "460,800")
    #expect(NumberText.bytes(3.72e9) == "3.7 GB")
    #expect(NumberText.bytes(12) == "12 bytes")
  }
}
