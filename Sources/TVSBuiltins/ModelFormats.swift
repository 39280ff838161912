import Foundation
import ModelFiles
import TVSLanguage
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
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        if let model = try TVSModelFile.read(path) { return .native(ModelValue(model)) }
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
        try TVSModelFile.write(model, to: path)
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
}
