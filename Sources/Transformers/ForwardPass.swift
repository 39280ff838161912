import Autograd
import Tensors

/// One computation of a model on a tape: gives an architecture its weights by name, with the adapter where there is one.
///
/// The pointers are borrowed from the model and valid as long as the computation that made the pass.
public struct ForwardPass {
  /// The tape that records the computation.
  public let tape: Tape
  let architecture: any Architecture
  let weights: UnsafePointer<Float>
  let adapter: (shape: Adapter.Shape, factors: UnsafePointer<Float>)?
  /// Where gradients of the free weights are added: the adapter's factors if there is an adapter, else all weights.
  let gradient: UnsafeMutablePointer<Float>?

  /// A matrix or vector of weights; a vector is one row.
  ///
  /// - Throws: ``TransformerError/unknownSegment(name:known:)``.
  public func parameter(_ name: String) throws -> Variable {
    let segment = try architecture.layout.segment(name)
    let target = adapter == nil ? gradient.map { $0 + segment.offset } : nil
    return tape.parameter(
      weights + segment.offset, gradient: target, rows: segment.rows, columns: segment.columns)
  }

  /// `x·Wᵀ + b` with the weight and bias under `name`, plus (α/r)·x·Aᵀ·Bᵀ where the adapter sits on it.
  ///
  /// - Parameters:
  ///   - x: rows × inputs.
  ///   - residual: added to the result, rows × outputs.
  /// - Returns: rows × outputs.
  public func linear(_ x: Variable, _ name: String, residual: Variable? = nil) throws -> Variable {
    let weight = try parameter(name + ".weight")
    let bias = architecture.layout[name + ".bias"] == nil ? nil : try parameter(name + ".bias")
    guard let adapter, let a = adapter.shape.layout[name + ".a"], let b = adapter.shape.layout[name + ".b"] else {
      return try tape.linear(x, weight: weight, bias: bias, residual: residual)
    }
    return try tape.loraLinear(
      x, weight: weight, bias: bias, a: factor(a, adapter.factors), b: factor(b, adapter.factors),
      scale: Float(adapter.shape.scale), residual: residual)
  }

  /// Layer norm with the gain and bias under `name`.
  public func layerNorm(_ x: Variable, _ name: String) throws -> Variable {
    try tape.layerNorm(
      x, gain: parameter(name + ".gain"), bias: parameter(name + ".bias"),
      epsilon: architecture.configuration.epsilon)
  }

  private func factor(_ segment: Segment, _ factors: UnsafePointer<Float>) -> Variable {
    tape.parameter(
      factors + segment.offset, gradient: gradient.map { $0 + segment.offset }, rows: segment.rows,
      columns: segment.columns)
  }

  /// Logits at some positions of token sequences.
  ///
  /// - Returns: one row a position, `vocabulary` columns.
  func logits(_ grid: TokenGrid, at positions: [Int32]?) throws -> Variable {
    let hidden = try architecture.hidden(self, grid, at: positions)
    return try tape.linear(hidden, weight: parameter(architecture.outputTable), bias: nil)
  }
}
