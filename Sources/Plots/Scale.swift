import Foundation

/// The two ends of an axis.
public struct Domain: Sendable, Equatable {
  /// The value at the left or lower end.
  public let low: Double
  /// The value at the other end, above ``low``.
  public let high: Double

  /// The values that an axis can hold: beyond them differences overflow.
  static let limit = 1e300

  /// Whether a value can be placed on an axis of this kind at all.
  static func holds(_ value: Double, _ kind: Axis.Kind) -> Bool {
    guard value.magnitude <= limit else { return false }
    return kind == .logarithmic ? value >= 1 / limit : true
  }

  /// Takes the ends as they are where they can be told apart in print, and apart from each other where they cannot.
  public init(_ low: Double, _ high: Double, kind: Axis.Kind = .linear) {
    var (low, high) = low <= high ? (low, high) : (high, low)
    low = min(max(low.isNaN ? 0 : low, -Domain.limit), Domain.limit)
    high = min(max(high.isNaN ? 0 : high, -Domain.limit), Domain.limit)
    let size = max(low.magnitude, high.magnitude)
    if kind == .logarithmic {
      low = max(low, 1 / Domain.limit)
      high = max(high, low)
      if high < low * 1.001 { (low, high) = (max(low / 2, 1 / Domain.limit), min(high * 2, Domain.limit)) }
    } else if size < 1e-290 {
      (low, high) = (-1, 1)
    } else if high - low < 1e-11 * size {
      let middle = low / 2 + high / 2
      (low, high) = (max(middle - size * 0.1, -Domain.limit), min(middle + size * 0.1, Domain.limit))
    }
    self.low = low
    self.high = high
  }

  /// Fits ends to values: a little room on both sides, and zero where bars stand on it.
  public init(fitting values: some Sequence<Double>, kind: Axis.Kind = .linear, withZero: Bool = false) {
    if case .categories(let names) = kind {
      self.init(-0.5, Double(max(names.count, 1)) - 0.5)
      return
    }
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where Domain.holds(value, kind) {
      low = min(low, value)
      high = max(high, value)
    }
    if withZero && kind == .linear { (low, high) = (min(low, 0), max(high, 0)) }
    if low > high { (low, high) = kind == .logarithmic ? (1, 10) : (0, 1) }
    let bare = Domain(low, high, kind: kind)
    if kind == .logarithmic {
      let room = pow(bare.high / bare.low, 0.04)
      self.init(bare.low / room, bare.high * room, kind: kind)
    } else {
      let room = (bare.high - bare.low) * 0.04
      // Bars stand on the axis itself.
      self.init(
        withZero && bare.low == 0 ? 0 : bare.low - room, withZero && bare.high == 0 ? 0 : bare.high + room, kind: kind)
    }
  }

  /// Whether a value lies between the ends.
  public func contains(_ value: Double) -> Bool { value >= low && value <= high }
}

/// An axis with its ends: values to places and back to words.
public struct Scale: Sendable, Equatable {
  /// How values become places.
  public let kind: Axis.Kind
  /// The two ends.
  public let domain: Domain
  private let origin: Double
  private let factor: Double

  /// Makes a scale.
  public init(_ kind: Axis.Kind, _ domain: Domain) {
    self.kind = kind
    self.domain = domain
    // Halves, because the difference of two large ends would be an infinity.
    origin = (kind == .logarithmic ? log10(domain.low) : domain.low) / 2
    factor = 1 / ((kind == .logarithmic ? log10(domain.high) : domain.high) / 2 - origin)
  }

  /// The place of a value: 0 at the lower end, 1 at the upper; NaN for a value that has none.
  public func place(_ value: Double) -> Double {
    guard Domain.holds(value, kind) else { return .nan }
    return ((kind == .logarithmic ? log10(value) : value) / 2 - origin) * factor
  }

