import Foundation
import TVSLanguage
import Tensors
import Tokenizers
import Transformers

/// Models in files: a safetensors file whose metadata holds the architecture and its sizes.
enum ModelFormats {
  static let all: [FileFormat] = [
    FileFormat(
      name: "model", ending: "safetensors",
      read: { path, _ in try read(path) },
      write: { value, path, _ in
        guard case .native(let native) = value, let model = (native as? ModelValue)?.model else { return false }
        try write(model, to: path)
        return true
      })
  ]

  /// What the metadata says of a model, besides its tensors.
  private struct Description: Codable {
    var family: String
    var configuration: DecoderConfiguration
    var name: String
    var rank: Int?
    var alpha: Double?
    var targets: [String]?
    /// `bytes` for a model of bytes.
    var tokenizer: String?
  }

  private static let key = "tvs.model"

  private static func write(_ model: Model, to path: String) throws {
    let description = Description(
      family: model.architecture.family, configuration: model.configuration, name: model.name,
      rank: model.adapter?.shape.rank, alpha: model.adapter?.shape.alpha, targets: model.adapter?.shape.targets,
      tokenizer: model.tokenizer?.digest == Tokenizer.bytes.digest ? "bytes" : nil)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(description), as: UTF8.self)
    var tensors = try model.layout.segments.map { ($0.name, try ModelWeights.tensor($0, model.weights)) }
    if let adapter = model.adapter {
      tensors += try adapter.shape.layout.segments.map { ($0.name, try ModelWeights.tensor($0, adapter.factors)) }
    }
    try SafetensorsFile.write(tensors.map { (name: $0.0, tensor: $0.1) }, metadata: [key: text], to: path)
  }

  /// The model of a file; nil when the file holds tensors only.
  private static func read(_ path: String) throws -> Value? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let contents = try SafetensorsFile.read(path)
    guard let text = contents.metadata[key] else { return nil }
    guard let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)) else {
      throw TensorError.malformed(path: path, reason: "its description of the model cannot be read")
    }
    let architecture = try ArchitectureFamily.make(description.family, description.configuration)
    var tensors = Dictionary(contents.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    var model = try Model(
      architecture: architecture, weights: try collect(architecture.layout, &tensors, path), name: description.name)
    if let rank = description.rank, let alpha = description.alpha {
      let shape = try model.adapterShape(rank: rank, alpha: alpha, targets: description.targets)
      model = try model.with(adapter: Adapter(shape: shape, factors: try collect(shape.layout, &tensors, path)))
    }
    if description.tokenizer == "bytes" { model.tokenizer = .bytes }
    if let surplus = tensors.keys.min() {
      throw TensorError.malformed(path: path, reason: "it holds \(tensors.count) tensors too many, such as \(surplus)")
    }
    return .native(ModelValue(model))
  }

  /// The tensors of a layout in one flat buffer, taken out of the file's.
  private static func collect(
    _ layout: ParameterLayout, _ tensors: inout [String: Tensor], _ path: String
  ) throws -> FloatVector {
    var missing: [String] = []
    var parts: [(Segment, FloatVector)] = []
    for segment in layout.segments {
      guard let tensor = tensors.removeValue(forKey: segment.name) else {
        missing.append(segment.name)
        continue
      }
      guard tensor.shape == segment.shape else {
        throw TensorError.malformed(
          path: path,
          reason: "\(segment.name) has the shape \(shapeText(tensor.shape)) and needs \(shapeText(segment.shape))")
      }
      parts.append((segment, try tensor.converted(to: .float32).vector()))
    }
    if let first = missing.first {
      throw TensorError.malformed(path: path, reason: "\(missing.count) tensors are missing, such as \(first)")
    }
    return try FloatVector(count: layout.count) { base in
      for (segment, part) in parts {
        part.withPointer { (base + segment.offset).update(from: $0, count: segment.count) }
      }
    }
  }
}
