import Foundation
import Tensors
import Testing

@testable import TaskGeometry

@Suite struct SubspaceTests {
  @Test func anglesOverlapsAndCapturesAgreeWithSciPy() throws {
    for reference in try References.load().angles {
      let space = space(reference.x.count)
      let u = try Subspace.spanning(reference.u.map { try FloatVector($0) }, of: space)
      let v = try Subspace.spanning(reference.v.map { try FloatVector($0) }, of: space)
      for (angle, expected) in zip(try u.angles(v), reference.angles) {
        // Below 1e-6 the angle is what rounding to float32 made of zero.
        expectClose(angle, expected, max(1e-7, 1e-9 * expected))
        if expected > 1e-6 { expectClose(angle / expected, 1, 1e-6) }
      }
      #expect(try u.angles(v).count == reference.angles.count)
      #expect(zip(try u.angles(v), try v.angles(u)).allSatisfy { abs($0 - $1) < 1e-7 })
      expectClose(try u.overlap(v).value, reference.overlap, 1e-9)
      let x = try Displacement(space: space, vector: FloatVector(reference.x))
      expectClose(try u.capture(of: x).value, reference.capture, 1e-9)
    }
  }

  @Test func ranksAgreeWithNumPy() throws {
    for reference in try References.load().ranks {
      let subspace = try Subspace.spanning(
        reference.columns.map { try FloatVector($0) }, of: space(reference.columns[0].count))
      #expect(subspace.dimension == reference.rank)
      expectClose(subspace.rank.smallestKept, reference.smallest, 1e-6)
      #expect((subspace.rank.largestDropped != nil) == (reference.rank < reference.columns.count))
      #expect(subspace.rank.generators == reference.columns.count)
    }
  }

