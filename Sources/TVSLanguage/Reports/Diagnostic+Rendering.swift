extension Diagnostic {
  /// The error as text of several lines, without a final newline:
  ///
  ///     error[E0203]: basis and adapter live in different spaces
  ///       drift.tvs:12:15
  ///     12 | project(lora, basis)
  ///        |               ^^^^^ spans smollm2/lora-8
  ///     help: build the basis from a run of the same adapter
  ///
  /// - Parameter color: whether to use terminal colours.
  public func rendered(color: Bool) -> String {
    let paint = Paint(isOn: color)
    var lines = [paint.error("error[\(code)]") + paint.strong(": \(message)")]
    if let range {
      lines.append("  " + range.place)
      lines += Excerpt(range: range, label: label).lines(paint)
    } else if let label {
      lines.append("  " + label)
    }
    lines += traceLines
    if let help { lines.append(paint.help("help") + ": " + help) }
    return lines.joined(separator: "\n")
  }

  /// The calls around the place; of a deep recursion only both ends.
  private var traceLines: [String] {
    let shown = 4
    let lines = trace.map { call in
      call.range.map { "  in \(call.function), called at \($0.place)" } ?? "  in \(call.function)"
    }
    guard lines.count > 2 * shown + 1 else { return lines }
    return lines.prefix(shown) + ["  … \(lines.count - 2 * shown) more calls …"] + lines.suffix(shown)
  }
}

/// The marked line of source.
private struct Excerpt {
  /// Columns of source that are shown of a long line.
  private static let window = 100

  let range: SourceRange
  let label: String?

  func lines(_ paint: Paint) -> [String] {
    let bounds = range.lineBounds
    let source = range.source
    let lower = min(max(range.lower, bounds.lowerBound), bounds.upperBound)
    let upper = min(max(range.upper, lower), bounds.upperBound)
    var before = TerminalColumns.printable(source.text(bounds.lowerBound..<lower))
    var marked = TerminalColumns.printable(source.text(lower..<upper))
    var after = TerminalColumns.printable(source.text(upper..<bounds.upperBound))
    if TerminalColumns.width(of: before + marked + after) > Self.window {
      if before.count > Self.window / 2 { before = "…" + before.suffix(Self.window / 2) }
      if marked.count > Self.window / 2 { marked = marked.prefix(Self.window / 2) + "…" }
      let room = max(0, Self.window - before.count - marked.count)
      if after.count > room { after = after.prefix(room) + "…" }
    }
    let number = String(range.line)
    let margin = String(repeating: " ", count: number.count)
    let indent = String(repeating: " ", count: TerminalColumns.width(of: before))
    let carets = String(repeating: "^", count: max(1, TerminalColumns.width(of: marked)))
    let note = label.map { " " + $0 } ?? ""
    return [
      paint.margin("\(number) | ") + before + marked + after,
      paint.margin("\(margin) | ") + indent + paint.error(carets + note),
    ]
  }
}

/// Terminal colours, or none.
private struct Paint {
  let isOn: Bool
  func error(_ text: String) -> String { isOn ? "\u{1B}[1;31m\(text)\u{1B}[0m" : text }
  func strong(_ text: String) -> String { isOn ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  func margin(_ text: String) -> String { isOn ? "\u{1B}[34m\(text)\u{1B}[0m" : text }
  func help(_ text: String) -> String { isOn ? "\u{1B}[1;36m\(text)\u{1B}[0m" : text }
}
