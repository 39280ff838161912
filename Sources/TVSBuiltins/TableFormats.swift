import Foundation
import OrderedCollections
import TVSLanguage

/// Tables for papers and pages, and values as JSON.
enum TableFormats {
  static let all: [FileFormat] = [
    table("Markdown table", "md", markdown), table("LaTeX table", "tex", latex),
    FileFormat(
      name: "JSON text", ending: "json",
      read: { path, _ in
        guard let text = FileManager.default.contents(atPath: path).flatMap({ String(data: $0, encoding: .utf8) })
        else {
          throw ErrorReport(.fileFormat, "\(path) is not text in UTF-8", argument: "source")
        }
        do {
          let value = try JSONValues.read(text)
          return TableFormats.table(of: value).map { .native($0) } ?? value
        } catch let report as ErrorReport {
          throw ErrorReport(.fileFormat, "\(path): \(report.message)", argument: "source")
        }
      },
      write: { value, path, _ in
        try TextFiles.write(Data(try JSONWriter(indent: 2).text(try plain(value)).appending("\n").utf8), to: path)
        return true
      }),
  ]

  private static func table(
    _ name: String, _ ending: String, _ text: @escaping @Sendable (TableValue, DisplayStyle) -> String
  ) -> FileFormat {
    FileFormat(
      name: name, ending: ending,
      write: { value, path, call in
        guard case .native(let native) = value, let table = native as? TableValue else { return false }
        try TextFiles.write(Data(text(table, call.session.style).utf8), to: path)
        return true
      })
  }

  // MARK: - Markdown

  private static func markdown(_ table: TableValue, _ style: DisplayStyle) -> String {
    func cell(_ text: String) -> String {
      text.replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("\n", with: " ")
    }
    let columns = table.textColumns(style)
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    var text = line(columns.map { cell($0.name) })
    text += line(columns.map { $0.isText ? "---" : "--:" })
    for row in 0..<table.rowCount { text += line(columns.map { cell($0.cells[row]) }) }
    for note in table.notes.lines(style) { text += "\n\(cell(note.label)): \(cell(note.text))\n" }
    return text
  }

  // MARK: - LaTeX

  private static func latex(_ table: TableValue, _ style: DisplayStyle) -> String {
    let columns = table.textColumns(style)
    func line(_ cells: [String]) -> String { "  " + cells.joined(separator: " & ") + " \\\\\n" }
    var text = "% needs \\usepackage{booktabs}\n\\begin{tabular}{\(columns.map { $0.isText ? "l" : "r" }.joined())}\n"
    text += "  \\toprule\n" + line(columns.map { escaped($0.name) }) + "  \\midrule\n"
    for row in 0..<table.rowCount {
      text += line(columns.map { $0.isText ? escaped($0.cells[row]) : number($0.cells[row]) })
    }
    text += "  \\bottomrule\n\\end{tabular}\n"
    for note in table.notes.lines(style) { text += "% \(note.label): \(note.text.replacing("\n", with: " "))\n" }
    return text
  }

  /// A number in mathematics, so that its minus is one and its exponent is raised.
  private static func number(_ text: String) -> String {
    guard Double(text) != nil else { return escaped(text) }
    let parts = text.split(separator: "e", maxSplits: 1)
    if parts.count == 2 { return "$\(parts[0]) \\times 10^{\(parts[1])}$" }
    return text.hasPrefix("-") ? "$\(text)$" : text
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": result += "\\\(character)"
      case "~": result += "\\textasciitilde{}"
      case "^": result += "\\textasciicircum{}"
      case "\\": result += "\\textbackslash{}"
      case "\n": result += " "
      case "±": result += "$\\pm$"
      default: result.append(character)
      }
    }
    return result
  }

  // MARK: - JSON

  /// A table as a list of records; NaN and infinity, which JSON does not have, as null.
  private static func plain(_ value: Value) throws -> Value {
    switch value {
    case .number(let number): return number.isFinite ? value : .nil
    case .list(let items): return .list(try items.map(plain))
    case .record(let fields): return .record(try fields.mapValues(plain))
    case .native(let native):
      if let measure = native as? MeasureValue {
        let fields = ["value", "low", "high", "chance", "null"].map { ($0, (try? measure.field($0)) ?? .nil) }
        return try plain(.record(OrderedDictionary(uniqueKeysWithValues: fields)))
      }
      if native.number != nil { return value }
      return try native.elements().map { .list(try $0.map(plain)) } ?? value
    default: return value
    }
  }

  /// The table that a list of records with the same names is; nil for anything else.
  static func table(of value: Value) -> TableValue? {
    guard case .list(let rows) = value, case .record(let first)? = rows.first else { return nil }
    let names = Array(first.keys)
    var cells: [[Value]] = []
    for row in rows {
      guard case .record(let fields) = row, Array(fields.keys) == names else { return nil }
      cells.append(Array(fields.values))
    }
    return TableValue(names: names, rows: cells)
  }
}

/// Files of text and pictures.
enum TextFiles {
  /// Writes a file in one step: an interruption leaves either the old file or the new one.
  ///
  /// - Throws: ``ErrorReport`` that names the folder that is missing.
  static func write(_ data: Data, to path: String) throws {
    do {
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      let folder = (path as NSString).deletingLastPathComponent
      let isMissing = !folder.isEmpty && !FileManager.default.fileExists(atPath: folder)
      throw ErrorReport(
        .file, isMissing ? "there is no folder \(folder)" : "\(path) cannot be written",
        help: isMissing ? nil : "check that the folder is yours and not full", argument: "path")
    }
  }
}
