import Checkpoints
import Foundation
import TVSBuiltins
import TVSLanguage

/// Runs texts that nobody vouches for through everything that reads a text: parser, formatter, completion, evaluator.
public struct LanguageFuzz {
  /// What became of a text.
  public enum Outcome: Sendable {
    /// It ran to its end.
    case ran
    /// It was refused, or failed, with this code.
    case failed(String)
  }

  /// Something that must not happen, other than a crash.
  public struct Finding: Error, CustomStringConvertible {
    /// What it is.
    public let description: String
  }

  private let scripts: [String]
  private let builtins: [Builtin]
  private var mutator: ScriptMutator

  /// Steps of one text.
  private static let steps = 20_000
  /// Memory of the process beyond what it has at its start.
  private static let memory = 256 << 20

  /// Prepares a sequence of texts.
  ///
  /// - Parameters:
  ///   - root: the folder of the repository, whose scripts are damaged.
  ///   - seed: the same one gives the same texts.
  public init(root: String, seed: UInt64) throws {
    var scripts: [String] = []
    for folder in ["Tests/Scripts/language", "stdlib"] {
      let names = FileManager.default.enumerator(atPath: root + "/" + folder)?.allObjects as? [String] ?? []
      for name in names.sorted() where name.hasSuffix(".tvs") {
        let text = try String(contentsOfFile: "\(root)/\(folder)/\(name)", encoding: .utf8)
        scripts += text.components(separatedBy: "\n---\n")
      }
    }
    self.scripts = scripts
    // What works on files or on models is not for texts that nobody vouches for.
    let names: Set = ["write", "read", "exists", "glob", "load", "save", "fetch"]
    builtins = Library.all.filter { $0.topic == "core" && !names.contains($0.name) }
    mutator = ScriptMutator(seed: seed)
  }

  /// The next text: of random tokens, or a damaged script.
  public mutating func text(ofTokens: Bool) -> String { ofTokens ? mutator.tokens() : mutator.mutated(scripts) }

  /// Runs a text under limits.
  ///
  /// - Throws: ``Finding`` for an error without a code of its own, or a text that formatting changes.
  public func run(_ text: String) throws -> Outcome {
    if MemoryLimit.bytes == nil { MemoryLimit.bytes = MemoryLimit.resident + Self.memory }
    let source = SourceText(name: "fuzz.tvs", text: text)
    let interpreter = Interpreter(builtins: builtins, output: Silence(), translate: Library.translate)
    interpreter.maxSteps = Self.steps
    _ = interpreter.completeness(of: text)
    _ = interpreter.callTip(in: text, at: text.utf8.count / 2)
    try format(source)
    do {
      try interpreter.run(source)
      return .ran
    } catch {
      return try outcome(of: error)
    }
  }

  private func format(_ source: SourceText) throws {
    do {
      let once = try SourceFormatter.format(source)
      let twice = try SourceFormatter.format(SourceText(name: source.name, text: once))
      if once != twice { throw Finding(description: "formatting twice is not formatting once") }
    } catch let failure as Failure {
      _ = try outcome(of: failure)
    }
  }

  private func outcome(of failure: Failure) throws -> Outcome {
    guard case .errors(let diagnostics) = failure else { return .failed("stopped") }
    for diagnostic in diagnostics {
      let text = diagnostic.rendered(color: false)
      if diagnostic.code == .unexpected { throw Finding(description: text) }
    }
    return .failed(diagnostics.first?.code.description ?? "")
  }
}

/// Takes what is shown and drops it.
private final class Silence: TVSLanguage.OutputStream {
  func write(_ text: String) {}
}
