import TVSLanguage
import Tensors
import Tokenizers
import Transformers

extension ActivationBuiltins {
  static let attention = Builtin(
    "attention", topic: "activation", summary: "What the heads of a model attend to in a text.",
    parameters: [
      Parameter("model", "model", help: "the model, steered or not"),
      Parameter("text", "string", "list", "tensor", help: "a text, for a model with a tokenizer, or token ids from 0"),
      Parameter(
        "layer", "number", "string", "list", byNameOnly: true,
        help: "a number (negative from the end), \"all\", or a list"
      ).offering { ["all"] },
      Parameter(
        "head", "number", "string", "list", presence: .defaults(.string("all")), byNameOnly: true,
        help: "a number, \"all\", or a list"
      ).offering { ["all"] },
    ],
    returns: "attention",
    details: """
      a.weights is a float32 tensor, layers × heads × tokens × tokens without the axes of which there is one: how much the \
      token of a row attends to that of a column. Rows add up to one; nothing attends to what comes after it. a.table has \
      a row a head: the mean entropy of its rows in nats, and its mean weight on the first token, on the token before and \
      on the token itself, beside those of a head that attends to all that it sees alike (chance). plot(a) draws a heat map \
      a head. a[…] indexes the weights.
      """,
    examples: [
      .init(TextBuiltins.exampleModel + #"; a = attention(m, "abc", layer=0); a.weights.shape"#, shows: "[2, 3, 3]"),
      .init(
        TextBuiltins.exampleModel + #"; a = attention(m, "abc", layer=0, head=1); round(sum(a[2]), 6)"#, shows: "1"),
      .init(
        TextBuiltins.exampleModel + #"; plot(attention(m, "abc", layer=-1, head=0)).title"#,
        shows: #""Attention of head 0 in layer 0""#),
    ],
    errors: ["E0202", "E0209", "E0501", "E0502", "E0504"], seeAlso: ["activations", "layers", "plot"]
  ) { call in
    let model = try call.model()
    let tokens = try TextBuiltins.tokens(call, "text", model)
    let layers = try numbers(call, "layer", count: model.configuration.layers, of: model)
    let heads = try numbers(call, "head", count: model.configuration.heads, of: model)
    let patterns = try model.attentionPatterns(of: tokens, layers: layers)
    let size = tokens.count * tokens.count
    let weights = try Tensor(float32: [layers.count, heads.count, tokens.count, tokens.count]) { out, _ in
      for (place, pattern) in patterns.enumerated() {
        let values = pattern.floats
        for (row, head) in heads.enumerated() {
          let target = out + (place * heads.count + row) * size
          for index in 0..<size { target[index] = values[head * size + index] }
        }
      }
    }
    return .native(
      AttentionValue(
        model: (model.name, model.digest), tokens: try texts(of: tokens, model), layers: layers, heads: heads,
        weights: weights))
  }

  /// Tokens as text; their numbers where there is no tokenizer.
  private static func texts(of tokens: [Int32], _ model: Model) throws -> [String] {
    guard let tokenizer = try? model.tokenizer(for: "text") else { return tokens.map { String($0) } }
    return try tokens.map { token in
      let text = try tokenizer.decode([token], skippingSpecials: false)
      return text.isEmpty ? String(token) : text
    }
  }

  /// The blocks or heads that an argument names.
  private static func numbers(_ call: Call, _ name: String, count: Int, of model: Model) throws -> [Int] {
    func number(_ value: Value) throws -> Int {
      guard let whole = value.wholeNumber else {
        throw ErrorReport(
          .wrongKind, "a \(name) is a whole number, not \(value.article)", help: "or \"all\", or a list of numbers",
          argument: name)
      }
      let place = whole < 0 ? whole + count : whole
      guard (0..<count).contains(place) else {
        throw ErrorReport(
          .invalidArgument, "\(name) cannot be \(whole)", label: "\(model.name) has \(name)s 0 to \(count - 1)",
          argument: name)
      }
      return place
    }
    switch call[name] {
    case .string:
      _ = try GeometryArguments.choice(call, name, ["all"])
      return Array(0..<count)
    case .list(let items):
      guard !items.isEmpty else {
        throw ErrorReport(.invalidArgument, "the list of \(name)s is empty", argument: name)
      }
      return try items.map(number)
    default: return [try number(call[name])]
    }
  }
}
