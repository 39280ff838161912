import OrderedCollections
import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// A linear subspace of one parameter space, as a value of the language.
final class SubspaceValue: NativeValue, Sendable {
  /// The subspace.
  let subspace: Subspace
  let provenance: Provenance?

  init(_ subspace: Subspace, provenance: Provenance? = nil) {
    self.subspace = subspace
    self.provenance = provenance
  }

  var kind: String { "subspace" }
  var inline: String { "subspace of dimension \(NumberText.grouped(subspace.dimension)) in \(subspace.space.name)" }

  /// The expression it came from.
  private var source: String { provenance?.expression ?? subspace.source }

  func display(_ style: DisplayStyle) -> String {
    var rows: [(String, String)] = []
    if !source.isEmpty { rows.append(("from", source)) }
    if let origin = subspace.origin { rows.append(("origin", GeometryText.name(origin))) }
    if case .plane(let data, let share) = subspace.lineage {
      rows.append(("holds", "\(MeasureValue.significant(share, 3)) of the second moment of gradients on \(data)"))
    }
    rows.append(("rank", String(subspace.rank.description.dropFirst("rank ".count))))
    return GeometryText.block(
      "subspace of dimension \(NumberText.grouped(subspace.dimension)) in \(subspace.space)", rows)
  }

  // MARK: - Fields and elements

  var fieldNames: [String] { ["dim", "ambient", "origin", "rank", "space", "source"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "dim": .number(Double(subspace.dimension))
    case "ambient": .number(Double(subspace.ambient))
    case "origin": subspace.origin.map { .native(ModelValue($0)) } ?? .nil
    case "rank": .record(rank)
    case "space": .string(subspace.space.description)
    case "source": .string(source)
    default: nil
    }
  }

  private var rank: OrderedDictionary<String, Value> {
    [
      "rank": .number(Double(subspace.rank.rank)), "generators": .number(Double(subspace.rank.generators)),
      "smallest_kept": .number(subspace.rank.smallestKept),
      "largest_dropped": subspace.rank.largestDropped.map { .number($0) } ?? .nil,
      "tolerance": .number(RankDecision.tolerance),
    ]
  }

  var length: Int? { subspace.dimension }

  func element(at subscripts: [Subscript]) throws -> Value? {
    guard subscripts.count == 1, case .value(let index) = subscripts[0], let whole = index.wholeNumber else {
      throw ErrorReport(
        .wrongKind, "a subspace is indexed by the number of a basis vector", help: "as in U[0]",
        argument: "subscripts")
    }
    let position = whole < 0 ? whole + subspace.dimension : whole
    guard position >= 0, position < subspace.dimension else {
      throw ErrorReport(
        .indexOutOfRange, "index \(whole) is outside of a subspace of dimension \(subspace.dimension)",
        label: "indices go from 0 to \(subspace.dimension - 1)", argument: "subscripts")
    }
    return .native(DisplacementValue(try subspace.direction(position)))
  }

  func elements() throws -> [Value]? {
    try (0..<subspace.dimension).map { .native(DisplacementValue(try subspace.direction($0))) }
  }

  /// `x in U`: whether ‖outside‖ ≤ tolerance·‖x‖ with the tolerance of the subspace, 1e-5 or more.
  func contains(_ item: Value) throws -> Bool? {
    if case .native(let native) = item, let other = (native as? SubspaceValue)?.subspace {
      if other.space != subspace.space {
        throw ErrorReport.spaces(other.space, subspace.space, kind: "subspace", argument: "right")
      }
      return try other.complement(of: subspace) == nil
    }
    return try subspace.contains(
      GeometryArguments.displacement(item, for: subspace, argument: "left", subspaceArgument: "right"))
  }

  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? {
    guard operation == .add, case .native(let native) = other, let partner = (native as? SubspaceValue)?.subspace else {
      return nil
    }
    let (left, right) = side == .left ? (subspace, partner) : (partner, subspace)
    if left.space != right.space {
      throw ErrorReport.spaces(left.space, right.space, kind: "subspace", argument: "right")
    }
    return .native(SubspaceValue(try left.sum(right)))
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = (other as? SubspaceValue)?.subspace, other.space == subspace.space else { return false }
    return other.coefficients == subspace.coefficients && other.generators.count == subspace.generators.count
      && zip(other.generators, subspace.generators).allSatisfy { $0.elements == $1.elements }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue { SubspaceValue(subspace, provenance: provenance) }
}
