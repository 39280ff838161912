import Foundation

/// The safetensors format: a JSON header with a name, type, shape and place for each tensor, then the elements.
public enum SafetensorsFile {
  /// The tensors of a file in the order of their places, and the header's free text.
  public struct Contents: Sendable {
    /// Names and tensors; whole numbers are float64, truth values masks, half precision and bfloat16 float32.
    public var tensors: [(name: String, tensor: Tensor)]
    /// The entries of `__metadata__`.
    public var metadata: [String: String]
  }

  /// Reads all tensors of a file.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func read(_ path: String) throws -> Contents {
    let reader = ByteReader(data: try FileAccess.read(path), path: path)
    let header = try reader.data.withUnsafeBytes { try SafetensorsHeader($0, path: path) }
    let tensors = try header.entries.map { entry in
      (name: entry.name, tensor: try entry.type.decode(reader.bytes(entry.offset, entry.byteCount), shape: entry.shape))
    }
    return Contents(tensors: tensors, metadata: header.metadata)
  }

  /// Writes tensors under their names, as F32, F64 or BOOL, in the given order.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String
  ) throws {
    var entries: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))" }
      entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in tensors {
      let type = tensor.isMask ? "BOOL" : tensor.dtype == .float32 ? "F32" : "F64"
      let end = offset + tensor.count * (tensor.isMask ? 1 : tensor.dtype.width)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(JSONText.quoted(name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: 32, count: (8 - header.count % 8) % 8)
    try FileAccess.write(path) { sink in
      try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try sink.write($0) }
      try sink.write(header)
      for (_, tensor) in tensors {
        if tensor.isMask {
          try sink.write(tensor.doubles.map { $0 == 0 ? 0 : 1 })
        } else {
          try tensor.withBytes { try sink.write($0) }
        }
      }
    }
  }
}
