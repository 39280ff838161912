import Checkpoints
import Foundation
import JSON
import TVSLanguage
import Tensors
import Transformers

/// The values of a session in a file: what `:save work.tvw` writes and `:load work.tvw` brings back, bit for bit.
///
/// The file is a safetensors file: its arrays hold the numbers, the array `values` a JSON text with everything else, and
/// the metadata the version of that text and a checksum over all arrays.
public enum SessionFile {
  /// The version of the text that this program writes. It reads this one and all before it.
  public static let version = 1
  /// How its name ends.
  public static let ending = ".tvw"
  static let versionKey = "tvs.session"
  static let programKey = "tvs.program"
  static let checksumKey = "tvs.checksum"
  static let textName = "values"

  /// What a session holds.
  public struct Contents: Sendable {
    /// The names, in the order in which they were first mentioned.
    public var names: [(name: String, value: Value)]
    /// The values that were shown, `_1` first.
    public var shown: [Value]
    /// The seed of calls without one of their own.
    public var seed: UInt64

    /// Describes a session.
    public init(names: [(name: String, value: Value)], shown: [Value], seed: UInt64) {
      self.names = names
      self.shown = shown
      self.seed = seed
    }
  }

  /// What became of a session on its way into a file.
  public struct Report: Sendable {
    /// How many names and shown values the file holds.
    public var count = 0
    /// How many bytes it has.
    public var bytes = 0
    /// Names whose values cannot be saved, and why not.
    public var refused: [(name: String, reason: String)] = []
    /// Paths of models and checkpoints that the file names instead of holding them.
    public var references: [String] = []
  }

  /// Whether a file is a session, as far as its header says.
  public static func isSession(_ path: String) -> Bool {
    (try? SavedArrays(path))?.metadata[versionKey] != nil
  }

  /// Writes a session. Whoever looks sees the old file or the new one.
  ///
  /// - Parameter program: the version of the program, for messages of older ones.
  /// - Throws: `TensorError`, `Interrupted`.
  public static func write(
    _ contents: Contents, of interpreter: Interpreter, program: String, to path: String
  ) throws -> Report {
    var writer = SessionWriter(interpreter)
    var report = Report()
    func kept(_ name: String, _ value: Value) throws -> String? {
      // What a refused value has left behind goes with it.
      let before = writer
      do {
        let saved = try writer.value(value)
        report.count += 1
        return saved
      } catch let refusal as SessionWriter.Refusal {
        writer = before
        report.refused.append((name, refusal.reason))
        return nil
      }
    }
    var names: [String] = []
    for (name, value) in contents.names {
      if let saved = try kept(name, value) { names.append(Saved.list([Saved.text(name), saved])) }
    }
    var shown: [String] = []
    for (index, value) in contents.shown.enumerated() {
      // The others keep their numbers.
      shown.append(try kept("_\(index + 1)", value) ?? "null")
    }
    let text = Saved.object([
      ("seed", Saved.text(String(contents.seed))), ("names", Saved.list(names)), ("shown", Saved.list(shown)),
      ("tables", writer.tables),
    ])
    report.bytes = try SavedArrays.write(writer.arrays, text: text, program: program, to: path)
    report.references = writer.references
    return report
  }

  /// Reads a session. Nothing of the interpreter changes; modules that the values need are imported.
  ///
  /// - Parameter isChecked: whether a file that does not meet its checksum is refused; tests of damaged files look
  ///   further.
  /// - Returns: the values, and what the user should know about them.
  /// - Throws: ``ErrorReport`` or `TensorError` that names the file and the fault, `Interrupted`, and the failures of
  ///   models and modules that the file names.
  public static func read(
    _ path: String, into interpreter: Interpreter, isChecked: Bool = true
  ) throws -> (Contents, notes: [String]) {
    do {
      return try contents(of: path, interpreter, isChecked)
    } catch let interrupted as Interrupted {
      throw interrupted
    } catch {
      // Whichever room refused a part of it: the user asked for this file.
      var report = (error as? ErrorReport) ?? Library.translate(error) ?? ErrorReport(.fileFormat, "\(error)")
      if case .errors(let diagnostics)? = error as? Failure, let first = diagnostics.first {
        report = ErrorReport(first.code, first.message, help: first.help)
      }
      report.argument = nil
      if !report.message.contains(path) { report.message = "\(path): \(report.message)" }
      throw report
    }
  }

  private static func contents(
    of path: String, _ interpreter: Interpreter, _ isChecked: Bool
  ) throws -> (Contents, notes: [String]) {
    let arrays = try SavedArrays(path)
    guard let version = arrays.metadata[versionKey] else {
      throw ErrorReport(
        .fileFormat, "\(path) is no saved session", help: "load(\"\(path)\") reads files of tensors and models")
    }
    guard let number = Int(version), number >= 1 else {
      throw TensorError.malformed(path: path, reason: "its version is \(version.prefix(20).debugDescription)")
    }
    guard number <= SessionFile.version else {
      let program = arrays.metadata[programKey].map { "tvs \($0.prefix(20))" } ?? "a newer tvs"
      throw ErrorReport(
        .fileFormat,
        "\(path) was saved by \(program) in version \(number) of the format; this tvs reads up to \(SessionFile.version)",
        help: "load it with the newer tvs")
    }
    let text = try arrays.text(isChecked: isChecked)
    let reader = try SessionReader(text, arrays, interpreter)
    return (try reader.contents(), reader.notes)
  }
}

