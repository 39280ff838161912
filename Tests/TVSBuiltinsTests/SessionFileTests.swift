import Foundation
import TVSLanguage
import Tensors
import Testing
import Transformers

@testable import TVSBuiltins

@Suite("Saved sessions")
struct SessionFileTests {
  /// A folder that is gone when the test is over.
  private final class Folder {
    let path: String

    init() throws {
      path = NSTemporaryDirectory() + "tvs-session-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
  }

  private final class Silence: TVSLanguage.OutputStream {
    func write(_ text: String) {}
  }

  private func interpreter() -> Interpreter {
    Interpreter(builtins: Library.all, output: Silence(), translate: Library.translate)
  }

  private func run(_ text: String, in interpreter: Interpreter) throws {
    _ = try interpreter.evaluate(SourceText(name: "<test>", text: text))
  }

  private func contents(of interpreter: Interpreter) -> SessionFile.Contents {
    let names = interpreter.globalNames.compactMap { name in interpreter.globals.value(of: name).map { (name, $0) } }
    return SessionFile.Contents(names: names, shown: [], seed: interpreter.seed)
  }

  /// What is there after a way through a file, and the interpreter that holds it.
  private func reloaded(_ text: String, _ folder: Folder) throws -> (before: Interpreter, after: Interpreter) {
    let before = interpreter()
    try run(text, in: before)
    let path = folder.file("work.tvw")
    let report = try SessionFile.write(contents(of: before), of: before, program: "test", to: path)
    #expect(report.refused.isEmpty, "\(report.refused)")
    let after = interpreter()
    for (name, value) in try SessionFile.read(path, into: after).0.names { after.globals.set(name, value) }
    #expect(Set(after.globalNames) == Set(before.globalNames))
    return (before, after)
  }

