import Checkpoints
import Tensors
import Transformers

/// What a change of the weights does to activations: the shadow of a displacement δ, averaged over texts.
///
/// Beside the shift h(θ+δ) − h(θ) itself stands its first-order form J(θ)·δ, by a central difference whose step is chosen by
/// a sweep; where they agree, the shift is linear in the step. Beside both stand shifts of other displacements as long as
/// δ: hidden states of transformers share a few directions, so that 1/√width is no measure of chance.
public struct ActivationShift: Sendable {
  /// Where, in the order in which they were asked for.
  public let points: [ActivationPoint]
  /// h(θ+δ) − h(θ), the mean over the rows that are read, for each point.
  public let finite: [FloatVector]
  /// J(θ)·δ, the same mean.
  public let firstOrder: [FloatVector]
  /// For each point, ‖mean shift‖ over the root mean square of the rows' shifts: 1 when all move alike, about 1/√rows when
  /// each moves on its own.
  public let agreement: [Double]
  /// The step of the central difference.
  public let step: DifferenceStep
  /// Finite shifts of random displacements of the same norm, by displacement and point.
  public let random: [[FloatVector]]
  /// Finite shifts of the controls that were given, by control and point.
  public let controls: [[FloatVector]]

  /// ‖shift − first-order shift‖/‖shift‖ for each point; 0 where nothing moved.
  public func nonlinearity() throws -> [Double] {
    try zip(finite, firstOrder).map { shift, linear in
      let norm = shift.norm
      let difference = try shift.subtracting(linear).norm
      return norm > 0 ? difference / norm : (difference > 0 ? .infinity : 0)
    }
  }

  /// Texts on which the step of the difference is chosen.
  private static let sweepTexts = 4

  /// Measures a shift.
  ///
  /// - Parameters:
  ///   - displacement: δ.
  ///   - model: θ.
  ///   - sequences: tokens of the texts.
  ///   - points: where activations are read.
  ///   - positions: at which tokens; the shift is the mean over all rows that this gives.
  ///   - random: how many random displacements of the same norm.
  ///   - seed: of the random displacements, which are never candidates of a search with this seed.
  ///   - controls: what makes other displacements of the same space, such as ``ShuffledAnswers``; one at a time, since
  ///     each is as large as the model.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    of displacement: Displacement, on model: Model, texts sequences: [[Int32]], at points: [ActivationPoint],
    positions: PositionRule = .last, random: Int = 3, seed: UInt64 = 0, controls: [() throws -> Displacement] = []
  ) throws {
    try model.parameterSpace.require(displacement.space)
    guard (0...256).contains(random) else {
      throw GeometryError.outOfRange(what: "random", value: random, allowed: 0...256)
    }
    let norm = displacement.norm
    guard norm > 0, norm.isFinite else {
      throw GeometryError.degenerate(
        operation: "shift", reason: norm == 0 ? "the displacement is zero" : "the displacement is not finite")
    }
    let activity = Activity("shift", total: 3 + random + controls.count)
    defer { activity.finish() }
    let reader = MeanReader(sequences: sequences, points: points, rule: positions).withoutUnmarked
    let (base, moved, agreement) = try reader.pair(model, model.moved(by: displacement))
    try activity.advance()
    func shift(_ other: Displacement) throws -> [FloatVector] {
      try model.parameterSpace.require(other.space)
      let shift = try reader.means(model.moved(by: other)).subtracting(base)
      try activity.advance()
      return shift
    }
    // First, since their data may not be what it should.
    self.controls = try controls.map { try shift($0()) }
    let few = reader.prefix(Self.sweepTexts)
    let found = try DifferenceStep.sweep(
      pointNorm: model.freeWeights.norm, operation: "shift", what: "difference of activations"
    ) { try few.derivative(model, displacement, epsilon: $0 / norm).joined() }
    try activity.advance()
    self.points = points
    self.agreement = agreement
    finite = try moved.subtracting(base)
    step = found.step
    firstOrder = try reader.derivative(model, displacement, epsilon: found.step.length / norm).vectors()
    try activity.advance()
    let perturbations = try Perturbations(
      in: model.parameterSpace, length: .norm(norm), seed: Self.controlSeed(seed))
    self.random = try (0..<random).map { try shift(perturbations.displacement($0)) }
  }

  /// A seed apart from that of a search: otherwise the control of its first candidate would be the candidate.
  private static func controlSeed(_ seed: UInt64) -> UInt64 {
    let stream = RandomStream(seed: seed, purpose: "shift control")
    return UInt64(stream.uint32(at: 0)) << 32 | UInt64(stream.uint32(at: 1))
  }
}

extension ActivationShift {
  /// h(θ+δ) − h(θ) alone, the mean over the rows that are read, with its ``agreement``.
  ///
  /// - Throws: as the whole measurement.
  public static func finite(
    of displacement: Displacement, on model: Model, texts sequences: [[Int32]], at points: [ActivationPoint],
    positions: PositionRule = .last
  ) throws -> (shifts: [FloatVector], agreement: [Double]) {
    try model.parameterSpace.require(displacement.space)
    let reader = MeanReader(sequences: sequences, points: points, rule: positions).withoutUnmarked
    let (base, moved, agreement) = try reader.pair(model, model.moved(by: displacement))
    return (try moved.subtracting(base), agreement)
  }
}

