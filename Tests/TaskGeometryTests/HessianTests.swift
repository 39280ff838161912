import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

/// The Hessian of a tiny decoder from PyTorch's automatic differentiation in double, made by scripts/references/hessian.py.
private struct HessianReference: Decodable {
  var weights: [Float]
  var tokens, positions, targets: [Int32]
  var loss, gradientNorm, trace, frobenius, alongGradient: Double
  var largest, smallest: [Double]
  var topVector, product, krylovThird: [Float]

  static func load() throws -> HessianReference {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "References/hessian.json")
    return try JSONDecoder().decode(HessianReference.self, from: Data(contentsOf: file))
  }

  func objective() throws -> ModelObjective {
    let sizes = try DecoderConfiguration(
      layers: 1, width: 8, heads: 2, hidden: 16, context: 6, vocabulary: 11, epsilon: 1e-5)
    let model = try Model(architecture: PreNormDecoder(sizes), weights: FloatVector(weights), name: "tiny")
    return try ModelObjective(
      model, on: [Batch(rows: 8, tokens: tokens, positions: positions, targets: targets)], name: "reference")
  }
}

@Suite struct HessianTests {
  private static func close(_ a: FloatVector, _ b: FloatVector) throws -> Double {
    try a.subtracting(b).norm / b.norm
  }

  @Test func aProductOnAQuadraticIsExactToFourDigits() throws {
    let quadratic = Quadratic(80, seed: 11)
    let objective = try quadratic.objective(at: RandomStream(seed: 12, purpose: "start").gaussians(count: 80))
    let direction = try vector(80, seed: 13, scale: 3)
    let expected = try FloatVector(quadratic.times(direction.elements.map(Double.init)).map(Float.init))
    let (product, image) = try HessianProduct.sweeping(objective, along: direction)
    #expect(try Self.close(image, expected) < 1e-5)
    let error = try #require(product.step.error)
    #expect(error < 1e-4)
    // A quadratic has no long steps, so that the sweep ends at the longest.
    #expect(product.step.trials.count == 9)
    // Another vector, of another length, with the same step.
    let other = try vector(80, seed: 14, scale: 1e-3)
    let image2 = try product.times(other)
    let expected2 = try FloatVector(quadratic.times(other.elements.map(Double.init)).map(Float.init))
    #expect(try Self.close(image2, expected2) < 1e-4)
  }

  @Test func theSweepOfALossWithAFourthPowerChoosesAStepBetweenRoundingAndCurvature() throws {
    // L = Σ x²/2 + 50 x⁴: long steps are wrong by 200 ε²v², short ones by rounding.
    let start = try vector(400, seed: 3)
    let objective = try FunctionObjective(
      space: space(400), point: start, loss: { _ in 0 },
      gradient: { x in try FloatVector(x.elements.map { $0 + 200 * $0 * $0 * $0 }) })
    let direction = try vector(400, seed: 4)
    let (product, image) = try HessianProduct.sweeping(objective, along: direction)
    let exact = try FloatVector(
      zip(start.elements, direction.elements).map { x, v in v * (1 + 600 * x * x) })
    let error = try Self.close(image, exact)
    #expect(error < 1e-4)
    let lengths = product.step.trials.map(\.length)
    #expect(product.step.length > lengths[0])
    let worst = try HessianProduct(objective, step: DifferenceStep(length: start.norm * 0.1)).times(direction)
    #expect(try Self.close(worst, exact) > 10 * error)
    // What the sweep reports is about the error that there is.
    let reported = try #require(product.step.error)
    #expect(error < 3 * reported)
  }

