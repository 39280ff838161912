import Checkpoints
import Foundation
import TVSLanguage
import Testing

@Suite("The interpreter")
struct InterpreterTests {
  @Test("A prompt entry gives the values that it showed")
  func entries() throws {
    let output = CollectedOutput()
    let interpreter = Fixture.interpreter(output)
    let values = try interpreter.runEntry(SourceText(name: "<prompt 1>", text: "1; x = 2; x + 1; nil; print(5)"))
    #expect(values.map(\.literal) == ["1", "3"])
    #expect(output.lines == ["1", "3", "5"])
  }

  @Test("Names stay between entries, can be read, set and removed, and survive an error")
  func globals() throws {
    let interpreter = Fixture.interpreter()
    _ = try interpreter.runEntry(SourceText(name: "<prompt 1>", text: "x = 1; y = [2]"))
    #expect(throws: Failure.self) { try interpreter.runEntry(SourceText(name: "<prompt 2>", text: "z = 3; x = 1 / 0")) }
    #expect(interpreter.globalNames == ["x", "y", "z"])
    #expect(interpreter.globals.value(of: "x")?.literal == "1")
    interpreter.globals.set("_", .number(9))
    #expect(try interpreter.evaluate(SourceText(name: "t", text: "_ + x")).literal == "10")
    interpreter.globals.remove("y")
    #expect(interpreter.globals.value(of: "y") == nil)
    #expect(interpreter.globalNames == ["x", "z", "_"])
  }

  @Test("What a function gives may take its name, also while calls of it are under way")
  func renaming() throws {
    let text = """
      fn f(n) { if n == 0 { x -> x + 1 } else { f(n - 1) } }
      f = f(3)
      f(1)
      fn g(x) { x * 10 }
      for i in range(2) { g = if i == 0 { h = g(4); x -> h + x } else { g(2) } }
      g
      fn k(n) { k = n; if n == 0 { k } else { k + 1 } }
      k(0) + k(5)
      """
    #expect(try Fixture.run(text) == "2\n42\n6")
  }

  @Test("Script arguments are the list args")
  func arguments() throws {
    let interpreter = Fixture.interpreter()
    interpreter.arguments = ["a", "b"]
    #expect(try interpreter.evaluate(SourceText(name: "t", text: "args")).literal == "[\"a\", \"b\"]")
  }

  @Test("exit leaves through every try with its status")
  func exit() {
    do throws(Failure) {
      try Fixture.interpreter().run(SourceText(name: "t", text: "try { exit(3) } catch e { }"))
      Issue.record("it went on")
    } catch {
      guard case .exit(3) = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test("An interruption passes through try, names its place and leaves every name as it was")
  func interruption() throws {
    let interpreter = Fixture.interpreter()
    try interpreter.run(SourceText(name: "t", text: "x = [1, 2]"))
    do throws(Failure) {
      try interpreter.run(SourceText(name: "t", text: "try { x[0] = interrupt() } catch e { x = 0 }"))
      Issue.record("it went on")
    } catch {
      guard case .interrupted(let cause, let range) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(cause.activity == "interrupt" && cause.step == 3)
      #expect(range?.text == "interrupt()")
    }
    #expect(interpreter.globals.value(of: "x")?.literal == "[1, 2]")
  }

  @Test("A value of another room remembers the expression and the seed that made it")
  func provenance() throws {
    let program = """
      b = box(1, 2, seed=7)
      origin(b)
      origin(box(3))
      c = b * 2
      origin(c)
      d = 1 |> box
      origin(d)
      """
    #expect(
      try Fixture.run(program) == "\"box(1, 2, seed=7) seed 7\"\n\"box(3) seed 0\"\n\"b * 2\"\n\"1 |> box seed 0\"")
  }

  @Test("An update of an element tells a value of another room whether it has one owner")
  func uniqueness() throws {
    #expect(try Fixture.run("b = box(1, 2); b[0] = 5; b.unique") == "true")
    #expect(try Fixture.run("b = box(1, 2); c = b; b[0] = 5; b.unique; c") == "false\nbox(1, 2)")
    #expect(try Fixture.run("r = {b: box(1, 2)}; r.b[0] = 5; r.b.unique; r.b[1] += 1; r.b") == "true\nbox(5, 3)")
  }

  @Test("A measure is its number in arithmetic, comparisons and arguments")
  func measures() throws {
    #expect(
      try Fixture.run("m = around(3); m + 1; 2 * m; m > 2; -m; half(m); m == 3; f\"{m:.1f}\"; m")
        == "4\n6\ntrue\n-3\n1.5\ntrue\n\"3.0\"\n3 ± 1")
  }

