import Tensors
import Testing
import Transformers

@testable import TaskGeometry

/// A quadratic loss ½(θ−c)ᵀH(θ−c) with a dense symmetric H, small enough to be multiplied out.
private struct Quadratic {
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

  func times(_ x: [Double]) -> [Double] {
    (0..<size).map { i in (0..<size).reduce(0) { $0 + hessian[i * size + $1] * x[$1] } }
  }

  func gradient(_ x: [Double]) -> [Double] { times(zip(x, center).map { $0 - $1 }) }

  func gradient(_ x: FloatVector) throws -> FloatVector {
    try FloatVector(gradient(x.elements.map(Double.init)).map(Float.init))
  }
}

@Suite struct KrylovTests {
  private static func displacement(_ values: [Double]) throws -> Displacement {
    try Displacement(space: space(values.count), vector: FloatVector(values.map(Float.init)))
  }

  @Test(arguments: [0.0, 0.9]) func descentOnAQuadraticStaysInItsKrylovSpace(_ momentum: Double) throws {
    let quadratic = Quadratic(60, seed: 1)
    let steps = 5
    let start = RandomStream(seed: 5, purpose: "start").gaussians(count: 60)
    var (x, velocity) = (start, [Double](repeating: 0, count: 60))
    for _ in 0..<steps {
      let g = quadratic.gradient(x)
      velocity = zip(velocity, g).map { momentum * $0 - 0.1 * $1 }
      x = zip(x, velocity).map { $0 + $1 }
    }
    let moved = try Self.displacement(zip(x, start).map { $0 - $1 })
    let origin = try FloatVector(start.map(Float.init))
    let krylov = try Krylov.space(dimension: steps, in: space(60), at: origin) { try quadratic.gradient($0) }
    #expect(krylov.dimension == steps)
    expectClose(try krylov.capture(of: moved).value, 1, 1e-4)
    // A smaller one holds the direction of the gradient alone, which is not all of it.
    let line = try Krylov.space(dimension: 1, in: space(60), at: origin) { try quadratic.gradient($0) }
    #expect(try line.capture(of: moved).value < 0.999)
  }

  @Test func anEigenvectorSpansItsKrylovSpaceAlone() throws {
    let krylov = try Krylov.space(dimension: 4, in: space(8), at: FloatVector(zeros: 8)) { x in
      // H = 2·1 and a gradient that is therefore an eigenvector.
      try x.scaled(by: 2).adding(FloatVector([1, 0, 0, 0, 0, 0, 0, 0]))
    }
    #expect(krylov.dimension == 1)
  }

  @Test(arguments: [0.1, 0.01, 0.001]) func theOrderDefectOfTwoStepsIsTheirLieBracket(_ rate: Double) throws {
    let (a, b) = (Quadratic(30, seed: 2), Quadratic(30, seed: 3))
    func step(_ quadratic: Quadratic, _ x: [Double]) -> [Double] {
      zip(x, quadratic.gradient(x)).map { $0 - rate * $1 }
    }
    let start = RandomStream(seed: 4, purpose: "start").gaussians(count: 30)
    let defect = zip(step(b, step(a, start)), step(a, step(b, start))).map { $0 - $1 }
    let (ga, gb) = (a.gradient(start), b.gradient(start))
    let bracket = zip(b.times(ga), a.times(gb)).map { rate * rate * ($0 - $1) }
    let ratio = try Self.displacement(defect).norm / Self.displacement(bracket).norm
    expectClose(ratio, 1, 1e-4)
    expectClose(try Self.displacement(defect).cosine(Self.displacement(bracket)), 1, 1e-6)
  }

  @Test func theKrylovSpaceOfAModelBeginsWithItsGradient() throws {
    let (model, task) = (try tinyModel(), try tinyTask())
    let krylov = try Krylov.space(of: model, on: task, k: 3, batch: 8, seed: 1)
    #expect(krylov.dimension == 3)
    let gradient = try GradientSample(model, on: task, batches: 1, batch: 8, seed: 1).mean()
    expectClose(try krylov.capture(of: gradient).value, 1, 1e-5)
    #expect(krylov.origin?.digest == model.digest)
  }
}
