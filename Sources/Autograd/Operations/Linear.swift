import Tensors

extension Tape {
  /// A linear map: `x · weightᵀ + bias + residual`.
  ///
  /// - Parameters:
  ///   - x: rows × inputs.
  ///   - weight: outputs × inputs.
  ///   - bias: one row of `outputs`, or nil.
  ///   - residual: rows × outputs to add, or nil; cheaper here than as an addition of its own.
  ///   - target: where the result goes, which must stay in place until the tape is reset; nil for the tape's memory.
  /// - Returns: rows × outputs.
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func linear(
    _ x: Variable, weight: Variable, bias: Variable?, residual: Variable? = nil,
    into target: UnsafeMutablePointer<Float>? = nil
  ) throws -> Variable {
    try begin("linear", x, weight, bias ?? x, residual ?? x)
    try expect(x.columns == weight.columns, "linear", x, weight)
    try expectRow(bias, columns: weight.rows, "linear")
    if let residual { try expect(residual.rows == x.rows && residual.columns == weight.rows, "linear", x, residual) }
    let output =
      try target.map { Storage(borrowing: $0, count: try elementCount(x.rows, weight.rows, operation: "linear")) }
      ?? makeOutput(x.rows, weight.rows, operation: "linear")
    try kernels.linear(
      LinearArguments(
        input: x.pointer, weight: weight.pointer, compactWeight: weight.compact, bias: bias?.pointer,
        residual: residual?.pointer, output: output.base,
        rows: x.rows, inputs: x.columns, outputs: weight.rows))
    return record(
      output, x.rows, weight.rows, inputs: [x, weight] + [bias, residual].compactMap { $0 },
      LinearOperation(x: x, weight: weight, bias: bias, residual: residual))
  }
}

/// With `y = x Wᵀ + b + r`: `dx = dy W`, `dW = dyᵀ x`, `db = Σ dy`, `dr = dy`.
private struct LinearOperation: Operation {
  let x: Variable
  let weight: Variable
  let bias: Variable?
  let residual: Variable?

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    let dx = try pass.target(for: x)
    let dw = try pass.target(for: weight)
    let db = try bias.flatMap { try pass.target(for: $0) }
    try pass.kernels.linearBackward(
      LinearGradientArguments(
        gradient: gradient.base, input: x.pointer, weight: weight.pointer, inputGradient: dx?.base,
        inputAccumulates: dx?.accumulates ?? false, weightGradient: dw?.base,
        weightAccumulates: dw?.accumulates ?? false,
        biasGradient: db?.base, biasAccumulates: db?.accumulates ?? false, rows: x.rows, inputs: x.columns,
        outputs: weight.rows))
    if let residual { try pass.pass(gradient, to: residual) }
  }
}
