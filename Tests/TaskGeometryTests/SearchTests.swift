import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

/// A search of a function needs no model: L(x) = gᵀx + ½ Σ h_j x_j².
private struct SeparableQuadratic {
  let gradient: [Double]
  let curvature: [Double]

  init(_ dimension: Int, gradient scale: Double = 1, curvature: (Int) -> Double = { _ in 0 }) {
    let stream = RandomStream(seed: 7, purpose: "test", name: "gradient")
    gradient = stream.gaussians(count: dimension).map { scale * $0 }
    self.curvature = (0..<dimension).map(curvature)
  }

  var norm: Double { gradient.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  var trace: Double { curvature.reduce(0, +) }
  var frobenius: Double { curvature.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  func score(_ x: FloatVector) -> CandidateScore {
    let loss = x.withPointer { x in
      gradient.indices.reduce(0.0) { sum, j in
        sum + Double(x[j]) * (gradient[j] + 0.5 * curvature[j] * Double(x[j]))
      }
    }
    return CandidateScore(loss: loss)
  }

  /// A search around 0.
  func search(
    _ n: Int, _ length: Perturbations.Length, seed: UInt64, within subspace: Subspace? = nil, antithetic: Bool = false
  ) throws -> Candidates {
    let perturbations = try Perturbations(
      in: space(gradient.count), within: subspace, length: length, seed: seed, isAntithetic: antithetic)
    return try RandomSearch.run(
      perturbations, count: n, around: FloatVector(zeros: gradient.count), gradientNorm: { norm }, score: score)
  }

  /// The mean gain of the best over many seeds, and its standard error.
  func meanBest(_ n: Int, _ length: Perturbations.Length, seeds: Int, antithetic: Bool = false) throws -> (
    Double, Double
  ) {
    let gains = try (0..<seeds).map { seed in
      let found = try search(n, length, seed: UInt64(seed), antithetic: antithetic)
      return found.gains[found.winner]
    }
    let mean = gains.reduce(0, +) / Double(seeds)
    let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(seeds - 1)
    return (mean, (variance / Double(seeds)).squareRoot())
  }
}

@Suite("Perturbations")
struct PerturbationTests {
  private func elements(_ perturbations: Perturbations, _ index: Int) throws -> [Float] {
    try perturbations.displacement(index).vector.elements
  }

  @Test("A candidate is the same whichever were made before it, and no two are alike")
  func isAFunctionOfItsNumber() throws {
    let made = try Perturbations(in: space(40_000), length: .norm(2), seed: 3)
    let forward = try (0..<4).map { try elements(made, $0) }
    let backward = try (0..<4).reversed().map { try elements(made, $0) }
    #expect(forward == backward.reversed())
    #expect(Set(forward).count == 4)
    let other = try Perturbations(in: space(40_000), length: .norm(2), seed: 4)
    #expect(try elements(other, 0) != forward[0])
  }

  @Test("What a segment gets depends on its name, not on where it lies")
  func segments() throws {
    let short = ParameterSpace(name: "a", layout: ParameterLayout([("w", [50, 400], .linear)]))
    let long = ParameterSpace(
      name: "b", layout: ParameterLayout([("x", [7], .bias), ("w", [50, 400], .linear), ("v", [50, 400], .linear)]))
    let alone = try elements(Perturbations(in: short, length: .deviation(0.5), seed: 1), 2)
    let among = try elements(Perturbations(in: long, length: .deviation(0.5), seed: 1), 2)
    #expect(Array(among[7..<20_007]) == alone)
    #expect(Array(among[20_007...]) != alone)
  }

  @Test("Gaussian coordinates have the deviation that was asked for")
  func deviation() throws {
    let x = try Perturbations(in: space(100_000), length: .deviation(0.01), seed: 5).displacement(0)
    expectClose(x.norm / (0.01 * 100_000.0.squareRoot()), 1, 0.01)
  }

  @Test("A norm is met to the last digits, in all directions and in a subspace")
  func norm() throws {
    let within = try randomSubspace(3000, 6, seed: 2)
    for subspace in [nil, within] {
      let made = try Perturbations(in: space(3000), within: subspace, length: .norm(0.7), seed: 1)
      for index in 0..<20 { expectClose(try made.displacement(index).norm, 0.7, 1e-6) }
    }
  }

  @Test("In a subspace nothing moves outside, and coordinates have the deviation")
  func within() throws {
    let subspace = try randomSubspace(2000, 5, seed: 9)
    let made = try Perturbations(in: space(2000), within: subspace, length: .deviation(2), seed: 1)
    var squares = 0.0
    for index in 0..<200 {
      let projection = try subspace.projection(of: made.displacement(index))
      #expect(projection.outside.norm < 1e-5 * projection.inside.norm)
      squares += projection.coordinates.reduce(0) { $0 + $1 * $1 }
    }
    expectClose((squares / 1000).squareRoot(), 2, 0.15)
  }

  @Test("Mirrored pairs add up to zero exactly", arguments: [Perturbations.Length.deviation(0.1), .norm(1)])
  func pairs(length: Perturbations.Length) throws {
    for subspace in [nil, try randomSubspace(500, 3, seed: 1)] {
      let made = try Perturbations(in: space(500), within: subspace, length: length, seed: 8, isAntithetic: true)
      let (first, mirror, next) = (try elements(made, 4), try elements(made, 5), try elements(made, 6))
      #expect(zip(first, mirror).allSatisfy { $0 + $1 == 0 })
      #expect(first != next)
    }
  }

  @Test("Lengths that make no perturbation are refused", arguments: [0, -1, .infinity, .nan, 1e-60])
  func lengths(value: Double) {
    #expect(throws: GeometryError.self) { try Perturbations(in: space(4), length: .deviation(value), seed: 1) }
    #expect(throws: GeometryError.self) { try Perturbations(in: space(4), length: .norm(value), seed: 1) }
  }
}

@Suite("Random search of a function")
struct FunctionSearchTests {
  @Test("The best of n gains σ‖g‖·emax(n) on a linear loss, whatever the dimension", arguments: [20, 400])
  func linear(dimension: Int) throws {
    let loss = SeparableQuadratic(dimension)
    for n in [8, 32] {
      let (mean, error) = try loss.meanBest(n, .deviation(0.1), seeds: 1000)
      let expected = 0.1 * loss.norm * (try ExtremeValues.emax(n))
      expectClose(mean, expected, 4 * error)
      #expect(error < 0.02 * expected)
      expectClose(try loss.search(n, .deviation(0.1), seed: 1).prediction?.best(of: n) ?? 0, expected, 1e-9)
    }
  }

  @Test("At a fixed norm it gains what the maximum on the sphere says")
  func sphere() throws {
    let loss = SeparableQuadratic(10)
    let (mean, error) = try loss.meanBest(100, .norm(0.1), seeds: 1000)
    let expected = 0.1 * loss.norm * 0.7137
    expectClose(mean, expected, max(4 * error, 1e-4 * expected))
    // The Gaussian estimate is told apart.
    #expect(abs(0.1 * loss.norm * 0.793 - mean) > 10 * error)
  }

  @Test("Mirrored pairs gain what the maximum of |x| says, more than independent draws")
  func antithetic() throws {
    expectClose(PairedMaxima.gaussian(2), (2 / Double.pi).squareRoot(), 1e-9)
    // E max(|x|, |y|) of two independent pairs is 2/√π, and of a pair with one that has no mirror image it lies between.
    expectClose(PairedMaxima.gaussian(4), 2 / Double.pi.squareRoot(), 1e-9)
    #expect(PairedMaxima.gaussian(3) > PairedMaxima.gaussian(2) && PairedMaxima.gaussian(3) < PairedMaxima.gaussian(4))
    // On a circle |t| = |sin φ| has mean 2/π; in three dimensions t is uniform, and the larger of two |t| has mean ⅔.
    expectClose(PairedMaxima.sphere(2, 2), 2 / Double.pi, 1e-7)
    expectClose(PairedMaxima.sphere(4, 3), 2.0 / 3, 1e-7)
    expectClose(PairedMaxima.sphere(64, 100_000) * 100_000.0.squareRoot(), PairedMaxima.gaussian(64), 1e-3)
    let loss = SeparableQuadratic(30)
    for length in [Perturbations.Length.deviation(0.1), .norm(0.5)] {
      let (mean, error) = try loss.meanBest(16, length, seeds: 1000, antithetic: true)
      let predicted = try loss.search(16, length, seed: 1, antithetic: true).prediction?.best(of: 16)
      expectClose(mean, predicted ?? 0, 4 * error)
    }
  }

  @Test("With curvature the best by total score gains what section 2.2 says, within 1 %", arguments: [32, 200])
  func curvature(n: Int) throws {
    // 200 dimensions, curvature from 0.5 to 1.5.
    let loss = SeparableQuadratic(200, gradient: 1) { 0.5 + Double($0) / 200 }
    let sigma = 0.05
    let (mean, error) = try loss.meanBest(n, .deviation(sigma), seeds: n == 32 ? 16_000 : 5000)
    let spread = (sigma * sigma * loss.norm * loss.norm + 0.5 * pow(sigma, 4) * pow(loss.frobenius, 2)).squareRoot()
    let predicted = -0.5 * sigma * sigma * loss.trace + (try ExtremeValues.emax(n)) * spread
    #expect(error < 0.0026 * predicted)
    expectClose(mean, predicted, 0.01 * predicted)
    // The linear prediction is visibly too high, and the mean gain is −½σ²·tr H.
    #expect(sigma * loss.norm * (try ExtremeValues.emax(n)) > 1.1 * mean)
    let many = try loss.search(4000, .deviation(sigma), seed: 1).mean
    expectClose(many.value, -0.5 * sigma * sigma * loss.trace, 4 * ((many.high ?? 0) - many.value) / 1.96)
  }

  @Test("The base is left as it was, and candidates score what they are made again to")
  func base() throws {
    let loss = SeparableQuadratic(300) { Double($0 % 3) }
    let start = try vector(300, seed: 3)
    let perturbations = try Perturbations(in: space(300), length: .norm(1), seed: 5)
    let found = try RandomSearch.run(perturbations, count: 20, around: start, score: loss.score)
    #expect(start.elements == (try vector(300, seed: 3)).elements)
    for index in (0..<20).reversed() {
      let again = loss.score(try start.adding(found.displacement(index).vector)).loss
      #expect(again == found.scores[index].loss)
    }
    #expect(found.base.loss == loss.score(start).loss)
    #expect(found.prediction == nil && found.freshGain == nil)
    #expect(throws: GeometryError.outOfRange(what: "index", value: 20, allowed: 0...19)) { try found.displacement(20) }
  }

  @Test("Losses that overflow lose, and only then")
  func overflow() throws {
    let perturbations = try Perturbations(in: space(4), length: .norm(1), seed: 5)
    var calls = 0
    let found = try RandomSearch.run(perturbations, count: 6, around: FloatVector(zeros: 4)) { _ in
      calls += 1
      return CandidateScore(loss: calls == 1 ? 0 : calls == 3 ? .nan : calls == 4 ? .infinity : -Double(calls))
    }
    #expect(found.overflowed == 2 && found.winner == 5)
    #expect(found.mean.value.isFinite)
    #expect(try found.density(above: 0).value == 4.0 / 6)
    #expect(throws: GeometryError.self) {
      try RandomSearch.run(perturbations, count: 3, around: FloatVector(zeros: 4)) {
        CandidateScore(loss: $0.norm > 0 ? .nan : 0)
      }
    }
    #expect(throws: TransformerError.notFinite(what: "loss of the model", step: nil)) {
      try RandomSearch.run(perturbations, count: 3, around: FloatVector(zeros: 4)) { _ in CandidateScore(loss: .nan) }
    }
    #expect(throws: GeometryError.outOfRange(what: "n", value: 0, allowed: 1...RandomSearch.limit)) {
      try RandomSearch.run(perturbations, count: 0, around: FloatVector(zeros: 4)) { _ in CandidateScore(loss: 1) }
    }
  }

  @Test("The share of solutions follows the normal distribution, and the sphere's for few dimensions")
  func density() throws {
    let loss = SeparableQuadratic(50)
    let found = try loss.search(4000, .deviation(0.1), seed: 2)
    for margin in [-0.5, 0, 0.5, 1] {
      let share = try found.density(above: margin * 0.1 * loss.norm)
      expectClose(share.chance ?? 0, 0.5 * erfc(margin / 2.0.squareRoot()), 1e-12)
      #expect(share.low ?? 1 <= share.chance ?? 0 && share.chance ?? 1 <= share.high ?? 0)
    }
    // A coordinate on the sphere in three dimensions is uniform, on the circle it is the sine of a uniform angle.
    expectClose(SphereCoordinate(dimension: 3).share(above: 0.4), 0.3, 1e-7)
    expectClose(SphereCoordinate(dimension: 2).share(above: 0.5), 1.0 / 3, 1e-7)
    expectClose(SphereCoordinate(dimension: 2).share(above: -0.5), 2.0 / 3, 1e-7)
    #expect(SphereCoordinate(dimension: 1).share(above: 0.9) == 0.5)
    #expect(SphereCoordinate(dimension: 5).share(above: 1) == 0)
  }
}

