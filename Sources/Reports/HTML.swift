import TVSLanguage

/// Text that goes into a page.
enum HTML {
  /// Text in which nothing is markup.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in clean(text).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Text without characters that HTML does not have, nor those that turn the direction of what follows.
  static func clean(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x09, 0x0A: result.append(scalar)
      case 0x0D: continue
      case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF: result.append("\u{FFFD}")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// Opens a part that scrolls by itself when it is wider than the page.
  static func scroller(_ label: String) -> String {
    "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"\(escaped(label))\">"
  }

  /// Code with its colours.
  static func code(_ text: String) -> String {
    CodeRun.runs(of: text).map { run in
      run.role == .plain ? escaped(run.text) : "<span class=\"\(run.role.rawValue)\">\(escaped(run.text))</span>"
    }.joined()
  }
}
