/// A piece of code with what it is, for whoever shows code in colours.
public struct CodeRun: Sendable, Equatable {
  /// What a piece of code is.
  public enum Role: String, Sendable {
    /// Names, signs and white space.
    case plain
    /// Words that cannot be names.
    case keyword
    /// Numbers, `true`, `false` and `nil`.
    case literal
    /// Strings, f-strings as a whole among them.
    case string
    /// From `#` to the end of its line.
    case comment
    /// A name before an opening parenthesis.
    case call
  }

  /// The text, as it was written.
  public var text: String
  /// What it is.
  public var role: Role

  /// Cuts code into runs. Their texts together are the code, whether it can be parsed or not.
  public static func runs(of code: String) -> [CodeRun] {
    let source = SourceText(name: "", text: code)
    var scanner = Scanner(source)
    let tokens = scanner.scan()
    var runs: [CodeRun] = []
    func add(_ range: Range<Int>, _ role: Role) {
      guard !range.isEmpty else { return }
      let text = source.text(range)
      if let last = runs.indices.last, runs[last].role == role {
        runs[last].text += text
      } else {
        runs.append(CodeRun(text: text, role: role))
      }
    }
    var end = 0
    for (index, token) in tokens.enumerated() {
      addGap(end..<max(end, token.range.lowerBound), in: source, add)
      add(max(end, token.range.lowerBound)..<max(end, token.range.upperBound), role(of: token, before: tokens, index))
      end = max(end, token.range.upperBound)
    }
    return runs
  }

  private static func role(of token: Token, before tokens: [Token], _ index: Int) -> Role {
    switch token.kind {
    case .keyword(.true), .keyword(.false), .keyword(.nil), .number: return .literal
    case .keyword: return .keyword
    case .string, .template: return .string
    case .name:
      let next = tokens.indices.contains(index + 1) ? tokens[index + 1] : nil
      return next.map { $0.isSymbol(.openParenthesis) && !$0.followsSpace } == true ? .call : .plain
    default: return .plain
    }
  }

  /// Between tokens there is white space, and comments, each up to the end of its line.
  private static func addGap(_ gap: Range<Int>, in source: SourceText, _ add: (Range<Int>, Role) -> Void) {
    var start = gap.lowerBound
    var position = start
    while position < gap.upperBound {
      guard source.bytes[position] == UInt8(ascii: "#") else {
        position += 1
        continue
      }
      add(start..<position, .plain)
      start = position
      while position < gap.upperBound, source.bytes[position] != UInt8(ascii: "\n") { position += 1 }
      add(start..<position, .comment)
      start = position
    }
    add(start..<gap.upperBound, .plain)
  }
}