@Suite("Outcomes of a search")
struct OutcomeTests {
  @Test("The best of m is the mean over all choices of m")
  func bestOf() {
    let sample = [3.0, -1, 4, 1.5, -9].sorted()
    for m in 1...5 {
      var total = 0.0
      var count = 0.0
      for mask in 0..<32 where mask.nonzeroBitCount == m {
        total += (0..<5).filter { mask >> $0 & 1 == 1 }.map { sample[$0] }.max() ?? 0
        count += 1
      }
      expectClose(OrderStatistics.atMaximum(sample, of: m), total / count, 1e-12)
    }
  }

  @Test("pass@k is the share of choices of k that hold a solver")
  func passAt() {
    for n in 1...7 {
      for c in 0...n {
        for k in 1...n {
          let masks = (0..<(1 << n)).filter { $0.nonzeroBitCount == k }
          let solved = masks.count { $0 & ((1 << c) - 1) != 0 }
          expectClose(
            PassAt.probability(solved: c, of: n, k: k), Double(solved) / Double(masks.count), 1e-12)
        }
      }
    }
  }

  @Test("pass@k of candidates averages over examples")
  func passAtOfCandidates() throws {
    let perturbations = try Perturbations(in: space(4), length: .norm(1), seed: 5)
    let right = [[true, false, false], [true, true, false], [true, false, false], [true, false, false]]
    let found = try Candidates(
      perturbations, base: CandidateScore(loss: 1, right: [true, false, false]),
      scores: right.map { CandidateScore(loss: 1, right: $0) })
    expectClose(try found.passAt(1).value, (1 + 0.25) / 3, 1e-12)
    expectClose(try found.passAt(2).value, (1 + 0.5) / 3, 1e-12)
    expectClose(try found.passAt(4).value, 2.0 / 3, 1e-12)
    expectClose(try found.passAt(4).chance ?? 0, 1.0 / 3, 1e-12)
    #expect(throws: GeometryError.outOfRange(what: "k", value: 5, allowed: 1...4)) { try found.passAt(5) }
  }

