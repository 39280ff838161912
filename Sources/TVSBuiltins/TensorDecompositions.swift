import TVSLanguage
import Tensors

extension TensorBuiltins {
  /// Decompositions and equations, in float64 by LAPACK.
  static let decompositions: [Builtin] = [
    Builtin(
      "svd", topic: "tensor", summary: "The singular value decomposition.",
      parameters: [input("a", "a matrix")], returns: "list",
      details: """
        Three tensors u, s, vt with a = u @ (reshape(s, -1, 1) * vt): orthonormal columns, singular values in descending \
        order, orthonormal rows; the shorter side of a long matrix decides (LAPACK's dgesdd). Ctrl-C stops it at once.
        """,
      examples: [.init("u, s, vt = svd([[3, 0], [0, 4]]); s", shows: "tensor 2 float64\n  4  3")],
      errors: ["E0402", "E0403"], seeAlso: ["eigh", "qr"]
    ) { call in
      let (a, m, n) = try matrix(call, "a")
      let svd = try reporting { try LinearAlgebra.svd(a, rows: m, columns: n) }
      let k = min(m, n)
      return try tensors([(svd.u, [m, k]), (svd.values, [k]), (svd.vt, [k, n])])
    },
    Builtin(
      "qr", topic: "tensor", summary: "The QR decomposition: orthonormal columns times an upper triangle.",
      parameters: [input("a", "a matrix")], returns: "list",
      details: "Two tensors q, r with a = q @ r (LAPACK's dgeqrf). The signs are those of LAPACK, as in NumPy.",
      examples: [.init("q, r = qr([[2, 1], [0, 1]]); norm(q @ r - [[2, 1], [0, 1]]) < 1e-12", shows: "true")],
      errors: ["E0402", "E0403"], seeAlso: ["svd"]
    ) { call in
      let (a, m, n) = try matrix(call, "a")
      let qr = try reporting { try LinearAlgebra.qr(a, rows: m, columns: n) }
      return try tensors([(qr.q, [m, min(m, n)]), (qr.r, [min(m, n), n])])
    },
    Builtin(
      "eigh", topic: "tensor", summary: "Eigenvalues and eigenvectors of a symmetric matrix.",
      parameters: [input("a", "a symmetric matrix; only its lower triangle is read")], returns: "list",
      details: "Two tensors: the eigenvalues in ascending order, and the eigenvectors as columns (LAPACK's dsyevd).",
      examples: [.init("values, vectors = eigh([[2, 0], [0, 1]]); values", shows: "tensor 2 float64\n  1  2")],
      errors: ["E0402", "E0403"], seeAlso: ["svd", "cholesky"]
    ) { call in
      let (a, n) = try square(call, "a")
      let eigen = try reporting { try LinearAlgebra.eigenSymmetric(a, order: n) }
      return try tensors([(eigen.values, [n]), (eigen.vectors, [n, n])])
    },
    Builtin(
      "cholesky", topic: "tensor", summary: "The lower triangle l with a = l @ l.T of a positive definite matrix.",
      parameters: [input("a", "a symmetric positive definite matrix; only its lower triangle is read")],
      returns: "tensor",
      examples: [.init("cholesky([[4, 0], [0, 9]])", shows: "tensor 2×2 float64\n  2  0\n  0  3")],
      errors: ["E0402", "E0403"], seeAlso: ["eigh", "solve"]
    ) { call in
      let (a, n) = try square(call, "a")
      return try result { try Tensor(LinearAlgebra.cholesky(a, order: n), shape: [n, n]) }
    },
    Builtin(
      "solve", topic: "tensor", summary: "The x with a @ x = b.",
      parameters: [input("a", "a square matrix"), input("b", "a vector, or a matrix whose columns are solved for")],
      returns: "tensor", examples: [.init("solve([[2, 0], [0, 4]], [2, 8])", shows: "tensor 2 float64\n  1  2")],
      errors: ["E0402", "E0403"], seeAlso: ["lstsq", "inv"]
    ) { call in
      let (a, n) = try square(call, "a")
      let (b, columns, isVector) = try rightHandSide(call, rows: n, operation: "solve", a: [n, n])
      return try result {
        try Tensor(LinearAlgebra.solve(a, order: n, b, columns: columns), shape: isVector ? [n] : [n, columns])
      }
    },
    Builtin(
      "lstsq", topic: "tensor", summary: "The x that minimises norm(a @ x - b); of several, the one of smallest norm.",
      parameters: [
        input("a", "a matrix"), input("b", "a vector, or a matrix whose columns are solved for"),
        Parameter(
          "rcond", "number", presence: .optional("2.2e-16 · the longer side"), byNameOnly: true,
          help: "singular values below this share of the largest count as zero"),
      ],
      returns: "tensor", examples: [.init("lstsq([[1], [1]], [1, 4])", shows: "tensor 1 float64\n  2.5")],
      errors: ["E0402", "E0403"], seeAlso: ["solve", "svd"]
    ) { call in
      let (a, m, n) = try matrix(call, "a")
      let (b, columns, isVector) = try rightHandSide(call, rows: m, operation: "lstsq", a: [m, n])
      return try result {
        let found = try LinearAlgebra.leastSquares(
          a, rows: m, columns: n, b, rightHandSides: columns, cutoff: call["rcond"].numberValue)
        return try Tensor(found.solution, shape: isVector ? [n] : [n, columns])
      }
    },
    Builtin(
      "inv", topic: "tensor", summary: "The inverse of a square matrix.", parameters: [input("a", "a square matrix")],
      returns: "tensor", details: "To solve equations, solve(a, b) is faster and more exact.",
      examples: [.init("inv([[2, 0], [0, 4]])", shows: "tensor 2×2 float64\n  0.50  0.00\n  0.00  0.25")],
      errors: ["E0402", "E0403"], seeAlso: ["solve", "det"]
    ) { call in
      let (a, n) = try square(call, "a")
      return try result { try Tensor(LinearAlgebra.inverse(a, order: n), shape: [n, n]) }
    },
    Builtin(
      "det", topic: "tensor", summary: "The determinant of a square matrix.",
      parameters: [input("a", "a square matrix")],
      returns: "number", examples: [.init("det([[1, 2], [3, 4]]) |> round", shows: "-2")], errors: ["E0402", "E0403"],
      seeAlso: ["inv"]
    ) { call in
      let (a, n) = try square(call, "a")
      return .number(try reporting { try LinearAlgebra.determinant(a, order: n) })
    },
  ]

