import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@testable import Plots

/// Figures of every kind, with what usually goes wrong: long names, many categories, negative numbers, gaps.
enum Examples {
  static let steps = (1...100).map(Double.init)

  static let line = Figure(
    title: "Loss & <captured> \"share\"", x: Axis("step"), y: Axis("loss (nats a token)"),
    series: [
      Series("random walk of the same steps", x: steps, y: steps.map { ($0 / 100).squareRoot() }, isNull: true),
      Series(
        "run", x: steps, y: steps.map { 1 - exp(-$0 / 15) },
        interval: .init(low: steps.map { 0.9 - exp(-$0 / 15) }, high: steps.map { 1.1 - exp(-$0 / 15) })),
      Series("gap", x: steps, y: steps.map { $0 == 50 ? .nan : -$0 / 300 }),
    ], references: [Reference("a random plane", 0.01), Reference("", 30, direction: .x)])

  static func bars(_ count: Int, name: (Int) -> String = { "blocks.\($0).mlp.up.weight of a model" }) -> Figure {
    let x = (0..<count).map(Double.init)
    return Figure(
      title: "Bars", x: Axis("segment", kind: .categories((0..<count).map(name))), y: Axis("drift (%)"),
      series: [
        Series("before", mark: .bars, x: x, y: x.map { sin($0) * 10 - 3 }),
        Series(
          "after", mark: .bars, x: x, y: x.map { cos($0) * 10 },
          interval: .init(low: x.map { cos($0) * 10 - 1 }, high: x.map { cos($0) * 10 + 1 })),
        Series("chance", mark: .levels, x: x, y: x.map { _ in 2 }, isNull: true),
      ])
  }

  static let heat = Figure(
    title: "Heat", x: Axis("key"), y: Axis("query"),
    heat: HeatMap(rows: 30, columns: 20, values: (0..<600).map { $0 == 7 ? .nan : sin(Double($0)) }, label: "weight"))

  static let legend = Figure(
    title:
      "Many series whose names are long, and a title that is longer than the figure is wide, so that it must be broken",
    series: (0..<9).map { number in
      Series("a series whose name is long: number \(number)", x: steps, y: steps.map { sin($0 / 9 + Double(number)) })
    })

  static let histogram = Figure(
    x: Axis("gain"), y: Axis("count"),
    series: [Series(mark: .bars, x: [-1.5, -0.5, 0.5, 1.5], y: [3, 10, 12, 1], width: 1)],
    references: [Reference("predicted", 1, direction: .x)])

  static let figures: [Figure] = [
    line, bars(3), bars(12), bars(40), bars(300), heat, legend, histogram, Figure(),
    Figure(title: "empty", series: [Series(x: [], y: [])]),
    Figure(
      x: Axis("x", kind: .logarithmic), y: Axis("y", kind: .logarithmic),
      series: [Series("s", mark: .points, x: steps, y: steps.map { $0 * $0 - 4 })]),
    Figure(series: [Series("s", mark: .steps, x: [0, 1e12], y: [-1e-9, 1e9])]),
    Figure(x: Axis(kind: .categories([])), series: [Series("none", mark: .bars, x: [], y: [])]),
    Figure(
      title: String(repeating: "w", count: 200_000), x: Axis("語 a\u{301}\u{1B}[31m\n\0"),
      series: [Series("\u{202E}", x: [0], y: [0])]),
    Figure(series: [Series("far", x: [-.infinity, 1, 2], y: [1, 1e308, -1e308])]),
  ]

  static let grid = Picture.grid(title: "All of it", figures.map { .figure($0) })
}

@Suite struct PictureTests {
  static let pictures = Examples.figures.map { Picture.figure($0) } + [Examples.grid, .grid(title: "", [])]

  @Test("Every picture is sound XML with a role, a title and a description")
  func soundMarkup() throws {
    for picture in PictureTests.pictures {
      let svg = picture.svg(id: "one")
      let document = try XMLDocument(xmlString: svg)
      let root = try #require(document.rootElement())
      #expect(svg.contains("role=\"img\" aria-labelledby=\"one-title one-desc\""))
      #expect(root.elements(forName: "title").first?.stringValue?.isEmpty == false)
      #expect(root.elements(forName: "desc").first?.stringValue?.isEmpty == false)
      #expect(svg.firstMatch(of: /[ "](nan|-?inf)[ "]/) == nil)
    }
    let svg = Picture.figure(Examples.line).svg()
    #expect(svg.contains("Loss &amp; &lt;captured&gt; &quot;share&quot;"))
  }

