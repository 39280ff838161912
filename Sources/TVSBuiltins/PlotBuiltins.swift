import Plots
import TVSLanguage
import TaskGeometry
import Tensors

/// The builtins of the chapter `pictures`.
enum PlotBuiltins {
  /// All records.
  static let all: [Builtin] = [plot, scatter, bars, histogramPlot, heatmap, layout]

  static let title = Parameter(
    "title", "string", presence: .optional("none"), byNameOnly: true, help: "what stands above the picture")
  static let xlabel = Parameter(
    "xlabel", "string", presence: .optional("what is known"), byNameOnly: true, help: "the axis below, with its unit")
  static let ylabel = Parameter(
    "ylabel", "string", presence: .optional("what is known"), byNameOnly: true, help: "the axis at the left")
  static let log = Parameter(
    "log", "string", "bool", presence: .optional("linear axes"), byNameOnly: true,
    help: "\"x\", \"y\" or \"xy\"; true is \"y\""
  ).offering { ["x", "y", "xy"] }
  static let band = Parameter(
    "band", "number", "list", "record", "tensor", "measure", presence: .optional("none"), byNameOnly: true,
    help: "a half width, one for each value, [lows, highs], or {low: …, high: …}")
  static let reference = Parameter(
    "reference", "number", "record", "measure", presence: .optional("none"), byNameOnly: true,
    help: "a value to compare with, or several under their names")

  private static let plot = Builtin(
    "plot", topic: "pictures", summary: "Draws lines, or the picture that a value has: a run, a table, candidates.",
    parameters: [
      Parameter("data", presence: .optional("x and y"), help: "places, or a value that knows its picture"),
      Parameter("values", presence: .optional("none"), help: "numbers over the places, or several under their names"),
      Parameter("x", presence: .optional("the first column"), byNameOnly: true, help: "a column's name, or places"),
      Parameter("y", presence: .optional("the others"), byNameOnly: true, help: "columns' names, or numbers"),
      title, xlabel, ylabel, log, band, reference,
    ],
    returns: "plot",
    details: """
      plot(x, y) draws a line, plot(x, {a: y1, b: y2}) several, plot(y) over 0, 1, 2, …. Strings in x are categories. \
      plot(run) shows loss, distance and captured share with the random walk beside them; plot(table) the first column \
      against the others, with `low` and `high` as a band and columns such as `chance`, `walk`, `predicted` dashed; \
      plot(candidates) gains by number, plot(candidates, direction) against cosines, with what a linear loss gives; \
      plot(sweep) of a steering sweep what steering changes by layer and scale, beside random vectors; plot(attention) a heat \
      map a head; plot(measures) bars with intervals and chance; plot(matrix) a heat map. A terminal shows it, in pixels if it \
      says that it can (TVS_PICTURES=words, characters, kitty or sixel decides otherwise); on a pipe it is one line of \
      words. save(p, "x.svg"), .png and .pdf write it. Values that are not finite are left out and counted.
      """,
    examples: [
      .init(
        "plot([1, 2, 4], [0.5, 0.7, 0.9], xlabel=\"k\", ylabel=\"share\")",
        shows: "plot: share, 3 values from 0.5 to 0.9 against k 1 … 4"),
      .init(
        "plot(table({k: [1, 10], share: [0.4, 0.78], chance: [0.1, 0.32]})).words",
        shows: "\"plot: share, 2 values from 0.4 to 0.78; chance, 2 values from 0.1 to 0.32 against k 1 … 10\""),
    ],
    errors: ["E0202", "E0207", "E0209", "E0402"],
    seeAlso: ["scatter", "bars", "histogram_plot", "heatmap", "layout", "save"]
  ) { call in .native(PlotValue(try picture(call))) }

  private static func picture(_ call: Call) throws -> Picture {
    let isNamed = !call.isGiven("data")
    let data = isNamed ? call["y"] : call["data"]
    if isNamed {
      guard call.isGiven("y") else {
        throw ErrorReport(.arity, "plot needs something to draw", help: "as in plot([1, 2, 4], [0.5, 0.7, 0.9])")
      }
      return .figure(try lines(call, x: call.isGiven("x") ? call["x"] : nil, values: data, argument: "y"))
    }
    if call.isGiven("values") {
      if case .native(let native) = data, let candidates = native as? CandidatesValue {
        return .figure(try PlotArguments.styled(against(candidates, call), call))
      }
      return .figure(try lines(call, x: data, values: call["values"], argument: "values"))
    }
    return try known(data, call)
  }

