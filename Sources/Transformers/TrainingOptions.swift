/// How a model is trained.
public struct TrainingOptions: Sendable {
  /// Steps to make.
  public var steps: Int
  /// Peak learning rate; the optimiser's own default when nil.
  public var learningRate: Double?
  /// Sequences in each batch.
  public var batch: Int
  /// The rule.
  public var optimizer: any Optimizer
  /// Steps over which the learning rate rises from zero; 5 % of the steps but at most 100 when nil.
  public var warmup: Int?
  /// What the learning rate does afterwards.
  public var schedule: Schedule
  /// The largest norm that a gradient may have before it is scaled down; nil for no limit.
  public var clip: Double?
  /// Begins the stream of batches.
  public var seed: UInt64
  /// Sequences whose gradient is taken at once; by a rule that depends on batch and model when nil.
  public var microbatch: Int?

  /// Options; the defaults are those of the reference experiment.
  public init(
    steps: Int, learningRate: Double? = nil, batch: Int = 128, optimizer: any Optimizer = AdamW(), warmup: Int? = nil,
    schedule: Schedule = .cosine, clip: Double? = 1, seed: UInt64 = 0, microbatch: Int? = nil
  ) {
    self.steps = steps
    self.learningRate = learningRate
    self.batch = batch
    self.optimizer = optimizer
    self.warmup = warmup
    self.schedule = schedule
    self.clip = clip
    self.seed = seed
    self.microbatch = microbatch
  }

  /// The warm-up in force.
  public var effectiveWarmup: Int { warmup ?? min(100, steps / 20) }
  /// The peak learning rate in force.
  public var effectiveLearningRate: Double { learningRate ?? optimizer.defaultLearningRate }

  /// The learning rate of a step, counted from 0.
  public func learningRate(at step: Int) -> Double {
    effectiveLearningRate * schedule.factor(step: step, warmup: effectiveWarmup, steps: steps)
  }

  /// - Throws: ``TransformerError/invalidOption(field:value:reason:)`` for numbers that make no sense.
  func validate() throws(TransformerError) {
    func require(_ condition: Bool, _ field: String, _ value: Any, _ reason: String) throws(TransformerError) {
      if !condition { throw .invalidOption(field: field, value: "\(value)", reason: reason) }
    }
    try require((0...1_000_000_000).contains(steps), "steps", steps, "must lie between 0 and a billion")
    try require((1...1 << 20).contains(batch), "batch", batch, "must lie between 1 and 1,048,576")
    if let microbatch {
      try require((1...1 << 20).contains(microbatch), "microbatch", microbatch, "must lie between 1 and 1,048,576")
    }
    let rate = effectiveLearningRate
    try require(rate.isFinite && rate >= 0, "lr", rate, "must be a number of at least 0")
    if let warmup { try require(warmup >= 0, "warmup", warmup, "must be at least 0") }
    if let clip { try require(clip > 0, "clip", clip, "must be positive; nil switches clipping off") }
  }
}
