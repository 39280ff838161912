import Tensors
import Tokenizers
import Transformers

/// Errors of a file say which file it is, whichever room found the fault.
enum FileFault {
  /// Calls `body`, and names the file in what it throws about sizes, choices and tokenizers.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch TransformerError.invalidConfiguration(let field, let value, let reason),
      TransformerError.invalidOption(let field, let value, let reason)
    {
      throw TensorError.malformed(path: path, reason: "\(field) is \(value), and it \(reason)")
    } catch TransformerError.unknownChoice(let what, let name, let known),
      TokenizerError.unsupported(let what, let name, let known)
    {
      throw TensorError.malformed(
        path: path, reason: "its \(what) \"\(name)\" is not built in; known are \(known.joined(separator: ", "))")
    } catch TokenizerError.malformed(let source, let reason) {
      throw TensorError.malformed(path: source, reason: reason)
    }
  }
}
