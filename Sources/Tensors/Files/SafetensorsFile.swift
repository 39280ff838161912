import Foundation
import JSON

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
    try write(
      tensors.map { name, tensor in
        let type = tensor.isMask ? "BOOL" : tensor.dtype == .float32 ? "F32" : "F64"
        let width = tensor.isMask ? 1 : tensor.dtype.width
        return Entry(name: name, type: type, shape: tensor.shape, byteCount: tensor.count * width) { sink in
          if tensor.isMask {
            try sink.write(tensor.doubles.map { $0 == 0 ? 0 : 1 })
          } else {
            try tensor.withBytes { try sink.write($0) }
          }
        }
      }, metadata: metadata, to: path)
  }

  /// One array to write, whose bytes are made when they are needed.
  public struct Entry {
    let name, type: String
    let shape: [Int]
    let byteCount: Int
    let body: (inout FileSink) throws -> Void

    /// An array of float32.
    ///
    /// - Parameter body: writes as many float32 numbers as the shape says, little-endian.
    public init(name: String, shape: [Int], body: @escaping (inout FileSink) throws -> Void) {
      self.init(
        name: name, type: "F32", shape: shape, byteCount: 4 * shape.reduce(1, *), body: body)
    }

    /// An array of any type of the format.
    ///
    /// - Parameter body: writes `byteCount` bytes, the elements little-endian.
    public init(
      name: String, type: String, shape: [Int], byteCount: Int, body: @escaping (inout FileSink) throws -> Void
    ) {
      self.name = name
      self.type = type
      self.shape = shape
      self.byteCount = byteCount
      self.body = body
    }
  }

  /// Writes arrays one after the other without holding them all.
  ///
  /// - Parameter isDurable: whether the file survives a loss of power from here on, which costs a wait for the disk.
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func write(
    _ arrays: [Entry], metadata: [String: String] = [:], to path: String, isDurable: Bool = false
  ) throws {
    var entries: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))" }
      entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for array in arrays {
      let end = offset + array.byteCount
      let shape = array.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(JSONText.quoted(array.name)):"
          + "{\"dtype\":\"\(array.type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: 32, count: (8 - header.count % 8) % 8)
    try FileAccess.write(path, isDurable: isDurable) { sink in
      try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try sink.write($0) }
      try sink.write(header)
      for array in arrays { try array.body(&sink) }
    }
  }
}
