import Tensors

extension Tape {
  /// The rows of a table that tokens name.
  ///
  /// - Parameters:
  ///   - table: vocabulary × columns.
  ///   - tokens: one a row of the result.
  /// - Throws: ``TensorError/indexOutOfRange(index:axis:size:)``, `Interrupted`.
  public func embedding(_ table: Variable, tokens: [Int32]) throws -> Variable {
    try selectRows(table, rows: tokens, operation: "embedding")
  }

  /// The rows of a table that tokens name, plus the rows of a table of positions.
  ///
  /// - Parameters:
  ///   - table: vocabulary × columns.
  ///   - tokens: one a row of the result.
  ///   - positionTable: positions × columns.
  ///   - positions: one a row of the result.
  /// - Throws: ``TensorError``, `Interrupted`.
  public func embedding(
    _ table: Variable, tokens: [Int32], positionTable: Variable, positions: [Int32]
  ) throws -> Variable {
    try begin("embedding", table, positionTable)
    try expect(table.columns == positionTable.columns, "embedding", table, positionTable)
    guard tokens.count == positions.count else {
      throw TensorError.shapeMismatch(operation: "embedding", left: [tokens.count], right: [positions.count])
    }
    try expectIndices(tokens, below: table.rows)
    try expectIndices(positions, below: positionTable.rows)
    let output = try makeOutput(tokens.count, table.columns, operation: "embedding")
    kernels.gatherRows(
      table.pointer, rows: tokens, second: positionTable.pointer, secondRows: positions, into: output.base,
      count: tokens.count, columns: table.columns)
    return record(
      output, tokens.count, table.columns, inputs: [table, positionTable],
      RowsOperation(sources: [(table, tokens), (positionTable, positions)]))
  }

  /// `x` plus the rows of a table of learned positions.
  ///
  /// - Parameters:
  ///   - x: one row a token.
  ///   - table: positions × columns.
  ///   - positions: one a row of `x`.
  /// - Throws: ``TensorError``, `Interrupted`.
  public func addPositions(_ x: Variable, table: Variable, positions: [Int32]) throws -> Variable {
    try add(x, try selectRows(table, rows: positions, operation: "addPositions"))
  }

  /// Some rows of `x`, in the given order; a row may be taken more than once.
  ///
  /// - Throws: ``TensorError/indexOutOfRange(index:axis:size:)``, `Interrupted`.
  public func selectRows(_ x: Variable, rows: [Int32]) throws -> Variable {
    try selectRows(x, rows: rows, operation: "selectRows")
  }

  private func selectRows(_ x: Variable, rows: [Int32], operation: String) throws -> Variable {
    try begin(operation, x)
    try expectIndices(rows, below: x.rows)
    let output = try makeOutput(rows.count, x.columns, operation: operation)
    kernels.gatherRows(
      x.pointer, rows: rows, second: nil, secondRows: nil, into: output.base, count: rows.count, columns: x.columns)
    return record(output, rows.count, x.columns, inputs: [x], RowsOperation(sources: [(x, rows)]))
  }

  private func expectIndices(_ indices: [Int32], below size: Int) throws(TensorError) {
    for index in indices where index < 0 || Int(index) >= size {
      throw .indexOutOfRange(index: Int(index), axis: 0, size: size)
    }
  }
}

/// With `y[i] = Σ source[rows[i]]`: `dsource[rows[i]] += dy[i]`.
private struct RowsOperation: Operation {
  let sources: [(variable: Variable, rows: [Int32])]

  func backward(from gradient: Storage, _ pass: BackwardPass) throws {
    for (variable, rows) in sources {
      guard let target = try pass.target(for: variable) else { continue }
      if !target.accumulates { target.base.update(repeating: 0, count: variable.count) }
      pass.kernels.scatterRows(
        gradient.base, rows: rows, into: target.base, count: rows.count, columns: variable.columns)
    }
  }
}
