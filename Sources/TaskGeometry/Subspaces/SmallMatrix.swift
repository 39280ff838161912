/// A small dense matrix in double precision, row-major: Gram matrices and coefficients, up to a few hundred a side.
public struct SmallMatrix: Sendable, Equatable {
  /// How many rows there are.
  public let rows: Int
  /// How many columns there are.
  public let columns: Int
  /// The entries, row after row.
  public var values: [Double]

  /// A matrix of the given entries, row after row; missing ones are zero.
  public init(rows: Int, columns: Int, values: [Double] = []) {
    self.rows = rows
    self.columns = columns
    self.values = values.count == rows * columns ? values : Array(repeating: 0, count: rows * columns)
  }

  /// The matrix with ones on its diagonal.
  public static func identity(_ size: Int) -> SmallMatrix {
    var result = SmallMatrix(rows: size, columns: size)
    for index in 0..<size { result[index, index] = 1 }
    return result
  }

  /// An entry.
  public subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// Rows and columns exchanged.
  public var transposed: SmallMatrix {
    var result = SmallMatrix(rows: columns, columns: rows)
    for row in 0..<rows { for column in 0..<columns { result[column, row] = self[row, column] } }
    return result
  }

  /// The matrix product.
  public static func * (left: SmallMatrix, right: SmallMatrix) -> SmallMatrix {
    var result = SmallMatrix(rows: left.rows, columns: right.columns)
    result.values.withUnsafeMutableBufferPointer { out in
      left.values.withUnsafeBufferPointer { a in
        right.values.withUnsafeBufferPointer { b in
          for row in 0..<left.rows {
            for inner in 0..<left.columns {
              let factor = a[row * left.columns + inner]
              if factor == 0 { continue }
              for column in 0..<right.columns {
                out[row * right.columns + column] += factor * b[inner * right.columns + column]
              }
            }
          }
        }
      }
    }
    return result
  }

  /// The difference, entry by entry.
  public static func - (left: SmallMatrix, right: SmallMatrix) -> SmallMatrix {
    SmallMatrix(rows: left.rows, columns: left.columns, values: zip(left.values, right.values).map { $0 - $1 })
  }

  /// The product with a column.
  public func times(_ vector: [Double]) -> [Double] {
    (0..<rows).map { row in
      var sum = 0.0
      for column in 0..<columns { sum += self[row, column] * vector[column] }
      return sum
    }
  }

  /// The columns of a range.
  public func selecting(columns range: Range<Int>) -> SmallMatrix {
    var result = SmallMatrix(rows: rows, columns: range.count)
    for row in 0..<rows { for column in range { result[row, column - range.lowerBound] = self[row, column] } }
    return result
  }

  /// The rows and columns of a list of indices.
  public func selecting(_ indices: [Int]) -> SmallMatrix {
    var result = SmallMatrix(rows: indices.count, columns: indices.count)
    for (row, i) in indices.enumerated() {
      for (column, j) in indices.enumerated() { result[row, column] = self[i, j] }
    }
    return result
  }

  /// This matrix above another one with as many columns.
  public func above(_ other: SmallMatrix) -> SmallMatrix {
    SmallMatrix(rows: rows + other.rows, columns: columns, values: values + other.values)
  }

  /// This matrix to the left of another one with as many rows.
  public func beside(_ other: SmallMatrix) -> SmallMatrix { transposed.above(other.transposed).transposed }

  /// Every column multiplied by a factor.
  public func scalingColumns(by factors: [Double]) -> SmallMatrix {
    var result = self
    for row in 0..<rows { for column in 0..<columns { result[row, column] *= factors[column] } }
    return result
  }

  /// Every row multiplied by a factor.
  public func scalingRows(by factors: [Double]) -> SmallMatrix {
    var result = self
    for row in 0..<rows { for column in 0..<columns { result[row, column] *= factors[row] } }
    return result
  }

  /// The sum of the squares of the entries: ‖M‖_F².
  public var squaredNorm: Double { values.reduce(0) { $0 + $1 * $1 } }

  /// The entries on the diagonal.
  public var diagonal: [Double] { (0..<min(rows, columns)).map { self[$0, $0] } }
}
