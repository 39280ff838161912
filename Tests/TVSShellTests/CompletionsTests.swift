import Testing

@testable import TVSShell

@Suite("Completions")
struct CompletionsTests {
  private func offered(_ names: String..., start: Int = 0, closing: String = "") -> Completions {
    Completions(start: start, candidates: names.map { .init(text: $0, detail: "what it is", closing: closing) })
  }

  @Test("the letters that all candidates share are inserted")
  func shared() {
    let entry = EntryText(text: "x = tr", cursor: 6)
    #expect(offered("train", "trajectory", start: 4).insertion(into: entry) == "a")
    #expect(offered("train", "trim", start: 4).insertion(into: entry) == "")
    #expect(offered("train", start: 4, closing: "=").insertion(into: entry) == "ain=")
    #expect(offered().insertion(into: entry) == nil)
  }

  @Test("what stands after the cursor is not inserted twice")
  func closing() {
    let entry = EntryText(text: "load(\"mod\")", cursor: 9)
    #expect(offered("model", start: 6, closing: "\"").insertion(into: entry) == "el")
  }

  @Test("lists fit the window")
  func listing() {
    let many = Completions(start: 0, candidates: (0..<500).map { .init(text: "name\($0)", detail: "long ") })
    for columns in [10, 40, 80, 200] {
      for rows in [5, 24, 60] {
        let lines = many.listing(in: TerminalSize(columns: columns, rows: rows)).split(separator: "\n")
        #expect(lines.count <= rows)
        #expect(lines.allSatisfy { Columns.width(of: $0) <= columns })
      }
    }
  }
}
