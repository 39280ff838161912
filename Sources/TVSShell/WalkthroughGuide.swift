import Checkpoints
import TVSLanguage

/// Goes through a walkthrough: shows a step, waits, runs it; asks a question, checks the answer.
///
/// Where nobody is there to be asked, it goes from top to bottom, and questions are followed by their answers.
struct WalkthroughGuide {
  let session: Session
  let walkthrough: Walkthrough
  let name: String
  /// The walkthrough that comes after this one.
  let next: String?

  /// What the user wants at a step.
  private enum Move {
    case forward, back, skip, repeatStep, quit
    /// The step ended before its end.
    case failed
    case leave(Session.Outcome)
  }

  private var position = 0
  /// The session as it was before each step that lies behind.
  private var behind: [Session.Mark] = []
  private var seconds = 0.0
  /// The session as it was before a step that did not reach its end, until something else is tried.
  private var unfinished: Session.Mark?

  init(session: Session, walkthrough: Walkthrough, name: String, next: String?) {
    (self.session, self.walkthrough, self.name, self.next) = (session, walkthrough, name, next)
  }

  private var ink: Ink { session.ink }
  private var count: Int { walkthrough.steps.count }

  /// Goes through the steps; gives what ended it.
  mutating func run() -> Session.Outcome {
    guard let asker = session.asker else { return runThrough() }
    while position < count {
      let step = walkthrough.steps[position]
      show(step)
      let mark = session.mark
      let move = step.question.map { ask($0, asker) } ?? wait(step, asker)
      switch move {
      case .forward, .skip:
        behind.append(unfinished ?? mark)
        unfinished = nil
        position += 1
      case .back:
        unfinished = nil
        goBack()
      case .repeatStep: unfinished = nil
      case .failed: unfinished = unfinished ?? mark
      case .quit:
        say("left \(name) at step \(position + 1) of \(count); what it named is still here")
        return .ready
      case .leave(let outcome): return outcome
      }
    }
    let ending = next.map { "; the next one is \($0)" } ?? ""
    say("the end of \(name), whose code took \(Figures.duration(seconds))\(ending)")
    return .ready
  }

  private mutating func goBack() {
    guard let mark = behind.popLast() else {
      say("this is the first step")
      session.output.write("\n")
      return
    }
    session.goBack(to: mark)
    position -= 1
    say("back at step \(position + 1): names are what they were before it")
    session.output.write("\n")
  }

  // MARK: - Steps

  private func show(_ step: Walkthrough.Step) {
    let markdown = Markdown(ink: ink, width: min(session.width, 100))
    let prose = step.prose.isEmpty ? [] : markdown.lines(of: step.prose) + [""]
    let question = step.question.map { question in
      let text = (try? AnswerChecker.fill(question.text, question, in: session)) ?? question.text
      return markdown.lines(of: text.hasPrefix("**") ? text : "**Question.** " + text)
    }
    session.write(prose + (question ?? []))
    if step.code.isEmpty { return }
    let lines = step.code.split(separator: "\n", omittingEmptySubsequences: false)
    session.write(
      zip(lines.indices, lines).map { row, line in
        let prompt =
          row == 0
          ? Transcript.prompt : line.isEmpty ? Columns.trimmed(Transcript.continuation) : Transcript.continuation
        return ink.dim(prompt) + ink.bold(String(line))
      })
  }

  /// Waits at a step until the user moves, and runs its code then.
  private mutating func wait(_ step: Walkthrough.Step, _ asker: any LineAsker) -> Move {
    let enter = step.code.isEmpty ? "Enter goes on" : "Enter runs it"
    while true {
      switch asker.ask("[\(position + 1)/\(count)] \(enter) · back · skip · try · quit >", isCode: false) {
      case .interrupted: continue
      case .end:
        session.output.write("\n")
        return .quit
      case .entry(let text):
        let line = Columns.trimmed(text)
        if line.isEmpty {
          asker.wipe()
          return step.code.isEmpty ? .forward : perform(step)
        }
        if let move = move(line, asker) {
          if case .skip = move, !step.code.isEmpty {
            say("skipped: what this step names is missing")
            session.output.write("\n")
          }
          return move
        }
        say("Enter, back, skip, try or quit; try \(line) runs that")
      }
    }
  }

  /// Runs a step; one that does not reach its end is there again.
  private mutating func perform(_ step: Walkthrough.Step) -> Move {
    let outcome = session.enter(step.code, source: name + ".tvs", line: step.line)
    seconds += session.seconds
    switch outcome {
    case .ready:
      if session.seconds > Shell.notable { session.write([ink.dim(Figures.duration(session.seconds))]) }
      session.output.write("\n")
      return .forward
    case .failed, .interrupted:
      say("step \(position + 1) did not reach its end; here it is again")
      session.output.write("\n")
      return .failed
    case .leave: return .leave(outcome)
    }
  }

