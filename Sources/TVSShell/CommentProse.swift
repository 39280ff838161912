import TVSLanguage

/// Scripts whose prose is in ordinary comments: a block of comments that stands by itself, with an empty line after it or
/// nothing, is prose. Comments straight above code belong to the code.
enum CommentProse {
  /// The pieces of a script, in order.
  static func cells(of script: String, name: String) -> [LiterateScript.Cell] {
    var cells: [LiterateScript.Cell] = []
    var text = script
    if script.hasPrefix("#!") {
      // The line stays, empty, so that lines keep their numbers.
      text = String(script.drop { !$0.isNewline })
    }
    for piece in TopLevelPiece.pieces(of: text, name: name, line: 1).pieces { add(piece, to: &cells) }
    return cells
  }

  private static func add(_ piece: TopLevelPiece, to cells: inout [LiterateScript.Cell]) {
    let lines = piece.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    var code: [Substring] = []
    var codeLine = piece.line
    var block: [Substring] = []
    func isRemark(_ line: Substring) -> Bool { line.hasPrefix("#") && !line.hasPrefix("##") }
    func isEmpty(_ line: Substring) -> Bool { line.allSatisfy(\.isWhitespace) }
    var index = 0
    // Only before the statement: inside of one a comment is a part of it.
    while index < lines.count, isRemark(lines[index]) || isEmpty(lines[index]) {
      if isRemark(lines[index]) {
        block.append(lines[index])
      } else if !block.isEmpty {
        cells.append(.prose(markdown(block, isFirst: cells.isEmpty)))
        block = []
      }
      index += 1
    }
    if index == lines.count {
      if !block.isEmpty { cells.append(.prose(markdown(block, isFirst: cells.isEmpty))) }
      return
    }
    codeLine = piece.line + index - block.count
    code = block + lines[index...]
    while let last = code.last, isEmpty(last) { code.removeLast() }
    // What stands in the lines between is one cell as long as no prose comes between.
    if case .code(let earlier, let range)? = cells.last {
      let gap = String(repeating: "\n", count: max(1, codeLine - range.upperBound))
      cells[cells.count - 1] = .code(
        earlier + gap + code.joined(separator: "\n"), lines: range.lowerBound...(codeLine + code.count - 1))
    } else {
      cells.append(.code(code.joined(separator: "\n"), lines: codeLine...(codeLine + code.count - 1)))
    }
  }

  /// A block of comments as Markdown: a first paragraph that is one short line without a point at its end is a heading.
  private static func markdown(_ block: [Substring], isFirst: Bool) -> String {
    var lines = block.map { line -> String in
      let text = line.dropFirst()
      return String(text.hasPrefix(" ") ? text.dropFirst() : text)
    }
    while lines.first?.isEmpty == true { lines.removeFirst() }
    while lines.last?.isEmpty == true { lines.removeLast() }
    guard let first = lines.first else { return "" }
    let isAlone = lines.count == 1 ? isFirst : lines[1].isEmpty
    if isAlone, first.count <= 80, !first.hasPrefix("#"), let last = first.last, !".:;,!?".contains(last) {
      lines[0] = (isFirst ? "# " : "## ") + first
    }
    return lines.joined(separator: "\n")
  }
}
