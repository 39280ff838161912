/// The header of a safetensors file, checked: every array has a known type, the length that its shape asks for and
/// a place of its own, and together they cover the data without a hole, as the format demands
/// (github.com/huggingface/safetensors, README, "Format").
public struct SafetensorsHeader: Sendable {
  /// One array of the file.
  public struct Entry: Sendable {
    /// Its name.
    public let name: String
    /// Its type as the format writes it, such as `BF16`.
    public let format: String
    /// Its shape, rows first.
    public let shape: [Int]
    /// Where its bytes begin, counted from the start of the file.
    public let offset: Int
    /// How many bytes it has.
    public let byteCount: Int
    let type: StoredType
  }

  /// The arrays in the order of their places.
  public let entries: [Entry]
  /// The entries of `__metadata__`.
  public let metadata: [String: String]

  /// The limits keep what a hostile header makes us allocate below the size of its file and 64 MB.
  private static let longest = 100_000_000
  private static let mostEntries = 1 << 17
  private static let mostMetadata = 1 << 16
  private static let mostAxes = 64

  /// Reads the header of a file that is mapped or read as a whole.
  ///
  /// - Throws: ``TensorError/malformed(path:reason:)``.
  public init(_ file: UnsafeRawBufferPointer, path: String) throws(TensorError) {
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    guard file.count >= 8 else { throw refuse("it is not a safetensors file: it has \(file.count) bytes") }
    let stated = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard stated <= UInt64(file.count - 8) else {
      throw refuse("it is not a safetensors file, or cut short: its header would have \(stated) bytes")
    }
    let length = Int(stated)
    guard length <= Self.longest else {
      throw refuse("its header has \(length) bytes; the format allows \(Self.longest)")
    }
    var builder = Builder(start: 8 + length, path: path)
    var scanner = JSONScanner(UnsafeRawBufferPointer(rebasing: file[8..<8 + length]))
    do throws(Failure) {
      try scanner.object(
        { scanner, name throws(Failure) in try builder.member(&scanner, name) }, as: { .json($0) })
      do throws(JSONScanner.Fault) { try scanner.end() } catch { throw .json(error) }
    } catch {
      switch error {
      case .json(let fault): throw refuse("its header \(fault.reason)")
      case .entry(let reason): throw refuse(reason)
      }
    }
    var found = builder.entries
    found.sort { ($0.offset, $0.byteCount, $0.name) < ($1.offset, $1.byteCount, $1.name) }
    var end = 8 + length
    for entry in found {
      guard entry.offset == end else {
        let fault = entry.offset < end ? "overlaps the array before it" : "leaves a hole before it"
        throw refuse("the place of \(entry.name) \(fault)")
      }
      // Cannot overflow: both were checked against words of 62 bits.
      end += entry.byteCount
      guard end <= file.count else { throw refuse("\(entry.name) ends after the file does") }
    }
    guard end == file.count else { throw refuse("\(file.count - end) bytes at its end belong to no array") }
    entries = found
    metadata = builder.metadata
  }

  fileprivate enum Failure: Error {
    case json(JSONScanner.Fault)
    case entry(String)
  }

  /// What has been read so far.
  private struct Builder {
    let start: Int
    let path: String
    var entries: [Entry] = []
    var names: Set<String> = []
    var metadata: [String: String] = [:]
    var hasMetadata = false

    init(start: Int, path: String) { (self.start, self.path) = (start, path) }

    mutating func member(_ scanner: inout JSONScanner, _ name: String) throws(Failure) {
      if name == "__metadata__" {
        guard !hasMetadata else { throw .entry("it has two __metadata__") }
        hasMetadata = true
        return try members(&scanner) { builder, scanner, key throws(Failure) in
          let value = try json { () throws(JSONScanner.Fault) in try scanner.string() }
          guard builder.metadata.updateValue(value, forKey: key) == nil else {
            throw .entry("__metadata__ has \(key) twice")
          }
          guard builder.metadata.count <= mostMetadata else { throw .entry("__metadata__ has too many entries") }
        }
      }
      guard names.insert(name).inserted else { throw .entry("it has two arrays called \(name)") }
      guard names.count <= mostEntries else { throw .entry("it has more than \(mostEntries) arrays") }
      var format: String?
      var shape: [Int]?
      var range: [Int]?
      try members(&scanner) { _, scanner, key throws(Failure) in
        try json { () throws(JSONScanner.Fault) in
          switch key {
          case "dtype" where format == nil: format = try scanner.string()
          case "shape" where shape == nil: shape = try Self.sizes(&scanner, most: mostAxes)
          case "data_offsets" where range == nil: range = try Self.sizes(&scanner, most: 2)
          case "dtype", "shape", "data_offsets": throw .init(reason: "says \(key) of \(name) twice")
          default: try scanner.skip()
          }
        }
      }
      guard let format, let shape, let range, range.count == 2 else {
        throw .entry("the entry of \(name) lacks its dtype, shape or data_offsets")
      }
      guard let type = SafetensorsHeader.types[format] else {
        throw .entry("\(name) has elements of type \(format); known are \(SafetensorsHeader.knownTypes)")
      }
      var bytes = type.width
      // Zeros left out: whoever multiplies the lengths again, in whatever order, must not overflow either.
      for length in shape where length > 0 {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
        guard !overflow else { throw .entry("the shape \(shape) of \(name) is larger than any memory") }
        bytes = product
      }
      if shape.contains(0) { bytes = 0 }
      guard range[0] <= range[1], range[1] < 1 << 62 else {
        throw .entry("the place of \(name), \(range), is none")
      }
      guard range[1] - range[0] == bytes else {
        throw .entry("the place of \(name) has \(range[1] - range[0]) bytes, but its shape \(shape) needs \(bytes)")
      }
      entries.append(
        Entry(name: name, format: format, shape: shape, offset: start + range[0], byteCount: bytes, type: type))
    }

    private mutating func members(
      _ scanner: inout JSONScanner, _ body: (inout Builder, inout JSONScanner, String) throws(Failure) -> Void
    ) throws(Failure) {
      try scanner.object({ scanner, key throws(Failure) in try body(&self, &scanner, key) }, as: { .json($0) })
    }

    private static func sizes(_ scanner: inout JSONScanner, most: Int) throws(JSONScanner.Fault) -> [Int] {
      var sizes: [Int] = []
      try scanner.array { scanner throws(JSONScanner.Fault) in
        guard sizes.count < most else { throw .init(reason: "lists more than \(most) sizes for one array") }
        sizes.append(try scanner.count())
      }
      return sizes
    }
  }

  private static let types: [String: StoredType] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I64": .int64, "I32": .int32, "I16": .int16,
    "I8": .int8, "U64": .uint64, "U32": .uint32, "U16": .uint16, "U8": .uint8, "BOOL": .bool,
  ]

  private static let knownTypes = types.keys.sorted().joined(separator: ", ")
}

/// Calls `body` with its failure wrapped as one of a header.
private func json<Value>(
  _ body: () throws(JSONScanner.Fault) -> Value
) throws(SafetensorsHeader.Failure) -> Value {
  do throws(JSONScanner.Fault) { return try body() } catch { throw .json(error) }
}
