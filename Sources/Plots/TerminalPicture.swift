extension Picture {
  /// The picture in characters: braille for lines and points, blocks for bars and heat maps, with axes, labels and a
  /// legend.
  ///
  /// - Parameters:
  ///   - columns: the width of the window; never exceeded.
  ///   - rows: the height that a picture may take. Many small multiples take more, one row of them after the other.
  ///   - color: whether escape sequences for colour may be used. Without them, letters tell series apart.
  /// - Returns: lines without a final newline; ``words`` where the window is too small to draw in.
  public func terminal(columns: Int = 80, rows: Int = 24, color: Bool = false) -> String {
    let columns = min(columns, 400)
    let rows = min(max(rows, 12), 200)
    guard columns >= 24 else { return words }
    switch self {
    case .figure(let figure):
      return TerminalFigure(figure, columns: columns, rows: rows - 1, color: color).grid.text(color: color)
    case .grid(let title, _):
      let figures = figures
      guard !figures.isEmpty else { return words }
      let across = max(1, min(figures.count, columns / 38))
      let down = (figures.count + across - 1) / across
      let heading = title.isEmpty ? 0 : 1
      let height = max(12, (rows - 1 - heading) / down)
      let width = (columns - (across - 1)) / across
      var grid = TerminalGrid(columns: columns, rows: heading + down * height)
      grid.write(TextMetrics.cut(TextMetrics.clean(title), columns: columns), column: 0, row: 0)
      for (index, figure) in figures.enumerated() {
        let part = TerminalFigure(figure, columns: width, rows: height, color: color).grid
        grid.place(part, column: index % across * (width + 1), row: heading + index / across * height)
      }
      return grid.text(color: color)
    }
  }
}

/// A figure in characters.
struct TerminalFigure {
  let figure: Figure
  let scaled: ScaledFigure
  let color: Bool
  var grid: TerminalGrid
  /// The part of the grid between the axes.
  var left = 0
  var top = 0
  var width = 0
  var height = 0

  init(_ figure: Figure, columns: Int, rows: Int, color: Bool) {
    self.figure = figure
    self.color = color
    scaled = ScaledFigure(figure)
    grid = TerminalGrid(columns: columns, rows: rows)
    if figure.heat != nil {
      drawHeat()
    } else if isLying {
      drawRows()
    } else {
      drawPlane()
    }
  }

  // MARK: - Parts

  /// Whether bars with names lie on their side, so that what the y axis says runs from left to right.
  private var isLying: Bool { figure.x.categories != nil && figure.series.contains { $0.mark == .bars } }

  /// The ink of a series; grey for nulls.
  func ink(_ index: Int) -> TerminalGrid.Ink {
    let series = figure.series[index]
    if series.isNull { return .muted }
    let rank = figure.series[..<index].count { !$0.isNull }
    return .color(Palette.series[rank % Palette.series.count])
  }

  /// The letter of a series, by which it is known without colour; nil where there is nothing to tell apart.
  func letter(_ index: Int) -> Character? {
    let named = figure.series.indices.filter { !figure.series[$0].name.isEmpty }
    guard named.count > 1, let place = named.firstIndex(of: index), place < 26 else { return nil }
    return Unicode.Scalar(97 + UInt32(place)).map(Character.init)
  }

  /// What the legend says: sign, words and ink.
  private var legend: [(sign: String, text: String, ink: TerminalGrid.Ink)] {
    var entries: [(String, String, TerminalGrid.Ink)] = []
    let isAlone =
      figure.series.count == 1 && figure.references.isEmpty && figure.y.label.hasPrefix(figure.series[0].name)
    if !isAlone {
      for (index, series) in figure.series.enumerated() where !series.name.isEmpty {
        let sign =
          letter(index).map { "\($0) " } ?? (series.mark == .points ? "• " : series.mark == .bars ? "▆ " : "─ ")
        entries.append((sign, TextMetrics.clean(series.name), ink(index)))
      }
    }
    for (index, reference) in figure.references.enumerated() where !reference.name.isEmpty {
      let sign = TerminalGrid.reference(index, isLying: (reference.direction == .y) != isLying)
      entries.append(("\(sign) ", TextMetrics.clean(reference.name), .muted))
    }
    return entries
  }

  /// The rows that the legend takes: entries beside each other while they fit.
  private func legendRows(_ columns: Int) -> [[(sign: String, text: String, ink: TerminalGrid.Ink)]] {
    var rows: [[(sign: String, text: String, ink: TerminalGrid.Ink)]] = []
    var used = 0
    for var entry in legend {
      entry.text = TextMetrics.cut(entry.text, columns: columns - 2)
      let needed = TextMetrics.columns(entry.text) + 2
      if rows.isEmpty || used + 2 + needed > columns {
        rows.append([entry])
        used = needed
      } else {
        rows[rows.count - 1].append(entry)
        used += 2 + needed
      }
    }
    return rows
  }

