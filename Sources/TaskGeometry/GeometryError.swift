/// What can go wrong in this room. The language turns each case into an error with a code, a place and a help line.
public enum GeometryError: Error, Sendable, Equatable {
  /// Two operands that live in different spaces.
  case spaceMismatch(left: ParameterSpace, right: ParameterSpace)
  /// Two checkpoints of a trajectory that do not share a space, named by their files.
  case differentCheckpoints(first: String, second: String, left: ParameterSpace, right: ParameterSpace)
  /// A number of steps, directions or batches that the value does not offer. `value` is what was asked for.
  case outOfRange(what: String, value: Int, allowed: ClosedRange<Int>)
  /// A share, tolerance or other real number outside its domain, with the domain in words.
  case invalidOption(what: String, value: Double, allowed: String)
  /// A question that has no answer for this value, such as the span of zero vectors, with the reason.
  case degenerate(operation: String, reason: String)
  /// Something that only an adapter has, asked of a model without one.
  case needsAdapter(operation: String)
  /// A journal that belongs to another search: what differs, there and here.
  case otherSearch(path: String, what: String, theirs: String, ours: String)
  /// A subspace or displacement that does not know from which model it is counted.
  case noOrigin(operation: String)
}
