import Checkpoints

/// An n-dimensional array of float32 or float64, dense and row-major, with value semantics.
///
/// Storage is shared until it is written. Numbers that a user writes are float64, so that `tensor([0.1])[0] == 0.1`;
/// weights and activations are float32; an operation on both gives float64.
public struct Tensor: Sendable {
  /// The element types.
  public enum DType: String, Sendable, CaseIterable {
    /// Single precision.
    case float32
    /// Double precision.
    case float64

    /// Bytes of one element.
    public var width: Int { self == .float32 ? 4 : 8 }

    /// The type that holds the values of both.
    static func common(_ a: DType, _ b: DType) -> DType { a == b ? a : .float64 }
  }

  enum Storage: Sendable {
    case float32(AlignedStorage<Float>)
    case float64(AlignedStorage<Double>)
  }

  /// The length of every axis; empty for a single number.
  public private(set) var shape: [Int]
  /// Whether the tensor answers a question (`x > 0`): float64 zeros and ones that select when they index.
  public internal(set) var isMask = false
  var storage: Storage

  init(storage: Storage, shape: [Int], isMask: Bool = false) {
    self.storage = storage
    self.shape = shape
    self.isMask = isMask
  }

  // MARK: - Making tensors

  /// A tensor with every element equal to `value`.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``, ``TensorError/invalidShape(operation:shape:reason:)``.
  public init(repeating value: Double, shape: [Int], dtype: DType = .float64) throws {
    switch dtype {
    case .float32: self = try Tensor.make(Float.self, shape) { $0.update(repeating: Float(value), count: $1) }
    case .float64: self = try Tensor.make(Double.self, shape) { $0.update(repeating: value, count: $1) }
    }
  }

  /// A float64 tensor with the elements of an array in row-major order.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when the shape has another number of elements.
  public init(_ elements: [Double], shape: [Int]? = nil) throws {
    self = try Tensor.make(elements, shape ?? [elements.count])
  }

  /// A float32 tensor with the elements of an array in row-major order.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when the shape has another number of elements.
  public init(_ elements: [Float], shape: [Int]? = nil) throws {
    self = try Tensor.make(elements, shape ?? [elements.count])
  }

  /// A float32 tensor that shares the memory of a flat vector.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when the shape has another number of elements.
  public init(_ vector: FloatVector, shape: [Int]? = nil) throws(TensorError) {
    let shape = shape ?? [vector.count]
    guard try Tensor.size(of: shape) == vector.count else {
      throw .invalidShape(operation: "tensor", shape: shape, reason: "there are \(vector.count) elements")
    }
    self.init(storage: .float32(vector.storage), shape: shape)
  }

  /// A float64 tensor whose memory `fill` writes; it must write every element.
  ///
  /// - Throws: ``TensorError``, and what `fill` throws.
  public init(float64 shape: [Int], fill: (UnsafeMutablePointer<Double>, _ count: Int) throws -> Void) throws {
    self = try Tensor.make(Double.self, shape, fill)
  }

  /// A float32 tensor whose memory `fill` writes; it must write every element.
  ///
  /// - Throws: ``TensorError``, and what `fill` throws.
  public init(float32 shape: [Int], fill: (UnsafeMutablePointer<Float>, _ count: Int) throws -> Void) throws {
    self = try Tensor.make(Float.self, shape, fill)
  }

  /// A tensor without axes.
  public init(scalar value: Double) throws { self = try Tensor.make([value], []) }

