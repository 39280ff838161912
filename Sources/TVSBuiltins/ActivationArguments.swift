import Checkpoints
import TVSLanguage
import Tensors
import Transformers

/// The places that an argument names.
struct ActivationPlaces {
  /// At least one.
  let points: [ActivationPoint]
  /// Whether one place was named by itself, so that results have no axis for places.
  let isSingle: Bool

  /// A number of a block (negative from the end), the name of a place, `"all"` blocks, or a list of numbers and names.
  ///
  /// - Throws: ``ErrorReport``, `TransformerError`.
  init(_ call: Call, _ model: Model) throws {
    let site = try ActivationSite(named: call.string("site"))
    switch call["layer"] {
    case .string("all"):
      points = (0..<model.configuration.layers).map { ActivationPoint(layer: $0, site: site) }
      isSingle = false
    case .list, .native:
      let items = try call.elements("layer")
      if items.isEmpty { throw ErrorReport(.invalidArgument, "the list of layers is empty", argument: "layer") }
      points = try items.map { try Self.point($0, site, model) }
      isSingle = false
    default:
      points = [try Self.point(call["layer"], site, model)]
      isSingle = true
    }
  }

  private static func point(_ value: Value, _ site: ActivationSite, _ model: Model) throws -> ActivationPoint {
    if case .string(let name) = value { return try ActivationPoint(named: name, in: model) }
    let layers = model.configuration.layers
    guard let number = value.wholeNumber else {
      throw ErrorReport(
        .wrongKind, "a layer is a whole number or the name of a place, not \(value.article)",
        help: "as in layer=0, layer=-1, layer=\"all\" or layer=\"blocks.0.resid_post\"", argument: "layer")
    }
    let layer = number < 0 ? number + layers : number
    guard (0..<layers).contains(layer) else {
      throw ErrorReport(
        .invalidArgument, "layer cannot be \(number)", label: "\(model.name) has layers 0 to \(layers - 1)",
        argument: "layer")
    }
    return ActivationPoint(layer: layer, site: site)
  }

  /// Matrices or vectors of the places as one tensor, with an axis for places unless there is a single one.
  func joined(_ tensors: [Tensor]) throws -> Tensor {
    if isSingle, let only = tensors.first { return only }
    return try Tensor.stacked(tensors)
  }
}

/// Texts whose activations are read, as tokens.
struct ActivationTexts {
  /// The tokens of each.
  private(set) var sequences: [[Int32]] = []
  /// At which of them.
  private(set) var rule: PositionRule = .last

  /// A string, a list of strings, token ids (a list, a list of lists, or a tensor whose rows may be padded), or data.
  ///
  /// - Parameter position: stands in for the argument of that name.
  /// - Throws: ``ErrorReport``, `TransformerError`, `TokenizerError`, `Interrupted`.
  init(_ call: Call, _ model: Model, position: Value? = nil) throws {
    let position = position ?? call["position"]
    let isAnswer = position.isString("answer")
    if case .native(let native) = call["texts"], native is DataValue {
      let data = try model.reading(call.data("texts"))
      let examples = try Self.examples(call, data)
      if isAnswer {
        let parts = examples.map { (prompt: $0.prompt, answer: $0.targets) }
        sequences = parts.map { $0.prompt + $0.answer }
        rule = .answer(parts.map { $0.prompt.count..<$0.prompt.count + $0.answer.count })
        return
      }
      // All of a window of text is scored, so that there is no prompt to read by itself.
      sequences = examples.map { data is TokenWindows ? $0.prompt + $0.targets : $0.prompt }
    } else {
      if isAnswer {
        throw ErrorReport(
          .invalidArgument, "only data has answers, and texts is \(call["texts"].article)",
          help: "use position=\"last\", or read the texts with dataset(path, prompt=…, answer=…)", argument: "position")
      }
      sequences = try Self.sequences(call, model)
    }
    var kept = sequences.map { $0.indices }
    if call.isGiven("pad"), let pad = Int32(exactly: try call.integer("pad")) {
      kept = try sequences.enumerated().map { number, tokens in
        guard let first = tokens.firstIndex(where: { $0 != pad }), let last = tokens.lastIndex(where: { $0 != pad })
        else {
          throw ErrorReport(.dataMismatch, "text \(number + 1) is padding throughout", argument: "texts")
        }
        return first..<last + 1
      }
    }
    rule = try Self.rule(position, sequences, kept)
    sequences = zip(sequences, kept).map { Array($0[$1]) }
  }

