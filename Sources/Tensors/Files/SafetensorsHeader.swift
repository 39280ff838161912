import JSON

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
    let document: JSONDocument
    do throws(JSONFault) {
      document = try JSONDocument(
        Array(UnsafeRawBufferPointer(rebasing: file[8..<8 + length])), limits: .headers)
    } catch {
      throw refuse("its header is not JSON: \(error.reason) at byte \(error.offset)")
    }
    var builder = Builder(start: 8 + length)
    do throws(Failure) { try builder.read(document.root) } catch { throw refuse(error.reason) }
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

  private struct Failure: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
  }

  /// What has been read so far.
  private struct Builder {
    let start: Int
    var entries: [Entry] = []
    var names: Set<String> = []
    var metadata: [String: String] = [:]
    var hasMetadata = false

    init(start: Int) { self.start = start }

    mutating func read(_ root: JSONNode) throws(Failure) {
      guard root.kind == .object else { throw Failure("its header is not an object") }
      for (key, value) in root.fields {
        let name = key.string ?? ""
        if name == "__metadata__" { try readMetadata(value) } else { try readEntry(name, value) }
      }
    }

    private mutating func readMetadata(_ node: JSONNode) throws(Failure) {
      guard !hasMetadata else { throw Failure("it has two __metadata__") }
      hasMetadata = true
      guard node.kind == .object else { throw Failure("its __metadata__ is not an object") }
      for (key, value) in node.fields {
        guard let name = key.string, let text = value.string else { throw Failure("its __metadata__ is not all text") }
        guard metadata.updateValue(text, forKey: name) == nil else { throw Failure("__metadata__ has \(name) twice") }
        guard metadata.count <= mostMetadata else { throw Failure("__metadata__ has too many entries") }
      }
    }

    private mutating func readEntry(_ name: String, _ node: JSONNode) throws(Failure) {
      guard names.insert(name).inserted else { throw Failure("it has two arrays called \(name)") }
      guard names.count <= mostEntries else { throw Failure("it has more than \(mostEntries) arrays") }
      var format: String?
      var shape: [Int]?
      var range: [Int]?
      for (key, value) in node.fields {
        let key = key.string ?? ""
        switch key {
        case "dtype" where format == nil: format = value.string
        case "shape" where shape == nil: shape = try Self.sizes(value, "shape", name, most: mostAxes)
        case "data_offsets" where range == nil: range = try Self.sizes(value, "place", name, most: 2)
        case "dtype", "shape", "data_offsets": throw Failure("it says \(key) of \(name) twice")
        default: break
        }
      }
      guard let format, let shape, let range, range.count == 2 else {
        throw Failure("the entry of \(name) lacks its dtype, shape or data_offsets")
      }
      guard let type = SafetensorsHeader.types[format] else {
        throw Failure("\(name) has elements of type \(format); known are \(SafetensorsHeader.knownTypes)")
      }
      var bytes = type.width
      // Zeros left out: whoever multiplies the lengths again, in whatever order, must not overflow either.
      for length in shape where length > 0 {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
        guard !overflow else { throw Failure("the shape \(shape) of \(name) is larger than any memory") }
        bytes = product
      }
      if shape.contains(0) { bytes = 0 }
      guard range[0] <= range[1], range[1] < 1 << 62 else {
        throw Failure("the place of \(name), \(range), is none")
      }
      guard range[1] - range[0] == bytes else {
        throw Failure("the place of \(name) has \(range[1] - range[0]) bytes, but its shape \(shape) needs \(bytes)")
      }
      entries.append(
        Entry(name: name, format: format, shape: shape, offset: start + range[0], byteCount: bytes, type: type))
    }

    private static func sizes(
      _ node: JSONNode, _ what: String, _ name: String, most: Int
    ) throws(Failure) -> [Int] {
      guard node.kind == .array else { throw Failure("the \(what) of \(name) is not a list") }
      var sizes: [Int] = []
      for item in node.children {
        guard sizes.count < most else { throw Failure("the \(what) of \(name) has more than \(most) sizes") }
        guard let size = item.int, size >= 0, !item.text.hasPrefix("-") else {
          throw Failure("the \(what) of \(name) has \(item.text.prefix(40)) where a size belongs")
        }
        sizes.append(size)
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
