import Foundation

@testable import Autograd

/// The operations in double precision, written as their formulas stand in the literature and not as the kernels do it.
enum Reference {
  static func linear(_ x: Matrix, _ weight: Matrix, _ bias: Matrix?) -> Matrix {
    let y = x.times(weight.transposed)
    return bias.map { y.adding(row: $0) } ?? y
  }

  static func layerNorm(_ x: Matrix, _ gain: Matrix, _ bias: Matrix, epsilon: Double) -> Matrix {
    var y = x
    for i in 0..<x.rows {
      let row = x.row(i).elements
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      for j in 0..<x.columns {
        y[i, j] = (x[i, j] - mean) / (variance + epsilon).squareRoot() * gain[0, j] + bias[0, j]
      }
    }
    return y
  }

  static func rmsNorm(_ x: Matrix, _ gain: Matrix, epsilon: Double) -> Matrix {
    var y = x
    for i in 0..<x.rows {
      let row = x.row(i).elements
      let square = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
      for j in 0..<x.columns { y[i, j] = x[i, j] / (square + epsilon).squareRoot() * gain[0, j] }
    }
    return y
  }

  static func gelu(_ x: Matrix) -> Matrix {
    x.map { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
  }

  static func swiGLU(_ gate: Matrix, _ up: Matrix) -> Matrix {
    Matrix(gate.rows, gate.columns, zip(gate.elements, up.elements).map { $0 / (1 + exp(-$0)) * $1 })
  }

  static func attention(_ q: Matrix, _ k: Matrix, _ v: Matrix, _ shape: AttentionShape) -> Matrix {
    var output = Matrix(shape.batch * shape.queryLength, shape.heads * shape.headWidth)
    let width = shape.headWidth
    for b in 0..<shape.batch {
      for h in 0..<shape.heads {
        let kh = h / (shape.heads / shape.keyValueHeads)
        for t in 0..<shape.queryLength {
          let position = shape.length - shape.queryLength + t
          let first = shape.padding?[b] ?? 0
          guard first <= position else { continue }
          let query = head(q, b * shape.queryLength + t, h, position, shape)
          let scores = (first...position).map { s in
            zip(query, head(k, b * shape.keyCapacity + s, kh, s, shape)).reduce(0) { $0 + $1.0 * $1.1 }
              / Double(width).squareRoot()
          }
          let total = scores.reduce(0) { $0 + exp($1) }
          for (score, s) in zip(scores, first...position) {
            for c in 0..<width {
              output[b * shape.queryLength + t, h * width + c] +=
                exp(score) / total * v[b * shape.keyCapacity + s, kh * width + c]
            }
          }
        }
      }
    }
    return output
  }

  /// One head of a row, turned as a complex number is.
  private static func head(_ x: Matrix, _ row: Int, _ head: Int, _ position: Int, _ shape: AttentionShape) -> [Double] {
    var values = (0..<shape.headWidth).map { x[row, head * shape.headWidth + $0] }
    guard let rotary = shape.rotary else { return values }
    let half = (rotary.width ?? shape.headWidth) / 2
    for i in 0..<half {
      let frequency = rotary.frequencies?[i] ?? pow(rotary.base, -2 * Double(i) / Double(2 * half))
      let angle = Double(position) * frequency
      let (real, imaginary) = (values[i], values[i + half])
      values[i] = real * cos(angle) - imaginary * sin(angle)
      values[i + half] = real * sin(angle) + imaginary * cos(angle)
    }
    return values
  }

  static func crossEntropy(_ logits: Matrix, _ targets: [Int32], _ weights: [Float]?) -> Matrix {
    var (sum, total) = (0.0, 0.0)
    for i in 0..<logits.rows {
      let row = logits.row(i).elements
      let weight = Double(weights?[i] ?? 1)
      sum += weight * (log(row.reduce(0) { $0 + exp($1) }) - row[Int(targets[i])])
      total += weight
    }
    return Matrix(1, 1, [sum / total])
  }
}
