import ModelFiles
import Tensors

/// The control vectors of llama.cpp (`--control-vector`) and repeng: a GGUF file of the architecture `controlvector` with
/// one tensor `direction.N` for each layer, which is added to the output of block N, counted from 0.
///
/// llama.cpp has no place for block 0 and refuses `direction.0` (common_control_vector_load_one stores N at row N − 1 and
/// llama_adapter_cvec::apply takes row N − 1 for block N). What else is known about a vector stands under `tvs.…`, which
/// both programs pass over.
public enum ControlVectorFile {
  private static let architecture = "controlvector"
  private static let prefix = "tvs."

  /// Writes a vector of block outputs.
  ///
  /// - Throws: ``SteeringError/notStorable(format:reason:help:)`` for another site or block 0, `TensorError`, `Interrupted`.
  public static func write(_ vector: SteeringVector, to path: String) throws {
    guard vector.site == .residPost else {
      throw SteeringError.notStorable(
        format: "GGUF control vector", reason: "it is added to the outputs of blocks, not to \(vector.site.rawValue)",
        help: "save it as .safetensors or .npz, or fit it with site=\"resid_post\"")
    }
    guard vector.layers.first?.index != 0 else {
      throw SteeringError.notStorable(
        format: "GGUF control vector", reason: "llama.cpp has no place for block 0",
        help: vector.layers.count > 1 ? "leave it out: save(v[1:], path)" : "save it as .safetensors or .npz")
    }
    var metadata: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string(architecture)),
      ("\(architecture).model_hint", .string(vector.origin.family)),
      ("\(architecture).layer_count", .count(UInt32(clamping: vector.layers.count))),
    ]
    metadata += SteeringRecord.metadata(of: vector).map { (key: prefix + $0.key, value: .string($0.value)) }
    try GGUFWriter.write(
      metadata: metadata,
      arrays: vector.layers.map { layer in
        GGUFWriter.Array("direction.\(layer.index)", shape: [layer.values.count], values: layer.values)
      }, to: path)
  }

  /// Reads a control vector; nil when the file holds something else. One of another program does not know its model.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public static func read(_ path: String) throws -> SteeringVector? {
    let file = try GGUFFile(path: path)
    guard file.metadata["general.architecture"]?.string == architecture else { return nil }
    func refuse(_ reason: String) -> TensorError { .malformed(path: path, reason: reason) }
    var metadata: [String: String] = [:]
    for (key, value) in file.metadata where key.hasPrefix(prefix) {
      guard let text = value.string else { throw refuse("its \(key) is not text") }
      metadata[String(key.dropFirst(prefix.count))] = text
    }
    if let hint = file.metadata["\(architecture).model_hint"] {
      guard let hint = hint.string else { throw refuse("its model_hint is not text") }
      metadata["family"] = metadata["family"] ?? hint
      metadata["model"] = metadata["model"] ?? hint
    }
    metadata["method"] = metadata["method"] ?? "control vector"
    let directions = try file.arrays.map { array in
      let parts = array.name.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, parts[0] == "direction", let index = SteeringRecord.number(parts[1]), index > 0 else {
        throw refuse("\(array.name) is no direction of a layer")
      }
      guard array.shape.count == 1, array.count > 0 else { throw refuse("\(array.name) is not a vector") }
      var values = [Float](repeating: 0, count: array.count)
      try values.withUnsafeMutableBufferPointer { target in
        if let target = target.baseAddress { try file.read(array, into: target) }
      }
      return (index: index, values: values)
    }
    return try SteeringRecord.vector(directions, metadata: metadata, path: path)
  }
}
