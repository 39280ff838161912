import Autograd
import Tensors

/// The keys and values of the tokens that a model has read, so that the next token costs one row instead of all.
///
/// Keys are kept as they leave their layer; attention turns them by their positions.
final class KeyValueCache {
  /// Sequences.
  let rows: Int
  /// Tokens a sequence that there is room for.
  let capacity: Int
  /// Tokens of each sequence that are in it.
  private(set) var count = 0
  private let keyWidth: Int
  /// Keys, then values, of every layer: rows × capacity × keyWidth.
  private var storage: [FloatVector]

  /// An empty cache.
  ///
  /// - Throws: `TensorError` when it does not fit into memory.
  init(_ configuration: DecoderConfiguration, rows: Int, capacity: Int) throws {
    self.rows = rows
    self.capacity = capacity
    keyWidth = configuration.keyWidth
    storage = try (0..<2 * configuration.layers).map { _ in
      try FloatVector(zeros: rows * capacity * configuration.keyWidth)
    }
  }

  /// Says that `length` more tokens of every sequence are in it, once all layers have added theirs.
  func advance(by length: Int) { count = min(capacity, count + length) }

  /// Adds a layer's keys or values of the tokens that follow those in the cache, and gives all of them.
  ///
  /// - Parameter source: (rows · length) rows, `stride` apart.
  func extended(
    _ tape: Tape, slot: Int, by source: UnsafePointer<Float>, stride: Int, length: Int
  ) throws -> Variable {
    guard storage.indices.contains(slot), count + length <= capacity else {
      throw TensorError.indexOutOfRange(index: count + length, axis: 0, size: capacity)
    }
    return try storage[slot].withMutablePointer { base in
      for row in 0..<rows {
        for t in 0..<length {
          (base + (row * capacity + count + t) * keyWidth).update(
            from: source + (row * length + t) * stride, count: keyWidth)
        }
      }
      // The storage outlives the pass: the cache holds it and nobody else does.
      return tape.parameter(base, gradient: nil, rows: rows * capacity, columns: keyWidth)
    }
  }
}
