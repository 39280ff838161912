/// Prose in Markdown as lines of a terminal.
///
/// It knows what walkthroughs use: headings, paragraphs, lists, tables and code set off by four spaces or fences, and in
/// a line **strong**, *emphasised* and `code`. Everything else stays as it was written.
struct Markdown {
  let ink: Ink
  /// Columns of a line.
  let width: Int

  /// The lines of a text, without empty ones at its ends.
  func lines(of text: String) -> [String] {
    var lines: [String] = []
    var paragraph = Paragraph()
    var isFenced = false
    func finish() {
      lines += wrapped(paragraph)
      paragraph = Paragraph()
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        finish()
        isFenced.toggle()
      } else if isFenced {
        lines.append("    " + line)
      } else if line.allSatisfy(\.isWhitespace) {
        finish()
        if lines.last?.isEmpty == false { lines.append("") }
      } else if paragraph.isEmpty && line.hasPrefix("    ") || line.hasPrefix("|") {
        finish()
        lines.append(String(line))
      } else if let heading = Self.heading(line) {
        finish()
        lines.append(ink.bold(heading))
      } else {
        if let mark = Self.listMark(line) {
          finish()
          paragraph.mark = mark
          paragraph.text = String(line.dropFirst(mark.count))
        } else {
          let piece = String(line.drop(while: \.isWhitespace))
          paragraph.text += paragraph.isEmpty ? piece : " \(piece)"
        }
      }
    }
    finish()
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  private struct Paragraph {
    /// `- ` or `1. `, with the spaces before it; empty in plain paragraphs.
    var mark = ""
    var text = ""
    var isEmpty: Bool { text.isEmpty && mark.isEmpty }
  }

  private static func heading(_ line: Substring) -> String? {
    let signs = line.prefix { $0 == "#" }
    let rest = line.dropFirst(signs.count)
    return (1...6).contains(signs.count) && rest.hasPrefix(" ") ? String(rest.dropFirst()) : nil
  }

  private static func listMark(_ line: Substring) -> String? {
    let spaces = line.prefix { $0 == " " }
    let rest = line.dropFirst(spaces.count)
    if rest.hasPrefix("- ") || rest.hasPrefix("* ") { return spaces + "- " }
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    return !digits.isEmpty && rest.dropFirst(digits.count).hasPrefix(". ") ? "\(spaces)\(digits). " : nil
  }

  // MARK: - Lines

  /// A stretch of one style.
  private struct Fragment {
    var text: String
    var style: Style
  }

  private enum Style { case plain, strong, emphasised, code }

  private func wrapped(_ paragraph: Paragraph) -> [String] {
    if paragraph.isEmpty { return [] }
    let hanging = String(repeating: " ", count: paragraph.mark.count)
    var lines: [String] = []
    var line = paragraph.mark
    var used = Columns.width(of: paragraph.mark)
    let margin = used
    for word in words(of: paragraph.text) {
      let size = word.reduce(0) { $0 + Columns.width(of: $1.text) }
      if used > margin && used + 1 + size > width {
        lines.append(line)
        line = hanging
        used = margin
      }
      if used > margin {
        line += " "
        used += 1
      }
      line += word.map(painted).joined()
      used += size
    }
    return lines + [line]
  }

  private func painted(_ fragment: Fragment) -> String {
    switch fragment.style {
    case .plain: fragment.text
    case .strong: ink.bold(fragment.text)
    case .emphasised: ink.underlined(fragment.text)
    case .code: ink.cyan(fragment.text)
    }
  }

  /// The words of a text, each in fragments of one style.
  private func words(of text: String) -> [[Fragment]] {
    var words: [[Fragment]] = []
    var word: [Fragment] = []
    var style = Style.plain
    func add(_ text: String) {
      if word.last?.style == style {
        word[word.count - 1].text += text
      } else {
        word.append(.init(text: text, style: style))
      }
    }
    var rest = Substring(text)
    var before: Character = " "
    while let character = rest.first {
      let mark = rest.hasPrefix("**") ? "**" : String(character)
      let after = rest.dropFirst(mark.count).first ?? " "
      if let changed = changed(style, by: mark, before: before, after: after, rest: rest.dropFirst(mark.count)) {
        // Without colour the signs of code stay, since they say where it begins.
        if mark == "`" && !ink.isOn { add("`") }
        style = changed
        rest = rest.dropFirst(mark.count)
      } else {
        if character == " " {
          if !word.isEmpty { words.append(word) }
          word = []
        } else {
          add(String(character))
        }
        rest = rest.dropFirst()
      }
      before = mark.last ?? character
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  /// The style after a sign, or nil for one that stands for itself, as in 2*x.
  private func changed(_ style: Style, by mark: String, before: Character, after: Character, rest: Substring) -> Style?
  {
    let opened: Style
    switch mark {
    case "`": opened = .code
    case "**": opened = .strong
    case "*": opened = .emphasised
    default: return nil
    }
    if style == opened { return mark == "`" || !before.isWhitespace ? .plain : nil }
    guard style == .plain, rest.contains(mark) else { return nil }
    if mark == "`" { return .code }
    return !after.isWhitespace && !before.isLetter && !before.isNumber ? opened : nil
  }
}
