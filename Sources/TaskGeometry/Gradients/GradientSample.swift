import Checkpoints
import Tensors
import Transformers
import Workers

/// The gradients of a model on several minibatches, and their inner products.
public struct GradientSample: Sendable {
  /// The model at which they were taken.
  public let model: Model
  /// The name of the data.
  public let data: String
  /// One gradient of the mean loss a minibatch.
  public private(set) var gradients: [FloatVector]
  /// The loss of each minibatch.
  public let losses: [Double]

  /// Takes gradients.
  ///
  /// - Parameters:
  ///   - batches: how many minibatches, m.
  ///   - batch: sequences in each.
  ///   - seed: begins the stream of minibatches.
  ///   - first: the number of the first minibatch in the stream.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``, `TransformerError`, `TensorError`, `Interrupted`.
  public init(
    _ model: Model, on data: any Dataset, batches: Int, batch: Int, seed: UInt64, first: Int = 0,
    activity name: String = "gradient"
  ) throws {
    guard batches >= 1, batches <= 1 << 20 else {
      throw GeometryError.outOfRange(what: "batches", value: batches, allowed: 1...(1 << 20))
    }
    guard batch >= 1, batch <= 1 << 20 else {
      throw GeometryError.outOfRange(what: "batch", value: batch, allowed: 1...(1 << 20))
    }
    let data = try model.reading(data)
    try MemoryBudget.check(bytes: batches * model.freeCount * MemoryLayout<Float>.stride)
    let team = Team.current
    var own: [Int: FloatVector] = [:]
    let made = try team.collect(name, count: batches, loss: \.loss) { index in
      let sample = try data.batch(size: batch, seed: seed, index: first + index)
      let (loss, gradient) = try Transformers.gradient(of: model, on: sample)
      own[index] = gradient
      return Made(loss: loss, rank: team.rank)
    }
    self.model = model
    self.data = data.name
    losses = made.map(\.loss)
    gradients = try made.enumerated().map { index, made in
      try team.vector(own.removeValue(forKey: index), count: model.freeCount, from: made.rank)
    }
  }

