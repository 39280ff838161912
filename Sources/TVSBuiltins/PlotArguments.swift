import OrderedCollections
import Plots
import TVSLanguage
import TaskGeometry
import Tensors

/// Reads arguments of the builtins that draw.
enum PlotArguments {
  /// A column of numbers with what is known around each: intervals, and what chance gives.
  struct Numbers {
    var values: [Double]
    var interval: Series.Interval?
    /// What chance gives for each; NaN where that is unknown. Empty where it is known for none.
    var chance: [Double] = []
    /// The name of the null that all share.
    var null: String?
  }

  /// The numbers of a list, a tensor, a measure or a single number; nil gives NaN, a gap.
  ///
  /// - Throws: ``ErrorReport`` with code E0202 for anything else.
  static func numbers(_ value: Value, _ argument: String) throws -> Numbers {
    if case .native(let native) = value, let tensor = (native as? TensorValue)?.tensor {
      guard tensor.rank <= 1 else {
        throw ErrorReport(
          .shape, "a line has one axis of numbers, and this tensor has shape \(shapeText(tensor.shape))",
          help: "heatmap(x) draws a matrix, x[0] is its first row", argument: argument)
      }
      return Numbers(values: tensor.doubles)
    }
    let cells: [Value]
    switch value {
    case .list(let items): cells = items
    case .number, .bool: cells = [value]
    case .native(let native):
      if native.number != nil {
        cells = [value]
      } else if let items = try native.elements() {
        cells = items
      } else {
        throw ErrorReport(.wrongKind, "plots are drawn of numbers, not of \(value.article)", argument: argument)
      }
    default: throw ErrorReport(.wrongKind, "plots are drawn of numbers, not of \(value.article)", argument: argument)
    }
    return try numbers(cells, argument)
  }

  static func numbers(_ cells: [Value], _ argument: String) throws -> Numbers {
    var result = Numbers(values: [])
    var (low, high, chance): ([Double], [Double], [Double]) = ([], [], [])
    var nulls: Set<String> = []
    for cell in cells {
      let measure: Measure? = if case .native(let native) = cell { (native as? MeasureValue)?.measure } else { nil }
      switch cell {
      case .nil: result.values.append(.nan)
      case .bool(let flag): result.values.append(flag ? 1 : 0)
      default:
        guard let number = cell.numberValue else {
          throw ErrorReport(
            .wrongKind, "plots are drawn of numbers, and this holds \(cell.article)", argument: argument)
        }
        result.values.append(number)
      }
      low.append(measure?.low ?? .nan)
      high.append(measure?.high ?? .nan)
      chance.append(measure?.chance ?? .nan)
      if let model = measure?.chanceModel { nulls.insert(model) }
    }
    if low.contains(where: \.isFinite) { result.interval = .init(low: low, high: high) }
    if chance.contains(where: \.isFinite) { result.chance = chance }
    result.null = nulls.count == 1 ? nulls.first : nil
    return result
  }

  /// Places along the x axis: numbers, or names of categories.
  static func places(_ value: Value, _ argument: String) throws -> (values: [Double], names: [String]?) {
    if case .list(let cells) = value, !cells.isEmpty, let names = names(cells) {
      return ((0..<names.count).map(Double.init), names)
    }
    return (try numbers(value, argument).values, nil)
  }

  /// The texts of cells that are all strings; nil otherwise.
  static func names(_ cells: [Value]) -> [String]? {
    let texts = cells.compactMap { cell -> String? in if case .string(let text) = cell { text } else { nil } }
    return texts.count == cells.count && !texts.isEmpty ? texts : nil
  }

  /// Several series under their names: a record of columns, a table, or one column.
  static func columns(_ value: Value, _ argument: String) throws -> [(name: String, numbers: Numbers)] {
    switch value {
    case .record(let fields): return try fields.map { ($0.key, try numbers($0.value, argument)) }
    case .list(let items) where !items.isEmpty && items.allSatisfy(isColumn):
      return try items.enumerated().map { ("\($0.offset + 1)", try numbers($0.element, argument)) }
    default: return [("", try numbers(value, argument))]
    }
  }

  private static func isColumn(_ value: Value) -> Bool {
    switch value {
    case .list: true
    case .native(let native): (native as? TensorValue)?.tensor.rank == 1
    default: false
    }
  }

