import Foundation
import Testing

@testable import Tensors

@Suite("Vectors on the disk") struct FloatSpoolTests {
  private func vector(_ index: Int, _ count: Int) throws -> FloatVector {
    try FloatVector(count: count) { base in for i in 0..<count { base[i] = Float(index * 7 + i % 1013) } }
  }

  @Test("64 vectors of 4 MB with a limit of 1 MB leave less than 16 MB in memory and keep every element")
  func memory() throws {
    let before = try anonymousBytes()
    let spool = FloatSpool(limit: 1 << 20)
    let vectors = try (0..<64).map { try spool.append(vector($0, 1 << 20)) }
    #expect(spool.bytesInMemory == 0 && spool.bytesOnDisk == 64 << 22)
    if let before, let after = try anonymousBytes() {
      print("64 × 4 MB on the disk: \((after - before) >> 10) kB more of the process's own memory")
      #expect(after - before < 16 << 20)
    }
    for (index, vector) in vectors.enumerated() {
      #expect(vector.isMapped)
      let expected = try self.vector(index, 1 << 20)
      #expect(try vector.subtracting(expected).norm == 0)
    }
  }

  @Test("vectors stay in memory up to the limit, and outlive the spool")
  func limit() throws {
    var spool: FloatSpool? = FloatSpool(limit: 10_000)
    let vectors = try [1000, 1000, 1000, 500, 0].map { try #require(spool).append(vector(1, $0)) }
    #expect(vectors.map(\.isMapped) == [false, false, true, false, false])
    spool = nil
    #expect(try vectors[2].elements == vector(1, 1000).elements)
  }

  @Test("a vector on the disk is copied before it is written")
  func writing() throws {
    let spool = FloatSpool(limit: 0)
    var vector = try spool.append(self.vector(3, 5000))
    let kept = vector
    try vector.add(self.vector(3, 5000))
    #expect(!vector.isMapped && kept.isMapped)
    #expect(try kept.elements == self.vector(3, 5000).elements)
    #expect(try vector.elements == self.vector(3, 5000).elements.map { 2 * $0 })
    // Alone, too: nobody else refers to this one.
    var alone = try spool.append(self.vector(4, 5000))
    try alone.withMutablePointer { $0[0] = -1 }
    #expect(alone.elements[0] == -1)
  }

  @Test("a folder that is not there is an error, and the file has no name")
  func failures() throws {
    let spool = FloatSpool(limit: 0, folder: "/nowhere")
    #expect(throws: TensorError.file(path: "/nowhere", reason: "its folder does not exist")) {
      try spool.append(vector(1, 10))
    }
    let folder = NSTemporaryDirectory() + "tvs-spool-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let other = FloatSpool(limit: 0, folder: folder)
    let kept = try other.append(vector(1, 10))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    #expect(kept.isMapped)
  }

  /// The process's own memory, without mapped files; nil where the kernel does not say.
  private func anonymousBytes() throws -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 << 10 }
      ?? line?.split { !$0.isNumber }.first.flatMap { Int($0) }.map { $0 << 10 }
  }
}
