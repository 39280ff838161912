extension Value {
  /// The value as a literal that reads back, on one line: what `string(x)` gives for a list or a record.
  public var literal: String {
    var text = ""
    writeLiteral(into: &text, limit: .max, depth: 0)
    return text
  }

  /// The value as `print` and f-strings write it: strings bare, everything else as a literal.
  public var plainText: String {
    if case .string(let text) = self { return text }
    return literal
  }

  /// The value on one line of about `limit` characters, for messages.
  public func summary(limit: Int = 40) -> String {
    var text = ""
    writeLiteral(into: &text, limit: limit + 1, depth: 0)
    return text.count > limit ? text.prefix(limit - 1) + "…" : text
  }

  /// What the prompt shows: a literal, cut with a count when it is long.
  public func display(_ style: DisplayStyle) -> String {
    switch self {
    case .native(let value): return value.display(style)
    case .string(let text):
      let room = max(20, style.width * style.rows)
      let count = text.count
      guard count > room else { return Value.quoted(text) }
      return Value.quoted(String(text.prefix(room))) + "… \(NumberText.grouped(count - room)) more characters"
    case .list, .record:
      var text = ""
      writeLiteral(into: &text, limit: style.width + 1, depth: 0)
      if text.count <= style.width, !text.contains("\n") { return text }
      return displayLines(style)
    default: return literal
    }
  }

  /// A list over several lines of full width, or a record with a line for each field.
  private func displayLines(_ style: DisplayStyle) -> String {
    switch self {
    case .list(let elements):
      var lines: [String] = []
      var line = "["
      var shown = 0
      for (index, element) in elements.enumerated() {
        let text = element.summary(limit: style.width - 4) + (index + 1 < elements.count ? ", " : "]")
        if line.count + text.trimmed().count > style.width, line.count > 1 {
          lines.append(line.trimmedAtEnd())
          line = " "
          if lines.count >= style.rows { break }
        }
        line += text
        shown += 1
      }
      if shown == elements.count { return (lines + [line]).joined(separator: "\n") }
      return (lines + [" … \(NumberText.grouped(elements.count - shown)) more]"]).joined(separator: "\n")
    case .record(let fields):
      var lines = ["{"]
      for (index, (key, value)) in fields.enumerated() {
        if index == style.rows {
          lines.append("  … \(NumberText.grouped(fields.count - index)) more")
          break
        }
        let name = "  " + Value.key(key) + ": "
        lines.append(
          name + value.summary(limit: max(20, style.width - name.count - 1)) + (index + 1 < fields.count ? "," : ""))
      }
      return (lines + ["}"]).joined(separator: "\n")
    default: return literal
    }
  }

  /// Writes the literal, stopping soon after `limit` characters.
  private func writeLiteral(into text: inout String, limit: Int, depth: Int) {
    // Deeper values exist but nobody reads them; this also bounds the stack.
    guard depth < 200 else { return text += "…" }
    switch self {
    case .nil: text += "nil"
    case .bool(let flag): text += flag ? "true" : "false"
    case .number(let number): text += NumberText.shortest(number)
    case .string(let string):
      text += Value.quoted(string.utf8.count > limit ? String(string.prefix(limit)) : string)
    case .list(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        if text.utf8.count > limit { return text += "…" }
        element.writeLiteral(into: &text, limit: limit, depth: depth + 1)
      }
      text += "]"
    case .record(let fields):
      text += "{"
      for (index, (key, value)) in fields.enumerated() {
        if index > 0 { text += ", " }
        if text.utf8.count > limit { return text += "…" }
        text += Value.key(key) + ": "
        value.writeLiteral(into: &text, limit: limit, depth: depth + 1)
      }
      text += "}"
    case .function(let function): text += function.inline
    case .module(let module): text += "module " + module.name
    case .native(let value): text += value.inline
    }
  }

  /// A key as it is written in a record: bare if it can be a name.
  private static func key(_ key: String) -> String {
    let scalars = key.unicodeScalars
    let isName = scalars.first.map { !$0.properties.isASCIIDigit } ?? false && scalars.allSatisfy(Scanner.isNamePart)
    return isName ? key : quoted(key)
  }

  /// A string as a literal.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\0": result += "\\0"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F || (0x80...0x9F).contains(scalar.value) {
          result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}

extension Unicode.Scalar.Properties {
  fileprivate var isASCIIDigit: Bool { numericType == .decimal }
}

extension String {
  fileprivate func trimmedAtEnd() -> String {
    var text = self[...]
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