  /// Writes title, label of the y axis, legend, label of the x axis and notes around the part that is left for the
  /// numbers, and sets ``top`` and ``height``.
  ///
  /// - Parameters:
  ///   - axisRows: rows below the numbers for marks and their labels.
  ///   - needed: rows that the numbers take at most; what is left over shortens the picture.
  mutating func frame(axisRows: Int, needed: Int = .max, isPlane: Bool = true) {
    let title = TextMetrics.cut(TextMetrics.clean(figure.title), columns: grid.columns)
    let label = isPlane ? TextMetrics.cut(TextMetrics.clean(figure.y.label), columns: grid.columns) : ""
    let first = (title.isEmpty ? 0 : 1) + (label.isEmpty ? 0 : 1)
    var below: [[(sign: String, text: String, ink: TerminalGrid.Ink)]] = []
    let across = TextMetrics.cut(TextMetrics.clean(isPlane ? figure.x.label : figure.y.label), columns: grid.columns)
    if !across.isEmpty { below.append([("", across, .muted)]) }
    below += legendRows(grid.columns)
    below += scaled.notes(figure).map { [("", TextMetrics.cut(TextMetrics.clean($0), columns: grid.columns), .muted)] }
    // In a small window the numbers come first; what is left out below is in the words.
    let room = max(0, grid.rows - first - axisRows - 4)
    below = Array(below.prefix(room))
    top = first
    height = min(needed, max(2, grid.rows - first - axisRows - below.count))
    grid = TerminalGrid(columns: grid.columns, rows: min(grid.rows, first + height + axisRows + below.count))
    grid.write(title, column: max(0, (grid.columns - TextMetrics.columns(title)) / 2), row: 0)
    if !label.isEmpty { grid.write(label, column: 0, row: first - 1, .muted) }
    for (index, row) in below.enumerated() {
      let width = row.reduce(-2) { $0 + 2 + TextMetrics.columns($1.sign + $1.text) }
      var column = max(0, (grid.columns - width) / 2)
      for entry in row {
        grid.write(entry.sign, column: column, row: grid.rows - below.count + index, entry.ink)
        column += TextMetrics.columns(entry.sign)
        grid.write(entry.text, column: column, row: grid.rows - below.count + index, index == 0 ? entry.ink : .plain)
        column += TextMetrics.columns(entry.text) + 2
      }
    }
  }

  /// Marks of an axis from left to right whose labels fit beside each other: column and text.
  func columnMarks(_ scale: Scale, widths available: Int) -> [(column: Int, text: String)] {
    func marks(_ ticks: [Tick]) -> [(column: Int, text: String)] {
      ticks.compactMap { tick in
        let place = scale.place(tick.value)
        guard place > -0.001, place < 1.001 else { return nil }
        let text = TextMetrics.cut(TextMetrics.clean(tick.label), columns: 16)
        return (left + Int((place * Double(width - 1)).rounded()), text)
      }
    }
    if scale.kind == .linear || scale.kind == .logarithmic {
      for target in stride(from: max(2, width / 10), through: 2, by: -1) {
        let found = marks(scale.ticks(target))
        let fits = zip(found, found.dropFirst()).allSatisfy { a, b in
          b.column - a.column >= (TextMetrics.columns(a.text) + TextMetrics.columns(b.text)) / 2 + 2
        }
        if fits { return found }
      }
      return Array(marks(scale.ticks(2)).prefix(1))
    }
    var kept: [(column: Int, text: String)] = []
    for mark in marks(scale.ticks(0)) {
      let needed = (TextMetrics.columns(mark.text) + (kept.last.map { TextMetrics.columns($0.text) } ?? 0)) / 2 + 2
      if kept.last.map({ mark.column - $0.column >= needed }) ?? true { kept.append(mark) }
    }
    return kept
  }

  /// Draws the axis below the numbers.
  mutating func drawColumnAxis(_ marks: [(column: Int, text: String)], line: Bool = true) {
    let row = top + height
    if line {
      grid.write("└" + String(repeating: "─", count: width), column: left - 1, row: row, .muted)
      for mark in marks { grid.write("┬", column: mark.column, row: row, .muted) }
    }
    var end = 0
    for mark in marks {
      let size = TextMetrics.columns(mark.text)
      let start = min(max(mark.column - size / 2, end), grid.columns - size)
      if start < end { continue }
      grid.write(mark.text, column: start, row: row + (line ? 1 : 0), .muted)
      end = start + size + 1
    }
  }
}
