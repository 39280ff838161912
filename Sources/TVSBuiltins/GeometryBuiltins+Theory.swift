import TVSLanguage
import TaskGeometry
import Tensors

extension GeometryBuiltins {
  /// What theory predicts for random search, and the curvature it depends on.
  static let theory: [Builtin] = maxima + [bestof, signalDensity] + curvature

  private static let maxima: [Builtin] = [
    Builtin(
      "emax", topic: "search", summary: "The expected maximum of n independent standard normal numbers.",
      parameters: [Parameter("n", "integer", help: "how many are drawn, at least 1")], returns: "number",
      details: """
        E_n = ∫ x·n·φ(x)·Φ(x)^(n−1) dx, to ten digits. The best of n random directions with deviation σ a coordinate \
        gains σ·‖gradient‖·E_n to first order, in any dimension. √(2 ln n) is an upper bound, 21 % too high at n = 100.
        """,
      examples: [.init("round(emax(100) * 1e5) / 1e5", shows: "2.50759")], errors: ["E0209"],
      seeAlso: ["bestof", "spheremax"]
    ) { call in .number(try ExtremeValues.emax(call.integer("n"))) },
    Builtin(
      "spheremax", topic: "search", summary: "The expected maximum of one coordinate of n points on a sphere.",
      parameters: [
        Parameter("n", "integer", help: "how many are drawn, at least 1"),
        Parameter("r", "integer", help: "the dimension of the space around the unit sphere, at least 1"),
      ],
      returns: "number",
      details: """
        1 − ∫ F(t)ⁿ dt with (t+1)/2 ~ Beta((r−1)/2, (r−1)/2), to six digits or better. For perturbations of fixed norm in \
        a subspace of dimension r: emax(n)/√r overstates it when r is small.
        """,
      examples: [.init("round(spheremax(100, 10) * 1e4) / 1e4", shows: "0.7137")], errors: ["E0209"],
      seeAlso: ["emax", "signal_density"]
    ) { call in
      .number(
        try ExtremeValues.spheremax(
          call.integer("n"), call.integer("r")))
    },
  ]

  private static func optional(_ name: String, _ kinds: [String], _ absent: String, _ help: String) -> Parameter {
    var parameter = Parameter(name, presence: .optional(absent), byNameOnly: true, help: help)
    parameter.kinds = kinds
    return parameter
  }

  private static let bestof = Builtin(
    "bestof", topic: "search", summary: "What the best of n random perturbations should gain, with curvature.",
    parameters: [
      Parameter("sigma", "number", help: "deviation of a coordinate; a total norm ρ in D dimensions is ρ/sqrt(D)"),
      Parameter("gradient_norm", "number", "displacement", help: "‖g‖, or the gradient"),
      Parameter("n", "integer", help: "how many perturbations, at least 1"),
      optional("trace", ["number"], "0, a linear loss", "tr H, as curvature_trace measures it"),
      optional("along", ["number"], "0", "the curvature along the gradient, curvature(…).along"),
      optional("frobenius", ["number"], "not used", "‖H‖_F, curvature_trace(…).frobenius"),
      Parameter(
        "margin", "number", presence: .defaults(.number(0)), byNameOnly: true,
        help: "the least gain that counts for the solution density"),
      optional("side", ["number", "displacement"], "none", "gradient of another task, or its norm with cos="),
      optional("cos", ["number"], "from the two gradients", "cosine between the two gradients"),
      optional("score_error", ["number"], "none", "standard error of one candidate's score"),
      optional("top", ["integer"], "none", "how many of the best are averaged"),
      optional("measured", ["number", "list"], "none", "a measured gain, or those of several searches"),
    ],
    returns: "prediction",
    details: """
      To second order L + gᵀδ + ½δᵀHδ, for δ ~ N(0, σ²I), a gain being a fall of the loss and M the maximum of n \
      standard normal numbers: gain = σ‖g‖E[M] − ½σ²[tr H + ĝᵀHĝ(E[M²] − 1)] for the candidate that is best to first \
      order; low and high hold 95 % of single searches. Dimension enters through tr H alone. chance is the mean gain of \
      one perturbation, −½σ²tr H.
      in_all: the one that is best in all, −½σ²tr H + E[M]√(σ²‖g‖² + ½σ⁴‖H‖_F²). sigma_best, gain_best: the best σ and \
      its gain. crossover: σ× = 2‖g‖/|tr H|. density: the share of perturbations that gain at least margin. side: what \
      the winner gains on another task, σ‖b‖cos·E[M] with its deviation, which for orthogonal tasks does not grow with n.
      With score_error the winner's true gain and the one that was seen: score a winner again on fresh data. All of top, \
      side and score_error are to first order. measured stands beside the prediction, with the ratio.
      """,
    examples: [
      .init("bestof(0.01, 2, 100)"), .init("round(bestof(0.01, 2, 100) * 1e6) / 1e6", shows: "0.050152"),
      .init("bestof(0.01, 2, 100, trace=50, along=3).gain < bestof(0.01, 2, 100).gain", shows: "true"),
      .init("bestof(0.01, 2, 100, side=1, cos=0).side", shows: "0"),
      .init("round(bestof(1, 1, 100, measured=[2.4, 2.6, 2.5]).ratio * 1000) / 1000", shows: "0.997"),
    ],
    errors: ["E0203", "E0209"], seeAlso: ["emax", "signal_density", "linearity", "curvature_trace", "curvature"]
  ) { call in
    let theory = try BestOfN(
      sigma: call.number("sigma"), gradientNorm: length(call, "gradient_norm"), n: call.integer("n"),
      trace: call["trace"].numberValue ?? 0, alongGradient: call["along"].numberValue ?? 0,
      frobenius: call["frobenius"].numberValue)
    let sigma = MeasureValue.significant(theory.sigma, 4)
    return .native(
      PredictionValue("best of \(theory.n) at sigma \(sigma)", try quantities(of: theory, call)))
  }

