import TVSBuiltins

/// A script that was run, on paper: what it says, its code, what came out, and what somebody needs to run it again.
public struct Report: Sendable {
  /// One part, in the order of the script.
  public enum Part: Sendable {
    /// Markdown.
    case prose(String)
    /// Code that ran, or would have.
    case code(Code)
    /// What the code above it wrote with `print`.
    case printed(String)
    /// The value of an expression at the top of the script.
    case value(Exhibit, of: String)
    /// Why the run stopped here.
    case problem(Problem)
    /// A question and what there is to read after an answer, both in Markdown; the answer may be a value.
    case question(text: String, value: String?, reason: String)
  }

  /// Code.
  public struct Code: Sendable {
    /// Whole lines.
    public var text: String
    /// The line of the script on which it begins, counted from 1.
    public var line: Int
    /// How long it took; nil if it did not run.
    public var seconds: Double?
    /// The same for people, if it is worth saying.
    public var duration: String?

    /// Describes code.
    public init(text: String, line: Int, seconds: Double? = nil, duration: String? = nil) {
      self.text = text
      self.line = line
      self.seconds = seconds
      self.duration = duration
    }
  }

  /// Why a run stopped.
  public struct Problem: Sendable {
    /// What happened.
    public enum Kind: Sendable {
      /// An error in the script.
      case error
      /// Ctrl-C.
      case interruption
      /// `exit(n)`.
      case exit
    }

    /// What happened.
    public var kind: Kind
    /// The words of the shell: message, place and help.
    public var text: String
    /// The line of the script, if it is known.
    public var line: Int?

    /// Describes a problem.
    public init(_ kind: Kind, text: String, line: Int? = nil) {
      self.kind = kind
      self.text = text
      self.line = line
    }
  }

  /// Something to know for whoever runs the script again: `Machine`, `Versions`, each with its lines.
  public struct Fact: Sendable {
    /// What it is.
    public var label: String
    /// One or several lines.
    public var lines: [String]
    /// Whether the lines are commands, digests and the like.
    public var isCode: Bool

    /// Describes a fact.
    public init(_ label: String, _ lines: [String], isCode: Bool = false) {
      self.label = label
      self.lines = lines
      self.isCode = isCode
    }
  }

  /// Where a value came from.
  public struct Origin: Sendable {
    /// The name it had at the end.
    public var name: String
    /// Its kind, such as `model`.
    public var kind: String
    /// The expression that made it.
    public var expression: String
    /// The seed that was in force, if it drew random numbers.
    public var seed: String
    /// Its digest or those of the models that took part.
    public var digest: String

    /// Describes an origin.
    public init(name: String, kind: String, expression: String, seed: String, digest: String) {
      self.name = name
      self.kind = kind
      self.expression = expression
      self.seed = seed
      self.digest = digest
    }
  }

  /// What the document is called where its prose does not begin with a heading.
  public var name: String
  /// The sentence below the title: when, how long, with what.
  public var summary: String
  /// The parts in order.
  public var parts: [Part]
  /// What stands at the end.
  public var facts: [Fact]
  /// Where the values that the script left came from.
  public var origins: [Origin]
  /// The program that writes the report, such as `tvs 0.1.0`.
  public var generator: String
  /// The folder of the script, where pictures that its prose names are found.
  public var folder: String

  /// Describes a report.
  public init(
    name: String, summary: String, parts: [Part], facts: [Fact] = [], origins: [Origin] = [], generator: String = "tvs",
    folder: String = "."
  ) {
    self.name = name
    self.summary = summary
    self.parts = parts
    self.facts = facts
    self.origins = origins
    self.generator = generator
    self.folder = folder
  }

  /// What stopped the run, if something did.
  public var problem: Problem? {
    for case .problem(let problem) in parts { return problem }
    return nil
  }

  /// What the table of origins says at its head.
  static let originNames = ["Name", "Kind", "Made by", "Seed", "Digest"]
  /// The heading of the last section.
  static let lastHeading = "To repeat this run"
}