/// The arrays of a session file.
struct SavedArrays: Sendable {
  /// One array to write.
  enum Array: Sendable {
    case vector(FloatVector)
    case tensor(Tensor)
    case bytes([UInt8])

    var type: String {
      switch self {
      case .vector: "F32"
      case .tensor(let tensor): tensor.dtype == .float32 ? "F32" : "F64"
      case .bytes: "U8"
      }
    }

    var shape: [Int] {
      switch self {
      case .vector(let vector): [vector.count]
      case .tensor(let tensor): tensor.shape
      case .bytes(let bytes): [bytes.count]
      }
    }

    var byteCount: Int {
      switch self {
      case .vector(let vector): 4 * vector.count
      case .tensor(let tensor): tensor.count * tensor.dtype.width
      case .bytes(let bytes): bytes.count
      }
    }

    func withBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
      switch self {
      case .vector(let vector):
        try vector.withPointer { try body(UnsafeRawBufferPointer(start: $0, count: 4 * vector.count)) }
      case .tensor(let tensor): try tensor.withBytes(body)
      case .bytes(let bytes): try bytes.withUnsafeBytes(body)
      }
    }
  }

  let path: String
  let metadata: [String: String]
  private let file: MappedFile
  private let entries: [String: SafetensorsHeader.Entry]

  init(_ path: String) throws(TensorError) {
    let file = try MappedFile(path)
    let header = try file.withBytes { bytes throws(TensorError) in try SafetensorsHeader(bytes, path: path) }
    (self.path, self.file, metadata) = (path, file, header.metadata)
    entries = Dictionary(header.entries.map { ($0.name, $0) }) { first, _ in first }
  }

  /// Writes arrays under their numbers, and the text; gives the size of the file.
  static func write(_ arrays: [Array], text: String, program: String, to path: String) throws -> Int {
    let all = arrays.enumerated().map { (String($0), $1) } + [(SessionFile.textName, .bytes(Swift.Array(text.utf8)))]
    let bytes = all.reduce(0) { $0 + $1.1.byteCount }
    // Once for the checksum, once for the disk.
    let activity = Activity("save", total: 2 * bytes, unit: .bytes)
    defer { activity.finish() }
    var checksum = Digest()
    for (name, array) in all.sorted(by: { $0.0 < $1.0 }) {
      checksum.add("\(name) \(array.type) \(array.shape)")
      try array.withBytes { checksum.add($0) }
      try activity.advance(by: array.byteCount)
    }
    let metadata = [
      SessionFile.versionKey: String(SessionFile.version), SessionFile.programKey: program,
      SessionFile.checksumKey: checksum.hex,
    ]
    try SafetensorsFile.write(
      all.map { name, array in
        SafetensorsFile.Entry(name: name, type: array.type, shape: array.shape, byteCount: array.byteCount) { sink in
          try array.withBytes { try sink.write($0) }
          try activity.advance(by: array.byteCount)
        }
      }, metadata: metadata, to: path, isDurable: true)
    return bytes
  }

  /// The text, after all arrays have met the checksum.
  func text(isChecked: Bool) throws -> [UInt8] {
    let activity = Activity("load", total: entries.values.reduce(0) { $0 + $1.byteCount }, unit: .bytes)
    defer { activity.finish() }
    var checksum = Digest()
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
      checksum.add("\(name) \(entry.format) \(entry.shape)")
      try bytes(entry) { checksum.add($0) }
      try activity.advance(by: entry.byteCount)
    }
    guard metadata[SessionFile.checksumKey] == checksum.hex || !isChecked else {
      throw TensorError.malformed(path: path, reason: "its checksum does not agree: the file is damaged")
    }
    guard let entry = entries[SessionFile.textName], entry.format == "U8" else {
      throw TensorError.malformed(path: path, reason: "it has no array \(SessionFile.textName)")
    }
    var text: [UInt8] = []
    try bytes(entry) { text = Swift.Array($0) }
    return text
  }

  private func bytes(_ entry: SafetensorsHeader.Entry, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    try file.checkLength()
    // The header was checked: every place lies within the file.
    try file.withBytes { bytes in
      try body(UnsafeRawBufferPointer(rebasing: bytes[entry.offset..<entry.offset + entry.byteCount]))
    }
    file.release(entry.offset, entry.byteCount)
  }

  private func entry(_ number: Int, _ formats: String...) throws(TensorError) -> SafetensorsHeader.Entry {
    guard let entry = entries[String(number)], formats.contains(entry.format) else {
      throw .malformed(path: path, reason: "it lacks the array \(number)")
    }
    return entry
  }

  func vector(_ number: Int) throws -> FloatVector {
    let entry = try entry(number, "F32")
    return try FloatVector(count: entry.byteCount / 4) { out in
      try bytes(entry) { UnsafeMutableRawBufferPointer(start: out, count: entry.byteCount).copyMemory(from: $0) }
    }
  }

  func tensor(_ number: Int) throws -> Tensor {
    let entry = try entry(number, "F32", "F64")
    func copy(_ out: UnsafeMutableRawPointer) throws {
      try bytes(entry) { UnsafeMutableRawBufferPointer(start: out, count: entry.byteCount).copyMemory(from: $0) }
    }
    return entry.format == "F32"
      ? try Tensor(float32: entry.shape) { out, _ in try copy(out) }
      : try Tensor(float64: entry.shape) { out, _ in try copy(out) }
  }

  func contents(_ number: Int) throws -> [UInt8] {
    var result: [UInt8] = []
    try bytes(entry(number, "U8")) { result = Swift.Array($0) }
    return result
  }
}