  /// ‖x‖ for a displacement, or the number itself.
  private static func length(_ call: Call, _ name: String) throws -> Double {
    if let number = call[name].numberValue { return number }
    return try GeometryArguments.displacement(call[name], argument: name).norm
  }

  private static func quantities(of theory: BestOfN, _ call: Call) throws -> [PredictionValue.Quantity] {
    typealias Quantity = PredictionValue.Quantity
    let margin = try call.number("margin")
    guard !margin.isNaN else {
      throw ErrorReport(.invalidArgument, "margin cannot be nan", argument: "margin")
    }
    var result = [
      Quantity("gain", theory.gain, "expected fall of the loss"),
      Quantity("low", theory.interval.lowerBound, "95 % of searches end above"),
      Quantity("high", theory.interval.upperBound, "and below"),
      Quantity("chance", theory.single, "mean of one perturbation"),
      Quantity("linear", theory.linear, "if the loss were a plane"),
      Quantity("density", theory.density(margin: margin), "share of perturbations that gain enough"),
    ]
    func add(_ name: String, _ value: Double?, _ note: String) {
      result.append(Quantity(name, value.map { .number($0) } ?? .nil, note))
    }
    if theory.trace != 0 || theory.alongGradient != 0 {
      result.append(Quantity("curvature_cost", theory.curvatureCost, "what curvature takes away"))
    }
    add("in_all", theory.bestInAll, "of the best candidate, chosen with curvature")
    add("sigma_best", theory.bestSigma, "sigma of the largest gain")
    add("gain_best", theory.bestGain, "and that gain")
    add("crossover", theory.crossover, "sigma where curvature equals slope")
    add("line_search", theory.lineSearchGain, "gain of one exact gradient step")
    if call.isGiven("side") {
      let side = try theory.sideGain(norm: length(call, "side"), cosine: cosine(call))
      result.append(Quantity("side", side.mean, "expected gain on the other task"))
      result.append(Quantity("side_deviation", side.deviation, "and its deviation"))
    }
    if let error = call["score_error"].numberValue {
      guard error >= 0, error.isFinite else {
        throw ErrorReport(
          .invalidArgument, "score_error cannot be \(NumberText.shortest(error))", label: "it must lie from 0",
          argument: "score_error")
      }
      let noisy = theory.noisy(scoreError: error)
      result.append(Quantity("true", noisy.true, "of a winner chosen by noisy scores"))
      result.append(Quantity("seen", noisy.seen, "what its score says: the winner's curse"))
    }
    if call.isGiven("top") {
      result.append(Quantity("top", try theory.top(call.integer("top")), "mean gain of the best few"))
    }
    if let measured = try measured(call) {
      result.append(Quantity("measured", GeometryBuiltins.measure(measured), "what was measured"))
      if theory.gain != 0 {
        result.append(Quantity("ratio", measured.value / theory.gain, "measured over predicted"))
      }
    }
    return result
  }

