import TVSLanguage
import TaskGeometry
import Transformers

/// The values of this room, read from arguments. The evaluator has checked kinds that a record declares; these also serve
/// parameters that accept several.
extension Call {
  /// The model of an argument.
  func model(_ name: String = "model") throws -> Model { try native(name, as: ModelValue.self).model }

  /// The data of an argument.
  func data(_ name: String = "data") throws -> any Dataset { try native(name, as: DataValue.self).data }

  /// The run of an argument.
  func run(_ name: String = "run") throws -> Run { try native(name, as: RunValue.self).run }

  /// The subspace of an argument.
  func subspace(_ name: String) throws -> Subspace { try native(name, as: SubspaceValue.self).subspace }

  /// The subspace on which `project` asks gradients of a model to be projected; nil when it was left out.
  ///
  /// - Throws: ``ErrorReport`` with code E0203 when it lives in another space.
  func projection(for model: Model) throws -> Subspace? {
    guard isGiven("project") else { return nil }
    let subspace = try subspace("project")
    if subspace.space != model.parameterSpace {
      throw ErrorReport.spaces(subspace.space, model.parameterSpace, "model", argument: "project")
    }
    return subspace
  }

  /// The optimiser that `optimizer` and `momentum` ask for.
  ///
  /// - Throws: ``ErrorReport`` for a momentum that the optimiser does not take, `TransformerError`.
  func optimizer() throws -> any Optimizer {
    let optimizer = try Optimizers.named(string("optimizer"))
    guard let momentum = self["momentum"].numberValue else { return optimizer }
    guard optimizer is SGD else {
      throw ErrorReport(
        .invalidArgument, "\(optimizer.name) has no momentum", help: "add optimizer=\"sgd\"", argument: "momentum")
    }
    guard momentum >= 0, momentum < 1 else {
      throw ErrorReport(
        .invalidArgument, "momentum cannot be \(NumberText.shortest(momentum))", label: "it must lie from 0 to below 1",
        argument: "momentum")
    }
    return SGD(momentum: momentum)
  }
}
