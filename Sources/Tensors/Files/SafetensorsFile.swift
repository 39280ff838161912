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
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    guard reader.data.count >= 8 else { throw refuse("it is not a safetensors file") }
    let length = try reader.integer(0, UInt64.self)
    guard length <= UInt64(reader.data.count - 8) else { throw refuse("it is not a safetensors file") }
    let start = 8 + Int(length)
    let header = try reader.bytes(8, Int(length))
    guard let entries = (try? JSONSerialization.jsonObject(with: header)) as? [String: Any] else {
      throw refuse("its header is not JSON")
    }
    var metadata: [String: String] = [:]
    var found: [(name: String, from: Int, tensor: Tensor)] = []
    for (name, value) in entries {
      if name == "__metadata__" {
        metadata = value as? [String: String] ?? [:]
        continue
      }
      guard let entry = value as? [String: Any], let typeName = entry["dtype"] as? String,
        let shape = entry["shape"] as? [Int], let range = entry["data_offsets"] as? [Int], range.count == 2
      else { throw refuse("the entry of \(name) is incomplete") }
      guard let type = types[typeName] else { throw refuse("\(name) has elements of type \(typeName)") }
      let (byteCount, overflow) = try Tensor.size(of: shape).multipliedReportingOverflow(by: type.width)
      guard !overflow, range[0] >= 0, range[0] <= reader.data.count, range[1] >= range[0],
        range[1] - range[0] == byteCount
      else { throw refuse("the place of \(name) does not fit its shape \(shape)") }
      found.append((name, range[0], try type.decode(reader.bytes(start + range[0], byteCount), shape: shape)))
    }
    found.sort { ($0.from, $0.name) < ($1.from, $1.name) }
    return Contents(tensors: found.map { ($0.name, $0.tensor) }, metadata: metadata)
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

    init(
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
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func write(_ arrays: [Entry], metadata: [String: String] = [:], to path: String) throws {
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
    try FileAccess.write(path) { sink in
      try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try sink.write($0) }
      try sink.write(header)
      for array in arrays { try array.body(&sink) }
    }
  }

  private static let types: [String: StoredType] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I64": .int64, "I32": .int32, "I16": .int16,
    "I8": .int8, "U64": .uint64, "U32": .uint32, "U16": .uint16, "U8": .uint8, "BOOL": .bool,
  ]
}
