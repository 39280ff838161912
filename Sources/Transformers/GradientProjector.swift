/// Something that maps a gradient onto a subspace in place: how `project=U` enters training.
public protocol GradientProjector: Sendable {
  /// Replaces a gradient by its projection.
  ///
  /// - Throws: an error when `count` is not the dimension of the space.
  func project(_ gradient: UnsafeMutablePointer<Float>, count: Int) throws
}
