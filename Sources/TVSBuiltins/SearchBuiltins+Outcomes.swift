import TVSLanguage
import TaskGeometry
import Tensors

extension SearchBuiltins {
  /// What is asked of candidates.
  static let outcomes: [Builtin] = [
    best, bestOf, solutionDensity, passat, ensemble, alignment, gainCorrelation, sidegain,
  ]

  private static let candidates = Parameter("candidates", "candidates", help: "the outcome of a search")

  private static let best = Builtin(
    "best", topic: "search", summary: "The perturbation that gained most in a search, as a displacement.",
    parameters: [candidates], returns: "displacement",
    details: """
      model + best(c) is the winner. c.best is its gain on the examples on which it was chosen, c.rescored on others, and \
      c.winner its number.
      """,
    examples: [.init(example + "; same(best(c), c[c.winner])", shows: "true")], errors: ["E0401"],
    seeAlso: ["search", "best_of", "ensemble"]
  ) { call in
    let candidates = try call.candidates()
    return .native(DisplacementValue(try candidates.displacement(candidates.winner)))
  }

  private static let bestOf = Builtin(
    "best_of", topic: "search", summary: "How the gain of the best grows with the number of candidates, beside theory.",
    parameters: [
      candidates,
      Parameter(
        "sizes", "list", presence: .optional("powers of two, and all"),
        help: "numbers of candidates, each at most that of the search; even ones for mirrored pairs"),
    ],
    returns: "table",
    details: """
      gain is the mean of the best of m over all choices of m of the candidates, without bias, on the examples of the \
      search; low and high hold 95 % by the smoothed bootstrap; predicted is what a linear loss gives, such as \
      sigma·‖g‖·emax(m); ratio is gain/predicted. Below 1 means curvature, and the gain includes the luck of the \
      selection either way: see c.rescored.
      """,
    examples: [.init(example + "; best_of(c, [2, 8])[\"n\"]", shows: "[2, 8]")], errors: ["E0202", "E0209"],
    seeAlso: ["search", "emax", "solution_density"]
  ) { call in
    let candidates = try call.candidates()
    let rows = try (sizes(call) ?? candidates.sizes).map { size -> [Value] in
      let gain = try candidates.best(of: size, seed: candidates.perturbations.seed)
      let predicted = try candidates.prediction?.best(of: size)
      func cell(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
      return [
        .number(Double(size)), .number(gain.value), cell(gain.low), cell(gain.high), cell(predicted),
        cell(predicted.flatMap { $0 > 0 ? gain.value / $0 : nil }),
      ]
    }
    return .native(TableValue(names: ["n", "gain", "low", "high", "predicted", "ratio"], rows: rows))
  }

  private static func sizes(_ call: Call) throws -> [Int]? {
    call.isGiven("sizes") ? try GeometryArguments.wholeNumbers(call, "sizes") : nil
  }

  private static let solutionDensity = Builtin(
    "solution_density", topic: "search", summary: "The share of perturbations that gain more than a margin.",
    parameters: [
      candidates, Parameter("margin", "number", presence: .defaults(.number(0)), help: "gain in nats a token"),
      Parameter(
        "sigma", "number", presence: .optional("all"), byNameOnly: true,
        help: "only candidates of this deviation, where a list was searched"),
    ],
    returns: "measure",
    details: """
      With Wilson's 95 % interval. Chance is the share for a linear loss, Φ(−margin/(sigma·‖g‖)), or that of a coordinate \
      on the sphere at a fixed norm: ½ at margin 0, so that a share away from it there is curvature.
      """,
    examples: [.init(example + "; solution_density(c, 1e9).value", shows: "0")], errors: ["E0202"],
    seeAlso: ["search", "best_of"]
  ) { call in
    let margin = try call.number("margin")
    let sigma = call.isGiven("sigma") ? try call.number("sigma") : nil
    return GeometryBuiltins.measure(try call.candidates().density(above: margin, deviation: sigma))
  }

  private static let sidegain = Builtin(
    "sidegain", topic: "search", summary: "What the best candidates of a search do to other data, beside theory.",
    parameters: [
      candidates, Parameter("data", "data", help: "what was not searched for"),
      Parameter(
        "sizes", "list", presence: .optional("powers of two, and all"), help: "numbers of candidates to choose from"),
      Parameter("count", "integer", presence: .defaults(.number(256)), byNameOnly: true, help: "examples to score on"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true, help: "which examples"),
    ],
    returns: "table",
    details: """
      For each number m of candidates: gain, the mean on the search's own data of the best of m; side, the mean gain on data \
      of that same candidate, with 95 % in low and high by a bootstrap over candidates; deviation, its spread there. \
      Negative is damage. predicted is what two linear losses give, σ‖b‖·cos(a, b)·emax(m), and predicted_deviation \
      σ‖b‖·√(1 − cos² + cos²·Var M), which for orthogonal tasks does not grow with m (arXiv 2606.10929, theorem 1); nothing \
      protects a task whose gradient opposes. cosine is that of the two gradients, inside of within where there is one. The \
      mean over all choices of m carries the mean effect of curvature, −½σ²·tr H, in every row.
      """,
    examples: [
      .init(
        example + "; s = sidegain(c, task(\"sort\", length=3), [2, 8], count=32, seed=1); s[\"n\"]", shows: "[2, 8]"),
      .init(example + "; s = sidegain(c, t, [8], count=32, seed=1); abs(s[\"cosine\"][0] - 1) < 1e-6", shows: "true"),
    ],
    errors: ["E0209", "E0502", "E0503"], seeAlso: ["search", "best_of", "bestof", "damage"]
  ) { call in
    let result = try call.candidates().sideGain(
      on: call.data(), sizes: sizes(call), count: call.integer("count"), seed: TensorArguments.seed(call))
    func cell(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
    return .native(
      TableValue(
        names: ["n", "gain", "side", "low", "high", "predicted", "deviation", "predicted_deviation", "cosine"],
        rows: result.rows.map { row in
          [
            .number(Double(row.count)), .number(row.gain), .number(row.side.value), cell(row.side.low),
            cell(row.side.high), cell(row.predicted?.side), .number(row.deviation), cell(row.predicted?.deviation),
            cell(result.cosine),
          ]
        }))
  }

  private static let passat = Builtin(
    "passat", topic: "search", summary: "How often one of k candidates answers an example: pass@k.",
    parameters: [candidates, Parameter("k", "integer", help: "candidates, from 1 to n")], returns: "measure",
    details: """
      The mean over examples of 1 − C(n−c, k)/C(n, k), where c of the n candidates answer the example without a mistake: \
      without bias for k drawn at random (Chen et al., arXiv 2107.03374). With k = n it is the share that anyone answers. \
      The interval is a bootstrap over examples, Wilson's where each is answered for certain or not at all; chance is the exact match of the base model.
      """,
    examples: [.init(example + "; passat(c, 1) <= passat(c, 8)", shows: "true")], errors: ["E0209", "E0503"],
    seeAlso: ["search", "ensemble", "accuracy"]
  ) { call in GeometryBuiltins.measure(try call.candidates().passAt(call.integer("k"))) }

  private static let ensemble = Builtin(
    "ensemble", topic: "search",
    summary: "The k best candidates answering together, on other examples than the search's.",
    parameters: [
      candidates, Parameter("k", "integer", help: "members, from 1 to n"),
      Parameter(
        "by", "string", presence: .defaults(.string("vote")), byNameOnly: true,
        help: "\"vote\": the token that most members choose; \"logits\": the largest mean logit"),
    ],
    returns: "table",
    details: """
      Rows base, best (the winner alone) and ensemble, each with its exact match on the examples on which the winner was \
      scored again, Wilson's 95 % interval, its loss where it has one, and the chance of a blind answer. Each token is \
      chosen after the right ones before it, which equals decoding with the ensemble. Of equally many votes the better \
      member's counts; where there are answers to choose from, the right one needs more than half. Workers share members that \
      vote, and examples where logits are averaged.
      """,
    examples: [
      .init(example + "; ensemble(c, 3)[\"model\"]", shows: "[\"base\", \"best\", \"ensemble\"]"),
      .init(example + "; e = ensemble(c, 1, by=\"logits\"); e[\"accuracy\"][1] == e[\"accuracy\"][2]", shows: "true"),
    ],
    errors: ["E0209", "E0401", "E0501", "E0503"], seeAlso: ["search", "passat", "best"]
  ) { call in
    let by = try GeometryArguments.choice(call, "by", EnsembleRule.allCases.map(\.rawValue))
    let result = try call.candidates().ensemble(call.integer("k"), rule: EnsembleRule(rawValue: by) ?? .vote)
    func cell(_ number: Double?) -> Value { number.map { .number($0) } ?? .nil }
    return .native(
      TableValue(
        names: ["model", "accuracy", "low", "high", "loss", "chance"],
        rows: result.rows.map { row in
          [
            .string(row.name), .number(row.accuracy.value), cell(row.accuracy.low), cell(row.accuracy.high),
            cell(row.loss), cell(row.accuracy.chance),
          ]
        }))
  }

  // MARK: - Directions

  private static let against = Parameter(
    "x", "displacement", "run", "subspace", help: "a direction, or a subspace of the same space")

  private static func alignments(_ call: Call) throws -> [Double] {
    let candidates = try call.candidates()
    let space = candidates.perturbations.space
    if case .native(let native) = call["x"], let subspace = (native as? SubspaceValue)?.subspace {
      if subspace.space != space { throw ErrorReport.spaces(subspace.space, space, "search", argument: "x") }
      return try candidates.overlaps(with: subspace)
    }
    let displacement = try GeometryArguments.displacement(call["x"], argument: "x")
    if displacement.space != space {
      throw ErrorReport(
        .spaceMismatch, "the candidates and the displacement live in different spaces",
        label: "lives in \(displacement.space); the candidates in \(space.shortDescription)",
        help: "take a displacement of the model that was searched around", argument: "x")
    }
    return try candidates.cosines(with: displacement)
  }

  private static let alignment = Builtin(
    "alignment", topic: "search", summary: "How each candidate lies to a direction or a subspace.",
    parameters: [candidates, against], returns: "tensor",
    details: """
      For a displacement or a run cos(δ, x), with spread 1/√D for random δ; for a subspace the overlap ‖P_U δ‖²/‖δ‖², on \
      average r/D. Each δ is made again from the seed.
      """,
    examples: [.init(example + "; abs(alignment(c, c[2])[2] - 1) < 1e-6", shows: "true")],
    errors: ["E0203", "E0503"], seeAlso: ["gain_correlation", "cos", "overlap"]
  ) { call in
    let numbers = try alignments(call)
    return .native(TensorValue(try reporting { try Tensor(numbers) }))
  }

  private static let gainCorrelation = Builtin(
    "gain_correlation", topic: "search", summary: "Whether candidates that lie along a direction gain more.",
    parameters: [candidates, against], returns: "measure",
    details: """
      Pearson's correlation of the gains with cos(δ, x), or with the overlap with a subspace. The interval holds 95 % of \
      resamples of the candidates, mirrored pairs together; chance is the mean of |r| between independent data of this \
      size. For several searches together use corr on their c.gain and alignment(c, x).
      """,
    examples: [
      .init(
        example + "; g = gradient(m, t, batch=64, seed=1)\n"
          + "d = search(m, t, n=8, norm=0.1, within=span([g, c[0]]), count=32, seed=1); gain_correlation(d, -g) > 0.9",
        shows: "true")
    ],
    errors: ["E0203", "E0503"], seeAlso: ["alignment", "corr", "search"]
  ) { call in
    let numbers = try alignments(call)
    let candidates = try call.candidates()
    return GeometryBuiltins.measure(try candidates.correlation(with: numbers, seed: candidates.perturbations.seed))
  }
}