  @Test func vectorsThatHaveNoProductAreRefused() throws {
    let objective = try Quadratic(8, seed: 1).objective(at: Array(repeating: 1, count: 8))
    #expect(throws: GeometryError.degenerate(operation: "hvp", reason: "the displacement is zero")) {
      try HessianProduct.sweeping(objective, along: FloatVector(zeros: 8))
    }
    #expect(throws: GeometryError.degenerate(operation: "hvp", reason: "a vector of 7 elements in a space of 8")) {
      try HessianProduct.sweeping(objective, along: FloatVector(zeros: 7))
    }
    #expect(throws: GeometryError.self) { try HessianProduct(objective, step: DifferenceStep(length: -1)) }
    let wild = try FunctionObjective(
      space: space(2), point: FloatVector([1, 1]), loss: { _ in .nan }, gradient: { _ in try FloatVector([.nan, 0]) })
    #expect(throws: GeometryError.self) { try HessianProduct.sweeping(wild, along: FloatVector([1, 0])) }
  }

  @Test(arguments: HessianTrace.Probe.allCases)
  func theTraceOfAQuadraticLiesWithinItsIntervalAsOftenAsItShould(_ probe: HessianTrace.Probe) throws {
    let quadratic = Quadratic(60, seed: 21)
    let objective = try quadratic.objective(at: RandomStream(seed: 22, purpose: "start").gaussians(count: 60))
    var inside = 0
    for seed in 0..<60 {
      let estimate = try HessianTrace(of: objective, probes: 12, kind: probe, seed: UInt64(seed), length: 1)
      let (low, high) = (try #require(estimate.trace.low), try #require(estimate.trace.high))
      if (low...high).contains(quadratic.trace) { inside += 1 }
    }
    // 57 of 60 are expected; fewer than 50 has a probability of one in a thousand.
    #expect(inside >= 50)
    let many = try HessianTrace(of: objective, probes: 2000, kind: probe, seed: 1)
    expectClose(many.trace.value, quadratic.trace, 0.02 * quadratic.trace)
    expectClose(many.squaredFrobenius.value, quadratic.squaredFrobenius, 0.05 * quadratic.squaredFrobenius)
  }

  @Test func signsGiveTheTraceOfADiagonalHessianAtOnce() throws {
    let objective = try FunctionObjective(
      space: space(50), point: vector(50, seed: 1), loss: { _ in 0 },
      gradient: { x in try FloatVector(x.elements.enumerated().map { Float($0) * $1 }) })
    let one = try HessianTrace(of: objective, probes: 1, seed: 5)
    expectClose(one.trace.value, 1225, 1225 * 1e-5)
    #expect(one.trace.low == nil)
  }

  @Test(arguments: HessianSpectrum.End.allCases)
  func lanczosFindsTheEigenvaluesThatLAPACKFinds(_ end: HessianSpectrum.End) throws {
    let outer: [Double] = [20, 19, 18, 17, 16, 15, -12, -11.5, -11]
    let wanted = outer + (0..<91).map { 0.01 * Double($0) }
    let quadratic = try Quadratic(eigenvalues: wanted, seed: 31)
    let objective = try quadratic.objective(at: RandomStream(seed: 32, purpose: "start").gaussians(count: 100))
    let all = try SmallMatrix(rows: 100, columns: 100, values: quadratic.hessian).symmetricEigen()
    let order = (0..<100).sorted { a, b in
      switch end {
      case .largest: all.values[a] > all.values[b]
      case .smallest: all.values[a] < all.values[b]
      case .magnitude: abs(all.values[a]) > abs(all.values[b])
      }
    }
    let found = try HessianSpectrum(of: objective, count: 3, end: end, seed: 33)
    for index in 0..<3 {
      expectClose(found.values[index], all.values[order[index]], 20 * 1e-5)
      #expect(found.residuals[index] < 20 * 2e-3)
      let expected = (0..<100).map { Float(all.vectors[$0, order[index]]) }
      let cosine = try found.subspace.direction(index).vector.dot(FloatVector(expected))
      #expect(abs(cosine) > 0.99999)
    }
    #expect(found.steps < 40)
  }

  @Test func lanczosGoesOnWhenItsSpaceIsInvariant() throws {
    // Three eigenvalues only, so that every Krylov space has three dimensions.
    let quadratic = try Quadratic(eigenvalues: (0..<20).map { Double(1 + $0 % 3) }, seed: 41)
    let objective = try quadratic.objective(at: RandomStream(seed: 42, purpose: "start").gaussians(count: 20))
    let found = try HessianSpectrum(of: objective, count: 20, seed: 43)
    let expected = (0..<20).map { Double(1 + $0 % 3) }.sorted(by: >)
    for (value, wanted) in zip(found.values, expected) { expectClose(value, wanted, 1e-4) }
    #expect(found.subspace.dimension == 20)
    expectClose(try #require(found.gradientEnergy).value, 1, 1e-5)
  }

  @Test func theHessianOfAModelIsThatOfPyTorch() throws {
    let reference = try HessianReference.load()
    let objective = try reference.objective()
    expectClose(try objective.loss(at: objective.point), reference.loss, 1e-6)
    let gradient = try objective.gradient(at: objective.point)
    let (product, image) = try HessianProduct.sweeping(objective, along: gradient.scaled(by: 1 / gradient.norm))
    #expect(try Self.close(image, FloatVector(reference.product)) < 1e-3)
    #expect(try #require(product.step.error) < 1e-2)

    let top = try HessianSpectrum(of: objective, count: 5, steps: 80, seed: 1)
    for (value, wanted) in zip(top.values, reference.largest) {
      expectClose(value, wanted, 2e-3 * reference.largest[0])
    }
    #expect(try abs(top.subspace.direction(0).vector.dot(FloatVector(reference.topVector))) > 0.9999)
    expectClose(top.gradientNorm, reference.gradientNorm, 1e-5)
    expectClose(try #require(top.gradientCurvature), reference.alongGradient, 1e-3 * reference.alongGradient)
    let bottom = try HessianSpectrum(of: objective, count: 2, end: .smallest, steps: 80, seed: 1)
    for (value, wanted) in zip(bottom.values, reference.smallest) {
      expectClose(value, wanted, 2e-3 * reference.largest[0])
    }

    let trace = try HessianTrace(of: objective, probes: 400, seed: 2)
    let (low, high) = (try #require(trace.trace.low), try #require(trace.trace.high))
    #expect((low...high).contains(reference.trace))
    expectClose(trace.trace.value, reference.trace, 0.1 * reference.trace)
    expectClose(trace.squaredFrobenius.value.squareRoot(), reference.frobenius, 0.1 * reference.frobenius)

    let krylov = try Krylov.space(of: objective, dimension: 3)
    let third = try Displacement(space: objective.space, vector: FloatVector(reference.krylovThird))
    expectClose(try krylov.capture(of: third).value, 1, 1e-4)
  }

  @Test func aLossOnSeveralMinibatchesIsTheirMean() throws {
    let (model, task) = (try tinyModel(), try tinyTask())
    let objective = try ModelObjective(model, on: task, batches: 3, batch: 4, seed: 9)
    let sample = try GradientSample(model, on: task, batches: 3, batch: 4, seed: 9)
    expectClose(try objective.loss(at: objective.point), sample.losses.reduce(0, +) / 3, 1e-6)
    #expect(try Self.close(objective.gradient(at: objective.point), sample.mean().vector) < 1e-6)
  }
}
