import TVSLanguage
import Tensors
import Tokenizers
import Transformers

/// The chapter on models.
enum ModelBuiltins {
  /// All records.
  static let all: [Builtin] = [transformer, adapt, combine, merge, parameters, digest]

  /// A model so small that examples finish in a moment.
  static let exampleModel = "m = transformer(layers=1, width=16, heads=2, context=8, seed=1)"

  private static let transformer = Builtin(
    "transformer", topic: "model", summary: "A fresh decoder-only transformer with random weights.",
    parameters: [
      Parameter("layers", "integer", byNameOnly: true, help: "number of blocks"),
      Parameter("width", "integer", byNameOnly: true, help: "width of the residual stream"),
      Parameter("heads", "integer", byNameOnly: true, help: "attention heads, each width/heads wide"),
      Parameter(
        "mlp", "number", presence: .defaults(.number(2)), byNameOnly: true,
        help: "width inside the MLP as a multiple of width"),
      Parameter(
        "context", "integer", presence: .defaults(.number(18)), byNameOnly: true, help: "longest sequence, in tokens"),
      Parameter(
        "vocabulary", "integer", presence: .optional("16, or the tokenizer's"), byNameOnly: true,
        help: "number of tokens"),
      Parameter(
        "tokenizer", "string", presence: .optional("none: it reads token ids"), byNameOnly: true,
        help: "\"bytes\" for a model that reads text, one token a byte"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
        help: "begins the streams of the weights"),
    ],
    returns: "model",
    details: """
      The block of GPT-2: layer norm before attention and before the MLP, learned positions, GELU in its tanh form, output \
      tied to the token embedding. Matrices and tables are drawn from N(0, 0.02²), each from a stream keyed by its name; \
      gains are one and biases zero. The default vocabulary and context are those of the digit tasks at length 8. A model with a tokenizer reads \
      digit tasks as text, such as "sort:31254 =12345".
      """,
    examples: [
      .init("transformer(layers=4, width=128, heads=2).parameters", shows: "534528"),
      .init(
        "transformer(layers=1, width=16, heads=2, seed=1) == transformer(layers=1, width=16, heads=2, seed=1)",
        shows: "true"),
    ],
    errors: ["E0209", "E0401"], seeAlso: ["train", "adapt", "parameters", "task"]
  ) { call in
    var tokenizer: Tokenizer?
    if call.isGiven("tokenizer") {
      _ = try GeometryArguments.choice(call, "tokenizer", ["bytes"])
      tokenizer = .bytes
    }
    let vocabulary = call.isGiven("vocabulary") ? try call.integer("vocabulary") : tokenizer?.count ?? 16
    if let tokenizer, vocabulary < tokenizer.count {
      throw ErrorReport(
        .invalidArgument, "vocabulary cannot be \(vocabulary)", label: "the tokenizer has \(tokenizer.count) tokens",
        argument: "vocabulary")
    }
    let sizes = try DecoderConfiguration(
      layers: call.integer("layers"), width: call.integer("width"), heads: call.integer("heads"),
      mlp: call.number("mlp"), context: call.integer("context"), vocabulary: vocabulary)
    var model = try Model(PreNormDecoder(sizes), seed: TensorArguments.seed(call))
    model.tokenizer = tokenizer
    return .native(ModelValue(model))
  }

