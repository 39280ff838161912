import Testing

@testable import TVSShell

@Suite("Text in columns")
struct ColumnsTests {
  @Test("paragraphs break at spaces, and code lines stay as they are")
  func wrapping() {
    let lines = Columns.wrapped("one two three four\n  code stays whole and long", to: 9)
    #expect(lines == ["one two", "three", "four", "  code stays whole and long"])
    #expect(Columns.wrapped("", to: 10) == [""])
    #expect(Columns.wrapped("unbreakable", to: 3) == ["unbreakable"])
  }

  @Test("cutting counts wide characters as two columns")
  func cutting() {
    #expect(Columns.cut("日本語", to: 6) == "日本語")
    #expect(Columns.cut("日本語", to: 5) == "日本…")
    #expect(Columns.cut("abc", to: 2) == "a…")
  }
}
