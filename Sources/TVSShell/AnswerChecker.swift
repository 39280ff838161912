import TVSLanguage

/// The right answer to a question, computed in the session, and what tells another answer right from wrong.
struct AnswerChecker {
  private let question: LiterateScript.Question
  /// Nil for a question without one.
  private let right: Value?
  private let tolerance: Double
  private let hintText: String
  private let reasonText: String

  /// Runs the expression of the answer.
  ///
  /// - Throws: ``Failure``, such as for a name that a skipped step would have made.
  init(_ question: LiterateScript.Question, in session: Session) throws(TVSLanguage.Failure) {
    self.question = question
    right = if let answer = question.answer { try Self.value(of: answer, question, session) } else { nil }
    if let written = question.tolerance {
      tolerance = try Self.value(of: written, question, session).numberValue ?? 0
    } else {
      tolerance = abs(right?.numberValue ?? 0) * 1e-6
    }
    hintText = try Self.fill(question.hint, question, in: session)
    reasonText = try Self.fill(question.reason, question, in: session)
  }

  private static func value(
    of expression: String, _ question: LiterateScript.Question, _ session: Session
  ) throws(TVSLanguage.Failure) -> Value {
    try session.interpreter.evaluate(SourceText(name: "<question in line \(question.line)>", text: expression))
  }

  /// A text with the values of the expressions in braces.
  ///
  /// - Throws: ``Failure``, such as for a name that a skipped step would have made.
  static func fill(
    _ text: String, _ question: LiterateScript.Question, in session: Session
  ) throws(TVSLanguage.Failure) -> String {
    guard case .string(let filled) = try value(of: template(text), question, session) else { return text }
    return filled
  }

  /// A text as an f-string. Quotes and backslashes outside of braces stand for themselves.
  static func template(_ text: String) -> String {
    var depth = 0
    var body = ""
    for character in text {
      if character == "{" { depth += 1 }
      if character == "}" { depth -= 1 }
      switch character {
      case "\n": body += depth > 0 ? " " : "\\n"
      case "\"" where depth <= 0: body += "\\\""
      case "\\" where depth <= 0: body += "\\\\"
      default: body.append(character)
      }
    }
    return "f\"\(body)\""
  }

  /// Whether a text is the answer.
  ///
  /// A word or a truth may be typed as one, with quotes or without; a number also as an expression or with a percent sign.
  ///
  /// - Throws: ``Failure`` for what cannot be run.
  func accepts(_ text: String, in session: Session) throws(TVSLanguage.Failure) -> Bool {
    switch right {
    case .string(let word)?: return Self.plain(text) == Self.plain(word)
    case .bool(let truth)?:
      let word = Self.plain(text)
      if ["yes", "y", "true"].contains(word) { return truth }
      if ["no", "n", "false"].contains(word) { return !truth }
    default: break
    }
    let isPercent = text.hasSuffix("%")
    let typed = isPercent ? "(\(text.dropLast())) / 100" : text
    let value = try session.interpreter.evaluate(SourceText(name: "<answer>", text: typed))
    if let right = right?.numberValue {
      guard let value = value.numberValue else { return false }
      return abs(value - right) <= tolerance
    }
    return right.map { (try? $0.isSame(as: value)) ?? false } ?? true
  }

  private static func plain(_ text: String) -> String {
    var text = text.lowercased()[...]
    while let first = text.first, "\"' .".contains(first) { text.removeFirst() }
    while let last = text.last, "\"' .".contains(last) { text.removeLast() }
    return String(text)
  }

  // MARK: - Words

  /// A number without zeros that say nothing.
  private static func text(of number: Double) -> String {
    var text = Figures.short(number)
    guard text.contains("."), !text.contains("e") else { return text }
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  private var shown: String {
    if let number = right?.numberValue, number != number.rounded() { return Self.text(of: number) }
    switch right {
    case .string(let word)?: return word
    case .bool(let truth)?: return truth ? "yes" : "no"
    default: return right?.summary(limit: 60) ?? ""
    }
  }

  /// How exact an answer had to be, where that was asked for, beside the answer itself.
  var precision: String {
    right?.numberValue == nil
      ? "" : "It is \(shown)" + (question.tolerance == nil ? "." : ", ± \(Self.text(of: tolerance)) counts.")
  }

  /// What helps after a wrong answer.
  func hint(_ ink: Ink, width: Int) -> [String] {
    Markdown(ink: ink, width: min(width, 100)).lines(of: hintText)
  }

  /// Why the answer is what it is.
  func reason(_ ink: Ink, width: Int) -> [String] {
    Markdown(ink: ink, width: min(width, 100)).lines(of: reasonText)
  }

  /// The answer with its reason.
  func solution(_ ink: Ink, width: Int) -> [String] {
    (right == nil ? [] : ["The answer: \(ink.bold(shown))."]) + reason(ink, width: width)
  }
}
