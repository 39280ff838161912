import Foundation
import Plots
import TVSLanguage

extension PlotPictures {
  // MARK: - Sweeps

  /// Whether a table is what steering_sweep gives.
  static func isSweep(_ table: TableValue) -> Bool {
    Array(table.columns.keys.prefix(3)) == ["layer", "scale", "accuracy"] && table.notes["base"]?.numberValue != nil
      && table.rowCount > 0
  }

  /// What steering changes by layer and scale, as a heat map; beside it the same for random vectors of the same length,
  /// in the same colours, where the sweep has them. A sweep of one layer is a line over the scales.
  static func sweep(_ table: TableValue) throws -> Picture {
    func numbers(_ name: String) -> [Double] { (table.columns[name] ?? []).map { $0.numberValue ?? .nan } }
    let base = table.notes["base"]?.numberValue ?? .nan
    let (layers, scales) = (distinct(numbers("layer")), distinct(numbers("scale")))
    guard layers.count > 1, scales.count > 1 else { return .figure(try line(table, over: layers.count > 1, base)) }
    var maps: [(title: String, changes: [Double])] = []
    for (title, name) in [("Steered", "accuracy"), ("Random vectors of the same length (chance)", "random")]
    where table.columns[name] != nil {
      var changes = [Double](repeating: .nan, count: layers.count * scales.count)
      for (row, value) in numbers(name).enumerated() {
        guard let y = layers.firstIndex(of: numbers("layer")[row]), let x = scales.firstIndex(of: numbers("scale")[row])
        else { continue }
        changes[y * scales.count + x] = value - base
      }
      maps.append((title, changes))
    }
    let finite = maps.flatMap(\.changes).filter(\.isFinite)
    let (low, high) = (min(0, finite.min() ?? 0), max(0, finite.max() ?? 1))
    let baseText = MeasureValue.significant(base, 3)
    let figures = maps.map { map in
      Figure(
        title: map.title, x: Axis("scale", kind: .categories(scales.map(NumberText.shortest))),
        y: Axis("layer", kind: .categories(layers.map(NumberText.shortest))),
        heat: HeatMap(
          rows: layers.count, columns: scales.count, values: map.changes, label: "change of accuracy",
          limits: low < high ? low...high : nil))
    }
    let title = "Steered accuracy, less \(baseText) of the model as it is"
    guard figures.count == 1, var only = figures.first else { return .grid(title: title, figures.map { .figure($0) }) }
    only.title = title
    return .figure(only)
  }

  /// A sweep of one layer over its scales, or of one scale over the layers.
  private static func line(_ table: TableValue, over isLayers: Bool, _ base: Double) throws -> Figure {
    let across = isLayers ? "layer" : "scale"
    let x = (table.columns[across] ?? []).map { $0.numberValue ?? .nan }
    let columns = ["random", "accuracy"].compactMap { name in table.columns[name].map { (name, $0) } }
    let order = x.indices.sorted { x[$0] < x[$1] }
    var series: [Series] = []
    for (name, cells) in columns {
      let numbers = try PlotArguments.numbers(order.map { cells[$0] }, "data")
      let isNull = name == "random"
      series.append(
        Series(
          isNull ? "random vectors of the same length" : "steered", x: order.map { x[$0] }, y: numbers.values,
          interval: numbers.interval, isNull: isNull))
    }
    return Figure(
      title: "Steered accuracy", x: Axis(across), y: Axis("accuracy (share of exact matches)"), series: series,
      references: base.isFinite ? [Reference("the model as it is", base)] : [])
  }

  private static func distinct(_ numbers: [Double]) -> [Double] { Set(numbers).sorted() }

  // MARK: - Attention

  /// Heads that are drawn at most.
  private static let headLimit = 12
  /// Tokens that are named at an axis; more are numbered.
  private static let nameLimit = 32

  /// A heat map for each head: rows attend to columns.
  static func attention(_ value: AttentionValue) throws -> Picture {
    let count = value.tokens.count
    let all = value.layers.indices.flatMap { layer in value.heads.indices.map { (layer, $0) } }
    let drawn = all.prefix(headLimit)
    let patterns = drawn.map { value.pattern(layer: $0.0, head: $0.1) }
    let highest = patterns.joined().max() ?? 1
    let figures = zip(drawn, patterns).compactMap { place, pattern -> Figure? in
      guard
        let map = HeatMap(
          rows: count, columns: count, values: pattern, label: "attention weight", limits: 0...max(highest, 1e-6))
      else { return nil }
      let summary = value.summary(layer: place.0, head: place.1)
      var notes: [String] = []
      if count > 1 {
        notes.append(
          "mean entropy \(MeasureValue.significant(summary.entropy, 3)) nats "
            + "(chance \(MeasureValue.significant(summary.uniformEntropy, 3)), uniform attention)")
      }
      let kind: Axis.Kind = count <= nameLimit ? .categories(value.tokens.map(named)) : .linear
      return Figure(
        title: "Head \(value.heads[place.1]) in layer \(value.layers[place.0])",
        x: Axis("attended to (token)", kind: kind), y: Axis("token", kind: kind), heat: map, notes: notes)
    }
    if figures.count == 1, var only = figures.first {
      only.title = "Attention of head \(value.heads[drawn[0].1]) in layer \(value.layers[drawn[0].0])"
      return .figure(only)
    }
    let more = all.count > drawn.count ? ", the first \(drawn.count) of \(all.count) heads" : ""
    return .grid(title: "Attention of \(value.model.name)\(more)", figures.map { .figure($0) })
  }

  /// A token as an axis shows it: its spaces must be seen.
  private static func named(_ token: String) -> String {
    var text = token.replacing("\n", with: "↵").replacing("\t", with: "⇥")
    if text.hasPrefix(" ") { text = "␣" + text.dropFirst() }
    if text.hasSuffix(" ") { text = text.dropLast() + "␣" }
    return text
  }
}
