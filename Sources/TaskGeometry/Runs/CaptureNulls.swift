import Checkpoints
import Foundation
import Tensors
import Transformers

extension DriftNoise {
  /// The energy that the first k steps capture of the part of the run that they do not contain: m further steps.
  ///
  /// The steps hold ka²/(1+ka²) of the drift's direction and nothing of foreign noise, and the drift makes up
  /// ma²/(1+ma²) of the energy of m further steps.
  public func energy(prefix k: Int, ofForeign m: Int) -> Double {
    guard k > 0, m > 0 else { return 0 }
    if signalToNoise.isInfinite { return 1 }
    let (held, whole) = (Double(k) * signalToNoise, Double(m) * signalToNoise)
    return held / (1 + held) * (whole / (1 + whole))
  }
}

extension Run {
  /// How much of another run's displacement the first k steps of this one span: two runs from one start that differ in
  /// the order of their minibatches share their drift and not their noise. Nothing of the other run is in the prefix, so
  /// that chance is that of a random subspace.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when the runs do not start together or are the same,
  ///   ``GeometryError/spaceMismatch(left:right:)``, ``GeometryError/outOfRange(what:value:allowed:)``, `TensorError`,
  ///   `Interrupted`.
  public func otherCapture(_ other: Run, _ k: Int, kind: CaptureKind = .norm) throws -> Measure {
    try space.require(other.space)
    guard start.digest == other.start.digest else {
      throw GeometryError.degenerate(
        operation: "other_capture", reason: "the runs start from different models, so that they share no drift")
    }
    guard record !== other.record, end.digest != other.end.digest else {
      throw GeometryError.degenerate(
        operation: "other_capture", reason: "both runs took the same path: record one with another seed")
    }
    return try prefix(k).capture(of: other.displacement(), kind: kind)
  }

  /// Prefix captures for several k beside what drift and noise predict after a fit to one of them.
  ///
  /// - Parameters:
  ///   - k: where the process is fitted.
  ///   - ks: where it is asked.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TensorError`, `Interrupted`.
  public func driftNoiseTable(fittedAt k: Int, at ks: [Int]) throws -> DriftNoiseTable {
    guard k >= 1, k < count else {
      throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...max(1, count - 1))
    }
    let x = try displacement()
    func energy(_ k: Int) throws -> (measured: Double, walk: Double) {
      let measure = try prefix(k).capture(of: x, kind: .energy)
      return (measure.value, measure.chance ?? 0)
    }
    let fit = DriftNoise.fitted(energy: try energy(k).measured, prefix: k, of: count)
    let lengths = try driftNoise()
    let rows = try ks.map { k in
      let (measured, walk) = try energy(k)
      return DriftNoiseTable.Row(
        k: k, measured: measured, predicted: fit.energy(prefix: k), fromLengths: lengths.energy(prefix: k), walk: walk)
    }
    return DriftNoiseTable(fit: fit, fromLengths: lengths, rows: rows)
  }
}

/// What ``Run/driftNoiseTable(fittedAt:at:)`` finds; all shares are energies.
public struct DriftNoiseTable: Sendable {
  /// The process that explains the capture at the k of the fit.
  public let fit: DriftNoise
  /// The process that the step lengths and ‖Δ‖ give, without any capture.
  public let fromLengths: DriftNoise
  /// One row a k.
  public let rows: [Row]

  /// One prefix.
  public struct Row: Sendable {
    /// How many steps.
    public let k: Int
    /// The energy that they capture.
    public let measured: Double
    /// What the fit predicts.
    public let predicted: Double
    /// What the step lengths predict.
    public let fromLengths: Double
    /// What a random walk of the same steps would give.
    public let walk: Double
  }
}

/// The captures of one prefix and of its controls.
public struct CaptureNulls: Sendable {
  /// One row a question.
  public let rows: [Row]

  /// A capture beside what chance and what drift plus noise would give; all are energies.
  public struct Row: Sendable {
    /// What is captured by what.
    public let what: String
    /// The energy captured.
    public let measured: Double
    /// What chance would give.
    public let chance: Double
    /// The model of chance.
    public let null: String
    /// What a constant drift and independent noise with this run's step lengths and ‖Δ‖ would give.
    public let driftNoise: Double
  }

