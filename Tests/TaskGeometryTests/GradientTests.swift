import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct GradientTests {
  static func sample(batches: Int = 6, first: Int = 0) throws -> GradientSample {
    try GradientSample(tinyModel(), on: tinyTask(), batches: batches, batch: 4, seed: 2, first: first)
  }

  @Test func theMeanOfSeveralGradientsIsTheirAverage() throws {
    let sample = try Self.sample(batches: 3)
    let sum = try sample.gradients[0].adding(sample.gradients[1]).adding(sample.gradients[2])
    expectClose(try sample.mean().vector.subtracting(sum.scaled(by: 1.0 / 3)).norm, 0, 1e-6)
    #expect(sample.losses.count == 3)
    #expect(throws: GeometryError.self) { try Self.sample(batches: 0) }
  }

  @Test func aPlaneMaximisesTheSecondMoment() throws {
    let sample = try Self.sample()
    let plane = try sample.plane(2)
    #expect(plane.dimension == 2)
    func captured(_ subspace: Subspace) throws -> Double {
      try sample.gradients.reduce(0) { sum, gradient in
        try sum + subspace.coordinates(of: gradient).reduce(0) { $0 + $1 * $1 }
      }
    }
    let total = sample.gradients.reduce(0) { $0 + $1.norm * $1.norm }
    let best = try captured(plane)
    guard case .plane(_, let share) = plane.lineage else {
      Issue.record("a plane remembers that it is one")
      return
    }
    expectClose(best / total, share, 1e-6)
    // No two of the gradients span more of it, and no two random directions either.
    for i in 0..<6 {
      for j in 0..<i {
        let pair = try Subspace.spanning([sample.gradients[i], sample.gradients[j]], of: plane.space)
        #expect(try captured(pair) <= best * (1 + 1e-9))
      }
    }
    let all = try sample.plane(6)
    expectClose(try captured(all) / total, 1, 1e-6)
    #expect(throws: GeometryError.outOfRange(what: "r", value: 7, allowed: 1...6)) { try sample.plane(7) }
  }

  @Test func aPlaneKeepsItsDirectionsInsteadOfTheGradients() throws {
    let plane = try Self.sample().plane(2)
    #expect(plane.generators.count == 2)
    #expect(plane.rank.generators == 6)
    let gram = try BasisTiles(plane).gram()
    expectClose((gram - .identity(2)).squaredNorm.squareRoot(), 0, 1e-12)
  }

  @Test func reducingASampleLeavesOtherHoldersOfItsGradientsAlone() throws {
    var sample = try Self.sample()
    let (kept, before) = (sample.gradients, sample.gradients.map(\.elements))
    let plane = try sample.reduceToPlane(3)
    #expect(sample.gradients.isEmpty)
    #expect(kept.map(\.elements) == before)
    expectClose(try plane.overlap(Self.sample().plane(3)).value, 1, 1e-6)
  }

  @Test func theLeadingDirectionsOfGradientsAreTheirPlane() throws {
    let sample = try Self.sample()
    let plane = try sample.plane(3)
    let leading = try Subspace.leading(sample.gradients, of: plane.space, dimension: 3)
    expectClose(try leading.overlap(plane).value, 1, 1e-9)
    #expect(leading.rank == plane.rank)
    expectClose((try BasisTiles(leading).gram() - .identity(3)).squaredNorm.squareRoot(), 0, 1e-12)
    #expect(throws: GeometryError.outOfRange(what: "r", value: 7, allowed: 1...6)) {
      try Subspace.leading(sample.gradients, of: plane.space, dimension: 7)
    }
    let twice = [sample.gradients[0], sample.gradients[0]]
    #expect(throws: GeometryError.degenerate(operation: "span", reason: "2 directions of vectors that span 1")) {
      try Subspace.leading(twice, of: plane.space, dimension: 2)
    }
  }

  @Test func effectiveRankIsBoundedByTheNumberOfGradients() throws {
    let rank = try Self.sample().effectiveRank(share: 0.9)
    #expect((1...6).contains(Int(rank.value)))
    #expect(rank.chance == 6)
    #expect(try Self.sample().effectiveRank(share: 1).value == 6)
    #expect(throws: GeometryError.self) { try Self.sample().effectiveRank(share: 0) }
    #expect(throws: GeometryError.self) { try Self.sample().effectiveRank(share: 1.5) }
  }

  @Test func driftBeginsAtOneAndHasACeiling() throws {
    let run = try RunTests.run(steps: 8)
    let drift = try Drift(run, on: tinyTask(), r: 2, every: 4, batches: 4, batch: 4, seed: 5)
    #expect(drift.rows.map(\.step) == [0, 4, 8])
    #expect(drift.rows[0].overlap == 1)
    #expect(drift.rows[0].fresh == drift.rows[0].ceiling)
    for row in drift.rows {
      expectClose(row.chance, 2 / Double(run.space.count), 1e-12)
      #expect([row.overlap, row.fresh, row.ceiling].allSatisfy { (0...1).contains($0) })
    }
    #expect(drift.rows[2].overlap < 1)
    // The rows are what planes at these positions give.
    let direct = try GradientSample(run.position(4), on: tinyTask(), batches: 4, batch: 4, seed: 5).plane(2)
    let start = try GradientSample(run.start, on: tinyTask(), batches: 4, batch: 4, seed: 5).plane(2)
    expectClose(drift.rows[1].overlap, try direct.overlap(start).value, 1e-4)
  }
}
