/// A script that is gone through step by step: prose, then the code or the question that belongs to it.
struct Walkthrough: Equatable {
  /// What is shown at once, and then run or asked.
  struct Step: Equatable {
    /// Markdown; empty where code follows code.
    var prose = ""
    var code = ""
    /// The first line of the code, counted from 1.
    var line = 1
    var question: LiterateScript.Question?
  }

  private(set) var steps: [Step] = []
  let title: String
  /// How long its code runs, as measured, such as `2 min`.
  let time: String?
  /// What must be there, such as `tvs fetch smollm2`.
  let needs: String?

  /// Cuts a script into steps.
  ///
  /// - Parameter isComplete: whether code is whole; a comment inside a block does not end it.
  init(_ text: String, isComplete: (String) -> Bool) {
    let script = LiterateScript(text, isComplete: isComplete)
    (title, time, needs) = (script.title, script.note("Time"), script.note("Needs"))
    var step = Step()
    for cell in script.cells {
      switch cell {
      case .prose(let prose):
        for page in Self.pages(of: prose) {
          if !step.prose.isEmpty { steps.append(step) }
          step = Step(prose: page)
        }
      case .code(let code, let lines):
        step.code = code
        step.line = lines.lowerBound
        steps.append(step)
        step = Step()
      case .question(let question):
        step.question = question
        steps.append(step)
        step = Step()
      }
    }
    if !step.prose.isEmpty { steps.append(step) }
  }

  /// A section begins a page: the head of a walkthrough is read before its first section.
  private static func pages(of prose: String) -> [String] {
    var pages: [[Substring]] = [[]]
    for line in prose.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("## ") && !pages[pages.count - 1].isEmpty { pages.append([]) }
      pages[pages.count - 1].append(line)
    }
    return pages.map { Columns.trimmed($0.joined(separator: "\n")) }
  }

  /// The walkthroughs in a folder, by name.
  static func names(in folder: String) -> [String] {
    System.entries(of: folder).filter { $0.hasSuffix(".tvs") }.map { String($0.dropLast(4)) }
  }

  /// The one that a name, the rest of a name after its number, or a number means.
  static func resolve(_ wanted: String, among names: [String]) -> String? {
    if let exact = names.first(where: { $0 == wanted }) { return exact }
    let parts = names.map { name in (name, name.prefix { $0.isNumber }, name.drop { $0.isNumber }.drop { $0 == "-" }) }
    if let number = Int(wanted) { return parts.first { Int($0.1) == number }?.0 }
    let matches = parts.filter { $0.2 == wanted || $0.2.hasPrefix(wanted) }
    return matches.count == 1 ? matches.first?.0 : nil
  }
}
