import Checkpoints
import Tensors
import Transformers

/// How the task plane turns along a run.
public struct Drift: Sendable {
  /// One row a position.
  public let rows: [Row]
  /// The dimension of the planes.
  public let dimension: Int

  /// The plane at one position of the run against the plane at its start.
  public struct Row: Sendable, Equatable {
    /// Steps of the optimiser since the start.
    public var step: Int
    /// Overlap with the plane at the start, both from the same minibatches: only the model has changed.
    public var overlap: Double
    /// Overlap with the plane at the start when this one is estimated on fresh minibatches.
    public var fresh: Double
    /// Overlap of two estimates at this very position from disjoint minibatches: the most that `fresh` could reach if
    /// nothing turned at all.
    public var ceiling: Double
    /// What two random planes of this dimension overlap, r/D.
    public var chance: Double
  }

  /// Measures drift at the start, every `every` recorded steps, and at the end.
  ///
  /// - Parameters:
  ///   - run: the trajectory.
  ///   - data: whose plane is followed.
  ///   - r: the dimension of the planes; a share is turned into a number at the start, and that is kept.
  ///   - sketch: if given, gradients are reduced to sketches of this length one at a time, and overlaps are those that
  ///     the sketch sees, with a chance of r/s.
  ///   - every: recorded steps between two positions.
  ///   - batches: minibatches of one plane; a row takes twice as many gradients.
  ///   - batch: sequences in each.
  ///   - seed: begins the stream of minibatches.
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    _ run: Run, on data: any Dataset, r: PlaneDimension, every: Int, batches: Int, batch: Int, seed: UInt64,
    sketch: Int? = nil
  ) throws {
    if let sketch {
      try self.init(run, r: r, every: every, batches: batches) { model, first, r in
        let plane = try GradientSketch(
          model, on: data, size: sketch, batches: batches, batch: batch, seed: seed, first: first
        ).plane(r)
        return (plane, plane.dimension)
      } overlap: {
        try $0.overlap($1)
      }
    } else {
      try self.init(run, r: r, every: every, batches: batches) { model, first, r in
        var sample = try GradientSample(
          model, on: data, batches: batches, batch: batch, seed: seed, first: first, activity: "drift")
        let plane = try sample.reduceToPlane(r)
        return (plane, plane.dimension)
      } overlap: {
        try $0.overlap($1)
      }
    }
  }

  /// The same with planes of a fixed dimension.
  ///
  /// - Throws: as above.
  public init(
    _ run: Run, on data: any Dataset, r: Int, every: Int, batches: Int, batch: Int, seed: UInt64
  ) throws {
    try self.init(run, on: data, r: .fixed(r), every: every, batches: batches, batch: batch, seed: seed)
  }

  private init<Plane>(
    _ run: Run, r: PlaneDimension, every: Int, batches: Int,
    plane estimate: (_ model: Model, _ first: Int, _ r: PlaneDimension) throws -> (Plane, Int),
    overlap: (Plane, Plane) throws -> Measure
  ) throws {
    guard every >= 1 else { throw GeometryError.outOfRange(what: "every", value: every, allowed: 1...run.count) }
    var positions = Array(stride(from: 0, to: run.count, by: every))
    positions.append(run.count)
    let activity = Activity("drift", total: positions.count)
    defer { activity.finish() }
    var weights = run.start.freeWeights
    var reached = 0
    var first: (plane: Plane, dimension: Int)?
    var rows: [Row] = []
    for (number, position) in positions.enumerated() {
      while reached < position {
        try weights.add(run.steps[reached])
        reached += 1
      }
      let model = position == run.count ? run.end : try run.start.with(freeWeights: weights)
      // One plane after the other: the gradients of the first are gone before those of the second exist.
      let (plane, dimension) = try estimate(model, 0, first.map { .fixed($0.dimension) } ?? r)
      let start = first ?? (plane, dimension)
      first = start
      let (other, _) = try estimate(model, batches * (number + 1), .fixed(start.dimension))
      let ceiling = try overlap(plane, other)
      rows.append(
        Row(
          step: run.losses.isEmpty ? position : min(position * run.every, run.losses.count),
          overlap: position == 0 ? 1 : try overlap(plane, start.plane).value,
          fresh: position == 0 ? ceiling.value : try overlap(other, start.plane).value, ceiling: ceiling.value,
          chance: ceiling.chance ?? 0))
      try activity.advance()
    }
    self.rows = rows
    dimension = first?.dimension ?? 0
  }
}
