/// A script that is read step by step: a comment, the code under it, what it shows.
struct Walkthrough: Equatable {
  /// Remarks and the code that follows them.
  struct Step: Equatable {
    /// The comment, without its signs; paragraphs are separated by empty lines.
    var text: [String]
    var code: String
    /// The first line of the code, counted from 1.
    var line: Int
  }

  var steps: [Step] = []

  /// The first line of the first comment.
  var title: String { steps.first?.text.first { !$0.isEmpty } ?? "" }

  /// Cuts a script into steps: a comment at the left margin after code begins a new one.
  ///
  /// - Parameter isComplete: whether code is whole; a comment inside a block does not end it.
  init(_ script: String, isComplete: (String) -> Bool) {
    var step = Step(text: [], code: "", line: 1)
    var code: [Substring] = []
    func finish(_ steps: inout [Step]) {
      while code.last?.allSatisfy(\.isWhitespace) == true { code.removeLast() }
      step.code = code.joined(separator: "\n")
      if !step.code.isEmpty || step.text.contains(where: { !$0.isEmpty }) { steps.append(step) }
    }
    let lines = script.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, line) in lines.enumerated() {
      if number == 0 && line.hasPrefix("#!") { continue }
      let isOpen = !code.isEmpty && !isComplete(code.joined(separator: "\n"))
      if line.hasPrefix("#") && !line.hasPrefix("##") && !isOpen {
        if !code.isEmpty {
          finish(&steps)
          step = Step(text: [], code: "", line: 1)
          code = []
        }
        let remark = line.dropFirst()
        step.text.append(Columns.trimmed(String(remark.hasPrefix(" ") ? remark.dropFirst() : remark)))
      } else if !line.allSatisfy(\.isWhitespace) || !code.isEmpty {
        if code.isEmpty { step.line = number + 1 }
        code.append(line)
      } else if !step.text.isEmpty {
        step.text.append("")
      }
    }
    finish(&steps)
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
