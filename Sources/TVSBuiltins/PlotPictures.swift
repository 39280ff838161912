import Checkpoints
import Foundation
import Plots
import TVSLanguage
import TaskGeometry
import Tensors

/// What each kind of value looks like.
enum PlotPictures {
  // MARK: - Tables

  /// A table: its first numeric column against the others, or those that are named. A first column of names becomes
  /// categories.
  static func table(_ table: TableValue, x: Value, y: Value) throws -> Figure {
    let across = try column(x, of: table, "x") ?? table.columns.keys.first { isDrawable(table, $0) } ?? ""
    guard let cells = table.columns[across] else {
      throw ErrorReport(.wrongKind, "the table has no column that can be drawn", argument: "data")
    }
    let places = try PlotArguments.places(.list(cells), "x")
    var notes: [String] = []
    let names: [String]
    if case .nil = y {
      let numeric = table.columns.keys.filter { $0 != across && isNumeric(table, $0) && !isEnd($0) }
      let others = numeric.count > 1 ? numeric.filter(ownScales.contains) : []
      names = numeric.filter { !others.contains($0) }
      notes += others.map { "\($0) is not drawn; y=\"\($0)\" draws it" }
    } else if case .list(let items) = y {
      names = try items.map { try column($0, of: table, "y") ?? "" }
    } else {
      names = [try column(y, of: table, "y") ?? ""]
    }
    guard !names.isEmpty else {
      throw ErrorReport(
        .wrongKind, "the table has no column of numbers beside \(across)", label: "its columns are \(list(table))",
        argument: "data")
    }
    var columns = try names.map { ($0, try PlotArguments.numbers(table.columns[$0] ?? [], "y")) }
    addIntervals(to: &columns, table)
    let isBars = places.names != nil
    var series = try PlotArguments.series(columns, over: places.values, mark: isBars ? .bars : .line, argument: "y")
    for index in series.indices where isBars && series[index].isNull { series[index].mark = .levels }
    if isBars, !series.contains(where: { $0.mark == .bars }) {
      for index in series.indices { series[index].mark = .bars }
    }
    let kind: Axis.Kind = places.names.map { .categories($0) } ?? (isGeometric(places.values) ? .logarithmic : .linear)
    let drawn = columns.filter { !TableNulls.isNull($0.0) }
    var figure = Figure(
      x: Axis(across, kind: kind), y: Axis(drawn.count == 1 ? drawn[0].0 : "value"), series: series, notes: notes)
    if case .nil = y, isDrift(table) {
      figure.title = "Drift of the plane"
      figure.y.label = "overlap (mean squared cosine)"
    }
    return figure
  }

  /// Columns with a scale of their own, which would flatten the others: quotients, and the a² of drift and noise.
  private static let ownScales: Set<String> = ["ratio", "a2"]

  /// Whether a table is what drift gives.
  private static func isDrift(_ table: TableValue) -> Bool {
    table.columns["step"] != nil && table.columns["overlap"] != nil && table.columns["ceiling"] != nil
  }

  private static func list(_ table: TableValue) -> String { table.columns.keys.joined(separator: ", ") }

  /// The column that an argument names; nil when it was left out.
  private static func column(_ value: Value, of table: TableValue, _ argument: String) throws -> String? {
    switch value {
    case .nil: return nil
    case .string(let name):
      if table.columns[name] != nil { return name }
      throw ErrorReport(
        .indexOutOfRange, "the table has no column \(name)",
        help: Spelling.suggestion(for: name, among: table.columns.keys) ?? "its columns are \(list(table))",
        argument: argument)
    default:
      throw ErrorReport(.wrongKind, "a column is named by a string, not \(value.article)", argument: argument)
    }
  }

  private static func isNumeric(_ table: TableValue, _ name: String) -> Bool {
    let cells = table.columns[name] ?? []
    let isNumber = cells.allSatisfy { cell in if case .nil = cell { true } else { cell.numberValue != nil } }
    return isNumber && cells.contains { $0.numberValue != nil }
  }

