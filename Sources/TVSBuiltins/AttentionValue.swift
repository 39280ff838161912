import Foundation
import TVSLanguage
import Tensors

/// What the heads of a model attend to in one text, as a value of the language.
final class AttentionValue: NativeValue, Sendable {
  /// The name of the model and its digest.
  let model: (name: String, digest: String)
  /// The tokens as text, or their numbers where the model has no tokenizer.
  let tokens: [String]
  /// The blocks and the heads that were read.
  let layers: [Int]
  let heads: [Int]
  /// float32 of layers × heads × tokens × tokens: how much the token of a row attends to that of a column.
  let weights: Tensor
  let provenance: Provenance?

  init(
    model: (name: String, digest: String), tokens: [String], layers: [Int], heads: [Int], weights: Tensor,
    provenance: Provenance? = nil
  ) {
    self.model = model
    self.tokens = tokens
    self.layers = layers
    self.heads = heads
    self.weights = weights
    self.provenance = provenance
  }

  var kind: String { "attention" }

  var inline: String { "attention of \(place) over \(tokens.count) token\(tokens.count == 1 ? "" : "s")" }

  private var place: String {
    func some(_ numbers: [Int], _ noun: String) -> String {
      numbers.count == 1 ? "\(noun) \(numbers[0])" : "\(numbers.count) \(noun)s"
    }
    return "\(some(heads, "head")) in \(some(layers, "layer")) of \(model.name)"
  }

  func display(_ style: DisplayStyle) -> String { inline + "\n" + table.display(style) }

  // MARK: - Heads

  /// What one head does, beside what it would do if it attended to all that it sees alike.
  struct Summary {
    /// Mean entropy of the rows after the first token, in nats.
    var entropy = 0.0
    /// The same of uniform attention: ln(t + 1).
    var uniformEntropy = 0.0
    /// Mean weight on the first token, on the token before, and on the token itself.
    var (first, previous, own) = (0.0, 0.0, 0.0)
    /// The same of uniform attention, which is alike for the three: 1 / (t + 1).
    var uniform = 0.0
  }

  /// The first token sees only itself and tells nothing, so that means are over the others; NaN where there is none.
  func summary(layer: Int, head: Int) -> Summary {
    let count = tokens.count
    let values = pattern(layer: layer, head: head)
    var result = Summary()
    for row in 1..<max(1, count) {
      let weights = values[row * count...row * count + row]
      result.entropy += weights.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
      result.uniformEntropy += log(Double(row + 1))
      result.first += values[row * count]
      result.previous += values[row * count + row - 1]
      result.own += values[row * count + row]
      result.uniform += 1 / Double(row + 1)
    }
    let rows = count > 1 ? Double(count - 1) : .nan
    for path: WritableKeyPath<Summary, Double> in [
      \.entropy, \.uniformEntropy, \.first, \.previous, \.own, \.uniform,
    ] { result[keyPath: path] /= rows }
    return result
  }

  /// The weights of one head by its place among those that were read, row by row.
  func pattern(layer: Int, head: Int) -> [Double] {
    let size = tokens.count * tokens.count
    let first = (layer * heads.count + head) * size
    return weights.floats[first..<first + size].map(Double.init)
  }

  /// A row a head.
  var table: TableValue {
    var rows: [[Value]] = []
    for (layer, number) in layers.enumerated() {
      for (head, name) in heads.enumerated() {
        let summary = summary(layer: layer, head: head)
        rows.append(
          [
            Double(number), Double(name), summary.entropy, summary.uniformEntropy, summary.first, summary.previous,
            summary.own, summary.uniform,
          ].map { $0.isNaN ? .nil : .number($0) })
      }
    }
    return TableValue(
      names: ["layer", "head", "entropy", "chance_entropy", "first", "previous", "self", "chance"], rows: rows)
  }

  /// Without the axes of a single layer or head.
  private var squeezed: Tensor {
    let count = tokens.count
    let shape = (layers.count == 1 ? [] : [layers.count]) + (heads.count == 1 ? [] : [heads.count]) + [count, count]
    return (try? weights.reshaped(shape)) ?? weights
  }

  // MARK: - Capabilities

  var fieldNames: [String] { ["weights", "tokens", "layers", "heads", "table", "digest"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "weights": TensorValue.value(squeezed)
    case "tokens": .list(tokens.map { .string($0) })
    case "layers": .list(layers.map { .number(Double($0)) })
    case "heads": .list(heads.map { .number(Double($0)) })
    case "table": .native(table)
    case "digest": .string(model.digest)
    default: nil
    }
  }

  /// As the weights are indexed.
  func element(at subscripts: [Subscript]) throws -> Value? { try TensorValue(squeezed).element(at: subscripts) }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = other as? AttentionValue else { return false }
    return other.model.digest == model.digest && other.tokens == tokens && other.layers == layers
      && other.heads == heads && TensorValue(weights).isSame(as: TensorValue(other.weights))
  }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    var provenance = provenance
    provenance.digests = [model.digest]
    return AttentionValue(
      model: model, tokens: tokens, layers: layers, heads: heads, weights: weights, provenance: provenance)
  }
}

extension AttentionValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [
      ("model", Saved.text(model.name)), ("digest", Saved.text(model.digest)),
      ("tokens", Saved.list(tokens.map(Saved.text))), ("layers", try Saved.code(layers)),
      ("heads", try Saved.code(heads)), ("weights", writer.tensor(weights)),
    ]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    let tokens = try node.list("tokens").map { try $0.asText() }
    let layers = try node.list("layers").map { try $0.asWhole() }
    let heads = try node.list("heads").map { try $0.asWhole() }
    let weights = try reader.tensor(node, "weights")
    guard weights.shape == [layers.count, heads.count, tokens.count, tokens.count], weights.count > 0 else {
      throw node.fault("attention has not as many weights as tokens")
    }
    return AttentionValue(
      model: (try node.text("model"), try node.text("digest")), tokens: tokens, layers: layers, heads: heads,
      weights: weights)
  }
}
