import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// The chapter on random search. `emax` and `spheremax`, the theory beside it, stand with the geometry.
enum SearchBuiltins {
  /// All records.
  static let all: [Builtin] = [search, esStep] + outcomes

  static let example =
    GeometryBuiltins.exampleModel + "; t = task(\"copy\", length=3)\n"
    + "c = search(m, t, n=8, sigma=0.01, count=32, seed=1)"

  private static let search = Builtin(
    "search", topic: "search", summary: "Scores random perturbations of a model: how far luck alone gets.",
    parameters: [
      Parameter("model", "model", help: "around which is searched; it does not change"),
      Parameter("data", "data", help: "what to do better"),
      Parameter("n", "integer", byNameOnly: true, help: "perturbations, at most 1,048,576"),
      Parameter(
        "sigma", "number", "list", presence: .optional("norm"), byNameOnly: true,
        help: "standard deviation of each weight, or of each direction of within; those of a list take turns"),
      Parameter(
        "norm", "number", presence: .optional("sigma"), byNameOnly: true,
        help: "length of every perturbation, instead of sigma"),
      Parameter(
        "within", "subspace", presence: .optional("all directions"), byNameOnly: true,
        help: "perturbations stay in this subspace"),
      Parameter(
        "holdout", "data", presence: .optional("other examples of data"), byNameOnly: true,
        help: "what the winner is scored on again"),
      Parameter(
        "count", "integer", presence: .defaults(.number(256)), byNameOnly: true,
        help: "examples to select on, and as many to score the winner again"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
        help: "which perturbations and which examples"),
      Parameter(
        "antithetic", "bool", presence: .defaults(.bool(false)), byNameOnly: true,
        help: "whether they come in pairs x, -x: number 2i + 1 mirrors number 2i"),
      Parameter(
        "journal", "string", presence: .optional("none"), byNameOnly: true,
        help: "a file for the scores; a search that was stopped goes on from it"),
    ],
    returns: "candidates",
    details: """
      A candidate is (seed, number): nothing of it is kept, and c[i] makes it again bit for bit, on any number of threads. \
      model + c[i] scores as it did. Gain is the loss of the model minus that of the candidate, in nats a token, on the \
      examples of loss(model, data, count=count, seed=seed).
      The best of n scores is too good by the luck of these examples (the winner's curse), so that the winner is scored \
      again on examples that it was not chosen on: rescored stands beside best.
      predicted is the gain if the loss were linear: sigma·‖g‖·emax(n) in any dimension, norm·‖g‖·spheremax(n, D) at a fixed \
      norm, with the part of the gradient inside of within (arXiv 2606.10929, theorem 1, with exact factors). best has a \
      95 % interval by the smoothed bootstrap over candidates. A mean away from 0 and a share better away from ½ measure \
      curvature: the mean gain is −½·sigma²·tr H.
      sigma=[5e-4, 1e-3, 2e-3] tries several scales at once, as RandOpt does (arXiv 2603.12228): direction j has the scale \
      number j modulo 3; solution_density(c, margin, sigma=1e-3) asks for one of them, and ensemble(c, k) lets the k best \
      vote.
      journal="run.tvj" keeps each score in that file as soon as it is known. The same call again scores only what is \
      missing, and gives the bits of a search that nobody stopped; a larger n goes on from a smaller one. The journal of \
      another model, data, seed or size stops with E0307. On several workers (see workers) rank 0 keeps it.
      """,
    examples: [
      .init(example + "; len(c)", shows: "8"),
      .init(example + "; loss(m + c[3], t, count=32, seed=1).value == c.loss[3]", shows: "true"),
      .init(example + "; c"),
    ],
    errors: ["E0203", "E0209", "E0301", "E0304", "E0307", "E0404", "E0502"],
    seeAlso: ["best", "best_of", "solution_density", "passat", "ensemble", "gain_correlation", "emax", "spheremax"]
  ) { call in
    let model = try call.model()
    var subspace: Subspace?
    if call.isGiven("within") {
      let given = try call.subspace("within")
      if given.space != model.parameterSpace {
        throw ErrorReport.spaces(given.space, model.parameterSpace, "model", argument: "within")
      }
      subspace = given
    }
    let length: Perturbations.Length
    switch (try deviations(call), call["norm"].numberValue) {
    case (let sigma?, nil): length = sigma.count == 1 ? .deviation(sigma[0]) : .deviations(sigma)
    case (nil, let norm?): length = .norm(norm)
    case (nil, nil):
      throw ErrorReport(
        .invalidArgument, "it is not said how long a perturbation is",
        help: "give sigma=1e-3, the deviation of each weight, or norm=1, the length of the whole", argument: "n")
    default:
      throw ErrorReport(
        .invalidArgument, "sigma and norm both say how long a perturbation is", help: "leave one out", argument: "norm")
    }
    return .native(
      try CandidatesValue(
        RandomSearch.run(
          model, on: call.data(), candidates: call.integer("n"), length: length, within: subspace,
          holdout: call.isGiven("holdout") ? call.data("holdout") : nil, count: call.integer("count"),
          seed: TensorArguments.seed(call), isAntithetic: call.bool("antithetic"),
          journal: call.isGiven("journal") ? CoreBuiltins.expanded(call.string("journal")) : nil)))
  }

  /// One deviation, or several; nil when none is given.
  private static func deviations(_ call: Call) throws -> [Double]? {
    guard call.isGiven("sigma") else { return nil }
    if let one = call["sigma"].numberValue { return [one] }
    return try GeometryArguments.numbers(call, "sigma")
  }

  private static let esStep = Builtin(
    "es_step", topic: "search", summary: "One step of an evolution strategy: descent without a gradient.",
    parameters: [
      Parameter("model", "model", help: "where the step begins; it does not change"),
      Parameter("data", "data", help: "what to learn"),
      Parameter("n", "integer", byNameOnly: true, help: "directions; each is tried in both senses, 2n evaluations"),
      Parameter("sigma", "number", byNameOnly: true, help: "standard deviation of each weight's perturbation"),
      Parameter("lr", "number", byNameOnly: true, help: "learning rate, in the units of sgd"),
      Parameter(
        "batch", "integer", presence: .defaults(.number(128)), byNameOnly: true, help: "sequences in the minibatch"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
        help: "which directions, and which minibatch: that of gradient(model, data, batch=batch, seed=seed)"),
    ],
    returns: "displacement",
    details: """
      −lr·(1/n) Σ [L(θ + σε) − L(θ − σε)]/(2σ)·ε with ε ~ N(0, I): on average −lr times the gradient of the loss smoothed \
      with σ. Where the loss is linear, cos(es_step(…), -gradient(model, data)) is about √(n/(n + D + 1)) for D free \
      weights. Losses are added in double, but each comes from float32: with a very small σ their difference is rounding. \
      Workers share the directions.
      """,
    examples: [
      .init(
        GeometryBuiltins.exampleModel + "; t = task(\"copy\", length=3)\n"
          + "cos(es_step(m, t, n=50, sigma=1e-3, lr=1, batch=8, seed=1), -gradient(m, t, batch=8, seed=1)) > 0",
        shows: "true")
    ],
    errors: ["E0209", "E0404", "E0502"], seeAlso: ["search", "gradient", "train"]
  ) { call in
    .native(
      DisplacementValue(
        try EvolutionStep.step(
          call.model(), on: call.data(), directions: call.integer("n"), deviation: call.number("sigma"),
          rate: call.number("lr"), batch: call.integer("batch"), seed: TensorArguments.seed(call))))
  }
}
