/// Every cause of an error has one code and one page (docs/errors/E….md). E01 is the text itself, E02 values and
/// calls, E03 files and modules, E04 numerics and memory, E05 models, data and geometry, E06 processes that work
/// together, E09 the rest.
public struct ErrorCode: Sendable, Hashable, CustomStringConvertible {
  /// The code as it is printed, such as `E0203`.
  public let description: String

  private init(_ description: String) { self.description = description }

  // MARK: - E01: the text
  /// The text cannot be parsed.
  public static let syntax = ErrorCode("E0101")
  /// A string, bracket or block is not closed at the end of the text.
  public static let unclosed = ErrorCode("E0102")
  /// A number, escape or format that cannot be read.
  public static let malformedLiteral = ErrorCode("E0103")

  // MARK: - E02: values and calls
  /// A name that has no value.
  public static let unknownName = ErrorCode("E0201")
  /// Operands or an argument of the wrong kind.
  public static let wrongKind = ErrorCode("E0202")
  /// Operands from different spaces, models or layers.
  public static let spaceMismatch = ErrorCode("E0203")
  /// An argument name that the function does not have.
  public static let unknownArgument = ErrorCode("E0204")
  /// Too few or too many arguments, or one given twice.
  public static let arity = ErrorCode("E0205")
  /// A field that the value does not have.
  public static let unknownField = ErrorCode("E0206")
  /// An index or key outside the value.
  public static let indexOutOfRange = ErrorCode("E0207")
  /// A number divided by zero, or a function outside its domain.
  public static let arithmetic = ErrorCode("E0208")
  /// An argument whose value is not acceptable.
  public static let invalidArgument = ErrorCode("E0209")
  /// `assert` failed.
  public static let assertion = ErrorCode("E0210")
  /// `error("…")` was called.
  public static let raised = ErrorCode("E0211")
  /// Calls nested too deeply.
  public static let recursion = ErrorCode("E0212")
  /// Something that cannot be called, indexed, iterated or assigned.
  public static let notSupported = ErrorCode("E0213")

  /// A value that does not fit the names it is unpacked into.
  public static let unpacking = ErrorCode("E0214")

  // MARK: - E03: files and modules
  /// A file that is not there or cannot be read or written.
  public static let file = ErrorCode("E0301")
  /// A module that is not there.
  public static let unknownModule = ErrorCode("E0302")
  /// Modules that import each other.
  public static let importCycle = ErrorCode("E0303")
  /// A file whose content is not what its name promises.
  public static let fileFormat = ErrorCode("E0304")

  /// A file that could not be brought from the network.
  public static let download = ErrorCode("E0305")
  /// A value that the format of a file has no place for.
  public static let notStorable = ErrorCode("E0306")
  /// A journal that belongs to another search.
  public static let otherSearch = ErrorCode("E0307")

  // MARK: - E04: numerics and memory
  /// More memory than the machine has.
  public static let tooLarge = ErrorCode("E0401")
  /// Shapes that do not fit together.
  public static let shape = ErrorCode("E0402")
  /// A decomposition or solution that does not exist or did not converge.
  public static let linearAlgebra = ErrorCode("E0403")
  /// A loss or gradient that is not a finite number.
  public static let notFinite = ErrorCode("E0404")

  // MARK: - E05: models, data, geometry
  /// A task, optimiser, schedule or other choice that does not exist.
  public static let unknownChoice = ErrorCode("E0501")
  /// Data that does not fit the model: vocabulary or context too small.
  public static let dataMismatch = ErrorCode("E0502")
  /// A subspace or run that is too small or empty for the question.
  public static let degenerate = ErrorCode("E0503")
  /// Text for a model that reads token ids only.
  public static let noTokenizer = ErrorCode("E0504")

  // MARK: - E06: processes that work together
  /// Processes that cannot work together, or no longer do the same.
  public static let workers = ErrorCode("E0601")

  // MARK: - E09: the rest
  /// A failure for which there is no cause of its own.
  public static let unexpected = ErrorCode("E0901")

  /// The code of a description, such as `E0203`; nil when there is none.
  public init?(named description: String) {
    guard let code = ErrorCode.all.first(where: { $0.description == description }) else { return nil }
    self = code
  }

  /// All codes, in order.
  public static let all: [ErrorCode] = [
    syntax, unclosed, malformedLiteral, unknownName, wrongKind, spaceMismatch, unknownArgument, arity, unknownField,
    indexOutOfRange, arithmetic, invalidArgument, assertion, raised, recursion, notSupported, unpacking, file,
    unknownModule, importCycle, fileFormat, download, notStorable, otherSearch, tooLarge, shape, linearAlgebra,
    notFinite, unknownChoice, dataMismatch, degenerate, noTokenizer, workers, unexpected,
  ]
}