  private static func isDrawable(_ table: TableValue, _ name: String) -> Bool {
    isNumeric(table, name) || PlotArguments.names(table.columns[name] ?? []) != nil
  }

  /// Whether a column is an end of an interval.
  private static func isEnd(_ name: String) -> Bool {
    name == "low" || name == "high" || name.hasSuffix("_low") || name.hasSuffix("_high")
  }

  /// Gives columns the intervals that stand in the table: `x_low` and `x_high` to x, `low` and `high` to the column
  /// before them.
  private static func addIntervals(to columns: inout [(String, PlotArguments.Numbers)], _ table: TableValue) {
    let order = Array(table.columns.keys)
    let owner = order.firstIndex(of: "low").flatMap { place in
      order[..<place].last { !isEnd($0) && isNumeric(table, $0) }
    }
    for index in columns.indices {
      let name = columns[index].0
      let prefix = name == owner ? "" : name + "_"
      guard let low = table.columns[prefix + "low"], let high = table.columns[prefix + "high"] else { continue }
      columns[index].1.interval = .init(
        low: low.map { $0.numberValue ?? .nan }, high: high.map { $0.numberValue ?? .nan })
    }
  }

  /// Whether places grow by a factor rather than by a step: 1, 2, 4, 8, … or 1e-4, 1e-3, ….
  private static func isGeometric(_ places: [Double]) -> Bool {
    guard places.count >= 4, let low = places.min(), let high = places.max(), low > 0, high / low >= 16 else {
      return false
    }
    let gaps = zip(places.sorted().dropFirst(), places.sorted()).map { $0 - $1 }
    return (gaps.max() ?? 0) > 0.35 * (high - low)
  }

  // MARK: - Tensors and measures

  /// A line of one axis, or a heat map of two.
  static func tensor(_ value: TensorValue) throws -> Figure {
    let tensor = value.tensor
    switch tensor.rank {
    case 1:
      let expression = value.provenance?.expression ?? ""
      let x = (0..<tensor.count).map(Double.init)
      if expression.hasPrefix("angles(") {
        return Figure(
          title: "Principal angles: \(expression)", x: Axis("number"), y: Axis("angle (radians)"),
          series: [Series("angle", x: x, y: tensor.doubles)], references: [Reference("orthogonal, π/2", .pi / 2)])
      }
      return Figure(
        x: Axis("number"), y: Axis(expression.count <= 40 ? expression : ""), series: [Series(x: x, y: tensor.doubles)])
    case 2: return try heat(tensor, label: "")
    default:
      throw ErrorReport(
        .shape, "a plot has one or two axes, and this tensor has \(tensor.rank): \(shapeText(tensor.shape))",
        help: "take a part of it, such as x[0]", argument: "data")
    }
  }

  /// A matrix as colours.
  static func heat(_ tensor: Tensor, label: String) throws -> Figure {
    guard tensor.rank == 2,
      let map = HeatMap(
        rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.doubles, label: label)
    else {
      throw ErrorReport(
        .shape, "a heat map is drawn of a matrix, and this has shape \(shapeText(tensor.shape))",
        help: "take a part of it, such as x[0], or reshape it", argument: "x")
    }
    return Figure(x: Axis("column"), y: Axis("row"), heat: map)
  }

  /// Measures as bars with their intervals and with chance.
  static func measures(_ names: [String], _ values: [Value]) throws -> Figure {
    let numbers = try PlotArguments.numbers(values, "data")
    let x = (0..<names.count).map(Double.init)
    return Figure(
      x: Axis("", kind: .categories(names)), y: Axis("value"),
      series: try PlotArguments.series([("value", numbers)], over: x, mark: .bars, argument: "data"))
  }

  // MARK: - Runs