  /// Ones on the diagonal, zeros elsewhere.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public static func identity(_ n: Int) throws -> Tensor {
    try Tensor(float64: [n, n]) { out, count in
      out.update(repeating: 0, count: count)
      for index in 0..<n { out[index * (n + 1)] = 1 }
    }
  }

  /// `first + i·step` for i from 0 to count − 1.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public static func progression(first: Double, step: Double, count: Int) throws -> Tensor {
    try Tensor(float64: [count]) { out, count in
      for index in 0..<count { out[index] = first + Double(index) * step }
    }
  }

  static func make<Element: TensorElement>(
    _ type: Element.Type, _ shape: [Int], _ fill: (UnsafeMutablePointer<Element>, _ count: Int) throws -> Void
  ) throws -> Tensor {
    try Cancellation.check()
    let storage = try AlignedStorage<Element>(count: size(of: shape))
    try fill(storage.base, storage.count)
    return Tensor(storage: Element.wrap(storage), shape: shape)
  }

  private static func make<Element: TensorElement>(_ elements: [Element], _ shape: [Int]) throws -> Tensor {
    guard try size(of: shape) == elements.count else {
      throw TensorError.invalidShape(
        operation: "tensor", shape: shape, reason: "there are \(elements.count) elements")
    }
    return try make(Element.self, shape) { out, count in
      elements.withUnsafeBufferPointer { if let base = $0.baseAddress { out.update(from: base, count: count) } }
    }
  }

  /// The product of the lengths, refused when it does not fit a machine word or a length is negative.
  static func size(of shape: [Int]) throws(TensorError) -> Int {
    var size = 1
    var bytes = 8.0
    for length in shape {
      guard length >= 0 else {
        throw .invalidShape(operation: "tensor", shape: shape, reason: "a length is negative")
      }
      bytes *= Double(length)
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      size = overflow ? -1 : product
      if overflow && !shape.contains(0) {
        throw .tooLarge(bytes: shape.reduce(8) { $0 * Double($1) }, available: MemoryBudget.available)
      }
      if overflow { return 0 }
    }
    return size
  }

  // MARK: - Looking at tensors

  /// How many elements there are.
  public var count: Int {
    switch storage {
    case .float32(let storage): storage.count
    case .float64(let storage): storage.count
    }
  }

  /// How many axes there are.
  public var rank: Int { shape.count }

  /// The element type.
  public var dtype: DType {
    switch storage {
    case .float32: .float32
    case .float64: .float64
    }
  }

  /// The elements in row-major order, as doubles.
  public var doubles: [Double] {
    switch storage {
    case .float32(let storage): UnsafeBufferPointer(start: storage.base, count: storage.count).map(Double.init)
    case .float64(let storage): Array(UnsafeBufferPointer(start: storage.base, count: storage.count))
    }
  }

  /// The elements in row-major order, rounded to single precision where they are not.
  public var floats: [Float] {
    switch storage {
    case .float32(let storage): Array(UnsafeBufferPointer(start: storage.base, count: storage.count))
    case .float64(let storage): UnsafeBufferPointer(start: storage.base, count: storage.count).map { Float($0) }
    }
  }

  /// The element at a place of the row-major order; `index` must be below ``count``.
  public func element(_ index: Int) -> Double {
    switch storage {
    case .float32(let storage): Double(storage.base[index])
    case .float64(let storage): storage.base[index]
    }
  }

  /// The elements as a flat float32 vector; shares memory when the tensor is float32.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public func vector() throws -> FloatVector {
    switch try converted(to: .float32).storage {
    case .float32(let storage): FloatVector(storage: storage)
    case .float64: try FloatVector(floats)
    }
  }

  /// The same values in another element type.
  ///
  /// - Throws: ``TensorError/tooLarge(bytes:available:)``.
  public func converted(to dtype: DType) throws -> Tensor {
    switch (storage, dtype) {
    case (.float32, .float32), (.float64, .float64): self
    case (.float32(let source), .float64): try Tensor.convert(source, shape, Double.self)
    case (.float64(let source), .float32): try Tensor.convert(source, shape, Float.self)
    }
  }

  private static func convert<From: TensorElement, To: TensorElement>(
    _ source: AlignedStorage<From>, _ shape: [Int], _ type: To.Type
  ) throws -> Tensor {
    try make(To.self, shape) { out, count in
      for index in 0..<count { out[index] = To(source.base[index]) }
    }
  }

  /// The same elements in row-major order under another shape, which must have as many; shares memory.
  func viewed(as shape: [Int]) -> Tensor { Tensor(storage: storage, shape: shape, isMask: isMask) }

  /// Whether shape, type and every bit agree (a NaN equals itself here).
  public func isIdentical(to other: Tensor) -> Bool {
    guard shape == other.shape, isMask == other.isMask else { return false }
    switch (storage, other.storage) {
    case (.float32(let a), .float32(let b)): return Tensor.sameBytes(a, b)
    case (.float64(let a), .float64(let b)): return Tensor.sameBytes(a, b)
    default: return false
    }
  }

  private static func sameBytes<Element>(_ a: AlignedStorage<Element>, _ b: AlignedStorage<Element>) -> Bool {
    a === b
      || UnsafeRawBufferPointer(start: a.base, count: a.count * MemoryLayout<Element>.stride)
        .elementsEqual(UnsafeRawBufferPointer(start: b.base, count: b.count * MemoryLayout<Element>.stride))
  }

  /// Resolves an axis that may count from the end.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when there is no such axis.
  public func axis(_ axis: Int, _ operation: String) throws(TensorError) -> Int {
    let resolved = axis < 0 ? axis + rank : axis
    guard shape.indices.contains(resolved) else {
      throw .invalidShape(
        operation: operation, shape: shape,
        reason: rank == 0 ? "it has no axes" : "axis \(axis) is not one of 0 to \(rank - 1)")
    }
    return resolved
  }

  /// The shape as (before the axis, the axis, after it): the way every operation along an axis walks.
  func lanes(_ axis: Int) -> (outer: Int, length: Int, inner: Int) {
    (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
  }
}
