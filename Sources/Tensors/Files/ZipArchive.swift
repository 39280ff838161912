import CKernels
import Checkpoints
import Foundation

/// A ZIP archive (PKWARE's APPNOTE, with ZIP64 sizes) that is read: `.npz` files, Python's wheels. Members are stored or
/// deflated.
public struct ZipArchive: Sendable {
  /// Where it is.
  public let path: String
  /// What it holds, in the order of its directory.
  public let members: [Member]
  private let reader: ByteReader

  /// One file of an archive.
  public struct Member: Sendable {
    /// Its path inside, with `/` between folders.
    public let name: String
    /// Its size when it is decompressed, as the directory says.
    public let size: Int
    fileprivate let method: UInt16
    fileprivate let crc: UInt32
    fileprivate let compressedSize, offset: Int
  }

  /// Reads the directory of an archive.
  ///
  /// - Throws: ``TensorError``.
  public init(_ path: String) throws(TensorError) {
    self.path = path
    reader = ByteReader(data: try FileAccess.read(path), path: path)
    members = try ZipArchive.directory(reader)
  }

  /// The whole of a member.
  ///
  /// - Throws: ``TensorError``, also when the checksum is wrong.
  public func contents(of member: Member) throws(TensorError) -> Data {
    let bytes = try compressed(member)
    var contents = bytes
    if member.method == 8 {
      try MemoryBudget.check(bytes: member.size)
      contents = Data(count: member.size)
      let status = contents.withUnsafeMutableBytes { out in
        bytes.withUnsafeBytes { input in
          tvs_inflate(
            input.bindMemory(to: UInt8.self).baseAddress, input.count, out.bindMemory(to: UInt8.self).baseAddress,
            out.count)
        }
      }
      if status != 0 { throw damaged(member, "its compressed data is damaged") }
    }
    let crc = contents.withUnsafeBytes { tvs_crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count) }
    guard crc == member.crc, contents.count == member.size else { throw damaged(member, "its checksum is wrong") }
    return contents
  }

  /// Hands the bytes of a member on, a few hundred kilobytes at a time, and checks length and checksum at the end. What
  /// was handed on is to be thrown away when this throws.
  ///
  /// - Throws: ``TensorError``, `Interrupted`, and what `take` throws.
  public func extract(_ member: Member, _ take: (UnsafeRawBufferPointer) throws -> Void) throws {
    let bytes = try compressed(member)
    try bytes.withUnsafeBytes { input in
      try withoutActuallyEscaping(take) { take in
        let drain = Drain(limit: member.size, take: take)
        if member.method == 8 {
          let status = tvs_inflate_draining(
            input.bindMemory(to: UInt8.self).baseAddress, input.count,
            { context, bytes, count in
              guard let context else { return -1 }
              return Unmanaged<Drain>.fromOpaque(context).takeUnretainedValue().receive(bytes, count) ? 0 : -1
            }, Unmanaged.passUnretained(drain).toOpaque())
          if let failure = drain.failure { throw failure }
          if status != 0 { throw damaged(member, "its compressed data is damaged") }
        } else {
          for start in stride(from: 0, to: input.count, by: 1 << 18) {
            let part = UnsafeRawBufferPointer(rebasing: input[start..<min(start + 1 << 18, input.count)])
            _ = drain.receive(part.bindMemory(to: UInt8.self).baseAddress, part.count)
            if let failure = drain.failure { throw failure }
          }
        }
        guard drain.crc == member.crc, drain.count == member.size else {
          throw damaged(member, "its checksum is wrong")
        }
      }
    }
  }

  /// What receives a member's bytes from C, through which no error can be thrown.
  private final class Drain {
    private let limit: Int
    private let take: (UnsafeRawBufferPointer) throws -> Void
    private(set) var crc: UInt32 = 0
    private(set) var count = 0
    private(set) var failure: (any Error)?

    init(limit: Int, take: @escaping (UnsafeRawBufferPointer) throws -> Void) {
      self.limit = limit
      self.take = take
    }

    func receive(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> Bool {
      // More than was announced: the archive is damaged, and nobody prepared for so much.
      guard failure == nil, size <= limit - count else { return false }
      crc = tvs_crc32(crc, bytes, size)
      count += size
      do {
        try Cancellation.check()
        try take(UnsafeRawBufferPointer(start: bytes, count: size))
      } catch {
        failure = error
      }
      return failure == nil
    }
  }

  // MARK: - Places

  private func damaged(_ member: Member, _ reason: String) -> TensorError {
    .malformed(path: "\(path)/\(member.name)", reason: reason)
  }

  /// The bytes of a member as they lie in the file.
  private func compressed(_ member: Member) throws(TensorError) -> Data {
    // Checked against the file first: an offset that overflows would otherwise trap in the additions below.
    guard member.offset >= 0, member.offset < reader.data.count, member.size >= 0, member.compressedSize >= 0 else {
      throw damaged(member, "it is damaged")
    }
    let nameCount = Int(try reader.integer(member.offset + 26, UInt16.self))
    let extraCount = Int(try reader.integer(member.offset + 28, UInt16.self))
    let bytes = try reader.bytes(member.offset + 30 + nameCount + extraCount, member.compressedSize)
    switch member.method {
    case 0: break
    case 8:
      // DEFLATE shrinks at most 1032 times: a claimed size beyond that is not allocated.
      guard member.size / 1032 <= member.compressedSize else { throw damaged(member, "its size is impossible") }
    default: throw damaged(member, "its compression method \(member.method) is not DEFLATE")
    }
    return bytes
  }

  /// The central directory, found from the end of the file; sizes beyond 32 bits come from its ZIP64 fields.
  private static func directory(_ reader: ByteReader) throws(TensorError) -> [Member] {
    func refuse(_ reason: String) -> TensorError { .malformed(path: reader.path, reason: reason) }
    let end = reader.data.count - 22
    guard end >= 0 else { throw refuse("it is not a ZIP archive") }
    var position = end
    while position >= max(0, end - 65_535), try reader.integer(position, UInt32.self) != 0x0605_4b50 { position -= 1 }
    guard position >= max(0, end - 65_535) else { throw refuse("it is not a ZIP archive") }
    let count = Int(try reader.integer(position + 10, UInt16.self))
    var place = Int(try reader.integer(position + 16, UInt32.self))
    var members: [Member] = []
    for _ in 0..<count {
      guard try reader.integer(place, UInt32.self) == 0x0201_4b50 else { throw refuse("its directory is damaged") }
      let nameCount = Int(try reader.integer(place + 28, UInt16.self))
      let extraCount = Int(try reader.integer(place + 30, UInt16.self))
      let commentCount = Int(try reader.integer(place + 32, UInt16.self))
      var compressedSize = Int(try reader.integer(place + 20, UInt32.self))
      var size = Int(try reader.integer(place + 24, UInt32.self))
      var offset = Int(try reader.integer(place + 42, UInt32.self))
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
          size = try wide(size)
          compressedSize = try wide(compressedSize)
          offset = try wide(offset)
        }
        extra += 4 + length
      }
      members.append(
        Member(
          name: try reader.text(place + 46, nameCount), size: size,
          method: try reader.integer(place + 10, UInt16.self), crc: try reader.integer(place + 16, UInt32.self),
          compressedSize: compressedSize, offset: offset))
      place += 46 + nameCount + extraCount + commentCount
    }
    return members
  }
}
