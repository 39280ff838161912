import Plots
import Steering
import TVSLanguage
import Tensors

extension SteeringValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    let directions = try vector.layers.map { layer in
      Saved.object([
        ("layer", Saved.whole(layer.index)), ("array", writer.tensor(try Tensor(layer.values))),
      ])
    }
    return [
      ("directions", Saved.list(directions)),
      ("facts", Saved.list(vector.metadata.flatMap { [Saved.text($0.key), Saved.text($0.value)] })),
      ("notes", try writer.notes(notes)),
    ]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    let directions = try node.list("directions").map { layer in
      (index: try layer.whole("layer"), values: try reader.tensor(layer, "array").doubles.map { Float($0) })
    }
    let facts = try node.list("facts").map { try $0.asText() }
    guard facts.count.isMultiple(of: 2) else { throw node.fault("a steering vector lacks a fact") }
    let metadata = stride(from: 0, to: facts.count, by: 2).map { (facts[$0], facts[$0 + 1]) }
    return SteeringValue(
      try SteeringVector(
        directions, metadata: Dictionary(metadata, uniquingKeysWith: { _, last in last }), path: reader.path),
      notes: try reader.notes(node))
  }
}

extension PlotValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] { [("picture", try Saved.code(picture))] }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    PlotValue(try node.code("picture"))
  }
}