  @Test(
    "every kind of value comes back bit for bit",
    arguments: [
      "x = [nil, true, 1.5, -0.0, nan, inf, 5e-324, \"é\\n\\u{0}\", [], {}, {a: [1, {b: 2}]}]",
      "x = range(100000); y = [0.1 * i for i in x]",
      "x = randn(3, 4, seed=1); y = zeros(0, 3); z = x > 0; f = x.T; half = tensor([1, 2, 3]) / 3",
      "m = transformer(layers=1, width=16, heads=2, seed=3); a = adapt(m, rank=2, seed=1)",
      """
      m = transformer(layers=1, width=16, heads=2, seed=3); t = mix([task("copy", length=3), task("sort", length=3)], [1, 3])
      r = recover(m, t, steps=6, lr=1e-3, batch=8, seed=1); s = r[2:5]; d = r.displacement; u = prefix(r, 3)
      c = capture(d, u); p = project(d, u); g = gradient(m, t, batch=8, seed=1); n = d["blocks.0"]; k, h = holdout(t, 0.3, seed=2)
      """,
      """
      m = transformer(layers=1, width=16, heads=2, seed=3); t = task("copy", length=3)
      c = search(m, t, n=4, norm=1, count=8, seed=2); d = search(m, t, n=4, sigma=1e-3, count=8, seed=2, antithetic=true)
      w = search(m, t, n=3, norm=1, count=8, within=random_subspace(m, 2, seed=1)); e = accuracy(m, t); x = damage(m, m, [t])
      """,
      """
      m = adapt(transformer(layers=1, width=16, heads=2, seed=3), rank=2, seed=1); t = task("copy", length=3)
      r = recover(m, t, steps=3, lr=1e-2, batch=8, seed=1); w = delta_w(r); b = bestof(1e-3, 2, 100)
      """,
      """
      m = transformer(layers=2, width=16, heads=2, context=96, tokenizer="bytes", seed=1); d = statements(24, seed=1)
      v = contrast(m, d, layer=1, shuffles=4, seed=1); w = contrast(m, d, shuffles=0, seed=1); u = 2 * v - v
      """,
      """
      a = plot([1, 2.5, 1e-300], title="é"); b = bars({x: 1, y: 2}); c = heatmap([[1, 2], [3, 4]])
      d = layout([scatter([1, 2], [3, 4]), a])
      """,
    ])
  func roundTrip(_ text: String) throws {
    let (before, after) = try reloaded(text, Folder())
    for name in before.globalNames {
      let old = try #require(before.globals.value(of: name))
      let new = try #require(after.globals.value(of: name))
      #expect(new.display(DisplayStyle()) == old.display(DisplayStyle()), "\(name)")
      // Data are the same when they draw the same; all others can be compared.
      if old.kind != "data" { #expect(try new.isSame(as: old), "\(name)") }
    }
  }

  @Test("functions keep their text, their doc comments and what they close over")
  func functions() throws {
    let text = """
      base = 100
      ## Adds k.
      ##> adder(2)(3)
      ##= 5
      fn adder(k) { x -> x + k + base - 100 }
      plus = adder(7)
      fn maker() { fn even(n) { if n == 0 { true } else { odd(n - 1) } }; fn odd(n) { if n == 0 { false } else { even(n - 1) } }; even }
      even = maker()
      twice = [plus, plus]
      root = sqrt
      """
    let (before, after) = try reloaded(text, Folder())
    try run("a = plus(1); b = even(10); c = even(7); d = adder(1)(1); e = root(9); base = 200; g = plus(1)", in: after)
    let expected: [(String, Value)] = [
      ("a", .number(8)), ("b", .bool(true)), ("c", .bool(false)), ("d", .number(2)), ("e", .number(3)),
      ("g", .number(108)),
    ]
    for (name, value) in expected {
      #expect(try #require(after.globals.value(of: name)).isSame(as: value), "\(name)")
    }
    guard case .function(let old)? = before.globals.value(of: "adder"),
      case .function(let new)? = after.globals.value(of: "adder"),
      case .list(let pair)? = after.globals.value(of: "twice")
    else {
      Issue.record("no function")
      return
    }
    #expect(new.documentation?.summary == "Adds k." && new.documentation?.examples.first?.shows == "5")
    #expect(new.definition?.line == old.definition?.line)
    #expect(try pair[0].isSame(as: pair[1]), "one function stays one")
  }

  @Test("a module comes back by its file, and the user hears that it has changed")
  func modules() throws {
    let folder = try Folder()
    let file = folder.file("m.tvs")
    try "fn f(x) { x + 1 }\nfn make(k) { x -> x * k + hidden }\nhidden = 5\n".write(
      toFile: file, atomically: true, encoding: .utf8)
    let (_, after) = try reloaded("import \"\(file)\" as m; g = m.f; h = m.make(10)", folder)
    try run("a = m.f(1); b = g(1); c = h(2); d = same(g, m.f)", in: after)
    #expect(after.globals.value(of: "c")?.numberValue == 25)
    #expect(try after.globals.value(of: "d")?.truth() == true)
    try "fn f(x) { x + 2 }\nfn make(k) { x -> x * k + hidden }\nhidden = 6\n".write(
      toFile: file, atomically: true, encoding: .utf8)
    #expect(try SessionFile.read(folder.file("work.tvw"), into: interpreter()).notes.count == 1)
    try FileManager.default.removeItem(atPath: file)
    #expect(throws: (any Error).self) { try SessionFile.read(folder.file("work.tvw"), into: interpreter()) }
  }

  @Test("models and runs that came from files are named, and must not have changed")
  func references() throws {
    let folder = try Folder()
    let before = interpreter()
    try run(
      """
      m = transformer(layers=1, width=64, heads=2, seed=3)
      r = recover(m, task("copy", length=3), steps=2, lr=1e-3, batch=8, seed=1)
      save(m, "\(folder.file("m.safetensors"))")
      for i in [0, 1, 2] { save(r[i], f"\(folder.file("step-{i}.safetensors"))") }
      """, in: before)
    let first = interpreter()
    let text = """
      m = load("\(folder.file("m.safetensors"))"); t = trajectory(glob("\(folder.file("step-*.safetensors"))"))
      a = adapt(m, rank=2, seed=1)
      """
    try run(text, in: first)
    let path = folder.file("work.tvw")
    let report = try SessionFile.write(contents(of: first), of: first, program: "test", to: path)
    #expect(report.references.contains(folder.file("m.safetensors")) && report.references.count >= 4)
    #expect(report.bytes < 40_000, "the weights, 150 kB, are not inside: \(report.bytes)")
    let second = interpreter()
    for (name, value) in try SessionFile.read(path, into: second).0.names {
      #expect(try value.isSame(as: #require(first.globals.value(of: name))), "\(name)")
    }
    try run(
      "m = transformer(layers=1, width=64, heads=2, seed=4); save(m, \"\(folder.file("m.safetensors"))\")", in: before)
    #expect { try SessionFile.read(path, into: interpreter()) } throws: {
      "\($0)".contains("has changed since") && "\($0)".contains("m.safetensors")
    }
  }

