/// Where the figures of a picture go.
struct PictureLayout {
  private struct Placed {
    let layout: FigureLayout
    var origin: Point
  }

  let width: Double
  let height: Double
  private let title: [String]
  private var placed: [Placed] = []

  /// Lays a picture out.
  ///
  /// - Parameter width: pixels of CSS; nil takes 640 for one figure, and up to 1,080 for several.
  init(_ picture: Picture, width: Double? = nil) {
    let figures = picture.figures
    let wanted = PictureLayout.columns(figures.count)
    let width = min(max(width ?? (wanted == 1 ? 640 : Double(wanted) * 360 + 20), 240), 4000)
    let columns = min(wanted, max(1, Int(width / 240)))
    self.width = width
    if case .figure(let figure) = picture {
      let layout = FigureLayout(figure, width: width, height: max(260, width * 0.6))
      title = []
      placed = [Placed(layout: layout, origin: Point(x: 0, y: 0))]
      height = layout.height
      return
    }
    title = TextMetrics.lines(TextMetrics.clean(picture.title), width: width - 24, size: 17, isBold: true)
    let cell = width / Double(columns)
    var y = title.isEmpty ? 0 : Double(title.count) * 22 + 12
    for start in stride(from: 0, to: figures.count, by: columns) {
      let row = figures[start..<min(start + columns, figures.count)].map {
        FigureLayout($0, width: cell, height: max(240, cell * 0.75))
      }
      for (index, layout) in row.enumerated() {
        placed.append(Placed(layout: layout, origin: Point(x: Double(index) * cell, y: y)))
      }
      y += row.reduce(0) { max($0, $1.height) } + 4
    }
    height = max(y, 40)
  }

  /// How many figures stand beside each other.
  static func columns(_ count: Int) -> Int {
    switch count {
    case ...1: 1
    case 2, 4: 2
    default: 3
    }
  }

  func draw(on canvas: inout some Canvas) {
    canvas.fill([Rectangle(x: 0, y: 0, width: width, height: height)], .paper)
    for (index, line) in title.enumerated() {
      canvas.write(
        Label(text: line, at: Point(x: FigureLayout.edge, y: 26 + Double(index) * 22), size: 17, isBold: true))
    }
    for part in placed {
      canvas.begin(part.layout.figure.title.isEmpty ? "figure" : part.layout.figure.title, clip: nil)
      FigurePainter(layout: part.layout, origin: part.origin).draw(on: &canvas)
      canvas.end()
    }
  }
}

extension Picture {
  /// The picture as an SVG document: readable markup, a title and a description for screen readers, and colours that
  /// follow the reader's choice of dark or light.
  ///
  /// - Parameters:
  ///   - width: pixels of CSS; nil takes what suits the number of figures.
  ///   - id: what ids inside begin with; several pictures in one page need different ones.
  public func svg(width: Double? = nil, id: String = "plot") -> String {
    let layout = PictureLayout(self, width: width)
    var canvas = SVGCanvas(prefix: SVGCanvas.escaped(id))
    layout.draw(on: &canvas)
    let (w, h) = (SVGCanvas.text(layout.width), SVGCanvas.text(layout.height))
    let name = SVGCanvas.escaped(id)
    let heading = title.isEmpty ? "Plot" : title
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="tvs-plot" width="\(w)" height="\(h)" viewBox="0 0 \(w) \(h)" \
      role="img" aria-labelledby="\(name)-title \(name)-desc" \
      font-family="'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif">
        <title id="\(name)-title">\(SVGCanvas.escaped(heading))</title>
        <desc id="\(name)-desc">\(SVGCanvas.escaped(description))</desc>
        <style>
          @media screen and (prefers-color-scheme: dark) {
      \(Picture.darkRules)
          }
        </style>
      \(canvas.lines.joined(separator: "\n"))
      </svg>

      """
  }

  private static var darkRules: String {
    let dark = Palette.dark
    let roles = [("paper", dark.paper), ("ink", dark.ink), ("muted", dark.muted), ("grid", dark.grid)]
    return roles.map { role, color in
      "      .tvs-plot .fill-\(role) { fill: \(color.hex) } .tvs-plot .stroke-\(role) { stroke: \(color.hex) }"
    }.joined(separator: "\n")
  }
}
