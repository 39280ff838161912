import TVSLanguage
import Transformers

extension ErrorReport {
  /// What the language says about a failure of the transformer room. Fields are named as the arguments are.
  public init(_ error: TransformerError) {
    /// Whether an error names an argument; otherwise it names data, which `data` holds.
    func isArgument(_ name: String) -> Bool {
      ["prompt", "text", "texts", "ids", "stop", "answers"].contains(name)
    }
    switch error {
    case .invalidConfiguration(let field, let value, let reason), .invalidOption(let field, let value, let reason):
      self.init(.invalidArgument, "\(field) cannot be \(value)", label: "it \(reason)", argument: field)
    case .unknownChoice(let what, let name, let known):
      self.init(
        .unknownChoice, "there is no \(what) \"\(name)\"",
        help: Spelling.suggestion(for: name, among: known) ?? "there are \(ErrorReport.listed(known))",
        argument: what == "task" ? "name" : what)
    case .unknownSegment(let name, let known):
      self.init(
        .indexOutOfRange, "there is no block or weight \(name)",
        help: Spelling.suggestion(for: name, among: known) ?? "there are \(ErrorReport.listed(known))")
    case .unknownTarget(let name, let known):
      self.init(
        .unknownChoice, "no linear layer is called \"\(name)\"",
        help: Spelling.suggestion(for: name, among: known) ?? "there are \(ErrorReport.listed(known))",
        argument: "targets")
    case .alreadyAdapted(let model):
      self.init(
        .invalidArgument, "\(model) carries an adapter already",
        help: "fold it in first: adapt(merge(model), …)", argument: "model")
    case .notAdapted(let model):
      self.init(
        .invalidArgument, "\(model) carries no adapter", help: "adapt(model, rank=8) makes one", argument: "model")
    case .steered(let model):
      self.init(
        .invalidArgument, "\(model) is steered, and a file of weights holds no steering",
        help: "save model.plain and the steering vectors beside it", argument: "value")
    case .layoutMismatch(let operation, let left, let right):
      self.init(.spaceMismatch, "\(operation): \(left) and \(right) have different layouts")
    case .vocabularyTooSmall(let data, let needed, let model, let has):
      self.init(
        .dataMismatch, "\(data) uses \(needed) tokens and \(model) knows \(has)",
        help: "make the model with vocabulary=\(needed)", argument: isArgument(data) ? data : "data")
    case .contextTooShort(let data, let needed, let model, let has):
      self.init(
        .dataMismatch, "\(data) takes \(needed) tokens a sequence and \(model) reads \(has)",
        help: "make the model with context=\(needed), or use a shorter sequence",
        argument: isArgument(data) ? data : "data")
    case .notFinite(let what, let step):
      self.init(
        .notFinite, "the \(what) is not a finite number" + (step.map { " at step \($0)" } ?? ""),
        help: "try a smaller lr, a longer warmup, or clip=1")
    case .noTokenizer(let data, let model):
      let isArgument = isArgument(data)
      self.init(
        .noTokenizer, "\(data) is text, and \(model) has no tokenizer",
        help: isArgument
          ? "give token ids, or load a model that comes with its tokenizer"
          : "load a model that comes with its tokenizer, or make one with tokenizer=\"bytes\"",
        argument: isArgument ? data : "data")
    case .emptyData(let data, let reason):
      self.init(
        .dataMismatch, "\(data): \(reason)", argument: isArgument(data) ? data : "data")
    }
  }

  private static func listed(_ words: [String]) -> String {
    words.count <= 12 ? words.joined(separator: ", ") : words.prefix(11).joined(separator: ", ") + ", …"
  }
}
