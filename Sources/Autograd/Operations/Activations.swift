import Tensors

extension Tape {
  /// GELU in its tanh form (Hendrycks & Gimpel, arXiv 1606.08415), as GPT-2 uses it:
  /// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`.
  ///
  /// - Throws: `Interrupted`.
  public func gelu(_ x: Variable) throws -> Variable {
    try begin("gelu", x)
    let output = try makeOutput(x.rows, x.columns, operation: "gelu")
    kernels.gelu(x.pointer, into: output.base, count: x.count)
    return record(output, x.rows, x.columns, inputs: [x], GELUOperation(x: x))
  }

  /// SwiGLU (Shazeer, arXiv 2002.05202): `gate · σ(gate) · up`.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func swiGLU(gate: Variable, up: Variable) throws -> Variable {
    try begin("swiGLU", gate, up)
    try expect(gate.shape == up.shape, "swiGLU", gate, up)
    let output = try makeOutput(gate.rows, gate.columns, operation: "swiGLU")
    kernels.swiGLU(gate: gate.pointer, up: up.pointer, into: output.base, count: gate.count)
    return record(output, gate.rows, gate.columns, inputs: [gate, up], SwiGLUOperation(gate: gate, up: up))
  }
}

private struct GELUOperation: Operation {
  let x: Variable

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    guard let dx = try pass.target(for: x) else { return }
    pass.kernels.geluBackward(
      gradient.base, input: x.pointer, into: dx.base, count: x.count, accumulates: dx.accumulates)
  }
}

private struct SwiGLUOperation: Operation {
  let gate: Variable
  let up: Variable

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    let dgate = try pass.target(for: gate)
    let dup = try pass.target(for: up)
    pass.kernels.swiGLUBackward(
      gradient.base, gate: gate.pointer, up: up.pointer, gateGradient: dgate?.base,
      gateAccumulates: dgate?.accumulates ?? false, upGradient: dup?.base, upAccumulates: dup?.accumulates ?? false,
      count: gate.count)
  }
}
