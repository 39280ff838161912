import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// Gradients of which only sketches are kept, as a value of the language.
final class SketchValue: NativeValue, Sendable {
  /// The sketches.
  let sketch: GradientSketch
  let provenance: Provenance?

  init(_ sketch: GradientSketch, provenance: Provenance? = nil) {
    self.sketch = sketch
    self.provenance = provenance
  }

  var kind: String { "sketch" }
  var inline: String {
    "sketch of \(NumberText.grouped(sketch.norms.count)) gradients on \(sketch.data), size \(NumberText.grouped(sketch.map.size))"
  }

  private var error: Measure {
    Measure(sketch.measuredError, chance: sketch.expectedError, chanceModel: "√(2/size)")
  }

  func display(_ style: DisplayStyle) -> String {
    var rows = [
      ("on", sketch.data),
      ("size", "\(NumberText.grouped(sketch.map.size)) for \(NumberText.grouped(sketch.map.ambient)) weights"),
      (
        "error",
        "\(MeasureValue.significant(sketch.measuredError, 2)) of a squared length; √(2/size) is \(MeasureValue.significant(sketch.expectedError, 2))"
      ),
    ]
    if let rank = try? sketch.effectiveRank() { rows.append(("r90", MeasureValue(rank).display(style))) }
    let count = sketch.norms.count
    return GeometryText.block(
      "sketch of \(NumberText.grouped(count)) gradient\(count == 1 ? "" : "s") in \(sketch.space)", rows)
  }

  var fieldNames: [String] { ["size", "ambient", "norms", "error", "gram", "data"] }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "size": .number(Double(sketch.map.size))
    case "ambient": .number(Double(sketch.map.ambient))
    case "norms": .native(TensorValue(try reporting { try Tensor(sketch.norms) }))
    case "error": .native(MeasureValue(error))
    case "gram":
      .native(
        TensorValue(
          try reporting {
            let count = sketch.norms.count
            return try Tensor(sketch.gram().values, shape: [count, count])
          }))
    case "data": .string(sketch.data)
    default: nil
    }
  }

  var length: Int? { sketch.norms.count }

  func isSame(as other: any NativeValue) -> Bool {
    guard let other = (other as? SketchValue)?.sketch else { return false }
    return other.map == sketch.map && other.space == sketch.space && other.norms == sketch.norms
      && zip(other.sketches, sketch.sketches).allSatisfy { $0.elements == $1.elements }
  }

  func stamped(_ provenance: Provenance) -> any NativeValue { SketchValue(sketch, provenance: provenance) }
}
