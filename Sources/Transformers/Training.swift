import Checkpoints
import Tensors

/// What a training run leaves.
public struct TrainingResult: Sendable {
  /// The trained model.
  public let model: Model
  /// The loss of each step's batch, before the step.
  public let losses: [Double]
}

/// One step, as an observer sees it. The pointers are valid during the call only.
public struct StepReport {
  /// Counted from 0.
  public let step: Int
  /// Mean loss of the step's batch, before the step.
  public let loss: Double
  /// Norm of the gradient, after projection and before clipping.
  public let gradientNorm: Double
  /// The learning rate of this step.
  public let learningRate: Double
  /// The free weights before the step.
  public let before: UnsafePointer<Float>
  /// The free weights after the step.
  public let after: UnsafePointer<Float>
  /// How many free weights there are.
  public let count: Int
}

/// Trains a copy of a model; the model that was given does not change.
///
/// - Parameters:
///   - start: where to begin.
///   - data: what to learn, scored at its answers.
///   - options: steps, learning rate, batch and so on.
///   - activity: what progress and interruptions call it.
///   - transformGradient: changes each gradient in place before it is clipped, such as a projection.
///   - observe: sees every step.
/// - Returns: the trained model and the loss of every step.
/// - Throws: ``TransformerError/notFinite(what:step:)`` when a loss or gradient is not a number, other
///   ``TransformerError``s for data or options that do not fit, `TensorError`, `Interrupted`, and what the closures throw.
public func train(
  _ start: Model, on data: any Dataset, options: TrainingOptions, activity name: String = "train",
  transformGradient: ((UnsafeMutablePointer<Float>, Int) throws -> Void)? = nil,
  observe: ((StepReport) throws -> Void)? = nil
) throws -> TrainingResult {
  try options.validate()
  let data = try start.reading(data)
  return try train(
    start, options: options, activity: name, transformGradient: transformGradient, observe: observe
  ) { workspace, step, weights, gradient in
    let batch = try data.batch(size: options.batch, seed: options.seed, index: step)
    return try MicroBatches(size: options.microbatch).loss(
      workspace, of: start, free: weights, on: batch, gradient: gradient)
  }
}

/// The loss of a step and its gradient at the given free weights, which the closure writes over what was there.
public typealias StepObjective = (
  _ workspace: Workspace, _ step: Int, _ weights: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
) throws -> Double

/// Trains a copy of a model on any objective: what training on several tasks or on a fixed set of examples is made of.
///
/// - Parameters:
///   - start: where to begin.
///   - options: steps, learning rate and so on; batches are the objective's affair.
///   - objective: the loss and gradient of each step.
/// - Throws: as ``train(_:on:options:activity:transformGradient:observe:)``.
public func train(
  _ start: Model, options: TrainingOptions, activity name: String = "train",
  transformGradient: ((UnsafeMutablePointer<Float>, Int) throws -> Void)? = nil,
  observe: ((StepReport) throws -> Void)? = nil, objective: StepObjective
) throws -> TrainingResult {
  try options.validate()
  let activity = Activity(name, total: options.steps)
  defer { activity.finish() }

  let count = start.freeCount
  // Copied here, once: whoever holds the start's weights never sees them move.
  var weights = try start.freeWeights.withPointer { source in
    try FloatVector(count: count) { $0.update(from: source, count: count) }
  }
  var before = try FloatVector(zeros: observe == nil ? 0 : count)
  var gradient = try FloatVector(zeros: count)
  let optimizer = try options.optimizer.makeState(count: count)
  var losses: [Double] = []

  try Workspace.withShared { workspace in
    for step in 0..<options.steps {
      let rate = options.learningRate(at: step)
      let loss = try weights.withMutablePointer { weights in
        try gradient.withMutablePointer { gradient in
          let loss = try objective(workspace, step, weights, gradient)
          guard loss.isFinite else { throw TransformerError.notFinite(what: "loss", step: step + 1) }
          try transformGradient?(gradient, count)
          let norm = euclideanNorm(gradient, count)
          guard norm.isFinite else { throw TransformerError.notFinite(what: "gradient", step: step + 1) }
          let factor = clippingFactor(norm: norm, limit: options.clip)
          guard let observe else {
            try optimizer.step(weights, gradient: gradient, factor: factor, learningRate: rate)
            return loss
          }
          try before.withMutablePointer { before in
            before.update(from: weights, count: count)
            try optimizer.step(weights, gradient: gradient, factor: factor, learningRate: rate)
            try observe(
              StepReport(
                step: step, loss: loss, gradientNorm: norm, learningRate: rate, before: before, after: weights,
                count: count))
          }
          return loss
        }
      }
      losses.append(loss)
      try activity.advance(loss: loss)
    }
  }
  return TrainingResult(model: try start.with(freeWeights: weights), losses: losses)
}

/// The factor that brings a gradient's norm to a limit, as `torch.nn.utils.clip_grad_norm_` computes it.
func clippingFactor(norm: Double, limit: Double?) -> Double {
  guard let limit else { return 1 }
  return min(1, limit / (norm + 1e-6))
}
