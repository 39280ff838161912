import Foundation
import TVSLanguage
import Testing

@Suite("The formatter")
struct FormatterTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private static let scripts = ["stdlib", "scripts", "Tests/Scripts"].flatMap { folder -> [String] in
    let names = FileManager.default.enumerator(atPath: root + "/" + folder)?.allObjects as? [String] ?? []
    return names.filter { $0.hasSuffix(".tvs") }.sorted().map { folder + "/" + $0 }
  }

  private func form(_ text: String) throws -> String {
    try SourceFormatter.format(SourceText(name: "t.tvs", text: text))
  }

  @Test(
    "Spaces and indentation come into form",
    arguments: [
      ("x=1+2*-3\n", "x = 1 + 2 * -3\n"),
      ("x = 1;  # a\n # b;\ny;\n", "x = 1  # a\n# b;\ny\n"),
      ("f( a,b = 2 )\n", "f(a, b=2)\n"),
      ("fn  f (a,b=2,*rest,key = 3) {a+b}\n", "fn f(a, b = 2, *rest, key = 3) { a + b }\n"),
      ("r={ a:1,\"b c\" : 2 , ...s}\n", "r = {a: 1, \"b c\": 2, ...s}\n"),
      ("x [ 1 : 2 ,:, ::2]\n", "x[1:2, :, ::2]\n"),
      ("y=x ^ -2 ;z = - x\n", "y = x^-2; z = -x\n"),
      ("if  x>1{\nprint( x )\n\n\n}else   if not(x) {}\n", "if x > 1 {\n  print(x)\n} else if not (x) { }\n"),
      ("a=[\n1,\n      2\n]\nb\n", "a = [\n  1,\n  2\n]\nb\n"),
      ("run\n|> f( 1 )\n|> g\n", "run\n  |> f(1)\n  |> g\n"),
      ("x = 1\n- 2\n-3\n", "x = 1\n  - 2\n-3\n"),
      ("g = x->x^2;h=( a,b )->{ a ;b }\n", "g = x -> x^2; h = (a, b) -> { a; b }\n"),
      ("tasks  =  1\nx      = 2\ny = 3\n", "tasks = 1\nx     = 2\ny = 3\n"),
      ("f({\na:1,\n})\n", "f({\n  a: 1,\n})\n"),
      ("x = 1;\n\n\n\ny = 2", "x = 1\n\ny = 2\n"),
    ])
  func spaces(text: String, wanted: String) throws {
    let form = try form(text)
    #expect(form == wanted)
    #expect(try self.form(form) == form)
  }

  @Test("Comments and doc comments stay where they are")
  func comments() throws {
    let text = """
      # first

      ## Halves a number.
      ##> half(4)
      ##= 2
      fn half( x ) {   # why
      # inside

          x/2
          # last
      }
      a = 1     # one
      bcd=2     # two
      e = 3 # three
      # end
      """
    let wanted = """
      # first

      ## Halves a number.
      ##> half(4)
      ##= 2
      fn half(x) {   # why
        # inside

        x / 2
        # last
      }
      a = 1       # one
      bcd = 2     # two
      e = 3  # three
      # end

      """
    let form = try form(text)
    #expect(form == wanted)
    #expect(try self.form(form) == form)
  }

  @Test("A text with errors is refused with them")
  func errors() {
    #expect(throws: Failure.self) { try form("x = (1") }
  }

  // The formatter itself compares the trees of both texts and refuses to change what a text means.
  @Test("Every script of the repository keeps its meaning and its form", arguments: scripts)
  func wholeRepository(path: String) throws {
    let text = try String(contentsOfFile: Self.root + "/" + path, encoding: .utf8)
    // The pieces of a script with expectations are texts of their own, and some are errors on purpose.
    for piece in text.components(separatedBy: "\n---\n") {
      let source = SourceText(name: path, text: piece)
      do {
        let once = try SourceFormatter.format(source)
        #expect(try form(once) == once)
      } catch let failure as Failure {
        guard case .errors(let faults) = failure else { throw failure }
        #expect(path.hasPrefix("Tests/") && faults.allSatisfy { $0.code != .unexpected }, "\(faults)")
      }
    }
  }
}
