import Tensors

extension Tape {
  /// Layer norm (Ba et al., arXiv 1607.06450) of every row: `(x − mean) / √(variance + epsilon) · gain + bias`.
  ///
  /// - Parameters:
  ///   - x: rows × columns.
  ///   - gain: one row of `columns`.
  ///   - bias: one row of `columns`, or nil.
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func layerNorm(_ x: Variable, gain: Variable, bias: Variable?, epsilon: Float = 1e-5) throws -> Variable {
    try norm("layerNorm", x, gain: gain, bias: bias, epsilon: epsilon, centres: true)
  }

  /// RMS norm (Zhang & Sennrich, arXiv 1910.07467) of every row: `x / √(mean of squares + epsilon) · gain`.
  ///
  /// - Parameters:
  ///   - x: rows × columns.
  ///   - gain: one row of `columns`.
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func rmsNorm(_ x: Variable, gain: Variable, epsilon: Float = 1e-5) throws -> Variable {
    try norm("rmsNorm", x, gain: gain, bias: nil, epsilon: epsilon, centres: false)
  }

  private func norm(
    _ name: String, _ x: Variable, gain: Variable, bias: Variable?, epsilon: Float, centres: Bool
  ) throws -> Variable {
    try begin(name, x, gain, bias ?? gain)
    try expectRow(gain, columns: x.columns, name)
    try expectRow(bias, columns: x.columns, name)
    let output = try makeOutput(x.rows, x.columns, operation: name)
    let statistics = try makeOutput(x.rows, 2, operation: name)
    kernels.norm(
      NormArguments(
        centres: centres, input: x.pointer, gain: gain.pointer, bias: bias?.pointer, output: output.base,
        statistics: statistics.base, rows: x.rows, columns: x.columns, epsilon: epsilon))
    return record(
      output, x.rows, x.columns, inputs: [x, gain] + [bias].compactMap { $0 },
      NormOperation(x: x, gain: gain, bias: bias, statistics: statistics, centres: centres))
  }
}

/// With `x̂` the normalised row and `h = gain · dy`:
/// `dx = (h − mean(h) − x̂ · mean(h · x̂)) / deviation`, without `mean(h)` for RMS norm; `dgain = Σ dy · x̂`, `dbias = Σ dy`.
private struct NormOperation: Operation {
  let x: Variable
  let gain: Variable
  let bias: Variable?
  let statistics: Storage
  let centres: Bool

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    let dx = try pass.target(for: x)
    let dgain = try pass.target(for: gain)
    let dbias = try bias.flatMap { try pass.target(for: $0) }
    try pass.kernels.normBackward(
      NormGradientArguments(
        centres: centres, gradient: gradient.base, input: x.pointer, gain: gain.pointer, statistics: statistics.base,
        inputGradient: dx?.base, inputAccumulates: dx?.accumulates ?? false, gainGradient: dgain?.base,
        gainAccumulates: dgain?.accumulates ?? false, biasGradient: dbias?.base,
        biasAccumulates: dbias?.accumulates ?? false, rows: x.rows, columns: x.columns))
  }
}
