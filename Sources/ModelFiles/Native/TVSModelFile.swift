import Foundation
import Tensors
import Tokenizers
import Transformers

/// A model in a safetensors file of our own: weights and adapter under our names, and in the metadata the architecture,
/// its sizes and the tokenizer's files.
public enum TVSModelFile {
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
  /// What stands before the names of a tokenizer's files.
  private static let tokenizerKey = "tvs.tokenizer/"

  /// Writes a model, with its adapter if it has one.
  ///
  /// - Throws: `TransformerError.steered`, `TensorError`, `TokenizerError`, `Interrupted`.
  public static func write(_ model: Model, to path: String) throws {
    try model.requireUnsteered()
    let adapter = model.adapter
    let description = Description(
      family: model.architecture.family, configuration: model.configuration, name: model.name,
      rank: adapter?.shape.rank, alpha: adapter?.shape.alpha, targets: adapter?.shape.targets,
      tokenizer: model.tokenizer?.digest == Tokenizer.bytes.digest ? "bytes" : nil)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var metadata = [key: String(decoding: try encoder.encode(description), as: UTF8.self)]
    if let tokenizer = model.tokenizer, description.tokenizer == nil {
      for file in try tokenizer.huggingFaceFiles() {
        metadata[tokenizerKey + file.name] = String(decoding: file.contents, as: UTF8.self)
      }
    }
    func entries(_ layout: ParameterLayout, _ numbers: FloatVector) -> [SafetensorsFile.Entry] {
      layout.segments.map { segment in
        SafetensorsFile.Entry(name: segment.name, shape: segment.shape) { try numbers.write(segment, to: &$0) }
      }
    }
    try SafetensorsFile.write(
      entries(model.layout, model.weights) + (adapter.map { entries($0.shape.layout, $0.factors) } ?? []),
      metadata: metadata, to: path)
  }

  /// The model of a file; nil when the file holds tensors only.
  ///
  /// - Throws: `TensorError` that names the file and the fault, `Interrupted`.
  public static func read(_ path: String) throws -> Model? {
    let file = try SafetensorsWeights(path: path)
    guard let text = file.metadata[key] else { return nil }
    guard let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)) else {
      throw TensorError.malformed(path: path, reason: "its description of the model cannot be read")
    }
    return try FileFault.naming(path) { try read(file, description) }
  }

  private static func read(_ file: SafetensorsWeights, _ description: Description) throws -> Model {
    let architecture = try ArchitectureFamily.make(description.family, description.configuration)
    let isOfAdapter = { (name: String) in
      description.rank != nil && architecture.layout[name] == nil && (name.hasSuffix(".a") || name.hasSuffix(".b"))
    }
    var base = WeightAssembly(file)
    for segment in architecture.layout.segments { base.take(segment, from: segment.name) }
    for array in file.arrays where isOfAdapter(array.name) { base.ignore(array.name) }
    var model = try Model(
      architecture: architecture, weights: base.weights(architecture.layout), name: description.name,
      tokenizer: tokenizer(file, description))
    if let rank = description.rank, let alpha = description.alpha {
      let shape = try model.adapterShape(rank: rank, alpha: alpha, targets: description.targets)
      var factors = WeightAssembly(file)
      for segment in shape.layout.segments { factors.take(segment, from: segment.name) }
      for array in file.arrays where !isOfAdapter(array.name) { factors.ignore(array.name) }
      model = try model.with(adapter: Adapter(shape: shape, factors: factors.weights(shape.layout)))
    }
    return model
  }

  private static func tokenizer(_ file: SafetensorsWeights, _ description: Description) throws -> Tokenizer? {
    if description.tokenizer == "bytes" { return .bytes }
    let files = file.metadata.filter { $0.key.hasPrefix(tokenizerKey) }.map {
      (String($0.key.dropFirst(tokenizerKey.count)), Array($0.value.utf8))
    }
    return try Tokenizer.huggingFace(
      files: Dictionary(files, uniquingKeysWith: { first, _ in first }), source: file.path)
  }
}
