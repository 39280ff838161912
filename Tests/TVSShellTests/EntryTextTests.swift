import Testing

@testable import TVSShell

@Suite("An entry being edited")
struct EntryTextTests {
  private let block = EntryText(text: "fn f(x) {\n  y = \"é日\"\n}", cursor: 0)

  @Test("the cursor goes up and down by columns, and stays within shorter lines")
  func lines() {
    var entry = block
    #expect(entry.moved(up: true) == nil)
    entry.cursor = 4
    #expect(entry.moved(up: false) == 14)
    entry.cursor = 14
    #expect(entry.moved(up: true) == 4)
    #expect(entry.moved(up: false) == entry.text.utf8.count)
    entry.cursor = entry.text.utf8.count
    #expect(entry.moved(up: false) == nil)
  }

  @Test("a cursor inside a character never traps")
  func strayCursor() {
    for cursor in -1...(block.text.utf8.count + 2) {
      let entry = EntryText(text: block.text, cursor: cursor)
      #expect((entry.before + entry.after) == block.text)
      _ = entry.moved(up: true)
      _ = entry.indentation
      _ = entry.backspace
    }
  }

  @Test("a new line is indented as its line is, and further after an opening bracket")
  func indentation() {
    #expect(EntryText(text: "fn f() {", cursor: 8).indentation == "  ")
    #expect(EntryText(text: "fn f() {\n  if x {", cursor: 17).indentation == "    ")
    #expect(EntryText(text: "fn f() {\n  x = 1", cursor: 16).indentation == "  ")
    #expect(EntryText(text: "x =", cursor: 3).indentation == "")
  }

  @Test("Backspace deletes a step of indentation or one visible character")
  func backspace() {
    #expect(EntryText(text: "{\n    ", cursor: 6).backspace == 2)
    #expect(EntryText(text: "{\n   ", cursor: 5).backspace == 1)
    #expect(EntryText(text: "日", cursor: 3).backspace == 3)
    #expect(EntryText(text: "e\u{301}", cursor: 3).backspace == 3)
    #expect(EntryText(text: "", cursor: 0).backspace == 0)
  }
}
