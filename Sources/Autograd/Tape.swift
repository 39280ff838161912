import Checkpoints
import Tensors

/// Records a computation as it is carried out, so that gradients can be computed from its end back to its beginning.
///
///     let tape = Tape()
///     for step in 0..<steps {
///       tape.reset()
///       let w = tape.parameter(weights, gradient: gradients, rows: 384, columns: 128)
///       let y = try tape.linear(x, weight: w, bias: nil)
///       …
///       try tape.backward(from: loss)
///     }
///
/// A tape belongs to one thread at a time; each operation spreads its own work over the cores.
public final class Tape {
  /// One operation that was carried out, and the variable it made.
  struct Node {
    var operation: any Operation
    var output: Int
  }

  /// Up to so many rows a product reads its weights once, as they lie, and waits for memory: packing them would cost more
  /// than it saves.
  public static let fewRows = 3

  /// The arithmetic, on whichever hardware.
  let kernels: any Kernels
  /// Whether operations keep what a backward pass needs. False for evaluation and generation.
  public var isRecording: Bool

  let arena = Arena()
  var nodes: [Node] = []
  var gradients: [GradientSlot] = []
  var life = 0
  /// What cross-entropies know of their rows, by the index of their result.
  var rowResults: [Int: RowResults] = [:]
  /// The angles of the last rotation.
  var rotaryTable: RotaryTable?

  /// Makes an empty tape.
  ///
  /// - Parameter recording: whether a backward pass will follow.
  public convenience init(recording: Bool = true) { self.init(kernels: CPUKernels(), recording: recording) }

  /// Makes an empty tape whose arithmetic is done by `kernels`.
  package init(kernels: any Kernels, recording: Bool = true) {
    self.kernels = kernels
    isRecording = recording
  }

  /// Forgets all variables and operations and keeps their memory for the next step.
  ///
  /// Variables made before are not valid afterwards: operations refuse them.
  public func reset() {
    nodes.removeAll(keepingCapacity: true)
    gradients.removeAll(keepingCapacity: true)
    rowResults.removeAll(keepingCapacity: true)
    life += 1
  }

  // MARK: - Leaves

  /// A matrix of weights in the caller's memory.
  ///
  /// - Parameters:
  ///   - values: rows × columns numbers, which must stay in place until the tape is reset.
  ///   - compact: the same numbers in fewer bytes, which products with few rows then read. They must stay in place as
  ///     long.
  ///   - gradient: where to add the gradient, of the same shape; nil for frozen weights, whose gradient is not computed.
  ///   - rows: number of rows; for the weight of a linear map, its outputs.
  ///   - columns: number of columns; for the weight of a linear map, its inputs.
  public func parameter(
    _ values: UnsafePointer<Float>, compact: CompactMatrix? = nil, gradient: UnsafeMutablePointer<Float>?,
    rows: Int, columns: Int
  ) -> Variable {
    let count = rows * columns
    let storage = Storage(borrowing: UnsafeMutablePointer(mutating: values), compact: compact, count: count)
    let slot = GradientSlot(
      isNeeded: gradient != nil && isRecording,
      storage: gradient.map { Storage(borrowing: $0, count: count) }, isCallers: gradient != nil)
    return register(storage, rows: rows, columns: columns, slot)
  }

  /// A matrix in the tape's memory that `fill` writes, row after row. `fill` must write every element.
  ///
  /// - Parameter requiresGradient: whether ``withGradient(of:_:)`` will ask for its gradient.
  /// - Throws: ``TensorError/tooLarge(bytes:available:)`` and what `fill` throws.
  public func constant(
    rows: Int, columns: Int, requiresGradient: Bool = false, fill: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> Variable {
    let count = try elementCount(rows, columns, operation: "constant")
    let storage = try Storage(count: count, arena: arena)
    try fill(UnsafeMutableBufferPointer(start: storage.base, count: count))
    return register(
      storage, rows: rows, columns: columns, GradientSlot(isNeeded: requiresGradient && isRecording))
  }

  // MARK: - Reading

  /// Reads the numbers of a variable, row after row.
  public func withValues<Result, Failure: Error>(
    of variable: Variable, _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(variable.storage) {} }
    return try body(UnsafeBufferPointer(start: variable.pointer, count: variable.count))
  }

  /// The numbers of a variable, row after row, as an array.
  public func values(of variable: Variable) -> [Float] { withValues(of: variable) { Array($0) } }

  /// The first number of a variable, such as a loss.
  public func scalar(_ variable: Variable) -> Double {
    if variable.life == life, let results = rowResults[variable.index] { return results.mean }
    return withValues(of: variable) { $0.first.map(Double.init) ?? .nan }
  }