  /// Loss, distance and captured share of a run, the latter two beside a random walk with the same step lengths.
  static func run(_ run: Run) throws -> Picture {
    var figures: [Figure] = []
    if !run.losses.isEmpty {
      let steps = (1...run.losses.count).map(Double.init)
      figures.append(
        Figure(
          title: "Loss", x: Axis("step"), y: Axis("loss (nats a token)"),
          series: [Series("loss", x: steps, y: run.losses)]))
    }
    let unit = run.every > 1 ? "k (recorded every \(run.every) steps)" : "k (steps)"
    let ks = spread(run.count, 40)
    let distances = try run.distances(at: ks)
    let x = ks.map(Double.init)
    figures.append(
      Figure(
        title: "Distance from the start", x: Axis(unit), y: Axis("norm"),
        series: [
          Series("random walk of the same steps", x: x, y: distances.map(\.walk), isNull: true),
          Series("run", x: x, y: distances.map(\.measured)),
        ]))
    let displacement = try run.displacement()
    guard displacement.norm > 0 else { return .grid(title: title(run), figures.map { .figure($0) }) }
    let activity = Activity("plot", total: ks.count)
    defer { activity.finish() }
    var (captured, walk): ([Double], [Double]) = ([], [])
    var null: String?
    for k in ks {
      let measure = try run.prefix(k).capture(of: displacement)
      captured.append(measure.value)
      walk.append(measure.chance ?? .nan)
      null = measure.chanceModel ?? null
      try activity.advance()
    }
    figures.append(
      Figure(
        title: "Captured share of the displacement", x: Axis(unit), y: Axis("captured share (norm)"),
        series: [Series(null ?? "chance", x: x, y: walk, isNull: true), Series("first k steps", x: x, y: captured)]))
    return .grid(title: title(run), figures.map { .figure($0) })
  }

  private static func title(_ run: Run) -> String {
    let steps = run.losses.isEmpty ? run.count : run.losses.count
    return "Run of \(NumberText.grouped(steps)) step\(steps == 1 ? "" : "s") in \(run.space.name)"
  }

  /// About so many numbers from 1 to `count`, both ends among them.
  private static func spread(_ count: Int, _ wanted: Int) -> [Int] {
    guard count > wanted else { return Array(1...max(1, count)) }
    return (0..<wanted).map { 1 + ($0 * (count - 1) + (wanted - 1) / 2) / (wanted - 1) }
  }

  // MARK: - Candidates

  /// Gains of a search by number, or against their cosine with a direction, beside what a linear loss would give.
  static func candidates(_ value: CandidatesValue, against direction: Displacement?) throws -> Figure {
    let candidates = value.candidates
    let count = NumberText.grouped(candidates.count)
    guard let direction else {
      var references = [Reference("no gain", 0)]
      if let predicted = try candidates.prediction?.best(of: candidates.count) {
        references.append(Reference("best of \(count) for a linear loss", predicted))
      }
      let x = (0..<candidates.count).map(Double.init)
      return Figure(
        title: "Gains of \(count) candidates", x: Axis("number of the candidate"), y: Axis("gain (nats a token)"),
        series: [Series("candidates", mark: .points, x: x, y: candidates.gains)], references: references)
    }
    let cosines = try candidates.cosines(with: direction)
    var series = [Series("candidates", mark: .points, x: cosines, y: candidates.gains)]
    if let norm = candidates.gradientNorm,
      let length = typicalLength(candidates.perturbations.length, candidates.perturbations.dimension),
      let low = cosines.min(), let high = cosines.max(), low < high
    {
      series.append(
        Series(
          "linear loss that falls along x", x: [low, high], y: [low, high].map { $0 * norm * length }, isNull: true))
    }
    let measure = try candidates.correlation(with: cosines, seed: candidates.perturbations.seed)
    return Figure(
      title: "Gains of \(count) candidates", x: Axis("cosine with x"), y: Axis("gain (nats a token)"), series: series,
      references: [Reference("no gain", 0)], notes: ["correlation \(MeasureValue(measure).text(digits: 3))"])
  }

  /// The length of a perturbation; nil where candidates have several deviations.
  private static func typicalLength(_ length: Perturbations.Length, _ dimension: Int) -> Double? {
    switch length {
    case .norm(let norm): norm
    case .deviation(let deviation): deviation * Double(dimension).squareRoot()
    case .deviations: nil
    }
  }
}
