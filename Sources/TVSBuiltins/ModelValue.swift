import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// A model, as a value of the language.
final class ModelValue: NativeValue, Sendable {
  /// The architecture, its weights and its adapter.
  let model: Model
  let provenance: Provenance?

  init(_ model: Model, provenance: Provenance? = nil) {
    self.model = model
    self.provenance = provenance
  }

  var kind: String { "model" }

  var inline: String { "model \(model.name) of \(NumberText.grouped(model.parameterCount)) parameters" }

  func display(_ style: DisplayStyle) -> String {
    let sizes = model.configuration
    var rows = [
      ("parameters", NumberText.grouped(model.parameterCount)),
      (
        "free",
        model.adapter.map { "\(NumberText.grouped(model.freeCount)), rank \($0.shape.rank) on \(targets($0))" } ?? "all"
      ),
      ("sizes", "\(sizes.layers) layers, width \(sizes.width), \(sizes.heads) heads, MLP \(sizes.hidden)"),
      ("reads", "\(sizes.vocabulary) tokens, up to \(sizes.context) at a time"),
    ]
    for edit in model.steering { rows.append(("steered", edit.description)) }
    rows.append(("digest", model.digest))
    return GeometryText.block("model \(model.name)", rows)
  }

  private func targets(_ adapter: Adapter) -> String {
    let words = adapter.shape.targets
    return words.count <= 6
      ? words.joined(separator: ", ") : words[..<5].joined(separator: ", ") + " and \(words.count - 5) more"
  }

  // MARK: - Fields and elements

  var fieldNames: [String] {
    [
      "name", "parameters", "free", "norm", "layers", "width", "heads", "context", "vocabulary", "rank", "digest",
      "blocks", "plain", "steering",
    ]
  }

  func field(_ name: String) throws -> Value? {
    let sizes = model.configuration
    return switch name {
    case "name": .string(model.name)
    case "parameters": .number(Double(model.parameterCount))
    case "free": .number(Double(model.freeCount))
    // Of the free weights: what the length of a displacement is compared with.
    case "norm": .number(model.freeWeights.norm)
    case "layers": .number(Double(sizes.layers))
    case "width": .number(Double(sizes.width))
    case "heads": .number(Double(sizes.heads))
    case "context": .number(Double(sizes.context))
    case "vocabulary": .number(Double(sizes.vocabulary))
    case "rank": model.adapter.map { .number(Double($0.shape.rank)) } ?? .nil
    case "digest": .string(model.digest)
    case "blocks": .list(model.freeLayout.blocks.map { .string($0) })
    case "plain": .native(ModelValue(model.unsteered))
    case "steering": .list(model.steering.map { .string($0.description) })
    default: nil
    }
  }

  /// `model["blocks.0.attn.qkv.weight"]` is that tensor, `model["blocks.0"]` a record of the tensors below.
  func element(at subscripts: [Subscript]) throws -> Value? {
    guard subscripts.count == 1, case .value(.string(let path)) = subscripts[0] else {
      throw ErrorReport(
        .wrongKind, "a model is indexed by the name of a block or of a weight", help: "as in model[\"blocks.0\"]",
        argument: "subscripts")
    }
    do {
      // An adapter's factors and the frozen weights have names of their own.
      if model.adapter != nil, let value = try? ModelWeights.value(under: path, model.freeLayout, model.freeWeights) {
        return value
      }
      return try ModelWeights.value(under: path, model.layout, model.weights)
    } catch TransformerError.unknownSegment(let name, let known) {
      throw ErrorReport(
        .indexOutOfRange, "\(model.name) has no block or weight \(name)",
        help: Spelling.suggestion(for: name, among: known + model.layout.segments.map(\.name))
          ?? "its blocks are \(model.layout.blocks.joined(separator: ", "))", argument: "subscripts")
    }
  }

  // MARK: - Arithmetic

  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? {
    // A model and a displacement are added by the displacement, which knows both.
    guard case .native(let native) = other, let partner = (native as? ModelValue)?.model else { return nil }
    switch operation {
    case .subtract: return try ModelValue.difference(side == .left ? model : partner, side == .left ? partner : model)
    case .equal: return .bool(model.digest == partner.digest)
    case .notEqual: return .bool(model.digest != partner.digest)
    case .add:
      throw ErrorReport(
        .wrongKind, "two models cannot be added", label: "this is a model too",
        help: "add displacements: base + 0.5*(a - base) + 0.5*(b - base)", argument: "right")
    default: return nil
    }
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = (other as? ModelValue)?.model else { return false }
    return other.name == model.name && other.digest == model.digest
  }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    var provenance = provenance
    provenance.digests = [model.digest]
    return ModelValue(model, provenance: provenance)
  }
}

/// Weights of a model as tensors.
enum ModelWeights {
  /// The tensor of a segment, or a record of those under a path, by the rest of their names.
  ///
  /// - Throws: `TransformerError.unknownSegment` when nothing has that name, `TensorError`.
  static func value(under path: String, _ layout: ParameterLayout, _ weights: FloatVector) throws -> Value {
    let segments = try layout.segments(under: path)
    if let only = segments.first, only.name == path { return TensorValue.value(try tensor(only, weights)) }
    var fields: [(String, Value)] = []
    for segment in segments {
      fields.append((String(segment.name.dropFirst(path.count + 1)), TensorValue.value(try tensor(segment, weights))))
    }
    return .record(.init(uniqueKeysWithValues: fields))
  }

  /// A copy of one segment.
  static func tensor(_ segment: Segment, _ weights: FloatVector) throws -> Tensor {
    try weights.withPointer { base in
      try Tensor(float32: segment.shape) { out, count in out.update(from: base + segment.offset, count: count) }
    }
  }
}
