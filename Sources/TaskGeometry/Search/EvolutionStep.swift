import Checkpoints
import Tensors
import Transformers
import Workers

/// One step of an evolution strategy: a gradient without derivatives (Salimans et al., arXiv 1703.03864).
public enum EvolutionStep {
  /// `−rate · (1/n) Σ [L(θ + σε_i) − L(θ − σε_i)]/(2σ) · ε_i` with ε_i ~ N(0, I): in expectation a step of gradient descent
  /// on the loss smoothed with σ.
  ///
  /// Where the loss is linear its cosine with the negative gradient is about √(n/(n + D + 1)).
  ///
  /// - Parameters:
  ///   - directions: n; each is tried in both senses, which is 2n evaluations.
  ///   - deviation: σ, of each coordinate.
  ///   - rate: the learning rate.
  ///   - loss: the objective. It must not keep the vector.
  /// - Throws: ``GeometryError``, `TransformerError.notFinite`, `TensorError`, `Interrupted`, and what `loss` throws.
  public static func step(
    in space: ParameterSpace, around base: FloatVector, directions: Int, deviation: Double, rate: Double,
    seed: UInt64, origin: Model? = nil, loss: (FloatVector) throws -> Double
  ) throws -> Displacement {
    guard directions >= 1, directions <= RandomSearch.limit else {
      throw GeometryError.outOfRange(what: "n", value: directions, allowed: 1...RandomSearch.limit)
    }
    guard rate.isFinite else {
      throw GeometryError.invalidOption(what: "lr", value: rate, allowed: "at a finite number")
    }
    let perturbations = try Perturbations(in: space, length: .deviation(deviation), seed: seed, isAntithetic: true)
    var walk = try PerturbedPoint(perturbations, around: base)
    var sum = try FloatVector(zeros: base.count)
    // δ = σε, so that the weight of δ has σ twice below.
    func weight(_ pair: Losses) -> Double {
      -rate * (pair.ahead - pair.behind) / (2 * deviation * deviation * Double(directions))
    }
    // Two losses a direction travel, and no direction, which each worker can draw again. A process alone adds each while it
    // has it.
    let isShared = Team.current.isSharing
    let losses = try Team.current.collect("es_step", count: directions, loss: { ($0.ahead + $0.behind) / 2 }) {
      number in
      try walk.move(along: number, sign: 1)
      let ahead = try loss(walk.point)
      try walk.move(along: number, sign: -1)
      let pair = Losses(ahead: ahead, behind: try loss(walk.point))
      guard pair.ahead.isFinite, pair.behind.isFinite else {
        throw TransformerError.notFinite(what: "loss of a perturbed model", step: nil)
      }
      if !isShared { try sum.add(walk.direction(number), scaled: weight(pair)) }
      return pair
    }
    if isShared { sum = try perturbations.sum(losses.map(weight)) }
    return try Displacement(space: space, vector: sum, origin: origin)
  }

  /// The same for a model, on the first minibatch of a stream: the one of `gradient(model, data, batch:, seed:)`.
  ///
  /// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `TokenizerError`, `Interrupted`.
  public static func step(
    _ model: Model, on data: any Dataset, directions: Int, deviation: Double, rate: Double, batch size: Int,
    seed: UInt64
  ) throws -> Displacement {
    guard size >= 1, size <= 1 << 20 else {
      throw GeometryError.outOfRange(what: "batch", value: size, allowed: 1...(1 << 20))
    }
    let batch = try model.reading(data).batch(size: size, seed: seed, index: 0)
    let prefix = FrozenPrefix(model)
    return try step(
      in: model.parameterSpace, around: model.freeWeights, directions: directions, deviation: deviation, rate: rate,
      seed: seed, origin: model
    ) { free in
      let moved = try model.with(freeWeights: free)
      // Summed in double: the difference of two losses that each are rounded to float32 would drown a small σ.
      let losses = try Workspace.withShared { try $0.score(moved, on: batch, sharing: prefix).losses }
      return losses.reduce(0.0) { $0 + Double($1) } / Double(max(1, losses.count))
    }
  }
}

/// The losses on both sides of the base.
private struct Losses: Portable {
  var ahead: Double
  var behind: Double

  init(ahead: Double, behind: Double) { (self.ahead, self.behind) = (ahead, behind) }

  func write(to sink: inout ByteSink) {
    ahead.write(to: &sink)
    behind.write(to: &sink)
  }

  init(from source: inout ByteSource) throws(WorkerError) {
    self.init(ahead: try Double(from: &source), behind: try Double(from: &source))
  }
}
