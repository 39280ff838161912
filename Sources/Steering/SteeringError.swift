/// What can go wrong in this room. The language turns each case into an error with a code, a place and a help line.
public enum SteeringError: Error, Sendable, Equatable {
  /// Two operands, or a vector and a model, that do not belong together: of other models, layers or sites, in words.
  case mismatch(what: String, left: String, right: String)
  /// A layer that a vector or a model does not have.
  case noLayer(Int, known: [Int], of: String)
  /// A number outside its domain, with the domain in words.
  case invalidOption(what: String, value: String, allowed: String)
  /// A question that the data cannot answer, such as the direction of pairs that do not differ.
  case degenerate(operation: String, reason: String)
  /// Something that a file format cannot hold, with what could be done instead.
  case notStorable(format: String, reason: String, help: String)
}
