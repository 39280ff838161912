import Steering
import TVSLanguage
import Tensors
import Transformers

/// Reads arguments of builtins on activations.
enum SteeringArguments {
  static let layer = Parameter(
    "layer", "integer", "list", "tensor", "string", presence: .defaults(.string("all")), byNameOnly: true,
    help: "a block from 0, several of them, \"all\", or a name that layers(model) lists")

  static let site = Parameter(
    "site", "string", presence: .defaults(.string(ActivationSite.residPost.rawValue)), byNameOnly: true,
    help: "where in a block: \"resid_pre\", \"attn_out\", \"resid_mid\", \"mlp_out\" or \"resid_post\""
  ).offering { ActivationSite.allCases.map(\.rawValue) }

  static func position(_ standard: String) -> Parameter {
    Parameter(
      "position", "string", "integer", presence: .defaults(.string(standard)), byNameOnly: true,
      help: "at which token: \"answer\", \"last\", \"mean\", or its number"
    ).offering { ["answer", "last", "mean"] }
  }

  /// Blocks of a model, and the site if the argument names a point.
  static func layers(_ call: Call, _ model: Model, _ name: String = "layer") throws -> (
    layers: [Int], site: ActivationSite?
  ) {
    let count = model.configuration.layers
    switch call[name] {
    case .nil, .string("all"): return (Array(0..<count), nil)
    case .string(let text):
      let point = try ActivationPoint(named: text, in: model)
      return ([point.layer], point.site)
    default: return (try numbers(call, name, below: count), nil)
    }
  }

  /// Numbers of layers, alone or several.
  static func numbers(_ call: Call, _ name: String, below count: Int) throws -> [Int] {
    let items: [Value] = if call[name].numberValue == nil { try call.elements(name) } else { [call[name]] }
    let numbers = try items.map { item in
      guard let whole = item.wholeNumber else {
        throw ErrorReport(
          .wrongKind, "a layer is a whole number, not \(item.article)", help: "as in \(name)=5 or \(name)=[3, 5]",
          argument: name)
      }
      let place = whole < 0 ? whole + count : whole
      guard (0..<count).contains(place) else {
        throw ErrorReport(
          .indexOutOfRange, "there is no layer \(whole)", label: "layers go from 0 to \(count - 1)", argument: name)
      }
      return place
    }
    guard !numbers.isEmpty else {
      throw ErrorReport(.invalidArgument, "\(name) names no layer", help: "as in \(name)=5", argument: name)
    }
    return numbers
  }

  static func site(_ call: Call) throws -> ActivationSite {
    let known = ActivationSite.allCases.map(\.rawValue)
    return ActivationSite(rawValue: try GeometryArguments.choice(call, "site", known)) ?? .residPost
  }

  static func position(_ call: Call) throws -> ReadingPosition {
    if let place = call["position"].wholeNumber { return .index(place) }
    return switch try GeometryArguments.choice(call, "position", ["answer", "last", "mean"]) {
    case "answer": .answer
    case "mean": .mean
    default: .last
    }
  }

  /// Where a steered model is steered: a word, or [from, to].
  static func steered(_ call: Call) throws -> SteeringEdit.Positions {
    if case .list(let items) = call["positions"] {
      guard items.count == 2, let from = items[0].wholeNumber, let to = items[1].wholeNumber, from >= 0, from < to
      else {
        throw ErrorReport(
          .invalidArgument, "positions are a word, or a first token and the one after the last", help: "as in [0, 4]",
          argument: "positions")
      }
      return .range(from..<to)
    }
    return switch try GeometryArguments.choice(call, "positions", ["all", "after_prompt", "last"]) {
    case "after_prompt": .afterPrompt
    case "last": .last
    default: .all
    }
  }

  static let steeredPositions = Parameter(
    "positions", "string", "list", presence: .defaults(.string("all")), byNameOnly: true,
    help: "\"all\" tokens, \"after_prompt\", \"last\" of the prompt, or [from, to]"
  ).offering { ["all", "after_prompt", "last"] }

  static let kind = Parameter(
    "kind", "string", presence: .defaults(.string("add")), byNameOnly: true, help: "\"add\", \"ablate\" or \"rotate\""
  ).offering { SteeringEdit.Kind.allCases.map(\.rawValue) }

  static func kind(_ call: Call) throws -> SteeringEdit.Kind {
    let known = SteeringEdit.Kind.allCases.map(\.rawValue)
    return SteeringEdit.Kind(rawValue: try GeometryArguments.choice(call, "kind", known)) ?? .add
  }

  static let texts = Parameter(
    "texts", "string", "list", "data", help: "a text, several of them, lists of token ids, or data with prompts")

  /// Token sequences: of texts, of ids, or of the prompts of data.
  static func texts(_ call: Call, _ name: String, _ model: Model) throws -> [[Int32]] {
    switch call[name] {
    case .string(let text): return [try model.tokenizer(for: name).prompt(text)]
    case .native(let native):
      guard let data = (native as? DataValue)?.data else { break }
      let records = try data.parts.flatMap { part in
        guard let part = part as? PromptData else {
          throw ErrorReport(
            .wrongKind, "\(part.name) has no prompts", help: "use statements(), pairs() or dataset()", argument: name)
        }
        return part.records
      }
      return try records.map { try model.tokenizer(for: name).prompt($0.prompt) }
    case .list(let items):
      return try items.map { item in
        switch item {
        case .string(let text): return try model.tokenizer(for: name).prompt(text)
        case .list(let ids):
          return try ids.map { id in
            guard let whole = id.wholeNumber, let token = Int32(exactly: whole), token >= 0 else {
              throw ErrorReport(
                .wrongKind, "tokens are whole numbers from 0, not \(id.article)", help: "as in [[10, 3], [1, 2]]",
                argument: name)
            }
            return token
          }
        default:
          throw ErrorReport(
            .wrongKind, "\(name) are strings or lists of token ids, not \(item.article)",
            help: "as in [\"one text\", \"another\"]", argument: name)
        }
      }
    default: break
    }
    throw ErrorReport(.wrongKind, "\(name) are not \(call[name].article)", argument: name)
  }

  /// A steering vector, or several.
  static func vectors(_ call: Call, _ name: String = "v") throws -> [SteeringVector] {
    let items: [Value]
    if case .list(let list) = call[name] { items = list } else { items = [call[name]] }
    guard !items.isEmpty else {
      throw ErrorReport(.invalidArgument, "there is no steering vector", argument: name)
    }
    return try items.map { item in
      guard case .native(let native) = item, let vector = (native as? SteeringValue)?.vector else {
        throw ErrorReport(
          .wrongKind, "\(item.article) is no steering vector",
          help: "contrast(model, pairs, layer=5) fits one, steering(tensor, model, layer=5) makes one", argument: name)
      }
      return vector
    }
  }
}

extension Call {
  /// The steering vector of an argument.
  func steering(_ name: String = "v") throws -> SteeringVector { try native(name, as: SteeringValue.self).vector }
}
