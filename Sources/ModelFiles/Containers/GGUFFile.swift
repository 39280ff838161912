import Checkpoints
import Tensors

/// A GGUF file, version 2 or 3, little-endian, mapped
/// (github.com/ggml-org/ggml/blob/master/docs/gguf.md).
public struct GGUFFile: WeightFile {
  /// Where it is.
  public let path: String
  /// What it holds, in the order of the file. Shapes are rows first, the reverse of the file's own.
  public let arrays: [StoredArray]
  /// What the file says about the model: `general.architecture`, `llama.block_count`, `tokenizer.ggml.tokens` …
  public let metadata: [String: GGUFValue]
  private let file: MappedFile

  /// Maps a file and checks its header.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public init(path: String) throws {
    let file = try MappedFile(path)
    let (metadata, arrays) = try file.withBytes { bytes in
      var parser = GGUFParser(file: file, bytes: bytes)
      return try parser.parse()
    }
    (self.path, self.file, self.metadata, self.arrays) = (path, file, metadata, arrays)
  }

  /// Writes the elements of an array, row-major, as float32.
  public func read(_ array: StoredArray, into target: UnsafeMutablePointer<Float>) throws {
    try file.widen(array, into: target)
  }
}

/// ggml's numbers of the element types, and their names where we do not read them.
enum GGUFElements {
  static let known: [UInt32: ElementFormat] = [
    0: .f32, 1: .f16, 2: .q4_0, 3: .q4_1, 6: .q5_0, 7: .q5_1, 8: .q8_0, 12: .q4_K, 13: .q5_K, 14: .q6_K, 24: .i8,
    25: .i16, 26: .i32, 27: .i64, 28: .f64, 30: .bf16,
  ]

  private static let others: [UInt32: String] = [
    9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
  ]

  /// The types that are read, in a message.
  static let names = known.sorted { $0.key < $1.key }.map(\.value.rawValue).joined(separator: ", ")

  static func name(_ number: UInt32) -> String { others[number] ?? "number \(number)" }
}

/// Reads the header. Every count is checked against the bytes that are left before anything is made for it, and the
/// limits keep what a hostile header makes us allocate below the size of its file and 64 MB.
private struct GGUFParser {
  private static let mostEntries = 1 << 16
  private static let mostStrings = 1 << 20
  private static let mostNumbers = 1 << 23
  private static let mostArrays = 1 << 16

  let file: MappedFile
  let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// What is being read, for the message of a file that ends there.
  private var context = "its header"

  init(file: MappedFile, bytes: UnsafeRawBufferPointer) { (self.file, self.bytes) = (file, bytes) }

  private func refuse(_ reason: String) -> TensorError { .malformed(path: file.path, reason: reason) }
  private var left: Int { bytes.count - position }

  mutating func parse() throws -> ([String: GGUFValue], [StoredArray]) {
    guard bytes.count >= 4, bytes.prefix(4).elementsEqual("GGUF".utf8) else { throw refuse("it is not a GGUF file") }
    position = 4
    let version: UInt32 = try integer()
    guard version == 2 || version == 3 else {
      let isSwapped = [1, 2, 3].contains(version.byteSwapped)
      throw refuse(
        isSwapped
          ? "it is big-endian; only little-endian files are read" : "it has version \(version); 2 and 3 are read")
    }
    let arrayCount: UInt64 = try integer()
    let entryCount: UInt64 = try integer()
    // The least that an entry and an array take.
    guard entryCount <= UInt64(left / 13), entryCount <= Self.mostEntries else {
      throw refuse("it claims \(entryCount) entries of metadata")
    }
    guard arrayCount <= UInt64(left / 24), arrayCount <= Self.mostArrays else {
      throw refuse("it claims \(arrayCount) tensors")
    }
    let metadata = try entries(Int(entryCount))
    return (metadata, try tensors(Int(arrayCount), alignment: alignment(metadata)))
  }

