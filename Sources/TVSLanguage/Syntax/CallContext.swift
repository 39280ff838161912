/// What surrounds a cursor, for completion and call tips. Found from the tokens alone: nothing is evaluated, and text
/// that cannot be parsed is no obstacle.
public struct CallContext: Sendable {
  /// The function whose call the cursor is in, as a path of names such as `["stats", "mean"]`; empty outside of calls.
  public var callee: [String] = []
  /// Arguments by position that are complete, with the one that `|>` passes.
  public var positional = 0
  /// Names of arguments that are already given.
  public var named: [String] = []
  /// The name of the argument whose value the cursor is in.
  public var currentName: String?
  /// What the cursor follows.
  public var preceding: Preceding = .nothing
  /// The UTF-8 offset at which the word before the cursor begins.
  public var wordStart: Int

  /// What a cursor follows.
  public enum Preceding: Sendable, Equatable {
    /// White space, an operator or a bracket: any name may come.
    case nothing
    /// The beginning of a name.
    case name(String)
    /// `base.` and the beginning of a field; the base is a path of names, empty if it is something else.
    case field(base: [String], String)
    /// The beginning of a string.
    case string(String)
    /// `import` and the beginning of a module.
    case module(String)
    /// A comment or number, where nothing is completed.
    case inert
  }
}

extension Interpreter {
  /// What surrounds a cursor. Never evaluates anything.
  ///
  /// - Parameters:
  ///   - text: the text of the prompt.
  ///   - utf8Offset: where the cursor is.
  /// - Returns: nil for an offset outside of the text.
  public func callTip(in text: String, at utf8Offset: Int) -> CallContext? {
    let source = SourceText(name: "", text: text)
    guard utf8Offset >= 0, utf8Offset <= source.bytes.count else { return nil }
    return CallContextFinder(source, utf8Offset).context()
  }
}

private struct CallContextFinder {
  let source: SourceText
  let cursor: Int
  let tokens: [Token]
  let endsInString: Int?

  init(_ source: SourceText, _ cursor: Int) {
    self.source = source
    self.cursor = cursor
    var scanner = Scanner(source, range: 0..<cursor)
    tokens = scanner.scan().dropLast()
    // A string that the cursor cuts off is what the scanner reports as unclosed.
    endsInString =
      scanner.diagnostics.last { $0.code == .unclosed && $0.range?.upper == cursor }?.range?.lower
  }

  func context() -> CallContext {
    var context = CallContext(wordStart: cursor)
    var before = tokens[...]
    if let start = endsInString {
      let quote = source.bytes[start] == UInt8(ascii: "f") ? start + 2 : start + 1
      context.wordStart = min(quote, cursor)
      context.preceding = .string(source.text(context.wordStart..<cursor))
      before = before.filter { $0.range.upperBound <= start }[...]
    } else if isInComment {
      context.preceding = .inert
      return context
    } else if let last = before.last, last.range.upperBound == cursor, let word = last.word {
      context.wordStart = last.range.lowerBound
      before = before.dropLast()
      context.preceding = .name(word)
      if before.last?.isSymbol(.dot) ?? false {
        context.preceding = .field(base: path(endingAt: before.dropLast()), word)
      } else if before.last?.isKeyword(.import) ?? false {
        context.preceding = .module(word)
      }
    } else if let last = before.last {
      if last.isSymbol(.dot), last.range.upperBound == cursor {
        context.preceding = .field(base: path(endingAt: before.dropLast()), "")
      } else if last.isKeyword(.import) {
        context.preceding = .module("")
      } else if case .number = last.kind, last.range.upperBound == cursor {
        context.preceding = .inert
      }
    }
    findCall(before, &context)
    return context
  }

  private var isInComment: Bool {
    let start = min(tokens.last?.range.upperBound ?? 0, cursor)
    let rest = source.text(start..<cursor)
    guard let hash = rest.lastIndex(of: "#") else { return false }
    return !rest[hash...].contains("\n")
  }

  /// Walks back to the bracket that the cursor is in.
  private func findCall(_ before: ArraySlice<Token>, _ context: inout CallContext) {
    var depth = 0
    var commas = 0
    var named: [String] = []
    var index = before.endIndex - 1
    var isCurrent = true
    while index >= before.startIndex {
      let token = before[index]
      if case .symbol(let symbol) = token.kind {
        switch symbol {
        case .closeParenthesis, .closeBracket, .closeBrace: depth += 1
        case .openBracket, .openBrace:
          if depth == 0 { return }
          depth -= 1
        case .openParenthesis:
          if depth == 0 {
            context.callee = path(endingAt: before[..<index])
            guard !context.callee.isEmpty else { return }
            let start = index - 2 * context.callee.count
            let isPiped = start >= before.startIndex && before[start].isSymbol(.pipe)
            context.named = named
            context.positional = max(0, commas - named.count) + (isPiped ? 1 : 0)
            return
          }
          depth -= 1
        case .comma where depth == 0:
          commas += 1
          isCurrent = false
        case .assign where depth == 0 && index > before.startIndex:
          if let name = before[index - 1].word {
            if isCurrent { context.currentName = name } else { named.append(name) }
          }
        default: break
        }
      }
      index -= 1
    }
  }

  /// `a.b.c` as `["a", "b", "c"]`.
  private func path(endingAt tokens: ArraySlice<Token>) -> [String] {
    var names: [String] = []
    var rest = tokens
    while let last = rest.popLast(), let word = last.word {
      names.insert(word, at: 0)
      guard rest.last?.isSymbol(.dot) ?? false else { return names }
      rest.removeLast()
    }
    return []
  }
}

extension Token {
  fileprivate var word: String? {
    switch kind {
    case .name(let name): name
    case .keyword(let keyword): keyword.rawValue
    default: nil
    }
  }
}
