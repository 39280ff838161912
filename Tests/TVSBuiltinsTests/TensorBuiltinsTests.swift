import Foundation
import TVSLanguage
import Testing

@testable import TVSBuiltins
@testable import Tensors

@Suite("Tensor and statistics builtins")
struct TensorBuiltinsTests {
  private static let builtins = TensorBuiltins.all + StatisticsBuiltins.all

  /// What the prompt shows for a program, without the last newline.
  static func run(_ code: String) throws -> String {
    let output = CollectedOutput()
    let interpreter = Interpreter(builtins: Library.all, output: output, translate: Library.translate)
    try interpreter.run(SourceText(name: "test", text: code))
    return output.text.hasSuffix("\n") ? String(output.text.dropLast()) : output.text
  }

  /// The code and the message of the error that a program ends with.
  static func error(_ code: String) -> String {
    do throws(Failure) {
      let interpreter = Interpreter(builtins: Library.all, output: CollectedOutput(), translate: Library.translate)
      try interpreter.run(SourceText(name: "test", text: code))
      return "no error"
    } catch {
      guard case .errors(let diagnostics) = error, let first = diagnostics.first else { return "\(error)" }
      return "\(first.code): \(first.message)" + (first.help.map { " (\($0))" } ?? "")
    }
  }

  @Test(
    "every example runs and shows what its record says",
    arguments: builtins.flatMap { b in b.examples.map { (b.name, $0.code, $0.shows) } })
  func example(name: String, code: String, shows: String?) throws {
    let shown = try Self.run(code)
    if let shows { #expect(shown == shows, "\(name)") }
  }

  @Test("every record is complete", arguments: builtins)
  func record(builtin: Builtin) {
    #expect(builtin.summary.hasSuffix("."))
    #expect(!builtin.examples.isEmpty)
    #expect(!builtin.seeAlso.isEmpty)
    #expect(builtin.parameters.allSatisfy { !$0.help.isEmpty })
    #expect(Library.all.count { $0.name == builtin.name } == 1)
  }

  @Test(
    "tensors follow the language's rules",
    arguments: [
      ("x = tensor([[1, 2], [3, 4]]); x[1, 0]", "3"), ("x = arange(5); x[-1]", "4"),
      ("x = arange(5); x[1:4:2]", "tensor 2 float64\n  1  3"),
      ("x = reshape(arange(6), 2, 3); x[:, 0]", "tensor 2 float64\n  0  3"),
      ("x = arange(3); y = x; y[0] = 9; x", "tensor 3 float64\n  0  1  2"),
      ("x = arange(3); x[0] += 5; x", "tensor 3 float64\n  5  1  2"),
      ("x = arange(4); x[x > 1] = 0; x", "tensor 4 float64\n  0  1  0  0"),
      ("x = arange(4); x[[0, -1]]", "tensor 2 float64\n  0  3"),
      ("x = zeros(2, 2); x[0] = [1, 2]; x", "tensor 2×2 float64\n  1  2\n  0  0"),
      ("x = zeros(2, 3); x[1, :] = arange(3); x.T", "tensor 3×2 float64\n  0  0\n  0  1\n  0  2"),
      ("(2 * arange(3) + 1) ^ 2", "tensor 3 float64\n   1   9  25"),
      ("1 / tensor([0, -0.5])", "tensor 2 float64\n  inf   -2"), ("-arange(3) % 2", "tensor 3 float64\n  0  1  0"),
      ("arange(3) < 1", "tensor 3 bool\n   true  false  false"),
      ("arange(3) == [0, 5, 2]", "tensor 3 bool\n   true  false   true"),
      ("(0.5 * ones(2, dtype=\"float32\")).dtype", "\"float32\""),
      ("(ones(2, dtype=\"float32\") + ones(2)).dtype", "\"float64\""), ("zeros(2, 3).shape", "[2, 3]"),
      ("eye(2) @ [3, 4]", "tensor 2 float64\n  3  4"), ("[x for x in arange(3)]", "[0, 1, 2]"),
      ("2 in arange(3)", "true"), ("[arange(2), eye(3)]", "[tensor([0, 1]), tensor 3×3 float64]"),
      ("a, b = eye(2); b", "tensor 2 float64\n  0  1"), ("x = reshape(arange(24), 2, 3, 4); x[1, 2, 3]", "23"),
      ("x = eye(3); x[[0, 1], [1, 1]]", "tensor 2 float64\n  0  1"),
      ("median(tensor([[1, 2], [3, 5]]), axis=0)", "tensor 2 float64\n  2.0  3.5"),
      ("quantile([[1, 2], [3, 5]], 0.5, axis=1)", "tensor 2 float64\n  1.5  4.0"),
    ])
  func behaviour(code: String, shows: String) throws {
    #expect(try Self.run(code) == shows)
  }

  @Test(
    "what cannot be done is an error with a code and a way out",
    arguments: [
      ("zeros(1000000, 1000000)", "E0401: the result would take 8 TB"), ("eye(10000000)", "E0401"),
      ("zeros(-1)", "E0209"), ("zeros()", "E0205"), ("tensor([[1, 2], [3]])", "E0402: the lists do not form a block"),
      ("tensor([1, [2]])", "E0402"), ("tensor([[1], 2])", "E0402"), ("tensor([1, \"a\"])", "E0202"),
      ("arange(3) + arange(4)", "E0402: + does not join the shapes 3 and 4"),
      ("eye(2) @ eye(3)", "E0402: @ does not join the shapes 2×2 and 3×3 (the inner lengths must agree"),
      ("arange(3)[5]", "E0207: index 5 is outside of axis 0"), ("arange(3)[0, 0]", "E0402"),
      ("arange(3)[0.5]", "E0202"),
      ("arange(3)[\"a\"]", "E0202"), ("x = arange(3); x[7] = 1", "E0207"),
      ("x = arange(3); x[0:2] = [1, 2, 3]", "E0402"),
      ("solve([[1, 2], [2, 4]], [1, 1])", "E0403: solve: the matrix is singular (use lstsq"),
      ("cholesky([[1, 2], [2, 1]])", "E0403"), ("svd([1, 2])", "E0402"), ("inv([[1, 2, 3]])", "E0402"),
      ("svd([[1, nan]])", "E0403"), ("reshape(arange(6), 4, 2)", "E0402"), ("concat([])", "E0402"),
      ("ones(2, dtype=\"float23\")", "E0501: there is no element type float23 (did you mean"),
      ("load(\"nowhere.npy\")", "E0301"),
      ("load(\"nothing\")", "E0301: there is no file or model nothing (load reads"),
      ("load(\"/tmp\")", "E0304: /tmp is a folder"),
      ("save(eye(2), \"x.xyz\")", "E0304: save does not write x.xyz (save writes"),
      ("save(\"text\", \"x.npy\")", "E0202"), ("save(eye(2), \"/nowhere/x.npy\")", "E0301"),
      ("if arange(3) { 1 }", "E0202"), ("quantile([1], 2)", "E0209"), ("corr([1, 2], [1, 2])", "E0503"),
      ("corr([1, 1, 1], [1, 2, 3])", "E0503"), ("bootstrap([], mean)", "E0503"), ("histogram([1], 0)", "E0209"),
      ("randn(3, seed=-1)", "E0209"), ("arange(0, 1, 0)", "E0209"), ("topk([1, 2], 3)", "E0402"),
      ("argmax([])", "E0402"),
      ("randint(3, low=2, high=2)", "E0209"), ("where([1, 0], 1)", "E0205"), ("clip([1], 2, 1)", "E0209"),
      ("full([1000000, 1000000, 1000000, 1000000], 1)", "E0401"), ("arange(1e17)", "E0401"),
    ])
  func errors(code: String, begins: String) {
    let found = Self.error(code)
    #expect(found.hasPrefix(begins), "\(found)")
  }

  @Test("random numbers depend on the seed and on what is drawn, not on earlier draws")
  func randomness() throws {
    #expect(try Self.run("a = randn(4); b = randn(9); same(a, randn(4))") == "true")
    #expect(try Self.run("same(randn(4, seed=1), randn(4, seed=2))") == "false")
    #expect(try Self.run("same(randn(4, seed=1), randn(2, 2, seed=1)[0])") == "false")
    #expect(try Self.run("x = randint(1000, low=-3, high=4, seed=1); [min(x), max(x)]") == "[-3, 3]")
    #expect(
      try Self.run("same(bootstrap(arange(20), mean, seed=1), bootstrap(arange(20), mean, seed=1))") == "true")
  }

