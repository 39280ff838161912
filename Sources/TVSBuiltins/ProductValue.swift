import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// What an adapter adds to its base, or a change of it, as products (α/r)·B·A that are never multiplied out.
final class ProductValue: NativeValue, Sendable {
  /// The products in factored form.
  let delta: FactoredDelta
  /// ‖ΔW‖ over all layers.
  let norm: Double
  /// The space of factors it came from.
  let space: ParameterSpace
  let provenance: Provenance?

  init(_ delta: FactoredDelta, space: ParameterSpace) throws {
    self.delta = delta
    self.space = space
    norm = try delta.norm()
    provenance = nil
  }

  private init(_ value: ProductValue, _ provenance: Provenance) {
    delta = value.delta
    norm = value.norm
    space = value.space
    self.provenance = provenance
  }

  var kind: String { "product" }
  var inline: String {
    "product of norm \(MeasureValue.significant(norm, 4)) in \(delta.blocks.count) layers of \(space.name)"
  }

  func display(_ style: DisplayStyle) -> String {
    GeometryText.block(
      "product B·A in \(delta.blocks.count) layer\(delta.blocks.count == 1 ? "" : "s") of \(space)",
      [
        ("norm", MeasureValue.significant(norm, style.digits)), ("layers", GeometryText.blocks(shares)),
        (
          "size",
          "\(NumberText.grouped(delta.productCount)) weights, held as \(NumberText.grouped(delta.factorCount)) factors"
        ),
      ])
  }

  private var shares: [(block: String, share: Double)] {
    let parts = delta.blocks.map { block in
      let length = (try? FactoredDelta(blocks: [block]).norm()) ?? 0
      return (block: block.layer, share: norm > 0 ? length * length / (norm * norm) : 0)
    }
    return parts.sorted { $0.share > $1.share }
  }

  var fieldNames: [String] { ["norm", "layers"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "norm": .number(norm)
    case "layers":
      .native(TableValue(names: ["layer", "share"], rows: shares.map { [.string($0.block), .number($0.share)] }))
    default: nil
    }
  }

  var length: Int? { delta.blocks.count }

  /// One layer's product, multiplied out: outputs × inputs.
  func element(at subscripts: [Subscript]) throws -> Value? {
    let layers = delta.blocks.map(\.layer)
    guard subscripts.count == 1, case .value(.string(let name)) = subscripts[0] else {
      throw ErrorReport(
        .wrongKind, "a product is indexed by the name of a layer",
        help: "as in x[\"\(layers.first ?? "blocks.0.attn.qkv")\"]", argument: "subscripts")
    }
    guard let block = delta.blocks.first(where: { $0.layer == name }) else {
      throw ErrorReport(
        .indexOutOfRange, "the adapter does not sit on \(name)",
        help: Spelling.suggestion(for: name, among: layers) ?? "its layers are \(layers.joined(separator: ", "))",
        argument: "subscripts")
    }
    return .native(
      TensorValue(
        try reporting {
          let b = try Tensor(block.b.map { Double($0) * block.scale }, shape: [block.outputs, block.rank])
          return try b.matrixProduct(Tensor(block.a.map(Double.init), shape: [block.rank, block.inputs]))
        }))
  }

  func reduced(_ function: String, axis: Int?) throws -> Value? {
    function == "norm" && axis == nil ? .number(norm) : nil
  }

  func paired(_ function: String, with other: Value, options: [String: Value]) throws -> Value? {
    guard function == "dot" || function == "cos", case .native(let native) = other,
      let partner = native as? ProductValue
    else { return nil }
    let dot = try delta.dot(partner.delta)
    if function == "dot" { return .number(dot) }
    guard norm > 0, partner.norm > 0 else {
      throw ErrorReport(.degenerate, "cos: one of the products is zero")
    }
    return .number(max(-1, min(1, dot / (norm * partner.norm))))
  }

  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? {
    if let factor = other.numberValue, operation == .multiply || (operation == .divide && side == .left && factor != 0)
    {
      let delta = delta.scaled(by: operation == .multiply ? factor : 1 / factor)
      return .native(try ProductValue(delta, space: space))
    }
    guard operation == .add || operation == .subtract, case .native(let native) = other,
      let partner = native as? ProductValue
    else { return nil }
    let (left, right) = side == .left ? (delta, partner.delta) : (partner.delta, delta)
    return .native(
      try reporting {
        try ProductValue(operation == .add ? left.adding(right) : left.subtracting(right), space: space)
      })
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = other as? ProductValue, other.space == space else { return false }
    return zip(other.delta.blocks, delta.blocks).allSatisfy { $0.a == $1.a && $0.b == $1.b && $0.scale == $1.scale }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue { ProductValue(self, provenance) }
}
