/// Where everything in a figure goes. All text is measured first, so that nothing overlaps and nothing is cut off by the
/// edge; a figure grows in height where labels need it.
struct FigureLayout {
  /// Sizes of text, in pixels.
  enum Size {
    static let title = 15.0
    static let label = 12.0
    static let tick = 11.0
    static let note = 10.5
  }

  /// A label at a mark of an axis.
  struct AxisMark {
    /// Pixels along the axis, on the canvas.
    var place: Double
    /// What is written; empty where there is no room.
    var text: String
  }

  /// A line of the legend.
  struct LegendEntry {
    enum Subject {
      case series(Int)
      case reference(Int)
    }
    var subject: Subject
    var text: String
    /// Where its sign begins and its text stands.
    var at = Point(x: 0, y: 0)
  }

  let figure: Figure
  let scaled: ScaledFigure
  let width: Double
  private(set) var height: Double
  private(set) var plot: Rectangle
  private(set) var title: [String] = []
  private(set) var xLabel: [String] = []
  private(set) var yLabel: [String] = []
  private(set) var xMarks: [AxisMark] = []
  private(set) var yMarks: [AxisMark] = []
  /// Degrees by which labels of the x axis are turned.
  private(set) var xAngle = 0.0
  private(set) var legend: [LegendEntry] = []
  private(set) var notes: [String] = []
  /// The baseline of the first line of the label of the x axis, and of the first note.
  private(set) var xLabelTop = 0.0
  private(set) var noteTop = 0.0
  /// The marks of the colour bar of a heat map.
  let colors: HeatColors?

  static let edge = 12.0
  private static let sign = 26.0

  init(_ figure: Figure, width: Double, height: Double) {
    self.figure = figure
    self.width = width
    scaled = ScaledFigure(figure)
    colors = figure.heat.map(HeatColors.init)
    self.height = height
    let edge = FigureLayout.edge
    let inner = width - 2 * edge
    title = TextMetrics.lines(TextMetrics.clean(figure.title), width: inner, size: Size.title, isBold: true)
    let top = edge + (title.isEmpty ? 6 : Double(title.count) * 19 + 8)
    // What a figure with short labels needs below; anything more makes it taller.
    let plotHeight = max(110, height - top - 58)
    yLabel = Array(
      TextMetrics.lines(TextMetrics.clean(figure.y.label), width: plotHeight, size: Size.label).prefix(2))
    let scale = scaled.y
    let yTicks = FigureLayout.thinned(
      scale.ticks(Int(plotHeight / 48)), places: { scale.place($0) * plotHeight }, distance: 14)
    let yTexts = yTicks.map { TextMetrics.cut(TextMetrics.clean($0.label), to: width * 0.28, size: Size.tick) }
    let tickWidth = yTexts.reduce(0) { max($0, TextMetrics.width($1, size: Size.tick)) }
    let left = edge + Double(yLabel.count) * 16 + tickWidth + 9
    let entries = FigureLayout.entries(figure)
    let widest = entries.reduce(0) { max($0, TextMetrics.width($1.text, size: Size.tick)) } + FigureLayout.sign
    let inOneRow = entries.reduce(0) { $0 + TextMetrics.width($1.text, size: Size.tick) + FigureLayout.sign + 18 }
    let isBeside = !entries.isEmpty && inOneRow > width - left - edge && widest <= 0.3 * width
    var right = edge + 6
    if isBeside { right += widest + 10 }
    if let colors { right += 14 + 10 + colors.textWidth + (colors.label.isEmpty ? 0 : 20) }
    plot = Rectangle(x: left, y: top, width: max(60, width - left - right), height: plotHeight)

    // A last label that reaches beyond the axis moves the axis.
    var marks = FigureLayout.xMarks(scaled.x, plot)
    let free = width - edge / 2 - (isBeside || colors != nil ? right - edge : 0)
    let over = marks.marks.map { $0.place + TextMetrics.width($0.text, size: Size.tick) / 2 - free }.max() ?? 0
    if marks.angle == 0, over > 0, over < plot.width / 3 {
      plot.width -= over
      marks = FigureLayout.xMarks(scaled.x, plot)
    }
    (xMarks, xAngle) = (marks.marks, marks.angle)
    yMarks = zip(yTicks, yTexts).map { tick, text in
      let place = scaled.y.place(tick.value) * plotHeight
      return AxisMark(place: figure.heat == nil ? plot.bottom - place : plot.y + place, text: text)
    }
    finish(marks.depth, entries, isBeside: isBeside)
  }

