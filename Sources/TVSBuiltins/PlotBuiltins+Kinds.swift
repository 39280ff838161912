import Checkpoints
import Foundation
import Plots
import TVSLanguage
import Tensors

extension PlotBuiltins {
  static let scatter = Builtin(
    "scatter", topic: "pictures", summary: "Draws points.",
    parameters: [
      Parameter("x", "list", "tensor", help: "places across"),
      Parameter("y", "list", "tensor", "record", help: "values, or several under their names"),
      title, xlabel, ylabel, log, band, reference,
    ],
    returns: "plot", details: "Measures in y, and band, give whiskers. Points that cover each other are drawn once.",
    examples: [
      .init("scatter([0, 1, 2], [1, 3, 2], xlabel=\"x\")", shows: "plot: values, 3 points, 1 … 3 against x 0 … 2")
    ],
    errors: ["E0202", "E0402"], seeAlso: ["plot", "corr"]
  ) { call in
    var columns = try PlotArguments.columns(call["y"], "y")
    if call.isGiven("band"), !columns.isEmpty {
      columns[0].numbers.interval = try PlotArguments.band(call["band"], around: columns[0].numbers.values)
    }
    let places = try PlotArguments.places(call["x"], "x")
    let series = try PlotArguments.series(columns, over: places.values, mark: .points, argument: "y")
    return .native(PlotValue(.figure(try figure(call, places, series))))
  }

  static let bars = Builtin(
    "bars", topic: "pictures", summary: "Draws a bar for each name, with intervals and chance where they are known.",
    parameters: [
      Parameter("names", "list", "record", "table", help: "names; or a record of numbers or measures; or a table"),
      Parameter(
        "values", "list", "tensor", "record", presence: .optional("those of the record"),
        help: "a number or measure for each name, or several lists under their names"),
      title, xlabel, ylabel, log, band, reference,
    ],
    returns: "plot",
    details: """
      bars({copy: 0.9, sort: 0.4}), bars(names, values), bars(names, {before: v, after: w}). Measures bring whiskers and, as \
      a dashed level, their chance.
      """,
    examples: [
      .init(
        "bars({copy: 0.9, sort: 0.4}, ylabel=\"exact match\")",
        shows: "plot: exact match, 2 bars, 0.4 … 0.9 over 2 categories: copy, sort")
    ],
    errors: ["E0202", "E0402"], seeAlso: ["plot", "histogram_plot"]
  ) { call in .native(PlotValue(.figure(try barFigure(call)))) }

  private static func barFigure(_ call: Call) throws -> Figure {
    if case .native(let native) = call["names"], let table = native as? TableValue {
      var figure = try PlotPictures.table(table, x: .nil, y: .nil)
      if figure.x.categories == nil, let cells = table.columns[figure.x.label] {
        figure.x.kind = .categories(cells.map { $0.plainText })
        for index in figure.series.indices {
          figure.series[index].x = figure.series[index].x.indices.map(Double.init)
          figure.series[index].mark = figure.series[index].isNull ? .levels : .bars
        }
      }
      figure.references += try PlotArguments.references(call)
      return try PlotArguments.styled(figure, call)
    }
    var names: [String] = []
    var columns: [(name: String, numbers: PlotArguments.Numbers)] = []
    switch call["names"] {
    case .record(let fields):
      names = Array(fields.keys)
      columns = [("", try PlotArguments.numbers(Array(fields.values), "names"))]
    case .list(let cells):
      guard call.isGiven("values") else {
        throw ErrorReport(
          .arity, "bars needs a value for each name", help: "as in bars([\"a\", \"b\"], [1, 2]) or bars({a: 1, b: 2})")
      }
      names = cells.map(\.plainText)
      columns = try PlotArguments.columns(call["values"], "values")
    default: break
    }
    if call.isGiven("band"), !columns.isEmpty {
      columns[0].numbers.interval = try PlotArguments.band(call["band"], around: columns[0].numbers.values)
    }
    let x = names.indices.map(Double.init)
    let series = try PlotArguments.series(columns, over: x, mark: .bars, argument: "values").map { series in
      var series = series
      series.mark = series.isNull ? .levels : .bars
      return series
    }
    return try figure(call, (x, names), series)
  }

