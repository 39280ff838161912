import Autograd
import Tensors

/// A family of decoders: which weights it has and how it turns tokens into hidden states.
///
/// A new family is one conforming type with one forward pass. The loss, gradients, adapters, training, evaluation and
/// generation are shared: they need only the hidden states and the output table.
public protocol Architecture: Sendable {
  /// The family's name in files and errors, such as `pre-norm-decoder`.
  var family: String { get }
  /// The sizes.
  var configuration: DecoderConfiguration { get }
  /// The weights.
  var layout: ParameterLayout { get }
  /// The table that turns hidden states into logits, vocabulary × width; the token embedding when they are tied.
  var outputTable: String { get }
  /// The linear layers that an adapter sits on unless told otherwise, as paths within a block.
  var defaultTargets: [String] { get }
  /// The standard deviation of freshly drawn matrices and tables.
  var initialDeviation: Double { get }

  /// Hidden states after the last block and its normalisation, ready for the output table.
  ///
  /// - Parameters:
  ///   - pass: gives access to the weights by name and to the tape.
  ///   - batch: rows × length tokens.
  ///   - positions: indices into the tokens at which the hidden states are needed, so that the last block can leave
  ///     out the others; nil for all.
  /// - Returns: one row a position, `width` columns.
  /// - Throws: ``TransformerError``, `TensorError`, `Interrupted`.
  func hidden(_ pass: ForwardPass, _ batch: TokenGrid, at positions: [Int32]?) throws -> Variable
}

/// Token sequences of one length.
public struct TokenGrid: Sendable {
  /// How many sequences.
  public let rows: Int
  /// Tokens of each sequence.
  public let length: Int
  /// The tokens, rows × length, row-major.
  public let tokens: [Int32]

  /// Sequences of one length.
  public init(rows: Int, length: Int, tokens: [Int32]) {
    self.rows = rows
    self.length = length
    self.tokens = tokens
  }

  /// The place of each token in its sequence, from 0.
  public var places: [Int32] {
    (0..<rows).flatMap { _ in 0..<Int32(length) }
  }

  /// What a batch lets the model read.
  public init(_ batch: Batch) { self.init(rows: batch.rows, length: batch.length, tokens: batch.tokens) }
}

/// The families that files and calls may name.
public enum ArchitectureFamily {
  /// Names of all families.
  public static let names = [PreNormDecoder.familyName]

  /// The architecture of a family and its sizes.
  ///
  /// - Throws: ``TransformerError/unknownChoice(of:name:known:)``.
  public static func make(_ family: String, _ configuration: DecoderConfiguration) throws(TransformerError)
    -> any Architecture
  {
    switch family {
    case PreNormDecoder.familyName: PreNormDecoder(configuration)
    default: throw .unknownChoice(of: "architecture", name: family, known: names)
    }
  }
}
