import Foundation
import TVSBuiltins
import TVSLanguage
import Tensors

enum SessionReaders {
  private final class Silence: TVSLanguage.OutputStream {
    func write(_ text: String) {}
  }

  /// The checksum is not asked, since it would refuse every change before anything is read.
  static let session = FuzzReader(
    "session", fileName: "input.tvw", structure: .prefixedText,
    seeds: {
      try [
        "x = [1, nil, {a: \"b\"}]; fn f(k) { y -> y + k }; g = f(2); t = randn(3, 2, seed=1)",
        """
        m = transformer(layers=1, width=4, heads=1, context=8, seed=1); t = task("copy", length=2)
        r = recover(m, t, steps=2, lr=1e-3, batch=2, seed=1); u = prefix(r, 2); c = capture(r, u); s = mix([t, t])
        """,
        """
        m = adapt(transformer(layers=1, width=4, heads=1, context=8, seed=1), rank=1); t = task("copy", length=2)
        c = search(m, t, n=2, norm=1, count=2, seed=1); d = damage(m, m, [t])
        """,
      ].map(session)
    },
    hostile: { hostile },
    read: { path in
      let (contents, _) = try SessionFile.read(path, into: interpreter(), isChecked: false)
      for (_, value) in contents.names { _ = value.display(DisplayStyle()) }
    })

  /// Texts that ask for too much, or for what is not there.
  private static var hostile: [(fault: String, bytes: [UInt8])] {
    func text(_ value: String, tables: String = "") -> String {
      let names = ["tokenizers", "weights", "models", "spaces", "records", "modules", "functions"]
      let rows = names.filter { !tables.contains("\"\($0)\"") }.map { "\"\($0)\":[]" }.joined(separator: ",")
      return "{\"seed\":\"0\",\"names\":[[\"x\",\(value)]],\"shown\":[],\"tables\":{\(tables)\(rows)}}"
    }
    let space = { (shape: String) in
      "\"spaces\":[{\"name\":\"s\",\"segments\":[[\"a\",\"linear\",\(shape)],[\"b\",\"linear\",\(shape)]]}],"
    }
    let displacement = "{\"kind\":\"displacement\",\"displacement\":{\"space\":0,\"vector\":0},\"notes\":[]}"
    let texts = [
      ("a shape that overflows", text(displacement, tables: space("[9223372036854775807,9223372036854775807]"))),
      ("shapes whose sum overflows", text(displacement, tables: space("[281474976710656]"))),
      ("a shape below zero", text(displacement, tables: space("[-1]"))),
      ("an array that is not there", text("{\"kind\":\"tensor\",\"array\":7}")),
      ("a kind that is not there", text("{\"kind\":\"nothing\"}")),
      ("a function that is not there", text("{\"function\":3}")),
      ("text as a tensor", text("{\"kind\":\"tensor\",\"array\":\"values\"}")),
      (
        "a function that is none",
        text(
          "{\"function\":0}",
          tables: "\"functions\":[{\"source\":\"s\",\"line\":1,\"text\":\"1 + 1\",\"names\":[],\"captured\":[]}],")
      ),
      (
        "a task longer than any",
        text("{\"kind\":\"data\",\"data\":{\"task\":\"copy\",\"length\":9223372036854775807,\"part\":{\"all\":{}}}}")
      ),
      ("nesting without end", text(String(repeating: "[", count: 100_000))),
      ("no JSON", "{"), ("no tables", "{\"seed\":\"0\"}"),
    ]
    return texts.compactMap { fault, text in (try? file(text)).map { (fault, $0) } }
  }

  /// A file of one text.
  private static func file(_ text: String) throws -> [UInt8] {
    let path = NSTemporaryDirectory() + "tvs-fuzz-\(getpid()).tvw"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let bytes = Array(text.utf8)
    try SafetensorsFile.write(
      [
        SafetensorsFile.Entry(name: "values", type: "U8", shape: [bytes.count], byteCount: bytes.count) {
          try $0.write(bytes)
        }
      ], metadata: ["tvs.session": "1"], to: path)
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private static func interpreter() -> Interpreter {
    Interpreter(builtins: Library.all, output: Silence(), translate: Library.translate)
  }

  private static func session(_ text: String) throws -> [UInt8] {
    let interpreter = interpreter()
    _ = try interpreter.evaluate(SourceText(name: "<seed>", text: text))
    let path = NSTemporaryDirectory() + "tvs-fuzz-\(getpid()).tvw"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let names = interpreter.globalNames.compactMap { name in interpreter.globals.value(of: name).map { (name, $0) } }
    _ = try SessionFile.write(
      SessionFile.Contents(names: names, shown: [], seed: 0), of: interpreter, program: "fuzz", to: path)
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
