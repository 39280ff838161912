import TVSLanguage
import Testing

@testable import TVSShell

@Suite("What begins with a colon")
struct SessionCommandTests {
  /// What a fresh session says to some lines.
  private func said(_ lines: String...) -> [String] {
    let collected = CollectedOutput()
    let session = Session(output: collected, errors: collected, ink: Ink(isOn: false))
    session.fixedWidth = 80
    return lines.map { line in
      _ = session.enter(line)
      return Columns.trimmed(collected.take())
    }
  }

  @Test("values saved are brought back, also in another process, and take each other's place in one step")
  func values() throws {
    let scratch = try Scratch()
    let path = scratch.path("work.tvw")
    let first = try Piped.run(
      [], input: "x = randn(3, 3, seed=1)\nfn f(a) { a + k }\nk = 2\n41\nseed(9)\n:save \(path)\nsum(x)\n")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("4 values saved in \(path)"))
    let sum = try #require(first.output.split(separator: "\n").last)
    let second = try Piped.run([], input: ":load \(path)\n_ + 1\nf(1)\nsum(x)\n:save \(path)\n")
    #expect(second.status == 0, "\(second.errors)")
    let lines = second.output.split(separator: "\n")
    #expect(lines.first == "3 names loaded from \(path)")
    #expect(lines.dropFirst().prefix(3) == ["42", "3", sum])
    #expect(System.entries(of: scratch.folder) == ["work.tvw"], "nothing is left beside it")
  }

  @Test("a file that :save did not write stays, and an unknown ending is asked about")
  func overwriting() throws {
    let scratch = try Scratch()
    try scratch.write("mine.tvw", "precious")
    let result = try Piped.run([], input: ":save \(scratch.path("mine.tvw"))\n")
    #expect(result.status == 1 && result.errors.contains("E0301"))
    #expect(try scratch.read("mine.tvw") == "precious")
    #expect(try Piped.run([], input: ":load \(scratch.path("mine.tvw"))\n").errors.contains("mine.tvw"))
    try scratch.write("work.tvw", "")
    #expect(said(":load \(scratch.path("wrk.tvw"))")[0].contains("did you mean \(scratch.path("work.tvw"))?"))
    #expect(said(":save work")[0].contains("work.tvw gets every value"))
  }

  @Test("paths may stand in quotes or begin in the home folder")
  func paths() throws {
    let scratch = try Scratch()
    let result = try Piped.run(
      [], input: "x = 1\n:save ~/a.tvw\n:save \"\(scratch.path("b c.tvw"))\"\n:load \"~/b c.tvw\"\n",
      environment: ["HOME": scratch.folder])
    #expect(result.status == 0, "\(result.errors)")
    #expect(System.entries(of: scratch.folder) == ["a.tvw", "b c.tvw"])
  }

  @Test(":undo gives names their earlier values, and takes itself back")
  func undo() {
    let said = said(
      ":undo", "x = [1, 2]", "x[0] = 5; y = 1", ":undo", "x", ":undo", "x", "r = {a: 1}", "r.a = 2", ":undo r", "r.a",
      ":undo q", "for i in range(3) { x += [i] }", ":undo x", "x")
    #expect(said[0].contains("no name has changed yet"))
    #expect(said[3] == "x = [1, 2]\ny has no value")
    #expect(said[4] == "[1, 2]")
    #expect(said[5] == "x = [5, 2]\ny = 1")
    #expect(said[6] == "[5, 2]")
    #expect(said[9] == "r = {a: 1}" && said[10] == "1")
    #expect(said[11].contains("q has no earlier value"))
    #expect(said[13] == "x = [5, 2]" && said[14] == "[5, 2]")
  }

  @Test(":set changes digits and rows, says them, and refuses what makes no sense")
  func settings() {
    let said = said(
      ":set", ":set digits 2", "tensor([1/3, 2/3])", ":set rows 3", "reshape(range(40), 10, 4)", ":set digits 0",
      ":set rws 3", ":set")
    #expect(said[0] == "digits  4\nrows    20")
    #expect(said[2].contains("0.33") && !said[2].contains("0.333"))
    #expect(said[4].split(separator: "\n").count <= 5)
    #expect(said[5].contains("1 to 17") && said[6].contains("did you mean :set rows?"))
    #expect(said[7] == "digits  2\nrows    3")
  }

  @Test(":page shows all rows, of the last value or of an expression")
  func page() {
    let said = said("tensor(range(200))", "reshape(range(200), 100, 2)", ":page", ":page [1, 2] + [3]", ":page nosuch")
    #expect(said[2].split(separator: "\n").count == 101)
    #expect(said[3] == "[1, 2, 3]")
    #expect(said[4].contains("E0201"))
  }

  @Test(":log keeps a transcript that tvs test runs and passes")
  func log() throws {
    let scratch = try Scratch()
    let path = scratch.path("kept.txt")
    let input = """
      :log \(path)
      x = [1, 2]
      fn f(a) {
        a + x[0]
      }
      f(1)
      x + [3]
      ?split
      :time f(2)
      :vars
      tvs> pasted = 7
      :log off
      f(40)
      """
    let made = try Piped.run([], input: input + "\n")
    #expect(made.status == 0, "\(made.errors)")
    let text = try scratch.read("kept.txt")
    #expect(text.contains("tvs> fn f(a) {\n...>   a + x[0]\n...> }\ntvs> f(1)\n2\n") && !text.contains("f(40)"))
    #expect(text.hasSuffix("\ntvs> pasted = 7\n"))
    #expect(try Piped.run(["test", path]).output == "1 passed, 0 failed\n", "\(text)")
    try scratch.write("changed.log", text.replacing("[1, 2, 3]", with: "[1, 2, 4]"))
    #expect(try Piped.run(["test", scratch.path("changed.log")]).status == 1)
    #expect(try Piped.run([], input: ":log \(path)\n").errors.contains("already there"))
  }

  @Test("a transcript holds errors too, as they are shown")
  func logOfErrors() throws {
    let scratch = try Scratch()
    let path = scratch.path("errors.txt")
    let terminal = try Terminal(columns: 60)
    try terminal.expectPrompt()
    for line in ["before = 1", ":log \(path)", "1 / 0", "nosuch + 1", "2 + 2", ":log off"] {
      terminal.enter(line)
      try terminal.expectPrompt()
    }
    let result = try Piped.run(["test", path])
    let text = try scratch.read("errors.txt")
    #expect(result.output == "1 passed, 0 failed\n", "\(text)\n\(result.output)")
  }

  @Test(":edit opens the last entry in $EDITOR and runs what comes back")
  func edit() throws {
    let scratch = try Scratch()
    try scratch.write("editor", "#!/bin/sh\nsed -i 's/20/41/' \"$2\"\n")
    let terminal = try Terminal(environment: [
      "EDITOR": "/bin/sh \(scratch.path("editor")) -w", "XDG_STATE_HOME": scratch.folder,
    ])
    try terminal.expectPrompt()
    terminal.enter("20 + 1")
    try terminal.expect("21")
    try terminal.expectPrompt()
    terminal.enter(":edit")
    try terminal.expect("tvs> 41 + 1\r\n42")
    try terminal.expectPrompt()
    terminal.enter(":edit")
    try terminal.expect("nothing has changed")
    try terminal.expectPrompt()
    #expect(try scratch.read("tvs/history").contains("41 + 1"))
    #expect(try Piped.run([], input: ":edit\n").errors.contains("needs a terminal"))
  }

  @Test(":page opens $PAGER on a terminal, and colour is left to it")
  func pager() throws {
    let terminal = try Terminal(environment: ["PAGER": "/usr/bin/tail -n 1"])
    try terminal.expectPrompt()
    terminal.enter("reshape(range(200), 100, 2)")
    try terminal.expectPrompt()
    terminal.enter(":page _")
    try terminal.expect("199")
    try terminal.expectPrompt()
  }
}
