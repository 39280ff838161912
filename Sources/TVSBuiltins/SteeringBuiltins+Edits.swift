import Steering
import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension SteeringBuiltins {
  /// From weights to steering and back, and sweeps.
  static let edits: [Builtin] = [steeringOf, rankOne, sweep]

  private static let steeringOf = Builtin(
    "steering_of", topic: "activation", summary: "The steering vector that a weight step amounts to.",
    parameters: [
      Parameter("model", "model", help: "where the step begins"),
      Parameter("displacement", "displacement", "run", help: "a step of its free weights: a gradient, a task vector"),
      ActivationBuiltins.textsParameter, SteeringArguments.layer, ActivationBuiltins.siteParameter,
      ActivationBuiltins.positionParameter,
    ] + ActivationBuiltins.readingParameters,
    returns: "steering",
    details: """
      The mean over texts of h(x; θ + δ) − h(x; θ), layer by layer: shift without its controls, as a vector that steers. \
      agreement is the length of the mean over the root mean square of the texts' shifts: 1 if every text is shifted alike, \
      which is what steering does, and about one over the root of their number if each is shifted its own way.
      """,
    examples: [
      .init(
        example + "; g = gradient(m, d, batch=8, seed=1); v = steering_of(m, -0.1*g, d); v.layers", shows: "[0, 1]")
    ],
    errors: ["E0203", "E0209", "E0501", "E0502", "E0503", "E0504"], seeAlso: ["shift", "rank_one", "contrast"]
  ) { call in
    let model = try call.model()
    let displacement = try GeometryArguments.displacement(call["displacement"], argument: "displacement")
    if displacement.space != model.parameterSpace {
      throw ErrorReport.spaces(
        model.parameterSpace, displacement.space, kind: "operand", argument: "displacement")
    }
    let (layers, site) = try SteeringArguments.layers(call, model)
    let texts = try ActivationTexts(call, model)
    let shift = try WeightShift(
      model, displacement, texts: texts.sequences, layers: layers, site: site, positions: texts.rule,
      reading: call["position"].plainText)
    let values = shift.agreement.map { Value.number($0) }
    return .native(
      SteeringValue(
        shift.vector,
        notes: ["agreement": values.count == 1 ? values[0] : .list(values), "texts": .number(Double(shift.count))]))
  }

  private static let rankOne = Builtin(
    "rank_one", topic: "activation", summary: "The rank-1 change of one weight matrix that steers as a vector does.",
    parameters: [
      Parameter("model", "model", help: "a model without an adapter"), v, ActivationBuiltins.textsParameter,
      Parameter(
        "layer", "integer", presence: .optional("the vector's, if it has one"), byNameOnly: true, help: "which block"),
      Parameter(
        "into", "string", presence: .defaults(.string("mlp.down")), byNameOnly: true,
        help: "the matrix that changes: \"mlp.down\" or \"attn.out\""
      ).offering { WeightEdit.maps },
      Parameter(
        "ridge", "number", presence: .defaults(.number(0)), byNameOnly: true,
        help: "penalty of ‖k‖² in units of the mean squared length of an input"),
      Parameter(
        "holdout", "number", presence: .defaults(.number(0.25)), byNameOnly: true,
        help: "share of the texts on which the fit is only scored"),
      seed,
    ],
    returns: "displacement",
    details: """
      W ← W + v·kᵀ, with k the least-squares solution of ⟨k, x⟩ = 1 over the activations x that enter W at every token of \
      the texts. residual is the mean of (⟨k, x⟩ − 1)², the share of ‖v‖² that is missed, and held_out the same on texts \
      that were not fitted: 1 would be no better than no change. gain is the mean of ⟨k, x⟩ there. error and cosine \
      compare what the changed model does to the output of the block, on average over those texts, with v itself: where a \
      norm follows the matrix, or attention is changed, they are the honest numbers.
      """,
    examples: [
      .init(
        exampleVector + "; e = rank_one(m, v, d, ridge=1e-3, seed=1); e.residual < 0.5 and e.cosine > 0.9",
        shows: "true")
    ],
    errors: ["E0203", "E0207", "E0209", "E0503", "E0504"], seeAlso: ["steering_of", "steer", "contrast"]
  ) { call in
    let model = try call.model()
    let vector = try call.steering()
    let layer: Int
    if call.isGiven("layer") {
      layer = try SteeringArguments.numbers(call, "layer", below: model.configuration.layers)[0]
    } else {
      guard vector.indices.count == 1 else {
        throw ErrorReport(
          .arity, "the vector has several layers; say which one to edit", help: "as in layer=\(vector.indices[0])",
          argument: "v")
      }
      layer = vector.indices[0]
    }
    let edit = try WeightEdit(
      model, vector, layer: layer, map: GeometryArguments.choice(call, "into", WeightEdit.maps),
      texts: ActivationTexts(call, model, position: .string("last")).sequences, ridge: call.number("ridge"),
      holdout: call.number("holdout"), seed: TensorArguments.seed(call))
    return .native(
      DisplacementValue(
        edit.displacement,
        notes: [
          "target": .string(edit.target), "residual": .number(edit.fit.residual),
          "held_out": edit.fit.heldOutResidual.map { .number($0) } ?? .nil, "gain": .number(edit.fit.gain),
          "error": .number(edit.error), "cosine": .number(edit.cosine),
        ]))
  }

  private static let sweep = Builtin(
    "steering_sweep", topic: "activation",
    summary: "Accuracy of a steered model by layer and scale, beside side tasks.",
    parameters: [
      Parameter("model", "model", help: "the model the vector was measured on"), v,
      Parameter("data", "data", help: "the target: a task, statements, data from a file"),
      Parameter(
        "layers", "list", "integer", "tensor", presence: .optional("those of the vector"), byNameOnly: true,
        help: "which of its layers, each steered by itself"),
      Parameter(
        "scales", "list", "tensor", "number", presence: .defaults(.list([-2, -1, 1, 2].map { .number($0) })),
        byNameOnly: true, help: "factors of the vector, of either sign"),
      Parameter(
        "side", "list", "data", presence: .optional("none"), byNameOnly: true,
        help: "data on which nothing should change"),
      Parameter(
        "text", "string", "data", "list", "tensor", presence: .optional("none"), byNameOnly: true,
        help: "a text whose perplexity should not rise"),
      Parameter(
        "window", "integer", presence: .defaults(.number(256)), byNameOnly: true,
        help: "tokens of the text that are scored together"),
      Parameter(
        "random", "integer", presence: .defaults(.number(0)), byNameOnly: true,
        help: "random vectors of the same length at each layer and scale"),
      SteeringArguments.steeredPositions, SteeringArguments.kind,
      Parameter(
        "count", "integer", presence: .defaults(.number(256)), byNameOnly: true,
        help: "examples to score; all of them where there are fewer"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
        help: "which examples, and which random vectors"),
    ],
    returns: "table",
    details: """
      One row a layer and scale: the accuracy on the target, on each side task, and the perplexity of the text, all on the \
      same examples; base is the model as it is. With random=n the mean over random vectors and the range that holds 95 % \
      of them, and p, the share of vectors that do at least as well, this one among them. The best row of a sweep has been \
      chosen: report its accuracy on data that the sweep has not seen.
      """,
    examples: [
      .init(
        exampleVector
          + "; t = steering_sweep(m, v, d, scales=[-1, 1], side=[d], random=2, count=8, seed=1); t[\"scale\"]",
        shows: "[-1, 1]")
    ],
    errors: ["E0203", "E0207", "E0209", "E0502", "E0504"], seeAlso: ["steer", "contrast", "heatmap", "holdout"]
  ) { call in
    let model = try call.model()
    let vector = try call.steering()
    let layers =
      call.isGiven("layers")
      ? try SteeringArguments.numbers(call, "layers", below: model.configuration.layers) : vector.indices
    let scales = try call["scales"].numberValue.map { [$0] } ?? GeometryArguments.numbers(call, "scales")
    let sides = call.isGiven("side") ? try GeometryArguments.tasks(call, "side") : []
    let options = SteeringSweep.Options(
      kind: try SteeringArguments.kind(call), positions: try SteeringArguments.steered(call),
      count: try call.integer("count"), seed: try TensorArguments.seed(call), random: try call.integer("random"))
    let text = call.isGiven("text") ? try TextBuiltins.windows(call, "text", model) : nil
    let sweep = try SteeringValue.naming("v") {
      try SteeringSweep(
        model, vector, on: call.data(), layers: layers, scales: scales, side: sides, text: text, options: options)
    }
    return .native(table(sweep, sides.map(\.name)))
  }

  private static func table(_ sweep: SteeringSweep, _ sides: [String]) -> TableValue {
    func cell(_ measure: Measure?) -> Value { measure.map(MeasureValue.interval) ?? .nil }
    func full(_ measure: Measure) -> Value { .native(MeasureValue(measure)) }
    let hasText = sweep.base.perplexity != nil
    let hasRandom = sweep.rows.contains { $0.random != nil }
    let names =
      ["layer", "scale", "accuracy"] + sides + (hasText ? ["perplexity"] : []) + (hasRandom ? ["random", "p"] : [])
    let rows = sweep.rows.map { row -> [Value] in
      [.number(Double(row.layer)), .number(row.scale), cell(row.target)] + row.sides.map { cell($0) }
        + (hasText ? [cell(row.perplexity)] : [])
        + (hasRandom ? [cell(row.random), row.exceeded.map { .number($0) } ?? .nil] : [])
    }
    var notes: Notes = ["base": full(sweep.base.target)]
    for (name, measure) in zip(sides, sweep.base.sides) { notes["base \(name)"] = full(measure) }
    if let perplexity = sweep.base.perplexity { notes["base perplexity"] = full(perplexity) }
    return TableValue(names: names, rows: rows, notes: notes)
  }
}
