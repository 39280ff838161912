/// A script that says what it should do, line by line:
///
///     x = [1, 2]
///     x            # expect: [1, 2]
///     x[5]         # error: E0207 outside of a list
///
/// `# expect:` is a line of output, in the order of the lines; several may follow each other on lines of their own.
/// `# error:` stands on the line that the error marks; after the code (which may be missing) comes a piece of its
/// message, label or help. A line `---` begins a fresh session, so that one file may hold several errors.
///
/// The examples in doc comments (`##> expr` and `##= shown`) of the functions that a script defines run too.
public struct ScriptExpectations: Sendable {
  /// Something that did not happen as expected.
  public struct Mismatch: Sendable, CustomStringConvertible {
    /// The script.
    public let name: String
    /// The line, counted from 1.
    public let line: Int
    /// What was expected and what happened.
    public let message: String

    /// `name:line: message`.
    public var description: String { "\(name):\(line): \(message)" }
  }

  private struct Chunk {
    /// The text, with empty lines before it so that the numbers of its lines are those of the script.
    let text: String
    let outputs: [(line: Int, text: String)]
    let error: (line: Int, text: String)?
  }

  private let source: SourceText
  private let chunks: [Chunk]

  /// Reads the expectations of a script.
  public init(_ source: SourceText) {
    self.source = source
    var chunks: [Chunk] = []
    var lines: [String] = []
    var outputs: [(Int, String)] = []
    var error: (Int, String)?
    var start = 0
    func finish() {
      let text = String(repeating: "\n", count: start) + lines.joined(separator: "\n")
      chunks.append(Chunk(text: text, outputs: outputs, error: error))
    }
    for (index, line) in source.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line == "---" {
        finish()
        (lines, outputs, error, start) = ([], [], nil, index + 1)
        continue
      }
      lines.append(String(line))
      if let text = Self.remark("# expect:", in: line) { outputs.append((index + 1, text)) }
      if let text = Self.remark("# error:", in: line) { error = (index + 1, text) }
    }
    finish()
    self.chunks = chunks
  }

  private static func remark(_ mark: String, in line: Substring) -> String? {
    guard let range = line.firstRange(of: mark) else { return nil }
    var text = line[range.upperBound...]
    if text.hasPrefix(" ") { text = text.dropFirst() }
    while text.last == " " || text.last == "\r" { text = text.dropLast() }
    return String(text)
  }

  /// Runs the script.
  ///
  /// - Parameter makeInterpreter: makes a fresh session that writes to the given output.
  /// - Returns: what did not happen as expected; nothing if all did.
  public func mismatches(_ makeInterpreter: (any OutputStream) -> Interpreter) -> [Mismatch] {
    chunks.flatMap { run($0, makeInterpreter) }
  }

  private func run(_ chunk: Chunk, _ makeInterpreter: (any OutputStream) -> Interpreter) -> [Mismatch] {
    let output = CollectedOutput()
    let interpreter = makeInterpreter(output)
    var found: [Mismatch] = []
    func mismatch(_ line: Int, _ message: String) {
      found.append(Mismatch(name: source.name, line: line, message: message))
    }
    var failure: Failure?
    do throws(Failure) {
      try interpreter.run(SourceText(name: source.name, text: chunk.text))
    } catch {
      failure = error
    }
    let lines = output.lines
    for (index, expected) in chunk.outputs.enumerated() {
      let shown = index < lines.count ? lines[index] : "nothing"
      if shown != expected.text {
        mismatch(expected.line, "expected \(expected.text), got \(shown)")
        break
      }
    }
    found += check(failure, chunk)
    if lines.count > chunk.outputs.count, found.isEmpty {
      // A chunk's text begins with a newline for each line before it, so that errors name lines of the file.
      let first = 1 + chunk.text.prefix { $0 == "\n" }.count
      mismatch(chunk.outputs.last?.line ?? first, "unexpected output: \(lines[chunk.outputs.count])")
    }
    if failure == nil { found += exampleMismatches(interpreter, output) }
    return found
  }

  private func check(_ failure: Failure?, _ chunk: Chunk) -> [Mismatch] {
    func mismatch(_ line: Int, _ message: String) -> [Mismatch] {
      [Mismatch(name: source.name, line: line, message: message)]
    }
    switch (failure, chunk.error) {
    case (nil, nil), (.exit(0)?, nil): return []
    case (nil, let expected?): return mismatch(expected.line, "expected the error \(expected.text), got none")
    case (.errors(let diagnostics)?, let expected?):
      guard let diagnostic = diagnostics.first else { return [] }
      if let range = diagnostic.range, range.line != expected.line || range.source.name != source.name {
        return mismatch(expected.line, "expected the error here, got it at \(range.place): \(diagnostic.message)")
      }
      let said = [diagnostic.message, diagnostic.label ?? "", diagnostic.help ?? ""].joined(separator: "\n")
      var words = expected.text.split(separator: " ", maxSplits: 1)
      if let code = words.first, ErrorCode.all.contains(where: { $0.description == code }) {
        if code != diagnostic.code.description {
          return mismatch(expected.line, "expected \(code), got \(diagnostic.code): \(said)")
        }
        words.removeFirst()
      }
      let piece = words.joined(separator: " ")
      return said.contains(piece) || piece.isEmpty ? [] : mismatch(expected.line, "expected \(piece) in: \(said)")
    case (.errors(let diagnostics)?, nil):
      return mismatch(
        diagnostics.first?.range?.line ?? 1, diagnostics.map { $0.rendered(color: false) }.joined(separator: "\n"))
    case (.interrupted?, _): return mismatch(1, "interrupted")
    case (.exit(let status)?, _): return mismatch(1, "left with status \(status)")
    }
  }

  /// Runs the examples of the functions that the script defined.
  private func exampleMismatches(_ interpreter: Interpreter, _ output: CollectedOutput) -> [Mismatch] {
    var found: [Mismatch] = []
    for name in interpreter.globalNames {
      guard case .function(let function)? = interpreter.globals.value(of: name),
        let documentation = function.documentation
      else { continue }
      let line = function.definition?.line ?? 1
      for example in documentation.examples {
        let message = Self.mismatch(of: example, interpreter, output)
        if let message {
          found.append(Mismatch(name: source.name, line: line, message: "example of \(name): \(message)"))
        }
      }
    }
    return found
  }

  /// Runs an example in a session and compares what it shows.
  ///
  /// - Returns: what is wrong, or nil.
  public static func mismatch(
    of example: Builtin.Example, _ interpreter: Interpreter, _ output: CollectedOutput
  ) -> String? {
    output.clear()
    do throws(Failure) {
      try interpreter.run(SourceText(name: "<example>", text: example.code))
    } catch {
      switch error {
      case .errors(let diagnostics): return diagnostics.map { $0.rendered(color: false) }.joined(separator: "\n")
      case .interrupted: return "interrupted"
      case .exit(let status): return "left with status \(status)"
      }
    }
    let shown = output.lines.joined(separator: "\n")
    guard let expected = example.shows, expected != shown else { return nil }
    return "\(example.code) shows \(shown), not \(expected)"
  }
}

/// An output that keeps what is written, for tests.
public final class CollectedOutput: OutputStream, @unchecked Sendable {
  /// Everything written so far.
  public private(set) var text = ""

  /// An empty output.
  public init() {}

  /// Keeps text.
  public func write(_ text: String) { self.text += text }

  /// Forgets everything.
  public func clear() { text = "" }

  /// What was written since the last call.
  public func take() -> String {
    defer { text = "" }
    return text
  }

  /// The lines written so far.
  public var lines: [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}
