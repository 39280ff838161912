import CEditline

/// Columns and rows of the window.
struct TerminalSize {
  var columns: Int
  var rows: Int

  /// Pixels of the window from left to right; 0 if the terminal does not say.
  static var pixels: Int { Int(tvs_terminal_pixels()) }

  /// The size now; 80 × 24 if there is no window.
  static var current: TerminalSize {
    var columns: Int32 = 0
    var rows: Int32 = 0
    tvs_terminal_size(&columns, &rows)
    return TerminalSize(columns: Int(columns), rows: Int(rows))
  }
}