  /// Everything below the axis, and the legend.
  private mutating func finish(_ depth: Double, _ entries: [LegendEntry], isBeside: Bool) {
    var y = plot.bottom + 8 + depth
    xLabel = TextMetrics.lines(
      TextMetrics.clean(figure.x.label), width: width - 2 * FigureLayout.edge, size: Size.label)
    xLabelTop = y + Size.label + 3
    y += Double(xLabel.count) * 16 + (xLabel.isEmpty ? 0 : 4)
    legend = entries
    if isBeside {
      for index in legend.indices {
        legend[index].at = Point(x: plot.right + 16, y: plot.y + 12 + Double(index) * 18)
      }
      y = max(y, plot.y + 12 + Double(legend.count) * 18)
    } else if !legend.isEmpty {
      var x = plot.x
      let room = width - FigureLayout.edge
      // Entries that are wider than the axis begin at the edge of the figure.
      let start =
        entries.contains { plot.x + FigureLayout.sign + TextMetrics.width($0.text, size: Size.tick) > room }
        ? FigureLayout.edge : plot.x
      x = start
      y += 18
      for index in legend.indices {
        legend[index].text = TextMetrics.cut(legend[index].text, to: room - start - FigureLayout.sign, size: Size.tick)
        let needed = FigureLayout.sign + TextMetrics.width(legend[index].text, size: Size.tick)
        if x > start, x + needed > room {
          x = start
          y += 18
        }
        legend[index].at = Point(x: x, y: y)
        x += needed + 18
      }
    }
    notes = scaled.notes(figure).flatMap {
      TextMetrics.lines(TextMetrics.clean($0), width: width - 2 * FigureLayout.edge, size: Size.note)
    }
    noteTop = y + 20
    if !notes.isEmpty { y = noteTop + Double(notes.count - 1) * 14 }
    height = max(height, y + FigureLayout.edge)
  }

  private static func entries(_ figure: Figure) -> [LegendEntry] {
    guard figure.heat == nil else { return [] }
    var entries = figure.series.indices.filter { !figure.series[$0].name.isEmpty }.map {
      LegendEntry(subject: .series($0), text: TextMetrics.clean(figure.series[$0].name))
    }
    entries += figure.references.indices.filter { !figure.references[$0].name.isEmpty }.map {
      LegendEntry(subject: .reference($0), text: TextMetrics.clean(figure.references[$0].name))
    }
    // The one line of a figure is what its axis says.
    let isAlone = entries.count == 1 && figure.series.count == 1 && figure.references.isEmpty
    return isAlone && (figure.y.label.hasPrefix(entries[0].text) || entries[0].text == figure.title) ? [] : entries
  }

  // MARK: - Marks

  /// Every k-th mark, so that neighbours are at least `distance` apart.
  private static func thinned(_ ticks: [Tick], places: (Double) -> Double, distance: Double) -> [Tick] {
    guard ticks.count > 1 else { return ticks }
    let step = abs(places(ticks[1].value) - places(ticks[0].value))
    let every = step > 0 ? max(1, Int((distance / step).rounded(.up))) : 1
    return ticks.enumerated().filter { $0.offset % every == 0 }.map(\.element)
  }

