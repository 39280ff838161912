/// Text laid out in columns of a terminal.
enum Columns {
  /// Columns that a text takes; East Asian wide characters and emoji take two.
  static func width(of text: some StringProtocol) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    return text.reduce(0) { $0 + width(of: $1) }
  }

  private static func width(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// Spaces to the right up to a width; longer texts stay as they are.
  static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - self.width(of: text)))
  }

  /// At most `width` columns, the last one an ellipsis when something is left out.
  static func cut(_ text: String, to width: Int) -> String {
    if self.width(of: text) <= width { return text }
    var used = 0
    let kept = text.prefix { character in
      used += self.width(of: character)
      return used < width
    }
    return kept + "…"
  }

  /// Without spaces at the end.
  static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  /// Paragraphs broken at spaces into lines of at most `width` columns. Lines that begin with a space stay as they
  /// are: they are code or a table.
  static func wrapped(_ text: String, to width: Int, indent: String = "", hanging: String? = nil) -> [String] {
    var lines: [String] = []
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if paragraph.hasPrefix(" ") {
        lines.append(indent + paragraph)
        continue
      }
      var line = lines.isEmpty ? indent : hanging ?? indent
      var isEmpty = true
      for word in paragraph.split(separator: " ") {
        if !isEmpty && self.width(of: line) + 1 + self.width(of: word) > width {
          lines.append(line)
          line = hanging ?? indent
          isEmpty = true
        }
        line += isEmpty ? String(word) : " \(word)"
        isEmpty = false
      }
      lines.append(isEmpty ? "" : line)
    }
    return lines
  }
}