  /// What a word of the guide, or a line for the session, asks for; nil for anything else.
  private func move(_ line: String, _ asker: any LineAsker) -> Move? {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    switch (words[0].lowercased(), words.count) {
    case ("back", 1), ("b", 1): return .back
    case ("skip", 1), ("s", 1): return .skip
    case ("quit", 1), ("q", 1): return .quit
    case ("try", 1), ("t", 1): return tryOut(asker)
    case ("try", _):
      if case .leave(let status) = enter(words[1]) { return .leave(.leave(status)) }
      return .repeatStep
    default:
      guard line.hasPrefix("?") || line.hasPrefix(":") else { return nil }
      if case .leave(let status) = enter(line) { return .leave(.leave(status)) }
      return .repeatStep
    }
  }

  private func enter(_ line: String) -> Session.Outcome {
    session.remembered(line)
    let outcome = session.enter(line)
    if session.seconds > Shell.notable { session.write([ink.dim(Figures.duration(session.seconds))]) }
    session.output.write("\n")
    return outcome
  }

  /// A prompt in the same session, until an empty line or `back`.
  private func tryOut(_ asker: any LineAsker) -> Move {
    say("try anything; an empty line or back goes back to the walkthrough")
    while true {
      switch asker.ask("try>", isCode: true) {
      case .interrupted: continue
      case .end:
        session.output.write("\n")
        return .repeatStep
      case .entry(let text):
        let line = Columns.trimmed(text)
        let isBack = line == "back" && session.interpreter.globals.value(of: "back") == nil
        if line.isEmpty || isBack { return .repeatStep }
        session.remembered(line)
        let outcome = session.enter(line)
        if case .leave = outcome { return .leave(outcome) }
      }
    }
  }

  private func say(_ text: String) {
    session.write(Columns.wrapped(text, to: min(session.width, 100)).map(ink.dim))
  }

  // MARK: - Questions

  /// Asks until the answer is right, twice was wrong, or the user wants to see it.
  private mutating func ask(_ question: LiterateScript.Question, _ asker: any LineAsker) -> Move {
    // Made when it is needed: an answer may take a measurement, and nobody waits for that before thinking.
    var made: AnswerChecker?
    var wrong = 0
    while true {
      switch asker.ask("[\(position + 1)/\(count)] your answer, or Enter to see it >", isCode: false) {
      case .interrupted: continue
      case .end:
        session.output.write("\n")
        return .quit
      case .entry(let text):
        let line = Columns.trimmed(text)
        if !line.isEmpty, let move = move(line, asker) { return move }
        let checker: AnswerChecker
        let verdict: Bool
        do throws(TVSLanguage.Failure) {
          if line.isEmpty { asker.wipe() }
          checker = if let made { made } else { try AnswerChecker(question, in: session) }
          made = checker
          if line.isEmpty {
            session.write(checker.solution(ink, width: session.width) + [""])
            return .forward
          }
          // What cannot be run is no answer, and no try.
          verdict = try checker.accepts(line, in: session)
        } catch {
          let outcome = session.explain(error, seconds: 0)
          if case .leave = outcome { return .leave(outcome) }
          if made == nil, case .errors = error {
            say("this question needs what an earlier step names; back goes there, skip goes on")
          }
          continue
        }
        if verdict {
          session.write(
            [Columns.trimmed("\(ink.green("Right.")) \(checker.precision)")] + checker.reason(ink, width: session.width)
              + [""])
          return .forward
        }
        wrong += 1
        if wrong == 2 {
          session.write([ink.red("Not so either.")] + checker.solution(ink, width: session.width) + [""])
          return .forward
        }
        session.write([ink.red("Not quite.")] + checker.hint(ink, width: session.width))
      }
    }
  }

  // MARK: - Without a user

  private mutating func runThrough() -> Session.Outcome {
    for step in walkthrough.steps {
      show(step)
      if let question = step.question {
        do throws(TVSLanguage.Failure) {
          let checker = try AnswerChecker(question, in: session)
          session.write(checker.solution(ink, width: session.width) + [""])
        } catch {
          return session.explain(error, seconds: 0)
        }
      } else if !step.code.isEmpty {
        let outcome = session.enter(step.code, source: name + ".tvs", line: step.line)
        if outcome != .ready { return outcome }
        session.output.write("\n")
      }
    }
    return .ready
  }
}
