import Foundation
import ModelFiles
import TVSLanguage
import Tensors
import Tokenizers
import Transformers

/// Models in files and folders: a safetensors file of our own, whose metadata holds the architecture and its sizes, and
/// the formats of transformers, peft, llama.cpp and llama2.c.
enum ModelFormats {
  static let all: [FileFormat] = [
    FileFormat(
      name: "model by name", pattern: "the name of a model that tvs fetch brought or hf:NAME",
      matches: { !FileManager.default.fileExists(atPath: $0) },
      read: { source, _ in
        guard let located = try ModelLibrary.locate(source) else { return nil }
        return .native(ModelValue(try model(at: located.path, name: located.name)))
      }),
    FileFormat(
      name: "folder of a model", pattern: "a folder in the layout of transformers or peft", matches: isFolder,
      read: { path, call in
        if PEFTFolder.matches(path) {
          return .native(ModelValue(try PEFTFolder.read(path, base: base(of: path, call))))
        }
        return HuggingFaceFolder.matches(path) ? .native(ModelValue(try HuggingFaceFolder.read(path))) : nil
      },
      write: { value, path, _ in
        guard let model = model(value) else { return false }
        if model.adapter == nil {
          try HuggingFaceFolder.write(model, to: path)
        } else {
          try PEFTFolder.write(model, to: path)
        }
        return true
      }),
    FileFormat(
      name: "GGUF model", ending: "gguf", read: { path, _ in .native(ModelValue(try GGUFModel.read(path))) }),
    FileFormat(
      name: "llama2.c model", ending: "bin", read: { path, _ in .native(ModelValue(try Llama2CModel.read(path))) }),
    FileFormat(
      name: "model", ending: "safetensors",
      read: { path, call in
        if let value = try read(path) { return value }
        // The weights of a folder, named instead of the folder, are still its model.
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let name = URL(fileURLWithPath: path).lastPathComponent
        if name == PEFTFolder.weightsName, PEFTFolder.matches(folder) {
          return .native(ModelValue(try PEFTFolder.read(folder, base: base(of: folder, call))))
        }
        guard name.hasPrefix("model"), HuggingFaceFolder.matches(folder) else { return nil }
        return .native(ModelValue(try HuggingFaceFolder.read(folder)))
      },
      write: { value, path, _ in
        guard let model = model(value) else { return false }
        try write(model, to: path)
        return true
      }),
  ]

  private static func model(_ value: Value) -> Model? {
    guard case .native(let native) = value else { return nil }
    return (native as? ModelValue)?.model
  }

  /// A folder that is there, or a path that asks for one: it ends in a slash, or its name has no ending.
  @Sendable private static func isFolder(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) { return isDirectory.boolValue }
    return path.hasSuffix("/") || !URL(fileURLWithPath: path).lastPathComponent.contains(".")
  }

  /// A model in whichever format its path has.
  private static func model(at path: String, name: String) throws -> Model {
    if path.hasSuffix(".gguf") { return try GGUFModel.read(path, name: name) }
    return try HuggingFaceFolder.read(path, name: name)
  }

  /// The model that an adapter's folder belongs on: the argument `base`, or what the folder names.
  private static func base(of folder: String, _ call: Call) throws -> Model {
    let value: Value
    if call.isGiven("base") {
      value = call["base"]
    } else if let named = try PEFTFolder.baseName(folder), !named.isEmpty {
      let isPath = FileManager.default.fileExists(atPath: named)
      value = .string(isPath ? named : "hf:\(named)")
    } else {
      throw ErrorReport(
        .file, "\(folder) is an adapter and does not say of which model",
        help: "name it, as in load(\"\(folder)\", base=load(\"smollm2\"))", argument: "source")
    }
    if let model = model(value) { return model }
    guard case .string(let source) = value, let model = model(try FileFormats.read(source, call)) else {
      throw ErrorReport(.wrongKind, "base is \(value.article), not a model", argument: "base")
    }
    return model
  }

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
    var metadata = [key: text]
    if let tokenizer = model.tokenizer, description.tokenizer == nil {
      for file in try tokenizer.huggingFaceFiles() {
        metadata[tokenizerKey + file.name] = String(decoding: file.contents, as: UTF8.self)
      }
    }
    try SafetensorsFile.write(tensors.map { (name: $0.0, tensor: $0.1) }, metadata: metadata, to: path)
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
    if description.tokenizer == "bytes" {
      model.tokenizer = .bytes
    } else {
      let files = contents.metadata.filter { $0.key.hasPrefix(tokenizerKey) }.map {
        (String($0.key.dropFirst(tokenizerKey.count)), Array($0.value.utf8))
      }
      model.tokenizer = try Tokenizer.huggingFace(
        files: Dictionary(files, uniquingKeysWith: { first, _ in first }), source: path)
    }
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
