import Autograd

/// A small matrix in double precision, for the references.
struct Matrix {
  var rows: Int
  var columns: Int
  var elements: [Double]

  init(_ rows: Int, _ columns: Int, _ elements: [Double]) {
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  init(_ rows: Int, _ columns: Int) { self.init(rows, columns, [Double](repeating: 0, count: rows * columns)) }

  /// Numbers between −1 and 1 that float32 holds exactly, from a small generator with a fixed seed.
  init(_ rows: Int, _ columns: Int, seed: UInt64, scale: Double = 1) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    self.init(
      rows, columns,
      (0..<rows * columns).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(Float((Double(state >> 40) / Double(1 << 23) - 1) * scale))
      })
  }

  subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  var floats: [Float] { elements.map(Float.init) }

  /// self · other
  func times(_ other: Matrix) -> Matrix {
    var result = Matrix(rows, other.columns)
    for i in 0..<rows {
      for k in 0..<columns { for j in 0..<other.columns { result[i, j] += self[i, k] * other[k, j] } }
    }
    return result
  }

  var transposed: Matrix {
    var result = Matrix(columns, rows)
    for i in 0..<rows { for j in 0..<columns { result[j, i] = self[i, j] } }
    return result
  }

  func map(_ body: (Double) -> Double) -> Matrix { Matrix(rows, columns, elements.map(body)) }

  static func + (a: Matrix, b: Matrix) -> Matrix { Matrix(a.rows, a.columns, zip(a.elements, b.elements).map(+)) }

  /// Adds one row to every row.
  func adding(row: Matrix) -> Matrix {
    var result = self
    for i in 0..<rows { for j in 0..<columns { result[i, j] += row[0, j] } }
    return result
  }

  func row(_ index: Int) -> Matrix { Matrix(1, columns, Array(elements[index * columns..<(index + 1) * columns])) }

  func selecting(_ indices: [Int32]) -> Matrix {
    Matrix(indices.count, columns, indices.flatMap { row(Int($0)).elements })
  }

  func columns(_ range: Range<Int>) -> Matrix {
    var result = Matrix(rows, range.count)
    for i in 0..<rows { for j in range { result[i, j - range.lowerBound] = self[i, j] } }
    return result
  }
}

extension Tape {
  /// A matrix on the tape whose gradient can be read.
  func leaf(_ matrix: Matrix, requiresGradient: Bool = true) throws -> Variable {
    try constant(rows: matrix.rows, columns: matrix.columns, requiresGradient: requiresGradient) { buffer in
      for (index, value) in matrix.elements.enumerated() { buffer[index] = Float(value) }
    }
  }
}
