/// Bars with names lie on their side, so that the names can be read; heat maps are blocks.
extension TerminalFigure {
  mutating func drawRows() {
    let bars = figure.series.indices.filter { figure.series[$0].mark == .bars }
    let levels = figure.series.indices.filter { figure.series[$0].mark == .levels }
    let names = figure.x.categories ?? []
    let perName = bars.count
    frame(axisRows: 2, needed: max(1, names.count * perName), isPlane: false)
    let visible = rows(names.count, room: max(1, height / max(1, perName)))
    let texts = names.map { TextMetrics.cut(TextMetrics.clean($0), columns: max(8, grid.columns * 3 / 10)) }
    let values = bars.flatMap { figure.series[$0].y.map(Figure.number) }
    let valueWidth = values.reduce(0) { max($0, TextMetrics.columns($1)) }
    left = min((texts.map(TextMetrics.columns).max() ?? 0) + (perName > 1 ? 4 : 2), grid.columns / 2)
    width = max(8, grid.columns - left - valueWidth - 2)
    var row = top
    for name in visible {
      guard let name else {
        grid.write("…", column: 0, row: row, .muted)
        row += perName
        continue
      }
      for (number, index) in bars.enumerated() {
        let text = number == 0 ? texts[name] : ""
        grid.write(text, column: left - 1 - TextMetrics.columns(text) - (perName > 1 ? 2 : 1), row: row)
        if perName > 1, let letter = letter(index) {
          let ink = ink(index)
          grid.put(letter, column: left - 2, row: row, ink)
        }
        grid.write("│", column: left - 1, row: row, .muted)
        drawBar(index, name, row, levels: levels.count == bars.count ? [levels[number]] : levels)
        row += 1
      }
    }
    drawColumnAxis(columnMarks(scaled.y, widths: width))
  }

  /// The names that are shown, with nil where some are left out.
  private func rows(_ count: Int, room: Int) -> [Int?] {
    if count <= room { return (0..<count).map { $0 } }
    let kept = max(1, room - 1)
    let head = (kept + 1) / 2
    return (0..<head).map { $0 } + [nil] + (count - (kept - head)..<count).map { $0 }
  }

  private mutating func drawBar(_ index: Int, _ name: Int, _ row: Int, levels: [Int]) {
    let series = figure.series[index]
    let ink = ink(index)
    guard let at = series.x.firstIndex(of: Double(name)) else { return }
    let place = scaled.y.place(series.y[at])
    let (left, width) = (left, width)
    func column(_ place: Double) -> Int { left + Int((min(max(place, 0), 1) * Double(width - 1)).rounded()) }
    let base = min(max(scaled.y.kind == .logarithmic ? 0 : scaled.y.place(0), 0), 1)
    let text = Figure.number(series.y[at])
    guard !place.isNaN else {
      grid.write("no value", column: left + 1, row: row, .muted)
      return
    }
    let (low, high) = (column(min(base, place)), column(max(base, place)))
    for x in low...high where high > low || place != base { grid.put("▆", column: x, row: row, ink) }
    var end = high
    if let interval = series.interval {
      let ends = (scaled.y.place(interval.low[at]), scaled.y.place(interval.high[at]))
      if !(ends.0 + ends.1).isNaN {
        let (first, last) = (column(ends.0), column(ends.1))
        end = max(end, last)
        for x in first...max(first, last) { grid.put("━", column: x, row: row, .plain) }
        grid.put("┝", column: first, row: row, .plain)
        if last > first { grid.put("┥", column: last, row: row, .plain) }
      }
    }
    for level in levels {
      let other = figure.series[level]
      guard let here = other.x.firstIndex(of: Double(name)) else { continue }
      let place = scaled.y.place(other.y[here])
      if !place.isNaN {
        end = max(end, column(place))
        grid.put("┃", column: column(place), row: row, .plain)
      }
    }
    grid.write(text, column: end + 2, row: row)
    for (index, reference) in figure.references.enumerated() where reference.direction == .y {
      let sign = TerminalGrid.reference(index, isLying: false)
      let place = scaled.y.place(reference.value)
      if place >= 0, place <= 1 { grid.underlay(sign, column: column(place), row: row, .muted) }
    }
  }

