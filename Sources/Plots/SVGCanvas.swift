/// Writes SVG that people can read: one element a line, parts in named groups, numbers with one decimal.
struct SVGCanvas: Canvas {
  private(set) var lines: [String] = []
  private var depth = 1
  private var clips = 0
  private let theme = Palette.light
  /// What ids begin with, so that several pictures can stand in one page.
  private let prefix: String

  init(prefix: String) { self.prefix = prefix }

  private mutating func add(_ text: String) { lines.append(String(repeating: "  ", count: depth) + text) }

  mutating func begin(_ name: String, clip: Rectangle?) {
    var attributes = ""
    if let clip {
      clips += 1
      add("<clipPath id=\"\(prefix)-\(clips)\">\(SVGCanvas.element(clip))</clipPath>")
      attributes = " clip-path=\"url(#\(prefix)-\(clips))\""
    }
    add("<g data-part=\"\(SVGCanvas.escaped(name))\"\(attributes)>")
    depth += 1
  }

  mutating func end() {
    depth -= 1
    add("</g>")
  }

  mutating func stroke(_ lines: [[Point]], _ stroke: Stroke) {
    guard !lines.isEmpty else { return }
    let dash =
      stroke.dash.isEmpty
      ? "" : " stroke-dasharray=\"\(stroke.dash.map { SVGCanvas.text($0) }.joined(separator: " "))\""
    let width = SVGCanvas.text(stroke.width)
    add(
      "<path \(attribute("stroke", stroke.paint)) stroke-width=\"\(width)\"\(dash) fill=\"none\" stroke-linejoin=\"round\""
        + " d=\"\(SVGCanvas.path(lines))\"/>")
  }

  mutating func fill(_ outline: [Point], _ paint: Paint, opacity: Double) {
    guard outline.count > 2 else { return }
    add(
      "<path \(attribute("fill", paint)) fill-opacity=\"\(SVGCanvas.text(opacity))\" d=\"\(SVGCanvas.path([outline]))Z\"/>"
    )
  }

  mutating func fill(_ rectangles: [Rectangle], _ paint: Paint) {
    guard !rectangles.isEmpty else { return }
    if rectangles.count == 1 {
      add(SVGCanvas.element(rectangles[0], attribute("fill", paint) + " "))
      return
    }
    var path = ""
    for rectangle in rectangles {
      path += "M\(SVGCanvas.text(rectangle.x)) \(SVGCanvas.text(rectangle.y))"
      path +=
        "h\(SVGCanvas.text(rectangle.width))v\(SVGCanvas.text(rectangle.height))h\(SVGCanvas.text(-rectangle.width))z"
    }
    // Without smoothing there are no seams between the cells of a heat map.
    add("<path \(attribute("fill", paint)) shape-rendering=\"crispEdges\" d=\"\(path)\"/>")
  }

  mutating func mark(_ points: [Point], _ marker: Marker, radius: Double, _ paint: Paint) {
    guard !points.isEmpty else { return }
    if marker == .circle {
      // A line without length and with round ends is a disc, and takes a tenth of the text of a circle.
      var path = ""
      for point in points { path += "M\(SVGCanvas.text(point.x)) \(SVGCanvas.text(point.y))h0" }
      add(
        "<path \(attribute("stroke", paint)) stroke-width=\"\(SVGCanvas.text(2 * radius))\" stroke-linecap=\"round\" d=\"\(path)\"/>"
      )
      return
    }
    let outlines = points.map { marker.outline($0, radius) }
    add("<path \(attribute("fill", paint)) d=\"\(outlines.map { SVGCanvas.path([$0]) + "Z" }.joined())\"/>")
  }

  mutating func write(_ label: Label) {
    let (x, y) = (SVGCanvas.text(label.at.x), SVGCanvas.text(label.at.y))
    let anchor =
      switch label.anchor {
      case .start: ""
      case .middle: " text-anchor=\"middle\""
      case .end: " text-anchor=\"end\""
      }
    let turn = label.angle == 0 ? "" : " transform=\"rotate(\(SVGCanvas.text(label.angle)) \(x) \(y))\""
    let weight = label.isBold ? " font-weight=\"bold\"" : ""
    add(
      "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(SVGCanvas.text(label.size))\"\(weight)\(anchor)\(turn) "
        + "\(attribute("fill", label.paint))>\(SVGCanvas.escaped(label.text))</text>")
  }

  // MARK: - Text

  private func attribute(_ name: String, _ paint: Paint) -> String {
    let role = paint.role.map { "class=\"\(name)-\($0)\" " } ?? ""
    return "\(role)\(name)=\"\(paint.color(theme).hex)\""
  }

  private static func element(_ rectangle: Rectangle, _ attributes: String = "") -> String {
    "<rect \(attributes)x=\"\(text(rectangle.x))\" y=\"\(text(rectangle.y))\" width=\"\(text(rectangle.width))\" "
      + "height=\"\(text(rectangle.height))\"/>"
  }

  private static func path(_ lines: [[Point]]) -> String {
    var path = ""
    for line in lines {
      for (index, point) in line.enumerated() {
        path += index == 0 ? "M" : index == 1 ? "L" : " "
        path += text(point.x)
        path += " "
        path += text(point.y)
      }
    }
    return path
  }

  /// A number with at most one decimal; a tenth of a pixel cannot be seen.
  static func text(_ value: Double) -> String {
    let tenths = Int((min(max(value.isNaN ? 0 : value, -1e6), 1e6) * 10).rounded())
    let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
    return (tenths < 0 ? "-" : "") + String(whole) + (rest == 0 ? "" : ".\(rest)")
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for character in TextMetrics.clean(text).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}

extension Marker {
  /// The corners of a sign around a point; those of a circle are not needed.
  func outline(_ center: Point, _ radius: Double) -> [Point] {
    func at(_ x: Double, _ y: Double) -> Point { Point(x: center.x + x * radius, y: center.y + y * radius) }
    return switch self {
    case .circle: []
    case .square: [at(-0.9, -0.9), at(0.9, -0.9), at(0.9, 0.9), at(-0.9, 0.9)]
    case .diamond: [at(0, -1.3), at(1.3, 0), at(0, 1.3), at(-1.3, 0)]
    case .triangle: [at(0, -1.25), at(1.2, 0.95), at(-1.2, 0.95)]
    }
  }
}