  /// The mean gradient.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public func mean() throws -> Displacement {
    let weight = 1 / Double(gradients.count)
    let vector =
      gradients.count == 1
      ? gradients[0]
      : try Gram.combination(gradients, coefficients: Array(repeating: weight, count: gradients.count))
    return try Displacement(space: model.parameterSpace, vector: vector, origin: model)
  }

  /// The m×m inner products, accumulated in double.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public func gram() throws -> SmallMatrix {
    SmallMatrix(rows: gradients.count, columns: gradients.count, values: try Gram.matrix(gradients))
  }

  /// The task plane: the span of the top r eigenvectors of the second moment (1/m) Σ g_i g_iᵀ, which is not centred
  /// (arXiv 2606.10929).
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` unless 1 ≤ r ≤ m,
  ///   ``GeometryError/degenerate(operation:reason:)`` when the gradients span less, `TensorError`, `Interrupted`.
  public func plane(_ r: Int) throws -> Subspace {
    var copy = self
    return try copy.reduceToPlane(r)
  }

  /// The task plane, with its directions written over the gradients: afterwards ``gradients`` is empty.
  ///
  /// - Throws: as ``plane(_:)``.
  public mutating func reduceToPlane(_ r: Int) throws -> Subspace { try reduceToPlane(.fixed(r)) }

  /// The same with the dimension that holds a share of the gradients.
  ///
  /// - Throws: as ``plane(_:)``, ``GeometryError/invalidOption(what:value:allowed:)``.
  public mutating func reduceToPlane(_ dimension: PlaneDimension) throws -> Subspace {
    let m = gradients.count
    let (values, vectors) = try gram().symmetricEigen()
    let r = try dimension.resolved(values)
    let largest = values[0]
    // Taken out of this value first: whoever holds a vector alone may write over it.
    var directions: [FloatVector] = []
    swap(&directions, &gradients)
    try Combinations.replace(
      &directions,
      by: vectors.selecting(columns: 0..<r).scalingColumns(by: values.prefix(r).map { 1 / $0.squareRoot() }))
    let trace = values.reduce(0) { $0 + max(0, $1) }
    return try Subspace(
      space: model.parameterSpace, generators: directions, coefficients: .identity(r),
      rank: RankDecision(
        generators: m, rank: r, smallestKept: (values[r - 1] / largest).squareRoot(),
        largestDropped: r < values.count ? (max(0, values[r]) / largest).squareRoot() : nil),
      origin: model,
      lineage: .plane(data: data, share: values.prefix(r).reduce(0, +) / trace),
      source: "plane of \(data), \(r) of \(m) gradients"
    ).refined()
  }

  /// How many eigenvalues of the second moment hold a share of its trace. Chance is what as many gradients of pure
  /// noise would need, ⌈share·m⌉.
  ///
  /// - Parameter share: such as 0.9 for r90; above 0 and at most 1.
  /// - Throws: ``GeometryError/invalidOption(what:value:allowed:)``,
  ///   ``GeometryError/degenerate(operation:reason:)`` when all gradients are zero, `TensorError`, `Interrupted`.
  public func effectiveRank(share: Double = 0.9) throws -> Measure {
    guard share > 0, share <= 1 else {
      throw GeometryError.invalidOption(what: "share", value: share, allowed: "above 0 and at most 1")
    }
    let values = try gram().symmetricEigen().values.map { max(0, $0) }
    guard let rank = EffectiveRank.count(values, share: share) else {
      throw GeometryError.degenerate(operation: "erank", reason: "all \(gradients.count) gradients are zero")
    }
    return Measure(
      Double(rank), chance: Double(EffectiveRankNull.noise(share: share, gradients: gradients.count)),
      chanceModel: "\(gradients.count) gradients of noise")
  }
}

/// What is told of a gradient: the vector stays with the rank that made it until it is asked for.
private struct Made: Portable {
  var loss: Double
  var rank: Int

  init(loss: Double, rank: Int) { (self.loss, self.rank) = (loss, rank) }

  func write(to sink: inout ByteSink) {
    loss.write(to: &sink)
    sink.write(UInt32(rank))
  }

  init(from source: inout ByteSource) throws(WorkerError) {
    self.init(loss: try Double(from: &source), rank: Int(try source.integer(UInt32.self)))
  }
}

extension Team {
  /// A vector that one rank has, on all of them.
  ///
  /// - Parameter own: the vector on the rank that has it.
  fileprivate func vector(_ own: FloatVector?, count: Int, from rank: Int) throws -> FloatVector {
    if let own {
      guard own.count == count else {
        throw TensorError.shapeMismatch(operation: "gradient", left: [count], right: [own.count])
      }
      try own.withPointer { pointer in
        // Whoever gives only reads.
        let bytes = UnsafeMutableRawPointer(mutating: pointer)
        try share(UnsafeMutableRawBufferPointer(start: bytes, count: count * MemoryLayout<Float>.stride), from: rank)
      }
      return own
    }
    return try FloatVector(count: count) {
      try share(UnsafeMutableRawBufferPointer(start: $0, count: count * MemoryLayout<Float>.stride), from: rank)
    }
  }
}

/// Effective rank of a spectrum.
public enum EffectiveRank {
  /// How many of the largest values add up to `share` of all of them; nil when they add up to nothing.
  public static func count(_ values: [Double], share: Double) -> Int? {
    let total = values.reduce(0, +)
    guard total > 0 else { return nil }
    var sum = 0.0
    for (index, value) in values.sorted(by: >).enumerated() {
      sum += value
      // A hair below the share counts: 0.9 of ten equal values is nine, whatever the rounding of their sum.
      if sum >= share * total * (1 - 1e-12) { return index + 1 }
    }
    return values.count
  }
}
