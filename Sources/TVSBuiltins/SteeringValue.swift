import Steering
import TVSLanguage
import Tensors
import Transformers

/// Directions in a model's activations, as a value of the language.
final class SteeringValue: NativeValue, Sendable {
  /// The directions.
  let vector: SteeringVector
  /// How they were found: lines of the display, and fields.
  let notes: Notes
  let provenance: Provenance?

  init(_ vector: SteeringVector, notes: Notes = [:], provenance: Provenance? = nil) {
    self.vector = vector
    self.notes = notes
    self.provenance = provenance
  }

  var kind: String { "steering" }

  var inline: String { "steering at \(place) of \(vector.origin), norm \(MeasureValue.significant(vector.norm, 4))" }

  private var place: String {
    if vector.points.count == 1, let point = vector.points.first { return point.name }
    return "\(vector.site) of layers \(SteeringVector.text(vector.indices))"
  }

  // MARK: - Display

  func display(_ style: DisplayStyle) -> String {
    var rows: [(label: String, text: String)] = []
    if vector.layers.count == 1, let layer = vector.layers.first {
      rows.append(("norm", MeasureValue.significant(layer.norm, style.digits)))
      if let score = layer.score { rows.append(("accuracy", Self.text(score, style))) }
    }
    rows.append(("method", vector.method + (vector.positions.isEmpty ? "" : ", read at \(vector.positions)")))
    if !vector.source.isEmpty { rows.append(("source", vector.source)) }
    rows += notes.filter { !isColumn($0.value) }.lines(style)
    let block = GeometryText.block("steering at \(place) of \(vector.origin)", rows)
    return vector.layers.count == 1 ? block : block + "\n" + table.display(style)
  }

  /// `0.93 [0.81, 0.97] on 50 held-out pairs (shuffled labels 0.49, 95 % in 0.31 to 0.68)`.
  private static func text(_ score: ProbeScore, _ style: DisplayStyle) -> String {
    var measure = score.accuracy
    (measure.chance, measure.chanceModel) = (nil, nil)
    func number(_ value: Double) -> String { MeasureValue.significant(value, 3) }
    let chance = score.accuracy.chance.map { "\(score.accuracy.chanceModel ?? "chance") \(number($0))" } ?? ""
    let range = score.shuffled.map { ", 95 % in \(number($0.lowerBound)) to \(number($0.upperBound))" } ?? ""
    return "\(MeasureValue(measure).text(digits: style.digits)) on \(score.scored) held-out pairs (\(chance)\(range))"
  }

  /// Whether a note says something about each layer.
  private func isColumn(_ note: Value) -> Bool {
    if case .list(let cells) = note { vector.layers.count > 1 && cells.count == vector.layers.count } else { false }
  }

  /// One row a layer.
  private var table: TableValue {
    var columns = scores.columns
    for case (let name, .list(let cells)) in notes where isColumn(.list(cells)) { columns[name] = cells }
    return TableValue(columns: columns)
  }

