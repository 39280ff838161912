import Foundation
import FuzzKit
import Tensors
import Testing

@testable import ModelFiles

@Suite("Damaged and hostile weight files")
struct HostileFileTests {
  /// The program stands beside the tests.
  private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  @Test(
    "at least 200 cases are read or refused with their file's name, in 64 MB beyond the file",
    arguments: FuzzReaders.all.map(\.name))
  func hostile(_ reader: String) throws {
    // A process of its own with a limit on its addresses: an allocation beyond it ends the process.
    let process = Process()
    let output = Pipe()
    process.executableURL = try Self.find()
    process.arguments = [reader, "hostile", "2026"]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    let numbers = text.split(separator: " ").compactMap { Int($0) }
    #expect(numbers.first ?? 0 >= 200 && numbers.last ?? 0 >= 200, "\(text)")
  }

  private static func find() throws -> URL {
    // swift test runs the tests from a bundle in the folder of products; its path is the first argument that has it.
    let folders = CommandLine.arguments.map { URL(fileURLWithPath: $0).deletingLastPathComponent() } + [program]
    let found = folders.map { $0.appendingPathComponent("fuzz-readers") }.first {
      FileManager.default.isExecutableFile(atPath: $0.path)
    }
    return try #require(found, "fuzz-readers is not beside the tests")
  }

  @Test(
    "a refusal says what is wrong",
    arguments: [
      ("safetensors", "header length 9223372036854775808", "its header would have 9223372036854775808 bytes"),
      ("safetensors", "overlap [1,5]", "the place of b overlaps the array before it"),
      ("safetensors", "shape 4611686018427387904", "the shape [4611686018427387904] of a is larger than any memory"),
      ("safetensors", "duplicate", "it has two arrays called a"),
      ("safetensors", "hole or past the end [4,12]", "the place of b has 8 bytes, but its shape [1] needs 4"),
      ("safetensors", "header {\"a\":{\"x\":" + String(repeating: "[", count: 30), "nests deeper than 32 levels"),
      ("safetensors", "type F31", "a has elements of type F31; known are BF16, BOOL, F16, F32"),
      ("index", "no such array", "model-00001-of-00002.safetensors does not hold z"),
      ("index", "file /etc/passwd", "\"/etc/passwd\" is not the name of a file beside it"),
      ("gguf", "version 1", "it has version 1; 2 and 3 are read"),
      ("gguf", "1099511627776 tensors", "it claims 1099511627776 tensors"),
      ("gguf", "array of 1099511627776 of 8", "claims 1099511627776 elements, more than the file has room for"),
      ("gguf", "type 10", "a has elements of type Q2_K; known are F32, F16, Q4_0"),
      ("gguf", "overlap", "a and b overlap"), ("gguf", "past the end", "a ends after the file does"),
      ("llama2c", "field 0 = -1", "its header says dim = -1"),
      ("llama2c", "a byte long", "1 bytes at its end belong to no array"),
    ])
  func messages(_ name: String, _ fault: String, _ expected: String) throws {
    let reader = try #require(FuzzReaders.all.first { $0.name == name })
    let made = try #require(reader.hostile().first { $0.fault == fault })
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-\(UUID().uuidString)")
    try reader.prepare(folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    guard case .refused(let message) = try reader.run(made.bytes, in: folder) else {
      Issue.record("it was read")
      return
    }
    #expect(message.replacingOccurrences(of: "\\\"", with: "\"").contains(expected), "\(message)")
  }
}
