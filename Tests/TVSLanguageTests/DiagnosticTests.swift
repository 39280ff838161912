import TVSLanguage
import Testing

@Suite("Errors")
struct DiagnosticTests {
  @Test("An error shows the fact, the place, the line with carets, and help")
  func form() {
    #expect(
      Fixture.error("x = 1\nhalf(\"a\")") == """
        error[E0202]: the x of half is a number, not a string
          test.tvs:2:6
        2 | half("a")
          |      ^^^ this is a string
        """)
  }

  @Test("Tabs and wide characters keep the carets below what they mark")
  func columns() {
    #expect(
      Fixture.error("if true {\n\t\tx = \"日本é\"; y = 名\n}") == """
        error[E0201]: 名 has no value
          test.tvs:2:18
        2 |         x = "日本é"; y = 名
          |                          ^^
        help: give it one first: 名 = …
        """)
  }

  @Test("Of a long line only the part around the place is shown")
  func longLine() {
    let rendered = Fixture.error("x = [" + (0..<200).map(String.init).joined(separator: ", ") + ", unknown, 3]")
    let lines = rendered.split(separator: "\n")
    #expect(lines[2].count < 120)
    let caret = lines[3].firstIndex(of: "^").map { lines[3].distance(from: lines[3].startIndex, to: $0) } ?? 0
    #expect(String(lines[2].dropFirst(caret)).hasPrefix("unknown"))
  }

  @Test("Errors inside of functions show the calls with their places, also through a builtin")
  func trace() {
    #expect(
      Fixture.error("fn inner(x) { 1 / x }\nfn outer(x) { inner(x) }\ncall(outer, 0)") == """
        error[E0208]: a number is divided by zero
          test.tvs:1:19
        1 | fn inner(x) { 1 / x }
          |                   ^ this is 0
          in inner, called at test.tvs:2:15
          in outer, called at test.tvs:3:1
        help: test the divisor first; inside tensors IEEE rules hold, and tensor([1]) / 0 is inf
        """)
  }

  @Test("All syntax errors of a text are reported, in order")
  func several() {
    let rendered = Fixture.error("x = )\ny = 1\nfn f() {\n  z = 3 4\n}\ny = ]\n")
    let places = rendered.split(separator: "\n").filter { $0.hasPrefix("  test.tvs:") }
    #expect(places == ["  test.tvs:1:5", "  test.tvs:4:9", "  test.tvs:6:5"], "\(rendered)")
  }

  @Test("Errors of other rooms are translated, and mark what the report names")
  func translation() {
    #expect(
      Fixture.error("b = box(1, 2); b[7]").hasPrefix("error[E0207]: position 7 is outside of the box\n  test.tvs:1:18"))
    #expect(Fixture.error("fail(true)").hasPrefix("error[E0207]: position 7"))
    #expect(Fixture.error("b = box(1, 2); b[9] = 0").hasPrefix("error[E0207]: position 9"))
  }

  @Test("Unknown errors of other rooms become an error with a code")
  func unknown() {
    #expect(Fixture.error("fail(false)").hasPrefix("error[E0901]: broken"))
  }

  @Test("Colour adds escape sequences and changes nothing else")
  func color() throws {
    var found: Diagnostic?
    do throws(Failure) {
      try Fixture.interpreter().run(SourceText(name: "t", text: "x"))
    } catch {
      if case .errors(let diagnostics) = error { found = diagnostics.first }
    }
    let diagnostic = try #require(found)
    let colored = diagnostic.rendered(color: true)
    #expect(colored.contains("\u{1B}["))
    #expect(colored.replacing(#/\x{1B}\[[0-9;]*m/#, with: "") == diagnostic.rendered(color: false))
  }

  @Test("No text makes the parser fail to answer")
  func robustness() {
    let pieces = [
      "(", ")", "[", "]", "{", "}", "f\"{", "\"", "x", "1", "+", "->", "if", "fn", "=", ",", ":", "\n", "|>", "try",
      "for", "in", "日", "\\", "#", ";", ".",
    ]
    var state: UInt64 = 42
    for _ in 0..<3000 {
      var text = ""
      for _ in 0..<12 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int(state >> 33) % pieces.count]
      }
      _ = Fixture.interpreter().completeness(of: text)
      _ = Fixture.interpreter().callTip(in: text, at: text.utf8.count)
    }
  }
}
