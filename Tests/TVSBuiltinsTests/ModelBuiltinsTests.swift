import Foundation
import TVSLanguage
import Testing

@testable import TVSBuiltins

@Suite("Builtins for models, data and training")
struct ModelBuiltinsTests {
  private static let small =
    "m = transformer(layers=1, width=16, heads=2, context=8, seed=1); d = task(\"copy\", length=3)\n"

  private static func run(_ code: String) throws -> String {
    let output = CollectedOutput()
    let interpreter = Interpreter(builtins: Library.all, output: output, translate: Library.translate)
    try interpreter.run(SourceText(name: "test", text: code))
    return output.text.hasSuffix("\n") ? String(output.text.dropLast()) : output.text
  }

  private static func failure(_ code: String) -> Diagnostic? {
    do {
      _ = try run(code)
      return nil
    } catch let failure as Failure {
      if case .errors(let diagnostics) = failure { return diagnostics.first }
      return nil
    } catch { return nil }
  }

  @Test("a model is shown with its parameters, its free ones and its digest")
  func display() throws {
    let shown = try Self.run("m = transformer(layers=4, width=128, heads=2, seed=1); m; adapt(m, rank=8)")
    for part in ["decoder-4x128", "534,528", "decoder-4x128/lora-8", "550,912", "16,384, rank 8 on attn.qkv", "digest"]
    {
      #expect(shown.contains(part), "\(part)")
    }
  }

  @Test("a block of a model is a record of tensors, one array a tensor")
  func blocks() throws {
    #expect(try Self.run(Self.small + "m[\"embed.tokens\"].shape") == "[16, 16]")
    #expect(
      try Self.run(Self.small + "keys(m[\"blocks.0.mlp\"])")
        == "[\"up.weight\", \"up.bias\", \"down.weight\", \"down.bias\"]")
    #expect(try Self.run(Self.small + "adapt(m, rank=2)[\"blocks.0.attn.qkv.b\"].shape") == "[48, 2]")
  }

  @Test("models of one space subtract and add")
  func arithmetic() throws {
    let code = Self.small + "t = train(m, d, steps=2, batch=4, seed=1); "
    #expect(try Self.run(code + "same(m + (t - m), t) or norm((m + (t - m)) - t) < 1e-6") == "true")
    #expect(try Self.run(code + "m == m; m != t") == "true\ntrue")
  }

  @Test("training on a projected gradient stays in the subspace")
  func projection() throws {
    let code =
      Self.small + "run = recover(m, d, steps=4, batch=8, seed=1); U = prefix(run, 2)\n"
      + "t = train(m, d, steps=3, batch=8, optimizer=\"sgd\", warmup=0, project=U)\ncapture(t - m, U) > 0.9999"
    #expect(try Self.run(code) == "true")
  }

  @Test("a model and an adapted one come back from a file bit for bit")
  func files() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString).safetensors")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    for model in ["m", "train(adapt(m, rank=2, seed=3), d, steps=2, batch=4)"] {
      let code = Self.small + "a = \(model); save(a, \"\(path)\"); b = load(\"\(path)\"); same(a, b); b.name == a.name"
      #expect(try Self.run(code) == "true\ntrue")
    }
    let code =
      "save(transformer(layers=1, width=16, heads=2, tokenizer=\"bytes\"), \"\(path)\"); tokenize(load(\"\(path)\"), \"a\")"
    #expect(try Self.run(code) == "[97]")
  }

  @Test(
    "a file that claims impossible sizes is refused", arguments: ["\"heads\":0", "\"layers\":-1", "\"width\":1e30"])
  func hostileFile(claim: String) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString).safetensors")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try Self.run(Self.small + "save(m, \"\(path)\")")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    // The description is JSON inside JSON, so its quotes are escaped. The header's length is put right afterwards.
    let field = String(claim.dropFirst().prefix { $0 != "\"" })
    let start = try #require(bytes.range(of: Data("\\\"\(field)\\\":".utf8)))
    let end = try #require(bytes[start.upperBound...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") })
    let header = bytes.prefix(8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    let replacement = Data(claim.replacingOccurrences(of: "\"", with: "\\\"").utf8)
    let length = Int(header) + replacement.count - (end - start.lowerBound)
    bytes.replaceSubrange(start.lowerBound..<end, with: replacement)
    bytes.replaceSubrange(0..<8, with: withUnsafeBytes(of: UInt64(length).littleEndian) { Data($0) })
    try bytes.write(to: URL(fileURLWithPath: path))
    let report = Self.failure("load(\"\(path)\")")
    #expect(["E0209", "E0304"].contains(report?.code.description ?? ""), "\(report?.message ?? "no error")")
  }

  @Test(
    "a mistake is an error with its code, and says what to type",
    arguments: [
      ("task(\"srot\")", "E0501", "did you mean sort?"),
      ("train(m, task(\"copy\"), steps=1)", "E0502", "context=17"),
      ("train(m, d, steps=1, optimizer=\"adamv\")", "E0501", "adamw"),
      ("train(m, d, steps=1, schedule=\"cosin\")", "E0501", "cosine"),
      ("adapt(adapt(m, rank=2), rank=2)", "E0209", "merge"),
      ("adapt(m, rank=2, targets=[\"qvk\"])", "E0501", ""), ("merge(m)", "E0209", "adapt"),
      ("m[\"blocks.9\"]", "E0207", "blocks."), ("transformer(layers=1, width=9, heads=2)", "E0209", ""),
      ("train(m, d, steps=9, lr=1e30, optimizer=\"sgd\", clip=nil, warmup=0)", "E0404", "lr"),
      ("train(m, d, steps=1, momentum=0.9)", "E0209", "sgd"), ("mix([])", "E0209", ""), ("mix([1])", "E0202", "task"),
      ("holdout(d, 2)", "E0209", ""), ("generate(m, [])", "E0502", ""), ("generate(m, [-1])", "E0202", ""),
      ("logits(m, [99])", "E0502", ""),
    ])
  func errors(code: String, expected: String, help: String) {
    let report = Self.failure(Self.small + code)
    #expect(report?.code.description == expected)
    if !help.isEmpty { #expect(report?.help?.contains(help) ?? false, "\(report?.help ?? "no help")") }
  }
}
