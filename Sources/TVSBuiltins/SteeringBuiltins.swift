import Steering
import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// The chapter on directions in activations.
enum SteeringBuiltins {
  /// All records.
  static let all: [Builtin] = [statements, contrast, steering, steer, probe] + edits

  /// A model and statements so small that examples finish in a moment.
  static let example =
    #"m = transformer(layers=2, width=16, heads=2, context=96, tokenizer="bytes", seed=1); d = statements(24, seed=1)"#
  static let exampleVector = example + "; v = contrast(m, d, layer=1, shuffles=4, seed=1)"

  static let model = Parameter("model", "model", help: "any model with a tokenizer")
  static let v = Parameter("v", "steering", help: "a steering vector of this model")
  static let pairs = Parameter("pairs", "data", help: "prompts with two answers: statements(), pairs(path), BoolQ")
  static let seed = Parameter(
    "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
    help: "what is held out and how labels are shuffled")

  // MARK: - Data

  private static let statements = Builtin(
    "statements", topic: "data",
    summary: "Yes-or-no questions made from facts, as prompts with a right and a wrong answer.",
    parameters: [
      Parameter("n", "integer", presence: .defaults(.number(200)), help: "how many, from 2 to 2,048"),
      Parameter(
        "kinds", "list", "string", presence: .optional("all three"), byNameOnly: true,
        help: "of \"numbers\", \"arithmetic\" and \"spelling\""
      ).offering { Statements.Kind.allCases.map(\.rawValue) },
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true, help: "which numbers and words"),
    ],
    returns: "data",
    details: """
      "Question: Is 47 greater than 23?\\nAnswer:" with the answers " yes" and " no": comparisons of numbers, sums, \
      differences and products, letters of words, four templates each. Half are true, every template as often for yes as for \
      no, and no question comes twice. Where data goes, these go: accuracy asks which answer is more likely, contrast reads \
      the right and the wrong answer after the same prompt.
      """,
    examples: [
      .init("statements(200, seed=1).chance", shows: "0.5"),
      .init("statements(4, kinds=[\"numbers\"], seed=1).pairs[0].positive in [\" yes\", \" no\"]", shows: "true"),
    ],
    errors: ["E0209", "E0501"], seeAlso: ["contrast", "pairs", "dataset", "accuracy"]
  ) { call in
    let items: [Value]
    switch call["kinds"] {
    case .nil: items = Statements.Kind.allCases.map { .string($0.rawValue) }
    case .list(let list): items = list
    default: items = [call["kinds"]]
    }
    let known = Statements.Kind.allCases.map(\.rawValue)
    let kinds = try items.map {
      Statements.Kind(rawValue: try GeometryArguments.choice($0, "kinds", known)) ?? .numbers
    }
    return .native(
      DataValue(try Statements.data(count: call.integer("n"), kinds: kinds, seed: TensorArguments.seed(call))))
  }

  // MARK: - Vectors

  private static let contrast = Builtin(
    "contrast", topic: "activation", summary: "The direction in activations along which the answers of pairs differ.",
    parameters: [
      model, pairs, SteeringArguments.layer,
      Parameter(
        "method", "string", presence: .defaults(.string("mean")), byNameOnly: true,
        help: "\"mean\", \"pca\", \"pca_center\" or \"logistic\""
      ).offering { ContrastMethod.allCases.map(\.rawValue) },
      ActivationBuiltins.siteParameter, SteeringArguments.position("answer"),
      Parameter(
        "holdout", "number", presence: .defaults(.number(0.25)), byNameOnly: true,
        help: "share of the prompts on which the direction is only scored; 0 for none"),
      Parameter(
        "shuffles", "integer", presence: .defaults(.number(20)), byNameOnly: true,
        help: "fits to shuffled labels, scored likewise"),
      Parameter(
        "penalty", "number", presence: .defaults(.number(1)), byNameOnly: true,
        help: "λ of the logistic loss, 1/C of scikit-learn"),
      seed,
    ],
    returns: "steering",
    details: """
      Both answers are read after their prompt, and activations taken where they differ last (position="answer").
      mean: the mean of positive less negative (CAA, Rimsky et al., arXiv 2312.06681), in units of the activations. The \
      others have length 1: pca, the first principal component of the differences about their mean (repeng's pca_diff, which \
      takes the direction of the mean off); pca_center, of the sides about the middle of their pair; logistic, the weights of \
      a logistic regression with an L2 penalty. Signs are those of most pairs.
      accuracy: on held-out prompts, to which each positive answer sends its share, how many answers lie on their side of \
      the threshold, the middle between the sides of the fitted pairs. Beside it the same for fits in which the sides of a \
      random half of each answer's pairs were exchanged: their mean is chance, and 95 % of them lie in shuffled_low to \
      shuffled_high.
      Where one answer is positive more often than the other, the direction from word to word is part of a mean.
      """,
    examples: [
      .init(exampleVector + "; v.layer", shows: "1"),
      .init(example + "; contrast(m, d, method=\"logistic\", shuffles=2, seed=1).layers", shows: "[0, 1]"),
      .init(
        exampleVector + "; w = contrast(m, d, layer=1, shuffles=0, holdout=0, seed=1); cos(v, w) > 0", shows: "true"),
    ],
    errors: ["E0207", "E0209", "E0501", "E0502", "E0503", "E0504"],
    seeAlso: ["steer", "probe", "statements", "steering_sweep", "activations"]
  ) { call in
    let model = try call.model()
    let word = try call.string("method")
    guard let method = ContrastMethod(name: word) else {
      let known = ContrastMethod.allCases.map(\.rawValue)
      throw ErrorReport(
        .unknownChoice, "there is no method=\"\(word)\"",
        help: Spelling.suggestion(for: word, among: known) ?? "there are \(known.joined(separator: ", "))",
        argument: "method")
    }
    let (layers, site) = try SteeringArguments.layers(call, model)
    let options = ContrastOptions(
      method: method, site: site, position: try SteeringArguments.position(call),
      holdout: try call.number("holdout"), shuffles: try call.integer("shuffles"), penalty: try call.number("penalty"),
      seed: try TensorArguments.seed(call))
    return .native(SteeringValue(try Steering.contrast(model, call.data("pairs"), layers: layers, options: options)))
  }

  private static let steering = Builtin(
    "steering", topic: "activation", summary: "A steering vector made of numbers.",
    parameters: [
      Parameter("x", "tensor", "list", help: "as many numbers as the model is wide, or a row of them for each layer"),
      Parameter("model", "model", help: "the model whose activations it belongs to"),
      Parameter(
        "layer", "number", "string", "list", "tensor", byNameOnly: true, help: ActivationBuiltins.layerHelp),
      ActivationBuiltins.siteParameter,
    ],
    returns: "steering",
    details: "It takes the numbers of one model's vector over to another, and makes random directions: randn(m.width).",
    examples: [
      .init(example + "; steering(ones(16), m, layer=1).norm", shows: "4"),
      .init(example + "; v = steering(randn(2, 16, seed=1), m, layer=\"all\"); v[1].layer", shows: "1"),
    ],
    errors: ["E0207", "E0209", "E0402"], seeAlso: ["contrast", "steer"]
  ) { call in
    let model = try call.model()
    let tensor = try TensorArguments.tensor(from: call["x"], argument: "x")
    let (layers, site) = try SteeringArguments.layers(call, model)
    let width = model.configuration.width
    let fits = tensor.shape == (layers.count == 1 && tensor.rank == 1 ? [width] : [layers.count, width])
    guard fits else {
      throw ErrorReport(
        .shape,
        "\(layers.count == 1 ? "a layer" : "\(layers.count) layers") of \(model.name) take\(layers.count == 1 ? "s" : "") "
          + "\(shapeText(layers.count == 1 ? [width] : [layers.count, width])) numbers",
        label: "these are \(shapeText(tensor.shape))", argument: "x")
    }
    let values = tensor.floats
    return .native(
      SteeringValue(
        try SteeringVector(
          layers: layers.enumerated().map { place, layer in
            .init(index: layer, values: Array(values[(place * width)..<((place + 1) * width)]))
          }, site: site, origin: .init(model), method: "given")))
  }

  // MARK: - Use

  private static let steer = Builtin(
    "steer", topic: "activation", summary: "A model whose activations are pushed along a direction as it computes.",
    parameters: [
      Parameter("model", "model", help: "the model the vector was measured on, or an adapter on it"),
      Parameter("v", "steering", "list", help: "a steering vector, or several"),
      Parameter(
        "scale", "number", presence: .defaults(.number(1)), byNameOnly: true,
        help: "factor of the vector, of either sign; 0 changes no bit"),
      SteeringArguments.steeredPositions, SteeringArguments.kind,
    ],
    returns: "model",
    details: """
      It works wherever a model does: generate, accuracy, perplexity, recover, activations. add: h + scale·v. ablate: the \
      part of h along v is taken off, all of it at scale 1. rotate: h + scale·v, brought back to the length of h. A vector \
      of several layers steers each of them along its own direction, which adds up: scale it down. Vectors of other weights \
      are refused; steering(v.vector, model, layer=v.layers) takes the numbers over. model.plain is the model without.
      """,
    examples: [
      .init(exampleVector + "; s = steer(m, v, scale=4); s == m", shows: "false"),
      .init(exampleVector + "; all(logits(steer(m, v, scale=0), \"ab\") == logits(m, \"ab\"))", shows: "true"),
    ],
    errors: ["E0203", "E0209", "E0501"], seeAlso: ["contrast", "steering_sweep", "generate", "layers"]
  ) { call in
    var model = try call.model()
    let (scale, kind) = (try call.number("scale"), try SteeringArguments.kind(call))
    let positions = try SteeringArguments.steered(call)
    for vector in try SteeringArguments.vectors(call) {
      model = try SteeringValue.naming("v") {
        try model.steered(by: vector, scale: scale, kind: kind, positions: positions)
      }
    }
    return .native(ModelValue(model))
  }

  private static let probe = Builtin(
    "probe", topic: "activation", summary: "How well a direction tells the answers of pairs apart.",
    parameters: [
      v, model, pairs, SteeringArguments.position("answer"),
      Parameter(
        "random", "integer", presence: .defaults(.number(20)), byNameOnly: true,
        help: "random directions, scored likewise"),
      seed,
    ],
    returns: "measure, or a table for several layers",
    details: """
      The share of activations on their side of the threshold, with Wilson's interval in which a pair counts once. A vector \
      that contrast fitted brings its threshold; for another one it is the middle between the sides of these pairs. Chance \
      is the mean over random directions, each with its better sign; 95 % of them lie in shuffled_low to shuffled_high. \
      ordered is the share of pairs whose positive side is further along, whatever the threshold.
      """,
    examples: [.init(exampleVector + "; probe(v, m, d, random=4, seed=1) >= 0", shows: "true")],
    errors: ["E0203", "E0209", "E0503", "E0504"], seeAlso: ["contrast", "accuracy"]
  ) { call in
    let scores = try Steering.probe(
      call.steering(), call.model(), call.data("pairs"), position: SteeringArguments.position(call),
      random: call.integer("random"), seed: TensorArguments.seed(call))
    if scores.count == 1, let only = scores.first { return SteeringValue.measure(only.score) }
    return .native(
      TableValue(
        names: ["layer", "accuracy", "chance", "random_low", "random_high", "ordered"],
        rows: scores.map { layer, score in
          [
            .number(Double(layer)), MeasureValue.interval(score.accuracy),
            score.accuracy.chance.map { .number($0) } ?? .nil,
            score.shuffled.map { .number($0.lowerBound) } ?? .nil,
            score.shuffled.map { .number($0.upperBound) } ?? .nil, .number(score.ordered),
          ]
        }))
  }
}
