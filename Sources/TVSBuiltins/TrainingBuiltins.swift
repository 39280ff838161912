import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// The chapter on training and scoring. `recover`, `gradient` and `damage` stand with the geometry they return.
enum TrainingBuiltins {
  /// All records.
  static let all: [Builtin] = [train, loss, accuracy]

  private static let example =
    ModelBuiltins.exampleModel + "; t = task(\"copy\", length=3)"

  static let momentumParameter = Parameter(
    "momentum", "number", presence: .optional("0"), byNameOnly: true,
    help: "of sgd, from 0 to below 1: how much of the last step is kept")

  static let microbatchParameter = Parameter(
    "microbatch", "integer", presence: .optional("the whole batch"), byNameOnly: true,
    help: "sequences whose gradient is taken at once; they bound memory, and workers share them out")

  static let microbatchDetails = """
    With microbatch=8 the gradient of a batch is added up over parts of eight sequences, in their order. Workers share the \
    parts out; without it each of them computes the whole batch. As the cut does not depend on them, any number of workers \
    gives the same bits; another cut gives other roundings.
    """

  private static let train = Builtin(
    "train", topic: "training", summary: "Trains a copy of a model; the model that was given does not change.",
    parameters: [
      Parameter("model", "model", help: "where to begin"), Parameter("data", "data", help: "what to learn"),
      Parameter("steps", "integer", byNameOnly: true, help: "steps of the optimiser"),
      Parameter(
        "lr", "number", presence: .optional("1e-3 for adamw, 0.1 for sgd"), byNameOnly: true,
        help: "peak learning rate"),
      Parameter(
        "batch", "integer", presence: .defaults(.number(128)), byNameOnly: true, help: "sequences in a minibatch"),
      Parameter(
        "optimizer", "string", presence: .defaults(.string("adamw")), byNameOnly: true, help: "\"adamw\" or \"sgd\""
      ).offering { ["adamw", "sgd"] },
      Parameter(
        "warmup", "integer", presence: .optional("5 % of the steps, at most 100"), byNameOnly: true,
        help: "steps over which the rate rises to its peak"),
      Parameter(
        "schedule", "string", presence: .defaults(.string("cosine")), byNameOnly: true,
        help: "\"cosine\" (to a tenth), \"linear\" (to zero) or \"constant\""
      ).offering { Schedule.allCases.map(\.rawValue) },
      Parameter(
        "clip", "number", "nil", presence: .defaults(.number(1)), byNameOnly: true,
        help: "largest norm of a gradient; nil for no limit"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
        help: "begins the stream of minibatches"),
      Parameter(
        "project", "subspace", presence: .optional("none"), byNameOnly: true,
        help: "replaces every gradient by its projection on this subspace"),
      momentumParameter, microbatchParameter,
    ],
    returns: "model",
    details: """
      AdamW has torch's defaults: β 0.9 and 0.999, ε 1e-8, decay 0.01; SGD has neither decay nor, unless given, \
      momentum. Gradients are projected, then clipped. \
      Under AdamW a projected gradient still moves outside of the subspace a little, since each weight has its own step \
      size and decays; with optimizer="sgd" every step stays inside.
      \(microbatchDetails)
      """,
    examples: [.init(example + "; train(m, t, steps=2, batch=4, seed=1) == m", shows: "false")],
    errors: ["E0203", "E0209", "E0404", "E0501", "E0502", "E0504"], seeAlso: ["recover", "accuracy", "loss", "damage"]
  ) { call in
    let model = try call.model()
    let options = TrainingOptions(
      steps: try call.integer("steps"), learningRate: call["lr"].numberValue, batch: try call.integer("batch"),
      optimizer: try call.optimizer(), warmup: call["warmup"].wholeNumber,
      schedule: try Schedule(named: call.string("schedule")), clip: call["clip"].numberValue,
      seed: try TensorArguments.seed(call), microbatch: call["microbatch"].wholeNumber)
    let projector = try call.projection(for: model).map(SubspaceProjector.init)
    let result = try Transformers.train(
      model, on: call.data(), options: options,
      transformGradient: projector.map { projector in { try projector.project($0, count: $1) } })
    return .native(ModelValue(result.model))
  }

  private static let scored: [Parameter] = [
    Parameter("model", "model", help: "the model to score"),
    Parameter("data", "data", help: "a task, a mixture, or data from a file"),
    Parameter(
      "count", "integer", presence: .defaults(.number(512)), byNameOnly: true,
      help: "examples to score; all of them where there are fewer"),
    Parameter(
      "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
      help: "which examples; never those that training with this seed draws from its stream"),
  ]

  private static let loss = Builtin(
    "loss", topic: "training", summary: "The mean loss of a model on data, in nats a token of the answer.",
    parameters: scored, returns: "measure",
    details: """
      Cross-entropy at the answer's tokens, with a 95 % interval from the spread between examples (a ratio estimate: the \
      tokens of one example are not independent). chance is the loss of guessing uniformly: among the digits, ln 10; among \
      all tokens for text.
      """,
    examples: [.init(example + "; loss(m, t, count=64) > 2", shows: "true")],
    errors: ["E0209", "E0502", "E0504"], seeAlso: ["accuracy", "gradient", "perplexity"]
  ) { call in
    let data = try call.data().bound(to: call.model())
    let result = try evaluation(call, data)
    return GeometryBuiltins.measure(
      Measure(result.loss, margin: 1.96 * result.lossError, chance: data.guessLoss, chanceModel: "uniform guess"))
  }

  private static let accuracy = Builtin(
    "accuracy", topic: "training", summary: "The share of examples that a model answers without a mistake.",
    parameters: scored, returns: "measure",
    details: """
      Exact match: every token of the answer is the model's first choice given the true ones before it, which equals \
      greedy decoding since the first wrong token fails both. Where data has choices, the answer has to be more likely than \
      each of the others. The interval is Wilson's at 95 %; chance is the probability \
      that an answer of the right kind drawn at random matches.
      """,
    examples: [.init(example + "; accuracy(m, t, count=64) <= 1", shows: "true")],
    errors: ["E0209", "E0502", "E0504"], seeAlso: ["loss", "damage", "train", "dataset"]
  ) { call in
    let data = try call.data()
    let result = try evaluation(call, data)
    let interval = Proportion.interval(result.exactMatches, of: result.count)
    return GeometryBuiltins.measure(
      Measure(
        result.accuracy, low: interval.lowerBound, high: interval.upperBound, chance: data.chance,
        chanceModel: "blind answer"))
  }

  private static func evaluation(_ call: Call, _ data: any Dataset) throws -> Evaluation {
    try Transformers.evaluate(
      call.model(), on: data, count: call.integer("count"), seed: TensorArguments.seed(call))
  }
}
