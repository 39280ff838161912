import Steering
import TVSLanguage

extension ErrorReport {
  /// What the language says about a failure of the steering room.
  public init(_ error: SteeringError) {
    switch error {
    case .mismatch(let what, let left, let right):
      let help =
        switch what {
        case "model": "measure it on this model, or take the numbers over: steering(v.vector, model, layer=v.layers)"
        case "layers": "pick the layers that both have, as in v[5] or v[[3, 5]]"
        case "site": "fit both with the same site="
        case "family": "the file says that its model is of another family"
        default: "only vectors of one model have common coordinates"
        }
      let message =
        switch what {
        case "model": "the steering vector belongs to another model"
        case "family": "the steering vector belongs to a model of another family"
        case "layers": "the steering vectors are of different layers"
        case "site": "the steering vectors were read at different sites"
        default: "the steering vector is of another \(what)"
        }
      self.init(.spaceMismatch, message, label: "one is of \(left), the other of \(right)", help: help)
    case .noLayer(let layer, let known, let owner):
      self.init(
        .indexOutOfRange, "there is no layer \(layer) in \(owner)", label: "layers are \(SteeringVector.text(known))",
        argument: "layer")
    case .invalidOption(let what, let value, let allowed):
      self.init(.invalidArgument, "\(what) cannot be \(value)", label: "it must be \(allowed)", argument: what)
    case .degenerate(let operation, let reason): self.init(.degenerate, "\(operation): \(reason)")
    case .notStorable(let format, let reason, let help):
      self.init(.notStorable, "a \(format) cannot hold this: \(reason)", help: help, argument: "x")
    }
  }
}
