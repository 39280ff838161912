import Steering
import TaskGeometry
import Tensors
import Testing
import Transformers

@Suite("Contrast and sweeps on text") struct SweepTests {
  private static func model() throws -> Model {
    let configuration = try DecoderConfiguration(layers: 2, width: 16, heads: 2, context: 96, vocabulary: 256)
    var model = try Model(PreNormDecoder(configuration), seed: 3)
    model.tokenizer = .bytes
    return model
  }

  @Test("every layer at once equals one layer at a time, and the seed decides what is held out")
  func layers() throws {
    let model = try Self.model()
    let data = try Statements.data(count: 40, seed: 1)
    let options = ContrastOptions(shuffles: 3, seed: 4)
    let all = try contrast(model, data, layers: [1, 0], options: options)
    #expect(all.indices == [0, 1] && all.site == .residPost && all.positions == "answer" && all.method == "mean")
    for layer in 0...1 {
      let single = try contrast(model, data, layers: [layer], options: options)
      #expect(try single.isIdentical(to: all.restricted(to: [layer])))
    }
    let score = try #require(all.layers[0].score)
    #expect(score.scored == 10 && score.fitted == 30)
    #expect(throws: SteeringError.self) { try contrast(model, data, layers: [2]) }
    #expect(throws: SteeringError.self) { try contrast(model, Mixture([data, DigitTask(.sort)]), layers: [0]) }
  }

  @Test("at the token before the answers both sides agree, so that there is nothing to find")
  func before() throws {
    let model = try Self.model()
    let data = try Statements.data(count: 8, seed: 1)
    #expect(throws: SteeringError.self) {
      try contrast(model, data, layers: [0], options: ContrastOptions(position: .index(0), holdout: 0))
    }
  }

  @Test("a sweep scores what accuracy and perplexity score, on the same examples, with random vectors beside it")
  func sweep() throws {
    let model = try Self.model()
    let data = try Statements.data(count: 40, seed: 1)
    let vector = try contrast(model, data, layers: [0, 1], options: ContrastOptions(shuffles: 0, seed: 4))
    let text = try TokenWindows(
      name: "text", tokens: Array(0..<60), length: 20, tokenizer: nil)
    let sweep = try SteeringSweep(
      model, vector, on: data, layers: [0, 1], scales: [-40, 0, 40], side: [data], text: text,
      options: .init(count: 30, seed: 2, random: 3))
    #expect(sweep.rows.map(\.layer) == [0, 0, 0, 1, 1, 1] && sweep.rows.map(\.scale) == [-40, 0, 40, -40, 0, 40])
    for row in sweep.rows {
      let steered = try model.steered(by: vector.restricted(to: [row.layer]), scale: row.scale)
      #expect(row.target.value == (try evaluate(steered, on: data, count: 30, seed: 2).accuracy))
      #expect(row.sides.map(\.value) == [row.target.value])
      #expect(row.perplexity?.value == (try perplexity(steered, of: text).value))
      #expect((row.exceeded ?? 0) >= 0.25 && (row.exceeded ?? 2) <= 1)
      if row.scale == 0 {
        #expect(row.target == sweep.base.target)
        #expect(abs((row.random?.value ?? 0) - sweep.base.target.value) < 1e-12)
      }
    }
    #expect(sweep.rows[0].perplexity?.value != sweep.base.perplexity?.value)
    #expect(throws: SteeringError.self) { try SteeringSweep(model, vector, on: data, layers: [0], scales: []) }
    #expect(throws: SteeringError.self) { try SteeringSweep(model, vector, on: data, layers: [5], scales: [1]) }
  }

  @Test("a probe with the threshold it was fitted with reaches on the fitted pairs what the fit does")
  func probes() throws {
    let model = try Self.model()
    let data = try Statements.data(count: 40, seed: 1)
    let vector = try contrast(model, data, layers: [0], options: ContrastOptions(method: .logistic, holdout: 0))
    let found = try probe(vector, model, data, position: .answer, random: 10, seed: 1)
    #expect(found.count == 1 && found[0].score.accuracy.value > 0.5 && found[0].score.scored == 40)
    #expect((found[0].score.accuracy.chance ?? 0) >= 0.5)
  }
}
