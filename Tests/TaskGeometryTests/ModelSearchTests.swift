import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite("Random search of a model")
struct ModelSearchTests {
  @Test("A candidate made again scores as it did, and as evaluate says", arguments: [false, true])
  func rebuilt(isAdapter: Bool) throws {
    var model = try tinyModel()
    if isAdapter { model = try model.adapted(rank: 2, seed: 3) }
    let before = model.digest
    let found = try RandomSearch.run(
      model, on: tinyTask(), candidates: 6, length: .deviation(0.05), count: 40, seed: 4, isAntithetic: true)
    #expect(model.digest == before)
    #expect(Set(found.scores.map(\.loss)).count == 6)
    for index in [5, 0, 3] {
      let again = try model.moved(by: found.displacement(index))
      let score = try evaluate(again, on: tinyTask(), count: 40, seed: 4)
      #expect(score.loss == found.scores[index].loss)
      #expect(score.exactMatches == found.scores[index].right.count { $0 })
    }
    #expect(try evaluate(model, on: tinyTask(), count: 40, seed: 4).loss == found.base.loss)
    // The same again, to the last bit.
    let second = try RandomSearch.run(
      model, on: tinyTask(), candidates: 6, length: .deviation(0.05), count: 40, seed: 4, isAntithetic: true)
    #expect(second.scores == found.scores)
  }

  @Test(
    "What adapters have in common is computed once and changes no bit",
    arguments: [PreNormDecoder.familyName, LlamaDecoder.familyName, OLMoDecoder.familyName, OLMo2Decoder.familyName])
  func shared(family: String) throws {
    let sizes = try DecoderConfiguration(layers: 3, width: 32, heads: 2, context: 8)
    let base = try Model(ArchitectureFamily.make(family, sizes), seed: 2)
    let attention = family == PreNormDecoder.familyName ? "attn.qkv" : "attn.q"
    for target in [attention, "blocks.2.\(attention)", "blocks.1.mlp.down"] {
      let model = try base.adapted(rank: 2, targets: [target], seed: 3)
      let set = try ScoringSet(tinyTask(), for: model, count: 150, seed: 4)
      let prefix = try #require(FrozenPrefix(model))
      let perturbations = try Perturbations(in: model.parameterSpace, length: .deviation(0.2), seed: 5)
      for index in 0..<3 {
        let moved = try model.moved(by: perturbations.displacement(index))
        let alone = try set.scores(of: moved)
        #expect(try set.scores(of: moved, sharing: prefix).losses == alone.losses, "\(family) \(target) \(index)")
        #expect(alone.losses != (try set.scores(of: model)).losses)
      }
      // Nothing is shared with another adapter, and nothing is kept beyond the limit.
      let other = try base.adapted(rank: 2, targets: ["attn.out"], seed: 3)
      #expect(try set.scores(of: other, sharing: prefix).losses == set.scores(of: other).losses)
      let none = try #require(FrozenPrefix(model, limit: 1))
      #expect(try set.scores(of: model, sharing: none).losses == set.scores(of: model).losses)
    }
    #expect(FrozenPrefix(base) == nil)
  }

  @Test("A longer search begins with the candidates of a shorter one")
  func nested() throws {
    let model = try tinyModel()
    let short = try RandomSearch.run(model, on: tinyTask(), candidates: 3, length: .norm(0.5), count: 20, seed: 1)
    let long = try RandomSearch.run(model, on: tinyTask(), candidates: 5, length: .norm(0.5), count: 20, seed: 1)
    #expect(Array(long.scores.prefix(3)) == short.scores)
  }

  @Test("The prediction uses the gradient on the very examples, and its part in the subspace")
  func prediction() throws {
    let model = try tinyModel()
    let found = try RandomSearch.run(
      model, on: tinyTask(), candidates: 6, length: .norm(0.02), count: 40, seed: 4, isAntithetic: true)
    let gradient = try ScoringSet(tinyTask(), for: model, count: 40, seed: 4).gradient(of: model)
    expectClose(found.gradientNorm ?? 0, gradient.norm, 1e-9)
    // Half the difference of two mirror images is −g·δ, without curvature.
    var largest = 0.0
    for index in [0, 2, 4] {
      let first = try -found.displacement(index).vector.dot(gradient)
      largest = max(largest, abs(first))
      expectClose((found.gains[index] - found.gains[index + 1]) / 2, first, 0.01 * abs(first) + 1e-6)
    }
    #expect(largest > 5e-5)
    let subspace = try Subspace.random(in: model.parameterSpace, dimension: 4, seed: 1)
    let inside = try RandomSearch.run(
      model, on: tinyTask(), candidates: 2, length: .norm(1e-3), within: subspace, count: 40, seed: 4)
    let coordinates = try subspace.coordinates(of: gradient)
    expectClose(inside.gradientNorm ?? 0, coordinates.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-9)
  }

