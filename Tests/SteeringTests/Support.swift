import Foundation
import Tensors

/// Numbers that scripts/references/contrast.py made.
enum Reference {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("References")

  static let models = folder.deletingLastPathComponent()
    .appendingPathComponent("../ModelFilesTests/References/models").standardizedFileURL.path

  static let contrast: [String: Tensor] = {
    let found = try? SafetensorsFile.read(folder.appendingPathComponent("contrast.safetensors").path).tensors
    return Dictionary(uniqueKeysWithValues: (found ?? []).map { ($0.name, $0.tensor) })
  }()
}

/// A path that nothing has yet; what is made there is removed when the value goes.
final class ScratchFile {
  let path: String

  init(_ ending: String) {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("tvs-steering-\(UUID()).\(ending)").path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

func cosine(_ a: [Double], _ b: [Double]) -> Double {
  let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  func length(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  return dot / (length(a) * length(b))
}
