import TVSLanguage
import TaskGeometry
import Tensors

/// A vector split by a subspace, as a value of the language.
final class ProjectionValue: NativeValue, Sendable {
  /// The two parts.
  let projection: Projection
  /// The dimension of the subspace.
  let dimension: Int
  let provenance: Provenance?

  init(_ projection: Projection, dimension: Int, provenance: Provenance? = nil) {
    self.projection = projection
    self.dimension = dimension
    self.provenance = provenance
  }

  var kind: String { "projection" }
  var inline: String {
    "projection of share \(MeasureValue.significant(projection.share, 4)) on dimension \(dimension)"
  }

  private var share: Measure {
    Measure(projection.share, chance: projection.chance.norm, chanceModel: projection.chance.model)
  }
  private var energy: Measure {
    Measure(projection.energy, chance: projection.chance.energy, chanceModel: projection.chance.model)
  }

  func display(_ style: DisplayStyle) -> String {
    let outside = max(0, 1 - projection.energy)
    func row(_ name: String, _ norm: Double?, _ energy: Double, _ note: String) -> [Value] {
      [
        .string(name), norm.map { .number($0) } ?? .nil, .number(energy.squareRoot()), .number(energy), .string(note),
      ]
    }
    var rows = [
      row("inside", projection.inside.norm, projection.energy, ""),
      row("outside", projection.outside.norm, projection.squaredNorm > 0 ? outside : 0, ""),
      row("chance", nil, projection.chance.energy, projection.chance.model),
    ]
    if let predicted = projection.driftNoise { rows.append(row("model", nil, predicted, "constant drift plus noise")) }
    let table = TableValue(names: ["part", "norm", "share", "energy", "of"], rows: rows).display(style)
    let headline = "projection on dimension \(dimension) in \(projection.inside.space)"
    return projection.squaredNorm > 0
      ? headline + "\n" + table : headline + "\n" + table + "\nnothing was projected: the displacement is zero"
  }

  var fieldNames: [String] { ["inside", "outside", "coordinates", "share", "energy"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "inside": .native(DisplacementValue(projection.inside))
    case "outside": .native(DisplacementValue(projection.outside))
    case "coordinates": .native(TensorValue(try reporting { try Tensor(projection.coordinates) }))
    case "share": .native(MeasureValue(share))
    case "energy": .native(MeasureValue(energy))
    default: nil
    }
  }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = (other as? ProjectionValue)?.projection else { return false }
    return other.coordinates == projection.coordinates && other.squaredNorm == projection.squaredNorm
      && other.inside.space == projection.inside.space
  }

  func stamped(_ provenance: Provenance) -> any NativeValue {
    ProjectionValue(projection, dimension: dimension, provenance: provenance)
  }
}
