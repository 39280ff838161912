import Checkpoints
import Tensors
import Tokenizers

/// What a model wrote after a prompt.
public struct Continuation: Sendable, Equatable {
  /// The new tokens, without those at which it stopped.
  public var tokens: [Int32]
  /// Their text, cut before a stop string; empty without a tokenizer.
  public var text: String
  /// Why it ended.
  public var end: End

  /// Why a continuation ended.
  public enum End: String, Sendable, Hashable {
    /// It has as many tokens as were asked for.
    case length
    /// The model's context is full.
    case context
    /// A token that ends a text or a turn.
    case token
    /// A stop string.
    case string
  }
}

/// What ends a continuation besides its length.
public struct Stopping: Sendable {
  /// Tokens that end it and do not belong to it.
  public var tokens: Set<Int32>
  /// Strings that end it and do not belong to it.
  public var strings: [String]

  /// Stops at tokens and strings.
  public init(tokens: Set<Int32> = [], strings: [String] = []) {
    self.tokens = tokens
    self.strings = strings
  }
}

/// Continues a prompt token by token.
///
/// - Parameters:
///   - prompt: tokens to begin with, at least one.
///   - count: tokens to add at most.
///   - context: the longest sequence that the model reads; the last token added needs not be read.
///   - sampling: how each next token is chosen.
///   - stopping: what ends the continuation besides.
///   - tokenizer: turns tokens into text; nil leaves stop strings and text out.
///   - next: calls its second argument with the scores of the token that follows the first, and gives what that chose.
/// - Throws: ``TransformerError``, `TokenizerError`, `Interrupted`, and what `next` throws.
public func continuation(
  of prompt: [Int32], count: Int, context: Int, sampling: Sampling = .greedy, stopping: Stopping = Stopping(),
  tokenizer: Tokenizer?,
  next: (_ tokens: [Int32], _ choose: (UnsafeBufferPointer<Float>) throws -> Int32) throws -> Int32
) throws -> Continuation {
  let activity = Activity("generate", total: count)
  defer { activity.finish() }
  var watcher = try StopStrings(tokenizer == nil ? [] : stopping.strings)
  var tokens = prompt
  /// Bytes of text after each new token.
  var lengths: [Int] = []
  var end = Continuation.End.length
  while tokens.count < prompt.count + count {
    if tokens.count > context {
      end = .context
      break
    }
    let token = try next(tokens) { try sampling.next($0, position: tokens.count) }
    if stopping.tokens.contains(token) {
      end = .token
      break
    }
    tokens.append(token)
    if let tokenizer {
      let isOver = watcher.append(try tokenizer.bytes(of: token))
      lengths.append(watcher.bytes.count)
      if isOver {
        end = .string
        break
      }
    }
    try activity.advance()
  }
  var new = Array(tokens.dropFirst(prompt.count))
  if end == .string {
    // Tokens of which the cut left nothing or only a part.
    let kept = lengths.prefix { $0 <= watcher.bytes.count }.count
    new.removeLast(new.count - min(kept, new.count - 1))
  }
  return Continuation(tokens: new, text: watcher.text, end: end)
}

/// Continues a prompt with a model.
///
/// - Parameters:
///   - count: tokens to add at most; fewer when the context is full.
///   - sampling: how each next token is chosen.
///   - stopping: what ends the continuation besides.
/// - Throws: ``TransformerError``, `TensorError`, `TokenizerError`, `Interrupted`.
public func generate(
  _ model: Model, prompt: [Int32], count: Int, sampling: Sampling = .greedy, stopping: Stopping = Stopping()
) throws -> Continuation {
  try checkTokens(prompt, model, longest: model.configuration.context)
  let (wanted, overflow) = prompt.count.addingReportingOverflow(max(0, count))
  let decoding = try Decoding(model, capacity: overflow ? model.configuration.context : wanted)
  return try continuation(
    of: prompt, count: count, context: model.configuration.context, sampling: sampling, stopping: stopping,
    tokenizer: model.tokenizer
  ) { tokens, choose in try decoding.read(Array(tokens[decoding.count...]), choose) }
}
