import ModelFiles
import TVSLanguage
import Testing

@testable import TVSShell

/// The walkthroughs of `scripts/walkthroughs`, run: 04 to 08 whole, 01 to 03 up to where they train.
@Suite("The walkthroughs")
struct WalkthroughScriptsTests {
  static let folder = Path.joined(
    Path.folder(of: Path.folder(of: Path.folder(of: #filePath))), "scripts/walkthroughs")
  static let names = Walkthrough.names(in: folder)
  static let whole = names.filter { !["01", "02", "03"].contains($0.prefix(2)) }
  static let isFetched = (try? ModelLibrary.locate("smollm2")) ?? nil != nil

  private func session() -> (session: Session, output: CollectedOutput, errors: CollectedOutput) {
    let (output, errors) = (CollectedOutput(), CollectedOutput())
    let session = Session(output: output, errors: errors, ink: Ink(isOn: false))
    session.fixedWidth = 80
    return (session, output, errors)
  }

  private func read(_ name: String, _ session: Session) throws -> Walkthrough {
    Walkthrough(try System.text(of: Path.joined(Self.folder, name + ".tvs")), isComplete: session.isComplete)
  }

  @Test("there are eight, and each says what it is about, how long it takes, what was learnt and what to try")
  func form() throws {
    #expect(Self.names.map { $0.prefix(2) } == ["01", "02", "03", "04", "05", "06", "07", "08"])
    let session = session().session
    for name in Self.names {
      let walkthrough = try read(name, session)
      #expect(!walkthrough.title.isEmpty && walkthrough.time != nil, "\(name)")
      #expect(walkthrough.steps.contains { $0.question?.answer != nil }, "\(name) asks nothing")
      let ending = try #require(walkthrough.steps.last).prose
      #expect(ending.hasPrefix("## What you have learned\n") && ending.contains("\nTo try: "), "\(name)")
      for question in walkthrough.steps.compactMap(\.question) {
        #expect(
          question.answer != nil && !question.hint.isEmpty && !question.reason.isEmpty, "\(name):\(question.line)")
      }
      for step in walkthrough.steps {
        // Beside the prompt, in a window of 80 columns.
        for line in step.code.split(separator: "\n") {
          #expect(Columns.width(of: line) <= 75, "\(name): \(line)")
        }
        #expect(
          Markdown(ink: session.ink, width: 80).lines(of: step.prose).count <= 20, "\(name): \(step.prose.prefix(40))")
      }
    }
  }

  @Test("from the first line to the last, with the answers", .timeLimit(.minutes(5)), arguments: whole)
  func wholeWalkthrough(_ name: String) throws {
    let (session, output, errors) = session()
    let outcome = session.walk(name)
    #expect(outcome == .ready, "\(errors.take())")
    #expect(errors.take().isEmpty)
    let text = output.take()
    let questions = try read(name, session).steps.compactMap(\.question)
    #expect(text.split(separator: "\n").count { $0.hasPrefix("The answer: ") } == questions.count)
  }

  @Test("04 is a script too: nobody is asked", .timeLimit(.minutes(1)))
  func script() throws {
    let result = try Piped.run([Path.joined(Self.folder, "04-subspaces.tvs")])
    #expect(result.status == 0, "\(result.errors)")
    #expect(!result.output.contains("The answer"))
    #expect(result.output.contains("random subspace"))
  }

  @Test(
    "01, 02 and 03 begin", .timeLimit(.minutes(2)),
    arguments: ["01-recovery", "02-adapters", "03-steering"].filter { $0 == "01-recovery" || isFetched })
  func beginning(_ name: String) throws {
    let (session, output, errors) = session()
    let walkthrough = try read(name, session)
    let first = try #require(walkthrough.steps.firstIndex { Self.takesLong($0.code) })
    #expect(first >= 2)
    for step in walkthrough.steps[..<first] {
      if let question = step.question { _ = try AnswerChecker(question, in: session) }
      #expect(session.enter(step.code, source: name, line: step.line) == .ready, "\(errors.take())")
    }
    #expect(!output.take().isEmpty)
    // What follows is read at least.
    for step in walkthrough.steps[first...] where !step.code.isEmpty {
      #expect(session.interpreter.completeness(of: step.code) == .complete, "\(name):\(step.line)")
    }
  }

  /// Whether a step trains or measures at length.
  private static func takesLong(_ code: String) -> Bool {
    ["train(", "recover(", "contrast(", "accuracy(", "activations("].contains { call in
      code.split(separator: "\n").contains { $0.contains(call) && !$0.hasPrefix("  print") }
    }
  }
}