/// Mean activations, one row of numbers a point, in double.
private struct Means {
  var rows: [[Double]]

  func subtracting(_ other: Means) throws -> [FloatVector] { try combined(1, other, -1).vectors() }

  func combined(_ mine: Double, _ other: Means, _ theirs: Double) -> Means {
    Means(rows: zip(rows, other.rows).map { a, b in zip(a, b).map { mine * $0 + theirs * $1 } })
  }

  func vectors() throws -> [FloatVector] { try rows.map { try FloatVector($0.map { Float($0) }) } }
  func joined() throws -> FloatVector { try FloatVector(rows.flatMap { $0.map { Float($0) } }) }
}

/// Reads mean activations over texts, a few texts at a time, so that memory does not grow with their number.
private struct MeanReader {
  let sequences: [[Int32]]
  let points: [ActivationPoint]
  let rule: PositionRule

  /// Texts whose activations are in memory together.
  private static let texts = 32

  /// The same without texts of which a mask marks no token.
  var withoutUnmarked: MeanReader {
    guard case .mask(let masks) = rule, masks.count == sequences.count else { return self }
    let kept = masks.indices.filter { masks[$0].contains(true) }
    return MeanReader(sequences: kept.map { sequences[$0] }, points: points, rule: .mask(kept.map { masks[$0] }))
  }

  func prefix(_ count: Int) -> MeanReader { part(0..<min(count, sequences.count)) }

  private func part(_ range: Range<Int>) -> MeanReader {
    let rule: PositionRule =
      switch self.rule {
      // Too few are refused when they are read.
      case .answer(let ranges): .answer(Array(ranges[range.clamped(to: ranges.indices)]))
      case .mask(let masks): .mask(Array(masks[range.clamped(to: masks.indices)]))
      default: self.rule
      }
    return MeanReader(sequences: Array(sequences[range]), points: points, rule: rule)
  }

  private var parts: [MeanReader] {
    if sequences.isEmpty { return [self] }
    return stride(from: 0, to: sequences.count, by: Self.texts).map {
      part($0..<min($0 + Self.texts, sequences.count))
    }
  }

  private func read(_ model: Model) throws -> [[Double]] {
    try model.activations(of: sequences, at: points, positions: rule).matrices.map(\.doubles)
  }

  /// The mean activations of a model.
  func means(_ model: Model) throws -> Means {
    var sums = Sums(points.count, model.configuration.width)
    for part in parts { for (point, rows) in try part.read(model).enumerated() { sums.add(rows, at: point) } }
    return sums.means
  }

  /// The means of two models, and how far the rows of their differences agree.
  func pair(_ first: Model, _ second: Model) throws -> (Means, Means, [Double]) {
    let width = first.configuration.width
    var (before, after) = (Sums(points.count, width), Sums(points.count, width))
    var squares = [Double](repeating: 0, count: points.count)
    for part in parts {
      let (a, b) = (try part.read(first), try part.read(second))
      for point in points.indices {
        before.add(a[point], at: point)
        after.add(b[point], at: point)
        squares[point] += zip(a[point], b[point]).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) }
      }
    }
    let (base, moved) = (before.means, after.means)
    let shift = moved.combined(1, base, -1).rows
    let agreement = points.indices.map { point in
      let meanSquare = squares[point] / Double(before.count(point))
      let square = shift[point].reduce(0) { $0 + $1 * $1 }
      return meanSquare > 0 ? (square / meanSquare).squareRoot() : 0
    }
    return (base, moved, agreement)
  }

  /// [h(θ+εδ) − h(θ−εδ)]/2ε.
  func derivative(_ model: Model, _ displacement: Displacement, epsilon: Double) throws -> Means {
    let ahead = try means(model.moved(by: displacement, scale: epsilon))
    let behind = try means(model.moved(by: displacement, scale: -epsilon))
    return ahead.combined(0.5 / epsilon, behind, -0.5 / epsilon)
  }
}

/// Sums of rows, a row of sums a point.
private struct Sums {
  private var sums: [[Double]]
  private var values: [Int]
  private let width: Int

  init(_ points: Int, _ width: Int) {
    sums = Array(repeating: Array(repeating: 0, count: width), count: points)
    values = Array(repeating: 0, count: points)
    self.width = width
  }

  mutating func add(_ rows: [Double], at point: Int) {
    for index in rows.indices { sums[point][index % width] += rows[index] }
    values[point] += rows.count
  }

  func count(_ point: Int) -> Int { values[point] / max(1, width) }

  var means: Means {
    Means(rows: sums.indices.map { point in sums[point].map { $0 / Double(max(1, count(point))) } })
  }
}
