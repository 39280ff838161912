import Tensors

/// The types of metadata, with the numbers that GGUF gives them.
public enum GGUFType: UInt32, Sendable {
  /// Whole numbers and float32.
  case uint8 = 0
  case int8, uint16, int16, uint32, int32, float32
  /// A truth value, one byte.
  case bool
  /// A length of eight bytes, then UTF-8.
  case string
  /// A type, a count, then elements.
  case array
  /// Wide numbers, which version 2 added.
  case uint64, int64, float64

  /// Bytes of a value, or the least there can be.
  var width: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64, .string: 8
    case .array: 12
    }
  }
}

/// One value of GGUF's metadata. The accessors give nil where the value is of another kind.
public enum GGUFValue: Sendable {
  /// A whole number, with the type that it is stored as.
  case integer(Int64, GGUFType)
  /// A uint64 beyond the range of `Int64`.
  case unsigned(UInt64)
  /// A number with a fraction, with the type that it is stored as.
  case float(Double, GGUFType)
  /// A truth value.
  case bool(Bool)
  /// Text.
  case string(String)
  /// Several values of one type.
  case array(GGUFArray)

  /// A whole number, stored as uint32, as llama.cpp expects sizes to be.
  public static func count(_ number: UInt32) -> GGUFValue { .integer(Int64(number), .uint32) }

  /// The text.
  public var string: String? { if case .string(let text) = self { text } else { nil } }
  /// The truth value.
  public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  /// The whole number.
  public var int: Int? { if case .integer(let number, _) = self { Int(number) } else { nil } }
  /// The number, whole or not.
  public var double: Double? {
    switch self {
    case .integer(let number, _): Double(number)
    case .unsigned(let number): Double(number)
    case .float(let number, _): number
    default: nil
    }
  }
  /// The elements of an array of text. Each call decodes them anew.
  public var strings: [String]? { if case .array(let array) = self { array.strings } else { nil } }
  /// The elements of an array of whole numbers. Each call decodes them anew.
  public var ints: [Int]? { if case .array(let array) = self { array.ints } else { nil } }
  /// The elements of an array of numbers, whole or not. Each call decodes them anew.
  public var doubles: [Double]? { if case .array(let array) = self { array.doubles } else { nil } }
}

/// An array of metadata. That of a file stays there, undecoded, until somebody asks for its elements: a vocabulary is
/// most of the header, and a hostile one must not make us allocate more than it has bytes.
public struct GGUFArray: Sendable {
  private enum Storage: Sendable {
    case file(MappedFile, Range<Int>)
    case memory([UInt8])
  }

  /// The type of every element.
  public let type: GGUFType
  /// How many elements there are.
  public let count: Int
  private let storage: Storage

  /// An array whose bytes were checked.
  init(type: GGUFType, count: Int, file: MappedFile, range: Range<Int>) {
    (self.type, self.count, storage) = (type, count, .file(file, range))
  }

  /// An array of text.
  public init(_ texts: [String]) {
    var bytes: [UInt8] = []
    for text in texts { GGUFWriter.append(text, to: &bytes) }
    (type, count, storage) = (.string, texts.count, .memory(bytes))
  }

  /// An array of int32.
  public init(_ numbers: [Int32]) {
    (type, count, storage) = (.int32, numbers.count, .memory(numbers.withUnsafeBytes { Array($0) }))
  }

  /// An array of float32.
  public init(_ numbers: [Float]) {
    (type, count, storage) = (.float32, numbers.count, .memory(numbers.withUnsafeBytes { Array($0) }))
  }

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch storage {
    case .file(let file, let range): try file.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    case .memory(let bytes): try bytes.withUnsafeBytes(body)
    }
  }

  /// The elements, if they are text and every one is UTF-8.
  public var strings: [String]? {
    guard type == .string else { return nil }
    return withBytes { bytes in
      var texts: [String] = []
      texts.reserveCapacity(count)
      var position = 0
      for _ in 0..<count {
        guard bytes.count - position >= 8 else { return nil }
        let stated = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        position += 8
        guard stated <= UInt64(bytes.count - position) else { return nil }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(stated)])
        guard let text = String(validating: slice, as: UTF8.self) else { return nil }
        texts.append(text)
        position += Int(stated)
      }
      return texts
    }
  }

  /// The elements, if they are whole numbers that fit `Int`.
  public var ints: [Int]? {
    switch type {
    case .uint8: map { Int($0 as UInt8) }
    case .int8: map { Int($0 as Int8) }
    case .uint16: map { Int($0 as UInt16) }
    case .int16: map { Int($0 as Int16) }
    case .uint32: map { Int($0 as UInt32) }
    case .int32: map { Int($0 as Int32) }
    case .uint64: map { Int(exactly: $0 as UInt64) }
    case .int64: map { Int($0 as Int64) }
    default: nil
    }
  }

  /// The elements, if they are numbers.
  public var doubles: [Double]? {
    switch type {
    case .float32: map { Double(Float(bitPattern: $0)) }
    case .float64: map { Double(bitPattern: $0) }
    default: ints.map { $0.map(Double.init) }
    }
  }

  private func map<Number: FixedWidthInteger, Result>(_ element: (Number) -> Result?) -> [Result]? {
    withBytes { bytes in
      let width = MemoryLayout<Number>.size
      guard bytes.count / width >= count else { return nil }
      var results: [Result] = []
      results.reserveCapacity(count)
      for index in 0..<count {
        let number = Number(littleEndian: bytes.loadUnaligned(fromByteOffset: index * width, as: Number.self))
        guard let result = element(number) else { return nil }
        results.append(result)
      }
      return results
    }
  }
}
