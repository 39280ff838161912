import Foundation
import ModelFiles
import OrderedCollections
import TVSLanguage
import Tensors

/// One format of files that `load` reads and `save` writes.
public struct FileFormat: Sendable {
  /// What it is, for messages: `NumPy array`.
  public var name: String
  /// How it is asked for, for messages: `x.npy`, or `a folder in Hugging Face layout`.
  public var pattern: String
  /// Whether a path asks for this format.
  public var matches: @Sendable (_ path: String) -> Bool
  /// Reads a path; nil when the file is of this format but holds something else, so that the next format is asked.
  public var read: (@Sendable (_ path: String, _ call: Call) throws -> Value?)?
  /// Writes a value; false when the format does not hold values of this kind, so that the next format is asked.
  public var write: (@Sendable (_ value: Value, _ path: String, _ call: Call) throws -> Bool)?

  /// Describes a format.
  public init(
    name: String, pattern: String, matches: @escaping @Sendable (String) -> Bool,
    read: (@Sendable (String, Call) throws -> Value?)? = nil,
    write: (@Sendable (Value, String, Call) throws -> Bool)? = nil
  ) {
    self.name = name
    self.pattern = pattern
    self.matches = matches
    self.read = read
    self.write = write
  }

  /// A format that is recognised by the ending of the name, such as `npy`.
  public init(
    name: String, ending: String, read: (@Sendable (String, Call) throws -> Value?)? = nil,
    write: (@Sendable (Value, String, Call) throws -> Bool)? = nil
  ) {
    self.init(
      name: name, pattern: "x.\(ending)", matches: { $0.lowercased().hasSuffix(".\(ending)") }, read: read, write: write
    )
  }
}

/// The formats that `load` and `save` know, in the order in which they are asked. A room adds its own list here.
public enum FileFormats {
  /// All formats.
  public static let all: [FileFormat] =
    SteeringFormats.all + ModelFormats.all + TensorFormats.all + TableFormats.all + PictureFormats.all

  /// Reads a path in the first format that takes it.
  ///
  /// - Throws: ``ErrorReport`` that lists what is known when none does.
  static func read(_ path: String, _ call: Call) throws -> Value {
    let path = NSString(string: path).expandingTildeInPath
    let readable = all.filter { $0.read != nil }
    for format in readable where format.matches(path) {
      if let value = try reporting({ try format.read?(path, call) }) {
        LoadedModels.shared.note(value, from: path)
        return value
      }
    }
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    if !exists, !path.contains("."), !path.contains("/") {
      throw ErrorReport(
        .file, "there is no file or model \(path)",
        help: Spelling.suggestion(for: path, among: ModelLibrary.names()) ?? known(readable, "load reads"),
        argument: "source")
    }
    guard exists else {
      throw ErrorReport(.file, "\(path): there is no such file", help: nearest(to: path), argument: "source")
    }
    throw ErrorReport(
      .fileFormat, isDirectory.boolValue ? "\(path) is a folder that load does not know" : "load does not read \(path)",
      help: known(readable, "load reads"), argument: "source")
  }

  /// Writes a value in the first format that takes it.
  ///
  /// - Throws: ``ErrorReport`` that lists what is known when none does.
  static func write(_ value: Value, to path: String, _ call: Call) throws {
    let path = NSString(string: path).expandingTildeInPath
    let writable = all.filter { $0.write != nil }
    let matching = writable.filter { $0.matches(path) }
    for format in matching where try reporting({ try format.write?(value, path, call) ?? false }) { return }
    guard let first = matching.first else {
      throw ErrorReport(
        .fileFormat, "save does not write \(path)", help: known(writable, "save writes"), argument: "path")
    }
    throw ErrorReport(
      .wrongKind, "\(value.article) cannot be saved as a \(first.name)", help: known(writable, "save writes"),
      argument: "x")
  }

  private static func known(_ formats: [FileFormat], _ verb: String) -> String {
    let patterns = OrderedSet(formats.map(\.pattern))
    return
      "\(verb) \(patterns.dropLast().joined(separator: ", "))\(patterns.count > 1 ? " and " : "")\(patterns.last ?? "")"
  }

  /// A file with nearly the same name beside the one that is missing.
  private static func nearest(to path: String) -> String? {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent().path
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
    return Spelling.suggestion(for: url.lastPathComponent, among: names.sorted())
  }
}

/// Files of tensors and tables.
enum TensorFormats {
  static let all: [FileFormat] = [
    FileFormat(
      name: "NumPy array", ending: "npy", read: { path, _ in TensorValue.value(try NumpyFile.read(path)) },
      write: { value, path, _ in
        guard let tensor = try tensor(value) else { return false }
        try NumpyFile.write(tensor, to: path)
        return true
      }),
    FileFormat(
      name: "NumPy archive", ending: "npz", read: { path, _ in record(try NumpyArchive.read(path)) },
      write: { value, path, _ in
        guard let tensors = try namedTensors(value) else { return false }
        try NumpyArchive.write(tensors, to: path)
        return true
      }),
    FileFormat(
      name: "safetensors file", ending: "safetensors",
      read: { path, _ in record(try SafetensorsFile.read(path).tensors) },
      write: { value, path, _ in
        guard let tensors = try namedTensors(value) else { return false }
        try SafetensorsFile.write(tensors, to: path)
        return true
      }),
    delimited("comma-separated table", "csv", ","), delimited("tab-separated table", "tsv", "\t"),
  ]

  private static func delimited(_ name: String, _ ending: String, _ separator: Character) -> FileFormat {
    FileFormat(
      name: name, ending: ending,
      read: { path, _ in
        let rows = try DelimitedText.read(path, separator: separator)
        if let tensor = try DelimitedText.tensor(rows) { return .native(TensorValue(tensor)) }
        guard let names = rows.first else {
          throw ErrorReport(.fileFormat, "\(path): it is empty", argument: "source")
        }
        return .native(TableValue(names: names, rows: rows.dropFirst().map { $0.map(cell) }))
      },
      write: { value, path, _ in
        if case .native(let native) = value, let table = native as? TableValue {
          try DelimitedText.write(table.delimitedRows, separator: separator, to: path)
          return true
        }
        guard let tensor = try tensor(value) else { return false }
        try DelimitedText.write(tensor, separator: separator, to: path)
        return true
      })
  }

  private static func cell(_ text: String) -> Value {
    if text.isEmpty { return .nil }
    return Double(text.trimmingCharacters(in: .whitespaces)).map { .number($0) } ?? .string(text)
  }

  /// The tensor that a value is, or that its lists form; nil for other kinds.
  private static func tensor(_ value: Value) throws -> Tensor? {
    switch value {
    case .native(let native): (native as? TensorValue)?.tensor
    case .list: try TensorArguments.tensor(from: value, argument: "x")
    case .number, .bool: try TensorArguments.tensor(from: value)
    default: nil
    }
  }

  /// The tensors of a record under its names; a single tensor is called `tensor`.
  private static func namedTensors(_ value: Value) throws -> [(name: String, tensor: Tensor)]? {
    guard case .record(let fields) = value else { return try tensor(value).map { [("tensor", $0)] } }
    return try fields.map { name, field in
      guard let tensor = try tensor(field) else {
        throw ErrorReport(.wrongKind, "the field \(name) is \(field.article), not a tensor", argument: "x")
      }
      return (name, tensor)
    }
  }

  private static func record(_ tensors: [(name: String, tensor: Tensor)]) -> Value {
    var fields: OrderedDictionary<String, Value> = [:]
    for (name, tensor) in tensors { fields[name] = TensorValue.value(tensor) }
    return .record(fields)
  }
}
