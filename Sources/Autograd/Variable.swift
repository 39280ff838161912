import Tensors

/// A matrix that takes part in a computation: rows × columns of float32, row after row.
///
/// Its numbers live in the tape's memory, or in the caller's for a parameter. A variable made by a tape that does not
/// record gives its memory back as soon as nobody holds it any more; on a recording tape the operations whose backward
/// pass needs it hold it too.
public struct Variable: Sendable {
  /// Position among the variables of its tape.
  let index: Int
  /// Which of the tape's lives it belongs to; ``Tape/reset()`` begins a new one.
  let life: Int
  /// How many rows there are, usually one a token.
  public let rows: Int
  /// How many columns there are, usually one a feature.
  public let columns: Int
  /// Whether the backward pass has to compute a gradient for it.
  public let requiresGradient: Bool
  /// Where the numbers are.
  let storage: Storage

  /// How many elements there are.
  var count: Int { rows * columns }
  /// The numbers of a parameter in fewer bytes, where the caller has them; see
  /// ``Tape/parameter(_:compact:gradient:rows:columns:)``.
  var compact: CompactMatrix? { storage.compact }
  var pointer: UnsafePointer<Float> { UnsafePointer(storage.base) }
  var shape: [Int] { [rows, columns] }
}
