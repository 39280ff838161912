import Foundation
import Tensors
import Testing

@testable import TaskGeometry

@Suite struct BestOfNTests {
  @Test(
    "E[M] and E[M²] are those of the paper's table",
    arguments: [
      (2, 0.5642), (8, 1.4236), (10, 1.5388), (16, 1.7660), (30, 2.0428), (32, 2.0697), (50, 2.2491), (64, 2.3437),
      (100, 2.5076), (128, 2.5946), (200, 2.7460), (256, 2.8269), (512, 3.0439), (1000, 3.2414), (1024, 3.2482),
      (5000, 3.6776), (10000, 3.8516),
    ])
  func maxima(_ n: Int, _ expected: Double) throws {
    expectClose(try ExtremeValues.emax(n), expected, 5.1e-5)
  }

  @Test func squaresOfMaximaAgreeWithQuadrature() throws {
    for row in try References.load().theory.emaxSquare {
      expectClose(try ExtremeValues.emaxSquare(row.n), row.value, 1e-8)
    }
    expectClose(try ExtremeValues.emaxSquare(100), 6.472, 5e-4)
    expectClose(try ExtremeValues.emaxSquare(5000), 13.62, 5e-3)
  }

  @Test(arguments: [
    (1, 1.000, 2.508), (2, 0.999, 1.773), (4, 0.941, 1.254), (8, 0.775, 0.887), (10, 0.714, 0.793), (16, 0.588, 0.627),
    (32, 0.430, 0.443), (64, 0.309, 0.313),
  ])
  func maximaOnASphere(_ r: Int, _ sphere: Double, _ gaussian: Double) throws {
    expectClose(try ExtremeValues.spheremax(100, r), sphere, 5.1e-4)
    expectClose(try ExtremeValues.emax(100) / Double(r).squareRoot(), gaussian, 5.1e-4)
  }