  @Test("The winner is scored again on examples on which it was not chosen")
  func fresh() throws {
    let model = try tinyModel()
    let found = try RandomSearch.run(model, on: tinyTask(), candidates: 8, length: .norm(0.5), count: 64, seed: 4)
    let source = try #require(found.source)
    func questions(_ set: ScoringSet) -> Set<[Int32]> {
      Set(
        set.batches.flatMap { batch in
          (0..<batch.rows).map { Array(batch.tokens[($0 * batch.length)..<(($0 + 1) * batch.length)]) }
        })
    }
    #expect(questions(source.selection).isDisjoint(with: questions(source.fresh)))
    #expect(source.fresh.count > 40)
    let winner = try source.fresh.scores(of: model.moved(by: found.displacement(found.winner)))
    let base = try source.fresh.scores(of: model)
    expectClose(found.freshGain?.value ?? 0, base.evaluation.loss - winner.evaluation.loss, 1e-9)

    let other = try RandomSearch.run(
      model, on: tinyTask(), candidates: 2, length: .norm(0.5), holdout: tinyTask("reverse"), count: 32, seed: 4)
    #expect(other.source?.fresh.name == "reverse/3")
    #expect(
      other.source?.freshBase.evaluation.loss == (try evaluate(model, on: tinyTask("reverse"), count: 32, seed: 4)).loss
    )
  }

  @Test("An ensemble of one is the best candidate, and its members are the best ones")
  func ensemble() throws {
    let task = try tinyTask()
    let trained = try train(
      tinyModel(), on: task, options: TrainingOptions(steps: 150, learningRate: 1e-2, batch: 32, seed: 1)
    )
    .model
    let found = try RandomSearch.run(trained, on: task, candidates: 9, length: .norm(2), count: 64, seed: 2)
    for rule in EnsembleRule.allCases {
      let one = try found.ensemble(1, rule: rule)
      #expect(one.members == [found.winner])
      #expect(one.rows[1].accuracy == one.rows[2].accuracy)
      #expect(one.rows.map(\.name) == ["base", "best", "ensemble"])
    }
    let best = try #require(try found.ensemble(1, rule: .logits).rows[2].loss)
    expectClose(best, found.source?.freshWinner.evaluation.loss ?? 0, 1e-5)
    let five = try found.ensemble(5)
    #expect(five.members.map { found.gains[$0] } == found.gains.sorted(by: >).prefix(5).map { $0 })
    #expect(Candidates.plurality([3, 5, 5]) == 5)
    #expect(Candidates.plurality([3, 5]) == 3)
    #expect(Candidates.plurality([]) == nil)
    #expect(try found.passAt(9).value >= found.passAt(1).value)
    #expect(throws: GeometryError.outOfRange(what: "k", value: 10, allowed: 1...9)) { try found.ensemble(10) }
  }

  @Test("A mean of logits is the logits of the mean for a loss that is known")
  func meanLogits() throws {
    let model = try tinyModel()
    let found = try RandomSearch.run(model, on: tinyTask(), candidates: 3, length: .norm(1e-4), count: 32, seed: 2)
    // Members that hardly differ from the base have its loss together.
    let loss = try #require(try found.ensemble(3, rule: .logits).rows[2].loss)
    expectClose(loss, found.source?.freshBase.evaluation.loss ?? 0, 1e-4)
  }

  @Test("A step of evolution points downhill for a model")
  func evolution() throws {
    let model = try tinyModel()
    let step = try EvolutionStep.step(
      model, on: tinyTask(), directions: 200, deviation: 1e-3, rate: 1, batch: 16, seed: 3)
    let gradient = try GradientSample(model, on: tinyTask(), batches: 1, batch: 16, seed: 3).mean()
    let expected = (200.0 / Double(201 + model.freeCount)).squareRoot()
    expectClose(-(try step.cosine(gradient)), expected, 0.1)
    #expect(expected > 0.12)
  }
}
