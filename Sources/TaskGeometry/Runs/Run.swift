import Synchronization
import Tensors
import Transformers

/// A recorded training trajectory θ_0 … θ_T: the start, every step and every loss.
public struct Run: Sendable {
  /// The model the run started from, θ_0.
  public let start: Model
  /// The model the run ended at, θ_T.
  public let end: Model
  /// s_t = θ_{t+1} − θ_t in the free weights; each is the sum of ``every`` steps of the optimiser.
  public let steps: [FloatVector]
  /// The loss of every step of the optimiser, before the step; empty when nobody recorded them.
  public let losses: [Double]
  /// How many steps of the optimiser one recorded step holds; the last may hold fewer.
  public let every: Int
  /// The seed of the batches; nil when it is not known.
  public let seed: UInt64?
  /// The optimiser in words, such as `adamw 3e-4`, or `unknown`.
  public let optimizer: String
  /// The name of the data, or `unknown`.
  public let data: String
  /// The file of every position, θ_0 to θ_T, for a run that was read from checkpoints; empty for all others.
  public let files: [String]
  /// What all slices of one recording share.
  public let record: RunRecord
  /// Which steps of the recording these are.
  public let range: Range<Int>

  /// Puts a trajectory together.
  ///
  /// - Throws: ``GeometryError/degenerate(operation:reason:)`` when there is no step or one is not of the space,
  ///   ``GeometryError/spaceMismatch(left:right:)``.
  public init(
    start: Model, end: Model, steps: [FloatVector], losses: [Double], every: Int = 1, seed: UInt64, optimizer: String,
    data: String
  ) throws {
    try self.init(
      start: start, end: end, steps: steps, squaredLengths: steps.map { $0.norm * $0.norm }, losses: losses,
      every: every, seed: seed, optimizer: optimizer, data: data, files: [])
  }

  /// Puts a trajectory together whose steps have been measured, as they must be where looking at them once more means
  /// reading them from the disk.
  init(
    start: Model, end: Model, steps: [FloatVector], squaredLengths: [Double], losses: [Double], every: Int,
    seed: UInt64?, optimizer: String, data: String, files: [String]
  ) throws {
    try start.parameterSpace.require(end.parameterSpace)
    guard !steps.isEmpty else { throw GeometryError.degenerate(operation: "run", reason: "it has no steps") }
    guard steps.allSatisfy({ $0.count == start.freeCount }) else {
      throw GeometryError.degenerate(
        operation: "run", reason: "a step has not as many elements as the model's free weights")
    }
    self.start = start
    self.end = end
    self.steps = steps
    self.losses = losses
    self.every = max(1, every)
    self.seed = seed
    self.optimizer = optimizer
    self.data = data
    self.files = files
    range = 0..<steps.count
    record = RunRecord(squaredLengths: squaredLengths, start: start.digest, end: end.digest)
  }

  private init(_ run: Run, range: Range<Int>, start: Model, end: Model) {
    self.start = start
    self.end = end
    steps = Array(run.steps[range.lowerBound - run.range.lowerBound..<range.upperBound - run.range.lowerBound])
    let offset = (range.lowerBound - run.range.lowerBound) * run.every
    losses = Array(run.losses.dropFirst(offset).prefix(range.count * run.every))
    every = run.every
    seed = run.seed
    optimizer = run.optimizer
    data = run.data
    files = Array(run.files.dropFirst(range.lowerBound - run.range.lowerBound).prefix(range.count + 1))
    record = run.record
    self.range = range
  }

  /// How many steps were recorded.
  public var count: Int { steps.count }
  /// The space in which it moves.
  public var space: ParameterSpace { start.parameterSpace }
  /// ‖s_t‖² of every recorded step.
  public var squaredLengths: [Double] { Array(record.squaredLengths[range]) }

  /// Δ = θ_T − θ_0.
  ///
  /// - Throws: `TensorError`.
  public func displacement() throws -> Displacement {
    var result = try end.displacement(from: start)
    result.path = RunPath(record: record, steps: range)
    return result
  }

