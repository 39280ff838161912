/// Code that stands between two places where something may be shown: a statement at the top of a script, with the
/// comments and empty lines before it.
public struct TopLevelPiece: Sendable, Equatable {
  /// The code, whole lines.
  public var text: String
  /// The line on which it begins, counted from 1.
  public var line: Int

  /// Cuts code into its statements. Statements that share a line stay together; comments after the last one are a piece
  /// of their own. The texts, joined by newlines, are the code.
  ///
  /// - Parameters:
  ///   - code: code that is whole.
  ///   - name: the name of its file, for what is wrong with it.
  ///   - line: the line on which it begins there.
  /// - Returns: the pieces, and what cannot be parsed.
  public static func pieces(
    of code: String, name: String, line: Int
  ) -> (pieces: [TopLevelPiece], diagnostics: [Diagnostic]) {
    let lead = max(0, line - 1)
    let source = SourceText(name: name, text: String(repeating: "\n", count: lead) + code)
    let (statements, diagnostics) = Parser.parse(source)
    let bytes = source.bytes
    var pieces: [TopLevelPiece] = []
    var start = lead
    var startLine = line
    var end: Int?
    func close(at end: Int) {
      pieces.append(TopLevelPiece(text: source.text(start..<end), line: startLine))
      startLine += bytes[start..<min(end + 1, bytes.count)].count { $0 == UInt8(ascii: "\n") }
      start = min(end + 1, bytes.count)
    }
    for statement in statements {
      if let end, statement.range.lowerBound >= end { close(at: end) }
      var lineEnd = max(statement.range.upperBound, start)
      while lineEnd < bytes.count, bytes[lineEnd] != UInt8(ascii: "\n") { lineEnd += 1 }
      end = lineEnd
    }
    if let end { close(at: end) }
    if start < bytes.count { close(at: bytes.count) }
    return (pieces, diagnostics)
  }
}