  private static func cosine(_ call: Call) throws -> Double {
    if let cosine = call["cos"].numberValue {
      guard abs(cosine) <= 1 else {
        throw ErrorReport(
          .invalidArgument, "cos cannot be \(NumberText.shortest(cosine))", label: "it must lie from -1 to 1",
          argument: "cos")
      }
      return cosine
    }
    guard call["gradient_norm"].numberValue == nil, call["side"].numberValue == nil else {
      throw ErrorReport(
        .invalidArgument, "the cosine between the two gradients is not known", help: "add cos=, or give both gradients",
        argument: "side")
    }
    let gradient = try GeometryArguments.displacement(call["gradient_norm"], argument: "gradient_norm")
    let other = try GeometryArguments.displacement(call["side"], argument: "side")
    if gradient.space != other.space {
      throw ErrorReport.spaces(gradient.space, other.space, kind: "gradient", argument: "side")
    }
    return try gradient.cosine(other)
  }

  /// One measured gain, or the mean of several with its interval.
  private static func measured(_ call: Call) throws -> Measure? {
    guard call.isGiven("measured") else { return nil }
    if case .native(let native) = call["measured"], let measure = (native as? MeasureValue)?.measure { return measure }
    if let number = call["measured"].numberValue { return Measure(number) }
    let gains = try GeometryArguments.numbers(call, "measured")
    guard !gains.isEmpty else {
      throw ErrorReport(.invalidArgument, "the list of measured gains is empty", argument: "measured")
    }
    return Measure(meanOf: gains)
  }

  private static let signalDensity = Builtin(
    "signal_density", topic: "search", summary: "How much of a useful direction each dimension of a subspace holds.",
    parameters: [
      Parameter("U", "subspace", help: "where one would search"),
      Parameter("a", "displacement", "run", "model", help: "the useful direction: a gradient, or a displacement"),
      optional("n", ["integer"], "none", "also predicts the gain of the best of n for each unit of length"),
    ],
    returns: "prediction",
    details: """
      ‖P_U a‖/√r, which decides what a search on the sphere of U gains (arXiv 2606.10929): directions orthogonal to a only \
      raise r. chance is the density of the whole space and of a random subspace, ‖a‖/√D; ratio is how many times more a \
      search in U gains than an isotropic one with steps of the same length, c√(D/r) with the share c = ‖P_U a‖/‖a‖. \
      energy and energy_chance are the squares.
      With n: gain = ‖P_U a‖·spheremax(n, r) for each unit of length to first order; gaussian is the estimate density·emax(n), \
      too high for small r; isotropic is ‖a‖/√D·emax(n).
      """,
    examples: [
      .init(exampleRun + "; signal_density(prefix(run, 4), run.displacement)"),
      .init(
        exampleRun
          + "; d = run.displacement; U = prefix(run, 4); abs(signal_density(U, d) * 2 - capture(d, U) * norm(d)) < 1e-6",
        shows: "true"),
      .init(
        exampleRun + "; s = signal_density(prefix(run, 4), run, n=100); s.gain < s.gaussian", shows: "true"),
    ],
    errors: ["E0203", "E0209", "E0503"], seeAlso: ["capture", "spheremax", "bestof"]
  ) { call in
    typealias Quantity = PredictionValue.Quantity
    let subspace = try call.subspace("U")
    let a = try GeometryArguments.displacement(call["a"], for: subspace, argument: "a", subspaceArgument: "U")
    let density = try SignalDensity(of: a, in: subspace)
    var result = [
      Quantity("density", density.density, "‖P a‖/√r"),
      Quantity("chance", density.isotropic, "‖a‖/√D: the whole space, a random subspace"),
      Quantity("ratio", density.multiplier, "over isotropic search at the same length"),
      Quantity("energy", density.energy, "‖P a‖²/r"),
      Quantity("energy_chance", density.isotropic * density.isotropic, "‖a‖²/D"),
      Quantity("share", density.share, "‖P a‖/‖a‖"),
    ]
    if call.isGiven("n") {
      let gain = try density.gain(bestOf: call.integer("n"))
      result += [
        Quantity("gain", gain.sphere, "of the best of n on the sphere, a unit of length"),
        Quantity("gaussian", gain.gaussian, "the same by emax: too high for small r"),
        Quantity("isotropic", gain.isotropic, "in the whole space"),
      ]
    }
    return .native(
      PredictionValue(
        "signal density in dimension \(density.dimension) of \(NumberText.grouped(density.ambient))", result))
  }
}