  /// The interval that `band` gives around values: a half width, one for each value, or lists of lower and upper ends.
  static func band(_ value: Value, around values: [Double]) throws -> Series.Interval {
    func ends(_ low: Value, _ high: Value) throws -> Series.Interval {
      let interval = Series.Interval(low: try numbers(low, "band").values, high: try numbers(high, "band").values)
      try match(interval.low.count, values.count, "band")
      try match(interval.high.count, values.count, "band")
      return interval
    }
    switch value {
    case .list(let parts) where parts.count == 2 && parts.allSatisfy(isColumn): return try ends(parts[0], parts[1])
    case .record(let fields):
      guard let low = fields["low"], let high = fields["high"] else {
        throw ErrorReport(
          .invalidArgument, "a band has low and high ends", help: "band={low: [...], high: [...]}", argument: "band")
      }
      return try ends(low, high)
    default:
      var widths = try numbers(value, "band").values
      if widths.count == 1 { widths = [Double](repeating: widths[0], count: values.count) }
      try match(widths.count, values.count, "band")
      return .init(low: zip(values, widths).map { $0 - $1 }, high: zip(values, widths).map { $0 + $1 })
    }
  }

  /// Refuses columns of different lengths.
  static func match(_ count: Int, _ other: Int, _ argument: String) throws {
    guard count == other else {
      throw ErrorReport(
        .shape, "a plot has a value for each place", label: "\(count) values for \(other) places", argument: argument)
    }
  }

  /// The reference lines that `reference` asks for: a number, a measure, or a record of them under their names.
  static func references(_ call: Call, direction: Reference.Direction = .y) throws -> [Reference] {
    guard call.isGiven("reference") else { return [] }
    switch call["reference"] {
    case .record(let fields):
      return try fields.map { name, value in
        guard let number = value.numberValue else {
          throw ErrorReport(
            .wrongKind, "a reference is a number, and \(name) is \(value.article)", argument: "reference")
        }
        return Reference(name, number, direction: direction)
      }
    default:
      guard let number = call["reference"].numberValue else {
        throw ErrorReport(
          .wrongKind, "a reference is a number or a record of them, not \(call["reference"].article)",
          argument: "reference")
      }
      return [Reference("reference", number, direction: direction)]
    }
  }

  /// Puts title, labels and logarithmic axes of a call onto a figure.
  static func styled(_ figure: Figure, _ call: Call) throws -> Figure {
    var figure = figure
    if call.isGiven("title") { figure.title = try call.string("title") }
    if call.isGiven("xlabel") { figure.x.label = try call.string("xlabel") }
    if call.isGiven("ylabel") { figure.y.label = try call.string("ylabel") }
    guard call.builtin.parameters.contains(where: { $0.name == "log" }), call.isGiven("log") else { return figure }
    let axes: String
    switch call["log"] {
    case .bool(let flag): axes = flag ? "y" : ""
    default: axes = try GeometryArguments.choice(call, "log", ["x", "y", "xy"])
    }
    if axes.contains("x") {
      guard figure.x.categories == nil else {
        throw ErrorReport(.invalidArgument, "an axis of names has no logarithm", argument: "log")
      }
      figure.x.kind = .logarithmic
    } else if figure.x.categories == nil {
      figure.x.kind = .linear
    }
    if axes.contains("y") { figure.y.kind = .logarithmic }
    return figure
  }

  /// Series of columns over the same places, each followed by what chance gives for it.
  static func series(
    _ columns: [(name: String, numbers: Numbers)], over x: [Double], mark: Series.Mark, argument: String
  ) throws -> [Series] {
    try columns.flatMap { name, numbers in
      try match(numbers.values.count, x.count, argument)
      var series = [
        Series(name, mark: mark, x: x, y: numbers.values, interval: numbers.interval, isNull: TableNulls.isNull(name))
      ]
      if !numbers.chance.isEmpty {
        let null = numbers.null.map { "chance: \($0)" } ?? "chance"
        series.append(
          Series(
            columns.count > 1 ? "\(null), of \(name)" : null, mark: mark == .bars ? .levels : mark, x: x,
            y: numbers.chance, isNull: true))
      }
      return series
    }
  }
}

/// Which columns of a table say what chance or theory gives.
enum TableNulls {
  private static let words: Set<String> = [
    "chance", "walk", "null", "random", "noise", "predicted", "ceiling", "expected", "theory", "lengths",
  ]

  static func isNull(_ name: String) -> Bool {
    name.lowercased().split(whereSeparator: { !$0.isLetter }).contains { words.contains(String($0)) }
  }
}
