import CKernels
import Checkpoints
import Tensors

/// Numbers that a kernel reads.
package typealias Input = UnsafePointer<Float>
/// Numbers that a kernel writes.
package typealias Output = UnsafeMutablePointer<Float>

/// The one table between the operations and the hardware.
///
/// An operation decides what is computed and what is kept; a kernel carries it out on all cores. Another backend is
/// another implementation of this protocol: it changes no operation and no model. Matrices are row after row without
/// gaps. `accumulates` means that a result is added to what is there.
package protocol Kernels: Sendable {
  // MARK: Matrix products

  /// `output = residual + bias + input · weightᵀ`, for rows × inputs times outputs × inputs.
  func linear(_ arguments: LinearArguments) throws
  /// The gradients of a linear map that are asked for.
  func linearBackward(_ arguments: LinearGradientArguments) throws
  /// `c = alpha · op(a) · op(b) + (accumulates ? c : 0)`.
  func product(_ arguments: ProductArguments) throws

  // MARK: Elementwise

  /// `output += input`.
  func add(_ input: Input, to output: Output, count: Int)
  /// `output = a + b`.
  func sum(_ a: Input, _ b: Input, into output: Output, count: Int)
  /// `output[i][j] = input[i][j] + row[j]`.
  func addRow(_ row: Input, to input: Input, into output: Output, rows: Int, columns: Int)
  /// `output[j] (+)= Σᵢ input[i][j]`.
  func sumRows(_ input: Input, into output: Output, rows: Int, columns: Int, accumulates: Bool)
  /// GELU in its tanh form.
  func gelu(_ input: Input, into output: Output, count: Int)
  /// Its gradient: `inputGradient (+)= gradient · gelu′(input)`.
  func geluBackward(_ gradient: Input, input: Input, into inputGradient: Output, count: Int, accumulates: Bool)
  /// `output = gate · σ(gate) · up`.
  func swiGLU(gate: Input, up: Input, into output: Output, count: Int)
  /// The gradients of SwiGLU with respect to both inputs; nil for one that nobody needs.
  func swiGLUBackward(
    _ gradient: Input, gate: Input, up: Input, gateGradient: Output?, gateAccumulates: Bool, upGradient: Output?,
    upAccumulates: Bool, count: Int)

  // MARK: Rows

  /// Copies rows: `output[i] = input[rows[i]] (+ second[secondRows[i]])`.
  func gatherRows(
    _ input: Input, rows: UnsafePointer<Int32>, second: Input?, secondRows: UnsafePointer<Int32>?,
    into output: Output, count: Int, columns: Int)
  /// Adds rows: `output[rows[i]] += input[i]`, in the order of `i`.
  func scatterRows(_ input: Input, rows: UnsafePointer<Int32>, into output: Output, count: Int, columns: Int)

  // MARK: Steering

  /// Changes some rows along one vector.
  func steer(_ arguments: SteeringArguments)
  /// The gradient of the rows.
  func steerBackward(_ arguments: SteeringGradientArguments)

  // MARK: Normalisation

  /// Layer norm or RMS norm over the columns.
  func norm(_ arguments: NormArguments)
  /// Its gradients.
  func normBackward(_ arguments: NormGradientArguments) throws

  // MARK: Attention

  /// Causal attention with grouped heads.
  func attention(_ arguments: AttentionArguments) throws
  /// Its gradients.
  func attentionBackward(_ arguments: AttentionGradientArguments) throws

  // MARK: Loss

  /// Log-sum-exp, loss and largest column of every row of logits.
  func crossEntropy(_ arguments: CrossEntropyArguments)
  /// `logitsGradient (+)= scale[i] · (softmax(logits[i]) − onehot(targets[i]))`.
  func crossEntropyBackward(_ arguments: CrossEntropyGradientArguments)
}

/// Arguments of ``Kernels/linear(_:)``.
package struct LinearArguments {
  /// rows × inputs.
  package var input: Input
  /// outputs × inputs.
  package var weight: Input
  /// The same numbers in fewer bytes, or nil.
  package var compactWeight: CompactMatrix?
  /// outputs, or nil.
  package var bias: Input?
  /// rows × outputs, or nil.
  package var residual: Input?
  /// rows × outputs.
  package var output: Output
  package var rows: Int
  package var inputs: Int
  package var outputs: Int
}

/// Arguments of ``Kernels/linearBackward(_:)``. A gradient that is nil is not computed.
package struct LinearGradientArguments {
  /// rows × outputs: the gradient with respect to the result.
  package var gradient: Input
  /// rows × inputs.
  package var input: Input
  /// outputs × inputs.
  package var weight: Input
  /// rows × inputs.
  package var inputGradient: Output?
  package var inputAccumulates: Bool
  /// outputs × inputs.
  package var weightGradient: Output?
  package var weightAccumulates: Bool
  /// outputs.
  package var biasGradient: Output?
  package var biasAccumulates: Bool
  package var rows: Int
  package var inputs: Int
  package var outputs: Int
}

