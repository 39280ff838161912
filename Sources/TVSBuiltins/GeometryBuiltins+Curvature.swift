import Foundation
import OrderedCollections
import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension GeometryBuiltins {
  /// The shape of the loss around a model.
  static let curvature: [Builtin] = [linearity, hvp, curvatureTrace, topCurvature]

  private static let modelAndData = [
    Parameter("model", "model", help: "where the loss is looked at"),
    Parameter("data", "data", help: "whose loss, on minibatches that stay the same"),
  ]

  private static let sampling = [batchesParameter(1), batchParameter(128), seedParameter]

  private static func objective(_ call: Call) throws -> ModelObjective {
    try ModelObjective(
      call.model(), on: call.data(), batches: call.integer("batches"), batch: call.integer("batch"),
      seed: TensorArguments.seed(call))
  }

  private static let stepParameter = Parameter(
    "step", "number", presence: .optional("chosen by a sweep"), byNameOnly: true,
    help: "length in weight space of the steps of the differences")

  private static func number(_ value: Double?) -> Value { value.map { .number($0) } ?? .nil }

  /// Half decades from 10⁻⁶ to 10⁻¹.
  private static let defaultSigmas = stride(from: -6.0, through: -1, by: 0.5).map { exponent in
    // Three digits, so that the rows read 1e-06, 3.16e-06, 1e-05.
    Double(String(format: "%.2e", pow(10, exponent))) ?? pow(10, exponent)
  }

  private static let linearity = Builtin(
    "linearity", topic: "search",
    summary: "At which scales the loss is linear, curved, or below what float32 resolves.",
    parameters: modelAndData + [
      Parameter(
        "sigmas", "list", "tensor", presence: .optional("half decades from 1e-6 to 1e-1"), byNameOnly: true,
        help: "deviations of a coordinate; with along=, lengths of the step"),
      Parameter(
        "n", "integer", presence: .defaults(.number(8)), byNameOnly: true, help: "random directions, at least 1"),
      Parameter(
        "along", "displacement", "run", presence: .optional("random directions"), byNameOnly: true,
        help: "probes this one direction instead"),
    ] + sampling,
    returns: "table",
    details: """
      F1 = [L(θ+σu) − L(θ−σu)]/2 and F2 = [L(θ+σu) + L(θ−σu) − 2L(θ)]/2 for Gaussian directions u. f1 is the root mean \
      square of F1 and f2 the mean of F2; f1_predicted = σ·rms(gᵀu) and f2_predicted = ½σ²·mean(uᵀHu) come from the \
      gradient and Hessian-vector products along the same directions, with the ratios beside them. curved is |f2|/f1.
      floor is what f1 would be from float32 alone: the deviation of the loss when every weight moves by one unit in its \
      last place, over √2. regime: "floor" (f1 below three floors), "linear" (f1 within 10 % of its prediction, curved at \
      most 0.1), "curved" (above 1), "mixed", or "infinite".
      Fields: slope1 and slope2 in logarithms (1 and 2 where the loss is a line and a parabola), crossover σ× where \
      |f2| = f1 beside crossover_predicted = 2·rms(gᵀu)/|mean uᵀHu| and their ratio, window (first and last linear σ), \
      gradient_norm, trace (mean uᵀHu with its interval), loss_floor, step, error. It takes about n·(2·scales) losses and \
      2n + 18 gradients.
      """,
    examples: [
      .init(exampleModel + "; linearity(m, task(\"copy\", length=3), sigmas=[1e-3, 1e-2, 1], n=2, batch=8, seed=1)"),
      .init(
        exampleModel + "; x = linearity(m, task(\"copy\", length=3), sigmas=[1e-3], n=2, batch=8, seed=1); "
          + "abs(x.f1_ratio[0] - 1) < 0.1",
        shows: "true"),
    ],
    errors: ["E0203", "E0209", "E0404", "E0502", "E0503"],
    seeAlso: ["bestof", "curvature_trace", "hvp", "gradient"]
  ) { call in
    let objective = try objective(call)
    var along: Displacement?
    if call.isGiven("along") {
      let displacement = try GeometryArguments.displacement(call["along"], argument: "along")
      try require(displacement, in: objective, argument: "along")
      along = displacement
    }
    let result = try Linearity(
      of: objective, sigmas: call.isGiven("sigmas") ? GeometryArguments.numbers(call, "sigmas") : defaultSigmas,
      directions: call.integer("n"), along: along, seed: TensorArguments.seed(call))
    return .native(table(of: result))
  }

  private static func table(of result: Linearity) -> TableValue {
    func ratio(_ measured: Double, _ predicted: Double) -> Value {
      predicted != 0 && (measured / predicted).isFinite ? .number(measured / predicted) : .nil
    }
    let rows = result.rows.map { row -> [Value] in
      [
        .number(row.sigma), .number(row.first), .number(row.predictedFirst), ratio(row.first, row.predictedFirst),
        .number(row.second), .number(row.predictedSecond), ratio(row.second, row.predictedSecond),
        row.ratio.isFinite ? .number(row.ratio) : .nil, .number(row.firstFloor), .string(row.regime.rawValue),
      ]
    }
    let predicted = result.predictedCrossover.isFinite ? result.predictedCrossover : nil
    return TableValue(
      names: [
        "sigma", "f1", "f1_predicted", "f1_ratio", "f2", "f2_predicted", "f2_ratio", "curved", "floor", "regime",
      ], rows: rows,
      notes: [
        "slope1": number(result.slopes.first), "slope2": number(result.slopes.second),
        "crossover": number(result.crossover), "crossover_predicted": number(predicted),
        "crossover_ratio": number(result.crossover.flatMap { measured in predicted.map { measured / $0 } }),
        "window": result.window.map { .list([.number($0.lowerBound), .number($0.upperBound)]) } ?? .nil,
        "gradient_norm": .number(result.gradientNorm), "trace": measure(result.curvature),
        "loss_floor": .number(result.lossFloor), "step": .number(result.step.length),
        "error": number(result.step.error),
      ])
  }

  /// - Throws: ``ErrorReport`` with code E0203 for a displacement of another space.
  private static func require(_ x: Displacement, in objective: ModelObjective, argument: String) throws {
    if x.space != objective.space {
      throw ErrorReport(
        .spaceMismatch, "the displacement and the model live in different spaces",
        label: "lives in \(x.space); the model is \(objective.space.shortDescription)",
        help: "measure it on the same model, such as gradient(model, data)", argument: argument)
    }
  }

  private static let hvp = Builtin(
    "hvp", topic: "geometry", summary: "The Hessian times a displacement, by a difference of two gradients.",
    parameters: modelAndData + [
      Parameter("displacement", "displacement", "run", help: "what the Hessian is multiplied with"),
      Parameter(
        "epsilon", "number", presence: .optional("chosen by a sweep"), byNameOnly: true,
        help: "the multiple of the displacement by which the weights move, both ways"),
    ] + sampling,
    returns: "displacement",
    details: """
      [g(θ+εv) − g(θ−εv)]/2ε on the same minibatches. Too small an ε drowns in the rounding of float32, too large a one \
      leaves the quadratic part of the loss: the sweep tries steps from 1e-5 to 1e-1 of ‖θ‖, half a decade apart, and \
      takes the one at which the product changes least from the one before. Up to 18 gradients; two with epsilon=.
      Fields: epsilon; error, that relative change; curvature, vᵀHv/vᵀv; sweep, the table of all that were tried.
      """,
    examples: [
      .init(
        exampleModel
          + "; copy = task(\"copy\", length=3); hvp(m, copy, gradient(m, copy, batch=8, seed=1), batch=8, seed=1)"),
      .init(
        exampleModel + "; copy = task(\"copy\", length=3); g = gradient(m, copy, batch=8, seed=1); "
          + "cos(hvp(m, copy, g, batch=8, seed=1), hvp(m, copy, 2*g, batch=8, seed=1)) > 0.999",
        shows: "true"),
    ],
    errors: ["E0203", "E0209", "E0404", "E0502", "E0503"],
    seeAlso: ["curvature", "curvature_trace", "krylov", "gradient"]
  ) { call in
    let objective = try objective(call)
    let displacement = try GeometryArguments.displacement(call["displacement"], argument: "displacement")
    try require(displacement, in: objective, argument: "displacement")
    let norm = displacement.norm
    let product: HessianProduct
    let image: FloatVector
    if call.isGiven("epsilon") {
      let epsilon = try call.number("epsilon")
      guard epsilon > 0, epsilon.isFinite else {
        throw GeometryError.invalidOption(what: "epsilon", value: epsilon, allowed: "above 0")
      }
      // A zero displacement has no product whatever the step; the product says so.
      product = try HessianProduct(objective, step: DifferenceStep(length: norm > 0 ? epsilon * norm : 1))
      image = try product.times(displacement.vector)
    } else {
      (product, image) = try HessianProduct.sweeping(objective, along: displacement.vector)
    }
    let result = try Displacement(space: objective.space, vector: image, origin: objective.model)
    let sweep = TableValue(
      names: ["epsilon", "length", "change"],
      rows: product.step.trials.map { [.number($0.length / norm), .number($0.length), number($0.change)] })
    var notes: Notes = [
      "epsilon": .number(product.step.length / norm), "error": number(product.step.error),
      "curvature": .number(try displacement.dot(result) / (norm * norm)),
    ]
    if sweep.rowCount > 0 { notes["sweep"] = .native(sweep) }
    return .native(DisplacementValue(result, notes: notes))
  }

  private static let curvatureTrace = Builtin(
    "curvature_trace", topic: "search", summary: "The trace of the Hessian, estimated with random probes (Hutchinson).",
    parameters: modelAndData + [
      Parameter(
        "probes", "integer", presence: .defaults(.number(16)), byNameOnly: true,
        help: "random vectors, two gradients each; one gives no interval"),
      Parameter(
        "kind", "string", presence: .defaults(.string("rademacher")), byNameOnly: true,
        help: "\"rademacher\" (signs) or \"gaussian\" probes"), stepParameter,
    ] + sampling,
    returns: "measure",
    details: """
      The mean of vᵀHv over probes v with independent entries of mean 0 and variance 1, and its 95 % interval by \
      Student's t. Signs have the smaller variance. Products with H are central differences, with a step chosen as hvp \
      does along the first probe. Isotropic noise of deviation σ raises the loss by ½σ²tr H on average, which is what \
      limits random search: bestof(…, trace=). The interval is that of the probes: the minibatches stay the same.
      Fields beside those of a measure: frobenius, ‖H‖_F from the mean of ‖Hv‖² with its interval; samples; step and its \
      error.
      """,
    examples: [
      .init(exampleModel + "; curvature_trace(m, task(\"copy\", length=3), probes=4, batch=8, seed=1)"),
      .init(
        exampleModel + "; len(curvature_trace(m, task(\"copy\", length=3), probes=4, batch=8, seed=1).samples)",
        shows: "4"),
    ],
    errors: ["E0209", "E0404", "E0501", "E0502", "E0503"], seeAlso: ["bestof", "curvature", "linearity", "hvp"]
  ) { call in
    let kind = try GeometryArguments.choice(call, "kind", HessianTrace.Probe.allCases.map(\.rawValue))
    let result = try HessianTrace(
      of: objective(call), probes: call.integer("probes"), kind: HessianTrace.Probe(rawValue: kind) ?? .rademacher,
      seed: TensorArguments.seed(call), length: call["step"].numberValue)
    func root(_ value: Double) -> Double { max(0, value).squareRoot() }
    let square = result.squaredFrobenius
    return .native(
      MeasureValue(
        result.trace,
        notes: [
          "frobenius": measure(Measure(root(square.value), low: square.low.map(root), high: square.high.map(root))),
          "samples": .list(result.samples.map { .number($0) }), "step": .number(result.step.length),
          "error": number(result.step.error),
        ]))
  }

  private static let topCurvature = Builtin(
    "curvature", topic: "geometry", summary: "Eigenvalues of the Hessian with their vectors (Lanczos).",
    parameters: modelAndData + [
      Parameter("k", "integer", presence: .defaults(.number(5)), byNameOnly: true, help: "how many, from 1 to 1,024"),
      Parameter(
        "which", "string", presence: .defaults(.string("largest")), byNameOnly: true,
        help: "\"largest\", \"smallest\" or \"magnitude\""),
      Parameter(
        "steps", "integer", presence: .optional("the larger of 3k and k + 20"), byNameOnly: true,
        help: "vectors of the search at most, D floats each"), stepParameter,
    ] + sampling,
    returns: "table",
    details: """
      Lanczos' method with full re-orthogonalisation from a random start; products with H are central differences, with a \
      step chosen as hvp does along the gradient. Columns: value; residual, ‖Hv − λv‖ as measured, within which an \
      eigenvalue of H lies up to the error of the differences. More steps make residuals smaller.
      Fields: subspace, the span of the vectors, with subspace[i] that of row i; gradient_norm; along, the curvature \
      ĝᵀHĝ along the gradient, which bestof takes; gradient_share, the share of ‖g‖² in the span beside chance k/D \
      (Gur-Ari, Roberts and Dyer, arXiv 1812.04754); vectors, step and error of the differences.
      """,
    examples: [
      .init(exampleModel + "; curvature(m, task(\"copy\", length=3), k=2, batch=8, seed=1)"),
      .init(
        exampleModel + "; c = curvature(m, task(\"copy\", length=3), k=2, batch=8, seed=1); "
          + "[c.subspace.dim, c.value[0] >= c.value[1]]",
        shows: "[2, true]"),
    ],
    errors: ["E0209", "E0401", "E0404", "E0501", "E0502", "E0503"],
    seeAlso: ["hvp", "curvature_trace", "krylov", "bestof", "plane"]
  ) { call in
    let end = try GeometryArguments.choice(call, "which", HessianSpectrum.End.allCases.map(\.rawValue))
    let result = try HessianSpectrum(
      of: objective(call), count: call.integer("k"), end: HessianSpectrum.End(rawValue: end) ?? .largest,
      steps: call["steps"].wholeNumber, seed: TensorArguments.seed(call), length: call["step"].numberValue)
    return .native(
      TableValue(
        names: ["value", "residual"],
        rows: zip(result.values, result.residuals).map { [.number($0), .number($1)] },
        notes: [
          "subspace": .native(SubspaceValue(result.subspace)), "gradient_norm": .number(result.gradientNorm),
          "along": number(result.gradientCurvature),
          "gradient_share": result.gradientEnergy.map { measure($0) } ?? .nil, "vectors": .number(Double(result.steps)),
          "step": .number(result.step.length), "error": number(result.step.error),
        ]))
  }
}
