import CEditline

/// Columns and rows of the window.
struct TerminalSize {
  var columns: Int
  var rows: Int

  /// The size now; 80 × 24 if there is no window.
  static var current: TerminalSize {
    var columns: Int32 = 0
    var rows: Int32 = 0
    tvs_terminal_size(&columns, &rows)
    return TerminalSize(columns: Int(columns), rows: Int(rows))
  }
}
