import Checkpoints
import Tensors
import Transformers

/// Descends on the loss of one fixed set of examples and records where it went: the run without minibatch noise.
///
/// Every step has the gradient of the mean loss over all scored positions of all examples. What a prefix of such a run
/// captures owes nothing to the noise of minibatches, so that the difference to a prefix of an ordinary run is what the
/// noise does.
///
/// - Parameters:
///   - model: θ_0; it does not change.
///   - data: what to learn.
///   - examples: how many examples: those of batch 0 of the seed's stream, which is also what ``Krylov`` reads.
///   - options: steps, learning rate and optimiser; the batch does not matter.
///   - every: how many steps of the optimiser one recorded step holds.
/// - Throws: ``GeometryError``, `TransformerError`, `TensorError`, `Interrupted`.
public func descend(
  _ model: Model, on data: any Dataset, examples count: Int, options: TrainingOptions, every: Int = 1
) throws -> Run {
  let batches = try FullBatch(model, data, examples: count, seed: options.seed)
  var recorder = try StepRecorder(model, every: every, steps: options.steps)
  var part = try FloatVector(zeros: batches.parts.count > 1 ? model.freeCount : 0)
  let result = try train(
    model, options: options, activity: "descend", observe: { try recorder.record($0) },
    objective: { workspace, _, weights, gradient in
      guard batches.parts.count > 1 else {
        return try workspace.loss(of: model, free: weights, on: batches.parts[0].batch, gradient: gradient)
      }
      gradient.update(repeating: 0, count: model.freeCount)
      var total = 0.0
      for (batch, weight) in batches.parts {
        try Cancellation.check()
        total += try part.withMutablePointer { part in
          let loss = try workspace.loss(of: model, free: weights, on: batch, gradient: part)
          let factor = Float(weight)
          nonisolated(unsafe) let (sum, part) = (gradient, part)
          Parallel.ranges(model.freeCount, grain: 1 << 15) { range in
            for index in range { sum[index] += factor * part[index] }
          }
          return weight * loss
        }
      }
      return total
    })
  return try recorder.run(of: model, result, options, data: "\(count) examples of \(data.name)")
}

/// A fixed set of examples in pieces that fit into memory, each with its share of the scored positions.
struct FullBatch {
  let parts: [(batch: Batch, weight: Double)]

  /// Takes examples as they are.
  ///
  /// - Parameter pieces: how many examples are read at once.
  init(_ examples: [Batch.Example], pieces: Int = 128, operation: String) throws(GeometryError) {
    let scored = examples.reduce(0) { $0 + $1.targets.count }
    guard scored > 0 else {
      throw .degenerate(operation: operation, reason: "no position of the examples is scored")
    }
    parts = stride(from: 0, to: examples.count, by: pieces).compactMap { start in
      let piece = Array(examples[start..<min(start + pieces, examples.count)])
      let targets = piece.reduce(0) { $0 + $1.targets.count }
      return targets == 0 ? nil : (Batch(piece), Double(targets) / Double(scored))
    }
  }

  /// The gradient of the mean loss over all scored positions.
  func gradient(of model: Model) throws -> FloatVector {
    var sum = try FloatVector(zeros: model.freeCount)
    for (batch, weight) in parts {
      try Cancellation.check()
      try sum.add(Transformers.gradient(of: model, on: batch).gradient, scaled: weight)
    }
    return sum
  }

  init(_ model: Model, _ data: any Dataset, examples count: Int, seed: UInt64) throws {
    let data = try model.reading(data)
    let limit = min(1 << 20, data.distinctCount ?? 1 << 20)
    guard count >= 1, count <= max(1, limit) else {
      throw GeometryError.outOfRange(what: "examples", value: count, allowed: 1...max(1, limit))
    }
    try self.init(data.examples(count: count, seed: seed, index: 0), operation: "descend")
  }
}
