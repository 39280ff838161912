import Foundation
import ModelFiles
import Steering
import Tensors

/// Readers of steering vectors.
enum VectorReaders {
  static let control = FuzzReader(
    "control-vector", fileName: "vector.gguf",
    seeds: {
      [
        try References.bytes("repeng.gguf", room: "SteeringTests"),
        try written("gguf") { try ControlVectorFile.write($0, to: $1) },
      ]
    },
    hostile: {
      [
        "direction.0", "direction.-1", "direction.9223372036854775807", "direction.", "direction.1.2",
        "token_embd.weight",
      ]
      .compactMap { name in
        let bytes = try? written("gguf") { _, path in
          try GGUFWriter.write(
            metadata: [("general.architecture", .string("controlvector"))],
            arrays: [GGUFWriter.Array(name, shape: [4], values: [1, 2, 3, 4])], to: path)
        }
        return bytes.map { (name, $0) }
      }
    },
    read: { _ = try ControlVectorFile.read($0) })

  static let archive = FuzzReader(
    "vector-npz", fileName: "vector.npz",
    seeds: { [try written("npz") { try SteeringFile.writeNumpy($0, to: $1) }] },
    read: { _ = try SteeringFile.readNumpy($0) })

  static let tensors = FuzzReader(
    "vector-safetensors", fileName: "vector.safetensors", structure: .prefixedText,
    seeds: { [try written("safetensors") { try SteeringFile.writeSafetensors($0, to: $1) }] },
    read: { _ = try SteeringFile.readSafetensors($0) })

  private static func written(_ ending: String, _ write: (SteeringVector, String) throws -> Void) throws -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-fuzz-\(UUID()).\(ending)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let vector = try SteeringVector(
      layers: [1, 3].map { SteeringVector.Layer(index: $0, values: [0.5, -2, Float($0), 0], threshold: 0.25) },
      site: .residPost, origin: .init(name: "tiny", digest: "0123456789abcdef", family: "llama"), positions: "answer",
      method: "mean", source: "contrast(m, pairs)")
    try write(vector, path)
    return try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
