import Checkpoints
import Tensors
import Transformers

/// Trains a model and records where it went: the recovery step of "recovery after forgetting" (arXiv 2606.10929).
///
/// - Parameters:
///   - model: θ_0; it does not change.
///   - data: what to learn.
///   - options: steps, learning rate, batch and so on.
///   - subspace: if given, every gradient is replaced by its projection on it before it is clipped and used.
///   - every: how many steps of the optimiser one recorded step holds.
/// - Returns: the run. It holds one vector of D floats a recorded step, checked against memory before it begins.
/// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
public func recover(
  _ model: Model, on data: any Dataset, options: TrainingOptions, project subspace: Subspace? = nil, every: Int = 1
) throws -> Run {
  var projector: SubspaceProjector?
  if let subspace {
    try subspace.space.require(model.parameterSpace)
    projector = SubspaceProjector(subspace)
  }

  var recorder = try StepRecorder(model, every: every, steps: options.steps)
  let result = try train(
    model, on: data, options: options, activity: "recover",
    transformGradient: projector.map { projector in { try projector.project($0, count: $1) } },
    observe: { try recorder.record($0) })
  return try recorder.run(of: model, result, options, data: data.name)
}

/// Collects the differences between weights that are `every` steps apart.
struct StepRecorder {
  let every: Int
  let steps: Int
  private(set) var vectors: [FloatVector] = []
  /// The weights at the last recorded position; not needed when every step is recorded.
  private var last: FloatVector?

  /// Checks that the steps can be recorded, and that they fit into memory.
  init(_ model: Model, every: Int, steps: Int) throws {
    guard steps >= 1 else {
      throw GeometryError.outOfRange(what: "steps", value: steps, allowed: 1...1_000_000_000)
    }
    guard every >= 1, every <= steps else {
      throw GeometryError.outOfRange(what: "every", value: every, allowed: 1...steps)
    }
    let count = model.freeCount
    let recorded = (steps - 1) / every + 1
    let (bytes, overflow) = recorded.multipliedReportingOverflow(by: count * MemoryLayout<Float>.stride)
    if overflow {
      throw TensorError.tooLarge(bytes: Double(recorded) * Double(count) * 4, available: MemoryBudget.available)
    }
    try MemoryBudget.check(bytes: bytes)
    self.every = every
    self.steps = steps
  }

  /// The run that was recorded.
  func run(of model: Model, _ result: TrainingResult, _ options: TrainingOptions, data: String) throws -> Run {
    try Run(
      start: model, end: result.model, steps: vectors, losses: result.losses, every: every, seed: options.seed,
      optimizer: "\(options.optimizer.name) \(RunFormat.brief(options.effectiveLearningRate))", data: data)
  }

  mutating func record(_ report: StepReport) throws {
    let before = report.before
    if every > 1, last == nil {
      last = try FloatVector(count: report.count) { $0.update(from: before, count: report.count) }
    }
    guard (report.step + 1) % every == 0 || report.step + 1 == steps else { return }
    let after = report.after
    guard let last else {
      vectors.append(try difference(after, before, report.count))
      return
    }
    vectors.append(try last.withPointer { try difference(after, $0, report.count) })
    self.last = try FloatVector(count: report.count) { $0.update(from: after, count: report.count) }
  }

  private func difference(
    _ after: UnsafePointer<Float>, _ before: UnsafePointer<Float>, _ count: Int
  ) throws -> FloatVector {
    nonisolated(unsafe) let (after, before) = (after, before)
    return try FloatVector(count: count) { out in
      nonisolated(unsafe) let out = out
      Parallel.ranges(count, grain: 1 << 15) { range in
        for index in range { out[index] = after[index] - before[index] }
      }
    }
  }
}

/// Replaces a gradient by its projection: `g ← generators · C · Cᵀ · generatorsᵀ · g`, two passes over the generators.
public struct SubspaceProjector: GradientProjector {
  private let subspace: Subspace

  /// A projector on a subspace.
  public init(_ subspace: Subspace) { self.subspace = subspace }

  /// Replaces a gradient by its projection.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when `count` is not D, `TensorError`, `Interrupted`.
  public func project(_ gradient: UnsafeMutablePointer<Float>, count: Int) throws {
    guard count == subspace.ambient else {
      throw GeometryError.degenerate(
        operation: "project", reason: "a gradient of \(count) elements in a space of \(subspace.ambient)")
    }
    let vector = try FloatVector(count: count) { $0.update(from: gradient, count: count) }
    let inside = try subspace.vector(at: subspace.coordinates(of: vector))
    inside.withPointer { gradient.update(from: $0, count: count) }
  }
}

enum RunFormat {
  /// A learning rate as people write it: `3e-4`, `0.1`.
  static func brief(_ rate: Double) -> String {
    guard rate > 0, rate < 0.01 else { return "\(rate)" }
    var (mantissa, exponent) = (rate, 0)
    while mantissa < 0.9999999 {
      mantissa *= 10
      exponent -= 1
    }
    let rounded = (mantissa * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? "\(Int(rounded))e\(exponent)" : "\(rounded)e\(exponent)"
  }
}
