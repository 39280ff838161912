import TVSLanguage
import TaskGeometry

extension ErrorReport {
  /// What the language says about a failure of the geometry room.
  public init(_ error: GeometryError) {
    switch error {
    case .spaceMismatch(let left, let right):
      self.init(
        .spaceMismatch, "the operands live in different spaces",
        label: "one lives in \(left), the other in \(right.shortDescription)",
        help: "only models of one layout, and adapters of one shape on the same frozen weights, share a space")
    case .differentCheckpoints(let first, let second, let left, let right):
      self.init(
        .spaceMismatch, "\(second) does not live in the space of \(first)",
        label: "one lives in \(left), the other in \(right.shortDescription)",
        help: "the checkpoints of a trajectory are of one model, or adapters of one shape on the same base=",
        argument: "paths")
    case .outOfRange(let what, let value, let allowed):
      let bounds =
        allowed.upperBound == Int.max
        ? "it must be at least \(allowed.lowerBound)"
        : allowed.lowerBound == allowed.upperBound
          ? "only \(allowed.lowerBound) is possible"
          : "it must lie between \(allowed.lowerBound) and \(NumberText.grouped(allowed.upperBound))"
      self.init(.invalidArgument, "\(what) cannot be \(NumberText.grouped(value))", label: bounds, argument: what)
    case .invalidOption(let what, let value, let allowed):
      self.init(
        .invalidArgument, "\(what) cannot be \(NumberText.shortest(value))", label: "it must lie \(allowed)",
        argument: what)
    case .degenerate(let operation, let reason): self.init(.degenerate, "\(operation): \(reason)")
    case .needsAdapter(let operation):
      self.init(
        .invalidArgument, "\(operation) looks at products B·A, and this space has no adapter",
        help: "products exist for models made by adapt(model); use in=\"weights\" for all others")
    case .otherSearch(let path, let what, let theirs, let ours):
      let isBase = what == "base"
      self.init(
        .otherSearch, "\(path) is the journal of another search",
        label: isBase
          ? "the base scores \(theirs) there and \(ours) here" : "there its \(what) is \(theirs), here \(ours)",
        help: isBase
          ? "another processor, version or number of threads (TVS_THREADS) gives other last digits; use a new journal"
          : "name a new file, or search as it did; only n may differ", argument: "journal")
    case .noOrigin(let operation):
      self.init(
        .degenerate, "\(operation): it is not known from which model the displacement is counted",
        help: "make it from models, a run or a gradient: a - b, run.displacement, prefix(run, 10)")
    }
  }

  /// A subspace and something else that do not share a space.
  static func spaces(_ subspace: ParameterSpace, _ other: ParameterSpace, _ kind: String, argument: String)
    -> ErrorReport
  {
    let isAdapter = other.name.contains("/lora-") || subspace.name.contains("/lora-")
    let what = kind == "model" && isAdapter ? "adapter" : kind
    return ErrorReport(
      .spaceMismatch, "the basis and the \(what) live in different spaces",
      label: "spans \(subspace); the \(what) is \(other.shortDescription)",
      help: "build the basis from a run of the same \(isAdapter ? "adapter" : "model"), such as prefix(run, 10)",
      argument: argument)
  }

  /// Two values of one kind that do not share a space.
  static func spaces(_ left: ParameterSpace, _ right: ParameterSpace, kind: String, argument: String?) -> ErrorReport {
    ErrorReport(
      .spaceMismatch, "the two \(kind)s live in different spaces",
      label: "lives in \(right); the other one is \(left.shortDescription)",
      help: "only models of one layout, and adapters of one shape on the same frozen weights, share a space",
      argument: argument)
  }
}
