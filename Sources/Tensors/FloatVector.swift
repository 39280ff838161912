/// A flat vector of float32 with value semantics: all of a model's weights, a gradient, a displacement.
///
/// Storage is shared until it is written, so a copy costs nothing and never changes under its owner's feet. The
/// pointers handed out are aligned to 64 bytes and valid only inside the closure that receives them.
public struct FloatVector: Sendable {
  private(set) var storage: AlignedStorage<Float>

  /// How many elements there are.
  public var count: Int { storage.count }

  /// A vector of zeros.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)`` when the machine has not that much memory.
  public init(zeros count: Int) throws(TensorError) {
    storage = try AlignedStorage(count: count)
    storage.base.update(repeating: 0, count: count)
  }

  /// A vector whose elements `fill` writes. `fill` must write every element.
  public init(count: Int, fill: (UnsafeMutablePointer<Float>) throws -> Void) throws {
    storage = try AlignedStorage(count: count)
    try fill(storage.base)
  }

  /// A vector with the elements of an array.
  public init(_ elements: [Float]) throws(TensorError) {
    storage = try AlignedStorage(count: elements.count)
    for (index, element) in elements.enumerated() { storage.base[index] = element }
  }

  /// Reads the elements.
  @inline(__always)
  public func withPointer<Result, Failure: Error>(
    _ body: (UnsafePointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafePointer(storage.base))
  }

  /// Writes the elements, after copying them if another value shares the storage or it is a file's.
  ///
  /// - Throws: what `body` throws, or ``TensorError`` when a copy was needed and memory does not suffice.
  public mutating func withMutablePointer<Result>(_ body: (UnsafeMutablePointer<Float>) throws -> Result) throws
    -> Result
  {
    if storage.isMapped || !isKnownUniquelyReferenced(&storage) {
      storage = try AlignedStorage(copying: storage)
    }
    defer { withExtendedLifetime(storage) {} }
    return try body(storage.base)
  }

  /// A vector that shares the memory of a tensor.
  init(storage: AlignedStorage<Float>) { self.storage = storage }

  /// Whether the elements are in a temporary file instead of memory; see ``FloatSpool``.
  public var isMapped: Bool { storage.isMapped }

  /// The elements as an array.
  public var elements: [Float] {
    withPointer { Array(UnsafeBufferPointer(start: $0, count: count)) }
  }
}
