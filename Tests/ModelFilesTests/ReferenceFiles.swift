import Foundation
import Tensors

@testable import ModelFiles

/// Files that scripts/references/weightfiles.py made, and those that only some machines have.
enum ReferenceFiles {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("References")

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  static func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// The bit patterns of the float32 values in a file.
  static func patterns(_ name: String) throws -> [UInt32] {
    try bytes(name).withUnsafeBytes { raw in
      (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
    }
  }

  /// The data that lies beside a checkout.
  static let shared: URL =
    ProcessInfo.processInfo.environment["TVS_SHARED_DATA"].map { URL(fileURLWithPath: $0) }
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../shared/data").standardizedFileURL

  static let stories = shared.appendingPathComponent("models/stories260K/stories260K.bin").path

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

extension WeightFile {
  /// The elements of an array.
  func values(_ array: StoredArray) throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: array.count) { buffer, initialized in
      // An empty array has no memory; nothing is written then.
      var nothing: Float = 0
      try withUnsafeMutablePointer(to: &nothing) { try read(array, into: buffer.baseAddress ?? $0) }
      initialized = array.count
    }
  }

  /// The bit patterns of the arrays, one after the other.
  func patterns(_ order: [StoredArray]) throws -> [UInt32] { try order.flatMap { try values($0).map(\.bitPattern) } }

  var byName: [StoredArray] { arrays.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) } }
}