  @Test("== of values of other rooms is theirs, and inside of lists asks whether they are identical")
  func equality() throws {
    #expect(
      try Fixture.run("box(1, 2) == box(1, 3); [box(1)] == [box(1)]; box(1) in [box(1)]; box(1) == 1")
        == "box(1, 0)\ntrue\ntrue\nfalse")
  }

  @Test("A library module is found in the library folders, and a misspelt one is answered with the nearest")
  func libraries() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/tvs-library-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "fn twice(x) { 2 * x }\nimport \"other.tvs\"\n".write(
      toFile: folder + "/stats.tvs", atomically: true, encoding: .utf8)
    try "print(\"once\")\nname = \"other\"\n".write(toFile: folder + "/other.tvs", atomically: true, encoding: .utf8)
    let output = CollectedOutput()
    let interpreter = Fixture.interpreter(output, libraryPaths: [folder])
    try interpreter.run(
      SourceText(name: "t", text: "import stats\nimport other as o\nstats.twice(4); stats.other.name; o.name"))
    #expect(output.lines == ["once", "8", "\"other\"", "\"other\""])
    #expect(interpreter.fieldNames(of: ["stats"]) == ["twice", "other"])
    do throws(Failure) {
      try interpreter.run(SourceText(name: "t", text: "import statz"))
      Issue.record("it was found")
    } catch {
      guard case .errors(let diagnostics) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(diagnostics.first?.code == .unknownModule && diagnostics.first?.help == "did you mean stats?")
    }
  }

  @Test("Errors inside of a module name its file and the import")
  func moduleErrors() throws {
    let path = FileManager.default.temporaryDirectory.path + "/tvs-module-\(UUID().uuidString).tvs"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "x = 1\ny = x +\n".write(toFile: path, atomically: true, encoding: .utf8)
    let rendered = Fixture.error("import \"\(path)\" as m")
    #expect(rendered.contains("error[E0101]") && rendered.contains(path + ":2:7"), "\(rendered)")
  }

  @Test("A loop that changes a list element by element takes time in proportion to its length")
  func linearUpdates() throws {
    func seconds(_ count: Int) throws -> Double {
      let interpreter = Fixture.interpreter()
      let program =
        "fn f() { xs = [0] * \(count); i = 0; while i < \(count) { xs[i] = i; xs[i] += 1; i += 1 }; r = {a: xs}; while i > 0 { i -= 1; r.a[i] = 0 } }\nf()"
      let start = ContinuousClock.now
      try interpreter.run(SourceText(name: "t", text: program))
      return start.duration(to: .now).inSeconds
    }
    _ = try seconds(1000)
    // Copying the list each time would take 64 times as long for 8 times as many elements.
    #expect(try seconds(80_000) < 30 * max(seconds(10_000), 0.002))
  }

  @Test("The loop of a million steps ends within seconds even on a busy machine")
  func speed() throws {
    let program = "s = 0; n = 0; i = 0\nwhile i < 1000000 { s = s + i; if i > 500000 { n += 1 }; i += 1 }"
    let start = ContinuousClock.now
    try Fixture.interpreter().run(SourceText(name: "t", text: program))
    #expect(start.duration(to: .now).inSeconds < 3)
  }
}
