import Foundation
import OrderedCollections
import TVSLanguage
import Tensors

/// Records of a file: JSON lines, JSON, CSV or TSV.
struct RecordFile {
  /// The path as it was given.
  let path: String
  /// What the file holds, in order.
  let items: [Value]

  /// The last part of the path.
  var name: String { (path as NSString).lastPathComponent }

  static let endings = ["jsonl", "json", "csv", "tsv"]

  /// Reads a file by its ending.
  ///
  /// - Throws: ``ErrorReport`` for a file of another kind or that is damaged, `TensorError`.
  init(_ path: String) throws {
    self.path = path
    let expanded = CoreBuiltins.expanded(path)
    switch (path as NSString).pathExtension.lowercased() {
    case "jsonl", "ndjson": items = try Self.lines(expanded, path)
    case "json": items = Self.unwrapped(try Self.json(Self.text(expanded), path))
    case "csv": items = try Self.table(expanded, path, ",")
    case "tsv": items = try Self.table(expanded, path, "\t")
    default:
      throw ErrorReport(
        .fileFormat, "\(path) is no file of records", label: "its name has another ending",
        help: "records are read from .jsonl, .json, .csv and .tsv", argument: "path")
    }
  }

  /// The records, for templates.
  ///
  /// - Throws: ``ErrorReport`` for an item that is no record.
  func records() throws -> [PromptTemplate.Fields] {
    try items.enumerated().map { number, item in
      guard case .record(let fields) = item else {
        throw ErrorReport(
          .fileFormat, "\(place(number)) is \(item.article), not a record",
          help: "text(path) reads a list of strings", argument: "path")
      }
      return fields
    }
  }

  /// What errors call a record.
  func place(_ number: Int) -> String { "record \(number + 1) of \(name)" }

  /// The text of a file.
  ///
  /// - Throws: ``ErrorReport`` when there is none.
  static func text(_ path: String) throws -> String {
    guard let data = try? FileAccess.read(path) else { throw CoreBuiltins.unreadable(path) }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ErrorReport(.fileFormat, "\(path) is not text in UTF-8", argument: "path")
    }
    // A mark of byte order is no part of the text.
    return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
  }

  private static func json(_ text: String, _ place: String) throws -> Value {
    do {
      return try JSONValues.read(text)
    } catch var report as ErrorReport {
      report.message = "\(place): \(report.message)"
      report.argument = "path"
      throw report
    }
  }

  private static func lines(_ path: String, _ given: String) throws -> [Value] {
    var items: [Value] = []
    for (number, line) in try text(path).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated() where !line.allSatisfy(\.isWhitespace)
    {
      items.append(try json(String(line), "line \(number + 1) of \(given)"))
    }
    return items
  }

  /// The list in a file that has records around it, as in {"data": […]}.
  private static func unwrapped(_ value: Value) -> [Value] {
    switch value {
    case .list(let items): return items
    case .record(let fields):
      let lists = fields.values.compactMap { field in
        if case .list(let items) = field { items } else { nil }
      }
      return lists.count == 1 ? lists[0] : [value]
    default: return [value]
    }
  }

  private static func table(_ path: String, _ given: String, _ separator: Character) throws -> [Value] {
    guard FileManager.default.fileExists(atPath: path) else { throw CoreBuiltins.unreadable(path) }
    let rows = try DelimitedText.read(path, separator: separator)
    guard let names = rows.first else { return [] }
    if let twin = Dictionary(grouping: names, by: { $0 }).first(where: { $1.count > 1 })?.key {
      throw ErrorReport(.fileFormat, "\(given) has two columns \(twin)", argument: "path")
    }
    return try rows.dropFirst().enumerated().map { number, row in
      guard row.count == names.count else {
        throw ErrorReport(
          .fileFormat, "row \(number + 2) of \(given) has \(row.count) cells, and there are \(names.count) columns",
          argument: "path")
      }
      return .record(
        OrderedDictionary(uniqueKeysWithValues: zip(names, row.map { $0.isEmpty ? .nil : .string($0) })))
    }
  }
}
