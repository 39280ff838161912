import Tensors

extension SmallMatrix {
  /// Eigenvalues of a symmetric matrix, largest first, and the eigenvectors in the columns of a matrix.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public func symmetricEigen() throws -> (values: [Double], vectors: SmallMatrix) {
    let eigen = try LinearAlgebra.eigenSymmetric(values, order: rows)
    var vectors = SmallMatrix(rows: rows, columns: rows)
    for row in 0..<rows {
      for column in 0..<rows { vectors[row, column] = eigen.vectors[row * rows + rows - 1 - column] }
    }
    return (eigen.values.reversed(), vectors)
  }

  /// Singular values, largest first.
  ///
  /// - Throws: `TensorError`, `Interrupted`.
  public func singularValues() throws -> [Double] {
    try LinearAlgebra.svd(values, rows: rows, columns: columns).values
  }
}
