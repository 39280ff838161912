import Checkpoints

extension Tensor {
  /// The matrix product: of matrices, of a matrix and a vector, of two vectors (a number), or of stacks of matrices
  /// whose leading axes broadcast.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func matrixProduct(_ other: Tensor) throws -> Tensor {
    let mismatch = TensorError.shapeMismatch(operation: "@", left: shape, right: other.shape)
    guard rank > 0, other.rank > 0 else { throw mismatch }
    let left = rank == 1 ? viewed(as: [1, shape[0]]) : self
    let right = other.rank == 1 ? other.viewed(as: [other.shape[0], 1]) : other
    let (m, k, n) = (left.shape[left.rank - 2], left.shape[left.rank - 1], right.shape[right.rank - 1])
    guard right.shape[right.rank - 2] == k else { throw mismatch }
    let batch: Broadcasting
    do throws(TensorError) {
      batch = try Broadcasting(Array(left.shape.dropLast(2)), Array(right.shape.dropLast(2)), operation: "@")
    } catch { throw mismatch }

    func multiply<Element: TensorElement>(_ a: AlignedStorage<Element>, _ b: AlignedStorage<Element>) throws -> Tensor {
      try Tensor.make(Element.self, batch.shape + [m, n]) { out, count in
        guard count > 0 else { return }
        let inner = batch.inner
        for row in 0..<batch.outerCount {
          let offset = batch.offsets(ofRow: row)
          for index in 0..<inner.length {
            let matrixA = offset.a + (inner.movesA ? index : 0)
            let matrixB = offset.b + (inner.movesB ? index : 0)
            try Element.product(
              m, n, k, a.base + matrixA * m * k, b.base + matrixB * k * n, out + (row * inner.length + index) * m * n)
          }
        }
      }
    }
    var result: Tensor
    switch (left.storage, right.storage) {
    case (.float32(let a), .float32(let b)): result = try multiply(a, b)
    default: result = try multiply(try left.wide(), try right.wide())
    }
    if rank == 1 || other.rank == 1 {
      var shape = batch.shape
      if rank > 1 { shape.append(m) }
      if other.rank > 1 { shape.append(n) }
      result = result.viewed(as: shape)
    }
    return result
  }

  /// Σ self·other over all elements, accumulated in double; both have one shape.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func dot(_ other: Tensor) throws -> Double {
    guard shape == other.shape else {
      throw TensorError.shapeMismatch(operation: "dot", left: shape, right: other.shape)
    }
    if case .float32(let a) = storage, case .float32(let b) = other.storage {
      try Cancellation.check()
      return try FloatVector(storage: a).dot(FloatVector(storage: b))
    }
    return try combined(.multiply, other).reduced(.sum)
  }

  /// The cosine of the angle between two tensors seen as vectors; NaN if one of them is zero.
  ///
  /// - Throws: ``TensorError/shapeMismatch(operation:left:right:)``, `Interrupted`.
  public func cosine(_ other: Tensor) throws -> Double {
    let product = try dot(other)
    return try product / (reduced(.norm) * other.reduced(.norm))
  }
}
