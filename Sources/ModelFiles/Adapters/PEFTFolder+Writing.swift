import Foundation
import Tensors
import Transformers

extension PEFTFolder {
  /// What an adapter's folder may hold, ours or that of peft.
  static let knownFiles: Set<String> = [configurationName, weightsName, "README.md"]

  /// Writes a model's adapter as a folder that peft loads onto the same base.
  ///
  /// - Throws: `TransformerError.notAdapted`, `TransformerError.steered`, `TensorError`, `Interrupted`.
  public static func write(_ model: Model, to path: String) throws {
    try model.requireUnsteered()
    guard let adapter = model.adapter else { throw TransformerError.notAdapted(model: model.name) }
    let shape = adapter.shape
    let modules = shape.layers.compactMap { model.architecture.checkpointNames.module(of: $0) }
    let fields: [String: Any] = [
      "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": shape.rank, "lora_alpha": shape.alpha,
      "target_modules": targets(modules, model), "bias": "none", "lora_dropout": 0.0, "use_rslora": false,
      "use_dora": false, "fan_in_fan_out": model.architecture.checkpointNames.transposesLinear,
      "inference_mode": true, "init_lora_weights": true, "base_model_name_or_path": NSNull(),
    ]
    let json = try JSONSerialization.data(
      withJSONObject: fields, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    let entries = try shape.layout.segments.map { segment in
      SafetensorsFile.Entry(name: try name(of: segment, model), shape: segment.shape) { sink in
        try adapter.factors.write(segment, to: &sink)
      }
    }
    try FolderWriter.write(path, known: knownFiles) { folder in
      try FileAccess.write("\(folder)/\(configurationName)") {
        try $0.write(String(decoding: json, as: UTF8.self) + "\n")
      }
      try SafetensorsFile.write(entries, metadata: ["format": "pt"], to: "\(folder)/\(weightsName)")
    }
  }

  /// Short names such as `q_proj` when they mean just these modules, else the whole names.
  private static func targets(_ modules: [String], _ model: Model) -> [String] {
    let names = model.architecture.checkpointNames
    let all = model.linearLayers.compactMap { names.module(of: $0) }
    func leaf(_ module: String) -> String { String(module.split(separator: ".").last ?? "") }
    let leaves = Set(modules.map(leaf))
    return Set(all.filter { leaves.contains(leaf($0)) }) == Set(modules) ? leaves.sorted() : modules
  }
}
