/// The page of an error code: a Markdown file with the sections Symptom, Cause, Example and Fix.
public struct ErrorPage: Sendable {
  /// The sections that every page has, in order.
  public static let sectionNames = ["Symptom", "Cause", "Example", "Fix"]

  /// The whole page.
  public let text: String

  /// Reads a page.
  public init(_ text: String) { self.text = text }

  /// The text of a section, without its heading.
  public func section(_ name: String) -> String? {
    var lines: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("## ") {
        if lines != nil { break }
        if line.dropFirst(3).trimmed() == name { lines = [] }
      } else {
        lines?.append(line)
      }
    }
    return lines?.joined(separator: "\n").trimmed()
  }

  /// The program in the section Example: its first code block.
  public var example: String? { blocks(of: "Example").first }

  /// The program in the section Fix, if it has one: its first code block.
  public var fix: String? { blocks(of: "Fix").first }

  /// The builtin without which the example cannot run, from the line `<!-- needs: NAME -->`.
  public var needs: String? {
    guard let start = text.firstRange(of: "<!-- needs: "), let end = text[start.upperBound...].firstRange(of: " -->")
    else { return nil }
    return String(text[start.upperBound..<end.lowerBound])
  }

  /// The code blocks of a section.
  private func blocks(of name: String) -> [String] {
    var blocks: [String] = []
    var current: [Substring]?
    for line in (section(name) ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        if let lines = current { blocks.append(lines.joined(separator: "\n")) }
        current = current == nil ? [] : nil
      } else {
        current?.append(line)
      }
    }
    return blocks
  }
}
