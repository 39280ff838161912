/// A script read as a text for people: prose, code and questions, in their order.
///
/// A line that begins with `#:` at the left margin is prose in Markdown; what is neither prose nor a question is code,
/// plain comments included. All of it stays an ordinary script: to the language prose and questions are comments.
///
///     #: # Shares of a random arrow
///     #:
///     #: - Time: 5 s
///
///     share = 2 / 3
///
///     #? Predict: which share of the squared length lies in a plane of three dimensions?
///     #?> share
///     #?~ 0.02
///     #?! No axis is special, and there are three of them.
///     #?= Two axes of three: {share:.3f}.
struct LiterateScript: Equatable, Sendable {
  /// One piece of the text.
  enum Cell: Equatable, Sendable {
    /// Markdown, without the signs of the comment and without empty lines around it.
    case prose(String)
    /// Code that is whole, without empty lines around it, and its first and last line in the file, counted from 1.
    case code(String, lines: ClosedRange<Int>)
    /// Something to predict or to work out.
    case question(Question)
  }

  /// A question, and how an answer is told right from wrong.
  struct Question: Equatable, Sendable {
    /// What is asked, in Markdown: the lines `#? …`.
    var text: String
    /// An expression whose value is the right answer: `#?> …`. Without one there is nothing to check, only to think about.
    var answer: String?
    /// An expression: how far a number may be from the answer: `#?~ …`. Without one, a millionth of its size.
    var tolerance: String?
    /// What helps after a wrong answer: `#?! …`.
    var hint: String
    /// Why the answer is what it is: `#?= …`. Expressions in braces are filled in as in an f-string.
    var reason: String
    /// The first line of the question, counted from 1.
    var line: Int
  }

  /// The pieces in the order of the file.
  private(set) var cells: [Cell] = []

  /// The text of the first heading.
  var title: String {
    for case .prose(let text) in cells {
      if let line = text.split(separator: "\n").first(where: { $0.hasPrefix("# ") }) {
        return String(line.dropFirst(2))
      }
    }
    return ""
  }

  /// What the head of the script says about itself in a line `- NAME: …`, such as `Time` or `Needs`.
  func note(_ name: String) -> String? {
    guard case .prose(let head)? = cells.first else { return nil }
    let mark = "- \(name): "
    return head.split(separator: "\n").first { $0.hasPrefix(mark) }.map {
      Columns.trimmed(String($0.dropFirst(mark.count)))
    }
  }

  /// Reads a script.
  ///
  /// - Parameter isComplete: whether code is whole: what looks like prose inside of an open block is a part of the code.
  init(_ script: String, isComplete: (String) -> Bool) {
    var reader = Reader()
    let lines = script.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() where index > 0 || !line.hasPrefix("#!") {
      reader.read(line, number: index + 1, isComplete: isComplete)
    }
    reader.finish()
    cells = reader.cells
  }
}

extension LiterateScript {
  /// What a line of prose begins with.
  static let proseMark = "#:"
  /// What a line of a question begins with; a sign after it says which part of the question.
  static let questionMark = "#?"

  private struct Reader {
    var cells: [Cell] = []
    private var prose: [String] = []
    private var code: [Substring] = []
    private var firstLine = 1
    private var question: Question?

    mutating func read(_ line: Substring, number: Int, isComplete: (String) -> Bool) {
      let isProse = line.hasPrefix(LiterateScript.proseMark)
      let isQuestion = line.hasPrefix(LiterateScript.questionMark)
      if isProse || isQuestion, code.isEmpty || isComplete(code.joined(separator: "\n")) {
        finishCode()
        let rest = line.dropFirst(2)
        if isProse {
          finishQuestion()
          prose.append(Self.text(rest))
        } else {
          finishProse()
          ask(rest, number: number)
        }
      } else if !line.allSatisfy(\.isWhitespace) {
        finishProse()
        finishQuestion()
        if code.isEmpty { firstLine = number }
        code.append(line)
      } else if !code.isEmpty {
        code.append(line)
      } else {
        // An empty line ends a paragraph of prose that a script writes in two pieces, and a question.
        if !prose.isEmpty { prose.append("") }
        finishQuestion()
      }
    }

    mutating func finish() {
      finishProse()
      finishQuestion()
      finishCode()
    }

    /// A line of a question: its text, or the part that its sign names.
    private mutating func ask(_ rest: Substring, number: Int) {
      let sign = rest.first
      let text = Self.text(rest.dropFirst(sign.map { ">~!=".contains($0) } == true ? 1 : 0))
      // A line of text after another part begins the next question.
      let isBegun = question.map { $0.answer != nil || !$0.hint.isEmpty || !$0.reason.isEmpty } ?? false
      if isBegun && !(sign.map { ">~!=".contains($0) } ?? false) { finishQuestion() }
      var question = question ?? Question(text: "", hint: "", reason: "", line: number)
      switch sign {
      case ">": question.answer = Self.joined(question.answer ?? "", text)
      case "~": question.tolerance = Self.joined(question.tolerance ?? "", text)
      case "!": question.hint = Self.joined(question.hint, text)
      case "=": question.reason = Self.joined(question.reason, text)
      default: question.text = Self.joined(question.text, text)
      }
      self.question = question
    }

    private mutating func finishProse() {
      while prose.last?.isEmpty == true { prose.removeLast() }
      let text = prose.drop(while: \.isEmpty).joined(separator: "\n")
      if !text.isEmpty { cells.append(.prose(text)) }
      prose = []
    }

    private mutating func finishQuestion() {
      if let question { cells.append(.question(question)) }
      question = nil
    }

    private mutating func finishCode() {
      while code.last?.allSatisfy(\.isWhitespace) == true { code.removeLast() }
      if !code.isEmpty {
        cells.append(.code(code.joined(separator: "\n"), lines: firstLine...(firstLine + code.count - 1)))
      }
      code = []
    }

    private static func text(_ line: Substring) -> String {
      Columns.trimmed(String(line.hasPrefix(" ") ? line.dropFirst() : line))
    }

    private static func joined(_ text: String, _ more: String) -> String { text.isEmpty ? more : "\(text)\n\(more)" }
  }
}
