import Foundation
import TVSBuiltins
import TVSLanguage

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
    read: { path in
      let (contents, _) = try SessionFile.read(path, into: interpreter(), isChecked: false)
      for (_, value) in contents.names { _ = value.display(DisplayStyle()) }
    })

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