  /// The marks of the x axis, the angle of their labels and the room these need below the axis.
  private static func xMarks(_ scale: Scale, _ plot: Rectangle) -> (marks: [AxisMark], angle: Double, depth: Double) {
    func mark(_ tick: Tick) -> AxisMark {
      AxisMark(place: plot.x + scale.place(tick.value) * plot.width, text: TextMetrics.clean(tick.label))
    }
    func width(_ mark: AxisMark) -> Double { TextMetrics.width(mark.text, size: Size.tick) }
    func fit(_ marks: [AxisMark]) -> Bool {
      zip(marks, marks.dropFirst()).allSatisfy { ($1.place - $0.place) >= (width($0) + width($1)) / 2 + 8 }
    }
    if case .categories = scale.kind { return categoryMarks(scale, plot, mark, width, fit) }
    for target in stride(from: max(2, Int(plot.width / 64)), through: 2, by: -1) {
      let marks = scale.ticks(target).map(mark)
      if fit(marks) { return (marks, 0, 14) }
    }
    // No two labels fit beside each other: the first stands alone.
    return (scale.ticks(2).prefix(1).map(mark), 0, 14)
  }

  private static func categoryMarks(
    _ scale: Scale, _ plot: Rectangle, _ mark: (Tick) -> AxisMark, _ width: (AxisMark) -> Double,
    _ fit: ([AxisMark]) -> Bool
  ) -> (marks: [AxisMark], angle: Double, depth: Double) {
    let ticks = scale.ticks(0)
    let whole = ticks.map(mark)
    let reachesOut = whole.contains { $0.place - width($0) / 2 < 2 }
    if fit(whole), !reachesOut { return (whole, 0, 14) }
    let slot = plot.width / Double(max(1, ticks.count))
    // Numbers as names are thinned like numbers.
    if ticks.allSatisfy({ Double($0.label) != nil }) {
      for every in [2, 5, 10, 20, 50, 100, 200, 500, 1000] {
        let marks = ticks.enumerated().filter { $0.offset % every == 0 }.map { mark($0.element) }
        if fit(marks) { return (marks, 0, 14) }
      }
    }
    // Turned by half a right angle while lines of text have room beside each other, then by a right one.
    let angle = slot >= 17 ? -45.0 : -90
    let every = slot >= 13 ? 1 : Int((13 / max(slot, 0.01)).rounded(.up))
    // A slanted label grows to the left: the first may not leave the figure.
    let limit = angle == -45 ? min(120, (plot.x + slot / 2 - 4) * 1.4) : 120
    let marks = whole.enumerated().filter { $0.offset % every == 0 }.map { _, mark in
      AxisMark(place: mark.place, text: TextMetrics.cut(mark.text, to: max(limit, 40), size: Size.tick))
    }
    let longest = marks.reduce(0) { max($0, width($1)) }
    return (marks, angle, angle == -45 ? longest * 0.71 + 12 : longest + 8)
  }
}

/// From numbers to colours: viridis, or two-sided around zero where there are numbers on both sides.
struct HeatColors {
  let isDiverging: Bool
  let domain: Domain
  let ticks: [Tick]
  let label: String

  init(_ heat: HeatMap) {
    label = TextMetrics.clean(heat.label)
    let finite = heat.values.lazy.filter { Domain.holds($0, .linear) }
    let (low, high) = (heat.limits?.lowerBound ?? finite.min() ?? 0, heat.limits?.upperBound ?? finite.max() ?? 1)
    isDiverging = low < 0 && high > 0
    let largest = max(-low, high)
    domain = isDiverging ? Domain(-largest, largest) : Domain(low, high)
    ticks = Ticks.linear(domain, target: 5)
  }

  var textWidth: Double {
    ticks.reduce(0) { max($0, TextMetrics.width($1.label, size: FigureLayout.Size.tick)) }
  }

  func place(_ value: Double) -> Double { (value / 2 - domain.low / 2) / (domain.high / 2 - domain.low / 2) }

  /// The colour of a number, in one of 128 steps; nil for what is not a number.
  func color(_ value: Double) -> Color? {
    guard Domain.holds(value, .linear) else { return nil }
    return Palette.heat((place(value) * 127).rounded() / 127, isDiverging: isDiverging)
  }
}
