import Checkpoints
import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct RunTests {
  static func run(steps: Int = 12, every: Int = 1, project: Subspace? = nil, seed: UInt64 = 3) throws -> Run {
    try recover(
      tinyModel(), on: tinyTask(),
      options: TrainingOptions(
        steps: steps, learningRate: 3e-3, batch: 8, warmup: 0, schedule: .constant, seed: seed),
      project: project, every: every)
  }

  @Test func theStepsAddUpToTheDisplacement() throws {
    let run = try Self.run()
    #expect(run.count == 12)
    #expect(run.losses.count == 12)
    let sum = try Gram.combination(run.steps, coefficients: Array(repeating: 1, count: 12))
    let displacement = try run.displacement()
    expectClose(try displacement.vector.subtracting(sum).norm / displacement.norm, 0, 1e-5)
    #expect(run.optimizer == "adamw 3e-3")
    #expect(run.data == "copy/3")
  }

  @Test func recordingDoesNotChangeTraining() throws {
    let run = try Self.run()
    let trained = try train(
      tinyModel(), on: tinyTask(),
      options: TrainingOptions(steps: 12, learningRate: 3e-3, batch: 8, warmup: 0, schedule: .constant, seed: 3))
    #expect(trained.model.digest == run.end.digest)
    #expect(trained.losses == run.losses)
  }

  @Test func recordingEveryFourthStepSumsFourSteps() throws {
    let fine = try Self.run(steps: 10)
    let coarse = try Self.run(steps: 10, every: 4)
    #expect(coarse.count == 3)
    #expect(coarse.losses.count == 10)
    #expect(coarse.end.digest == fine.end.digest)
    for (index, range) in [0..<4, 4..<8, 8..<10].enumerated() {
      let sum = try Gram.combination(Array(fine.steps[range]), coefficients: Array(repeating: 1, count: range.count))
      expectClose(try coarse.steps[index].subtracting(sum).norm / sum.norm, 0, 1e-5)
    }
  }

  @Test func positionsLeadFromTheStartToTheEnd() throws {
    let run = try Self.run()
    #expect(try run.position(0).digest == run.start.digest)
    #expect(try run.position(12).digest == run.end.digest)
    let middle = try run.position(5)
    let rest = try run.slice(5..<12)
    #expect(rest.start.digest == middle.digest)
    #expect(rest.end.digest == run.end.digest)
    #expect(rest.losses == Array(run.losses[5...]))
    expectClose(try rest.displacement().adding(run.slice(0..<5).displacement()).norm, try run.displacement().norm, 1e-5)
    #expect(throws: GeometryError.outOfRange(what: "step", value: 13, allowed: 0...12)) { try run.position(13) }
    #expect(throws: GeometryError.self) { try run.slice(4..<4) }
  }

  @Test func aPrefixCapturesMoreTheLongerItIsAndAllAtTheEnd() throws {
    let run = try Self.run()
    let displacement = try run.displacement()
    let captures = try (1...12).map { try run.prefix($0).capture(of: displacement, kind: .energy).value }
    #expect(zip(captures, captures.dropFirst()).allSatisfy { $0 <= $1 + 1e-9 })
    expectClose(captures[11], 1, 1e-5)
    #expect(try run.prefix(12).contains(displacement))
    #expect(try run.prefix(3).source == "prefix(run, 3)")
    #expect(throws: GeometryError.outOfRange(what: "k", value: 13, allowed: 1...12)) { try run.prefix(13) }
    #expect(throws: GeometryError.outOfRange(what: "k", value: 0, allowed: 1...12)) { try run.suffix(0) }
  }

  @Test func aPrefixIsComparedWithARandomWalkOfTheSameSteps() throws {
    let run = try Self.run()
    let lengths = run.squaredLengths
    let expected = lengths[..<4].reduce(0, +) / lengths.reduce(0, +)
    let basis = try run.prefix(4)
    for capture in [
      try basis.capture(of: run.displacement(), kind: .energy),
      try basis.capture(of: run.end.displacement(from: run.start), kind: .energy),
      try basis.capture(of: basis.displacement(to: run.end), kind: .energy),
      try basis.capture(of: run.displacement().scaled(by: -2), kind: .energy),
    ] {
      let background = 4.0 / Double(basis.ambient)
      expectClose(try #require(capture.chance), expected + (1 - expected) * background, 1e-9)
      #expect(capture.chanceModel == "random walk of the same steps")
    }
    let other = try basis.capture(of: displacement(like: run, seed: 5))
    expectClose(try #require(other.chance), (4.0 / Double(basis.ambient)).squareRoot(), 1e-12)
  }

  private func displacement(like run: Run, seed: UInt64) throws -> Displacement {
    try Displacement(space: run.space, vector: vector(run.space.count, seed: seed))
  }

  @Test func aTailCaptureLeavesOutThePrefixItself() throws {
    let run = try Self.run()
    let tail = try run.tailCapture(4)
    let direct = try run.prefix(4).capture(of: run.end.displacement(from: run.position(4)))
    expectClose(tail.value, direct.value, 1e-4)
    expectClose(try #require(tail.chance), (4.0 / Double(run.space.count)).squareRoot(), 1e-9)
    #expect(tail.value < (try run.prefix(4).capture(of: run.displacement()).value))
    #expect(throws: GeometryError.self) { try run.tailCapture(12) }
  }

  @Test func theGramMatrixOfTheWholeRunServesEveryPart() throws {
    let run = try Self.run()
    let direct = try Subspace.spanning(Array(run.steps[..<3]), of: run.space)
    #expect(try run.prefix(3).overlap(direct).value > 1 - 1e-9)
    _ = try run.prefix(12)
    expectClose(try run.prefix(3).overlap(direct).value, 1, 1e-9)
    let part = try run.slice(4..<10)
    let own = try Subspace.spanning(Array(run.steps[4..<6]), of: run.space)
    expectClose(try part.prefix(2).overlap(own).value, 1, 1e-9)
    expectClose(try part.suffix(6).overlap(part.prefix(6)).value, 1, 1e-9)
  }

  @Test func straightnessIsOneForAStraightLine() throws {
    let model = try tinyModel()
    let step = try vector(model.freeCount, seed: 1, scale: 0.01)
    let end = try model.with(freeWeights: model.freeWeights.adding(step, scaled: 3))
    let line = try Run(
      start: model, end: end, steps: [step, step, step], losses: [3, 2, 1], seed: 0, optimizer: "x", data: "y")
    expectClose(try line.straightness().value, 1, 1e-5)
    expectClose(try #require(try line.straightness().chance), 1 / 3.0.squareRoot(), 1e-9)
    #expect(try line.prefix(3).dimension == 1)
    #expect(try line.driftNoise().signalToNoise > 1e4)
    let run = try Self.run()
    let straightness = try run.straightness()
    #expect(straightness.value < 1)
    #expect(straightness.value > 0)
  }

  @Test func projectedRecoveryWithoutDecayStaysInItsSubspace() throws {
    let run = try Self.run()
    let basis = try run.prefix(4)
    let projected = try recover(
      tinyModel(), on: tinyTask(),
      options: TrainingOptions(
        steps: 5, learningRate: 0.05, batch: 8, optimizer: SGD(), warmup: 0, schedule: .constant, seed: 1),
      project: basis)
    expectClose(try basis.capture(of: projected.displacement()).value, 1, 1e-4)
    #expect(try projected.displacement().norm > 0)
  }

  @Test func projectionOnAForeignSubspaceIsRefused() throws {
    let basis = try randomSubspace(10, 2, seed: 1)
    #expect(throws: GeometryError.self) { try Self.run(project: basis) }
  }

  @Test func theSameSeedGivesTheSameBits() throws {
    let (a, b) = (try Self.run(), try Self.run())
    #expect(a.end.digest == b.end.digest)
    #expect(zip(a.steps, b.steps).allSatisfy { $0.elements == $1.elements })
    #expect(try Self.run(seed: 4).end.digest != a.end.digest)
  }

  @Test func damageComparesTwoModelsOnTheSameExamples() throws {
    let before = try tinyModel()
    let same = try Damage(before: before, after: before, tasks: [tinyTask(), tinyTask("sort")], count: 64)
    #expect(same.rows.map(\.task) == ["copy/3", "sort/3"])
    #expect(same.rows.allSatisfy { $0.drop.value == 0 && ($0.drop.low ?? 1) <= 0 && ($0.drop.high ?? -1) >= 0 })
    #expect(throws: GeometryError.self) { try Damage(before: before, after: before, tasks: []) }
  }
}