  static let histogramPlot = Builtin(
    "histogram_plot", topic: "pictures", summary: "Draws how many elements lie in each of equal intervals.",
    parameters: [
      Parameter("x", "list", "tensor", help: "the numbers"),
      Parameter(
        "bins", "integer", presence: .optional("by Freedman and Diaconis, 5 to 60"), help: "how many intervals"),
      title, xlabel, ylabel, reference,
    ],
    returns: "plot",
    details: """
      The width of an interval is 2·IQR/n^(1/3) unless bins says otherwise (Freedman and Diaconis, Zeitschrift für \
      Wahrscheinlichkeitstheorie 57, 1981). reference draws vertical lines. histogram(x) gives the numbers.
      """,
    examples: [
      .init("histogram_plot([1, 2, 2, 4], 3)", shows: "plot: count, 3 bars, 1 … 2 against x 1.5 … 3.5")
    ],
    errors: ["E0202", "E0209", "E0503"], seeAlso: ["histogram", "bars", "quantile"]
  ) { call in
    let numbers = try TensorArguments.tensor(from: call["x"], argument: "x").doubles
    let finite = numbers.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else {
      throw ErrorReport(.degenerate, "a histogram needs a finite number", argument: "x")
    }
    let bins = call.isGiven("bins") ? try call.integer("bins") : binCount(finite.sorted())
    guard (1...10_000).contains(bins) else {
      throw ErrorReport(.invalidArgument, "there cannot be \(bins) intervals", argument: "bins")
    }
    let (start, end) = low == high ? (low - 0.5, high + 0.5) : (low, high)
    let width = end / Double(bins) - start / Double(bins)
    var counts = [Double](repeating: 0, count: bins)
    for (index, number) in finite.enumerated() {
      if index & 0xFFFF == 0 { try Cancellation.check() }
      counts[width > 0 ? min(bins - 1, max(0, Int((number / 2 - start / 2) / (width / 2)))) : 0] += 1
    }
    let centres = (0..<bins).map { start + (Double($0) + 0.5) * width }
    var drawn = try figure(
      call, (centres, nil), [Series("count", mark: .bars, x: centres, y: counts, width: width)], direction: .x)
    if !call.isGiven("ylabel") { drawn.y.label = "count" }
    let left = numbers.count - finite.count
    if left > 0 { drawn.notes.append("\(left) \(left == 1 ? "value is" : "values are") left out: not finite") }
    return .native(PlotValue(.figure(drawn)))
  }

  private static func binCount(_ sorted: [Double]) -> Int {
    let spread = Statistics.quantile(sorted: sorted, 0.75) - Statistics.quantile(sorted: sorted, 0.25)
    guard let low = sorted.first, let high = sorted.last, spread > 0, high > low else { return 10 }
    let width = 2 * spread / pow(Double(sorted.count), 1.0 / 3)
    let count = (high - low) / width
    return count.isFinite ? Int(min(max(count.rounded(.up), 5), 60)) : 60
  }

  static let heatmap = Builtin(
    "heatmap", topic: "pictures", summary: "Draws a matrix as colours, with a bar that says what they mean.",
    parameters: [
      Parameter("x", "tensor", "list", help: "a matrix; its first row is at the top"),
      Parameter("rows", "list", presence: .optional("numbers"), byNameOnly: true, help: "a name for each row"),
      Parameter("columns", "list", presence: .optional("numbers"), byNameOnly: true, help: "a name for each column"),
      Parameter("label", "string", presence: .optional("none"), byNameOnly: true, help: "what the colours mean"),
      title, xlabel, ylabel,
    ],
    returns: "plot",
    details: """
      Viridis; numbers on both sides of zero go from blue over white to vermillion, with white at zero. More than 128 rows \
      or columns are drawn as means of neighbours. What is not finite stays empty and is counted.
      """,
    examples: [
      .init("heatmap([[1, 2], [3, 4]], label=\"weight\")", shows: "plot: heat map of 2 × 2 weight, 1 … 4")
    ],
    errors: ["E0202", "E0402"], seeAlso: ["plot"]
  ) { call in
    let tensor = try TensorArguments.tensor(from: call["x"], argument: "x")
    let label = call.isGiven("label") ? try call.string("label") : ""
    var figure = try PlotArguments.styled(PlotPictures.heat(tensor, label: label), call)
    func names(_ argument: String, _ count: Int) throws -> Axis.Kind {
      guard call.isGiven(argument) else { return .linear }
      let names = try call.list(argument).map(\.plainText)
      try PlotArguments.match(names.count, count, argument)
      return .categories(names)
    }
    figure.x.kind = try names("columns", tensor.shape[1])
    figure.y.kind = try names("rows", tensor.shape[0])
    return .native(PlotValue(.figure(figure)))
  }

  static let layout = Builtin(
    "layout", topic: "pictures", summary: "Puts several plots beside and below each other.",
    parameters: [Parameter("plots", "list", help: "plots"), title], returns: "plot",
    details: "Two or four stand in two columns, others in three; in a terminal as many as fit.",
    examples: [
      .init(
        "layout([plot([1, 2]), plot([2, 1])], title=\"both\")",
        shows:
          "2 plots \"both\": values, 2 values from 1 to 2 against x 0 … 1; values, 2 values from 2 to 1 against x 0 … 1"
      )
    ],
    errors: ["E0202", "E0503"], seeAlso: ["plot"]
  ) { call in
    let pictures = try call.list("plots").map { item -> Picture in
      guard case .native(let native) = item, let plot = native as? PlotValue else {
        throw ErrorReport(.wrongKind, "a layout holds plots, not \(item.article)", argument: "plots")
      }
      return plot.picture
    }
    guard !pictures.isEmpty else { throw ErrorReport(.degenerate, "a layout needs a plot", argument: "plots") }
    let title = call.isGiven("title") ? try call.string("title") : ""
    return .native(PlotValue(.grid(title: title, pictures)))
  }
}
