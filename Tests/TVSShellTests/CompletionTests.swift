import TVSBuiltins
import TVSLanguage
import Testing

@testable import TVSShell

/// Completion as a pure function: text and names in, candidates out.
@Suite("Completion")
struct CompletionTests {
  /// A session in which something was defined.
  private func offered(_ text: String, after code: String = "") throws -> Completions {
    let output = CollectedOutput()
    let interpreter = Interpreter(builtins: Library.all, output: output)
    try interpreter.run(SourceText(name: "-e", text: code))
    let completions = Completion(interpreter: interpreter, walkthroughs: nil)
      .candidates(for: EntryText(text: text, cursor: text.utf8.count))
    #expect(output.take().isEmpty)
    return completions
  }

  private func words(_ text: String, after code: String = "") throws -> [String] {
    try offered(text, after: code).candidates.map(\.text)
  }

  @Test("names of the session come first, then builtins, then keywords, each with a description")
  func names() throws {
    let completions = try offered("x = re", after: "respite = 2\n## Rests.\nfn rest() { }")
    let found = completions.candidates
    #expect(found.prefix(2).map(\.text) == ["respite", "rest"])
    #expect(found.map(\.text).contains("replace"))
    #expect(found.last?.text == "return")
    #expect(found.allSatisfy { !$0.detail.isEmpty })
    #expect(found.first { $0.text == "rest" }?.detail == "Rests.")
    #expect(completions.start == 4)
  }

  @Test("strings that an argument may be, inside quotes, by place and by name")
  func choices() throws {
    #expect(try words("t = task(\"re") == ["reverse"])
    #expect(try words("task(length=4, name=\"so") == ["sort"])
    #expect(try words("adapt(m, init=\"g") == ["gaussian"])
    #expect(try words("m = load(\"smol").first == "smollm2")
    #expect(try words("print(\"so").contains("sort") == false)
  }

  @Test("argument names where an argument begins, without those already given")
  func arguments() throws {
    let code = "fn f(alpha, beta = 2, gamma = 3) { alpha }"
    #expect(try words("f(", after: code) == ["alpha", "beta", "gamma"])
    #expect(try words("f(1, b", after: code).first == "beta")
    #expect(try words("f(1, beta=2, g", after: code).first == "gamma")
    #expect(try !words("f(1, beta=2, b", after: code).contains("beta"))
    #expect(try !words("f(1 + b", after: code).contains("beta"))
    #expect(try words("1 |> f(b", after: code).first == "beta")
    #expect(try offered("f(1, bet", after: code).candidates.map(\.closing) == ["="])
  }

  @Test("fields of records and modules")
  func fields() throws {
    let code = "r = {name: \"sort\", length: 8, inner: {deep: 1}}"
    #expect(try words("r.", after: code) == ["name", "length", "inner"])
    #expect(try words("r.inner.d", after: code) == ["deep"])
    #expect(try words("r.name.x", after: code).isEmpty)
    #expect(try words("unknown.", after: code).isEmpty)
  }

  @Test("keys of records, columns of tables and blocks of models inside brackets and quotes")
  func keys() throws {
    let collected = CollectedOutput()
    let session = Session(output: collected, errors: collected, ink: Ink(isOn: false))
    _ = session.enter("r = {name: 1, net: {length: 2}}; t = table({loss: [1], step: [2]})")
    _ = session.enter("m = transformer(layers=2, width=8, heads=1)")
    func offered(_ text: String) -> [String] {
      session.completion.candidates(for: EntryText(text: text, cursor: text.utf8.count)).candidates.map(\.text)
    }
    #expect(offered("r[\"n") == ["name", "net"])
    #expect(offered("x = r.net[\"") == ["length"])
    #expect(offered("t[\"s") == ["step"])
    #expect(offered("m[\"blocks.1") == ["blocks.1"])
    #expect(offered("nosuch[\"").allSatisfy { !$0.isEmpty })
  }

  @Test("files inside quotes, with folders going on and files closing the string")
  func files() throws {
    let scratch = try Scratch()
    try System.makeFolder(scratch.path("models"))
    try scratch.write("model.npy", "")
    try scratch.write(".hidden", "")
    let found = try offered("load(\"\(scratch.folder)/mo").candidates
    #expect(found.map(\.text) == [scratch.path("model.npy"), scratch.path("models/")])
    #expect(found.map(\.closing) == ["\"", ""])
    #expect(try words("load(\"\(scratch.folder)/.").map(Path.name) == [".hidden"])
  }

  @Test("session commands and the subjects of help")
  func commands() throws {
    #expect(try words(":h") == [":help", ":history"])
    #expect(try words("?splitt").isEmpty)
    #expect(try words("??spli") == ["split", "split_at"])
    #expect(try words(":time spli") == ["split", "split_at"])
  }

  @Test("comments, numbers and unfinished texts offer nothing that is wrong, and nothing traps")
  func oddTexts() throws {
    #expect(try words("# spli").isEmpty)
    #expect(try words("12").isEmpty)
    let interpreter = Interpreter(builtins: Library.all, output: CollectedOutput())
    let completion = Completion(interpreter: interpreter, walkthroughs: nil)
    let pieces = [
      "(", ")", "[", "]", "{", "}", "\"", "f\"", "\\", ".", ",", "=", "|>", "#", "\n", "import ", "é", "sum", "1",
    ]
    var state: UInt64 = 1
    for _ in 0..<2000 {
      var text = ""
      for _ in 0..<10 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int(state >> 33) % pieces.count]
      }
      _ = completion.candidates(for: EntryText(text: text, cursor: Int(state >> 40) % (text.utf8.count + 1)))
    }
  }

  @Test("50 ms are enough, with a thousand names and a long text")
  func speed() throws {
    let interpreter = Interpreter(builtins: Library.all, output: CollectedOutput())
    for index in 0..<1000 { interpreter.globals.set("name\(index)", .number(1)) }
    let completion = Completion(interpreter: interpreter, walkthroughs: nil)
    let text = String(repeating: "x = f(1, \"text\") # remark\n", count: 800) + "na"
    let best =
      (0..<5).map { _ in
        ContinuousClock().measure { _ = completion.candidates(for: EntryText(text: text, cursor: text.utf8.count)) }
      }.min() ?? .zero
    #expect(best < .milliseconds(50), "\(best)")
  }
}
