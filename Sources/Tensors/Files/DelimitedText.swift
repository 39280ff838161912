import Checkpoints
import Foundation

/// Comma- or tab-separated text (RFC 4180): fields may stand in double quotes, rows end at a newline outside quotes.
public enum DelimitedText {
  /// The rows of a file, split into fields.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``, `Interrupted`.
  public static func read(_ path: String, separator: Character) throws -> [[String]] {
    let data = try FileAccess.read(path)
    guard let text = String(data: data, encoding: .utf8) else {
      throw TensorError.malformed(path: path, reason: "it is not UTF-8 text")
    }
    return try rows(of: text, separator: separator, path: path)
  }

  static func rows(of text: String, separator: Character, path: String) throws -> [[String]] {
    guard let separator = separator.asciiValue else { return [] }
    var rows: [[String]] = []
    var row: [String] = []
    var field: [UInt8] = []
    var (inQuotes, wasQuoted) = (false, false)
    let bytes = Array((text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text).utf8)
    var index = 0
    func endRow() {
      row.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      if row != [""] || wasQuoted { rows.append(row) }
      row.removeAll(keepingCapacity: true)
      wasQuoted = false
    }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if inQuotes {
        if byte != UInt8(ascii: "\"") {
          field.append(byte)
        } else if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
          field.append(byte)
          index += 1
        } else {
          inQuotes = false
        }
      } else if byte == UInt8(ascii: "\""), field.isEmpty {
        (inQuotes, wasQuoted) = (true, true)
      } else if byte == separator {
        row.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
      } else if byte == UInt8(ascii: "\n") {
        endRow()
        if rows.count & 0xFFF == 0 { try Cancellation.check() }
      } else if byte != UInt8(ascii: "\r") {
        field.append(byte)
      }
    }
    if inQuotes { throw TensorError.malformed(path: path, reason: "a quoted field is not closed") }
    if !field.isEmpty || !row.isEmpty { endRow() }
    return rows
  }

  /// Writes rows of fields, in quotes where a field needs them.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``, `Interrupted`.
  public static func write(_ rows: [[String]], separator: Character, to path: String) throws {
    try FileAccess.write(path) { sink in
      for row in rows {
        let fields = row.map { field -> String in
          let needsQuotes = field.contains { $0 == separator || $0 == "\"" || $0.isNewline }
          return needsQuotes ? "\"\(field.replacingOccurrences(of: "\"", with: "\"\""))\"" : field
        }
        try sink.write(fields.joined(separator: String(separator)) + "\n")
      }
    }
  }

  /// Writes a tensor of one or two axes, a row a line; numbers read back exactly.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)``, ``TensorError/file(path:reason:)``, `Interrupted`.
  public static func write(_ tensor: Tensor, separator: Character, to path: String) throws {
    guard tensor.rank <= 2 else {
      throw TensorError.invalidShape(
        operation: "save", shape: tensor.shape, reason: "a text table has rows and columns; save as .npy")
    }
    let columns = tensor.rank == 2 ? tensor.shape[1] : 1
    let rows = tensor.rank == 2 ? tensor.shape[0] : tensor.count
    try FileAccess.write(path) { sink in
      for row in 0..<rows {
        let fields = (0..<columns).map { text(tensor, row * columns + $0) }
        try sink.write(fields.joined(separator: String(separator)) + "\n")
      }
    }
  }

  private static func text(_ tensor: Tensor, _ index: Int) -> String {
    switch tensor.storage {
    case .float32(let storage): number("\(storage.base[index])")
    case .float64(let storage): number("\(storage.base[index])")
    }
  }

  private static func number(_ text: String) -> String { text.hasSuffix(".0") ? String(text.dropLast(2)) : text }

  /// The rows as a float64 tensor of two axes, or nil if a field is not a number or the rows differ in length.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public static func tensor(_ rows: [[String]]) throws -> Tensor? {
    guard let first = rows.first else { return nil }
    var numbers: [Double] = []
    for row in rows {
      guard row.count == first.count else { return nil }
      for field in row {
        guard let number = Double(field.trimmingCharacters(in: .whitespaces)) else { return nil }
        numbers.append(number)
      }
    }
    return try Tensor(numbers, shape: [rows.count, first.count])
  }
}
