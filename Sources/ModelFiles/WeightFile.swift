import Tensors

/// A file, or several that belong together, of named arrays. It is mapped into memory, and an array is widened to
/// float32 only when it is asked for.
public protocol WeightFile: Sendable {
  /// Where it is, for messages.
  var path: String { get }
  /// What it holds, in the order of the file.
  var arrays: [StoredArray] { get }

  /// Writes the elements of an array, row-major, as float32.
  ///
  /// - Parameters:
  ///   - array: one of ``arrays``.
  ///   - target: room for `array.count` numbers.
  /// - Throws: `TensorError`, `Interrupted`.
  func read(_ array: StoredArray, into target: UnsafeMutablePointer<Float>) throws
}

/// One array of a file.
public struct StoredArray: Sendable, Hashable {
  /// Its name in the file, such as `model.layers.0.self_attn.q_proj.weight`.
  public let name: String
  /// Rows before columns, as PyTorch says it. GGUF's own order is the reverse.
  public let shape: [Int]
  /// How elements are stored, such as `BF16` or `Q4_1`.
  public let format: String
  /// Where its bytes begin in its file, and how many there are.
  public let offset, byteCount: Int

  /// How many elements it has. The shape was checked against the file.
  public var count: Int { shape.reduce(1, *) }

  /// An array whose place was checked.
  public init(name: String, shape: [Int], format: String, offset: Int, byteCount: Int) {
    self.name = name
    self.shape = shape
    self.format = format
    self.offset = offset
    self.byteCount = byteCount
  }
}
