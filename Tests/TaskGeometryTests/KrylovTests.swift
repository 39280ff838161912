import Tensors
import Testing
import Transformers

@testable import TaskGeometry

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
    let objective = try quadratic.objective(at: start)
    let krylov = try Krylov.space(of: objective, dimension: steps)
    #expect(krylov.dimension == steps)
    expectClose(try krylov.capture(of: moved).value, 1, 1e-4)
    // A smaller one holds the direction of the gradient alone, which is not all of it.
    let line = try Krylov.space(of: objective, dimension: 1)
    #expect(try line.capture(of: moved).value < 0.999)
  }

  @Test func theFirstStepsOfDescentOnAQuadraticSpanTheKrylovSpace() throws {
    // Eigenvalues on both sides of 1/η keep the steps far from parallel, so that float32 says something about angles.
    let quadratic = try Quadratic(eigenvalues: (0..<64).map { 0.1 + 1.8 * Double($0) / 63 }, seed: 7)
    let start = RandomStream(seed: 8, purpose: "start").gaussians(count: 64)
    let objective = try quadratic.objective(at: start)
    var (x, steps) = (start, [FloatVector]())
    for k in 1...4 {
      let step = quadratic.gradient(x).map { -$0 }
      x = zip(x, step).map { $0 + $1 }
      steps.append(try FloatVector(step.map(Float.init)))
      let prefix = try Subspace.spanning(steps, of: space(64))
      let krylov = try Krylov.space(of: objective, dimension: k)
      #expect(krylov.dimension == k)
      let largest = try #require(try prefix.angles(krylov).last)
      #expect(largest < 1e-5, "k = \(k): \(largest)")
    }
  }

  @Test func anEigenvectorSpansItsKrylovSpaceAlone() throws {
    // H = 2·1 and a gradient that is therefore an eigenvector.
    let objective = try FunctionObjective(
      space: space(8), point: FloatVector(zeros: 8), loss: { _ in 0 },
      gradient: { try $0.scaled(by: 2).adding(FloatVector([1, 0, 0, 0, 0, 0, 0, 0])) })
    let krylov = try Krylov.space(of: objective, dimension: 4)
    #expect(krylov.dimension == 1)
  }

  @Test func theKrylovSpaceOfAModelBeginsWithItsGradient() throws {
    let (model, task) = (try tinyModel(), try tinyTask())
    let krylov = try Krylov.space(of: ModelObjective(model, on: task, batch: 8, seed: 1), dimension: 3)
    #expect(krylov.dimension == 3)
    let gradient = try GradientSample(model, on: task, batches: 1, batch: 8, seed: 1).mean()
    expectClose(try krylov.capture(of: gradient).value, 1, 1e-5)
    #expect(krylov.origin?.digest == model.digest)
  }
}
