/// A picture as a plain value: what is drawn, not how. Backends turn it into SVG, PNG, PDF, or text for a terminal.
public indirect enum Picture: Sendable, Equatable, Codable {
  /// One pair of axes.
  case figure(Figure)
  /// Several pictures beside and below each other, under one title.
  case grid(title: String, [Picture])

  /// All figures in reading order.
  public var figures: [Figure] {
    switch self {
    case .figure(let figure): [figure]
    case .grid(_, let pictures): pictures.flatMap(\.figures)
    }
  }

  /// The title, which may be empty.
  public var title: String {
    switch self {
    case .figure(let figure): figure.title
    case .grid(let title, _): title
    }
  }
}

/// One pair of axes and what is drawn between them.
public struct Figure: Sendable, Equatable, Codable {
  /// What stands above it; may be empty.
  public var title: String
  /// The axis from left to right.
  public var x: Axis
  /// The axis from bottom to top.
  public var y: Axis
  /// What is drawn, from back to front.
  public var series: [Series]
  /// Values to compare with, as lines across the whole figure.
  public var references: [Reference]
  /// A heat map, which takes the place of the series.
  public var heat: HeatMap?
  /// Sentences below the figure.
  public var notes: [String]

  /// Describes a figure.
  public init(
    title: String = "", x: Axis = Axis(), y: Axis = Axis(), series: [Series] = [], references: [Reference] = [],
    heat: HeatMap? = nil, notes: [String] = []
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
    self.references = references
    self.heat = heat
    self.notes = notes
  }
}

/// One axis of a figure.
public struct Axis: Sendable, Equatable, Codable {
  /// How values become places.
  public enum Kind: Sendable, Equatable, Codable {
    /// Equal differences are equal distances.
    case linear
    /// Equal ratios are equal distances. Values that are not above zero have no place.
    case logarithmic
    /// The values 0, 1, 2, … stand for these names.
    case categories([String])
  }

  /// What is measured, with its unit: `loss (nats a token)`. May be empty.
  public var label: String
  /// How values become places.
  public var kind: Kind
  /// The values at the two ends; nil fits the axis to the data.
  public var range: ClosedRange<Double>?

  /// Describes an axis.
  public init(_ label: String = "", kind: Kind = .linear, range: ClosedRange<Double>? = nil) {
    self.label = label
    self.kind = kind
    self.range = range
  }

  /// The names of the categories, if there are any.
  public var categories: [String]? {
    if case .categories(let names) = kind { return names }
    return nil
  }
}

/// Numbers that belong together and share a colour and a line in the legend.
public struct Series: Sendable, Equatable, Codable {
  /// How the numbers are drawn.
  public enum Mark: Sendable, Equatable, Codable {
    /// Points joined in order.
    case line
    /// Horizontal pieces, each up to the next point.
    case steps
    /// Points alone.
    case points
    /// Bars from zero.
    case bars
    /// A short level at each place, for a value to compare a bar with.
    case levels
  }

  /// What the legend says; empty leaves it out.
  public var name: String
  /// How it is drawn.
  public var mark: Mark
  /// Places along the x axis.
  public var x: [Double]
  /// Values along the y axis, as many.
  public var y: [Double]
  /// The lower and upper ends of an interval around each value: a band around lines, whiskers otherwise.
  public var interval: Interval?
  /// Whether it is what chance or theory gives, which is drawn dashed and in grey.
  public var isNull: Bool
  /// Width of bars in units of the x axis; nil divides the room among the series.
  public var width: Double?

  /// Ends of intervals, one a value. NaN leaves a value without one.
  public struct Interval: Sendable, Equatable, Codable {
    /// The lower ends.
    public var low: [Double]
    /// The upper ends.
    public var high: [Double]

    /// Describes intervals.
    public init(low: [Double], high: [Double]) {
      self.low = low
      self.high = high
    }
  }

  /// Describes a series. Where the lists differ in length, the shorter counts.
  public init(
    _ name: String = "", mark: Mark = .line, x: [Double], y: [Double], interval: Interval? = nil, isNull: Bool = false,
    width: Double? = nil
  ) {
    let count = min(x.count, y.count, interval?.low.count ?? .max, interval?.high.count ?? .max)
    func cut(_ numbers: [Double]) -> [Double] { numbers.count == count ? numbers : Array(numbers.prefix(count)) }
    self.name = name
    self.mark = mark
    self.x = cut(x)
    self.y = cut(y)
    self.interval = interval.map { Interval(low: cut($0.low), high: cut($0.high)) }
    self.isNull = isNull
    self.width = width
  }

  /// Reads a series, whose lists may differ in length as in ``init(_:mark:x:y:interval:isNull:width:)``.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try fields.decode(String.self, forKey: .name), mark: try fields.decode(Mark.self, forKey: .mark),
      x: try fields.decode([Double].self, forKey: .x), y: try fields.decode([Double].self, forKey: .y),
      interval: try fields.decodeIfPresent(Interval.self, forKey: .interval),
      isNull: try fields.decode(Bool.self, forKey: .isNull),
      width: try fields.decodeIfPresent(Double.self, forKey: .width))
  }
}

/// A value to compare with, as a line across the whole figure.
public struct Reference: Sendable, Equatable, Codable {
  /// The axis on which the value stands.
  public enum Direction: Sendable, Equatable, Codable {
    /// A vertical line.
    case x
    /// A horizontal line.
    case y
  }

  /// What the legend says.
  public var name: String
  /// The value.
  public var value: Double
  /// The axis on which it stands.
  public var direction: Direction

  /// Describes a reference line.
  public init(_ name: String, _ value: Double, direction: Direction = .y) {
    self.name = name
    self.value = value
    self.direction = direction
  }
}

/// A matrix as colours, its first row at the top.
public struct HeatMap: Sendable, Equatable, Codable {
  /// How many rows there are.
  public let rows: Int
  /// How many columns there are.
  public let columns: Int
  /// The numbers, row by row.
  public let values: [Double]
  /// What the colour bar says.
  public let label: String
  /// The numbers at the ends of the colour bar, so that several maps can be compared; nil for those of the values.
  public let limits: ClosedRange<Double>?

  /// Describes a heat map.
  ///
  /// - Returns: nil unless there are rows × columns values, and at least one.
  public init?(
    rows: Int, columns: Int, values: [Double], label: String = "", limits: ClosedRange<Double>? = nil
  ) {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard !overflow, rows > 0, columns > 0, values.count == count else { return nil }
    self.rows = rows
    self.columns = columns
    self.values = values
    self.label = label
    self.limits = limits
  }

  /// Reads a heat map.
  ///
  /// - Throws: `DecodingError` unless there are rows × columns values.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    guard
      let map = HeatMap(
        rows: try fields.decode(Int.self, forKey: .rows), columns: try fields.decode(Int.self, forKey: .columns),
        values: try fields.decode([Double].self, forKey: .values),
        label: try fields.decode(String.self, forKey: .label),
        limits: try fields.decodeIfPresent(ClosedRange<Double>.self, forKey: .limits))
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .values, in: fields, debugDescription: "a heat map has not rows × columns values")
    }
    self = map
  }
}
