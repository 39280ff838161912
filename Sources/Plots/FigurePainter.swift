/// Draws a figure that has been laid out.
struct FigurePainter {
  let layout: FigureLayout
  let origin: Point

  private var figure: Figure { layout.figure }
  private var plot: Rectangle { layout.plot.moved(origin) }

  func draw(on canvas: inout some Canvas) {
    for (index, line) in layout.title.enumerated() {
      canvas.write(
        Label(
          text: line, at: point(FigureLayout.edge, FigureLayout.edge + 14 + Double(index) * 19),
          size: FigureLayout.Size.title, isBold: true))
    }
    if let heat = figure.heat, let colors = layout.colors {
      canvas.begin("cells", clip: nil)
      HeatPainter(heat: heat, colors: colors, plot: plot).draw(on: &canvas)
      canvas.end()
    } else {
      drawGrid(on: &canvas)
      for index in figure.series.indices {
        canvas.begin(figure.series[index].name.isEmpty ? "data" : figure.series[index].name, clip: plot.grown(1))
        SeriesPainter(figure, layout.scaled, plot, index).draw(on: &canvas)
        canvas.end()
      }
      drawReferences(on: &canvas)
    }
    drawAxes(on: &canvas)
    drawLegend(on: &canvas)
    for (index, line) in layout.notes.enumerated() {
      canvas.write(
        Label(
          text: line, at: point(FigureLayout.edge, layout.noteTop + Double(index) * 14), size: FigureLayout.Size.note,
          paint: .muted))
    }
  }

  private func point(_ x: Double, _ y: Double) -> Point { Point(x: origin.x + x, y: origin.y + y) }

  // MARK: - Axes

  private func drawGrid(on canvas: inout some Canvas) {
    canvas.begin("grid", clip: nil)
    var lines = layout.yMarks.map { mark in
      [Point(x: plot.x, y: origin.y + mark.place), Point(x: plot.right, y: origin.y + mark.place)]
    }
    if figure.x.categories == nil {
      lines += layout.xMarks.map { mark in
        [Point(x: origin.x + mark.place, y: plot.y), Point(x: origin.x + mark.place, y: plot.bottom)]
      }
    }
    canvas.stroke(lines, Stroke(paint: .grid))
    canvas.end()
  }

  private func drawAxes(on canvas: inout some Canvas) {
    canvas.begin("axes", clip: nil)
    if figure.heat == nil {
      canvas.stroke(
        [[Point(x: plot.x, y: plot.y), Point(x: plot.x, y: plot.bottom), Point(x: plot.right, y: plot.bottom)]],
        Stroke(paint: .muted))
      let zero = layout.scaled.y.place(0)
      if zero > 0.001, zero < 1, layout.scaled.y.kind == .linear {
        let y = plot.bottom - zero * plot.height
        canvas.stroke([[Point(x: plot.x, y: y), Point(x: plot.right, y: y)]], Stroke(paint: .muted))
      }
    }
    let size = FigureLayout.Size.tick
    for mark in layout.yMarks {
      canvas.write(
        Label(
          text: mark.text, at: Point(x: plot.x - 6, y: origin.y + mark.place + size * 0.36), anchor: .end, size: size,
          paint: .muted))
    }
    for mark in layout.xMarks {
      let x = origin.x + mark.place
      let at =
        switch layout.xAngle {
        case -45: Point(x: x + 5, y: plot.bottom + 13)
        case -90: Point(x: x + size * 0.36, y: plot.bottom + 6)
        default: Point(x: x, y: plot.bottom + 16)
        }
      canvas.write(
        Label(
          text: mark.text, at: at, anchor: layout.xAngle == 0 ? .middle : .end, size: size, angle: layout.xAngle,
          paint: .muted))
    }
    drawAxisLabels(on: &canvas)
    canvas.end()
  }

  private func drawAxisLabels(on canvas: inout some Canvas) {
    let size = FigureLayout.Size.label
    for (index, line) in layout.xLabel.enumerated() {
      // Centred under the axis, unless that would leave the figure.
      let half = TextMetrics.width(line, size: size) / 2
      let middle = plot.x - origin.x + plot.width / 2
      let x = min(max(middle, FigureLayout.edge + half), layout.width - FigureLayout.edge - half)
      canvas.write(
        Label(text: line, at: point(x, layout.xLabelTop + Double(index) * 16), anchor: .middle, size: size))
    }
    for (index, line) in layout.yLabel.enumerated() {
      let at = Point(x: origin.x + FigureLayout.edge + 10 + Double(index) * 16, y: plot.y + plot.height / 2)
      canvas.write(Label(text: line, at: at, anchor: .middle, size: size, angle: -90))
    }
  }

  // MARK: - References and legend

  /// Dashes that tell references and nulls apart.
  static let dashes: [[Double]] = [[6, 4], [2, 3], [9, 3, 2, 3]]

  private func stroke(ofReference index: Int) -> Stroke {
    let nulls = figure.series.count(where: \.isNull)
    return Stroke(
      paint: .muted, width: 1.5, dash: FigurePainter.dashes[(nulls + index) % FigurePainter.dashes.count])
  }