  /// 3000 searches of n candidates each on a quadratic in 200 dimensions, whose axes are the Hessian's.
  @Test(arguments: [(32, 0.02), (32, 0.1), (200, 0.02), (200, 0.1)])
  func searchesOnAQuadraticGainWhatIsPredicted(_ n: Int, _ sigma: Double) throws {
    let D = 200
    // g lies along the first axis, where the curvature is largest.
    let eigenvalues = (0..<D).map { $0 == 0 ? 2.0 : 0.02 * Double($0 % 5) }
    let trace = eigenvalues.reduce(0, +)
    let theory = try BestOfN(
      sigma: sigma, gradientNorm: 1, n: n, trace: trace, alongGradient: 2,
      frobenius: eigenvalues.reduce(0) { $0 + $1 * $1 }.squareRoot())
    let searches = n == 32 ? 3000 : 1500
    var (byLine, sum) = (0.0, 0.0)
    var noise = [Double](repeating: 0, count: D)
    let stream = RandomStream(seed: 51, purpose: "search")
    for search in 0..<searches {
      var best = (line: -Double.infinity, gain: 0.0)
      for candidate in 0..<n {
        noise.withUnsafeMutableBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return }
          stream.substream(UInt64(search * n + candidate)).fillGaussian(base, count: D, scale: sigma)
        }
        let line = -noise[0]
        guard line > best.line else { continue }
        var bend = 0.0
        for index in 0..<D { bend += eigenvalues[index] * noise[index] * noise[index] }
        best = (line, line - 0.5 * bend)
      }
      byLine += best.gain / Double(searches)
      sum += best.line / Double(searches)
    }
    expectClose(sum, theory.linear, 0.01 * theory.linear)
    expectClose(byLine, theory.gain, 0.01 * theory.linear)
  }

  @Test func theBestSigmaHasTheLargestGain() throws {
    func gain(_ sigma: Double) throws -> BestOfN {
      try BestOfN(sigma: sigma, gradientNorm: 3, n: 100, trace: 40, alongGradient: 1.5)
    }
    let best = try #require(try gain(0.1).bestSigma)
    expectClose(try gain(best).gain, try #require(gain(0.1).bestGain), 1e-12)
    #expect(try gain(best).gain > gain(best * 1.05).gain)
    #expect(try gain(best).gain > gain(best * 0.95).gain)
    expectClose(try #require(gain(0.1).crossover), 2 * 3 / 40.0, 1e-12)
    expectClose(try #require(gain(0.1).lineSearchGain), 3, 1e-12)
    let linear = try BestOfN(sigma: 0.1, gradientNorm: 3, n: 100)
    #expect(linear.bestSigma == nil && linear.crossover == nil && linear.gain == linear.linear)
  }

  @Test func noiseInScoresCostsWhatThePaperSays() throws {
    let (true_, seen) = try BestOfN(sigma: 1, gradientNorm: 1, n: 100).noisy(scoreError: 0.5)
    expectClose(true_, 2.243, 5e-4)
    expectClose(seen / true_, 1.25, 1e-12)
  }

  @Test func theMeanOfTheBestFewIsThatOfThePaper() throws {
    expectClose(try BestOfN(sigma: 1, gradientNorm: 1, n: 5000).top(50), 2.665, 5e-4)
    expectClose(try BestOfN(sigma: 1, gradientNorm: 1, n: 100).top(5), 2.063, 5e-4)
    #expect(throws: GeometryError.outOfRange(what: "top", value: 6, allowed: 1...5)) {
      try BestOfN(sigma: 1, gradientNorm: 1, n: 5).top(6)
    }
  }

  @Test func whatTheWinnerDoesToAnOrthogonalTaskDoesNotDependOnN() throws {
    for n in [2, 100, 10_000] {
      let side = try BestOfN(sigma: 0.1, gradientNorm: 5, n: n).sideGain(norm: 2, cosine: 0)
      #expect(side.mean == 0)
      expectClose(side.deviation, 0.2, 1e-12)
    }
    // Along g itself it is the gain of the search, with the fluctuation of a maximum.
    let theory = try BestOfN(sigma: 0.1, gradientNorm: 5, n: 100)
    let own = theory.sideGain(norm: 5, cosine: 1)
    expectClose(own.mean, theory.linear, 1e-12)
    expectClose(own.deviation, 0.5 * (6.472 - 2.5076 * 2.5076).squareRoot(), 1e-3)
  }

  @Test func halfOfAllPerturbationsGainUnlessTheLossIsCurved() throws {
    let linear = try BestOfN(sigma: 0.1, gradientNorm: 2, n: 8)
    #expect(linear.density(margin: 0) == 0.5)
    expectClose(linear.density(margin: 0.2), 0.158655254, 1e-9)
    let curved = try BestOfN(sigma: 0.1, gradientNorm: 2, n: 8, trace: 40, frobenius: 0)
    expectClose(curved.density(margin: 0), 0.158655254, 1e-9)
  }

  @Test func ninetyFiveOfAHundredSearchesEndWithinTheInterval() throws {
    let theory = try BestOfN(sigma: 1, gradientNorm: 1, n: 50)
    let draws = RandomStream(seed: 61, purpose: "maxima").gaussians(count: 50 * 4000)
    let inside = (0..<4000).count { search in
      theory.interval.contains(draws[search * 50..<search * 50 + 50].max() ?? 0)
    }
    expectClose(Double(inside) / 4000, 0.95, 0.012)
  }

  @Test func lengthsThatAreNoneAreRefused() {
    #expect(throws: GeometryError.invalidOption(what: "sigma", value: 0, allowed: "above 0")) {
      try BestOfN(sigma: 0, gradientNorm: 1, n: 2)
    }
    #expect(throws: GeometryError.self) { try BestOfN(sigma: 1, gradientNorm: .nan, n: 2) }
    #expect(throws: GeometryError.self) { try BestOfN(sigma: 1, gradientNorm: 1, n: 0) }
    #expect(throws: GeometryError.self) { try BestOfN(sigma: 1, gradientNorm: 1, n: 2, trace: .infinity) }
  }

  @Test func quantilesInvertTheCumulative() {
    for x in [-8.0, -3, -0.5, 0, 0.1, 2, 5] {
      expectClose(Normal.quantile(Normal.cumulative(x)), x, 1e-7)
    }
    // Tables of Student's t: 3.1824, 2.5706, 2.2622, 2.0452.
    for (freedom, value) in [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (9, 2.2622), (29, 2.0452)] {
      expectClose(Normal.studentQuantile(freedom), value, 5e-3)
    }
  }

  @Test func densityIsTheSignalAndNotItsMass() throws {
    // Ten dimensions that hold 0.77 of a direction against thirty-two that hold 0.15.
    func subspace(_ r: Int, _ share: Double) throws -> (Subspace, Displacement) {
      let D = 4096
      let axes = try (0..<r).map { axis in
        try FloatVector((0..<D).map { $0 == axis ? 1 : 0 })
      }
      var a = [Float](repeating: 0, count: D)
      a[0] = Float(share)
      a[D - 1] = Float((1 - share * share).squareRoot())
      return (
        try Subspace.spanning(axes, of: space(D)), try Displacement(space: space(D), vector: FloatVector(a))
      )
    }
    let (prefix, a) = try subspace(10, 0.77)
    let density = try SignalDensity(of: a, in: prefix)
    expectClose(density.density, 0.77 / 10.0.squareRoot(), 1e-6)
    expectClose(density.energy, 0.77 * 0.77 / 10, 1e-6)
    expectClose(density.isotropic, 1 / 64.0, 1e-8)
    expectClose(density.multiplier, 0.77 * 409.6.squareRoot(), 1e-4)
    let gain = try density.gain(bestOf: 100)
    expectClose(gain.sphere, 0.77 * 0.7137, 1e-4)
    expectClose(gain.gaussian, 0.77 * 2.5076 / 10.0.squareRoot(), 1e-4)
    let (plane, b) = try subspace(32, 0.15)
    #expect(try SignalDensity(of: b, in: plane).density < density.density)
    #expect(throws: GeometryError.self) {
      try SignalDensity(of: Displacement(space: space(4096), vector: FloatVector(zeros: 4096)), in: plane)
    }
  }
}
