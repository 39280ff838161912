import Foundation
import Tensors

/// Steering vectors in safetensors files and NumPy archives: one array a layer, named as its point is, such as
/// `blocks.5.resid_post`, and what is known about it beside them. Numbers come back bit for bit.
public enum SteeringFile {
  /// The array of a NumPy archive that holds the UTF-8 of the record, since archives have no place for text.
  private static let recordName = "tvs.record"

  /// Writes a safetensors file.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public static func writeSafetensors(_ vector: SteeringVector, to path: String) throws {
    let metadata = SteeringRecord.metadata(of: vector).map { ($0.key, $0.value) }
    try SafetensorsFile.write(
      arrays(vector), metadata: Dictionary(metadata) { first, _ in first }, to: path)
  }

  /// Reads a safetensors file; nil when it holds something else.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public static func readSafetensors(_ path: String) throws -> SteeringVector? {
    let contents = try SafetensorsFile.read(path)
    guard contents.metadata["format"] == SteeringRecord.format else { return nil }
    return try vector(contents.tensors, metadata: contents.metadata, path: path)
  }

  /// Writes a NumPy archive.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public static func writeNumpy(_ vector: SteeringVector, to path: String) throws {
    let lines = SteeringRecord.metadata(of: vector).map { entry in
      "\(entry.key)=\(entry.value.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))"
    }
    let record = try Tensor(Array(lines.joined(separator: "\n").utf8).map(Double.init))
    try NumpyArchive.write([(name: recordName, tensor: record)] + arrays(vector), to: path)
  }

  /// Reads a NumPy archive; nil when it holds something else.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public static func readNumpy(_ path: String) throws -> SteeringVector? {
    var tensors = try NumpyArchive.read(path)
    guard let place = tensors.firstIndex(where: { $0.name == recordName }) else { return nil }
    let bytes = tensors.remove(at: place).tensor.doubles.map { UInt8(exactly: $0) }
    guard bytes.count <= 1 << 24, let text = String(validating: bytes.compactMap { $0 }, as: UTF8.self),
      bytes.allSatisfy({ $0 != nil })
    else { throw TensorError.malformed(path: path, reason: "its \(recordName) is not text") }
    var metadata: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, metadata.updateValue(unescaped(parts[1]), forKey: String(parts[0])) == nil else {
        throw TensorError.malformed(path: path, reason: "its \(recordName) is damaged")
      }
    }
    guard metadata["format"] == SteeringRecord.format else { return nil }
    return try vector(tensors, metadata: metadata, path: path)
  }

  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var isEscaped = false
    for character in text {
      if isEscaped {
        result.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        result.append(character)
      }
    }
    return result
  }

  private static func arrays(_ vector: SteeringVector) throws -> [(name: String, tensor: Tensor)] {
    try zip(vector.points, vector.layers).map { (name: $0.name, tensor: try Tensor($1.values)) }
  }

  private static func vector(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String], path: String
  ) throws -> SteeringVector {
    let site = metadata["site"] ?? ""
    let directions = try tensors.map { name, tensor in
      guard let index = SteeringRecord.layer(ofArray: name, site: site) else {
        throw TensorError.malformed(path: path, reason: "\(name) is no direction of the site \(site)")
      }
      guard tensor.rank == 1, tensor.dtype == .float32 else {
        throw TensorError.malformed(path: path, reason: "\(name) is not a vector of float32")
      }
      return (index: index, values: tensor.floats)
    }
    return try SteeringRecord.vector(directions, metadata: metadata, path: path)
  }
}