  // MARK: - Positions

  private static func rule(_ value: Value, _ sequences: [[Int32]], _ kept: [Range<Int>]) throws -> PositionRule {
    switch value {
    case .string:
      switch try GeometryArguments.choice(value, "position", ["last", "all", "mean", "answer"]) {
      case "all": return .all
      case "mean": return .mean
      default: return .last
      }
    case .list, .native:
      if let number = value.wholeNumber { return .index(number) }
      let masks = try flags(value, sequences.count)
      return .mask(
        try zip(masks, zip(sequences, kept)).map { mask, text in
          guard mask.count == text.0.count else {
            throw ErrorReport(
              .shape, "a mask has \(mask.count) flags for a text of \(text.0.count) tokens", argument: "position")
          }
          return Array(mask[text.1])
        })
    default:
      guard let number = value.wholeNumber else {
        throw ErrorReport(
          .wrongKind, "a position is a word, a whole number or a mask, not \(value.article)",
          help: "as in position=\"last\", position=-2, or one list of true and false a text", argument: "position")
      }
      return .index(number)
    }
  }

  /// Flags of each text; those of a single text may stand without a list around them.
  private static func flags(_ value: Value, _ count: Int) throws -> [[Bool]] {
    let items = try elements(value, "position")
    let isFlat = count == 1 && items.allSatisfy { flag($0) != nil }
    let rows = isFlat ? [items] : try items.map { try elements($0, "position") }
    guard rows.count == count else {
      throw ErrorReport(
        .shape, "there are \(count) texts and \(rows.count) rows in the mask", argument: "position")
    }
    return try rows.map { row in
      try row.map { item in
        guard let flag = flag(item) else {
          throw ErrorReport(.wrongKind, "a mask holds true and false, not \(item.article)", argument: "position")
        }
        return flag
      }
    }
  }

  private static func flag(_ value: Value) -> Bool? {
    switch value {
    case .bool(let flag): flag
    case .number(0): false
    case .number(1): true
    default: nil
    }
  }

  // MARK: - Texts

  private static func sequences(_ call: Call, _ model: Model) throws -> [[Int32]] {
    if case .string(let text) = call["texts"] { return [try model.tokenizer(for: "texts").prompt(text)] }
    let items = try call.elements("texts")
    if items.isEmpty { throw ErrorReport(.dataMismatch, "there are no texts", argument: "texts") }
    if items.allSatisfy({ $0.wholeNumber != nil }) { return [try tokens(items)] }
    return try items.enumerated().map { number, item in
      if number % 64 == 0 { try Cancellation.check() }
      if case .string(let text) = item { return try model.tokenizer(for: "texts").prompt(text) }
      return try tokens(elements(item, "texts"))
    }
  }

  private static func tokens(_ items: [Value]) throws -> [Int32] {
    try items.map { item in
      guard let whole = item.wholeNumber, let token = Int32(exactly: whole), token >= 0 else {
        throw ErrorReport(
          .wrongKind, "a text is a string or a list of token ids from 0, not of \(item.article)", argument: "texts")
      }
      return token
    }
  }

  private static func elements(_ value: Value, _ argument: String) throws -> [Value] {
    switch value {
    case .list(let items): return items
    case .native(let native): if let items = try native.elements() { return items }
    default: break
    }
    throw ErrorReport(
      .wrongKind, "\(value.article) stands where a list belongs",
      help: argument == "texts" ? "texts are strings, or lists of token ids" : "one list of true and false a text",
      argument: argument)
  }

  /// Examples in the order of the data; of generated data the first of the seed's stream.
  private static func examples(_ call: Call, _ data: any Dataset) throws -> [Batch.Example] {
    let limit = call.isGiven("n") ? try call.integer("n") : nil
    if let limit, !(1...(1 << 20)).contains(limit) {
      throw ErrorReport(
        .invalidArgument, "n cannot be \(limit)", label: "it must lie between 1 and 1,048,576", argument: "n")
    }
    if let listed = data.listedExamples { return Array(listed.prefix(limit ?? .max)) }
    return try data.examples(count: limit ?? 64, seed: TensorArguments.seed(call), index: 0)
  }
}

extension Batch.Example {
  /// What the model reads before the first token that is scored.
  fileprivate var prompt: [Int32] { Array(tokens.dropLast(max(0, targets.count - 1))) }
}

extension Value {
  fileprivate func isString(_ word: String) -> Bool {
    if case .string(word) = self { return true }
    return false
  }
}
