import Tensors

/// Writes small GGUF files, version 3: metadata, and tensors as F32 or F16.
public enum GGUFWriter {
  /// A tensor to write.
  public struct Array: Sendable {
    let name: String
    let shape: [Int]
    let values: [Float]
    let isHalf: Bool

    /// A tensor in row-major order.
    ///
    /// - Parameters:
    ///   - shape: rows first, at most four axes.
    ///   - isHalf: whether to round it to float16.
    public init(_ name: String, shape: [Int], values: [Float], isHalf: Bool = false) {
      (self.name, self.shape, self.values, self.isHalf) = (name, shape, values, isHalf)
    }
  }

  private static let alignment = 32

  /// Writes a file under a temporary name and renames it.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public static func write(metadata: [(key: String, value: GGUFValue)], arrays: [Array], to path: String) throws {
    var header = Swift.Array("GGUF".utf8)
    append(UInt32(3), to: &header)
    append(UInt64(arrays.count), to: &header)
    append(UInt64(metadata.count), to: &header)
    for (key, value) in metadata {
      append(key, to: &header)
      append(value, to: &header)
    }
    var offset = 0
    for array in arrays {
      guard array.shape.count <= 4, checkedProduct(array.shape) == array.values.count else {
        throw TensorError.invalidShape(
          operation: "save", shape: array.shape, reason: "\(array.name) has \(array.values.count) elements")
      }
      append(array.name, to: &header)
      append(UInt32(array.shape.count), to: &header)
      for length in array.shape.reversed() { append(UInt64(length), to: &header) }
      append(UInt32(array.isHalf ? 1 : 0), to: &header)
      append(UInt64(offset), to: &header)
      offset += padded(array.values.count * (array.isHalf ? 2 : 4))
    }
    header += [UInt8](repeating: 0, count: padded(header.count) - header.count)
    try FileAccess.write(path) { sink in
      try sink.write(header)
      for array in arrays {
        let start = sink.count
        if array.isHalf {
          try array.values.map { half($0) }.withUnsafeBytes { try sink.write($0) }
        } else {
          try array.values.withUnsafeBytes { try sink.write($0) }
        }
        try sink.write([UInt8](repeating: 0, count: padded(sink.count - start) - (sink.count - start)))
      }
    }
  }

  private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  static func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }

  static func append(_ text: String, to bytes: inout [UInt8]) {
    append(UInt64(text.utf8.count), to: &bytes)
    bytes += text.utf8
  }

  private static func append(_ value: GGUFValue, to bytes: inout [UInt8]) {
    func begin(_ type: GGUFType) { append(type.rawValue, to: &bytes) }
    switch value {
    case .integer(let number, let type):
      begin(type)
      // Little-endian: the first bytes are the narrow number.
      withUnsafeBytes(of: number.littleEndian) { bytes += $0.prefix(type.width) }
    case .unsigned(let number):
      begin(.uint64)
      append(number, to: &bytes)
    case .float(let number, .float64):
      begin(.float64)
      append(number.bitPattern, to: &bytes)
    case .float(let number, _):
      begin(.float32)
      append(Float(number).bitPattern, to: &bytes)
    case .bool(let flag):
      begin(.bool)
      bytes.append(flag ? 1 : 0)
    case .string(let text):
      begin(.string)
      append(text, to: &bytes)
    case .array(let array):
      begin(.array)
      begin(array.type)
      append(UInt64(array.count), to: &bytes)
      array.withBytes { bytes += $0 }
    }
  }

  /// IEEE binary16, to the nearest, ties to even.
  static func half(_ number: Float) -> UInt16 {
    let sign = UInt16(number.bitPattern >> 16 & 0x8000)
    let magnitude = number.magnitude
    if magnitude.isNaN { return sign | 0x7E00 }
    if magnitude >= 65_520 { return sign | 0x7C00 }
    // Below 2⁻¹⁴ the step is 2⁻²⁴; above, ten bits of fraction remain.
    if magnitude < 0x1p-14 { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
    let bits = magnitude.bitPattern
    let rounded = bits + 0xFFF + (bits >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) - (112 << 10))
  }
}
