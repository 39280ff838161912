import Foundation
import TVSLanguage
import Tensors
import Tokenizers
import Transformers

/// The chapter on models and text: tokens, scores of text, generation.
enum TextBuiltins {
  /// All records.
  static let all: [Builtin] = [tokenize, detokenize, logits, generate, perplexity, logLikelihood]

  /// A model of bytes, so small that examples finish in a moment.
  static let exampleModel =
    #"m = transformer(layers=1, width=16, heads=2, context=64, tokenizer="bytes", seed=1)"#

  // MARK: - Tokens

  private static let tokenize = Builtin(
    "tokenize", topic: "model", summary: "The tokens that a model reads for a text.",
    parameters: [
      Parameter("model", "model", help: "a model with a tokenizer"), Parameter("text", "string", help: "any text"),
      Parameter(
        "specials", "bool", presence: .defaults(.bool(true)), byNameOnly: true,
        help: "whether what the model's texts begin and end with is added"),
    ],
    returns: "list of token ids",
    details: "Special tokens that are written out in the text, such as <|im_start|>, become those tokens.",
    examples: [.init(exampleModel + #"; tokenize(m, "abc")"#, shows: "[97, 98, 99]")],
    errors: ["E0504"], seeAlso: ["detokenize", "logits"]
  ) { call in
    let tokenizer = try call.model().tokenizer(for: "text")
    let tokens = try tokenizer.encode(call.string("text"), addingSpecials: call.bool("specials"))
    return .list(tokens.map { .number(Double($0)) })
  }

  private static let detokenize = Builtin(
    "detokenize", topic: "model", summary: "The text of tokens.",
    parameters: [
      Parameter("model", "model", help: "a model with a tokenizer"),
      Parameter("ids", "list", "tensor", help: "token ids, from 0"),
      Parameter(
        "specials", "bool", presence: .defaults(.bool(true)), byNameOnly: true,
        help: "whether special tokens are written out"),
    ],
    returns: "string", details: "Bytes that are no UTF-8, such as half a character, become U+FFFD.",
    examples: [.init(exampleModel + "; detokenize(m, [104, 105])", shows: #""hi""#)],
    errors: ["E0202", "E0209", "E0504"], seeAlso: ["tokenize"]
  ) { call in
    let tokenizer = try call.model().tokenizer(for: "ids")
    return .string(try tokenizer.decode(tokenIDs(call, "ids"), skippingSpecials: !call.bool("specials")))
  }

  private static let prompt = Parameter(
    "prompt", "string", "list", "tensor", help: "a text, for a model with a tokenizer, or token ids from 0")

  private static let logits = Builtin(
    "logits", topic: "model", summary: "A model's scores of every next token, one row a position.",
    parameters: [Parameter("model", "model", help: "any model"), prompt], returns: "tensor",
    details: """
      Row i scores the token after position i, given those up to it. Softmax over a row gives probabilities. A text is read \
      with what the model's texts begin with: tokenize shows its tokens.
      """,
    examples: [
      .init(ModelBuiltins.exampleModel + "; logits(m, [1, 2, 3]).shape", shows: "[3, 16]"),
      .init(exampleModel + #"; logits(m, "abc").shape"#, shows: "[3, 256]"),
    ],
    errors: ["E0502", "E0504"], seeAlso: ["generate", "softmax", "tokenize"]
  ) { call in
    let model = try call.model()
    let tokens = try tokens(call, "prompt", model)
    try checkTokens(tokens, model, longest: model.configuration.context)
    return TensorValue.value(
      try Tensor(float32: [tokens.count, model.configuration.vocabulary]) { target, _ in
        try writeLogits(of: model, tokens: tokens, into: target)
      })
  }

  // MARK: - Generation

  private static let generate = Builtin(
    "generate", topic: "model", summary: "Continues a text or a sequence of tokens.",
    parameters: [
      Parameter("model", "model", help: "any model"), prompt,
      Parameter(
        "tokens", "integer", presence: .defaults(.number(50)), byNameOnly: true,
        help: "how many to add at most; fewer when the context is full"),
      Parameter(
        "temperature", "number", presence: .defaults(.number(0)), byNameOnly: true,
        help: "0 for the most likely token, 1 for the model's own distribution"),
      Parameter(
        "top_k", "integer", presence: .optional("all tokens"), byNameOnly: true,
        help: "draws from so many of the most likely tokens"),
      Parameter(
        "top_p", "number", presence: .defaults(.number(1)), byNameOnly: true,
        help: "draws from the fewest tokens that hold this share of the probability"),
      Parameter(
        "stop", "string", "list", presence: .optional("none"), byNameOnly: true,
        help: "text that ends it, or a list of such; not part of the result"),
      Parameter(
        "seed", "integer", presence: .optional("the session's seed"), byNameOnly: true, help: "begins the draws"),
      Parameter(
        "chat", "bool", presence: .defaults(.bool(false)), byNameOnly: true,
        help: "whether the prompt is what a user says, to which the model answers"),
    ],
    returns: "string for a text, list of token ids for token ids",
    details: """
      Gives the new part only, and ends at a token that ends a text or a turn. Scores are divided by the temperature, then \
      top_k, then top_p (nucleus sampling, Holtzman et al., arXiv 1904.09751) leave tokens out. Each draw depends on the \
      seed and the position alone. chat=true writes the prompt as a conversation in the template of the model.
      """,
    examples: [
      .init(ModelBuiltins.exampleModel + "; len(generate(m, [1, 2], tokens=3))", shows: "3"),
      .init(
        exampleModel
          + #"; generate(m, "abc", tokens=4, temperature=1, seed=2) == generate(m, "abc", tokens=4, temperature=1, seed=2)"#,
        shows: "true"),
    ],
    errors: ["E0209", "E0502", "E0504"], seeAlso: ["logits", "loglikelihood"]
  ) { call in
    let model = try call.model()
    let count = try call.integer("tokens")
    guard (0...(1 << 24)).contains(count) else {
      throw ErrorReport(
        .invalidArgument, "tokens cannot be \(count)", label: "it must lie between 0 and 16,777,216", argument: "tokens"
      )
    }
    let isText: Bool
    if case .string = call["prompt"] { isText = true } else { isText = false }
    let strings = try stops(call)
    if !strings.isEmpty { _ = try model.tokenizer(for: "stop") }
    let result = try Transformers.generate(
      model, prompt: call.bool("chat") ? conversation(call, model) : tokens(call, "prompt", model), count: count,
      sampling: Sampling(
        temperature: call.number("temperature"), topK: call["top_k"].wholeNumber, topP: call.number("top_p"),
        seed: TensorArguments.seed(call)),
      stopping: Stopping(tokens: model.tokenizer?.stops ?? [], strings: strings))
    return isText ? .string(result.text) : .list(result.tokens.map { .number(Double($0)) })
  }

  /// The tokens of what a user says, up to where the model's answer begins.
  private static func conversation(_ call: Call, _ model: Model) throws -> [Int32] {
    let tokenizer = try model.tokenizer(for: "prompt")
    guard case .string(let text) = call["prompt"] else {
      throw ErrorReport(
        .wrongKind, "a conversation begins with a text, not with \(call["prompt"].article)", argument: "prompt")
    }
    guard tokenizer.chat != nil else {
      throw ErrorReport(
        .invalidArgument, "\(model.name) has no template for conversations that is known",
        help: "write the prompt as the model was trained to read it, without chat", argument: "chat")
    }
    // The template writes out what a text begins with.
    let written = try tokenizer.render([(role: "user", content: text)], addingPrompt: true)
    return try tokenizer.encode(written, addingSpecials: false)
  }

  private static func stops(_ call: Call) throws -> [String] {
    switch call["stop"] {
    case .string(let text): return [text]
    case .list(let items):
      return try items.map { item in
        guard case .string(let text) = item else {
          throw ErrorReport(.wrongKind, "what ends a text is a string, not \(item.article)", argument: "stop")
        }
        return text
      }
    default: return []
    }
  }

  // MARK: - Scores

  private static let perplexity = Builtin(
    "perplexity", topic: "training", summary: "How many tokens a model wavers between at each token of a text.",
    parameters: [
      Parameter("model", "model", help: "the model to score"),
      Parameter("text", "string", "data", "list", "tensor", help: "a text, text(path), or token ids"),
      Parameter(
        "window", "integer", presence: .defaults(.number(256)), byNameOnly: true,
        help: "tokens that are scored together, from 2; data has its own length"),
      Parameter(
        "limit", "integer", presence: .optional("the whole text"), byNameOnly: true,
        help: "at most so many windows, from the start"),
    ],
    returns: "measure",
    details: """
      exp of the mean loss in nats a token. Windows do not overlap and know nothing of each other; the first token of a \
      window is not scored, unless the model's texts begin with a token of their own, which then stands before each \
      window. The 95 % interval is that of the mean over windows; chance is the size of the vocabulary.
      """,
    examples: [
      .init(exampleModel + #"; p = perplexity(m, "To be, or not to be", window=8); p > 200 and p < 300"#, shows: "true")
    ],
    errors: ["E0209", "E0502", "E0504"], seeAlso: ["text", "loss", "loglikelihood"]
  ) { call in
    let model = try call.model()
    let limit = call.isGiven("limit") ? try call.integer("limit") : nil
    let windows = try windows(call, "text", model)
    return GeometryBuiltins.measure(try Transformers.perplexity(model, of: windows, limit: limit))
  }

  /// The text of an argument in windows of `window` tokens.
  static func windows(_ call: Call, _ name: String, _ model: Model) throws -> TokenWindows {
    switch call[name] {
    case .string(let text):
      let tokenizer = try model.tokenizer(for: name)
      return try TokenWindows(
        name: name, tokens: tokenizer.encode(text, addingSpecials: false), length: call.integer("window"),
        tokenizer: tokenizer)
    case .native(let native) where native is DataValue:
      guard let bound = try call.data(name).bound(to: model) as? TokenWindows else {
        throw ErrorReport(
          .wrongKind, "perplexity is that of a text, and this has answers", help: "exp(loss(model, data))",
          argument: name)
      }
      if call.isGiven("window"), try call.integer("window") != bound.length {
        throw ErrorReport(
          .invalidArgument, "this text has windows of \(bound.length) tokens",
          help: "text(path, length=\(try call.integer("window")))", argument: "window")
      }
      return bound
    default:
      return try TokenWindows(
        name: name, tokens: tokenIDs(call, name), length: call.integer("window"), tokenizer: nil)
    }
  }

  private static let logLikelihood = Builtin(
    "loglikelihood", topic: "training", summary: "How likely each of several answers is after a prompt, as a table.",
    parameters: [
      Parameter("model", "model", help: "a model with a tokenizer"),
      Parameter("prompt", "string", help: "what the answers follow"),
      Parameter("answers", "list", "string", help: "texts; begin them with a space where the prompt ends with a word"),
    ],
    returns: "table",
    details: """
      Columns: answer; tokens that are scored; loglikelihood, the sum of their log-probabilities in nats; share, the \
      answer's probability among these answers. All answers are scored from the first token in which one of them shows, \
      also where the tokenizer merges it with the end of the prompt. Longer answers are less likely: compare answers of \
      like length, or divide by tokens.
      """,
    examples: [
      .init(exampleModel + #"; loglikelihood(m, "2 + 2 =", [" 4", " 5"])["tokens"]"#, shows: "[2, 2]"),
      .init(exampleModel + #"; sum(loglikelihood(m, "yes or", [" no", " yes"]).share)"#, shows: "1"),
    ],
    errors: ["E0202", "E0502", "E0504"], seeAlso: ["dataset", "accuracy", "logits"]
  ) { call in
    let model = try call.model()
    let tokenizer = try model.tokenizer(for: "prompt")
    let items: [Value]
    if case .list(let list) = call["answers"] { items = list } else { items = [call["answers"]] }
    let answers = try items.map { item in
      guard case .string(let text) = item else {
        throw ErrorReport(.wrongKind, "answers are strings, not \(item.article)", argument: "answers")
      }
      return text
    }
    if answers.isEmpty { throw ErrorReport(.invalidArgument, "there are no answers", argument: "answers") }
    let tokens = try Continuations(prompt: call.string("prompt"), answers: answers, tokenizer: tokenizer)
    let scores = try logLikelihoods(of: tokens.answers, after: tokens.prompt, model)
    let best = scores.max() ?? 0
    let total = scores.reduce(0) { $0 + exp($1 - best) }
    return .native(
      TableValue(
        names: ["answer", "tokens", "loglikelihood", "share"],
        rows: answers.indices.map { place in
          [
            .string(answers[place]), .number(Double(tokens.answers[place].count)), .number(scores[place]),
            .number(exp(scores[place] - best) / total),
          ]
        }))
  }

  // MARK: - Arguments

  /// The tokens of a text or of a list of ids.
  static func tokens(_ call: Call, _ name: String, _ model: Model) throws -> [Int32] {
    guard case .string(let text) = call[name] else { return try tokenIDs(call, name) }
    return try model.tokenizer(for: name).prompt(text)
  }

  private static func tokenIDs(_ call: Call, _ name: String) throws -> [Int32] {
    try call.elements(name).map { item in
      guard let whole = item.wholeNumber, let token = Int32(exactly: whole), token >= 0 else {
        throw ErrorReport(
          .wrongKind, "tokens are whole numbers from 0, not \(item.article)", help: "as in [10, 3, 1, 2, 14]",
          argument: name)
      }
      return token
    }
  }
}
