/// A text being edited and where its cursor stands, in bytes of UTF-8.
struct EntryText: Equatable {
  var text: String
  var cursor: Int

  /// What stands before the cursor.
  var before: Substring { text[..<index] }
  /// What stands after the cursor.
  var after: Substring { text[index...] }
  /// What stands before the cursor on its own line.
  var lineBefore: Substring {
    let before = before
    guard let end = before.lastIndex(where: \.isNewline) else { return before }
    return before[before.index(after: end)...]
  }

  private var index: String.Index {
    let utf8 = text.utf8
    let index = utf8.index(utf8.startIndex, offsetBy: max(0, cursor), limitedBy: utf8.endIndex) ?? utf8.endIndex
    // Never inside a character.
    return String.Index(index, within: text) ?? text.endIndex
  }

  /// Where the cursor's line begins and ends, in bytes.
  var line: Range<Int> {
    let start = cursor - lineBefore.utf8.count
    let rest = after.prefix { !$0.isNewline }
    return start..<(cursor + rest.utf8.count)
  }

  /// The cursor's place in the line above or below, as near to its column as that line allows; nil at the edge.
  func moved(up: Bool) -> Int? {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let row = before.count(where: \.isNewline)
    let target = up ? row - 1 : row + 1
    guard lines.indices.contains(target) else { return nil }
    let column = lineBefore.count
    let start = lines[..<target].reduce(0) { $0 + $1.utf8.count + 1 }
    return start + lines[target].prefix(column).utf8.count
  }

  /// The indentation of a line that is begun at the cursor: that of its own line, and one step more after an
  /// opening bracket.
  var indentation: String {
    let line = lineBefore
    let own = String(line.prefix { $0 == " " })
    guard let last = line.last(where: { $0 != " " }), "{([".contains(last) else { return own }
    return own + "  "
  }

  /// How many bytes one press of Backspace deletes: a step of indentation, or one character as the user sees it.
  var backspace: Int {
    let line = lineBefore
    if line.utf8.count >= 2 && line.utf8.count.isMultiple(of: 2) && line.allSatisfy({ $0 == " " }) { return 2 }
    return before.last.map { String($0).utf8.count } ?? 0
  }
}