  private func alignment(_ metadata: [String: GGUFValue]) throws -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard let alignment = value.int, alignment >= 8, alignment <= 1 << 20, alignment.nonzeroBitCount == 1 else {
      throw refuse("its general.alignment is not a power of two from 8 to 1048576")
    }
    return alignment
  }

  private mutating func entries(_ count: Int) throws -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    metadata.reserveCapacity(count)
    for index in 0..<count {
      context = "entry \(index + 1) of its metadata"
      let key = try string(most: 65_535)
      context = "the metadata \(key)"
      let type = try type()
      guard metadata.updateValue(try value(type), forKey: key) == nil else {
        throw refuse("its metadata has \(key) twice")
      }
    }
    return metadata
  }

  private mutating func type() throws -> GGUFType {
    let number: UInt32 = try integer()
    guard let type = GGUFType(rawValue: number) else { throw refuse("\(context) has the unknown type \(number)") }
    return type
  }

  private mutating func value(_ type: GGUFType) throws -> GGUFValue {
    switch type {
    case .uint8: return .integer(Int64(try integer() as UInt8), type)
    case .int8: return .integer(Int64(try integer() as Int8), type)
    case .uint16: return .integer(Int64(try integer() as UInt16), type)
    case .int16: return .integer(Int64(try integer() as Int16), type)
    case .uint32: return .integer(Int64(try integer() as UInt32), type)
    case .int32: return .integer(Int64(try integer() as Int32), type)
    case .int64: return .integer(try integer(), type)
    case .uint64:
      let number: UInt64 = try integer()
      return Int64(exactly: number).map { .integer($0, type) } ?? .unsigned(number)
    case .float32: return .float(Double(Float(bitPattern: try integer())), type)
    case .float64: return .float(Double(bitPattern: try integer()), type)
    case .bool: return .bool(try integer() as UInt8 != 0)
    case .string: return .string(try string(most: bytes.count))
    case .array: return .array(try array())
    }
  }

  private mutating func array() throws -> GGUFArray {
    let type = try type()
    let stated: UInt64 = try integer()
    guard type != .array else { throw refuse("\(context) is an array of arrays") }
    guard stated <= UInt64(left / type.width) else {
      throw refuse("\(context) claims \(stated) elements, more than the file has room for")
    }
    let most = type == .string ? Self.mostStrings : Self.mostNumbers
    guard stated <= most else { throw refuse("\(context) has \(stated) elements, more than \(most)") }
    let count = Int(stated)
    let start = position
    if type == .string {
      for index in 0..<count {
        if index & 0xFFFF == 0 { try Cancellation.check() }
        position += try length(most: bytes.count)
      }
    } else {
      position += count * type.width
    }
    return GGUFArray(type: type, count: count, file: file, range: start..<position)
  }

  private mutating func tensors(_ count: Int, alignment: Int) throws -> [StoredArray] {
    struct Entry {
      var name: String
      var shape: [Int]
      var format: ElementFormat
      var offset: Int
      var byteCount: Int
    }
    var entries: [Entry] = []
    entries.reserveCapacity(count)
    var names: Set<String> = []
    for index in 0..<count {
      context = "the description of tensor \(index + 1)"
      let name = try string(most: 1024)
      guard names.insert(name).inserted else { throw refuse("it has two tensors called \(name)") }
      context = "the description of \(name)"
      let axes: UInt32 = try integer()
      guard axes <= 4 else { throw refuse("\(name) has \(axes) axes; GGUF allows 4") }
      var shape: [Int] = []
      for _ in 0..<axes {
        let length: UInt64 = try integer()
        guard let length = Int(exactly: length) else { throw refuse("\(name) has an axis of length \(length)") }
        shape.insert(length, at: 0)
      }
      let number: UInt32 = try integer()
      guard let format = GGUFElements.known[number] else {
        throw refuse(
          "\(name) has elements of type \(GGUFElements.name(number)); known are \(GGUFElements.names)")
      }
      guard let byteCount = format.byteCount(of: shape) else {
        throw refuse("the shape \(shape) of \(name) is impossible for \(format.rawValue)")
      }
      let offset: UInt64 = try integer()
      guard let offset = Int(exactly: offset), offset % alignment == 0 else {
        throw refuse("\(name) begins at \(offset), which is no multiple of \(alignment)")
      }
      entries.append(Entry(name: name, shape: shape, format: format, offset: offset, byteCount: byteCount))
    }
    // Cannot overflow: the position lies in the file, and the alignment is at most a megabyte.
    let start = (position + alignment - 1) / alignment * alignment
    let arrays = try entries.map { entry in
      guard start <= bytes.count, entry.offset <= bytes.count - start,
        entry.byteCount <= bytes.count - start - entry.offset
      else { throw refuse("\(entry.name) ends after the file does") }
      return StoredArray(
        name: entry.name, shape: entry.shape, format: entry.format.rawValue, offset: start + entry.offset,
        byteCount: entry.byteCount)
    }
    let order = arrays.indices.filter { arrays[$0].byteCount > 0 }.sorted { arrays[$0].offset < arrays[$1].offset }
    for (one, next) in zip(order, order.dropFirst())
    where arrays[one].offset + arrays[one].byteCount > arrays[next].offset {
      throw refuse("\(arrays[one].name) and \(arrays[next].name) overlap")
    }
    return arrays
  }

  private mutating func integer<Number: FixedWidthInteger>() throws -> Number {
    guard left >= MemoryLayout<Number>.size else { throw refuse("it ends inside \(context)") }
    defer { position += MemoryLayout<Number>.size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
  }

  private mutating func length(most: Int) throws -> Int {
    let stated: UInt64 = try integer()
    guard stated <= UInt64(left) else {
      throw refuse("\(context) has a string of \(stated) bytes, more than the file has left")
    }
    guard stated <= most else { throw refuse("\(context) has a name of \(stated) bytes; GGUF allows \(most)") }
    return Int(stated)
  }

  private mutating func string(most: Int) throws -> String {
    let count = try length(most: most)
    let slice = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw refuse("\(context) has text that is not UTF-8")
    }
    position += count
    return text
  }
}