  @Test("long tensors are cut in the middle and fit the window")
  func display() throws {
    let style = DisplayStyle(width: 60, rows: 8)
    for shape in [[1000], [3, 200], [500, 3], [4, 5, 6], [40, 50, 60], [2, 2, 2, 2], [0, 3], [1, 1]] {
      let stream = RandomStream(seed: 1, purpose: "display")
      let tensor = try Tensor(float64: shape) { stream.fillGaussian($0, count: $1) }
      let lines = TensorValue(tensor).display(style).split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.allSatisfy { $0.count <= style.width }, "\(shape)")
      #expect(lines.count <= 2 * style.rows + 2, "\(shape): \(lines.count)")
    }
    let wide = try Tensor([1e-9, 1, 2e5])
    #expect(TensorValue(wide).display(style) == "tensor 3 float64\n  1.000e-09  1.000e+00  2.000e+05")
  }

  @Test("measures show what is known and nothing else, and are their numbers in arithmetic")
  func measures() throws {
    func text(_ measure: Measure) -> String { MeasureValue(measure).display(DisplayStyle()) }
    #expect(text(Measure(0.7812, margin: 0.0123, chance: 0.0043)) == "0.781 ± 0.012 (chance 0.0043)")
    #expect(text(Measure(0.78123)) == "0.7812")
    #expect(text(Measure(0.5, chance: 0.44721, chanceModel: "random walk")) == "0.5 (chance 0.447, random walk)")
    #expect(text(Measure(0.5, chance: 6.1e-5)) == "0.5 (chance 6.1e-5)")
    #expect(text(Measure(0.9, low: 0.7, high: 0.95)) == "0.90 [0.70, 0.95]")
    #expect(text(Measure(29)) == "29")
    #expect(text(Measure(.nan)) == "nan")
    #expect(try Self.run("m = corr(arange(9), arange(9) ^ 2); m * 2 == 2 * m.value") == "true")
    #expect(try Self.run("m = corr(arange(9), arange(9) ^ 2); m.low < m and m < m.high") == "true")
  }

  @Test("tables align their columns, answer by row and by name, and are saved as text")
  func tables() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString).csv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let save = "t = histogram([1, 2, 2, 4], 3); save(t, \"\(path)\"); u = load(\"\(path)\"); "
    #expect(try Self.run(save + "same(t, u)") == "true")
    #expect(try Self.run(save + "u[0]") == "{low: 1, high: 2, count: 1, share: 0.25}")
    #expect(try Self.run(save + "u[\"count\"]") == "[1, 2, 1]")
    #expect(try Self.run(save + "u.count[1]") == "2")
    #expect(try Self.run(save + "len = u[1:].count; len") == "[2, 1]")
    #expect(Self.error(save + "u[\"cuont\"]").contains("did you mean"))
    #expect(Self.error(save + "u[9]").hasPrefix("E0207"))
    let names = (0..<30).map { "column\($0)" }
    let table = TableValue(names: names, rows: (0..<100).map { row in names.indices.map { .number(Double(row * $0)) } })
    let lines = table.display(DisplayStyle(width: 50, rows: 9)).split(separator: "\n")
    #expect(lines.count == 10)
    #expect(lines.allSatisfy { $0.count <= 50 })
    #expect(lines.contains { $0.contains("…") })
    let task = TableValue(columns: ["task": [.string("sort"), .string("reverse")], "em": [.number(0.5), .nil]])
    #expect(task.display(DisplayStyle()) == "task      em\nsort     0.5\nreverse")
  }

  @Test("files come back as what they were")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for ending in ["npz", "safetensors"] {
      let path = folder.appendingPathComponent("x.\(ending)").path
      #expect(
        try Self.run(
          "x = {w: randn(3, 4), b: ones(2, dtype=\"float32\")}; save(x, \"\(path)\"); same(load(\"\(path)\"), x)")
          == "true")
    }
    let path = folder.appendingPathComponent("x.csv").path
    #expect(try Self.run("x = randn(3, 4); save(x, \"\(path)\"); same(load(\"\(path)\"), x)") == "true")
    let missing = folder.appendingPathComponent("x.cvs").path
    #expect(Self.error("load(\"\(missing)\")").contains("did you mean"))
  }

  @Test("any and all, sorting and the mapped functions reach tensors through the capabilities")
  func capabilities() throws {
    let value = TensorValue(try Tensor([3.0, -1, 2]))
    guard case .native(let sorted)? = try value.mapped("sort") else { throw ErrorReport(.unexpected, "no result") }
    #expect(sorted.inline == "tensor([-1, 2, 3])")
    #expect(try Self.run("sort(tensor([3, -1, 2]))") == "tensor 3 float64\n  -1   2   3")
    #expect(try Self.run("reverse(arange(3))") == "tensor 3 float64\n  2  1  0")
    #expect(
      try Self.run("x = tensor([[1, 2], [3, 5]]); [sum(x), max(x), std([1, 3]), std(tensor([1, 3]))]")
        == "[11, 5, 1, 1]")
    #expect(try Self.run("mean([[1, 2], [3, 5]] |> tensor, axis=0)") == "tensor 2 float64\n  2.0  3.5")
    #expect(
      try Self.run("x = arange(3); [any(x > 1), all(x > 1), cos(x, x) > 0.999, norm([3, 4]), dot(x, x)]")
        == "[true, false, true, 5, 5]")
    #expect(try Self.run("exp(zeros(2)); log(tensor([0]))") == "tensor 2 float64\n  1  1\ntensor 1 float64\n  -inf")
    #expect(try value.mapped("nonsense").map { _ in true } == nil)
    guard case .bool(true)? = try value.reduced("all", axis: nil) else { throw ErrorReport(.unexpected, "no result") }
    guard case .number(let dot)? = try value.paired("dot", with: .native(value), options: [:]) else {
      throw ErrorReport(.unexpected, "no result")
    }
    #expect(dot == 14)
    #expect(throws: ErrorReport.self) {
      try value.paired("cos", with: .native(TensorValue(try Tensor(repeating: 0, shape: [3]))), options: [:])
    }
  }
}