  /// The step number `index` as a displacement.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public func step(_ index: Int) throws -> Displacement {
    guard steps.indices.contains(index) else {
      throw GeometryError.outOfRange(what: "step", value: index, allowed: 0...count - 1)
    }
    let first = range.lowerBound + index
    return try Displacement(
      space: space, vector: steps[index], path: RunPath(record: record, steps: first..<first + 1))
  }

  /// The model after `index` recorded steps, θ_index; 0 is the start and ``count`` the end.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TensorError`.
  public func position(_ index: Int) throws -> Model {
    guard index >= 0, index <= count else {
      throw GeometryError.outOfRange(what: "step", value: index, allowed: 0...count)
    }
    if index == 0 { return start }
    if index == count { return end }
    // Float addition of the steps in the order in which they were made gives back θ to the last bit almost always;
    // the shorter way round keeps the rest small.
    var weights = start.freeWeights
    for step in steps[..<index] { try weights.add(step) }
    return try start.with(freeWeights: weights)
  }

  /// The part of the run between two positions.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TensorError`.
  public func slice(_ part: Range<Int>) throws -> Run {
    guard part.lowerBound >= 0, part.upperBound <= count, !part.isEmpty else {
      throw GeometryError.outOfRange(
        what: "step", value: part.isEmpty ? part.lowerBound : part.upperBound, allowed: 0...count)
    }
    return Run(
      self, range: range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound,
      start: try position(part.lowerBound), end: try position(part.upperBound))
  }
}

/// What identifies a recording: the lengths of its steps and where it begins and ends. Slices share it.
public final class RunRecord: Sendable {
  /// ‖s_t‖² of every step of the whole recording.
  public let squaredLengths: [Double]
  /// Digests of θ_0 and θ_T of the whole recording.
  public let start, end: String
  /// The Gram matrix of all steps, once somebody has needed it.
  private let gram = Mutex<SmallMatrix?>(nil)

  /// Names a recording.
  public init(squaredLengths: [Double], start: String, end: String) {
    self.squaredLengths = squaredLengths
    self.start = start
    self.end = end
  }

  /// The inner products of the steps of a range, from the whole matrix if it is known or if most of it is needed.
  ///
  /// Asking for every prefix of a run in turn costs one Gram matrix instead of one for each.
  func gram(of range: Range<Int>, in run: Run) throws -> SmallMatrix {
    if let known = gram.withLock({ $0 }) { return known.selecting(Array(range)) }
    let isWhole = run.steps.count == squaredLengths.count
    guard isWhole, range.count * 4 >= run.steps.count else {
      let local = range.lowerBound - run.range.lowerBound..<range.upperBound - run.range.lowerBound
      return SmallMatrix(rows: range.count, columns: range.count, values: try Gram.matrix(Array(run.steps[local])))
    }
    let whole = SmallMatrix(rows: run.count, columns: run.count, values: try Gram.matrix(run.steps))
    gram.withLock { $0 = whole }
    return whole.selecting(Array(range))
  }
}

/// Some steps of a recording: what a displacement sums, or what a subspace spans.
public struct RunPath: Sendable {
  /// The recording.
  public let record: RunRecord
  /// Which of its steps.
  public let steps: Range<Int>
  /// What their sum was multiplied by.
  public let scale: Double

  /// Names steps of a recording.
  public init(record: RunRecord, steps: Range<Int>, scale: Double = 1) {
    self.record = record
    self.steps = steps
    self.scale = scale
  }

  /// The same steps, with their sum multiplied by another factor.
  func scaled(by factor: Double) -> RunPath { RunPath(record: record, steps: steps, scale: scale * factor) }

  /// Which steps of the same recording a displacement sums, or nil if it is no part of the recording.
  func path(of x: Displacement) -> Range<Int>? {
    if let path = x.path { return path.record === record ? path.steps : nil }
    // `run.end − run.start`, and a model that is projected, carry no path: their ends tell what they are.
    guard let origin = x.origin, let destination = x.destination, origin.digest == record.start,
      destination.digest == record.end
    else { return nil }
    return 0..<record.squaredLengths.count
  }
}
