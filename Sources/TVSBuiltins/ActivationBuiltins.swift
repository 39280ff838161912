import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// The chapter on activations.
enum ActivationBuiltins {
  /// All records.
  static let all: [Builtin] = [layers, activations, attention, shift]

  private static let layers = Builtin(
    "layers", topic: "activation", summary: "The places of a model at which activations are read and steered.",
    parameters: [Parameter("model", "model", help: "the model")],
    returns: "table",
    details: """
      Columns: name, as in TransformerLens; layer; site; holds, what is there. A block computes resid_pre → + attn_out → \
      resid_mid → + mlp_out → resid_post, and the next block begins with that. attn_out and mlp_out are what is added to \
      the residual stream: the last linear layer's result, with its bias, and in OLMo 2 after the norm that follows it.
      """,
    examples: [
      .init(ModelBuiltins.exampleModel + #"; layers(m).name[4]"#, shows: #""blocks.0.resid_post""#),
      .init(ModelBuiltins.exampleModel + "; len(layers(m))", shows: "5"),
    ],
    seeAlso: ["activations", "shift"]
  ) { call in
    .native(
      TableValue(
        names: ["name", "layer", "site", "holds"],
        rows: try call.model().activationPoints.map {
          [.string($0.name), .number(Double($0.layer)), .string($0.site.rawValue), .string(meaning($0.site))]
        }))
  }

  private static func meaning(_ site: ActivationSite) -> String {
    switch site {
    case .residPre: "the residual stream before the block"
    case .attnOut: "what attention adds to it"
    case .residMid: "the residual stream between attention and MLP"
    case .mlpOut: "what the MLP adds to it"
    case .residPost: "the residual stream after the block"
    }
  }

  // MARK: - Parameters

  static let textsParameter = Parameter(
    "texts", "string", "list", "tensor", "data",
    help: "a text, a list of texts, token ids, or data, of which the prompts are read")

  static let siteParameter = Parameter(
    "site", "string", presence: .defaults(.string("resid_post")), byNameOnly: true,
    help: "where in the block: \"resid_pre\", \"attn_out\", \"resid_mid\", \"mlp_out\" or \"resid_post\""
  ).offering { ActivationSite.allCases.map(\.rawValue) }

  static let positionParameter = Parameter(
    "position", "string", "number", "list", "tensor", presence: .defaults(.string("last")), byNameOnly: true,
    help: "\"last\", \"mean\", \"all\", \"answer\" (of data), a number (negative from the end), or a mask"
  ).offering { ["last", "mean", "all", "answer"] }

  static let layerHelp = "a number (negative from the end), \"all\", a name such as \"blocks.0.resid_mid\", or a list"

  static let readingParameters = [
    Parameter(
      "n", "integer", presence: .optional("all; 64 of generated data"), byNameOnly: true,
      help: "how many examples of data"),
    Parameter(
      "pad", "integer", presence: .optional("none"), byNameOnly: true,
      help: "the token that fills rows of token ids up, on the left or on the right; it is not read"),
    Parameter(
      "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true,
      help: "which examples of generated data, and random controls"),
  ]

  // MARK: - Reading

  private static let activations = Builtin(
    "activations", topic: "activation", summary: "What a model computes inside: activations at a layer, as a tensor.",
    parameters: [
      Parameter("model", "model", help: "the model, steered or not"), textsParameter,
      Parameter("layer", "number", "string", "list", "tensor", byNameOnly: true, help: layerHelp),
      positionParameter, siteParameter,
      Parameter(
        "padding", "string", presence: .defaults(.string("right")), byNameOnly: true,
        help: "on which side shorter texts are filled up: \"right\" or \"left\""
      ).offering { PaddingSide.allCases.map(\.rawValue) },
    ] + readingParameters,
    returns: "tensor",
    details: """
      float32 of shape texts × width; with "all" or a mask tokens × width, text after text. Several layers are a first axis. \
      position "last" is the last token, where the next one is predicted; "mean" the mean over all tokens; "answer" the mean \
      over the tokens of the answer (contrastive activation addition reads there), which only data has; a mask is one list \
      of true and false a text, or a tensor.
      Of data the prompts are read, in its order, and whole windows of text; with "answer" prompt and answer. The model \
      computes as far as the deepest layer and no further. Neither other texts nor filling on the right change a bit; on the \
      left, rotary positions begin elsewhere, and the last bits differ. A steered model's activations are those after \
      steering.
      """,
    examples: [
      .init(GeometryBuiltins.exampleModel + "; activations(m, [[1, 2, 3], [4, 5]], layer=0).shape", shows: "[2, 16]"),
      .init(
        TextBuiltins.exampleModel
          + #"; a = activations(m, ["yes", "no"], layer="all", position="mean"); a.shape"#, shows: "[1, 2, 16]"),
      .init(
        GeometryBuiltins.exampleModel
          + #"; x = activations(m, [1, 2, 3], layer=0, site="resid_mid"); y = activations(m, [1, 2, 3], layer="blocks.0.mlp_out"); "#
          + #"norm(x + y - activations(m, [1, 2, 3], layer=-1)) < 1e-6"#,
        shows: "true"),
    ],
    errors: ["E0202", "E0209", "E0501", "E0502", "E0504"], seeAlso: ["layers", "shift", "logits", "generate"]
  ) { call in
    let model = try call.model()
    let places = try ActivationPlaces(call, model)
    let texts = try ActivationTexts(call, model)
    let side = try GeometryArguments.choice(call, "padding", PaddingSide.allCases.map(\.rawValue))
    let found = try model.activations(
      of: texts.sequences, at: places.points, positions: texts.rule, padding: PaddingSide(rawValue: side) ?? .right)
    return .native(TensorValue(try places.joined(found.matrices)))
  }
}
