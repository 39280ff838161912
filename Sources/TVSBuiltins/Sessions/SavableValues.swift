import OrderedCollections
import TVSLanguage
import Tensors

// Plain numbers: what needs no model.

extension TensorValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [("array", writer.tensor(tensor))] + (tensor.isMask ? [("mask", "true")] : [])
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    let tensor = try reader.tensor(node, "array")
    return TensorValue(node["mask"] == nil ? tensor : tensor.asMask())
  }
}

extension MeasureValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [("measure", try Saved.code(measure)), ("notes", try writer.notes(notes))]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    MeasureValue(try node.code("measure"), notes: try reader.notes(node))
  }
}

extension TableValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [
      ("columns", try writer.notes(columns.mapValues { .list($0) })), ("rows", Saved.whole(rowCount)),
      ("notes", try writer.notes(notes)),
    ]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    var columns: OrderedDictionary<String, [Value]> = [:]
    for (name, column) in try reader.notes(node, "columns") {
      guard case .list(let cells) = column, cells.count == (try node.whole("rows")) else {
        throw node.fault("a column has not as many cells as its table")
      }
      columns[name] = cells
    }
    return TableValue(columns: columns, notes: try reader.notes(node))
  }
}

extension PredictionValue: SavableValue {
  func save(_ writer: inout SessionWriter) throws -> [(String, String)] {
    [
      ("headline", Saved.text(headline)),
      (
        "quantities",
        Saved.list(
          try quantities.map {
            Saved.object([
              ("name", Saved.text($0.name)), ("value", try writer.value($0.value)), ("note", Saved.text($0.note)),
            ])
          })
      ),
    ]
  }

  static func restore(_ node: SavedNode, _ reader: SessionReader) throws -> any NativeValue {
    PredictionValue(
      try node.text("headline"),
      try node.list("quantities").map { item in
        Quantity(
          try item.text("name"), try item["value"].map { try reader.value($0) } ?? .nil, try item.text("note"))
      })
  }
}
