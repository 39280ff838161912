import Foundation
import Tensors
import Tokenizers
import Transformers

extension HuggingFaceFolder {
  /// What a model's folder may hold, ours or that of transformers.
  static let knownFiles: Set<String> = [
    "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
    "chat_template.jinja",
  ]

  /// Writes a model without an adapter as a folder that transformers loads.
  ///
  /// - Throws: `TensorError`, `TransformerError.alreadyAdapted` for a model with an adapter, `TransformerError.steered`,
  ///   `TokenizerError`, `Interrupted`.
  public static func write(_ model: Model, to path: String) throws {
    try model.requireUnsteered()
    if model.adapter != nil { throw TransformerError.alreadyAdapted(model: model.name) }
    let configuration = try HuggingFaceConfiguration.json(model)
    let generation = "generation_config.json"
    let tokenizerFiles = try model.tokenizer?.huggingFaceFiles() ?? []
    try FolderWriter.write(path, known: knownFiles) { folder in
      try FileAccess.write("\(folder)/config.json") { try $0.write(configuration) }
      for file in tokenizerFiles {
        try FileAccess.write("\(folder)/\(file.name)") { try $0.write(file.contents) }
      }
      if let ends = model.tokenizer?.stops, !ends.isEmpty, !tokenizerFiles.contains(where: { $0.name == generation }) {
        let list = ends.sorted().map(String.init).joined(separator: ", ")
        try FileAccess.write("\(folder)/\(generation)") { try $0.write("{\n  \"eos_token_id\": [\(list)]\n}\n") }
      }
      try writeWeights(model, to: "\(folder)/model.safetensors")
    }
  }

  /// Writes the weights under the names of transformers.
  static func writeWeights(_ model: Model, to path: String) throws {
    let names = model.architecture.checkpointNames
    let entries = model.layout.segments.map { segment in
      let isTransposed = names.transposesLinear && segment.role == .linear
      let shape = isTransposed ? segment.shape.reversed() : segment.shape
      return SafetensorsFile.Entry(name: names.name(of: segment.name) ?? segment.name, shape: Array(shape)) { sink in
        try model.weights.write(segment, transposed: isTransposed, to: &sink)
      }
    }
    // transformers asks for the format; without it, it refuses the file.
    try SafetensorsFile.write(entries, metadata: ["format": "pt"], to: path)
  }
}

extension FloatVector {
  /// Writes one segment of a flat buffer.
  func write(_ segment: Segment, transposed: Bool = false, to sink: inout FileSink) throws {
    guard transposed else {
      return try withPointer {
        try sink.write(UnsafeRawBufferPointer(start: $0 + segment.offset, count: 4 * segment.count))
      }
    }
    let copy = try withPointer { base in
      try FloatVector(count: segment.count) {
        transpose(base + segment.offset, rows: segment.rows, columns: segment.columns, into: $0)
      }
    }
    try copy.withPointer { try sink.write(UnsafeRawBufferPointer(start: $0, count: 4 * segment.count)) }
  }
}