  @Test("Text neither overlaps nor leaves the picture, at any width")
  func textHasRoom() {
    for picture in PictureTests.pictures {
      for width in [300.0, 640, 1200] {
        let layout = PictureLayout(picture, width: width)
        var canvas = MeasuringCanvas()
        layout.draw(on: &canvas)
        for (index, box) in canvas.boxes.enumerated() {
          #expect(
            box.left >= -0.5 && box.right <= layout.width + 0.5 && box.top >= -0.5 && box.bottom <= layout.height + 0.5,
            "\(box.text) of \(picture.title) leaves \(layout.width) × \(layout.height): \(box)")
          for other in canvas.boxes[(index + 1)...] where box.angle == other.angle && box.angle != -45 {
            #expect(!box.overlaps(other), "\(box.text) and \(other.text) of \(picture.title) at \(width)")
          }
        }
      }
    }
  }

  @Test("PNG and PDF are files of their kind, and PNG shows more than paper")
  func files() throws {
    for picture in PictureTests.pictures {
      let png = try picture.png(scale: 1)
      #expect(png.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
      let pdf = try picture.pdf()
      #expect(String(decoding: pdf.prefix(5), as: UTF8.self) == "%PDF-")
      #expect(String(decoding: pdf.suffix(8), as: UTF8.self).contains("%%EOF"))
    }
    let line = Picture.figure(Examples.line)
    #expect(try line.png(scale: 1) != line.png(scale: 1, isDark: true))
    #expect(throws: PictureError.self) { try line.png(scale: 100_000) }
  }

  @Test("Values without a place are counted below the figure, and the line has a gap there")
  func dropped() {
    let svg = Picture.figure(Examples.line).svg()
    #expect(svg.contains("1 value is left out: not finite"))
    let logarithmic = Figure(y: Axis(kind: .logarithmic), series: [Series(x: [1, 2, 3], y: [0, -1, 5])])
    #expect(Picture.figure(logarithmic).description.contains("2 values are left out: not finite or not above zero"))
  }

  @Test("The words name the title, the series with their ranges, and the references")
  func words() {
    #expect(
      Picture.figure(Examples.histogram).words
        == "plot: count, 4 bars, 1 … 12; predicted at 1 against gain -1.5 … 1.5")
    #expect(!Examples.grid.words.contains("\n"))
  }

  @Test("Colours of series stand out from both papers by 3 : 1, text by 4.5 : 1")
  func contrast() {
    for theme in [Palette.light, Palette.dark] {
      for color in Palette.series {
        #expect(color.contrast(with: theme.paper) >= 3, "\(color.hex) on \(theme.paper.hex)")
      }
      #expect(theme.ink.contrast(with: theme.paper) >= 4.5 && theme.muted.contrast(with: theme.paper) >= 4.5)
    }
  }
}

/// Remembers where text stands, measured by the same table as the layout.
private struct MeasuringCanvas: Canvas {
  struct Box {
    var text: String
    var left, right, top, bottom: Double
    var angle: Double

    func overlaps(_ other: Box) -> Bool {
      left < other.right - 0.5 && other.left < right - 0.5 && top < other.bottom - 0.5 && other.top < bottom - 0.5
    }
  }

  var boxes: [Box] = []

  mutating func begin(_ name: String, clip: Rectangle?) {}
  mutating func end() {}
  mutating func stroke(_ lines: [[Point]], _ stroke: Stroke) {}
  mutating func fill(_ outline: [Point], _ paint: Paint, opacity: Double) {}
  mutating func fill(_ rectangles: [Rectangle], _ paint: Paint) {}
  mutating func mark(_ points: [Point], _ marker: Marker, radius: Double, _ paint: Paint) {}

  mutating func write(_ label: Label) {
    let width = TextMetrics.width(label.text, size: label.size, isBold: label.isBold)
    let start =
      switch label.anchor {
      case .start: 0.0
      case .middle: -width / 2
      case .end: -width
      }
    // Capitals reach about 0.73 of the size above the baseline, tails 0.2 below.
    let (sine, cosine) = (sin(label.angle * .pi / 180), cos(label.angle * .pi / 180))
    let corners = [(start, -0.73), (start + width, -0.73), (start, 0.2), (start + width, 0.2)].map { x, y in
      (label.at.x + x * cosine - y * label.size * sine, label.at.y + x * sine + y * label.size * cosine)
    }
    let (xs, ys) = (corners.map(\.0), corners.map(\.1))
    boxes.append(
      Box(
        text: label.text, left: xs.min() ?? 0, right: xs.max() ?? 0, top: ys.min() ?? 0, bottom: ys.max() ?? 0,
        angle: label.angle))
  }
}
