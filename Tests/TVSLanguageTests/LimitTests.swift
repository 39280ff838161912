import Checkpoints
import Foundation
import LanguageFuzz
import TVSLanguage
import Testing

@Suite("Limits", .serialized)
struct LimitTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private func code(_ text: String, steps: Int? = nil) -> ErrorCode? {
    let interpreter = Fixture.interpreter()
    interpreter.maxSteps = steps
    do throws(Failure) {
      try interpreter.run(SourceText(name: "t.tvs", text: text))
      return nil
    } catch {
      guard case .errors(let faults) = error else { return nil }
      return faults.first?.code
    }
  }

  @Test("A program that makes more steps than it may stops with an error, also inside of try")
  func steps() {
    #expect(code("while true { }", steps: 10_000) == .tooLarge)
    #expect(code("while true { try { while true { } } catch e { } }", steps: 10_000) == .tooLarge)
    #expect(code("fn f(x) { f(x) + f(x) }; f(1)", steps: 2_000) == .tooLarge)
    #expect(code("for i in range(900) { i }", steps: 1_000) == nil)
  }

  @Test("A program that takes more memory than it may stops with an error and keeps its values")
  func memory() throws {
    MemoryLimit.bytes = MemoryLimit.resident + (64 << 20)
    defer { MemoryLimit.bytes = nil }
    for growth in [
      "s = \"x\"; while true { s += s }", "s = \"x\"; while true { s = s + s }", "xs = [1]; while true { xs += xs }",
      "xs = [1]; while true { xs = xs + xs }", "xs = []; while true { xs += [len(xs)] }", "x = \"abc\" * 1e9",
      "x = [1, 2] * 1e9",
    ] {
      #expect(code(growth) == .tooLarge, "\(growth)")
    }
  }

  @Test("Calls nested too deeply stop with an error that says how deep")
  func recursion() {
    #expect(Fixture.error("fn f(n) { f(n + 1) }\nf(0)").contains("nested more than 10,000 deep"))
  }

  @Test("Random tokens and damaged scripts do no harm", arguments: [true, false])
  func fuzz(ofTokens: Bool) throws {
    defer { MemoryLimit.bytes = nil }
    var fuzz = try LanguageFuzz(root: Self.root, seed: 2)
    var ran = 0
    for _ in 0..<1_000 {
      if case .ran = try fuzz.run(fuzz.text(ofTokens: ofTokens)) { ran += 1 }
    }
    #expect(ran > 0)
  }
}