  private static func against(_ candidates: CandidatesValue, _ call: Call) throws -> Figure {
    let direction = try GeometryArguments.displacement(call["values"], argument: "values")
    let space = candidates.candidates.perturbations.space
    if direction.space != space { throw ErrorReport.spaces(direction.space, space, "search", argument: "values") }
    return try PlotPictures.candidates(candidates, against: direction)
  }

  /// The picture that a value has by itself.
  private static func known(_ data: Value, _ call: Call) throws -> Picture {
    func styled(_ figure: Figure) throws -> Picture {
      var figure = try PlotArguments.styled(figure, call)
      figure.references += try PlotArguments.references(call)
      return .figure(figure)
    }
    if let table = TableFormats.table(of: data) {
      return try styled(PlotPictures.table(table, x: call["x"], y: call["y"]))
    }
    switch data {
    case .native(let native):
      switch native {
      case let run as RunValue:
        return try titled(PlotPictures.run(run.run), call)
      case let candidates as CandidatesValue: return try styled(PlotPictures.candidates(candidates, against: nil))
      case let table as TableValue where PlotPictures.isSweep(table) && !call.isGiven("x") && !call.isGiven("y"):
        return try titled(PlotPictures.sweep(table), call)
      case let attention as AttentionValue: return try titled(PlotPictures.attention(attention), call)
      case let table as TableValue: return try styled(PlotPictures.table(table, x: call["x"], y: call["y"]))
      case let plot as PlotValue: return plot.picture
      case let tensor as TensorValue where tensor.tensor.rank != 1 || !call.isGiven("band"):
        return try styled(PlotPictures.tensor(tensor))
      case is MeasureValue: return try styled(PlotPictures.measures([""], [data]))
      default: break
      }
    case .list(let items) where !items.isEmpty && items.allSatisfy(isMeasure):
      return try styled(PlotPictures.measures((1...items.count).map(String.init), items))
    case .record(let fields) where !fields.isEmpty && fields.values.allSatisfy({ $0.numberValue != nil }):
      return try styled(PlotPictures.measures(Array(fields.keys), Array(fields.values)))
    default: break
    }
    return .figure(try lines(call, x: nil, values: data, argument: "data"))
  }

  /// Puts the title of a call onto several figures, and everything that it says onto one.
  private static func titled(_ picture: Picture, _ call: Call) throws -> Picture {
    switch picture {
    case .figure(let figure): return .figure(try PlotArguments.styled(figure, call))
    case .grid(let name, let pictures):
      return .grid(title: call.isGiven("title") ? try call.string("title") : name, pictures)
    }
  }

  private static func isMeasure(_ value: Value) -> Bool {
    if case .native(let native) = value { native is MeasureValue } else { false }
  }

  /// Lines over places.
  private static func lines(_ call: Call, x: Value?, values: Value, argument: String) throws -> Figure {
    var columns = try PlotArguments.columns(values, argument)
    let count = columns.first?.numbers.values.count ?? 0
    let places: (values: [Double], names: [String]?) =
      try x.map { try PlotArguments.places($0, "data") } ?? ((0..<count).map(Double.init), nil)
    if call.isGiven("band"), !columns.isEmpty {
      columns[0].numbers.interval = try PlotArguments.band(call["band"], around: columns[0].numbers.values)
    }
    return try figure(
      call, places, try PlotArguments.series(columns, over: places.values, mark: .line, argument: argument))
  }

  /// A figure of series over places, with everything that the call says about it.
  static func figure(
    _ call: Call, _ places: (values: [Double], names: [String]?), _ series: [Series],
    direction: Reference.Direction = .y
  ) throws -> Figure {
    let figure = Figure(
      x: Axis(kind: places.names.map { .categories($0) } ?? .linear), series: series,
      references: try PlotArguments.references(call, direction: direction))
    return try PlotArguments.styled(figure, call)
  }
}