  @Test("The interval of the best holds the linear prediction on a linear loss, and not under curvature")
  func interval() throws {
    let flat = SeparableQuadratic(60)
    let curved = SeparableQuadratic(60) { _ in 6 }
    var held = (flat: 0, curved: 0)
    for seed in 0..<60 {
      for (loss, isFlat) in [(flat, true), (curved, false)] {
        let found = try loss.search(64, .deviation(0.2), seed: UInt64(seed))
        let best = try found.best(of: 64, seed: 1)
        let predicted = try found.prediction?.best(of: 64) ?? 0
        #expect(best.value == found.gains[found.winner])
        if best.low ?? 1 <= predicted, predicted <= best.high ?? 0 {
          if isFlat { held.flat += 1 } else { held.curved += 1 }
        }
      }
    }
    #expect(held.flat >= 52, "\(held.flat) of 60")
    #expect(held.curved <= 6, "\(held.curved) of 60")
  }

  @Test("Gains correlate with the cosine to the descent direction, and less with a random one")
  func correlation() throws {
    let loss = SeparableQuadratic(12)
    let found = try loss.search(300, .norm(0.3), seed: 3)
    let descent = try Displacement(space: space(12), vector: FloatVector(loss.gradient.map { Float(-$0) }))
    let along = try found.correlation(with: found.cosines(with: descent))
    expectClose(along.value, 1, 1e-6)
    let pairs = try loss.search(300, .norm(0.3), seed: 3, antithetic: true)
    let other = try pairs.cosines(with: displacement(12, seed: 9))
    #expect(zip(other.indices, other).allSatisfy { $0 % 2 == 0 || abs($1 + other[$0 - 1]) < 1e-9 })
    let weak = try pairs.correlation(with: other)
    #expect(weak.low ?? 2 < weak.value && weak.value < weak.high ?? -2 && weak.value < 0.9)
    // The overlap with a subspace of half the directions.
    let subspace = try randomSubspace(12, 6, seed: 4)
    let overlaps = try found.overlaps(with: subspace)
    expectClose(overlaps.reduce(0, +) / 300, 0.5, 0.05)
    let first = try subspace.projection(of: found.displacement(0)).energy
    expectClose(overlaps[0], first, 1e-9)
    #expect(throws: GeometryError.self) { try found.cosines(with: displacement(13, seed: 1)) }
  }

