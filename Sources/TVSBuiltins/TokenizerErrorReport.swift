import TVSLanguage
import Tokenizers

extension ErrorReport {
  /// What the language says about a failure of the tokenizer room.
  public init(_ error: TokenizerError) {
    switch error {
    case .malformed(let source, let reason):
      self.init(.fileFormat, "\(source): \(reason)")
    case .unsupported(let what, let name, let known):
      self.init(
        .unknownChoice, "there is no \(what) \"\(name)\"",
        help: Spelling.suggestion(for: name, among: known) ?? "there are \(known.joined(separator: ", "))")
    case .unknownToken(let id, let count):
      self.init(
        .invalidArgument, "there is no token \(id)", label: "the tokenizer's ids run from 0 to \(count - 1)",
        argument: "ids")
    case .unencodable(let text):
      self.init(.dataMismatch, "the tokenizer cannot spell \"\(text.prefix(40))\"")
    }
  }
}
