/// Draws one series between its axes.
struct SeriesPainter {
  private let figure: Figure
  private let scaled: ScaledFigure
  private let plot: Rectangle
  private let series: Series
  /// Its number among those that have a colour, or among the nulls.
  private let rank: Int
  /// Where its bars stand among others in a category: the number of it, and how many there are.
  private let share: (number: Int, of: Int)

  init(_ figure: Figure, _ scaled: ScaledFigure, _ plot: Rectangle, _ index: Int) {
    self.figure = figure
    self.scaled = scaled
    self.plot = plot
    let series = figure.series[index]
    self.series = series
    rank = figure.series[..<index].count { $0.isNull == series.isNull }
    let alike = figure.series.count { $0.mark == series.mark }
    let bars = figure.series.count { $0.mark == .bars }
    // Levels stand over the bars of the same number, or over all of a category.
    let isShared = series.mark == .bars || alike == bars
    share = isShared ? (figure.series[..<index].count { $0.mark == series.mark }, max(1, alike)) : (0, 1)
  }

  private var paint: Paint {
    series.isNull ? .muted : .color(Palette.series[rank % Palette.series.count])
  }

  private var line: Stroke {
    let dashes = FigurePainter.dashes
    if series.isNull { return Stroke(paint: paint, width: 1.5, dash: dashes[rank % dashes.count]) }
    let round = rank / Palette.series.count
    return Stroke(paint: paint, width: 1.8, dash: round == 0 ? [] : dashes[(round - 1) % dashes.count])
  }

  private var marker: Marker { Marker.allCases[rank % Marker.allCases.count] }

  // MARK: - Drawing

  func draw(on canvas: inout some Canvas) {
    switch series.mark {
    case .line, .steps: drawLine(on: &canvas)
    case .points: drawPoints(on: &canvas)
    case .bars: drawBars(on: &canvas)
    case .levels: drawLevels(on: &canvas)
    }
  }

  /// Draws the sign that the legend shows.
  func drawSign(in box: Rectangle, on canvas: inout some Canvas) {
    let middle = Point(x: box.x + box.width / 2, y: box.y + box.height / 2)
    switch series.mark {
    case .line, .steps:
      if series.interval != nil {
        canvas.fill(outline(box), paint, opacity: 0.2)
      }
      canvas.stroke([[Point(x: box.x, y: middle.y), Point(x: box.right, y: middle.y)]], line)
    case .points: canvas.mark([middle], marker, radius: 3.5, paint)
    case .bars: canvas.fill([box.grown(-0.5)], paint)
    case .levels: canvas.stroke([[Point(x: box.x, y: middle.y), Point(x: box.right, y: middle.y)]], level)
    }
  }

  private func outline(_ box: Rectangle) -> [Point] {
    [
      Point(x: box.x, y: box.y), Point(x: box.right, y: box.y), Point(x: box.right, y: box.bottom),
      Point(x: box.x, y: box.bottom),
    ]
  }

  private func x(_ place: Double) -> Double { plot.x + place * plot.width }
  private func y(_ place: Double) -> Double { plot.bottom - place * plot.height }

