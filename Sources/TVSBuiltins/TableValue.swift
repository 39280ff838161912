import Foundation
import OrderedCollections
import TVSLanguage
import Tensors

/// Named columns of equal length, as a value of the language.
final class TableValue: NativeValue, Sendable {
  /// The columns by name, in order; all have ``rowCount`` cells.
  let columns: OrderedDictionary<String, [Value]>
  /// How many rows there are.
  let rowCount: Int
  /// What holds for the table as a whole: lines below it, and fields.
  let notes: Notes
  /// Where it came from.
  let provenance: Provenance?

  /// Puts a table together. Columns that are too short are filled with nil.
  init(columns: OrderedDictionary<String, [Value]>, notes: Notes = [:], provenance: Provenance? = nil) {
    let count = columns.values.reduce(0) { max($0, $1.count) }
    self.columns = columns.mapValues { $0 + [Value](repeating: .nil, count: count - $0.count) }
    rowCount = count
    self.notes = notes
    self.provenance = provenance
  }

  /// Puts a table together from its rows. A name that is given twice gets a number.
  convenience init(names: [String], rows: [[Value]], notes: Notes = [:]) {
    var columns: OrderedDictionary<String, [Value]> = [:]
    for (index, name) in names.enumerated() {
      var unique = name
      var copy = 2
      while columns[unique] != nil {
        unique = "\(name)_\(copy)"
        copy += 1
      }
      columns[unique] = rows.map { index < $0.count ? $0[index] : .nil }
    }
    self.init(columns: columns, notes: notes)
  }

  var kind: String { "table" }
  var inline: String {
    "table of \(rowCount) row\(rowCount == 1 ? "" : "s"): \(columns.keys.joined(separator: ", "))"
  }

  func display(_ style: DisplayStyle) -> String {
    let lines = notes.lines(style)
    return lines.isEmpty ? TableText(self, style).text : GeometryText.block(TableText(self, style).text, lines)
  }

  var fieldNames: [String] { Array(columns.keys) + Array(notes.keys) }

  func field(_ name: String) throws -> Value? { columns[name].map { .list($0) } ?? notes[name] }

  func replacing(field name: String, with value: Value) throws -> (any NativeValue)? {
    let cells: [Value]
    switch value {
    case .list(let list): cells = list
    case .native(let native):
      guard let elements = try native.elements() else { return nil }
      cells = elements
    default: cells = [Value](repeating: value, count: rowCount)
    }
    guard cells.count == rowCount || columns.isEmpty else {
      throw ErrorReport(.shape, "the table has \(rowCount) rows, and there are \(cells.count) values")
    }
    var columns = columns
    columns[name] = cells
    return TableValue(columns: columns, notes: notes)
  }

  var length: Int? { rowCount }

  func elements() throws -> [Value]? { (0..<rowCount).map(row) }

  /// A row as a record.
  func row(_ index: Int) -> Value { .record(columns.mapValues { $0[index] }) }

  func element(at subscripts: [Subscript]) throws -> Value? {
    guard subscripts.count == 1, let item = subscripts.first else {
      if subscripts.count == 2, case .value(let name) = subscripts[1], case .string = name {
        guard let column = try element(at: [subscripts[1]]), case .list(let cells) = column,
          case .value(let place) = subscripts[0]
        else { return nil }
        return cells[try position(place)]
      }
      return nil
    }
    switch item {
    case .slice(let from, let to, let step):
      let positions = try positions(from, to, step)
      return .native(TableValue(columns: columns.mapValues { cells in positions.map { cells[$0] } }))
    case .value(.string(let name)):
      if let column = columns[name] { return .list(column) }
      throw ErrorReport(
        .indexOutOfRange, "the table has no column \(name)",
        help: Spelling.suggestion(for: name, among: columns.keys)
          ?? "its columns are \(columns.keys.joined(separator: ", "))", argument: "subscripts")
    case .value(let place): return row(try position(place))
    }
  }

  private func position(_ place: Value) throws -> Int {
    guard let whole = place.wholeNumber else {
      throw ErrorReport(
        .wrongKind, "a table is indexed by the number of a row or the name of a column, not by \(place.article)",
        argument: "subscripts")
    }
    let position = whole < 0 ? whole + rowCount : whole
    guard position >= 0, position < rowCount else {
      throw ErrorReport(
        .indexOutOfRange, "row \(whole) is outside of a table with \(rowCount) row\(rowCount == 1 ? "" : "s")",
        argument: "subscripts")
    }
    return position
  }

