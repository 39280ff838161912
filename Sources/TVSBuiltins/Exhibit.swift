import Plots
import TVSLanguage

/// A value as documents show it: tables with their cells and pictures with their lines, everything else as text.
public enum Exhibit: Sendable {
  /// What the prompt shows, line by line.
  case text(String)
  /// Rows and columns.
  case table(ExhibitedTable)
  /// A picture.
  case picture(Picture)

  /// Decides how a value is shown.
  public init(_ value: Value, _ style: DisplayStyle) {
    guard case .native(let native) = value else {
      self = .text(value.display(style))
      return
    }
    switch native {
    case let table as TableValue: self = .table(ExhibitedTable(table, style))
    case let plot as PlotValue: self = .picture(plot.picture)
    default: self = .text(native.display(style))
    }
  }
}

/// A table with its cells as text.
public struct ExhibitedTable: Sendable {
  /// A column.
  public struct Column: Sendable {
    /// What stands above it.
    public var name: String
    /// Its cells as the prompt would show them.
    public var cells: [String]
    /// Whether it holds text, which stands at the left; numbers stand at the right.
    public var isText: Bool
  }

  /// The columns, with equally many cells.
  public var columns: [Column]
  /// How many rows are left out, and before which of those that are there; nil where none is.
  public var omission: (count: Int, before: Int)?
  /// Lines below the table, each under its name.
  public var notes: [(label: String, text: String)]

  /// How many rows a document shows at most.
  static let rowLimit = 60

  init(_ table: TableValue, _ style: DisplayStyle) {
    let limit = ExhibitedTable.rowLimit
    let isCut = table.rowCount > limit
    let (first, last) = (0..<limit / 2, table.rowCount - limit / 2..<table.rowCount)
    columns = table.textColumns(style).map { name, cells, isText in
      Column(name: name, cells: isCut ? Array(cells[first]) + cells[last] : cells, isText: isText)
    }
    omission = isCut ? (table.rowCount - limit, limit / 2) : nil
    notes = table.notes.lines(style).map { ($0.label, $0.text) }
  }

  /// How many rows there are to show.
  public var rowCount: Int { columns.first?.cells.count ?? 0 }
}
