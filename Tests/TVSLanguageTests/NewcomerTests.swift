import Foundation
import TVSLanguage
import Testing

/// What people type on their first day, and the whole of what they are told. `TVS_UPDATE_GOLDEN=1` writes the golden
/// file again.
@Suite("A newcomer's mistakes")
struct NewcomerTests {
  static let mistakes = [
    "def f(x):\n\treturn x\nprint(f(2))",
    "print x",
    "2 ** 3",
    "import numpy as np",
    "map([1, 2], lambda x: x + 1)",
    "x = 3\nif x > 2:\n    print(x)\nelif x > 1:\n    print(1)\nelse:\n    print(0)\ny = x",
    "x = None",
    "x = True",
    "len = 3\nlen([1, 2])",
    "for i in range(3):\n\tx = i\n\tbreak\nprint(x)",
    "self.x = 1",
    "x = 1\nif x > 2 { x = 2 }\nelif x > 1 { x = 3 }",
    "x = true && false",
    "x = !true",
    "x = 3\nx++",
    "7 // 2",
    "x = 1 if true else 2",
    "xs = [1]\nxs.append(2)",
    "from math import sqrt",
    "np.mean([1, 2])",
    "try:\n    x = 1\nexcept ValueError as e:\n    print(e)",
    "raise ValueError(\"x\")",
    "class Probe(object):\n    def __init__(self):\n        self.x = 1",
    "while True:\n    pass",
    "let x = 3",
    "\"\"\"Measures a drift.\"\"\"",
    "\"loss %d\" % 3",
    "\"a\" + 1",
    "fn f(x) x^2",
    "fn f(x) -> x^2",
    "f(x) = x^2",
    "x = y = 3",
    "x = (1, 2)",
    "x = {1, 2}",
    "for i = 0; i < 3; i++ { }",
    "for (x in [1, 2]) { }",
    "x = 3\nif x === 3 { }",
    "1..10",
    "x = 3 > 2 ? 1 : 2",
    "x = str(3)",
    "if 2 > 3\n  print(2)\n}",
    "fn f(x {\n  return x\n}\nprint(f(1))",
  ]

  static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/newcomers.txt"

  @Test("Each gets one error that says how it is written here")
  func rendered() throws {
    let text = Self.mistakes.map { "\($0)\n\n\(Fixture.error($0))\n" }.joined(separator: "\n---\n\n")
    if ProcessInfo.processInfo.environment["TVS_UPDATE_GOLDEN"] != nil {
      try text.write(toFile: Self.golden, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: Self.golden, encoding: .utf8) == text)
  }

  @Test("None is answered more than once, and each with a line of help", arguments: mistakes)
  func once(mistake: String) {
    let lines = Fixture.error(mistake).split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("error[") } == 1)
    #expect(lines.contains { $0.hasPrefix("help: ") })
  }

  @Test("Up to ten errors of a text are reported at once, one a line, and correct lines between them are none")
  func several() {
    let text = (1...12).map { "x\($0) = 3 3 3 )\ny\($0) = \($0)" }.joined(separator: "\n")
    let places = Fixture.error(text).split(separator: "\n").filter { $0.hasPrefix("  test.tvs:") }
    #expect(places.map { $0.split(separator: ":")[1] } == (0..<10).map { "\(2 * $0 + 1)" })
  }

  @Test("What follows a function, loop or list that cannot be read is read on")
  func recovery() {
    let text = """
      fn f(a b) {
        return a
      }
      for x in { print(x) }
      y = 3
      z = [1, 2
      w = )
      try { x = 1 } handle e { }
      v = 5 5
      u = [
        1 2,
        3
      ]
      f(u,
        4 4)
      """
    let places = Fixture.error(text).split(separator: "\n").filter { $0.hasPrefix("  test.tvs:") }
    #expect(places.map { $0.split(separator: ":")[1] } == ["1", "4", "6", "7", "8", "9", "11", "15"])
  }

  @Test("A semicolon below a line that ends with a colon ends, and nothing is read for ever")
  func semicolons() {
    #expect(!Fixture.error("if x :\n  ; y\n  ;\nz = 1").isEmpty)
  }
}
