import CKernels
import Foundation

/// NumPy's `.npz`: a ZIP archive with one `.npy` a name. Stored and deflated entries are read, stored ones written.
public enum NumpyArchive {
  /// Reads the tensors in the order of the archive.
  ///
  /// - Throws: ``TensorError``.
  public static func read(_ path: String) throws -> [(name: String, tensor: Tensor)] {
    let reader = ByteReader(data: try FileAccess.read(path), path: path)
    return try entries(reader).map { entry in
      let name = entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name
      return (name, try NumpyFile.decode(contents(of: entry, reader), path: "\(path)/\(entry.name)"))
    }
  }

  /// Writes tensors under their names.
  ///
  /// - Throws: ``TensorError/file(path:reason:)`` when an entry or the archive exceeds the 4 GB of a plain ZIP,
  ///   `Interrupted`.
  public static func write(_ tensors: [(name: String, tensor: Tensor)], to path: String) throws {
    try FileAccess.write(path) { sink in
      var directory: [UInt8] = []
      for (name, tensor) in tensors {
        let offset = sink.count
        let file = Array("\(name).npy".utf8)
        let header = NumpyFile.header(of: tensor)
        let mask = tensor.isMask ? tensor.doubles.map { $0 == 0 ? UInt8(0) : 1 } : nil
        let size = header.count + (mask?.count ?? tensor.count * tensor.dtype.width)
        guard size + offset < UInt32.max, file.count < UInt16.max, tensors.count < UInt16.max else {
          throw TensorError.file(path: path, reason: "a .npz holds at most 4 GB; save as .safetensors")
        }
        var crc = tvs_crc32(0, header, header.count)
        if let mask {
          crc = tvs_crc32(crc, mask, mask.count)
        } else {
          crc = tensor.withBytes { tvs_crc32(crc, $0.bindMemory(to: UInt8.self).baseAddress, $0.count) }
        }
        // Version 2.0, no flags, stored, the first of January 1980: the same tensors give the same bytes.
        let common =
          little(UInt16(20)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0))
          + little(UInt16(33)) + little(crc) + little(UInt32(size)) + little(UInt32(size))
          + little(UInt16(file.count)) + little(UInt16(0))
        try sink.write(little(UInt32(0x0403_4b50)) + common + file)
        try sink.write(header)
        if let mask { try sink.write(mask) } else { try tensor.withBytes { try sink.write($0) } }
        directory +=
          little(UInt32(0x0201_4b50)) + little(UInt16(20)) + common + little(UInt16(0)) + little(UInt16(0))
          + little(UInt16(0)) + little(UInt32(0)) + little(UInt32(offset)) + file
      }
      let start = sink.count
      try sink.write(directory)
      let entries = little(UInt16(tensors.count))
      try sink.write(
        little(UInt32(0x0605_4b50)) + little(UInt32(0)) + entries + entries + little(UInt32(directory.count))
          + little(UInt32(start)) + little(UInt16(0)))
    }
  }

  private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private struct Entry {
    var name: String
    var method: UInt16
    var crc: UInt32
    var compressedSize: Int
    var size: Int
    var offset: Int
  }

  /// The central directory, found from the end of the file; sizes beyond 32 bits come from its ZIP64 fields.
  private static func entries(_ reader: ByteReader) throws(TensorError) -> [Entry] {
    func refuse(_ reason: String) -> TensorError { .malformed(path: reader.path, reason: reason) }
    let end = reader.data.count - 22
    guard end >= 0 else { throw refuse("it is not a ZIP archive") }
    var position = end
    while position >= max(0, end - 65_535), try reader.integer(position, UInt32.self) != 0x0605_4b50 { position -= 1 }
    guard position >= max(0, end - 65_535) else { throw refuse("it is not a ZIP archive") }
    let count = Int(try reader.integer(position + 10, UInt16.self))
    var place = Int(try reader.integer(position + 16, UInt32.self))
    var entries: [Entry] = []
    for _ in 0..<count {
      guard try reader.integer(place, UInt32.self) == 0x0201_4b50 else { throw refuse("its directory is damaged") }
      let nameCount = Int(try reader.integer(place + 28, UInt16.self))
      let extraCount = Int(try reader.integer(place + 30, UInt16.self))
      let commentCount = Int(try reader.integer(place + 32, UInt16.self))
      var entry = Entry(
        name: try reader.text(place + 46, nameCount), method: try reader.integer(place + 10, UInt16.self),
        crc: try reader.integer(place + 16, UInt32.self),
        compressedSize: Int(try reader.integer(place + 20, UInt32.self)),
        size: Int(try reader.integer(place + 24, UInt32.self)), offset: Int(try reader.integer(place + 42, UInt32.self))
      )
      var extra = place + 46 + nameCount
      let extraEnd = extra + extraCount
      while extra + 4 <= extraEnd {
        let kind = try reader.integer(extra, UInt16.self)
        let length = Int(try reader.integer(extra + 2, UInt16.self))
        if kind == 1 {
          var field = extra + 4
          func wide(_ value: Int) throws(TensorError) -> Int {
            guard value == Int(UInt32.max) else { return value }
            let number = Int(truncatingIfNeeded: try reader.integer(field, UInt64.self))
            field += 8
            return number
          }
          entry.size = try wide(entry.size)
          entry.compressedSize = try wide(entry.compressedSize)
          entry.offset = try wide(entry.offset)
        }
        extra += 4 + length
      }
      entries.append(entry)
      place += 46 + nameCount + extraCount + commentCount
    }
    return entries
  }

  private static func contents(of entry: Entry, _ reader: ByteReader) throws(TensorError) -> Data {
    func refuse(_ reason: String) -> TensorError { .malformed(path: "\(reader.path)/\(entry.name)", reason: reason) }
    // Checked against the file first: an offset that overflows would otherwise trap in the additions below.
    guard entry.offset >= 0, entry.offset < reader.data.count, entry.size >= 0 else { throw refuse("it is damaged") }
    let nameCount = Int(try reader.integer(entry.offset + 26, UInt16.self))
    let extraCount = Int(try reader.integer(entry.offset + 28, UInt16.self))
    let bytes = try reader.bytes(entry.offset + 30 + nameCount + extraCount, entry.compressedSize)
    var contents = bytes
    switch entry.method {
    case 0: break
    case 8:
      // DEFLATE shrinks at most 1032 times: a claimed size beyond that is not allocated.
      guard entry.size <= 1032 * (entry.compressedSize + 1) else { throw refuse("its size is impossible") }
      try MemoryBudget.check(bytes: entry.size)
      contents = Data(count: entry.size)
      let status = contents.withUnsafeMutableBytes { out in
        bytes.withUnsafeBytes { input in
          tvs_inflate(
            input.bindMemory(to: UInt8.self).baseAddress, input.count, out.bindMemory(to: UInt8.self).baseAddress,
            out.count)
        }
      }
      if status != 0 { throw refuse("its compressed data is damaged") }
    default: throw refuse("its compression method \(entry.method) is not DEFLATE")
    }
    let crc = contents.withUnsafeBytes { tvs_crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count) }
    guard crc == entry.crc, contents.count == entry.size else { throw refuse("its checksum is wrong") }
    return contents
  }
}
