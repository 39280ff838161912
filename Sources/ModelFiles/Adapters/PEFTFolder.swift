import Foundation
import Tensors
import Transformers

/// A LoRA adapter's folder in the layout of peft: `adapter_config.json` and `adapter_model.safetensors`.
public enum PEFTFolder {
  static let configurationName = "adapter_config.json"
  /// The file of factors.
  public static let weightsName = "adapter_model.safetensors"
  /// What peft puts before every module's name.
  static let prefix = "base_model.model."

  /// Whether a path is such a folder.
  public static func matches(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(configurationName)")
  }

  /// The model that an adapter's folder was made for, as the folder says it: a path or a name on the hub.
  ///
  /// - Throws: `TensorError`.
  public static func baseName(_ folder: String) throws -> String? {
    try ConfigurationFile("\(folder)/\(configurationName)").string("base_model_name_or_path")
  }

  /// A base with the adapter of a folder.
  ///
  /// - Throws: `TensorError` for damage and for what is not plain LoRA, `TransformerError` when the adapter does not fit
  ///   the base, `Interrupted`.
  public static func read(_ folder: String, base: Model) throws -> Model {
    if base.adapter != nil { throw TransformerError.alreadyAdapted(model: base.name) }
    let configuration = try ConfigurationFile("\(folder)/\(configurationName)")
    let (rank, alpha) = try scale(configuration)
    let file = try SafetensorsWeights(path: "\(folder)/\(weightsName)")
    let layers = try layers(of: file, base)
    let targets = try targets(configuration, base, layers)
    let shape = try FileFault.naming(configuration.path) {
      try base.adapterShape(rank: rank, alpha: alpha, targets: targets)
    }
    var assembly = WeightAssembly(file)
    for segment in shape.layout.segments { assembly.take(segment, from: try name(of: segment, base)) }
    let factors = try assembly.weights(shape.layout)
    var model = try base.with(adapter: Adapter(shape: shape, factors: factors))
    model.name = "\(base.name)/lora-\(rank)"
    return model
  }

  /// Rank and effective α. With rank-stabilised scaling (Kalajdzievski, arXiv 2312.03732) the factor is α/√r.
  private static func scale(_ file: ConfigurationFile) throws -> (rank: Int, alpha: Double) {
    guard try file.string("peft_type") ?? "LORA" == "LORA" else {
      throw file.unsupported("peft_type", "and only LORA is built in")
    }
    for name in ["use_dora", "use_qalora", "lora_bias"] where try file.flag(name) ?? false {
      throw file.unsupported(name, "and only plain LoRA is built in")
    }
    for name in ["rank_pattern", "alpha_pattern"] {
      if let pattern = try file.object(name), !pattern.names.isEmpty {
        throw file.unsupported(name, "and one rank and one alpha for all layers are built in")
      }
    }
    for name in ["modules_to_save", "trainable_token_indices", "target_parameters", "layer_replication"]
    where file.has(name) {
      throw file.unsupported(name, "and only plain LoRA is built in")
    }
    if let bias = try file.string("bias"), bias != "none" {
      throw file.unsupported("bias", "and only none is built in")
    }
    let rank = try file.requiredInteger("r")
    guard let alpha = try file.double("lora_alpha") else {
      throw TensorError.malformed(path: file.path, reason: "lora_alpha is missing")
    }
    guard rank > 0 else { throw file.unsupported("r", "and a rank is at least 1") }
    return (rank, try file.flag("use_rslora") ?? false ? alpha * Double(rank).squareRoot() : alpha)
  }

  /// The layers that the file holds factors for, in the order of the base.
  private static func layers(of file: any WeightFile, _ base: Model) throws -> [String] {
    let held = Set(file.arrays.map(\.name))
    let names = base.architecture.checkpointNames
    return base.linearLayers.filter { layer in
      names.module(of: layer).map { held.contains("\(prefix)\($0).lora_A.weight") } ?? false
    }
  }

  /// What the configuration calls the layers, if that selects just those; else their own names.
  private static func targets(_ file: ConfigurationFile, _ base: Model, _ layers: [String]) throws -> [String] {
    guard !layers.isEmpty else {
      throw TensorError.malformed(
        path: file.path, reason: "the adapter sits on no layer of \(base.name); it was made for another base")
    }
    if let listed = try? file.strings("target_modules") {
      let selected = Set(listed.flatMap { base.linearLayers(matching: $0) })
      if selected == Set(layers) { return listed.sorted() }
    }
    return layers
  }

  /// The name of a factor in the file.
  static func name(of segment: Segment, _ base: Model) throws -> String {
    let (layer, factor) = (String(segment.name.dropLast(2)), segment.role == .down ? "lora_A" : "lora_B")
    guard let module = base.architecture.checkpointNames.module(of: layer) else {
      throw TransformerError.unknownSegment(name: layer, known: base.linearLayers)
    }
    return "\(prefix)\(module).\(factor).weight"
  }
}
