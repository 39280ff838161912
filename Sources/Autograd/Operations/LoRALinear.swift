import Tensors

extension Tape {
  /// A linear map with a low-rank adapter (Hu et al., arXiv 2106.09685): `x Wᵀ + bias + scale · (x aᵀ) bᵀ`.
  ///
  /// - Parameters:
  ///   - x: rows × inputs.
  ///   - weight: outputs × inputs, usually frozen.
  ///   - bias: one row of `outputs`, or nil.
  ///   - a: rank × inputs.
  ///   - b: outputs × rank.
  ///   - scale: α divided by the rank (or by its root).
  ///   - residual: rows × outputs to add, or nil.
  ///   - product: x Wᵀ + bias + residual where it is known already, in a variable that nobody else reads: it becomes the
  ///     result. Without gradients only.
  /// - Returns: rows × outputs.
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func loraLinear(
    _ x: Variable, weight: Variable, bias: Variable?, a: Variable, b: Variable, scale: Float, residual: Variable? = nil,
    product: Variable? = nil
  ) throws -> Variable {
    try begin("loraLinear", x, weight, bias ?? x, a, b, residual ?? x)
    try expect(x.columns == weight.columns, "loraLinear", x, weight)
    try expect(a.columns == x.columns, "loraLinear", x, a)
    try expect(b.rows == weight.rows && b.columns == a.rows, "loraLinear", a, b)
    try expectRow(bias, columns: weight.rows, "loraLinear")
    if let residual {
      try expect(residual.rows == x.rows && residual.columns == weight.rows, "loraLinear", x, residual)
    }
    if let product {
      try expect(product.rows == x.rows && product.columns == weight.rows && !isRecording, "loraLinear", x, product)
    }
    let output = try product?.storage ?? makeOutput(x.rows, weight.rows, operation: "loraLinear")
    let reduced = try makeOutput(x.rows, a.rows, operation: "loraLinear")
    if product == nil {
      try kernels.linear(
        LinearArguments(
          input: x.pointer, weight: weight.pointer, compactWeight: weight.compact, bias: bias?.pointer,
          residual: residual?.pointer,
          output: output.base, rows: x.rows, inputs: x.columns, outputs: weight.rows))
    }
    try kernels.product(
      ProductArguments(
        a: x.pointer, b: a.pointer, bIsTransposed: true, c: reduced.base, rows: x.rows, columns: a.rows,
        depth: a.columns))
    try kernels.product(
      ProductArguments(
        a: reduced.base, b: b.pointer, bIsTransposed: true, c: output.base, rows: x.rows, columns: b.rows,
        depth: b.columns,
        alpha: scale, accumulates: true))
    return record(
      output, x.rows, weight.rows, inputs: [x, weight, a, b] + [bias, residual].compactMap { $0 },
      LoRALinearOperation(
        x: x, weight: weight, bias: bias, residual: residual, a: a, b: b, scale: scale, reduced: reduced))
  }
}

/// With `u = x aᵀ` and `du = scale · dy b`: `da = duᵀ x`, `db = scale · dyᵀ u`, and `dx` gains `du a`.
private struct LoRALinearOperation: Operation {
  let x: Variable
  let weight: Variable
  let bias: Variable?
  let residual: Variable?
  let a: Variable
  let b: Variable
  let scale: Float
  let reduced: Storage

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    let kernels = pass.kernels
    let rank = a.rows
    let dx = try pass.target(for: x)
    let dw = try pass.target(for: weight)
    let dbias = try bias.flatMap { try pass.target(for: $0) }
    try kernels.linearBackward(
      LinearGradientArguments(
        gradient: gradient.base, input: x.pointer, weight: weight.pointer, inputGradient: dx?.base,
        inputAccumulates: dx?.accumulates ?? false, weightGradient: dw?.base,
        weightAccumulates: dw?.accumulates ?? false,
        biasGradient: dbias?.base, biasAccumulates: dbias?.accumulates ?? false, rows: x.rows, inputs: x.columns,
        outputs: weight.rows))
    if let db = try pass.target(for: b) {
      try kernels.product(
        ProductArguments(
          a: gradient.base, aIsTransposed: true, b: reduced.base, c: db.base, rows: b.rows, columns: rank,
          depth: x.rows,
          alpha: scale, accumulates: db.accumulates))
    }
    let da = try pass.target(for: a)
    if da != nil || dx != nil {
      let reducedGradient = try pass.scratch(x.rows * rank)
      try kernels.product(
        ProductArguments(
          a: gradient.base, b: b.pointer, c: reducedGradient.base, rows: x.rows, columns: rank, depth: b.rows,
          alpha: scale))
      if let da {
        try kernels.product(
          ProductArguments(
            a: reducedGradient.base, aIsTransposed: true, b: x.pointer, c: da.base, rows: rank, columns: x.columns,
            depth: x.rows, accumulates: da.accumulates))
      }
      if let dx {
        try kernels.product(
          ProductArguments(
            a: reducedGradient.base, b: a.pointer, c: dx.base, rows: x.rows, columns: x.columns, depth: rank,
            accumulates: true))
      }
    }
    if let residual { try pass.pass(gradient, to: residual) }
  }
}