  /// Marks, about `target` of them; a category each.
  public func ticks(_ target: Int) -> [Tick] {
    switch kind {
    case .linear: Ticks.linear(domain, target: target)
    case .logarithmic: Ticks.logarithmic(domain, target: target)
    case .categories(let names): names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) }
    }
  }
}

/// A figure with its scales, and a count of what has no place on them.
struct ScaledFigure {
  let x: Scale
  let y: Scale
  /// How many numbers were left out because they are not finite, or not above zero on a logarithmic axis.
  let dropped: Int

  init(_ figure: Figure) {
    if let heat = figure.heat {
      let rows = Domain(-0.5, Double(heat.rows) - 0.5)
      x = Scale(figure.x.kind, Domain(-0.5, Double(heat.columns) - 0.5))
      y = Scale(figure.y.kind, rows)
      dropped = heat.values.count { !$0.isFinite }
      return
    }
    var (left, right, below, above) = (Extent(), Extent(), Extent(), Extent())
    var dropped = 0
    for series in figure.series {
      let half = series.mark == .bars && figure.x.categories == nil ? ScaledFigure.barWidth(series) / 2 : 0
      for index in series.x.indices {
        let (x, y) = (series.x[index], series.y[index])
        guard Domain.holds(x, figure.x.kind), Domain.holds(y, figure.y.kind) else {
          dropped += 1
          continue
        }
        left.add(x - half, figure.x.kind)
        right.add(x + half, figure.x.kind)
        below.add(y, figure.y.kind)
        if let interval = series.interval {
          below.add(interval.low[index], figure.y.kind)
          above.add(interval.high[index], figure.y.kind)
        }
      }
    }
    for reference in figure.references {
      switch reference.direction {
      case .x: left.add(reference.value, figure.x.kind)
      case .y: below.add(reference.value, figure.y.kind)
      }
    }
    self.dropped = dropped
    func scale(_ axis: Axis, _ values: [Double], withZero: Bool) -> Scale {
      let domain = axis.range.map { Domain($0.lowerBound, $0.upperBound, kind: axis.kind) }
      return Scale(axis.kind, domain ?? Domain(fitting: values, kind: axis.kind, withZero: withZero))
    }
    let hasBars = figure.series.contains { $0.mark == .bars }
    x = scale(figure.x, left.ends + right.ends, withZero: false)
    y = scale(figure.y, below.ends + above.ends, withZero: hasBars)
  }

  /// The width of a bar of a series on a numeric axis: its own, or most of the least distance.
  static func barWidth(_ series: Series) -> Double {
    if let width = series.width, width > 0 { return width }
    let sorted = series.x.filter(\.isFinite).sorted()
    let least = zip(sorted.dropFirst(), sorted).map { $0 - $1 }.filter { $0 > 0 }.min() ?? 1
    return 0.8 * least
  }

  /// Sentences that belong below the figure.
  func notes(_ figure: Figure) -> [String] {
    var notes = figure.notes
    if let heat = figure.heat, max(heat.rows, heat.columns) > HeatPainter.limit {
      let (rows, columns) = (min(heat.rows, HeatPainter.limit), min(heat.columns, HeatPainter.limit))
      notes.append("\(heat.rows) × \(heat.columns) values are drawn as \(rows) × \(columns) means of neighbours")
    }
    guard dropped > 0 else { return notes }
    let isLogarithmic = figure.x.kind == .logarithmic || figure.y.kind == .logarithmic
    let reason = isLogarithmic && figure.heat == nil ? "not finite or not above zero" : "not finite"
    return notes + ["\(dropped) \(dropped == 1 ? "value is" : "values are") left out: \(reason)"]
  }
}

/// The least and the largest of the values that have a place.
private struct Extent {
  var low = Double.infinity
  var high = -Double.infinity

  mutating func add(_ value: Double, _ kind: Axis.Kind) {
    guard Domain.holds(value, kind) else { return }
    low = min(low, value)
    high = max(high, value)
  }

  var ends: [Double] { low <= high ? [low, high] : [] }
}
