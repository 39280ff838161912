/// A value that goes from one process to another and is the same there, bit for bit.
public protocol Portable: Sendable {
  /// Appends the value.
  func write(to sink: inout ByteSink)
  /// Reads what ``write(to:)`` wrote.
  ///
  /// - Throws: ``WorkerError/malformed`` when the bytes end too early or make no sense.
  init(from source: inout ByteSource) throws(WorkerError)
}

/// Bytes that are being put together, in little-endian order.
public struct ByteSink: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []

  /// An empty sink.
  public init() {}

  /// Appends a whole number.
  public mutating func write<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends bytes, without their number.
  public mutating func write(raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }

  /// Appends bytes, without their number.
  public mutating func write(raw: [UInt8]) { bytes += raw }
}

/// Bytes that are being read; every read is checked against the end.
public struct ByteSource: Sendable {
  private let bytes: [UInt8]
  private var place = 0

  /// Reads from the first byte.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether nothing is left.
  public var isAtEnd: Bool { place == bytes.count }
  /// How many bytes are left.
  public var left: Int { bytes.count - place }

  /// Takes bytes.
  ///
  /// - Throws: ``WorkerError/malformed``.
  public mutating func raw(_ count: Int) throws(WorkerError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= left else { throw .malformed }
    defer { place += count }
    return bytes[place..<place + count]
  }

  /// Takes a whole number.
  ///
  /// - Throws: ``WorkerError/malformed``.
  public mutating func integer<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self
  ) throws(WorkerError) -> Number {
    var number: Number = 0
    let slice = try raw(MemoryLayout<Number>.size)
    for (shift, byte) in slice.enumerated() { number |= Number(truncatingIfNeeded: byte) << Number(8 * shift) }
    return number
  }
}

extension Int: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) { sink.write(Int64(self)) }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) { self = Int(try source.integer(Int64.self)) }
}

extension UInt64: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) { sink.write(self) }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) { self = try source.integer() }
}

extension Int32: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) { sink.write(self) }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) { self = try source.integer() }
}

extension Double: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) { sink.write(bitPattern) }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) { self.init(bitPattern: try source.integer()) }
}

extension Float: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) { sink.write(bitPattern) }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) { self.init(bitPattern: try source.integer()) }
}

extension Bool: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) { sink.write(UInt8(self ? 1 : 0)) }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) { self = try source.integer(UInt8.self) != 0 }
}

extension String: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) {
    let text = Array(utf8)
    sink.write(UInt32(clamping: text.count))
    sink.write(raw: text)
  }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) {
    self.init(decoding: try source.raw(Int(try source.integer(UInt32.self))), as: UTF8.self)
  }
}

extension Optional: Portable where Wrapped: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) {
    (self != nil).write(to: &sink)
    self?.write(to: &sink)
  }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) {
    self = try Bool(from: &source) ? try Wrapped(from: &source) : nil
  }
}

extension Array: Portable where Element: Portable {
  /// Appends the value.
  public func write(to sink: inout ByteSink) {
    sink.write(UInt32(clamping: count))
    for element in self { element.write(to: &sink) }
  }
  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) {
    let count = Int(try source.integer(UInt32.self))
    // An element takes a byte at least, so that a damaged count asks for no more memory than there are bytes.
    guard count <= source.left else { throw .malformed }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try Element(from: &source)) }
    self = elements
  }
}

/// Answers of yes and no, eight to a byte.
public struct BitList: Portable, Sendable, Equatable {
  /// The answers.
  public var values: [Bool]

  /// Wraps answers.
  public init(_ values: [Bool]) { self.values = values }

  /// Appends the value.
  public func write(to sink: inout ByteSink) {
    sink.write(UInt32(clamping: values.count))
    sink.write(raw: bytes)
  }

  /// Reads what was appended.
  public init(from source: inout ByteSource) throws(WorkerError) {
    let count = Int(try source.integer(UInt32.self))
    self.init(bytes: try source.raw((count + 7) / 8), count: count)
  }

  /// The answers, the first one in the lowest bit of the first byte.
  public var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (values.count + 7) / 8)
    for (index, value) in values.enumerated() where value { bytes[index / 8] |= 1 << UInt8(index % 8) }
    return bytes
  }

  /// Takes answers out of bytes, of which there are enough.
  public init(bytes: some RandomAccessCollection<UInt8>, count: Int) {
    let bytes = Array(bytes)
    values = (0..<min(count, 8 * bytes.count)).map { bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 }
  }
}
