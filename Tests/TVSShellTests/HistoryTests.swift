import Foundation
import Testing

@testable import TVSShell

@Suite("History")
struct HistoryTests {
  @Test("entries survive being written, with line ends and backslashes")
  func escaping() {
    for entry in ["a\\nb", "a\nb", "\\", "\\\\n", "f\"\\n\"\n\n", "日\n👩‍🔬"] {
      #expect(!History.escaped(entry).contains("\n"))
      #expect(History.unescaped(History.escaped(entry)) == entry)
    }
  }

  @Test("each entry is kept once, at its newest place, in memory and in the file")
  func duplicates() throws {
    let scratch = try Scratch()
    let path = scratch.path("deep/folder/history")
    var history = History(path: path)
    for entry in ["a", "b", "a", "  ", "a"] { history.add(entry) }
    #expect(history.entries == ["b", "a"])
    #expect(History(path: path).entries == ["b", "a"])
  }

  @Test("a shell takes in what another one has added, once, and keeps the order of the file")
  func sharing() throws {
    let scratch = try Scratch()
    let path = scratch.path("history")
    var first = History(path: path)
    var second = History(path: path)
    first.add("a")
    #expect(first.refresh() == [])
    #expect(second.refresh() == ["a"])
    #expect(second.refresh() == [])
    second.add("b")
    first.add("c")
    #expect(first.refresh() == ["b"])
    #expect(second.refresh() == ["c"])
    #expect(first.entries == ["a", "b", "c"] && second.entries == first.entries)
    // A third shell may put a compacted file in the place of the old one.
    try FileManager.default.removeItem(atPath: path)
    var third = History(path: path)
    third.add("d")
    #expect(first.refresh() == ["d"])
  }

  @Test("a walk goes through the entries that begin as the line does, and back to the line")
  func walk() {
    var history = History(path: nil)
    for entry in ["train(a)", "x = 1", "train(b)"] { history.add(entry) }
    var walk = HistoryWalk(from: "tr", prefix: "tr", in: history)
    #expect(walk.older() == "train(b)")
    #expect(walk.older() == "train(a)")
    #expect(walk.older() == nil)
    #expect(walk.newer() == "train(b)")
    #expect(walk.newer() == "tr")
    #expect(walk.newer() == nil)
  }
}
