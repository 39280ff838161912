import Checkpoints
import Reports
import Synchronization
import TVSBuiltins
import TVSLanguage

/// Keeps what a script shows as values, and what it prints as text, in their order.
final class ReportStream: OutputStream {
  enum Item: Sendable {
    case printed(String)
    case value(Value)
  }

  private let items = Mutex<[Item]>([])

  func write(_ text: String) {
    items.withLock { items in
      if case .printed(let earlier)? = items.last {
        items[items.count - 1] = .printed(earlier + text)
      } else {
        items.append(.printed(text))
      }
    }
  }

  func show(_ value: Value, _ style: DisplayStyle) { items.withLock { $0.append(.value(value)) } }

  func take() -> [Item] {
    items.withLock { items in
      defer { items = [] }
      return items
    }
  }
}

/// Runs a script statement by statement and keeps what came out beside the code.
struct ReportRun {
  /// What was written, what ran, and what came out.
  private(set) var parts: [Report.Part] = []
  /// How the run ended.
  private(set) var status: Int32 = 0
  /// Why it stopped, as batch mode says it.
  private(set) var complaint: String?

  private let interpreter: Interpreter
  private let stream: ReportStream
  private let file: String
  private var hasStopped = false

  /// Reads a script.
  static func cells(of text: String, file: String, isComplete: (String) -> Bool) -> [LiterateScript.Cell] {
    let cells = LiterateScript(text, isComplete: isComplete).cells
    let isLiterate = cells.contains { cell in if case .code = cell { false } else { true } }
    return isLiterate ? cells : CommentProse.cells(of: text, name: file)
  }

  init(file: String, text: String, interpreter: Interpreter, stream: ReportStream) {
    self.interpreter = interpreter
    self.stream = stream
    self.file = file
    let cells = Self.cells(of: text, file: file) { interpreter.completeness(of: $0).isWhole }
    // As in batch mode, nothing runs of a script that cannot be parsed.
    let problems = cells.flatMap { cell -> [Diagnostic] in
      guard case .code(let code, let lines) = cell else { return [] }
      return TopLevelPiece.pieces(of: code, name: file, line: lines.lowerBound).diagnostics
    }
    if !problems.isEmpty {
      status = 1
      hasStopped = true
      complaint = problems.map { $0.rendered(color: false) }.joined(separator: "\n")
    }
    for cell in cells {
      switch cell {
      case .prose(let text): parts.append(.prose(text))
      case .question(let question): ask(question)
      case .code(let code, let lines): run(code, lines, problems)
      }
    }
  }

  // MARK: - Code

  private mutating func run(_ code: String, _ lines: ClosedRange<Int>, _ problems: [Diagnostic]) {
    let wrong = problems.filter { $0.range.map { lines.contains($0.line) } ?? false }
    if !wrong.isEmpty {
      addCode(code, line: lines.lowerBound, seconds: nil)
      for diagnostic in wrong { addProblem(.error, diagnostic.rendered(color: false), line: diagnostic.range?.line) }
      return
    }
    let pieces = hasStopped ? [] : TopLevelPiece.pieces(of: code, name: file, line: lines.lowerBound).pieces
    if pieces.isEmpty { addCode(code, line: lines.lowerBound, seconds: nil) }
    for (index, piece) in pieces.enumerated() {
      if hasStopped {
        // What is left of the cell stays together.
        let rest = pieces[index...].map(\.text).joined(separator: "\n")
        addCode(rest, line: piece.line, seconds: nil)
        break
      }
      run(piece)
    }
  }

  private mutating func run(_ piece: TopLevelPiece) {
    let began = ContinuousClock.now
    let lead = String(repeating: "\n", count: piece.line - 1)
    var failure: TVSLanguage.Failure?
    do throws(TVSLanguage.Failure) {
      _ = try interpreter.runEntry(SourceText(name: file, text: lead + piece.text))
    } catch {
      failure = error
    }
    let seconds = began.duration(to: .now).inSeconds
    addCode(piece.text, line: piece.line, seconds: seconds)
    for item in stream.take() {
      switch item {
      case .printed(let text): parts.append(.printed(Self.withoutLastNewline(text)))
      case .value(let value):
        parts.append(.value(Exhibit(value, interpreter.style), of: Self.expression(of: value, in: piece)))
      }
    }
    if let failure { stop(failure, seconds: seconds) }
  }

