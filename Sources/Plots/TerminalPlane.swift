/// Lines and points between two axes, in braille.
extension TerminalFigure {
  mutating func drawPlane() {
    frame(axisRows: 2)
    let ticks = rowMarks()
    left = min((ticks.map { TextMetrics.columns($0.text) }.max() ?? 0) + 1, grid.columns / 2)
    // One column stays free for the last label of the axis below.
    width = max(8, grid.columns - left - 1)
    for row in 0..<height { grid.write("│", column: left - 1, row: top + row, .muted) }
    for tick in ticks {
      let text = tick.text
      grid.write(text, column: left - 1 - TextMetrics.columns(text), row: tick.row, .muted)
      grid.write("┤", column: left - 1, row: tick.row, .muted)
    }
    for index in figure.series.indices where figure.series[index].isNull { drawSeries(index) }
    for index in figure.series.indices where !figure.series[index].isNull { drawSeries(index) }
    for index in figure.series.indices { drawBand(index) }
    drawReferences()
    drawLetters()
    drawColumnAxis(columnMarks(scaled.x, widths: width))
  }

  /// Marks of the axis at the left, each in a row of its own.
  private func rowMarks() -> [(row: Int, text: String)] {
    let limit = max(6, grid.columns / 4)
    let ticks = scaled.y.ticks(max(2, height / 3))
    var taken: Set<Int> = []
    return ticks.compactMap { tick in
      let place = scaled.y.place(tick.value)
      guard place > -0.001, place < 1.001 else { return nil }
      let row = top + height - 1 - Int((place * Double(height - 1)).rounded())
      return taken.insert(row).inserted ? (row, TextMetrics.cut(TextMetrics.clean(tick.label), columns: limit)) : nil
    }
  }

  /// The dot of a place from 0 to 1 in both directions; nil outside.
  private func dot(_ x: Double, _ y: Double) -> (x: Int, y: Int)? {
    guard x > -1e-9, x < 1 + 1e-9, y > -1e-9, y < 1 + 1e-9 else { return nil }
    // Dots of the first and last cell in which marks of the axes stand, so that both agree.
    let across = Double(left * 2) + x * Double(width - 1) * 2 + 0.5
    let down = Double(top * 4) + (1 - y) * Double(height - 1) * 4 + 1.5
    return (Int(across.rounded(.down)), Int(down.rounded()))
  }

  private mutating func drawSeries(_ index: Int) {
    let series = figure.series[index]
    let ink = ink(index)
    let x = series.x.map(scaled.x.place)
    let y = series.y.map(scaled.y.place)
    switch series.mark {
    case .line, .steps:
      let kept = Thinning.line(x[...], y[...], columns: width * 2, rows: height * 4)
      var before: (x: Int, y: Int)?
      for place in kept {
        let here = dot(x[place], y[place])
        if let here {
          if let before {
            if series.mark == .steps {
              draw(before, (here.x, before.y), ink, isDashed: series.isNull)
              draw((here.x, before.y), here, ink, isDashed: series.isNull)
            } else {
              draw(before, here, ink, isDashed: series.isNull)
            }
          } else {
            grid.dot(here.x, here.y, ink)
          }
        }
        before = here
      }
    case .points, .levels:
      for place in Thinning.points(x, y, columns: width * 2, rows: height * 4) {
        guard let here = dot(x[place], y[place]) else { continue }
        grid.dot(here.x, here.y, ink)
        // A single dot is hard to see among few.
        if x.count <= 60 { grid.dot(here.x + (here.x % 2 == 0 ? 1 : -1), here.y, ink) }
      }
    case .bars: drawColumns(series, ink)
    }
  }