  private var scores: TableValue {
    let isScored = vector.layers.contains { $0.score != nil }
    let names = ["layer", "norm"] + (isScored ? ["accuracy", "chance", "shuffled_low", "shuffled_high"] : [])
    return TableValue(
      names: names,
      rows: vector.layers.map { layer in
        func cell(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
        let row: [Value] = [.number(Double(layer.index)), .number(layer.norm)]
        guard isScored else { return row }
        return row + [
          cell(layer.score?.accuracy.value), cell(layer.score?.accuracy.chance),
          cell(layer.score?.shuffled?.lowerBound),
          cell(layer.score?.shuffled?.upperBound),
        ]
      })
  }

  // MARK: - Fields and elements

  var fieldNames: [String] {
    [
      "layer", "layers", "site", "points", "norm", "accuracy", "ordered", "threshold", "vector", "table", "method",
      "positions", "source", "model", "digest",
    ] + notes.keys
  }

  func field(_ name: String) throws -> Value? {
    switch name {
    case "layer": one { .number(Double($0.index)) }
    case "layers": .list(vector.indices.map { .number(Double($0)) })
    case "site": .string(vector.site.rawValue)
    case "points": .list(vector.points.map { .string($0.name) })
    case "norm": .number(vector.norm)
    case "accuracy": one { $0.score.map(Self.measure) ?? .nil }
    case "ordered": one { $0.score.map { .number($0.ordered) } ?? .nil }
    case "threshold": one { $0.threshold.map { .number($0) } ?? .nil }
    case "vector": TensorValue.value(try tensor())
    case "table": .native(table)
    case "method": .string(vector.method)
    case "positions": .string(vector.positions)
    case "source": .string(vector.source)
    case "model": .string(vector.origin.name)
    case "digest": vector.origin.digest.map { .string($0) } ?? .nil
    default: notes[name]
    }
  }

  /// What there is once for a vector of one layer, and a list for one of several.
  private func one(_ value: (SteeringVector.Layer) -> Value) -> Value {
    let all = vector.layers.map(value)
    return all.count == 1 ? all[0] : .list(all)
  }

  /// The accuracy with what shuffled labels give beside it.
  static func measure(_ score: ProbeScore) -> Value {
    func cell(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
    return .native(
      MeasureValue(
        score.accuracy,
        notes: [
          "shuffled_low": cell(score.shuffled?.lowerBound), "shuffled_high": cell(score.shuffled?.upperBound),
          "ordered": .number(score.ordered), "fitted": .number(Double(score.fitted)),
          "scored": .number(Double(score.scored)),
        ]))
  }

  /// A vector of one layer; rows of layers for several.
  func tensor() throws -> Tensor {
    let isOne = vector.layers.count == 1
    return try reporting {
      try Tensor(vector.layers.flatMap(\.values), shape: isOne ? nil : [vector.layers.count, vector.width])
    }
  }

  var length: Int? { vector.layers.count }

  func elements() throws -> [Value]? { try vector.indices.map { try layers([$0]) } }

  /// `v[5]` is the direction of layer 5, `v[1:]` those of layers 1 and above, `v[-1]` that of the last one.
  func element(at subscripts: [Subscript]) throws -> Value? {
    guard subscripts.count == 1, let item = subscripts.first else { return nil }
    switch item {
    case .slice(let from, let to, let step):
      guard (step ?? 1) == 1 else {
        throw ErrorReport(.notSupported, "layers are taken one after the other", argument: "subscripts")
      }
      let end = (vector.indices.last ?? 0) + 1
      func bound(_ number: Int) -> Int { number < 0 ? number + end : number }
      let wanted = vector.indices.filter { $0 >= bound(from ?? 0) && $0 < bound(to ?? end) }
      guard !wanted.isEmpty else {
        throw ErrorReport(
          .indexOutOfRange, "the vector has no layer in this range",
          label: "it has \(SteeringVector.text(vector.indices))", argument: "subscripts")
      }
      return try layers(wanted)
    case .value(.native(let native)):
      guard let numbers = (native as? TensorValue)?.tensor.doubles else { return nil }
      return try layers(numbers.map(place))
    case .value(.list(let items)): return try layers(items.map { try place($0.numberValue ?? .nan) })
    case .value(let value):
      guard let number = value.numberValue else { return nil }
      return try layers([place(number)])
    }
  }

  private func place(_ number: Double) throws -> Int {
    guard let whole = Int(exactly: number) else {
      throw ErrorReport(
        .wrongKind, "a steering vector is indexed by the numbers of layers", help: "as in v[5], v[1:] or v[[3, 5]]",
        argument: "subscripts")
    }
    // From the end, the layers that are there are counted.
    return whole < 0 && -whole <= vector.indices.count ? vector.indices[vector.indices.count + whole] : whole
  }

  private func layers(_ wanted: [Int]) throws -> Value {
    do {
      return .native(SteeringValue(try vector.restricted(to: wanted)))
    } catch SteeringError.noLayer(let layer, _, _) {
      throw ErrorReport(
        .indexOutOfRange, "the vector has no direction of layer \(layer)",
        label: "it has \(SteeringVector.text(vector.indices))", argument: "subscripts")
    }
  }

  // MARK: - Arithmetic

  func apply(_ operation: BinaryOperator, with other: Value, side: OperandSide) throws -> Value? {
    if case .native(let native) = other, let partner = (native as? SteeringValue)?.vector {
      let (left, right) = side == .left ? (vector, partner) : (partner, vector)
      switch operation {
      case .add, .subtract:
        return try Self.naming("right") {
          .native(SteeringValue(try left.adding(right, scaled: operation == .add ? 1 : -1)))
        }
      default: return nil
      }
    }
    guard let number = other.numberValue else { return nil }
    switch operation {
    case .multiply: return .native(SteeringValue(try vector.scaled(by: number)))
    case .divide where side == .left:
      guard number != 0 else {
        throw ErrorReport(.arithmetic, "a steering vector is divided by zero", label: "this is 0", argument: "right")
      }
      return .native(SteeringValue(try vector.scaled(by: 1 / number)))
    default: return nil
    }
  }

  func negated() throws -> Value? { .native(SteeringValue(try vector.scaled(by: -1))) }

  func reduced(_ function: String, axis: Int?) throws -> Value? {
    function == "norm" && axis == nil ? .number(vector.norm) : nil
  }

  /// `dot` and `cos` with another vector, or with the numbers of one.
  func paired(_ function: String, with other: Value, options: [String: Value]) throws -> Value? {
    guard function == "dot" || function == "cos", options.isEmpty, case .native(let native) = other else { return nil }
    if let partner = (native as? SteeringValue)?.vector {
      return try Self.naming("b") { .number(try function == "dot" ? vector.dot(partner) : vector.cosine(partner)) }
    }
    guard let numbers = (native as? TensorValue)?.tensor else { return nil }
    guard numbers.count == vector.width * vector.layers.count else {
      throw ErrorReport(
        .shape, "\(function) takes as many numbers as the steering vector has",
        label: "it has \(shapeText(try tensor().shape)), the tensor \(shapeText(numbers.shape))", argument: "b")
    }
    var layers: [SteeringVector.Layer] = []
    for (place, layer) in vector.layers.enumerated() {
      let values = numbers.floats[(place * vector.width)..<((place + 1) * vector.width)]
      layers.append(.init(index: layer.index, values: Array(values)))
    }
    let partner = try SteeringVector(layers: layers, site: vector.site, origin: vector.origin, method: "tensor")
    return .number(try function == "dot" ? vector.dot(partner) : vector.cosine(partner))
  }

  /// Marks an argument in what the steering room throws.
  static func naming<Result>(_ argument: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as SteeringError {
      var report = ErrorReport(error)
      report.argument = argument
      throw report
    }
  }

  func isSame(as other: any NativeValue) -> Bool {
    (other as? SteeringValue).map { $0.vector.isIdentical(to: vector) } ?? false
  }

  /// The vector itself remembers the expression, so that a file of it does.
  func stamped(_ provenance: Provenance) -> any NativeValue {
    var vector = vector
    if vector.source.isEmpty { vector.source = provenance.expression }
    var provenance = provenance
    provenance.digests = vector.origin.digest.map { [$0] } ?? []
    return SteeringValue(vector, notes: notes, provenance: provenance)
  }
}
