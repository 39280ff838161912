import Tensors
import Transformers

@testable import TaskGeometry

/// A quadratic loss ½(θ−c)ᵀH(θ−c) with a dense symmetric H, small enough to be multiplied out.
struct Quadratic {
  let size: Int
  let hessian: [Double]
  let center: [Double]

  init(_ size: Int, seed: UInt64) {
    self.size = size
    let a = RandomStream(seed: seed, purpose: "hessian").gaussians(count: size * size)
    var h = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      for j in 0..<size {
        for k in 0..<size { h[i * size + j] += a[i * size + k] * a[j * size + k] / Double(size) }
      }
    }
    hessian = h
    center = RandomStream(seed: seed, purpose: "center").gaussians(count: size)
  }

  /// H = QΛQᵀ with the given eigenvalues and a random orthogonal Q.
  init(eigenvalues: [Double], seed: UInt64) throws {
    let size = eigenvalues.count
    let a = RandomStream(seed: seed, purpose: "hessian").gaussians(count: size * size)
    let q = try LinearAlgebra.qr(a, rows: size, columns: size).q
    var h = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      for j in 0..<size {
        for k in 0..<size { h[i * size + j] += q[i * size + k] * eigenvalues[k] * q[j * size + k] }
      }
    }
    self.size = size
    hessian = h
    center = RandomStream(seed: seed, purpose: "center").gaussians(count: size)
  }

  func times(_ x: [Double]) -> [Double] {
    (0..<size).map { i in (0..<size).reduce(0) { $0 + hessian[i * size + $1] * x[$1] } }
  }

  func gradient(_ x: [Double]) -> [Double] { times(zip(x, center).map { $0 - $1 }) }

  func gradient(_ x: FloatVector) throws -> FloatVector {
    try FloatVector(gradient(x.elements.map(Double.init)).map(Float.init))
  }

  func loss(_ x: [Double]) -> Double {
    let offset = zip(x, center).map { $0 - $1 }
    return 0.5 * zip(offset, times(offset)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The same as the library sees it: weights and gradients in float32.
  func objective(at point: [Double]) throws -> FunctionObjective {
    try FunctionObjective(
      name: "quadratic", space: space(size), point: FloatVector(point.map(Float.init)),
      loss: { loss($0.elements.map(Double.init)) }, gradient: { try gradient($0) })
  }

  var trace: Double { (0..<size).reduce(0) { $0 + hessian[$1 * size + $1] } }
  var squaredFrobenius: Double { hessian.reduce(0) { $0 + $1 * $1 } }
}
