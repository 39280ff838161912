import Tensors

extension Tape {
  /// `a + b`.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func add(_ a: Variable, _ b: Variable) throws -> Variable {
    try begin("add", a, b)
    try expect(a.shape == b.shape, "add", a, b)
    let output = try makeOutput(a.rows, a.columns, operation: "add")
    kernels.sum(a.pointer, b.pointer, into: output.base, count: a.count)
    return record(output, a.rows, a.columns, inputs: [a, b], AdditionOperation(a: a, b: b))
  }

  /// `x` with one row added to each of its rows, such as a steering vector.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func add(_ x: Variable, row: Variable) throws -> Variable {
    try begin("add", x, row)
    try expectRow(row, columns: x.columns, "add")
    let output = try makeOutput(x.rows, x.columns, operation: "add")
    kernels.addRow(row.pointer, to: x.pointer, into: output.base, rows: x.rows, columns: x.columns)
    return record(output, x.rows, x.columns, inputs: [x, row], RowAdditionOperation(x: x, row: row))
  }
}

private struct AdditionOperation: Operation {
  let a: Variable
  let b: Variable

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    try pass.pass(gradient, to: a)
    try pass.pass(gradient, to: b)
  }
}

private struct RowAdditionOperation: Operation {
  let x: Variable
  let row: Variable

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    if let target = try pass.target(for: row) {
      pass.kernels.sumRows(
        gradient.base, into: target.base, rows: x.rows, columns: x.columns, accumulates: target.accumulates)
    }
    try pass.pass(gradient, to: x)
  }
}