  /// Reads the gradient that the backward pass left for a leaf: a constant made with `requiresGradient`, or a
  /// parameter. Nil when there is none.
  public func withGradient<Result>(
    of variable: Variable, _ body: (UnsafeBufferPointer<Float>) throws -> Result
  ) rethrows -> Result? {
    guard variable.life == life, gradients.indices.contains(variable.index),
      let storage = gradients[variable.index].storage
    else { return nil }
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.base, count: variable.count))
  }

  // MARK: - Backward

  /// Computes the gradients of a 1 × 1 variable with respect to every parameter and leaf that requires one.
  ///
  /// Gradients are added to those in the parameters' buffers. Afterwards the tape holds no activations any more; the
  /// loss itself stays readable.
  ///
  /// - Throws: ``TensorError/invalidShape(operation:shape:reason:)`` when `loss` is not 1 × 1 or the tape did not
  ///   record it, `Interrupted`. When it throws, the gradient buffers hold part of the sum.
  public func backward(from loss: Variable) throws {
    guard loss.count == 1 else {
      throw TensorError.invalidShape(
        operation: "backward", shape: loss.shape, reason: "it is not a single number; say which gradient to start from")
    }
    try backward(from: loss, gradient: [1])
  }

  /// Computes a product of a row vector and the Jacobian: the gradients of `Σ gradient · result`.
  ///
  /// - Parameter gradient: one number for each of the result's, row after row.
  /// - Throws: as ``backward(from:)``.
  public func backward(from result: Variable, gradient: [Float]) throws {
    try begin("backward", result)
    guard gradient.count == result.count else {
      throw TensorError.shapeMismatch(operation: "backward", left: result.shape, right: [gradient.count])
    }
    guard result.requiresGradient else {
      throw TensorError.invalidShape(
        operation: "backward", shape: result.shape, reason: "nothing it was computed from requires a gradient")
    }
    let pass = BackwardPass(tape: self)
    guard let start = try pass.target(for: result) else { return }
    for (index, value) in gradient.enumerated() {
      start.base[index] = (start.accumulates ? start.base[index] : 0) + value
    }
    while let node = nodes.popLast() {
      try Cancellation.check()
      // Taking the gradient out of its slot lets its memory be reused as soon as this operation has passed it on.
      guard let gradient = gradients[node.output].take() else { continue }
      try node.operation.backward(from: gradient, pass)
    }
  }

  // MARK: - For operations

  /// Makes room for the result of an operation.
  func makeOutput(_ rows: Int, _ columns: Int, operation: String) throws -> Storage {
    try Storage(count: try elementCount(rows, columns, operation: operation), arena: arena)
  }

  /// Registers the result of an operation, and the operation itself if a backward pass will need it.
  ///
  /// - Parameter operation: made only when some input requires a gradient and the tape records, so that what it would
  ///   keep is otherwise free at once.
  func record(
    _ storage: Storage, _ rows: Int, _ columns: Int, inputs: [Variable], _ operation: @autoclosure () -> any Operation
  ) -> Variable {
    let needed = isRecording && inputs.contains { $0.requiresGradient }
    let output = register(storage, rows: rows, columns: columns, GradientSlot(isNeeded: needed))
    if needed { nodes.append(Node(operation: operation(), output: output.index)) }
    return output
  }

  /// Begins an operation: stops if the user asked for it, and refuses variables from before the last reset.
  func begin(_ operation: String, _ inputs: Variable...) throws {
    try Cancellation.check()
    for input in inputs where input.life != life || !gradients.indices.contains(input.index) {
      throw TensorError.invalidShape(
        operation: operation, shape: input.shape, reason: "the variable was made before the tape was reset")
    }
  }

  func expect(_ condition: Bool, _ operation: String, _ left: Variable, _ right: Variable) throws(TensorError) {
    if !condition { throw .shapeMismatch(operation: operation, left: left.shape, right: right.shape) }
  }

  func expectRow(_ row: Variable?, columns: Int, _ operation: String) throws(TensorError) {
    guard let row else { return }
    if row.rows != 1 || row.columns != columns {
      throw .shapeMismatch(operation: operation, left: [1, columns], right: row.shape)
    }
  }

  private func register(_ storage: Storage, rows: Int, columns: Int, _ slot: GradientSlot) -> Variable {
    gradients.append(slot)
    return Variable(
      index: gradients.count - 1, life: life, rows: rows, columns: columns, requiresGradient: slot.isNeeded,
      storage: storage)
  }

  func elementCount(_ rows: Int, _ columns: Int, operation: String) throws(TensorError) -> Int {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows >= 0, columns >= 0, !overflow else {
      throw .invalidShape(operation: operation, shape: [rows, columns], reason: "not a size that memory can have")
    }
    return count
  }
}
