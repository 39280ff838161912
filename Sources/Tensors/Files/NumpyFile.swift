import Foundation

/// NumPy's `.npy` format, versions 1 to 3 (numpy.lib.format): a short header in Python's syntax, then the elements.
public enum NumpyFile {
  /// Reads a tensor. Whole numbers become float64, truth values a mask, half precision float32.
  ///
  /// - Throws: ``TensorError``.
  public static func read(_ path: String) throws -> Tensor { try decode(FileAccess.read(path), path: path) }

  /// Writes a tensor as float32, float64 or bool.
  ///
  /// - Throws: ``TensorError``, `Interrupted`.
  public static func write(_ tensor: Tensor, to path: String) throws {
    try FileAccess.write(path) { try write(tensor, into: &$0) }
  }

  static func write(_ tensor: Tensor, into sink: inout FileSink) throws {
    try sink.write(header(of: tensor))
    if tensor.isMask {
      try sink.write(tensor.doubles.map { $0 == 0 ? 0 : 1 })
    } else {
      try tensor.withBytes { try sink.write($0) }
    }
  }

  static func header(of tensor: Tensor) -> [UInt8] {
    let descriptor = tensor.isMask ? "|b1" : tensor.dtype == .float32 ? "<f4" : "<f8"
    let lengths = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.rank == 1 ? "," : "")
    var text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(lengths)), }"
    // Ten bytes stand before the text; the elements start at a multiple of 64.
    text += String(repeating: " ", count: (64 - (text.utf8.count + 11) % 64) % 64) + "\n"
    let count = UInt16(truncatingIfNeeded: text.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)] + Array(text.utf8)
  }

  static func decode(_ data: Data, path: String) throws -> Tensor {
    let reader = ByteReader(data: data, path: path)
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    guard data.count >= 10, try reader.bytes(0, 6).elementsEqual([0x93] + Array("NUMPY".utf8)) else {
      throw refuse("it is not a NumPy array")
    }
    let isLong = try reader.integer(6, UInt8.self) >= 2
    let headerStart = isLong ? 12 : 10
    let headerCount = isLong ? Int(try reader.integer(8, UInt32.self)) : Int(try reader.integer(8, UInt16.self))
    let header = try reader.text(headerStart, headerCount)

    guard let descriptor = header.firstMatch(of: /'descr'\s*:\s*'([<>|=]?)([a-zA-Z]\d*)'/),
      let order = header.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/),
      let lengths = header.firstMatch(of: /'shape'\s*:\s*\(([0-9,\s]*)\)/)
    else { throw refuse("its header is not that of a plain array") }
    guard let type = types[String(descriptor.output.2)] else {
      throw refuse("elements of type \(descriptor.output.2) are not numbers")
    }
    let shape = lengths.output.1.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    let isColumnMajor = order.output.1 == "True"
    let (byteCount, overflow) = try Tensor.size(of: shape).multipliedReportingOverflow(by: type.width)
    if overflow { throw refuse("its shape is impossible") }
    let bytes = try reader.bytes(headerStart + headerCount, byteCount)
    let isBigEndian = descriptor.output.1 == ">"
    let tensor = try type.decode(bytes, shape: isColumnMajor ? shape.reversed() : shape, isBigEndian: isBigEndian)
    return isColumnMajor ? try tensor.transposed() : tensor
  }

  private static let types: [String: StoredType] = [
    "f8": .float64, "f4": .float32, "f2": .float16, "i8": .int64, "i4": .int32, "i2": .int16, "i1": .int8,
    "u8": .uint64, "u4": .uint32, "u2": .uint16, "u1": .uint8, "b1": .bool,
  ]
}