  private func positions(_ from: Int?, _ to: Int?, _ step: Int?) throws -> [Int] {
    let rows = try reporting {
      try Tensor.progression(first: 0, step: 1, count: rowCount).selecting([.slice(from: from, to: to, step: step)])
    }
    return rows.doubles.map { Int($0) }
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = other as? TableValue, columns.keys == other.columns.keys, rowCount == other.rowCount,
      (try? Value.record(notes).isSame(as: .record(other.notes))) ?? false
    else {
      return false
    }
    return zip(columns.values, other.columns.values).allSatisfy { a, b in
      (try? Value.list(a).isSame(as: .list(b))) ?? false
    }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    TableValue(columns: columns, notes: notes, provenance: provenance)
  }

  /// All columns as the prompt would show them, for documents.
  func textColumns(_ style: DisplayStyle) -> [(name: String, cells: [String], isText: Bool)] {
    columns.map { name, cells in
      let column = TableText.column(name, cells, (0..<rowCount).map { $0 }, style)
      return (name, column.cells, column.isText)
    }
  }

  /// The rows as text that reads back, the names first: what `save` writes.
  var delimitedRows: [[String]] {
    [Array(columns.keys)]
      + (0..<rowCount).map { row in
        columns.values.map { cells in
          switch cells[row] {
          case .nil: ""
          case .native(let native): native.number.map(NumberText.shortest) ?? native.inline
          default: cells[row].plainText
          }
        }
      }
  }
}

extension DisplayStyle {
  /// What stands above rows of numbers: bold where colour is wanted.
  func headline(_ text: String) -> String { color ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}

/// A table as aligned columns: numbers to the right, text to the left, the middle left out when there is too much.
private struct TableText {
  let text: String

  init(_ table: TableValue, _ style: DisplayStyle) {
    let rows = TensorText.visible(table.rowCount, max(3, style.rows))
    var columns = table.columns.map { name, cells in
      TableText.column(name, cells, rows, style)
    }
    // Too wide: first the longest texts are cut, then columns are left out from the middle.
    let room = style.width
    func total() -> Int { columns.reduce(0) { $0 + $1.width } + 2 * max(0, columns.count - 1) }
    if total() > room {
      let share = max(12, room / max(1, min(columns.count, 6)))
      columns = columns.map { $0.isText ? $0.cut(to: share) : $0 }
    }
    if total() > room, columns.count > 2 {
      let hidden = TableText.Column(header: "…", cells: rows.map { _ in "…" }, isText: true)
      var middle = columns.count / 2
      columns[middle] = hidden
      while total() > room, columns.count > 3 {
        if middle + 1 < columns.count - 1 || middle == 1 {
          columns.remove(at: middle + 1)
        } else {
          columns.remove(at: middle - 1)
          middle -= 1
        }
      }
    }
    let lines =
      [columns.map { $0.padded($0.header) }] + rows.indices.map { row in columns.map { $0.padded($0.cells[row]) } }
    text = lines.enumerated().map { row, cells in
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return row == 0 ? style.headline(line) : line
    }.joined(separator: "\n")
  }

  struct Column {
    var header: String
    var cells: [String]
    var isText: Bool
    var width: Int

    init(header: String, cells: [String], isText: Bool) {
      self.header = header
      self.cells = cells
      self.isText = isText
      width = cells.reduce(TerminalColumns.width(of: header)) { max($0, TerminalColumns.width(of: $1)) }
    }

    func cut(to limit: Int) -> Column {
      func cut(_ text: String) -> String {
        if TerminalColumns.width(of: text) <= limit { return text }
        var kept = text.prefix(limit - 1)
        while TerminalColumns.width(of: String(kept)) >= limit { kept.removeLast() }
        return kept + "…"
      }
      return Column(header: cut(header), cells: cells.map(cut), isText: isText)
    }

    func padded(_ text: String) -> String {
      let space = String(repeating: " ", count: max(0, width - TerminalColumns.width(of: text)))
      return isText ? text + space : space + text
    }
  }

  static func column(_ name: String, _ cells: [Value], _ rows: [Int?], _ style: DisplayStyle) -> Column {
    let shown = rows.compactMap { $0 }.map { cells[$0] }
    var numbers: [Double] = []
    var isNumeric = true
    for cell in shown {
      switch cell {
      case .number(let number): numbers.append(number)
      case .nil: break
      case .native(let native) where native.number != nil: break
      default: isNumeric = false
      }
    }
    let format = TensorText.Format(numbers, false, style.digits)
    // A column in which something small would keep fewer than two digits has significant digits in place of decimals.
    let keepsDigits = numbers.contains { $0 != 0 && abs($0) < pow(10, 1 - Double(style.digits)) }
    let texts = rows.map { row -> String in
      guard let row else { return "…" }
      switch cells[row] {
      case .number(let number):
        if keepsDigits { return MeasureValue.significant(number, style.digits) }
        return isNumeric ? format.text(number) : NumberText.shortest(number)
      case .nil: return ""
      case .string(let text): return text.replacing("\n", with: "\\n")
      default: return cells[row].summary(limit: 60)
      }
    }
    return Column(header: name, cells: texts, isText: !isNumeric)
  }
}
