import Foundation

/// What a picture shows, in words: for pipes, and for people who do not see it.
extension Picture {
  /// One line, such as `plot "recovery": loss 2.1 … 0.4 against step 1 … 100`.
  public var words: String {
    let kind = figures.count == 1 ? "plot" : "\(figures.count) plots"
    let name = title.isEmpty ? "" : " \"\(TextMetrics.clean(title))\""
    let parts = figures.map { figure in
      figures.count > 1 && !figure.title.isEmpty ? "\(figure.title): \(figure.content)" : figure.content
    }
    return TextMetrics.clean("\(kind)\(name): \(parts.joined(separator: "; "))")
  }

  /// Sentences for screen readers: axes, every series with its range and ends, and what they are compared with.
  public var description: String {
    figures.map { figure in
      let name = figures.count > 1 && !figure.title.isEmpty ? figure.title + ": " : ""
      let notes = ScaledFigure(figure).notes(figure)
      return ([name + figure.content] + notes).joined(separator: ". ")
    }.joined(separator: ". ") + "."
  }
}

extension Figure {
  /// The series and references, with ranges.
  fileprivate var content: String {
    if let heat {
      let finite = heat.values.filter(\.isFinite)
      let range = finite.isEmpty ? "no finite value" : Figure.range(finite.min() ?? 0, finite.max() ?? 0)
      return "heat map of \(heat.rows) × \(heat.columns) \(heat.label.isEmpty ? "values" : heat.label), \(range)"
    }
    var parts: [String] = []
    for series in series {
      let known = series.y.filter(\.isFinite)
      let name = series.name.isEmpty ? (y.label.isEmpty ? "values" : y.label) : series.name
      guard let first = known.first, let last = known.last, let low = known.min(), let high = known.max() else {
        parts.append("\(name) without a finite value")
        continue
      }
      let unit = series.mark == .points ? "points" : series.mark == .bars ? "bars" : "values"
      var text = "\(name), \(known.count) \(known.count == 1 ? String(unit.dropLast()) : unit)"
      switch series.mark {
      case .line, .steps:
        text += " from \(Figure.number(first)) to \(Figure.number(last))"
        if low < min(first, last) || high > max(first, last) { text += " within \(Figure.range(low, high))" }
      default: text += ", \(Figure.range(low, high))"
      }
      parts.append(text)
    }
    parts += references.map { "\($0.name.isEmpty ? "reference" : $0.name) at \(Figure.number($0.value))" }
    if parts.isEmpty { return "nothing to draw" }
    return parts.joined(separator: "; ") + across
  }

  private var across: String {
    let name = x.label.isEmpty ? "" : " \(x.label)"
    if let categories = x.categories {
      let shown = categories.count <= 4 ? ": \(categories.joined(separator: ", "))" : ""
      return categories.isEmpty ? "" : " over \(categories.count)\(name.isEmpty ? " categories" : name)\(shown)"
    }
    let known = series.flatMap { $0.x.lazy.filter(\.isFinite) }
    guard let low = known.min(), let high = known.max() else { return "" }
    return " against\(name.isEmpty ? " x" : name) \(Figure.range(low, high))"
  }

  private static func range(_ low: Double, _ high: Double) -> String {
    low == high ? number(low) : "\(number(low)) … \(number(high))"
  }

  static func number(_ value: Double) -> String {
    if value == value.rounded(), value.magnitude < 1e7 { return String(Int(value)) }
    return String(format: "%.4g", value)
  }
}