/// Arguments of ``Kernels/product(_:)``.
package struct ProductArguments {
  /// rows × depth, or depth × rows when transposed.
  package var a: Input
  package var aIsTransposed = false
  /// depth × columns, or columns × depth when transposed.
  package var b: Input
  package var bIsTransposed = false
  /// rows × columns.
  package var c: Output
  package var rows: Int
  package var columns: Int
  package var depth: Int
  package var alpha: Float = 1
  package var accumulates = false
}

/// Arguments of ``Kernels/steer(_:)``.
package struct SteeringArguments {
  package var input: Input
  /// One row: what is added, or the unit direction that is ablated.
  package var vector: Input
  /// One flag a row, or nil for all rows.
  package var selected: [Bool]?
  package var output: Output
  package var rows: Int
  package var columns: Int
  package var kind: Tape.Steering
}

/// Arguments of ``Kernels/steerBackward(_:)``.
package struct SteeringGradientArguments {
  package var gradient: Input
  package var input: Input
  package var vector: Input
  package var selected: [Bool]?
  package var inputGradient: Output
  package var accumulates: Bool
  package var rows: Int
  package var columns: Int
  package var kind: Tape.Steering
}

/// Arguments of ``Kernels/norm(_:)``.
package struct NormArguments {
  /// Whether the mean is subtracted: layer norm; otherwise RMS norm.
  package var centres: Bool
  package var input: Input
  package var gain: Input?
  package var bias: Input?
  package var output: Output
  /// One mean and one reciprocal deviation a row, for the backward pass.
  package var statistics: Output
  package var rows: Int
  package var columns: Int
  package var epsilon: Float
}

/// Arguments of ``Kernels/normBackward(_:)``. A gradient that is nil is not computed.
package struct NormGradientArguments {
  package var centres: Bool
  package var gradient: Input
  package var input: Input
  package var gain: Input?
  package var statistics: Input
  package var inputGradient: Output?
  package var inputAccumulates: Bool
  package var gainGradient: Output?
  package var gainAccumulates: Bool
  package var biasGradient: Output?
  package var biasAccumulates: Bool
  package var rows: Int
  package var columns: Int
}

/// A matrix that lies inside the columns of a wider one.
package struct StridedInput {
  package var base: Input
  /// Elements from one row to the next.
  package var stride: Int
}

/// A matrix to write that lies inside the columns of a wider one.
package struct StridedOutput {
  package var base: Output
  /// Elements from one row to the next.
  package var stride: Int
  package var accumulates: Bool
}

/// Arguments of ``Kernels/attention(_:)``.
package struct AttentionArguments {
  package var shape: AttentionShape
  package var queries: StridedInput
  package var keys: StridedInput
  package var values: StridedInput
  /// Cosine and sine of the rotation, (length · width / 2) of each, or nil.
  package var angles: Input?
  /// (batch · queryLength) × (heads · headWidth).
  package var output: Output
  /// Log-sum-exp of the scores, batch × heads × queryLength; kept for the backward pass.
  package var logSumExp: Output
}

/// Arguments of ``Kernels/attentionBackward(_:)``. A gradient that is nil is not computed.
package struct AttentionGradientArguments {
  package var shape: AttentionShape
  package var queries: StridedInput
  package var keys: StridedInput
  package var values: StridedInput
  package var angles: Input?
  package var output: Input
  package var logSumExp: Input
  package var gradient: Input
  package var queryGradient: StridedOutput?
  package var keyGradient: StridedOutput?
  package var valueGradient: StridedOutput?
}

/// Arguments of ``Kernels/crossEntropy(_:)``.
package struct CrossEntropyArguments {
  package var logits: Input
  package var targets: UnsafePointer<Int32>
  /// One a row.
  package var losses: Output
  /// One a row.
  package var logSumExp: Output
  /// The column of the largest logit, one a row.
  package var predictions: UnsafeMutablePointer<Int32>
  package var rows: Int
  package var columns: Int
}

/// Arguments of ``Kernels/crossEntropyBackward(_:)``.
package struct CrossEntropyGradientArguments {
  package var logits: Input
  package var targets: UnsafePointer<Int32>
  package var logSumExp: Input
  /// One a row.
  package var scales: Input
  package var logitsGradient: Output
  package var accumulates: Bool
  package var rows: Int
  package var columns: Int
}
