import Checkpoints
import Foundation

/// Reading and writing whole files, with every failure named.
public enum FileAccess {
  /// The bytes of a file, mapped into memory where possible.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``.
  public static func read(_ path: String) throws(TensorError) -> Data {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw .file(path: path, reason: "there is no such file")
    }
    if isDirectory.boolValue { throw .file(path: path, reason: "it is a folder") }
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch { throw .file(path: path, reason: "it cannot be read") }
  }

  /// Writes a file under a temporary name beside its own and renames it when it is complete: whoever looks sees the old
  /// file or the new one, never half of one.
  ///
  /// - Parameter isDurable: whether the bytes have reached the disk before the name is theirs.
  /// - Throws: ``TensorError/file(path:reason:)``, `Interrupted`, and what `body` throws; nothing is left behind then.
  public static func write(
    _ path: String, isDurable: Bool = false, _ body: (inout FileSink) throws -> Void
  ) throws {
    let temporary = "\(path).\(getpid()).tvs-tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TensorError.file(path: path, reason: reason(errno)) }
    var sink = FileSink(path: path, descriptor: descriptor)
    do {
      try body(&sink)
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    // Each step is refused with the error of its own.
    let isOnDisk = !isDurable || fsync(descriptor) == 0
    let failed = errno
    guard close(descriptor) == 0, isOnDisk, rename(temporary, path) == 0 else {
      let failure = reason(isOnDisk ? errno : failed)
      unlink(temporary)
      throw TensorError.file(path: path, reason: failure)
    }
  }

  /// Why a file could not be written, from an `errno`.
  public static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT: "its folder does not exist"
    case EACCES, EPERM, EROFS: "writing is not permitted there"
    case ENOSPC, EDQUOT: "the disk is full"
    case EISDIR: "it is a folder"
    default: "it cannot be written (\(String(cString: strerror(code))))"
    }
  }
}

/// Where ``FileAccess/write(_:_:)`` lets its caller put bytes.
public struct FileSink {
  let path: String
  let descriptor: Int32
  /// Bytes written so far.
  public private(set) var count = 0

  /// Appends bytes.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``, `Interrupted`.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let base = rest.baseAddress, rest.count > 0 {
      try Cancellation.check()
      let written = Foundation.write(descriptor, base, min(rest.count, 8 << 20))
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw TensorError.file(path: path, reason: FileAccess.reason(errno)) }
      count += written
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Appends bytes.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``, `Interrupted`.
  public mutating func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Appends text as UTF-8.
  ///
  /// - Throws: ``TensorError/file(path:reason:)``, `Interrupted`.
  public mutating func write(_ text: String) throws { try write(Array(text.utf8)) }
}

/// Little-endian numbers inside bytes; every read is checked against the end.
struct ByteReader: Sendable {
  let data: Data
  let path: String

  func bytes(_ offset: Int, _ count: Int) throws(TensorError) -> Data {
    guard offset >= 0, count >= 0, offset <= data.count, count <= data.count - offset else {
      throw .malformed(path: path, reason: "it ends too early")
    }
    let start = data.startIndex + offset
    return data[start..<start + count]
  }

  func integer<Number: FixedWidthInteger>(_ offset: Int, _ type: Number.Type = Number.self) throws(TensorError)
    -> Number
  {
    let slice = try bytes(offset, MemoryLayout<Number>.size)
    return slice.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
  }

  func text(_ offset: Int, _ count: Int) throws(TensorError) -> String {
    String(decoding: try bytes(offset, count), as: UTF8.self)
  }
}

extension Tensor {
  /// The elements as they lie in memory, which is little-endian on every machine that tvs runs on.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch storage {
    case .float32(let storage):
      try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count * 4))
    case .float64(let storage):
      try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count * 8))
    }
  }
}

/// Element types of files, and how each becomes a tensor: float32 and narrower floats as float32, everything else as
/// float64, truth values as masks.
enum StoredType: String {
  case float64, float32, float16, bfloat16, int64, int32, int16, int8, uint64, uint32, uint16, uint8, bool

  var width: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Reads `shape` elements from bytes whose number was checked.
  func decode(_ bytes: Data, shape: [Int], isBigEndian: Bool = false) throws -> Tensor {
    try bytes.withUnsafeBytes { raw in
      func load<Number: FixedWidthInteger>(_ index: Int, _ type: Number.Type) -> Number {
        let number = raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Number>.size, as: Number.self)
        return isBigEndian ? number.byteSwapped : number
      }
      func floats(_ element: (Int) -> Float) throws -> Tensor {
        try Tensor(float32: shape) { out, count in for index in 0..<count { out[index] = element(index) } }
      }
      func doubles(_ element: (Int) -> Double) throws -> Tensor {
        try Tensor(float64: shape) { out, count in for index in 0..<count { out[index] = element(index) } }
      }
      switch self {
      case .float32: return try floats { Float(bitPattern: load($0, UInt32.self)) }
      case .float16: return try floats { StoredType.half(load($0, UInt16.self)) }
      case .bfloat16: return try floats { Float(bitPattern: UInt32(load($0, UInt16.self)) << 16) }
      case .float64: return try doubles { Double(bitPattern: load($0, UInt64.self)) }
      case .int64: return try doubles { Double(load($0, Int64.self)) }
      case .int32: return try doubles { Double(load($0, Int32.self)) }
      case .int16: return try doubles { Double(load($0, Int16.self)) }
      case .int8: return try doubles { Double(load($0, Int8.self)) }
      case .uint64: return try doubles { Double(load($0, UInt64.self)) }
      case .uint32: return try doubles { Double(load($0, UInt32.self)) }
      case .uint16: return try doubles { Double(load($0, UInt16.self)) }
      case .uint8: return try doubles { Double(load($0, UInt8.self)) }
      case .bool: return try doubles { load($0, UInt8.self) == 0 ? 0 : 1 }.asMask()
      }
    }
  }

  /// IEEE binary16, by way of integers because `Float16` does not exist on every platform.
  static func half(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits) & 0x3FF
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