  // MARK: - Heat maps

  mutating func drawHeat() {
    guard let heat = figure.heat else { return }
    let colors = HeatColors(heat)
    // A cell is one or two rows high where that is possible; the scale beside it needs five.
    let tall = heat.rows <= 8 ? 2 * heat.rows : heat.rows
    frame(axisRows: 1, needed: max(tall, 5))
    let rowTicks = scaled.y.ticks(max(2, height / 3)).filter {
      $0.value == $0.value.rounded() && scaled.y.domain.contains($0.value)
    }
    let texts = rowTicks.map { TextMetrics.cut(TextMetrics.clean($0.label), columns: max(4, grid.columns / 4)) }
    left = (texts.map(TextMetrics.columns).max() ?? 0) + 1
    let bar = (colors.ticks.map { TextMetrics.columns($0.label) }.max() ?? 0) + 4
    let most = max(4, grid.columns - left - bar)
    // Whole characters for each cell, where there are few.
    width = heat.columns <= most ? heat.columns * max(1, min(8, most / heat.columns)) : most
    let perRow = color ? 2 : 1
    let small = heat.reduced(to: max(most, height * perRow))
    let barHeight = height
    if heat.rows <= height { height = min(tall, height / heat.rows * heat.rows) }
    drawCells(small, colors)
    var taken: Set<Int> = []
    for (tick, text) in zip(rowTicks, texts) {
      let row = top + min(height - 1, Int((tick.value + 0.5) / Double(heat.rows) * Double(height)))
      if taken.insert(row).inserted {
        grid.write(text, column: left - 1 - TextMetrics.columns(text), row: row, .muted)
      }
    }
    drawScale(colors, column: left + width + 2, rows: barHeight)
    drawColumnAxis(columnMarks(scaled.x, widths: width), line: false)
  }

  private mutating func drawCells(_ heat: HeatMap, _ colors: HeatColors) {
    let shades: [Character] = ["·", "░", "▒", "▓", "█"]
    func value(_ row: Int, _ column: Int, of rows: Int) -> Double {
      heat.values[
        min(heat.rows - 1, row * heat.rows / rows) * heat.columns + min(heat.columns - 1, column * heat.columns / width)
      ]
    }
    for row in 0..<height {
      for column in 0..<width {
        if color {
          let upper = colors.color(value(2 * row, column, of: 2 * height))
          let lower = colors.color(value(2 * row + 1, column, of: 2 * height))
          grid.put("▀", column: left + column, row: top + row, upper.map { .color($0) } ?? .plain, background: lower)
        } else {
          let number = value(row, column, of: height)
          let shade = number.isFinite ? shades[min(4, Int(min(max(colors.place(number), 0), 1) * 5))] : " "
          grid.put(shade, column: left + column, row: top + row, .plain)
        }
      }
    }
  }

  private mutating func drawScale(_ colors: HeatColors, column: Int, rows: Int) {
    let shades: [Character] = ["·", "░", "▒", "▓", "█"]
    for row in 0..<rows {
      let place = 1 - (Double(row) + 0.5) / Double(rows)
      if color {
        let shade = Palette.heat(place, isDiverging: colors.isDiverging)
        grid.put("█", column: column, row: top + row, .color(shade))
      } else {
        grid.put(shades[min(4, Int(place * 5))], column: column, row: top + row, .plain)
      }
    }
    var taken: Set<Int> = []
    for tick in colors.ticks {
      let row = top + rows - 1 - Int((colors.place(tick.value) * Double(rows - 1)).rounded())
      if taken.insert(row).inserted { grid.write(tick.label, column: column + 2, row: row, .muted) }
    }
  }
}