  @Test func theRankDecisionIsShown() {
    let decision = RankDecision(generators: 10, rank: 10, smallestKept: 0.0031)
    #expect(decision.description == "rank 10 of 10 generators, smallest singular value ratio 3e-3")
    #expect(
      RankDecision(generators: 1, rank: 1, smallestKept: 1).description
        == "rank 1 of 1 generator, smallest singular value ratio 1.0")
  }

  @Test(arguments: 0..<30) func projectionIsIdempotentAndSplitsEnergy(_ seed: Int) throws {
    let seed = UInt64(seed)
    let dimension = 1 + Int(seed % 9)
    let u = try randomSubspace(300, dimension, seed: seed)
    let x = try displacement(300, seed: seed)
    let once = try u.projection(of: x)
    let twice = try u.projection(of: once.inside)
    expectClose(try once.inside.subtracting(twice.inside).norm, 0, 2e-6 * x.norm)
    expectClose(twice.share, 1, 1e-9)
    expectClose(once.inside.squaredNorm + once.outside.squaredNorm, x.squaredNorm, 1e-5 * x.squaredNorm)
    expectClose(try once.inside.dot(once.outside), 0, 1e-5 * x.squaredNorm)
    expectClose(once.energy, once.share * once.share, 1e-12)
    #expect(try u.contains(once.inside))
    #expect(try !u.contains(x))
  }

  @Test(arguments: 0..<20) func capturesOfOrthogonalPartsAddUpInEnergy(_ seed: Int) throws {
    let seed = UInt64(seed)
    let u = try randomSubspace(200, 4, seed: seed)
    let v = try randomSubspace(200, 5, seed: seed, "v")
    let x = try displacement(200, seed: seed)
    let rest = try #require(try v.complement(of: u))
    let parts = try u.capture(of: x, kind: .energy).value + rest.capture(of: x, kind: .energy).value
    expectClose(try u.sum(v).capture(of: x, kind: .energy).value, parts, 1e-9)
    expectClose(try u.overlap(rest).value, 0, 1e-12)
  }

  @Test(arguments: 0..<20) func nothingDependsOnTheBasis(_ seed: Int) throws {
    let seed = UInt64(seed)
    let vectors = try (0..<4).map { try vector(120, seed: seed, "b\($0)") }
    let u = try Subspace.spanning(vectors, of: space(120))
    // The same span from other vectors, with one too many.
    let mixed = try (0..<5).map { index in
      try Gram.combination(
        vectors, coefficients: RandomStream(seed: seed, purpose: "mix", name: "\(index)").gaussians(count: 4))
    }
    let other = try Subspace.spanning(mixed, of: space(120))
    #expect(other.dimension == 4)
    expectClose(try u.overlap(other).value, 1, 1e-9)
    #expect(try u.angles(other).allSatisfy { $0 < 2e-6 })
    let v = try randomSubspace(120, 3, seed: seed, "v")
    expectClose(try u.overlap(v).value, try other.overlap(v).value, 1e-6)
    let x = try displacement(120, seed: seed)
    expectClose(try u.capture(of: x).value, try other.capture(of: x).value, 1e-6)
  }

  @Test(arguments: 0..<20) func dimensionsObeyTheirFormulas(_ seed: Int) throws {
    let common = try (0..<2).map { try vector(90, seed: UInt64(seed), "c\($0)") }
    let first = try (0..<1 + seed % 3).map { try vector(90, seed: UInt64(seed), "a\($0)") }
    let second = try (0..<1 + seed % 4).map { try vector(90, seed: UInt64(seed), "b\($0)") }
    let u = try Subspace.spanning(common + first, of: space(90))
    let v = try Subspace.spanning(second + common, of: space(90))
    let sum = try u.sum(v)
    let both = try #require(try u.intersection(v))
    #expect(both.dimension == 2)
    #expect(sum.dimension == u.dimension + v.dimension - both.dimension)
    let rest = try #require(try u.complement(of: v))
    #expect(rest.dimension == sum.dimension - v.dimension)
    for index in 0..<both.dimension {
      #expect(try u.contains(both.direction(index)))
      #expect(try v.contains(both.direction(index)))
    }
    #expect(try u.complement(of: sum) == nil)
    #expect(try rest.intersection(v) == nil)
    expectClose(try sum.overlap(u).value, 1, 1e-8)
    // Generators that both have are held once.
    #expect(sum.generators.count == common.count + first.count + second.count)
  }

  @Test func nearlyDependentVectorsStillGiveAnOrthonormalBasis() throws {
    let base = try vector(5000, seed: 1)
    let vectors = try (0..<6).map { try base.adding(vector(5000, seed: 2, "d\($0)"), scaled: 2e-5) }
    let subspace = try Subspace.spanning(vectors, of: space(5000))
    #expect(subspace.dimension == 6)
    #expect(subspace.rank.smallestKept < 1e-3)
    let gram = try BasisTiles(subspace).gram()
    expectClose((gram - .identity(6)).squaredNorm.squareRoot(), 0, 1e-9)
  }

  @Test func lengthsOfVectorsDoNotDecideTheRank() throws {
    let vectors = try [1, 1e-6, 1e-12].enumerated().map { try vector(100, seed: 3, "\($0)", scale: Float($1)) }
    #expect(try Subspace.spanning(vectors, of: space(100)).dimension == 3)
  }

  @Test func zeroVectorsAddNothingAndSpanNothing() throws {
    let zero = try FloatVector(zeros: 10)
    #expect(throws: GeometryError.degenerate(operation: "span", reason: "all the vectors are zero")) {
      try Subspace.spanning([zero, zero], of: space(10))
    }
    #expect(throws: GeometryError.degenerate(operation: "span", reason: "all the vectors are zero")) {
      try Subspace.spanning([], of: space(10))
    }
    let one = try Subspace.spanning([zero, vector(10, seed: 1)], of: space(10))
    #expect(one.dimension == 1)
    let nothing = try one.capture(of: Displacement(space: space(10), vector: zero))
    #expect(nothing.value == 0)
  }

  @Test func vectorsThatAreNotFiniteAreRefused() throws {
    let broken = try FloatVector([1, .nan, 2])
    #expect(throws: GeometryError.self) { try Subspace.spanning([broken], of: space(3)) }
  }

  @Test func differentSpacesStopAndNameBoth() throws {
    let u = try randomSubspace(20, 2, seed: 1)
    let other = space(21, name: "other")
    let x = try Displacement(space: other, vector: vector(21, seed: 1))
    #expect(throws: GeometryError.spaceMismatch(left: u.space, right: other)) { try u.capture(of: x) }
    #expect(throws: GeometryError.spaceMismatch(left: u.space, right: other)) {
      try u.angles(Subspace.spanning([x.vector], of: other))
    }
    #expect(u.space.description == "test (20 parameters)")
    #expect(ParameterSpace.grouped(460_800) == "460,800")
  }

  @Test func aRandomSubspaceDependsOnItsSeedAndOnNothingElse() throws {
    let a = try Subspace.random(in: space(5000), dimension: 3, seed: 7)
    let b = try Subspace.random(in: space(5000), dimension: 5, seed: 7)
    #expect(a.generators[2].elements == b.generators[2].elements)
    let c = try Subspace.random(in: space(5000), dimension: 3, seed: 8)
    let overlap = try a.overlap(c)
    expectClose(overlap.value, 3.0 / 5000, 3e-3)
    #expect(overlap.chance == 3.0 / 5000)
    #expect(throws: GeometryError.self) { try Subspace.random(in: space(5), dimension: 6, seed: 1) }
  }

  @Test func theChanceOfACaptureByARandomSubspaceIsWhatRandomSubspacesGive() throws {
    var sum = 0.0
    for seed in 0..<40 {
      let u = try randomSubspace(400, 8, seed: UInt64(seed))
      sum += try u.capture(of: displacement(400, seed: 1000), kind: .energy).value
    }
    expectClose(sum / 40, 8.0 / 400, 4e-3)
  }
}
