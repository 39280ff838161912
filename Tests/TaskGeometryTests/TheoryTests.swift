import Tensors
import Testing

@testable import TaskGeometry

@Suite struct TheoryTests {
  @Test func theExpectedMaximumOfNormalsAgreesWithQuadrature() throws {
    for row in try References.load().theory.emax {
      expectClose(try ExtremeValues.emax(row.n), row.value, 1e-9)
    }
    expectClose(try ExtremeValues.emax(100), 2.50759, 5e-6)
    expectClose(try ExtremeValues.emax(5000), 3.67756, 5e-6)
  }

  @Test func theExpectedMaximumOnASphereAgreesWithQuadrature() throws {
    for row in try References.load().theory.spheremax {
      expectClose(try ExtremeValues.spheremax(row.n, row.r ?? 0), row.value, 1e-6)
    }
    expectClose(try ExtremeValues.spheremax(100, 10), 0.7137, 5e-5)
  }

  @Test func maximaOfNothingAreRefused() {
    #expect(throws: GeometryError.outOfRange(what: "n", value: 0, allowed: 1...Int.max)) { try ExtremeValues.emax(0) }
    #expect(throws: GeometryError.outOfRange(what: "r", value: 0, allowed: 1...Int.max)) {
      try ExtremeValues.spheremax(10, 0)
    }
  }

  @Test func theChanceOfAnOverlapOfThirtyTwoInHalfAMillionIsSixInAHundredThousand() {
    expectClose(Chance.randomSubspace(dimension: 32, ambient: 524_288).energy, 6.10e-5, 5e-8)
  }

  @Test func aRandomWalkOfEqualStepsGivesTheSquareRootOfTheShareOfSteps() {
    expectClose(Chance.randomWalk(steps: 10, of: 50).norm, 0.447, 5e-4)
    expectClose(Chance.randomWalk(steps: 20, of: 50).norm, 0.632, 5e-4)
    let equal = Chance.randomWalk(
      squaredLengths: Array(repeating: 2, count: 50), held: 0..<10, summed: 0..<50, dimension: 10, ambient: 1 << 40)
    expectClose(equal.energy, 0.2, 1e-9)
  }

  @Test func aRandomWalkOfUnequalStepsCountsTheirSquaredLengths() {
    let chance = Chance.randomWalk(
      squaredLengths: [9, 4, 1, 1, 1], held: 0..<2, summed: 0..<5, dimension: 2, ambient: 1 << 40)
    expectClose(chance.energy, 13.0 / 16, 1e-9)
    #expect(chance.model == "random walk of the same steps")
  }

  @Test func whatAPrefixDoesNotContainItCapturesLikeAnyRandomSubspace() {
    let tail = Chance.randomWalk(
      squaredLengths: [9, 4, 1, 1, 1], held: 0..<2, summed: 2..<5, dimension: 2, ambient: 1000)
    #expect(tail == Chance.randomSubspace(dimension: 2, ambient: 1000))
  }

  @Test func theRandomWalkNullIsWhatSimulatedWalksGive() throws {
    var sum = 0.0
    let walks = 20
    for walk in 0..<walks {
      let lengths: [Float] = [3, 2, 2, 1, 1, 1]
      let steps = try lengths.enumerated().map { index, length in
        try vector(4000, seed: UInt64(walk), "s\(index)", scale: length)
      }
      let total = try Gram.combination(steps, coefficients: Array(repeating: 1, count: steps.count))
      let prefix = try Subspace.spanning(Array(steps[..<2]), of: space(4000))
      sum += try prefix.capture(of: Displacement(space: space(4000), vector: total), kind: .energy).value
    }
    expectClose(sum / Double(walks), 13.0 / 20, 0.02)
  }

  @Test func driftPlusNoiseGivesTheCaptureOfItsFormula() {
    expectClose(DriftNoise(signalToNoise: 0.04, steps: 50).energy(prefix: 10).squareRoot(), 0.655, 5e-4)
    expectClose(DriftNoise.fitted(energy: 0.77 * 0.77, prefix: 10, of: 50).signalToNoise, 0.0965, 1e-4)
    expectClose(DriftNoise.fitted(energy: 0.77, prefix: 10, of: 50).signalToNoise, 0.248, 1e-3)
    expectClose(DriftNoise(signalToNoise: 0.0965, steps: 50).energy(prefix: 20).squareRoot(), 0.892, 1e-3)
  }

  @Test func driftPlusNoiseIsRecoveredFromSimulatedSteps() throws {
    let (dimension, count) = (20_000, 40)
    let drift = try vector(dimension, seed: 5, "drift", scale: 0.3)
    let steps = try (0..<count).map { try vector(dimension, seed: 5, "noise\($0)").adding(drift) }
    let total = try Gram.combination(steps, coefficients: Array(repeating: 1, count: count))
    let fit = DriftNoise.fitted(
      displacementSquared: total.norm * total.norm, squaredLengths: steps.map { $0.norm * $0.norm })
    expectClose(fit.signalToNoise, 0.09, 0.006)
    let captured = try Subspace.spanning(Array(steps[..<10]), of: space(dimension))
      .capture(of: Displacement(space: space(dimension), vector: total), kind: .energy)
    expectClose(captured.value, fit.energy(prefix: 10), 0.02)
  }

  @Test(arguments: [(8, 8), (16, 15), (32, 29), (64, 58)])
  func noiseNeedsNineTenthsOfItsGradients(_ m: Int, _ expected: Int) {
    #expect(EffectiveRankNull.noise(share: 0.9, gradients: m) == expected)
  }

  @Test func simulatedNoiseNeedsAsManyDirectionsAsItsNullSays() throws {
    let m = 32
    let gram = SmallMatrix(
      rows: m, columns: m, values: try Gram.matrix((0..<m).map { try vector(50_000, seed: 9, "g\($0)") }))
    #expect(EffectiveRank.count(try gram.symmetricEigen().values, share: 0.9) == 29)
  }

  @Test func effectiveRankCountsTheLargestValues() {
    #expect(EffectiveRank.count([1, 8, 1], share: 0.8) == 1)
    #expect(EffectiveRank.count([1, 8, 1], share: 0.9) == 2)
    #expect(EffectiveRank.count([1, 8, 1], share: 1) == 3)
    #expect(EffectiveRank.count([0, 0], share: 0.9) == nil)
  }

  @Test func wilsonAndNewcombeGiveTheirPublishedIntervals() {
    // Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, and table II (a): 56/70 against 48/80.
    let single = Proportion.interval(81, of: 263)
    expectClose(single.lowerBound, 0.2553, 5e-5)
    expectClose(single.upperBound, 0.3662, 5e-5)
    let same = Proportion.differenceInterval(50, 50, of: 100)
    expectClose(same.lowerBound, -same.upperBound, 1e-12)
    #expect(Proportion.interval(0, of: 100).lowerBound == 0)
    #expect(Proportion.interval(100, of: 100).upperBound == 1)
  }
}
