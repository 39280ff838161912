import OrderedCollections
import TVSLanguage

/// Making tables.
enum TableBuiltins {
  /// All records.
  static let all: [Builtin] = [table]

  private static let table = Builtin(
    "table", topic: "core", summary: "Named columns of one length, shown aligned.",
    parameters: [Parameter("columns", "record", help: "a record whose fields are lists or tensors, one a column")],
    returns: "table",
    details: """
      t.name is a column, t[i] a row as a record, t[2:5] some rows; `for row in t` visits the rows. save(t, "x.csv") writes \
      it.
      """,
    examples: [
      .init("table({k: [1, 10], share: [0.4, 0.78]})", shows: " k  share\n 1   0.40\n10   0.78"),
      .init("table({k: [1, 10]})[1].k", shows: "10"),
    ],
    errors: ["E0202", "E0402"], seeAlso: ["damage", "drift", "save"]
  ) { call in
    guard case .record(let fields) = call["columns"] else { return .nil }
    var columns: OrderedDictionary<String, [Value]> = [:]
    for (name, field) in fields {
      switch field {
      case .list(let cells): columns[name] = cells
      case .native(let native):
        guard let cells = try native.elements() else { throw notColumn(name, field) }
        columns[name] = cells
      default: throw notColumn(name, field)
      }
    }
    let lengths = Set(columns.values.map(\.count))
    if lengths.count > 1 {
      let text = columns.map { "\($0.key) has \($0.value.count)" }.joined(separator: ", ")
      throw ErrorReport(.shape, "the columns of a table have one length", label: text, argument: "columns")
    }
    return .native(TableValue(columns: columns))
  }

  private static func notColumn(_ name: String, _ value: Value) -> ErrorReport {
    ErrorReport(.wrongKind, "a column is a list, and \(name) is \(value.article)", argument: "columns")
  }
}
