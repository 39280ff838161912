import Steering
import TVSLanguage
import Tensors
import Transformers

/// Reads arguments of builtins on activations.
enum SteeringArguments {
  static let layer = Parameter(
    "layer", "number", "string", "list", "tensor", presence: .defaults(.string("all")), byNameOnly: true,
    help: ActivationBuiltins.layerHelp)

  static func position(_ standard: String) -> Parameter {
    Parameter(
      "position", "string", "integer", presence: .defaults(.string(standard)), byNameOnly: true,
      help: "at which token: \"answer\", \"last\", \"mean\", or its number"
    ).offering { ["answer", "last", "mean"] }
  }

  /// Blocks of a model, and the one site at which they are read.
  static func layers(_ call: Call, _ model: Model) throws -> (layers: [Int], site: ActivationSite) {
    let points = try ActivationPlaces(call, model).points
    let sites = Set(points.map(\.site))
    guard let site = sites.first, sites.count == 1 else {
      throw ErrorReport(
        .invalidArgument, "a steering vector has one site",
        label: "these are \(sites.map(\.rawValue).sorted().joined(separator: ", "))", help: "make one vector for each",
        argument: "layer")
    }
    return (points.map(\.layer), site)
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