  @Test("a steered model keeps its steering")
  func steering() throws {
    let folder = try Folder()
    let before = interpreter()
    try run("m = transformer(layers=2, width=8, heads=1, seed=1)", in: before)
    guard case .native(let native)? = before.globals.value(of: "m"), let model = (native as? ModelValue)?.model else {
      Issue.record("no model")
      return
    }
    let edits = try [SteeringEdit.Positions.all, .last, .range(1..<3)].map {
      try SteeringEdit(
        point: ActivationPoint(layer: 1, site: .attnOut), vector: FloatVector(Array(repeating: 0.5, count: 8)),
        kind: .rotate, scale: 0.3, positions: $0)
    }
    before.globals.set("s", .native(ModelValue(try model.steered(by: edits))))
    let path = folder.file("w.tvw")
    #expect(try SessionFile.write(contents(of: before), of: before, program: "test", to: path).refused.isEmpty)
    for (name, value) in try SessionFile.read(path, into: interpreter()).0.names {
      #expect(try value.isSame(as: #require(before.globals.value(of: name))), "\(name)")
    }
  }

  @Test("what cannot be saved is named, and the rest is saved")
  func refusals() throws {
    let folder = try Folder()
    let before = interpreter()
    try run(
      "deep = []; for i in range(400) { deep = [deep] }; f = () -> deep; y = 1; fn g() { d = deep; () -> d }; h = g()",
      in: before)
    let report = try SessionFile.write(contents(of: before), of: before, program: "test", to: folder.file("w.tvw"))
    #expect(report.refused.map(\.name) == ["deep", "h"])
    let names = try SessionFile.read(folder.file("w.tvw"), into: interpreter()).0.names
    #expect(names.map(\.name).sorted() == ["f", "g", "i", "y"])
  }

  @Test("a newer version, a damaged file and another file are refused by name")
  func damage() throws {
    let folder = try Folder()
    let before = interpreter()
    try run("x = randn(100, seed=1); y = \"text\"", in: before)
    let path = folder.file("w.tvw")
    _ = try SessionFile.write(contents(of: before), of: before, program: "9.9", to: path)
    let sound = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    func refusal(_ bytes: [UInt8]) throws -> String {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      do {
        _ = try SessionFile.read(path, into: interpreter())
        return "read"
      } catch { return "\(error)" }
    }
    #expect(try refusal(sound) == "read")
    let text = String(decoding: sound, as: Unicode.ASCII.self)
    let place = try #require(text.firstRange(of: "\"tvs.session\":\"1\""))
    var newer = sound
    newer[text.distance(from: text.startIndex, to: place.upperBound) - 2] = UInt8(ascii: "2")
    #expect(try refusal(newer).contains("was saved by tvs 9.9 in version 2"))
    for offset in stride(from: 0, to: sound.count, by: 7) {
      var changed = sound
      changed[offset] ^= 4
      let message = try refusal(changed)
      // Whatever the text says, the arrays are guarded; the header's blanks and the program's version are not.
      #expect(message == "read" ? offset < sound.count - 900 : message.contains("w.tvw"), "\(offset): \(message)")
    }
    for length in stride(from: 0, to: sound.count, by: 13) {
      #expect(try refusal(Array(sound[..<length])).contains("w.tvw"))
    }
  }
}
