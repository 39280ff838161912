/// Whether a text can run, or more of it is to come.
public enum Completeness: Sendable, Equatable {
  /// It can be parsed.
  case complete
  /// It ends too early, for this reason: a prompt goes on with another line.
  case incomplete(String)
  /// More text would not help.
  case invalid
}

extension Completeness {
  init(of text: String) {
    let (statements, diagnostics) = Parser.parse(SourceText(name: "", text: text))
    if let first = diagnostics.first {
      self = first.isAtEnd ? .incomplete(first.message) : .invalid
      return
    }
    // Doc comments alone wait for their function.
    let last = text.split(separator: "\n", omittingEmptySubsequences: false).last { !$0.allSatisfy(\.isWhitespace) }
    if statements.isEmpty || last?.trimmed().hasPrefix("##") ?? false, last?.trimmed().hasPrefix("##") ?? false {
      self = .incomplete("a doc comment belongs to the function below it")
      return
    }
    self = .complete
  }
}

extension Interpreter {
  /// Whether a text can run, or more of it is to come. Looks at the text only.
  public func completeness(of text: String) -> Completeness { Completeness(of: text) }
}