  /// Adds code, to the code above it if nothing came out between.
  private mutating func addCode(_ text: String, line: Int, seconds: Double?) {
    let worth = seconds.flatMap { $0 >= 0.9995 ? Figures.duration($0) : nil }
    let trimmed = Self.withoutEmptyLines(text)
    if trimmed.text.isEmpty { return }
    if case .code(var code)? = parts.last, code.duration == nil, worth == nil, (code.seconds == nil) == (seconds == nil)
    {
      code.text += "\n" + text
      code.text = Self.withoutEmptyLines(code.text).text
      code.seconds = code.seconds.map { $0 + (seconds ?? 0) }
      parts[parts.count - 1] = .code(code)
      return
    }
    parts.append(
      .code(.init(text: trimmed.text, line: line + trimmed.dropped, seconds: seconds, duration: worth)))
  }

  private static func withoutEmptyLines(_ text: String) -> (text: String, dropped: Int) {
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
    let count = lines.count
    lines = lines.drop { $0.allSatisfy(\.isWhitespace) }
    let dropped = count - lines.count
    while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
    return (lines.joined(separator: "\n"), dropped)
  }

  private static func withoutLastNewline(_ text: String) -> String {
    text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// What made a value, for the title of its table.
  private static func expression(of value: Value, in piece: TopLevelPiece) -> String {
    if case .native(let native) = value, let made = native.provenance?.expression {
      return made.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    return piece.text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
  }

  // MARK: - Questions

  private mutating func ask(_ question: LiterateScript.Question) {
    var value: String?
    var (text, reason) = (question.text, question.reason)
    func filled(_ text: String) throws(TVSLanguage.Failure) -> String {
      text.isEmpty ? text : try evaluate(AnswerChecker.template(text), line: question.line).plainText
    }
    if !hasStopped {
      do throws(TVSLanguage.Failure) {
        text = try filled(text)
        if let answer = question.answer {
          let right = try evaluate(answer, line: question.line)
          value = shown(right)
        }
        reason = try filled(reason)
      } catch {
        parts.append(.question(text: text, value: nil, reason: ""))
        stop(error, seconds: 0, line: question.line)
        return
      }
    } else {
      reason = ""
    }
    parts.append(.question(text: text, value: value, reason: reason))
  }

  /// An answer as people give it.
  private func shown(_ value: Value) -> String {
    if let number = value.numberValue, number != number.rounded() { return Figures.short(number) }
    return switch value {
    case .string(let word): word
    case .bool(let truth): truth ? "yes" : "no"
    default: value.display(interpreter.style)
    }
  }

  private func evaluate(_ text: String, line: Int) throws(TVSLanguage.Failure) -> Value {
    let lead = String(repeating: "\n", count: line - 1)
    return try interpreter.evaluate(SourceText(name: file, text: lead + text))
  }

  // MARK: - The end

  private mutating func stop(_ failure: TVSLanguage.Failure, seconds: Double, line: Int? = nil) {
    hasStopped = true
    switch failure {
    case .errors(let diagnostics):
      status = 1
      let text = diagnostics.map { $0.rendered(color: false) }.joined(separator: "\n")
      complaint = text
      // An error inside of a module was reached from a line of the script.
      let ranges = diagnostics.flatMap { [$0.range] + $0.trace.map(\.range) }.compactMap { $0 }
      addProblem(.error, text, line: line ?? ranges.first { $0.source.name == file }?.line)
    case .interrupted(let interrupted, let range):
      Cancellation.take()
      status = Program.interruptedStatus
      let text = Notice.interruption(interrupted, at: range, seconds: seconds)
      complaint = text
      addProblem(.interruption, text, line: range.flatMap { $0.source.name == file ? $0.line : nil })
    case .exit(let code):
      status = code
      addProblem(.exit, "exit(\(code))", line: nil)
    }
  }

  private mutating func addProblem(_ kind: Report.Problem.Kind, _ text: String, line: Int?) {
    parts.append(.problem(.init(kind, text: text, line: line)))
  }

  // MARK: - Origins

  /// Where the values that have a name, and come from anywhere, came from.
  func origins(limit: Int = 100) -> [Report.Origin] {
    interpreter.globalNames.compactMap { name -> Report.Origin? in
      guard name.first != "_", case .native(let native)? = interpreter.globals.value(of: name) else { return nil }
      let origin = native.provenance
      var digests = origin?.digests ?? []
      if native.fieldNames.contains("digest"), case .string(let digest)? = try? native.field("digest") {
        digests = [digest]
      }
      guard origin != nil || !digests.isEmpty else { return nil }
      let expression = origin?.expression.split(whereSeparator: \.isWhitespace).joined(separator: " ") ?? ""
      return Report.Origin(
        name: name, kind: native.kind, expression: expression, seed: origin?.seed.map(String.init) ?? "",
        digest: digests.joined(separator: " "))
    }.prefix(limit).map { $0 }
  }
}

extension Completeness {
  /// Whether Enter would run it.
  var isWhole: Bool { if case .incomplete = self { false } else { true } }
}
