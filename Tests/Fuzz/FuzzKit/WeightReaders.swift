import Foundation
import ModelFiles

/// Every reader that is fuzzed, a line each.
public enum FuzzReaders {
  /// In the order in which scripts/fuzz runs them.
  public static let all: [FuzzReader] = [
    WeightReaders.safetensors,
    WeightReaders.index,
    WeightReaders.gguf,
    WeightReaders.llama2c,
    ModelReaders.configuration,
    ModelReaders.adapter,
    ModelReaders.ggufModel,
    ModelReaders.tokenizer,
    ModelReaders.vocabulary,
    VectorReaders.control,
    VectorReaders.archive,
    VectorReaders.tensors,
    SessionReaders.session,
  ]
}

enum WeightReaders {
  static let safetensors = FuzzReader(
    "safetensors", fileName: "input.safetensors", structure: .prefixedText,
    seeds: { [try References.bytes("every.safetensors"), try References.bytes("model-00001-of-00002.safetensors")] },
    hostile: { HostileWeights.safetensors },
    read: { try readAll(SafetensorsWeights(path: $0)) })

  static let index = FuzzReader(
    "index", fileName: "input.index.json", structure: .text,
    companions: ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
    seeds: { [try References.bytes("model.safetensors.index.json")] },
    hostile: { HostileWeights.index },
    read: { try readAll(ShardedSafetensors(path: $0)) })

  static let gguf = FuzzReader(
    "gguf", fileName: "input.gguf",
    seeds: { [try References.bytes("every.gguf")] },
    hostile: { HostileWeights.gguf },
    read: { path in
      let file = try GGUFFile(path: path)
      for value in file.metadata.values { _ = (value.string, value.strings, value.ints, value.doubles) }
      try readAll(file)
    })

  static let llama2c = FuzzReader(
    "llama2c", fileName: "input.bin",
    seeds: { [try References.bytes("legacy.llama2c.bin"), try References.bytes("version1.llama2c.bin")] },
    hostile: { HostileWeights.llama2c },
    read: { try readAll(Llama2CFile(path: $0)) })

  private static func readAll(_ file: some WeightFile) throws {
    for array in file.arrays {
      let target = UnsafeMutablePointer<Float>.allocate(capacity: max(array.count, 1))
      defer { target.deallocate() }
      try file.read(array, into: target)
    }
  }
}