  /// Asks a run.
  ///
  /// - Parameters:
  ///   - k: steps of the prefix, less than the run has.
  ///   - other: a run from the same start with other minibatches.
  ///   - descent: a run from the same start without minibatch noise; see ``descend(_:on:examples:options:every:)``.
  /// - Throws: ``GeometryError``, `TensorError`, `Interrupted`.
  public init(_ run: Run, k: Int, other: Run? = nil, descent: Run? = nil) throws {
    let T = run.count
    guard k >= 1, k < T else { throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...max(1, T - 1)) }
    let process = try run.driftNoise()
    let x = try run.displacement()
    var rows: [Row] = []
    func add(_ what: String, _ measure: Measure, _ predicted: Double) throws {
      rows.append(
        Row(
          what: what, measured: measure.value, chance: measure.chance ?? 0, null: measure.chanceModel ?? "",
          driftNoise: predicted))
      try Cancellation.check()
    }
    try add("prefix \(k)/\(T)", run.prefix(k).capture(of: x, kind: .energy), process.energy(prefix: k))
    if k > 1 { try add("prefix 1/\(T)", run.prefix(1).capture(of: x, kind: .energy), process.energy(prefix: 1)) }
    try add(
      "tail \(k)/\(T)", run.tailCapture(k, kind: .energy), process.energy(prefix: k, ofForeign: T - k))
    if let other {
      try add(
        "other order", run.otherCapture(other, k, kind: .energy), process.energy(prefix: k, ofForeign: other.count))
    }
    if let descent {
      try run.space.require(descent.space)
      guard descent.count > k else {
        throw GeometryError.outOfRange(what: "k", value: k, allowed: 1...max(1, descent.count - 1))
      }
      let whole = try descent.displacement()
      try add(
        "full batch \(k)/\(descent.count)", descent.prefix(k).capture(of: whole, kind: .energy),
        descent.driftNoise().energy(prefix: k))
    }
    self.rows = rows
  }
}

/// The principal components of a run beside those of a random walk with the same step lengths.
public struct RunSpectrum: Sendable {
  /// The share of variance of each component, largest first.
  public let shares: [Double]
  /// The same for a random walk, whose steps are orthogonal: D ≫ T.
  public let walk: [Double]

  /// What the components are taken of.
  public enum Subject: String, Sendable, CaseIterable {
    /// The steps, not centred, so that a straight run has one component.
    case steps
    /// The positions θ_0 … θ_T, centred: the usual picture of a trajectory. A random walk already gives its first two
    /// components 61 % and 15 % (Antognini and Sohl-Dickstein, arXiv 1806.08805).
    case positions
  }

  /// Decomposes a run.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when nothing moved, `TensorError`, `Interrupted`.
  public init(_ run: Run, of subject: Subject) throws {
    let gram = try run.record.gram(of: run.range, in: run)
    var orthogonal = SmallMatrix(rows: run.count, columns: run.count)
    for (index, length) in run.squaredLengths.enumerated() { orthogonal[index, index] = length }
    shares = try RunSpectrum.shares(gram, subject)
    walk = try RunSpectrum.shares(orthogonal, subject)
  }

  static func shares(_ gram: SmallMatrix, _ subject: Subject) throws -> [Double] {
    let values = try (subject == .steps ? gram : centredPositions(gram)).symmetricEigen().values
    let total = values.reduce(0) { $0 + max(0, $1) }
    guard total > 0 else { throw GeometryError.degenerate(operation: "spectrum", reason: "no step moved") }
    // T + 1 centred points span no more than T directions.
    return values.prefix(gram.rows).map { max(0, $0) / total }
  }

  /// Inner products of the positions less their mean: each position is the sum of the steps before it.
  private static func centredPositions(_ gram: SmallMatrix) -> SmallMatrix {
    let count = gram.rows + 1
    var sums = SmallMatrix(rows: count, columns: count)
    for i in 1..<count {
      for j in 1..<count {
        sums[i, j] = gram[i - 1, j - 1] + sums[i - 1, j] + sums[i, j - 1] - sums[i - 1, j - 1]
      }
    }
    let means = (0..<count).map { row in (0..<count).reduce(0) { $0 + sums[row, $1] } / Double(count) }
    let mean = means.reduce(0, +) / Double(count)
    var result = sums
    for i in 0..<count { for j in 0..<count { result[i, j] = sums[i, j] - means[i] - means[j] + mean } }
    return result
  }
}
