import TVSLanguage
import TaskGeometry
import Tensors
import Transformers

/// Reads arguments of geometry builtins.
enum GeometryArguments {
  /// The displacement that a displacement, a run or (from the origin of a subspace) a model stands for.
  ///
  /// - Throws: ``ErrorReport`` with code E0203, marking the subspace, when it lives elsewhere.
  static func displacement(
    _ value: Value, for subspace: Subspace, argument: String, subspaceArgument: String
  ) throws -> Displacement {
    guard case .native(let native) = value else { throw notDisplacement(value, argument) }
    let space: ParameterSpace
    switch native {
    case let value as DisplacementValue: space = value.displacement.space
    case let value as RunValue: space = value.run.space
    case let value as ModelValue: space = value.model.parameterSpace
    default: throw notDisplacement(value, argument)
    }
    if space != subspace.space {
      throw ErrorReport.spaces(subspace.space, space, native.kind, argument: subspaceArgument)
    }
    if let model = (native as? ModelValue)?.model {
      guard subspace.origin != nil else {
        throw ErrorReport(
          .degenerate, "the subspace does not know from which model a displacement is counted",
          label: "this is a model, not a displacement", help: "subtract a model from it: project(model - start, U)",
          argument: argument)
      }
      return try subspace.displacement(to: model)
    }
    return try displacement(value, argument: argument)
  }

  /// The displacement that a displacement or a run stands for.
  static func displacement(_ value: Value, argument: String) throws -> Displacement {
    if case .native(let native) = value {
      if let displacement = (native as? DisplacementValue)?.displacement { return displacement }
      if let run = (native as? RunValue)?.run { return try run.displacement() }
    }
    throw notDisplacement(value, argument)
  }

  /// The numbers of a list or a tensor.
  static func numbers(_ call: Call, _ name: String) throws -> [Double] {
    try call.elements(name).map { item in
      guard let number = item.numberValue else {
        throw ErrorReport(.wrongKind, "\(name) holds numbers, not \(item.article)", argument: name)
      }
      return number
    }
  }

  /// The whole numbers of a list.
  static func wholeNumbers(_ call: Call, _ name: String) throws -> [Int] {
    try call.list(name).map { item in
      guard let whole = item.wholeNumber else {
        throw ErrorReport(.wrongKind, "\(name) holds whole numbers, not \(item.article)", argument: name)
      }
      return whole
    }
  }

  /// Two subspaces of one space.
  static func pair(_ call: Call) throws -> (Subspace, Subspace) {
    let (u, v) = (try call.subspace("U"), try call.subspace("V"))
    if u.space != v.space { throw ErrorReport.spaces(u.space, v.space, kind: "subspace", argument: "V") }
    return (u, v)
  }

  /// One of a few words.
  static func choice(_ call: Call, _ name: String, _ known: [String]) throws -> String {
    try choice(call[name], name, known)
  }

  static func choice(_ value: Value, _ name: String, _ known: [String]) throws -> String {
    guard case .string(let word) = value else {
      throw ErrorReport(.wrongKind, "\(name) is a string, not \(value.article)", argument: name)
    }
    if known.contains(word) { return word }
    throw ErrorReport(
      .unknownChoice, "there is no \(name)=\"\(word)\"",
      help: Spelling.suggestion(for: word, among: known)
        ?? "it is " + known.map { "\"\($0)\"" }.joined(separator: " or "), argument: name)
  }

  /// Whether `in="product"` was asked for.
  static func isProduct(_ call: Call) throws -> Bool { try choice(call, "in", ["weights", "product"]) == "product" }

  /// The same for the arguments by name of `dot`, `cos` and `norm`.
  static func isProduct(_ options: [String: Value]) throws -> Bool {
    guard let value = options["in"] else { return false }
    if case .nil = value { return false }
    return try choice(value, "in", ["weights", "product"]) == "product"
  }

  /// Several tasks, as a list of data or as a mixture.
  static func tasks(_ call: Call, _ name: String) throws -> [any Dataset] {
    switch call[name] {
    case .list(let items):
      return try items.map { item in
        if case .native(let native) = item, let data = (native as? DataValue)?.data { return data }
        throw ErrorReport(
          .wrongKind, "the tasks are data, not \(item.article)", help: "as in [task(\"copy\"), task(\"sort\")]",
          argument: name)
      }
    default: return try call.data(name).parts
    }
  }

  private static func notDisplacement(_ value: Value, _ argument: String) -> ErrorReport {
    ErrorReport(
      .wrongKind, "\(value.article) is no displacement", label: "this is \(value.article)",
      help: "a displacement is model - model, run.displacement, or gradient(model, data)", argument: argument)
  }
}