  @Test("An evolution step has the cosine √(n/(n+D+1)) with the gradient", arguments: [30, 300])
  func evolution(n: Int) throws {
    let loss = SeparableQuadratic(300)
    let gradient = try Displacement(space: space(300), vector: FloatVector(loss.gradient.map { Float($0) }))
    var sum = 0.0
    for seed in 0..<20 {
      let step = try EvolutionStep.step(
        in: space(300), around: FloatVector(zeros: 300), directions: n, deviation: 0.01, rate: 0.5, seed: UInt64(seed)
      ) { loss.score($0).loss }
      sum += try -step.cosine(gradient)
    }
    expectClose(sum / 20, (Double(n) / Double(n + 301)).squareRoot(), 0.03)
  }

  @Test("On average an evolution step is −lr times the gradient")
  func evolutionScale() throws {
    let loss = SeparableQuadratic(5) { _ in 3 }
    let step = try EvolutionStep.step(
      in: space(5), around: FloatVector(zeros: 5), directions: 20_000, deviation: 0.1, rate: 0.5, seed: 1
    ) { loss.score($0).loss }
    let expected = loss.gradient.map { -0.5 * $0 }
    for (x, y) in zip(step.vector.elements, expected) { expectClose(Double(x), y, 0.05) }
  }
}
