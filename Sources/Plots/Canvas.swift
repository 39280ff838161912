/// A place on a canvas, in pixels from its upper left corner.
struct Point: Equatable {
  var x: Double
  var y: Double
}

/// A rectangle on a canvas.
struct Rectangle: Equatable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }
}

/// What something is drawn with. The colours of roles depend on the paper.
enum Paint: Equatable {
  case paper, ink, muted, grid
  case color(Color)

  /// The colour on a paper.
  func color(_ theme: Palette.Theme) -> Color {
    switch self {
    case .paper: theme.paper
    case .ink: theme.ink
    case .muted: theme.muted
    case .grid: theme.grid
    case .color(let color): color
    }
  }

  /// The name of a role; nil for a colour that is the same on every paper.
  var role: String? {
    switch self {
    case .paper: "paper"
    case .ink: "ink"
    case .muted: "muted"
    case .grid: "grid"
    case .color: nil
    }
  }
}

/// How a line is drawn.
struct Stroke: Equatable {
  var paint: Paint
  var width = 1.0
  /// Lengths of dashes and gaps in turn; empty for a whole line.
  var dash: [Double] = []
}

/// The sign of a point.
enum Marker: CaseIterable {
  case circle, square, diamond, triangle
}

/// A line of text on a canvas.
struct Label: Equatable {
  enum Anchor: Equatable {
    case start, middle, end
  }

  var text: String
  /// Where its baseline begins, has its middle, or ends.
  var at: Point
  var anchor = Anchor.start
  var size: Double
  /// Degrees clockwise around ``at``.
  var angle = 0.0
  var paint = Paint.ink
  var isBold = false
}

/// What can be drawn on. Everything that a picture needs, and nothing more: a backend is these seven functions.
protocol Canvas {
  /// Begins a part with a name, such as `grid`; what lies outside `clip` is not drawn.
  mutating func begin(_ name: String, clip: Rectangle?)
  /// Ends the part that was begun last.
  mutating func end()
  /// Draws lines through points.
  mutating func stroke(_ lines: [[Point]], _ stroke: Stroke)
  /// Fills an outline.
  mutating func fill(_ outline: [Point], _ paint: Paint, opacity: Double)
  /// Fills rectangles.
  mutating func fill(_ rectangles: [Rectangle], _ paint: Paint)
  /// Draws a sign at each point.
  mutating func mark(_ points: [Point], _ marker: Marker, radius: Double, _ paint: Paint)
  /// Writes a line of text.
  mutating func write(_ label: Label)
}
