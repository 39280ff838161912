import TVSLanguage

/// What may stand in place of the word before the cursor.
struct Completions: Equatable {
  /// One possibility.
  struct Candidate: Equatable {
    /// The whole word.
    var text: String
    /// One line that says what it is.
    var detail: String
    /// What follows the word when it is the only one: a quotation mark, an opening bracket.
    var closing = ""
  }

  /// Where the word begins, in bytes of UTF-8.
  var start: Int
  /// The possibilities, in the order in which they are listed.
  var candidates: [Candidate]

  static let none = Completions(start: 0, candidates: [])

  /// What Tab inserts: all letters that the candidates share beyond what stands there; nil if there are none.
  func insertion(into entry: EntryText) -> String? {
    guard let first = candidates.first else { return nil }
    var shared = Substring(first.text)
    for candidate in candidates.dropFirst() { shared = Self.sharedStart(shared, candidate.text) }
    let typed = entry.cursor - start
    guard typed >= 0 && typed <= shared.utf8.count else { return "" }
    var insertion = String(decoding: shared.utf8.dropFirst(typed), as: UTF8.self)
    if candidates.count == 1 && !entry.after.hasPrefix(first.closing) { insertion += first.closing }
    return insertion
  }

  private static func sharedStart(_ a: Substring, _ b: String) -> Substring {
    let count = zip(a, b).prefix { $0 == $1 }.count
    return a.prefix(count)
  }

  /// The candidates with their descriptions, for a window.
  func listing(in size: TerminalSize) -> String {
    let room = max(4, min(size.rows - 4, 40))
    if candidates.count > room { return columns(in: size, rows: room) }
    let longest = candidates.map { Columns.width(of: $0.text) }.max() ?? 0
    let nameWidth = min(longest, max(8, size.columns / 2))
    return candidates.map { candidate in
      let name = Columns.padded(candidate.text, to: nameWidth)
      let line = candidate.detail.isEmpty ? "  \(name)" : "  \(name)  \(candidate.detail)"
      return Columns.cut(line, to: size.columns - 1) + "\n"
    }.joined()
  }

  /// Names only, in columns read downwards, when there are too many for one a line.
  private func columns(in size: TerminalSize, rows: Int) -> String {
    let names = candidates.map(\.text)
    let width = min((names.map(Columns.width).max() ?? 0) + 2, max(size.columns - 2, 4))
    let count = max(1, (size.columns - 2) / width)
    let shown = min(names.count, count * rows)
    let height = (shown + count - 1) / count
    var lines = (0..<height).map { row in
      "  " + stride(from: row, to: shown, by: height).map { Columns.padded(names[$0], to: width) }.joined()
    }
    if shown < names.count { lines.append("  … and \(names.count - shown) more") }
    return lines.map { Columns.cut(Columns.trimmed($0), to: size.columns - 1) + "\n" }.joined()
  }
}
