import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// A vector in a model's free-parameter space, as a value of the language.
final class DisplacementValue: NativeValue, Sendable {
  /// The vector.
  let displacement: Displacement
  /// How it was found: lines of its display, and fields.
  let notes: Notes
  let provenance: Provenance?

  init(_ displacement: Displacement, notes: Notes = [:], provenance: Provenance? = nil) {
    self.displacement = displacement
    self.notes = notes
    self.provenance = provenance
  }

  var kind: String { "displacement" }

  var inline: String {
    "displacement of norm \(MeasureValue.significant(displacement.norm, 4)) in \(displacement.space.name)"
  }

  func display(_ style: DisplayStyle) -> String {
    var rows = [("norm", MeasureValue.significant(displacement.norm, style.digits))]
    rows.append(("blocks", GeometryText.blocks(displacement.blockShares)))
    if let origin = displacement.origin { rows.append(("origin", GeometryText.name(origin))) }
    rows += notes.lines(style)
    return GeometryText.block("displacement in \(displacement.space)", rows)
  }

  // MARK: - Fields and elements

  var fieldNames: [String] { ["norm", "blocks", "origin", "space", "values"] + notes.keys }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "norm": .number(displacement.norm)
    case "blocks":
      .native(
        TableValue(
          names: ["block", "share"],
          rows: displacement.blockShares.map { [.string($0.block), .number($0.share)] }))
    case "origin": displacement.origin.map { .native(ModelValue($0)) } ?? .nil
    case "space": .string(displacement.space.description)
    case "values": .native(TensorValue(try reporting { try Tensor(displacement.vector) }))
    default: notes[name]
    }
  }

  var length: Int? { displacement.vector.count }

  func element(at subscripts: [Subscript]) throws -> Value? {
    guard subscripts.count == 1, case .value(.string(let block)) = subscripts[0] else {
      throw ErrorReport(
        .wrongKind, "a displacement is indexed by the name of a block", help: "as in x[\"blocks.0\"]",
        argument: "subscripts")
    }
    do {
      return .native(DisplacementValue(try displacement.restricted(to: block)))
    } catch TransformerError.unknownSegment(let name, let known) {
      throw ErrorReport(
        .indexOutOfRange, "\(displacement.space.name) has no block \(name)",
        help: Spelling.suggestion(for: name, among: known)
          ?? "its blocks are \(displacement.space.layout.blocks.joined(separator: ", "))", argument: "subscripts")
    }
  }

  // MARK: - Arithmetic

  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? {
    if case .native(let native) = other {
      if let partner = (native as? DisplacementValue)?.displacement {
        let (left, right) = side == .left ? (displacement, partner) : (partner, displacement)
        return try DisplacementValue.combined(operation, left, right)
      }
      if let model = (native as? ModelValue)?.model { return try moved(model, operation, side) }
    }
    guard let number = other.numberValue else { return nil }
    switch operation {
    case .multiply: return .native(DisplacementValue(try displacement.scaled(by: number)))
    case .divide where side == .left:
      guard number != 0 else {
        throw ErrorReport(.arithmetic, "a displacement is divided by zero", label: "this is 0", argument: "right")
      }
      return .native(DisplacementValue(try displacement.scaled(by: 1 / number)))
    default: return nil
    }
  }

  private static func combined(
    _ operation: BinaryOperator, _ left: Displacement, _ right: Displacement
  ) throws -> Value? {
    guard operation == .add || operation == .subtract else { return nil }
    if left.space != right.space {
      throw ErrorReport.spaces(left.space, right.space, kind: "displacement", argument: "right")
    }
    return .native(
      DisplacementValue(operation == .add ? try left.adding(right) : try left.subtracting(right)))
  }

  /// model + displacement, displacement + model, model − displacement.
  private func moved(_ model: Model, _ operation: BinaryOperator, _ side: OperandSide) throws -> Value? {
    guard operation == .add || (operation == .subtract && side == .right) else { return nil }
    if model.parameterSpace != displacement.space {
      throw ErrorReport(
        .spaceMismatch, "the model and the displacement live in different spaces",
        label: "lives in \(displacement.space); the model is \(model.parameterSpace.shortDescription)",
        help: "a displacement moves models of the space it was measured in",
        argument: side == .right ? "right" : "left")
    }
    return .native(ModelValue(try model.moved(by: displacement, scale: operation == .add ? 1 : -1)))
  }

  func negated() throws -> Value? { .native(DisplacementValue(try displacement.scaled(by: -1))) }

  func reduced(_ function: String, axis: Int?) throws -> Value? {
    function == "norm" && axis == nil ? .number(displacement.norm) : nil
  }

  func paired(_ function: String, with other: Value, options: [String: Value]) throws -> Value? {
    try DisplacementValue.paired(function, displacement, with: other, options)
  }

  /// `dot` and `cos` of a displacement and of another one or a run, in the weights or in the products of an adapter.
  static func paired(
    _ function: String, _ left: Displacement, with other: Value, _ options: [String: Value]
  ) throws -> Value? {
    guard function == "dot" || function == "cos" else { return nil }
    let right = try GeometryArguments.displacement(other, argument: "b")
    if left.space != right.space {
      throw ErrorReport.spaces(left.space, right.space, kind: "displacement", argument: "b")
    }
    let isProduct = try GeometryArguments.isProduct(options)
    return switch (function, isProduct) {
    case ("dot", true): .number(try ProductView.dot(left, right))
    case ("dot", false): .number(try left.dot(right))
    case (_, true): .number(try ProductView.cosine(left, right))
    case (_, false): .number(try left.cosine(right))
    }
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = (other as? DisplacementValue)?.displacement, other.space == displacement.space else {
      return false
    }
    return displacement.vector.elements.elementsEqual(other.vector.elements) { $0.bitPattern == $1.bitPattern }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    DisplacementValue(displacement, notes: notes, provenance: provenance)
  }
}

extension ModelValue {
  /// What `model − model` gives: a displacement that remembers both.
  static func difference(_ left: Model, _ right: Model) throws -> Value {
    if left.parameterSpace != right.parameterSpace {
      throw ErrorReport.spaces(left.parameterSpace, right.parameterSpace, kind: "model", argument: "right")
    }
    return .native(DisplacementValue(try left.displacement(from: right)))
  }
}