  /// Bars of a histogram: blocks in eighths.
  private mutating func drawColumns(_ series: Series, _ ink: TerminalGrid.Ink) {
    let half = ScaledFigure.barWidth(series) / 2
    let base = min(max(scaled.y.kind == .logarithmic ? 0 : scaled.y.place(0), 0), 1)
    let kept = Thinning.line(
      series.x.map(scaled.x.place)[...], series.y.map(scaled.y.place)[...], columns: width, rows: height)
    for index in kept {
      let (low, high) = (scaled.x.place(series.x[index] - half), scaled.x.place(series.x[index] + half))
      let value = scaled.y.place(series.y[index])
      guard !high.isNaN, !value.isNaN else { continue }
      let first = Int((min(max(low.isNaN ? 0 : low, 0), 1) * Double(width)).rounded())
      let last = max(first + 1, Int((min(max(high, 0), 1) * Double(width)).rounded()))
      let (bottom, peak) = (min(base, value), min(max(base, value), 1))
      for row in 0..<height {
        let filled = min(max(peak * Double(height) - Double(row), 0), 1)
        let start = Double(row + 1) / Double(height)
        guard filled > 0, start > bottom + 1e-9, first < last else { continue }
        let eighths = Int((filled * 8).rounded())
        guard eighths > 0, let scalar = Unicode.Scalar(0x2580 + UInt32(eighths)) else { continue }
        for column in first..<min(last, width) {
          grid.put(Character(scalar), column: left + column, row: top + height - 1 - row, ink)
        }
      }
    }
  }

  private mutating func drawBand(_ index: Int) {
    let series = figure.series[index]
    guard let interval = series.interval, series.mark == .line || series.mark == .steps else { return }
    let ink = ink(index)
    for place in series.x.indices {
      let x = scaled.x.place(series.x[place])
      let next = place + 1 < series.x.count ? min(max(scaled.x.place(series.x[place + 1]), 0), 1) : x
      let (low, high) = (scaled.y.place(interval.low[place]), scaled.y.place(interval.high[place]))
      guard !(x + next + low + high).isNaN, x >= 0, x <= 1 else { continue }
      let from = left + Int((x * Double(width - 1)).rounded())
      let to = max(from, min(left + Int((next * Double(width - 1)).rounded()) - 1, left + width - 1))
      let above = top + height - 1 - Int((min(max(high, 0), 1) * Double(height - 1)).rounded())
      let below = top + height - 1 - Int((min(max(low, 0), 1) * Double(height - 1)).rounded())
      guard above <= below else { continue }
      for column in from...to {
        for row in above...below { grid.underlay("░", column: column, row: row, ink) }
      }
    }
  }

  private mutating func drawReferences() {
    for (index, reference) in figure.references.enumerated() {
      let sign = TerminalGrid.reference(index, isLying: reference.direction == .y)
      switch reference.direction {
      case .y:
        let place = scaled.y.place(reference.value)
        guard place >= 0, place <= 1 else { continue }
        let row = top + height - 1 - Int((place * Double(height - 1)).rounded())
        for column in left..<left + width { grid.underlay(sign, column: column, row: row, .muted) }
      case .x:
        let place = scaled.x.place(reference.value)
        guard place >= 0, place <= 1 else { continue }
        let column = left + Int((place * Double(width - 1)).rounded())
        for row in top..<top + height { grid.underlay(sign, column: column, row: row, .muted) }
      }
    }
  }

  /// Letters on the lines, by which they are known without colour: each near the right end, where it covers no other.
  private mutating func drawLetters() {
    var taken: Set<Int> = []
    for index in figure.series.indices {
      guard let letter = letter(index) else { continue }
      let series = figure.series[index]
      let ink = ink(index)
      var places: [(column: Int, row: Int)] = []
      for (x, y) in zip(series.x, series.y) {
        guard let dot = dot(scaled.x.place(x), scaled.y.place(y)) else { continue }
        let place = (column: dot.x / 2, row: dot.y / 4)
        if places.last.map({ $0 != place }) ?? true { places.append(place) }
      }
      let wanted = places.count - 1 - index * max(1, places.count / 12)
      let free = places.indices.sorted { abs($0 - wanted) < abs($1 - wanted) }.first {
        !taken.contains(places[$0].row * grid.columns + places[$0].column)
      }
      guard let free else { continue }
      let place = places[free]
      taken.insert(place.row * grid.columns + place.column)
      grid.put(letter, column: place.column, row: place.row, ink)
    }
  }

  private mutating func draw(_ a: (x: Int, y: Int), _ b: (x: Int, y: Int), _ ink: TerminalGrid.Ink, isDashed: Bool) {
    let length = max(abs(b.x - a.x), abs(b.y - a.y))
    for step in 0...length {
      let t = length == 0 ? 0 : Double(step) / Double(length)
      let x = a.x + Int((Double(b.x - a.x) * t).rounded())
      let y = a.y + Int((Double(b.y - a.y) * t).rounded())
      if isDashed, (abs(b.x - a.x) >= abs(b.y - a.y) ? x : y) % 4 >= 2 { continue }
      grid.dot(x, y, ink)
    }
  }
}