  private func drawReferences(on canvas: inout some Canvas) {
    guard !figure.references.isEmpty else { return }
    canvas.begin("references", clip: plot.grown(1))
    for (index, reference) in figure.references.enumerated() {
      let place: Double
      let ends: [Point]
      switch reference.direction {
      case .x:
        place = layout.scaled.x.place(reference.value)
        let x = plot.x + place * plot.width
        ends = [Point(x: x, y: plot.y), Point(x: x, y: plot.bottom)]
      case .y:
        place = layout.scaled.y.place(reference.value)
        let y = plot.bottom - place * plot.height
        ends = [Point(x: plot.x, y: y), Point(x: plot.right, y: y)]
      }
      if (0...1).contains(place) { canvas.stroke([ends], stroke(ofReference: index)) }
    }
    canvas.end()
  }

  private func drawLegend(on canvas: inout some Canvas) {
    guard !layout.legend.isEmpty else { return }
    canvas.begin("legend", clip: nil)
    for entry in layout.legend {
      let at = point(entry.at.x, entry.at.y)
      let sign = Rectangle(x: at.x, y: at.y - 9, width: 18, height: 10)
      switch entry.subject {
      case .series(let index): SeriesPainter(figure, layout.scaled, plot, index).drawSign(in: sign, on: &canvas)
      case .reference(let index):
        let middle = sign.y + sign.height / 2
        canvas.stroke(
          [[Point(x: sign.x, y: middle), Point(x: sign.right, y: middle)]], stroke(ofReference: index))
      }
      canvas.write(Label(text: entry.text, at: Point(x: at.x + 24, y: at.y), size: FigureLayout.Size.tick))
    }
    canvas.end()
  }
}

extension Rectangle {
  func moved(_ by: Point) -> Rectangle { Rectangle(x: x + by.x, y: y + by.y, width: width, height: height) }

  func grown(_ by: Double) -> Rectangle {
    Rectangle(x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by)
  }
}

/// Draws the cells of a heat map and its colour bar.
struct HeatPainter {
  let heat: HeatMap
  let colors: HeatColors
  let plot: Rectangle

  /// The most cells along a side that are drawn: more than a figure has pixels for them only makes files large.
  static let limit = 128

  func draw(on canvas: inout some Canvas) {
    let small = heat.reduced(to: HeatPainter.limit)
    // Edges on whole pixels: smoothed ones would let the paper shine through between neighbours.
    func across(_ column: Int) -> Double { (plot.x + plot.width * Double(column) / Double(small.columns)).rounded() }
    func down(_ row: Int) -> Double { (plot.y + plot.height * Double(row) / Double(small.rows)).rounded() }
    var groups: [(color: Color, cells: [Rectangle])] = []
    var places: [String: Int] = [:]
    for row in 0..<small.rows {
      var column = 0
      while column < small.columns {
        let color = colors.color(small.values[row * small.columns + column])
        var end = column + 1
        // Neighbours of one colour are one rectangle.
        while end < small.columns, colors.color(small.values[row * small.columns + end]) == color { end += 1 }
        if let color {
          let cell = Rectangle(
            x: across(column), y: down(row), width: across(end) - across(column), height: down(row + 1) - down(row))
          if let place = places[color.hex] {
            groups[place].cells.append(cell)
          } else {
            places[color.hex] = groups.count
            groups.append((color, [cell]))
          }
        }
        column = end
      }
    }
    for group in groups { canvas.fill(group.cells, .color(group.color)) }
    drawBar(on: &canvas)
  }

  private func drawBar(on canvas: inout some Canvas) {
    let bar = Rectangle(x: plot.right + 14, y: plot.y, width: 14, height: plot.height)
    let steps = 64
    for step in 0..<steps {
      let place = (Double(step) + 0.5) / Double(steps)
      let top = (bar.bottom - bar.height * Double(step + 1) / Double(steps)).rounded()
      let bottom = (bar.bottom - bar.height * Double(step) / Double(steps)).rounded()
      canvas.fill(
        [Rectangle(x: bar.x.rounded(), y: top, width: bar.width, height: bottom - top)],
        .color(Palette.heat(place, isDiverging: colors.isDiverging)))
    }
    let size = FigureLayout.Size.tick
    for tick in colors.ticks {
      let y = bar.bottom - colors.place(tick.value) * bar.height
      canvas.stroke([[Point(x: bar.right, y: y), Point(x: bar.right + 4, y: y)]], Stroke(paint: .muted))
      canvas.write(
        Label(text: tick.label, at: Point(x: bar.right + 7, y: y + size * 0.36), size: size, paint: .muted))
    }
    guard !colors.label.isEmpty else { return }
    canvas.write(
      Label(
        text: TextMetrics.cut(colors.label, to: bar.height, size: FigureLayout.Size.label),
        at: Point(x: bar.right + 10 + colors.textWidth + 15, y: bar.y + bar.height / 2), anchor: .middle,
        size: FigureLayout.Size.label, angle: -90))
  }
}

extension HeatMap {
  /// A map with at most so many rows and columns, each cell the mean of those that it stands for.
  func reduced(to limit: Int) -> HeatMap {
    guard rows > limit || columns > limit else { return self }
    let (newRows, newColumns) = (min(rows, limit), min(columns, limit))
    var sums = [Double](repeating: 0, count: newRows * newColumns)
    var counts = [Double](repeating: 0, count: newRows * newColumns)
    for row in 0..<rows {
      let target = row * newRows / rows * newColumns
      for column in 0..<columns where Domain.holds(values[row * columns + column], .linear) {
        let place = target + column * newColumns / columns
        sums[place] += values[row * columns + column]
        counts[place] += 1
      }
    }
    return HeatMap(
      rows: newRows, columns: newColumns, values: zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan }, label: label,
      limits: limits)
      ?? self
  }
}
