import Foundation
import Testing

@testable import Tensors

@Suite("ZIP archives") struct ZipArchiveTests {
  /// 0.4 MB whose matches reach back 32 kB, made by Python's zipfile (scripts/references/archive.py).
  private static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "References/archive.zip").path

  /// What scripts/references/archive.py put into the member: a linear congruential generator, repeated in places.
  private static func expected() -> [UInt8] {
    var (state, bytes): (UInt32, [UInt8]) = (1, [])
    for block in 0..<12 {
      if block % 3 == 2 {
        bytes += bytes[(bytes.count - 32_768)...]
      } else {
        let alphabet: UInt32 = block % 3 == 0 ? 4 : 9
        for _ in 0..<32_768 {
          state = state &* 1_664_525 &+ 1_013_904_223
          bytes.append(UInt8(truncatingIfNeeded: 65 + (state >> 16) % alphabet))
        }
      }
    }
    return bytes
  }

  @Test("what is extracted in parts is what is read at once, and what was written", arguments: ["deflated", "stored"])
  func extract(_ name: String) throws {
    let archive = try ZipArchive(Self.path)
    let member = try #require(archive.members.first { $0.name == name })
    var (parts, largest): ([UInt8], Int) = ([], 0)
    try archive.extract(member) {
      parts += $0
      largest = max(largest, $0.count)
    }
    let expected = name == "stored" ? Array("kept as it is".utf8) : Self.expected()
    #expect(parts == expected)
    #expect(try Array(archive.contents(of: member)) == expected)
    #expect(largest <= 1 << 19)
  }

  @Test("a flipped bit, a cut file or a thrown error stops the extraction")
  func damaged() throws {
    let whole = try Data(contentsOf: URL(filePath: Self.path))
    let copy = NSTemporaryDirectory() + "tvs-zip-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: copy) }
    var found = 0
    for position in stride(from: 0, to: whole.count, by: 499) {
      var bytes = whole
      bytes[position] ^= 0x10
      try bytes.write(to: URL(filePath: copy))
      do {
        let archive = try ZipArchive(copy)
        for member in archive.members { try archive.extract(member) { _ in } }
      } catch is TensorError {
        found += 1
      }
    }
    // Bits in dates and other fields that nobody reads may flip.
    #expect(found >= whole.count / 499 - 4)
    for length in stride(from: 0, to: whole.count, by: 9973) {
      try whole.prefix(length).write(to: URL(filePath: copy))
      #expect(throws: TensorError.self) { try ZipArchive(copy) }
    }
    let archive = try ZipArchive(Self.path)
    struct Enough: Error {}
    #expect(throws: Enough.self) { try archive.extract(archive.members[0]) { _ in throw Enough() } }
  }
}
