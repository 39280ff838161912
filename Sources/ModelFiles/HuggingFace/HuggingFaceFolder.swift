import Foundation
import Tensors
import Tokenizers
import Transformers

/// A folder in the layout of transformers: `config.json`, `model.safetensors` or its shards, and a tokenizer's files.
public enum HuggingFaceFolder {
  /// Whether a path is such a folder.
  public static func matches(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/config.json")
  }

  /// The model of a folder.
  ///
  /// - Parameters:
  ///   - folder: holds the files.
  ///   - name: what to call it; the folder's name unless given.
  /// - Throws: `TensorError` that names the file and the fault, `Interrupted`.
  public static func read(_ folder: String, name: String? = nil) throws -> Model {
    let configuration = try ConfigurationFile(folder + "/config.json")
    let architecture = try FileFault.naming(configuration.path) {
      try HuggingFaceConfiguration.architecture(configuration)
    }
    let tokenizer = try tokenizer(folder)
    let weights = try weights(of: architecture, weightFile(folder))
    return try Model(
      architecture: architecture, weights: weights,
      name: name ?? URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent, tokenizer: tokenizer)
  }

  /// The tokenizer of a folder; nil when it has none.
  ///
  /// - Throws: `TensorError` that names the file.
  public static func tokenizer(_ folder: String) throws -> Tokenizer? {
    try FileFault.naming(folder + "/tokenizer.json") { try Tokenizer.huggingFace(folder: folder) }
  }

  /// The weights' file or files.
  private static func weightFile(_ folder: String) throws -> any WeightFile {
    let manager = FileManager.default
    let single = folder + "/model.safetensors"
    let index = folder + "/model.safetensors.index.json"
    if manager.fileExists(atPath: single) { return try SafetensorsWeights(path: single) }
    if manager.fileExists(atPath: index) { return try ShardedSafetensors(path: index) }
    if manager.fileExists(atPath: folder + "/pytorch_model.bin") {
      throw TensorError.file(
        path: folder, reason: "it has pytorch_model.bin, a pickle that can run code, and no model.safetensors")
    }
    throw TensorError.file(path: folder, reason: "it has neither model.safetensors nor model.safetensors.index.json")
  }

  /// The weights of an architecture from a file with the names of transformers.
  static func weights(of architecture: any Architecture, _ file: any WeightFile) throws -> FloatVector {
    let names = architecture.checkpointNames
    var assembly = WeightAssembly(file)
    // Files of the bare model, such as GPT-2's own, leave the inner model's name out.
    let prefix = names.prefix + "."
    let isBare = !file.arrays.contains { $0.name.hasPrefix(prefix) }
    func stored(_ name: String) -> String {
      isBare && name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    }
    for segment in architecture.layout.segments {
      let name = names.name(of: segment.name) ?? segment.name
      let isTransposed = names.transposesLinear && segment.role == .linear
      assembly.take(segment, from: stored(name), isTransposed ? .transposed : .same)
    }
    for array in file.arrays where isBuffer(array.name) { assembly.ignore(array.name) }
    let tied = "lm_head.weight"
    let hasCopy = architecture.configuration.isTied && assembly.has(tied)
    if hasCopy { assembly.ignore(tied) }
    let weights = try assembly.weights(architecture.layout)
    if hasCopy, let copy = file.arrays.first(where: { $0.name == tied }) {
      try checkCopy(copy, of: architecture.outputTable, architecture.layout, weights, file)
    }
    return weights
  }

  /// Constants that older versions of transformers stored beside the weights.
  private static func isBuffer(_ name: String) -> Bool {
    [".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"].contains { name.hasSuffix($0) }
  }

  /// An output table beside a tied embedding must be the embedding: nothing is skipped that says something else.
  private static func checkCopy(
    _ copy: StoredArray, of table: String, _ layout: ParameterLayout, _ weights: FloatVector, _ file: any WeightFile
  ) throws {
    let segment = try layout.segment(table)
    guard copy.shape == segment.shape else {
      throw TensorError.malformed(
        path: file.path, reason: "\(copy.name) has not the shape of the embedding it is tied to")
    }
    let numbers = try FloatVector(count: copy.count) { try file.read(copy, into: $0) }
    let isEqual = numbers.withPointer { a in
      weights.withPointer { b in memcmp(a, b + segment.offset, copy.count * MemoryLayout<Float>.stride) == 0 }
    }
    if !isEqual {
      throw TensorError.malformed(
        path: file.path,
        reason: "config.json ties the output to the embedding, but \(copy.name) differs from it; "
          + "set tie_word_embeddings to false to use both")
    }
  }
}
