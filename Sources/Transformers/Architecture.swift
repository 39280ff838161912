import Autograd
import Tensors

/// A family of decoders: which weights it has and how it turns tokens into hidden states.
///
/// A new family is one conforming type with one forward pass. The loss, gradients, adapters, training, evaluation,
/// generation and files are shared: they need only the hidden states, the output table and the names in files.
public protocol Architecture: Sendable {
  /// The family's name in files and errors, such as `llama`.
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
  /// What the weights are called in the files and the module tree of transformers.
  var checkpointNames: CheckpointNames { get }

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

extension Architecture {
  /// The token embedding when they are tied.
  public var outputTable: String { configuration.isTied ? "embed.tokens" : "output.weight" }
  /// That of GPT-2 and Llama.
  public var initialDeviation: Double { 0.02 }
}

/// Token sequences of one length.
public struct TokenGrid: Sendable {
  /// How many sequences.
  public let rows: Int
  /// Tokens of each sequence.
  public let length: Int
  /// The tokens, rows × length, row-major.
  public let tokens: [Int32]
  /// The place of the first of them in its sequence: more than 0 when earlier ones are in a cache.
  public let start: Int
  /// How many tokens at the start of each sequence are filling that nobody attends to; nil for none.
  public let padding: [Int]?
  /// The place of the last token of each prompt, counted without padding; nil for the last token of the sequence.
  public let promptEnds: [Int]?

  /// Sequences of one length.
  public init(
    rows: Int, length: Int, tokens: [Int32], start: Int = 0, padding: [Int]? = nil, promptEnds: [Int]? = nil
  ) {
    self.rows = rows
    self.length = length
    self.tokens = tokens
    self.start = start
    self.padding = padding
    self.promptEnds = promptEnds
  }

  /// The place of each token in its sequence; 0 for padding.
  public var places: [Int32] {
    (0..<rows).flatMap { row in
      let padding = padding?[row] ?? 0
      return (0..<length).map { Int32(max(0, start + $0 - padding)) }
    }
  }

  /// The place of the last token of a sequence's prompt.
  func promptEnd(of row: Int) -> Int { promptEnds?[row] ?? start + length - 1 - (padding?[row] ?? 0) }

  /// What a batch lets the model read. A prompt ends where the first token of the answer is predicted.
  public init(_ batch: Batch) {
    var first = 0
    let ends = batch.targetCounts.enumerated().map { row, count in
      defer { first += count }
      return count > 0 ? Int(batch.positions[first]) - row * batch.length : batch.length - 1
    }
    self.init(rows: batch.rows, length: batch.length, tokens: batch.tokens, promptEnds: ends)
  }
}

/// The families that files and calls may name.
public enum ArchitectureFamily {
  /// Every family's name and how it is made.
  private static let makers: [(name: String, make: @Sendable (DecoderConfiguration) -> any Architecture)] = [
    (PreNormDecoder.familyName, { PreNormDecoder($0) }),
    (LlamaDecoder.familyName, { LlamaDecoder($0) }),
    (LlamaDecoder.qwen2Name, { LlamaDecoder($0, family: LlamaDecoder.qwen2Name) }),
    (OLMoDecoder.familyName, { OLMoDecoder($0) }),
    (OLMo2Decoder.familyName, { OLMo2Decoder($0) }),
  ]

  /// Names of all families.
  public static var names: [String] { makers.map(\.name) }

  /// The architecture of a family and its sizes.
  ///
  /// - Throws: ``TransformerError/unknownChoice(of:name:known:)``.
  public static func make(_ family: String, _ configuration: DecoderConfiguration) throws(TransformerError)
    -> any Architecture
  {
    guard let maker = makers.first(where: { $0.name == family }) else {
      throw .unknownChoice(of: "architecture", name: family, known: names)
    }
    return maker.make(configuration)
  }
}
