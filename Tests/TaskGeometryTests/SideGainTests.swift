import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite("Side gains and several scales at once")
struct SideGainTests {
  @Test("On the data of the search the side gain is the gain")
  func same() throws {
    let model = try tinyModel()
    let found = try RandomSearch.run(
      model, on: tinyTask(), candidates: 12, length: .deviation(0.02), count: 40, seed: 4)
    let side = try found.sideGain(on: tinyTask(), sizes: [1, 4, 12], count: 40, seed: 4)
    #expect(side.gains == found.gains)
    expectClose(try #require(side.cosine), 1, 1e-9)
    for row in side.rows {
      expectClose(row.side.value, row.gain, 1e-12)
      expectClose(row.gain, try found.best(of: row.count).value, 1e-12)
      expectClose(try #require(row.predicted).side, try #require(found.prediction).best(of: row.count), 1e-9)
    }
    expectClose(side.rows[2].deviation, 0, 1e-6)
  }

  @Test("On other data small steps gain what two linear losses say", arguments: [false, true])
  func other(isInside: Bool) throws {
    let model = try tinyModel()
    let subspace = isInside ? try Subspace.random(in: model.parameterSpace, dimension: 30, seed: 1) : nil
    let found = try RandomSearch.run(
      model, on: tinyTask(), candidates: 256, length: isInside ? .norm(0.02) : .deviation(1e-4), within: subspace,
      count: 40, seed: 4)
    let side = try found.sideGain(on: tinyTask("sort"), sizes: [2, 16, 128], count: 40, seed: 4)
    #expect(abs(try #require(side.cosine)) < 1)
    for row in side.rows {
      let predicted = try #require(row.predicted)
      // 256 candidates make 256/m independent choices of m.
      #expect(abs(row.side.value - predicted.side) < 4 * predicted.deviation * (Double(row.count) / 256).squareRoot())
      if row.count <= 16 { expectClose(row.deviation / predicted.deviation, 1, 0.25) }
      #expect(row.side.low ?? 1 < row.side.high ?? 0)
    }
  }

  @Test("What has no answer is refused")
  func refused() throws {
    let model = try tinyModel()
    let pairs = try RandomSearch.run(
      model, on: tinyTask(), candidates: 4, length: .norm(0.1), count: 20, seed: 1, isAntithetic: true)
    #expect(throws: GeometryError.self) { try pairs.sideGain(on: tinyTask()) }
    let single = try RandomSearch.run(model, on: tinyTask(), candidates: 4, length: .norm(0.1), count: 20, seed: 1)
    #expect(throws: GeometryError.outOfRange(what: "sizes", value: 5, allowed: 1...4)) {
      try single.sideGain(on: tinyTask(), sizes: [5])
    }
  }

  @Test("Several deviations take turns, pairs of mirror images share one")
  func turns() throws {
    let deviations = [0.1, 0.5, 2]
    for isAntithetic in [false, true] {
      let made = try Perturbations(
        in: space(4000), length: .deviations(deviations), seed: 3, isAntithetic: isAntithetic)
      for index in 0..<8 {
        let deviation = deviations[(isAntithetic ? index / 2 : index) % 3]
        #expect(made.deviation(of: index) == deviation)
        expectClose(try made.displacement(index).norm / (deviation * 4000.0.squareRoot()), 1, 0.05)
        // The same numbers as in a search of that deviation alone, up to the rounding of the scale.
        let alone = try Perturbations(
          in: space(4000), length: .deviation(deviation), seed: 3, isAntithetic: isAntithetic)
        #expect(try made.displacement(index).vector.elements == alone.displacement(index).vector.elements)
      }
    }
    #expect(throws: GeometryError.self) { try Perturbations(in: space(4), length: .deviations([]), seed: 1) }
    #expect(throws: GeometryError.self) { try Perturbations(in: space(4), length: .deviations([1, -1]), seed: 1) }
  }

  @Test("The expected maximum over several deviations", arguments: [1, 2, 7, 100])
  func maxima(n: Int) throws {
    expectClose(MixedMaxima.gaussian(n, deviations: [0.3], isPaired: false), 0.3 * (try ExtremeValues.emax(n)), 1e-6)
    expectClose(
      MixedMaxima.gaussian(2 * n, deviations: [0.3, 0.3], isPaired: true), 0.3 * PairedMaxima.gaussian(2 * n), 1e-6)
    // Against draws: n of each of three deviations.
    let deviations = [0.05, 1, 0.4]
    let stream = RandomStream(seed: 5, purpose: "mixed maxima")
    let maxima = (0..<20_000).map { round in
      zip(stream.substream(UInt64(round)).gaussians(count: 3 * n), 0...).map { $0 * deviations[$1 % 3] }.max() ?? 0
    }
    let mean = maxima.reduce(0, +) / 20_000
    let deviation = (maxima.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000).squareRoot()
    expectClose(
      MixedMaxima.gaussian(3 * n, deviations: deviations, isPaired: false), mean, 4 * deviation / 20_000.0.squareRoot())
  }

  @Test("A search of several scales has a density for each")
  func densities() throws {
    let model = try tinyModel()
    let found = try RandomSearch.run(
      model, on: tinyTask(), candidates: 9, length: .deviations([1e-3, 1e-2, 0.1]), count: 20, seed: 1)
    let parts = try [1e-3, 1e-2, 0.1].map { try found.density(above: 0, deviation: $0).value }
    expectClose(try found.density(above: 0).value, parts.reduce(0, +) / 3, 1e-12)
    let narrow = try found.density(above: 0.01, deviation: 1e-3).chance ?? 1
    let wide = try found.density(above: 0.01, deviation: 0.1).chance ?? 0
    #expect(narrow < wide)
    #expect(throws: GeometryError.self) { try found.density(above: 0, deviation: 0.3) }
  }
}
