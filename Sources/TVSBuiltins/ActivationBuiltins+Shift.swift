import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

extension ActivationBuiltins {
  static let shift = Builtin(
    "shift", topic: "activation",
    summary: "What a change of the weights does to activations, by layer, beside random changes as long.",
    parameters: [
      Parameter("model", "model", help: "the model before the change"),
      Parameter(
        "displacement", "displacement", "run",
        help: "the change: a gradient step, a difference of models, a candidate of a search, of the model's space"),
      textsParameter,
      Parameter(
        "layer", "number", "string", "list", "tensor", presence: .defaults(.string("all")), byNameOnly: true,
        help: layerHelp),
      positionParameter, siteParameter,
      Parameter(
        "random", "integer", presence: .defaults(.number(3)), byNameOnly: true,
        help: "how many random displacements of the same norm stand beside it"),
      Parameter(
        "data", "data", presence: .optional("no such control"), byNameOnly: true,
        help: "adds steps on this data with its answers shuffled among the prompts"),
      Parameter(
        "examples", "integer", presence: .defaults(.number(32)), byNameOnly: true,
        help: "of that data, in each such step"),
      Parameter(
        "shuffles", "integer", presence: .defaults(.number(1)), byNameOnly: true, help: "how many such steps"),
    ] + readingParameters,
    returns: "table",
    details: """
      The mean over texts (over tokens with position="all") of h(θ+δ) − h(θ). One row a layer: norm, its length; \
      nonlinear, ‖shift − J·δ‖/‖shift‖ against the first-order form, a central difference whose step a sweep chose; agreement, \
      the length of the mean over the root mean square of the texts' shifts, 1 when all move alike. random is the length \
      of the shift of an equally long random displacement and cos_random its cosine with this shift: means, with the \
      smallest and the largest. With data=, shuffled and cos_shuffled are the same for −gradient steps of the same norm on \
      answers shuffled among their prompts. Hidden states are anisotropic: these, not 1/√width, are what a cosine between \
      shifts is compared with.
      Fields: vector, the shift; linear, J·δ; random_vectors and shuffled_vectors with a first axis for the draws; step and \
      error of the difference. One row a layer; a single layer by number or name has no such axis. It takes 2 + 2 + random \
      readings of all texts, up to 18 of the first four, and shuffles gradients.
      """,
    examples: [
      .init(
        GeometryBuiltins.exampleModel
          + "; t = task(\"copy\", length=3); s = shift(m, -0.01 * gradient(m, t, batch=8, seed=1), t, n=8, seed=1); s.vector.shape",
        shows: "[1, 16]"),
      .init(
        GeometryBuiltins.exampleModel
          + "; t = task(\"copy\", length=3); s = shift(m, -1e-3 * gradient(m, t, batch=8, seed=1), t, n=8, seed=1); s.nonlinear[0] < 0.02",
        shows: "true"),
      .init(
        GeometryBuiltins.exampleModel
          + "; t = task(\"copy\", length=3); shift(m, -0.01 * gradient(m, t, batch=8, seed=1), t, n=8, seed=1, data=t)"),
    ],
    errors: ["E0203", "E0209", "E0501", "E0502", "E0503", "E0504"],
    seeAlso: ["activations", "gradient", "search", "cos"]
  ) { call in
    let model = try call.model()
    let displacement = try GeometryArguments.displacement(call["displacement"], argument: "displacement")
    if displacement.space != model.parameterSpace {
      throw ErrorReport(
        .spaceMismatch, "the displacement and the model live in different spaces",
        label: "lives in \(displacement.space); the model is \(model.parameterSpace.shortDescription)",
        help: "measure it on the same model, such as gradient(model, data)", argument: "displacement")
    }
    let places = try ActivationPlaces(call, model)
    let texts = try ActivationTexts(call, model)
    let seed = try TensorArguments.seed(call)
    var controls: [() throws -> Displacement] = []
    if call.isGiven("data") {
      let (data, examples, count) = (try call.data(), try call.integer("examples"), try call.integer("shuffles"))
      guard (1...64).contains(count) else {
        throw ErrorReport(
          .invalidArgument, "shuffles cannot be \(count)", label: "it must lie between 1 and 64", argument: "shuffles")
      }
      controls = (0..<count).map { number in
        {
          try ShuffledAnswers.step(
            model, on: data, examples: examples, norm: displacement.norm, seed: seed, number: number)
        }
      }
    }
    let result = try ActivationShift(
      of: displacement, on: model, texts: texts.sequences, at: places.points, positions: texts.rule,
      random: call.integer("random"), seed: seed, controls: controls)
    return .native(try table(of: result, places))
  }

  private static func table(of result: ActivationShift, _ places: ActivationPlaces) throws -> TableValue {
    let nonlinear = try result.nonlinearity()
    var names = ["layer", "norm", "nonlinear", "agreement"]
    var rows: [[Value]] = result.points.indices.map { place in
      [
        .number(Double(result.points[place].layer)), .number(result.finite[place].norm),
        nonlinear[place].isFinite ? .number(nonlinear[place]) : .nil, .number(result.agreement[place]),
      ]
    }
    for (name, draws) in [("random", result.random), ("shuffled", result.controls)] where !draws.isEmpty {
      names += [name, "cos_\(name)"]
      for place in rows.indices {
        let shifts = draws.map { $0[place] }
        rows[place].append(summary(shifts.map(\.norm)))
        rows[place].append(summary(try shifts.compactMap { try cosine($0, result.finite[place]) }))
      }
    }
    names.append("site")
    for place in rows.indices { rows[place].append(.string(result.points[place].site.rawValue)) }
    func stack(_ vectors: [FloatVector]) throws -> Value {
      .native(TensorValue(try places.joined(vectors.map { try Tensor($0) })))
    }
    func stack(_ draws: [[FloatVector]]) throws -> Value {
      if draws.isEmpty { return .nil }
      return .native(TensorValue(try Tensor.stacked(draws.map { try places.joined($0.map { try Tensor($0) }) })))
    }
    return TableValue(
      names: names, rows: rows,
      notes: [
        "vector": try stack(result.finite), "linear": try stack(result.firstOrder),
        "random_vectors": try stack(result.random), "shuffled_vectors": try stack(result.controls),
        "step": .number(result.step.length), "error": result.step.error.map { .number($0) } ?? .nil,
      ])
  }

  /// The mean of some draws, between the smallest and the largest.
  private static func summary(_ values: [Double]) -> Value {
    guard let low = values.min(), let high = values.max() else { return .nil }
    let mean = values.reduce(0, +) / Double(values.count)
    return values.count == 1 ? .number(mean) : GeometryBuiltins.measure(Measure(mean, low: low, high: high))
  }

  private static func cosine(_ a: FloatVector, _ b: FloatVector) throws -> Double? {
    let lengths = a.norm * b.norm
    return lengths > 0 ? try a.dot(b) / lengths : nil
  }
}