  private static let adapt = Builtin(
    "adapt", topic: "model", summary: "A model with a fresh LoRA adapter, whose factors become the free weights.",
    parameters: [
      Parameter("model", "model", help: "a model without an adapter; its weights are frozen"),
      Parameter(
        "rank", "integer", presence: .defaults(.number(8)), byNameOnly: true, help: "r, columns of B and rows of A"),
      Parameter(
        "alpha", "number", presence: .optional("2·rank"), byNameOnly: true, help: "α of the scale α/r"),
      Parameter(
        "targets", "list", "string", presence: .optional("the inputs of attention"), byNameOnly: true,
        help:
          "linear layers by any part of their path or module name: \"attn.qkv\", \"q_proj\", \"blocks.2\", \"all-linear\""
      ),
      Parameter(
        "init", "string", presence: .defaults(.string("kaiming")), byNameOnly: true,
        help: "how A is drawn: \"kaiming\" or \"gaussian\""
      ).offering { Adapter.Initialization.allCases.map(\.rawValue) },
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true, help: "begins the stream of A"),
    ],
    returns: "model",
    details: """
      Each adapted layer computes x·Wᵀ + (α/r)·x·Aᵀ·Bᵀ with W frozen (Hu et al., arXiv 2106.09685). A is drawn uniformly \
      from ±1/√inputs (kaiming, peft's default) or from N(0, 1/r²) (gaussian), and B is zero: the adapted model starts out equal to its base, and the first \
      step moves B only. Training, runs, prefixes and projections work in the space of the factors; delta_w gives the \
      product, which does not depend on their gauge.
      """,
    examples: [
      .init(exampleModel + "; adapt(m, rank=2).free", shows: "128"),
      .init(exampleModel + "; merge(adapt(m, rank=2)) == m", shows: "true"),
    ],
    errors: ["E0209", "E0501"], seeAlso: ["merge", "delta_w", "train"]
  ) { call in
    let targets: [String]? =
      switch call["targets"] {
      case .string(let target): [target]
      case .list(let items): items.map(\.plainText)
      default: nil
      }
    return .native(
      ModelValue(
        try call.model().adapted(
          rank: call.integer("rank"), alpha: call["alpha"].numberValue, targets: targets,
          seed: TensorArguments.seed(call), initialization: Adapter.Initialization(named: call.string("init")))))
  }

  private static let combine = Builtin(
    "combine", topic: "model", summary: "One adapter whose change of weights is a weighted sum of others', exactly.",
    parameters: [
      Parameter("models", "list", help: "models with adapters on the same base"),
      Parameter("weights", "list", presence: .optional("1 for each"), help: "one for each, of either sign"),
      Parameter(
        "rank", "integer", presence: .optional("the sum of the ranks, which is exact"), byNameOnly: true,
        help: "cut the sum down to this rank by its singular values"),
    ],
    returns: "model",
    details: """
      The sum is that of the products (α/r)·B·A: the factors are joined, so that the rank of the result is the sum of the \
      ranks. Adding the factors B and A apart, as peft's combination_type="linear" does, has cross terms such as B₁·A₂. \
      With rank= the nearest product of that rank is taken, layer by layer: norm(delta_w(exact) - delta_w(cut)) is what that loses.
      """,
    examples: [
      .init(
        exampleModel + "; a = adapt(m, rank=2, seed=1); b = adapt(m, rank=3, seed=2); combine([a, b]).rank", shows: "5"),
      .init(
        exampleModel
          + "; a = train(adapt(m, rank=2), task(\"copy\", length=3), steps=2, batch=4); norm(delta_w(combine([a, a], [1, -1])))",
        shows: "0"),
    ],
    errors: ["E0202", "E0203", "E0209"], seeAlso: ["adapt", "merge", "delta_w"]
  ) { call in
    let models = try call.list("models").map { item in
      guard case .native(let native) = item, let model = native as? ModelValue else {
        throw ErrorReport(.wrongKind, "models are combined, not \(item.article)", argument: "models")
      }
      return model.model
    }
    let weights = call.isGiven("weights") ? try call.list("weights").map { try weight($0) } : models.map { _ in 1 }
    let rank = call.isGiven("rank") ? try call.integer("rank") : nil
    return .native(ModelValue(try Model.combining(models, weights: weights, rank: rank)))
  }

  private static func weight(_ value: Value) throws -> Double {
    guard let number = value.numberValue else {
      throw ErrorReport(.wrongKind, "weights are numbers, not \(value.article)", argument: "weights")
    }
    return number
  }

  private static let merge = Builtin(
    "merge", topic: "model", summary: "Folds an adapter into the weights it sits on.",
    parameters: [Parameter("model", "model", help: "a model made by adapt")], returns: "model",
    details: "W ← W + (α/r)·B·A. The result computes the same function and all its weights are free.",
    examples: [.init(exampleModel + "; merge(adapt(m)).free == m.free", shows: "true")],
    errors: ["E0209"], seeAlso: ["adapt", "delta_w"]
  ) { call in .native(ModelValue(try call.model().merged())) }

  private static let parameters = Builtin(
    "parameters", topic: "model", summary: "The named weights of a model, as a table.",
    parameters: [Parameter("model", "model", help: "any model")], returns: "table",
    details: """
      One row an array of weights, in the order of the flat buffer: its name, by which model["…"] gives it, shape, number of \
      weights, whether it is free to move, and its root mean square.
      """,
    examples: [.init(exampleModel + "; parameters(m)[0].name", shows: "\"embed.tokens\"")],
    seeAlso: ["digest", "transformer"]
  ) { call in
    let model = try call.model()
    var rows = weightRows(model.layout, model.weights, free: model.adapter == nil)
    if let adapter = model.adapter { rows += weightRows(adapter.shape.layout, adapter.factors, free: true) }
    return .native(TableValue(names: ["name", "shape", "count", "free", "rms"], rows: rows))
  }

  private static func weightRows(_ layout: ParameterLayout, _ weights: FloatVector, free: Bool) -> [[Value]] {
    layout.segments.map { segment in
      let squares = weights.withPointer { base in
        (segment.offset..<segment.range.upperBound).reduce(0.0) { $0 + Double(base[$1]) * Double(base[$1]) }
      }
      return [
        .string(segment.name), .string(segment.shape.map(String.init).joined(separator: "×")),
        .number(Double(segment.count)), .bool(free), .number((squares / Double(max(1, segment.count))).squareRoot()),
      ]
    }
  }

  private static let digest = Builtin(
    "digest", topic: "model", summary: "Sixteen hexadecimal digits that tell models apart.",
    parameters: [Parameter("model", "model", help: "any model")], returns: "string",
    details: "A hash over the architecture, all weights and the adapter: equal exactly when every bit is.",
    examples: [.init(exampleModel + "; digest(m) == digest(m + 0*(m - m))", shows: "true")],
    seeAlso: ["provenance", "same"]
  ) { call in .string(try call.model().digest) }
}
