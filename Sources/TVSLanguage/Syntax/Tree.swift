/// An expression with the offsets it covers.
struct Expression {
  let range: Range<Int>
  let kind: Kind
  /// Levels of expressions inside, which bounds the depth of every walk over the tree.
  let height: Int

  indirect enum Kind {
    case literal(Value)
    case name(String)
    case template([TemplatePart])
    case list([Expression])
    case record([RecordEntry])
    /// `...xs`, which stands only in a list or among arguments.
    case spread(Expression)
    /// `(a, b)`, which only targets and lambda parameters may be.
    case tuple([Expression])
    case comprehension(element: Expression, target: Target, sequence: Expression, condition: Expression?)
    case unary(UnaryOperator, Expression)
    case binary(BinaryOperator, Expression, Expression, sign: Range<Int>)
    case comparison([Expression], [ComparisonOperator])
    case and(Expression, Expression)
    case or(Expression, Expression)
    case call(Expression, [Argument], isPiped: Bool)
    case index(Expression, [SubscriptSyntax])
    case field(Expression, String, nameRange: Range<Int>)
    case function(FunctionSyntax)
    case conditional([Branch], otherwise: Block?)
    /// Something that was already reported.
    case invalid
  }
}

/// Operators with one operand.
enum UnaryOperator {
  case negate, not
}

/// Operators that chain: `a < b <= c`.
enum ComparisonOperator {
  case relation(BinaryOperator)
  case contained
  case notContained
}

/// A piece of an f-string.
enum TemplatePart {
  case text(String)
  case expression(Expression, format: FormatSpecification?)
}

/// `name: value` of a record, or `...record`, whose fields it takes.
struct RecordEntry {
  /// Nil for `...record`.
  let key: String?
  let value: Expression
}

/// An argument of a call.
struct Argument {
  /// The name, if it was given by name, and its offsets.
  let name: String?
  let nameRange: Range<Int>
  let value: Expression
}

/// One position between the brackets of `x[…]`.
struct SubscriptSyntax {
  let range: Range<Int>
  let kind: Kind

  enum Kind {
    case value(Expression)
    case slice(from: Expression?, to: Expression?, step: Expression?)
  }
}

/// Where an assignment goes.
struct Target {
  let range: Range<Int>
  let kind: Kind

  indirect enum Kind {
    case name(String)
    case index(Expression, [SubscriptSyntax])
    case field(Expression, String, nameRange: Range<Int>)
    case several([Target])
  }
}

/// A condition and what runs if it holds.
struct Branch {
  let condition: Expression
  let block: Block
}

/// Statements in braces.
struct Block {
  let range: Range<Int>
  let statements: [Statement]
}

/// A statement with the offsets it covers.
struct Statement {
  let range: Range<Int>
  let kind: Kind

  indirect enum Kind {
    case expression(Expression)
    case assign(Target, Expression)
    case augmentedAssign(Target, BinaryOperator, Expression, sign: Range<Int>)
    case `if`([Branch], otherwise: Block?)
    case `for`(Target, Expression, Block)
    case `while`(Expression, Block)
    case `break`
    case `continue`
    case `return`(Expression?)
    case function(FunctionSyntax)
    case `try`(Block, variable: String?, handler: Block)
    case assert(Expression, message: Expression?)
    case `import`(ImportSyntax)
  }
}

/// `import "path" as name` or `import name`.
struct ImportSyntax {
  let path: String
  /// Whether it is searched for in the library folders.
  let isLibrary: Bool
  let name: String
  let pathRange: Range<Int>
}

/// A function or lambda.
struct FunctionSyntax {
  /// Nil for a lambda.
  let name: String?
  let range: Range<Int>
  let parameters: [ParameterSyntax]
  let body: Body
  /// Names that the body assigns, in the order of their first assignment.
  let assigned: [String]
  /// Names that occur in functions inside the body, and so may outlive the call.
  let mentionedInside: Set<String>
  let documentation: Documentation?

  indirect enum Body {
    case block(Block)
    case expression(Expression)
  }
}

/// A parameter of a function.
struct ParameterSyntax {
  let name: String
  let range: Range<Int>
  let standard: Expression?
  var kind = ParameterKind.positional
}

/// How the argument of a parameter is given.
enum ParameterKind {
  /// By position or by name.
  case positional
  /// After `*`: by name only.
  case byName
  /// `*rest`: all further arguments by position, as a list.
  case rest
}

/// What doc comments say about a function.
public struct Documentation: Sendable {
  /// The first sentence.
  public let summary: String
  /// All paragraphs, without the examples.
  public let text: String
  /// Examples, which are tested.
  public let examples: [Builtin.Example]

  /// Reads the lines of a doc comment, each without its `##`.
  init(lines: [String]) {
    var paragraphs: [String] = []
    var examples: [Builtin.Example] = []
    for line in lines {
      if line.hasPrefix(">") {
        examples.append(Builtin.Example(Self.dropSpace(line.dropFirst())))
      } else if line.hasPrefix("="), let last = examples.indices.last {
        let shown = Self.dropSpace(line.dropFirst())
        examples[last].shows = examples[last].shows.map { $0 + "\n" + shown } ?? shown
      } else {
        paragraphs.append(Self.dropSpace(line[...]))
      }
    }
    let text = paragraphs.joined(separator: "\n").trimmed()
    self.text = text
    self.examples = examples
    let flat = text.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }.joined(
      separator: " ")
    summary = Self.firstSentence(of: flat)
  }

  private static func dropSpace(_ line: Substring) -> String {
    String(line.hasPrefix(" ") ? line.dropFirst() : line)
  }

  private static func firstSentence(of text: String) -> String {
    var before: Character = " "
    for index in text.indices {
      let character = text[index]
      if character == " ", ".!?".contains(before) { return String(text[..<index]) }
      before = character
    }
    return text
  }
}

extension StringProtocol {
  /// The text without white space and newlines at both ends.
  func trimmed() -> String {
    var rest = self[...]
    while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
    while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
    return String(rest)
  }
}