  /// Pieces of the series without gaps: positions whose numbers have a place.
  private func pieces(_ places: (x: [Double], y: [Double])) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start: Int?
    for index in places.x.indices {
      if (places.x[index] + places.y[index]).isNaN {
        if let first = start { pieces.append(first..<index) }
        start = nil
      } else if start == nil {
        start = index
      }
    }
    if let first = start { pieces.append(first..<places.x.count) }
    return pieces
  }

  private func drawLine(on canvas: inout some Canvas) {
    let places = (x: series.x.map(scaled.x.place), y: series.y.map(scaled.y.place))
    if let interval = series.interval { drawBand(places.x, interval, on: &canvas) }
    var lines: [[Point]] = []
    var count = 0
    for piece in pieces(places) {
      count += piece.count
      let kept = Thinning.line(
        places.x[piece], places.y[piece], columns: Int(plot.width.rounded()), rows: Int(plot.height.rounded()))
      var points: [Point] = []
      for index in kept {
        let point = Point(x: x(places.x[index]), y: y(places.y[index]))
        if series.mark == .steps, let last = points.last { points.append(Point(x: point.x, y: last.y)) }
        points.append(point)
      }
      lines.append(points)
    }
    canvas.stroke(lines.filter { $0.count > 1 }, line)
    // Few points are marked, so that one sees where the numbers are; one without neighbours has no line at all.
    let isSparse = count <= 30 && series.mark == .line && !(series.isNull && count <= 2)
    let marked = isSparse ? lines.flatMap { $0 } : lines.filter { $0.count == 1 }.flatMap { $0 }
    if !marked.isEmpty { canvas.mark(marked, marker, radius: series.isNull ? 2 : 3, paint) }
  }

  private func drawBand(_ places: [Double], _ interval: Series.Interval, on canvas: inout some Canvas) {
    let low = interval.low.map(scaled.y.place)
    let high = interval.high.map(scaled.y.place)
    let both = (x: places, y: zip(low, high).map { $0 + $1 })
    let columns = Int(plot.width.rounded())
    for piece in pieces(both) where piece.count > 1 {
      let upper = Thinning.line(places[piece], high[piece], columns: columns, rows: Int(plot.height))
      let lower = Thinning.line(places[piece], low[piece], columns: columns, rows: Int(plot.height))
      canvas.fill(
        upper.map { Point(x: x(places[$0]), y: y(high[$0])) }
          + lower.reversed().map { Point(x: x(places[$0]), y: y(low[$0])) }, paint, opacity: 0.2)
    }
  }

  private func drawPoints(on canvas: inout some Canvas) {
    var places = (x: [Double](), y: [Double]())
    for index in series.x.indices {
      let (x, y) = (scaled.x.place(series.x[index]), scaled.y.place(series.y[index]))
      if !(x + y).isNaN {
        places.x.append(x)
        places.y.append(y)
      }
    }
    if let interval = series.interval { drawWhiskers(interval, offset: 0, on: &canvas) }
    let radius = places.x.count <= 60 ? 3.5 : places.x.count <= 600 ? 2.5 : 1.2
    // A cell as large as half a sign: what it hides would not be seen.
    let kept = Thinning.points(
      places.x, places.y, columns: Int(plot.width / 1.5), rows: Int(plot.height / 1.5))
    canvas.mark(
      kept.map { Point(x: x(places.x[$0]), y: y(places.y[$0])) }, radius < 2 ? .circle : marker, radius: radius, paint)
  }

  /// The ends of each bar along the x axis, from 0 to 1.
  private func slot(_ value: Double, _ half: Double) -> (Double, Double)? {
    guard Domain.holds(value, scaled.x.kind) else { return nil }
    if figure.x.categories != nil {
      let width = 0.8 / Double(share.of)
      let start = value - 0.4 + Double(share.number) * width
      return (scaled.x.place(start), scaled.x.place(start + width * (share.of > 1 ? 0.94 : 1)))
    }
    let ends = (scaled.x.place(value - half), scaled.x.place(value + half))
    return (ends.0.isNaN ? 0 : ends.0, ends.1)
  }

  private func drawBars(on canvas: inout some Canvas) {
    let base = scaled.y.kind == .logarithmic ? 0 : min(max(scaled.y.place(0), 0), 1)
    var bars: [Rectangle] = []
    let tops = series.y.map(scaled.y.place)
    let kept = Thinning.line(
      series.x.map(scaled.x.place)[...], tops[...], columns: Int(plot.width), rows: Int(plot.height))
    let least = kept.count < series.x.count ? 1 : 0.5
    let half = figure.x.categories == nil ? ScaledFigure.barWidth(series) / 2 : 0
    for index in kept {
      let top = tops[index]
      guard let (left, right) = slot(series.x[index], half), !top.isNaN else { continue }
      let (low, high) = (min(base, top), max(base, top))
      let gap = figure.x.categories == nil ? min(0.5, (right - left) * plot.width * 0.1) : 0
      bars.append(
        Rectangle(
          x: x(left) + gap, y: y(high), width: max(least, (right - left) * plot.width - 2 * gap),
          height: (high - low) * plot.height))
    }
    canvas.fill(bars, paint)
    if let interval = series.interval {
      let width = 0.8 / Double(share.of)
      drawWhiskers(
        interval, offset: figure.x.categories == nil ? 0 : (Double(share.number) + 0.5) * width - 0.4, on: &canvas)
    }
  }

  private func drawWhiskers(_ interval: Series.Interval, offset: Double, on canvas: inout some Canvas) {
    var lines: [[Point]] = []
    for index in series.x.indices {
      let across = scaled.x.place(series.x[index] + offset)
      let (low, high) = (scaled.y.place(interval.low[index]), scaled.y.place(interval.high[index]))
      guard !(across + low + high).isNaN else { continue }
      let middle = x(across)
      lines.append([Point(x: middle, y: y(low)), Point(x: middle, y: y(high))])
      for end in [low, high] { lines.append([Point(x: middle - 3, y: y(end)), Point(x: middle + 3, y: y(end))]) }
    }
    canvas.stroke(lines, Stroke(paint: series.mark == .bars ? .ink : paint, width: 1.2))
  }

  private var level: Stroke {
    let dashes: [[Double]] = [[3, 2], [9, 3], [9, 3, 2, 3]]
    return Stroke(paint: series.isNull ? .ink : paint, width: 2, dash: dashes[rank % dashes.count])
  }

  private func drawLevels(on canvas: inout some Canvas) {
    var lines: [[Point]] = []
    let half = figure.x.categories == nil ? ScaledFigure.barWidth(series) / 2 : 0
    for index in series.x.indices {
      let height = scaled.y.place(series.y[index])
      guard let (left, right) = slot(series.x[index], half), !height.isNaN else { continue }
      lines.append([Point(x: x(left), y: y(height)), Point(x: x(right), y: y(height))])
    }
    canvas.stroke(lines, level)
  }
}
