/// What can go wrong in this room. The language turns each case into an error with a code, a place and a help line.
public enum TensorError: Error, Sendable, Equatable {
  /// An allocation of `bytes` would not fit into the memory the machine has left.
  case tooLarge(bytes: Double, available: Double)
  /// Two shapes that an operation cannot combine.
  case shapeMismatch(operation: String, left: [Int], right: [Int])
  /// A shape or an axis that an operation does not accept, with the reason.
  case invalidShape(operation: String, shape: [Int], reason: String)
  /// An index outside its axis.
  case indexOutOfRange(index: Int, axis: Int, size: Int)
  /// A decomposition that did not succeed, such as `cholesky` of an indefinite matrix.
  case linearAlgebra(operation: String, reason: String)
  /// A file that is not there, or cannot be read or written.
  case file(path: String, reason: String)
  /// A file whose content is not what its name promises.
  case malformed(path: String, reason: String)
}