  private static func tensors(_ parts: [(elements: [Double], shape: [Int])]) throws -> Value {
    .list(try reporting { try parts.map { .native(TensorValue(try Tensor($0.elements, shape: $0.shape))) } })
  }

  private static func matrix(_ call: Call, _ name: String) throws -> (elements: [Double], rows: Int, columns: Int) {
    let tensor = try tensor(call, name)
    guard tensor.rank == 2 else {
      throw ErrorReport(
        .shape, "\(call.builtin.name) takes a matrix, not the shape \(shapeText(tensor.shape))",
        help: tensor.rank == 1 ? "reshape(x, -1, 1) makes a column of a vector" : nil, argument: name)
    }
    return (tensor.doubles, tensor.shape[0], tensor.shape[1])
  }

  private static func square(_ call: Call, _ name: String) throws -> (elements: [Double], order: Int) {
    let (elements, rows, columns) = try matrix(call, name)
    guard rows == columns else {
      throw ErrorReport(
        .shape, "\(call.builtin.name) takes a square matrix, not the shape \(rows)×\(columns)",
        help: call.builtin.name == "solve" || call.builtin.name == "inv" ? "lstsq(a, b) takes any shape" : nil,
        argument: name)
    }
    return (elements, rows)
  }

  private static func rightHandSide(
    _ call: Call, rows: Int, operation: String, a: [Int]
  ) throws -> (elements: [Double], columns: Int, isVector: Bool) {
    let b = try tensor(call, "b")
    guard b.rank == 1 || b.rank == 2, b.shape[0] == rows else {
      throw ErrorReport(
        .shape, "\(operation) does not join the shapes \(shapeText(a)) and \(shapeText(b.shape))",
        help: "b needs as many rows as a", argument: "b")
    }
    return (b.doubles, b.rank == 1 ? 1 : b.shape[1], b.rank == 1)
  }
}
