import Tensors

extension Tape {
  /// How rows are changed along a vector.
  public enum Steering: Sendable, Equatable {
    /// x + v.
    case add
    /// x − scale · (x·v) · v, for v of length 1: at scale 1 the projection onto the complement of v.
    case ablate(scale: Float)
    /// (x + v) · ‖x‖/‖x + v‖: a turn that keeps the length. A row whose sum is zero becomes zero.
    case rotate
  }

  /// `x` with some of its rows changed along a vector. The vector is frozen: it gets no gradient.
  ///
  /// - Parameters:
  ///   - x: rows × columns.
  ///   - vector: one row of `columns`.
  ///   - kind: what is done with it.
  ///   - selected: one flag a row; nil for all rows. The others are the same bits.
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func steer(
    _ x: Variable, along vector: Variable, _ kind: Steering, selected: [Bool]? = nil
  ) throws -> Variable {
    try begin("steer", x, vector)
    try expectRow(vector, columns: x.columns, "steer")
    if let selected, selected.count != x.rows {
      throw TensorError.shapeMismatch(operation: "steer", left: [x.rows], right: [selected.count])
    }
    let output = try makeOutput(x.rows, x.columns, operation: "steer")
    kernels.steer(
      SteeringArguments(
        input: x.pointer, vector: vector.pointer, selected: selected, output: output.base, rows: x.rows,
        columns: x.columns, kind: kind))
    return record(
      output, x.rows, x.columns, inputs: [x],
      SteeringOperation(x: x, vector: vector, kind: kind, selected: selected))
  }
}

/// With `u = x + v`: `dx = dy` where `v` is added; `dx = dy − scale·(dy·v)·v` where it is ablated; for a turn, with
/// `r = ‖x‖/‖u‖`, `dx = r·dy + (dy·u)·(x/(‖x‖‖u‖) − r·u/‖u‖²)`.
private struct SteeringOperation: Operation {
  let x: Variable
  let vector: Variable
  let kind: Tape.Steering
  let selected: [Bool]?

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    if kind == .add { return try pass.pass(gradient, to: x) }
    guard let dx = try pass.target(for: x) else { return }
    pass.kernels.steerBackward(
      SteeringGradientArguments(
        gradient: gradient.base, input: x.pointer, vector: vector.pointer, selected: selected, inputGradient: dx.base,
        accumulates: dx.accumulates, rows: x.rows, columns: x.columns, kind: kind))
  }
}
