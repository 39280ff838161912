/// What a family's weights are called in the files of transformers and in the module names of peft.
///
/// Ours are the same for every family (`blocks.3.attn.q.weight`), so that scripts need not know it; people know theirs
/// (`model.layers.3.self_attn.q_proj.weight`), so adapters take either.
public struct CheckpointNames: Sendable, Hashable {
  /// The inner model's name, such as `model`, which files of the bare model leave out.
  public let prefix: String
  /// Our path and theirs without the prefix; `#` stands for the number of the block.
  let paths: [Path]
  /// Whether linear layers are stored inputs × outputs, as GPT-2's Conv1D does.
  public let transposesLinear: Bool

  struct Path: Sendable, Hashable {
    let ours, theirs: String
  }

  /// Names from pairs of ours and theirs.
  init(
    prefix: String, transposesLinear: Bool = false, _ paths: KeyValuePairs<String, String>,
    _ others: KeyValuePairs<String, String> = [:]
  ) {
    self.prefix = prefix
    self.transposesLinear = transposesLinear
    self.paths = (Array(paths) + Array(others)).map { Path(ours: $0.key, theirs: $0.value) }
  }

  /// The name in a file of the whole model, such as `model.layers.3.self_attn.q_proj.weight`.
  ///
  /// - Parameter segment: ours, such as `blocks.3.attn.q.weight`.
  /// - Returns: nil when the family has no such segment.
  public func name(of segment: String) -> String? {
    if segment == "output.weight" { return "lm_head.weight" }
    return translated(segment).map { "\(prefix).\($0.path).\($0.leaf)" }
  }

  /// A linear layer's module name in transformers, such as `model.layers.3.self_attn.q_proj`, as peft writes it.
  ///
  /// - Parameter layer: ours, such as `blocks.3.attn.q`.
  public func module(of layer: String) -> String? {
    name(of: layer + ".weight").map { String($0.dropLast(".weight".count)) }
  }

  /// Path and last component of a segment, in their words.
  private func translated(_ segment: String) -> (path: String, leaf: String)? {
    var parts = segment.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    var number = ""
    if parts.count > 2, parts[0] == "blocks" {
      number = parts[1]
      parts[1] = "#"
    }
    let whole = parts.joined(separator: ".")
    for path in paths {
      let leaf: String
      if whole == path.ours {
        leaf = "weight"
      } else if whole.hasPrefix(path.ours + ".") {
        leaf = String(whole.dropFirst(path.ours.count + 1))
      } else {
        continue
      }
      guard let theirs = ["weight": "weight", "gain": "weight", "bias": "bias"][leaf] else { continue }
      return (path.theirs.split(separator: "#", omittingEmptySubsequences: false).joined(separator: number), theirs)
    }
    return nil
  }
}
