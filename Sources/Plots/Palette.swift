import Foundation

/// A colour in sRGB.
public struct Color: Sendable, Equatable {
  /// From 0 to 1.
  public var red, green, blue: Double

  /// Makes a colour from its six hexadecimal digits as a number.
  public init(_ hex: UInt32) {
    func part(_ shift: UInt32) -> Double { Double((hex >> shift) & 0xFF) / 255 }
    (red, green, blue) = (part(16), part(8), part(0))
  }

  /// Makes a colour from its parts.
  public init(red: Double, green: Double, blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// `#0072b2`.
  public var hex: String {
    func part(_ value: Double) -> Int { Int((min(max(value, 0), 1) * 255).rounded()) }
    return String(format: "#%02x%02x%02x", part(red), part(green), part(blue))
  }

  /// Relative luminance, from 0 to 1 (WCAG 2.2).
  public var luminance: Double {
    func linear(_ value: Double) -> Double { value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4) }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  /// The ratio by which two colours stand out from each other, from 1 to 21 (WCAG 2.2).
  public func contrast(with other: Color) -> Double {
    (max(luminance, other.luminance) + 0.05) / (min(luminance, other.luminance) + 0.05)
  }

  /// The nearest colour of the 256 that terminals share: a cube of 6 × 6 × 6 and 24 greys.
  var terminalIndex: Int {
    let levels = [0, 95, 135, 175, 215, 255].map { Double($0) / 255 }
    func nearest(_ value: Double) -> Int {
      levels.indices.min { abs(levels[$0] - value) < abs(levels[$1] - value) } ?? 0
    }
    let cube = [red, green, blue].map(nearest)
    func distance(_ color: [Double]) -> Double {
      zip(color, [red, green, blue]).reduce(0) { $0 + pow($1.0 - $1.1, 2) }
    }
    let grey = min(max(Int((((red + green + blue) / 3 * 255 - 8) / 10).rounded()), 0), 23)
    let level = Double(8 + 10 * grey) / 255
    return distance([level, level, level]) < distance(cube.map { levels[$0] })
      ? 232 + grey : 16 + 36 * cube[0] + 6 * cube[1] + cube[2]
  }
}

/// The colours of pictures.
public enum Palette {
  /// Colours of series. Blue, vermillion, green and purple are from Okabe and Ito, Color Universal Design (2008); their
  /// yellow, orange and sky blue are too pale on white and are replaced by ochre and grey. Each stands out from both
  /// papers at least 3 : 1, as WCAG 2.2 asks of graphics.
  public static let series = [0x0072B2, 0xD55E00, 0x009E73, 0xC878A6, 0xA67C00, 0x7F7F7F].map { Color($0) }

  /// The colours of everything else, for one of the two papers.
  public struct Theme: Sendable {
    /// What lies behind.
    public let paper: Color
    /// Titles and labels.
    public let ink: Color
    /// Ticks, notes, nulls.
    public let muted: Color
    /// Lines of the grid.
    public let grid: Color
  }

  /// On white.
  public static let light = Theme(
    paper: Color(0xFFFFFF), ink: Color(0x1F2328), muted: Color(0x59636E), grid: Color(0xE1E4E8))
  /// On nearly black.
  public static let dark = Theme(
    paper: Color(0x14171A), ink: Color(0xE6E8EA), muted: Color(0xA4ACB4), grid: Color(0x31363C))

  /// Viridis (Smith and van der Walt, CC0): evenly light to the eye, readable without red and green.
  private static let viridis = [
    0x440154, 0x482878, 0x3E4A89, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6DCD59, 0xB4DE2C, 0xFDE725,
  ].map { Color($0) }

  /// From blue over near-white to vermillion, for numbers on both sides of zero.
  private static let diverging = [0x023858, 0x0072B2, 0x7FB8D8, 0xF7F7F7, 0xF0A56E, 0xD55E00, 0x6E2D00].map {
    Color($0)
  }

  /// The colour at a place from 0 to 1.
  public static func heat(_ place: Double, isDiverging: Bool) -> Color {
    let stops = isDiverging ? diverging : viridis
    let position = min(max(place.isNaN ? 0 : place, 0), 1) * Double(stops.count - 1)
    let index = min(Int(position), stops.count - 2)
    let (a, b, t) = (stops[index], stops[index + 1], position - Double(index))
    return Color(
      red: a.red + (b.red - a.red) * t, green: a.green + (b.green - a.green) * t, blue: a.blue + (b.blue - a.blue) * t)
  }
}
