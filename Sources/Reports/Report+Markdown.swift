import Foundation
import Plots
import TVSBuiltins

/// A report as Markdown, with the pictures that belong beside it.
public struct MarkdownReport: Sendable {
  /// The document.
  public var text: String
  /// Pictures as SVG, by the name of their file in the folder that the document names.
  public var pictures: [(name: String, svg: String)]
}

extension Report {
  /// The report as Markdown (GitHub's, for its tables).
  ///
  /// - Parameter folder: the folder of the pictures, as seen from the document.
  public func markdown(picturesIn folder: String) -> MarkdownReport {
    var writer = MarkdownWriter(report: self, folder: folder)
    writer.write()
    return MarkdownReport(text: writer.blocks.joined(separator: "\n\n") + "\n", pictures: writer.pictures)
  }
}

private struct MarkdownWriter {
  let report: Report
  let folder: String
  var blocks: [String] = []
  var pictures: [(name: String, svg: String)] = []

  init(report: Report, folder: String) {
    self.report = report
    self.folder = folder
  }

  mutating func write() {
    var parts = report.parts[...]
    // The summary stands under the title, which may be the first line of the prose.
    if case .prose(let first)? = parts.first, first.hasPrefix("# ") {
      let lines = first.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      blocks.append(String(lines[0]))
      blocks.append("*\(MarkdownWriter.escaped(report.summary))*")
      let rest = lines.count > 1 ? String(lines[1].drop { $0.isNewline }) : ""
      if !rest.isEmpty { blocks.append(rest) }
      parts = parts.dropFirst()
    } else {
      blocks.append("# \(MarkdownWriter.escaped(report.name))")
      blocks.append("*\(MarkdownWriter.escaped(report.summary))*")
    }
    if let problem = report.problem {
      let place = problem.line.map { " in line \($0)" } ?? ""
      let fact = problem.kind == .interruption ? "This run was interrupted" : "This run stopped"
      blocks.append("**\(fact)\(place); what stands after it did not run.**")
    }
    for part in parts { add(part) }
    addFacts()
  }

  private mutating func add(_ part: Report.Part) {
    switch part {
    case .prose(let text): blocks.append(text)
    case .code(let code): blocks.append(MarkdownWriter.fenced(code.text, "tvs"))
    case .printed(let text): blocks.append(MarkdownWriter.fenced(text, "text"))
    case .value(.text(let text), _): blocks.append(MarkdownWriter.fenced(text, "text"))
    case .value(.table(let table), _): add(table)
    case .value(.picture(let picture), _):
      let name = "plot-\(pictures.count + 1).svg"
      pictures.append((name, picture.svg(id: "plot-\(pictures.count + 1)")))
      let path = (folder.isEmpty ? "" : folder + "/") + name
      let link = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
      let words = picture.title.isEmpty ? picture.description : "\(picture.title): \(picture.description)"
      blocks.append("![\(MarkdownWriter.escaped(words))](\(link))")
    case .problem(let problem): blocks.append(MarkdownWriter.fenced(problem.text, "text"))
    case .question(let text, let value, let reason):
      blocks.append(
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "> \($0)" }.joined(separator: "\n"))
      let answer = [value.map { MarkdownWriter.fenced($0, "text") }, reason.isEmpty ? nil : reason].compactMap { $0 }
      if !answer.isEmpty {
        blocks.append((["<details><summary>Answer</summary>"] + answer + ["</details>"]).joined(separator: "\n\n"))
      }
    }
  }

  private mutating func add(_ table: ExhibitedTable) {
    var lines = [
      MarkdownWriter.row(table.columns.map(\.name)),
      "| " + table.columns.map { $0.isText ? "---" : "--:" }.joined(separator: " | ") + " |",
    ]
    for index in 0..<table.rowCount {
      if table.omission?.before == index { lines.append(MarkdownWriter.row(table.columns.map { _ in "…" })) }
      lines.append(MarkdownWriter.row(table.columns.map { $0.cells[index] }))
    }
    blocks.append(lines.joined(separator: "\n"))
    for note in table.notes {
      blocks.append("\(MarkdownWriter.escaped(note.label)): \(MarkdownWriter.escaped(note.text))")
    }
  }

  private mutating func addFacts() {
    guard !report.facts.isEmpty || !report.origins.isEmpty else { return }
    blocks.append("## \(Report.lastHeading)")
    let facts = report.facts.map { fact in
      let lines = fact.lines.map { fact.isCode ? MarkdownWriter.code($0) : MarkdownWriter.escaped($0) }
      return "- \(fact.label): \(lines.joined(separator: "; "))"
    }
    if !facts.isEmpty { blocks.append(facts.joined(separator: "\n")) }
    guard !report.origins.isEmpty else { return }
    var lines = [MarkdownWriter.row(Report.originNames), "| --- | --- | --- | --- | --- |"]
    for origin in report.origins {
      lines.append(
        MarkdownWriter.row([origin.name, origin.kind, origin.expression, origin.seed, origin.digest]))
    }
    blocks.append(lines.joined(separator: "\n"))
  }

  // MARK: - Text

  private static func row(_ cells: [String]) -> String { "| " + cells.map(escaped).joined(separator: " | ") + " |" }

  /// Text in which nothing is markup, on one line.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in HTML.clean(text) {
      switch character {
      case "\\", "`", "*", "_", "[", "]", "|", "#", "~": result += "\\\(character)"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\n": result += " "
      default: result.append(character)
      }
    }
    return result
  }

  /// Code inside of a line, with as many signs around it as it needs.
  private static func code(_ text: String) -> String {
    let mark = String(repeating: "`", count: longestRun(of: text) + 1)
    return text.hasPrefix("`") || text.hasSuffix("`") ? "\(mark) \(text) \(mark)" : mark + text + mark
  }

  /// A block that nothing inside can end.
  static func fenced(_ text: String, _ language: String) -> String {
    let mark = String(repeating: "`", count: max(3, longestRun(of: text) + 1))
    return "\(mark)\(language)\n\(HTML.clean(text))\n\(mark)"
  }

  private static func longestRun(of text: String) -> Int {
    var (longest, here) = (0, 0)
    for character in text {
      here = character == "`" ? here + 1 : 0
      longest = max(longest, here)
    }
    return longest
  }
}
