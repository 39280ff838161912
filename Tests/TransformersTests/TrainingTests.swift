import Checkpoints
import Foundation
import Synchronization
import Tensors
import Testing

@testable import Transformers

// Cancellation is one flag for the whole process, so nothing else may run while a test raises it.
@Suite("Training", .serialized)
struct TrainingTests {
  let start: Model
  let data: any Dataset

  init() throws {
    let configuration = try DecoderConfiguration(layers: 2, width: 32, heads: 2, context: 8)
    start = try Model(PreNormDecoder(configuration), seed: 5)
    data = try Mixture([DigitTask("copy", length: 3), DigitTask("reverse", length: 3)])
  }

  @Test("a small decoder learns to copy and reverse three digits")
  func learning() throws {
    let before = try evaluate(start, on: data, count: 256, seed: 1)
    #expect(before.exactMatches < 8)
    let result = try train(
      start, on: data, options: TrainingOptions(steps: 1000, learningRate: 3e-3, batch: 64, seed: 1))
    let after = try evaluate(result.model, on: data, count: 256, seed: 1)
    #expect(after.accuracy > 0.95)
    #expect(after.loss < 0.1)
    #expect(after.count == 256 && after.perTask.map(\.count) == [128, 128])
    #expect(after.perTask.map(\.name) == ["copy/3", "reverse/3"])
    #expect(after.perTask.reduce(0) { $0 + $1.exactMatches } == after.exactMatches)

    // Exact match given the true prefix is exact match under greedy decoding.
    let examples = try data.examples(count: 40, seed: evaluationSeed(1), index: 0)
    for example in examples {
      let prompt = Array(example.tokens.prefix(5))
      let answer = try generate(result.model, prompt: prompt, count: 3).tokens
      let scored = try Workspace.withShared { try $0.score(result.model, on: Batch([example])).choices }
      #expect((answer == example.targets) == (scored == example.targets))
    }
  }

  @Test("the model that training began from does not change")
  func valueSemantics() throws {
    let weights = start.weights.elements
    let digest = start.digest
    let held = start.freeWeights
    let result = try train(start, on: data, options: TrainingOptions(steps: 3, batch: 8))
    #expect(start.weights.elements == weights && held.elements == weights)
    #expect(start.digest == digest)
    #expect(result.model.digest != digest)
    #expect(result.model.weights.elements != weights)
  }

  @Test("the same seed gives the same bits, another seed does not")
  func determinism() throws {
    func run(_ seed: UInt64) throws -> TrainingResult {
      try train(start, on: data, options: TrainingOptions(steps: 20, batch: 64, seed: seed))
    }
    let (first, second, other) = (try run(7), try run(7), try run(8))
    #expect(first.losses == second.losses)
    #expect(first.model.weights.elements == second.model.weights.elements)
    #expect(first.losses != other.losses)
  }

  @Test("the observer sees the steps whose sum is the displacement")
  func observation() throws {
    var sum = [Double](repeating: 0, count: start.freeCount)
    var steps: [Int] = []
    let options = TrainingOptions(steps: 5, batch: 8)
    let result = try train(
      start, on: data, options: options,
      observe: { report in
        steps.append(report.step)
        #expect(report.gradientNorm > 0)
        #expect(report.learningRate == options.learningRate(at: report.step))
        for i in 0..<report.count { sum[i] += Double(report.after[i]) - Double(report.before[i]) }
      })
    #expect(steps == [0, 1, 2, 3, 4])
    let (a, b) = (start.weights.elements, result.model.weights.elements)
    for i in a.indices {
      let displacement = Double(b[i]) - Double(a[i])
      if abs(sum[i] - displacement) > 1e-12 { Issue.record("weight \(i): \(sum[i]) and \(displacement)") }
    }
  }

  @Test("the gradient that is stepped along is the transformed one")
  func transformation() throws {
    // With everything but the first ten weights projected away, plain descent leaves the others where they are.
    let options = TrainingOptions(steps: 3, batch: 8, optimizer: SGD(), warmup: 0)
    let result = try train(
      start, on: data, options: options,
      transformGradient: { gradient, count in (gradient + 10).update(repeating: 0, count: count - 10) })
    let (a, b) = (start.weights.elements, result.model.weights.elements)
    #expect(a[10...] == b[10...])
    #expect(a[..<10] != b[..<10])
  }

  @Test("an interrupt stops training within 50 ms, and says at which step")
  func cancellation() throws {
    let configuration = try DecoderConfiguration(layers: 4, width: 128, heads: 2)
    let model = try Model(PreNormDecoder(configuration), seed: 0)
    let task = try DigitTask("copy")
    for delay in [0.05, 0.21, 0.33] {
      let raised = Mutex<ContinuousClock.Instant?>(nil)
      DispatchQueue.global().asyncAfter(deadline: .now() + delay) {
        raised.withLock { $0 = .now }
        Cancellation.request()
      }
      let error = #expect(throws: Interrupted.self) {
        try train(model, on: task, options: TrainingOptions(steps: 100_000))
      }
      let stopped = ContinuousClock.now
      Cancellation.take()
      #expect(error?.activity == "train")
      #expect(error?.total == 100_000)
      #expect(error?.step != nil)
      let at = try #require(raised.withLock { $0 })
      #expect(at.duration(to: stopped).inSeconds < 0.05)
    }
    // Whatever was interrupted, the next call works.
    #expect(try train(model, on: task, options: TrainingOptions(steps: 1, batch: 4)).losses.count == 1)
  }

  @Test("a loss that is not a number is an error that names the step")
  func divergence() throws {
    let options = TrainingOptions(
      steps: 50, learningRate: 1e30, batch: 8, optimizer: SGD(), warmup: 0, schedule: .constant, clip: nil)
    #expect(throws: TransformerError.notFinite(what: "loss", step: 2)) { try train(start, on: data, options: options) }
  }

  @Test("data that does not fit is refused before the first step")
  func fit() throws {
    #expect(
      throws: TransformerError.contextTooShort(data: "copy", needed: 17, model: "decoder-2x32", has: 8)
    ) { try train(start, on: DigitTask("copy"), options: TrainingOptions(steps: 1)) }
    let small = try Model(
      PreNormDecoder(DecoderConfiguration(layers: 1, width: 8, heads: 1, context: 8, vocabulary: 12)), seed: 0)
    #expect(
      throws: TransformerError.vocabularyTooSmall(data: data.name, needed: 15, model: "decoder-1x8", has: 12)
    ) { try evaluate(small, on: data) }
  }

  @Test("options that make no sense are refused by name")
  func options() {
    for (options, field) in [
      (TrainingOptions(steps: -1), "steps"), (TrainingOptions(steps: 1, batch: 0), "batch"),
      (TrainingOptions(steps: 1, learningRate: .nan), "lr"), (TrainingOptions(steps: 1, clip: 0), "clip"),
    ] {
      let error = #expect(throws: TransformerError.self) { try train(start, on: data, options: options) }
      guard case .invalidOption(field, _, _)? = error else {
        Issue.record("\(String(describing: error)) is not about \(field)")
        continue
      }
    }
  }

  @Test("schedules rise over the warm-up and end where they should")
  func schedules() {
    #expect(Schedule.constant.factor(step: 99, warmup: 0, steps: 100) == 1)
    #expect((0..<4).map { Schedule.cosine.factor(step: $0, warmup: 4, steps: 100) } == [0.25, 0.5, 0.75, 1])
    #expect(abs(Schedule.cosine.factor(step: 52, warmup: 4, steps: 100) - 0.55) < 1e-12)
    #expect(abs(Schedule.cosine.factor(step: 99, warmup: 4, steps: 100) - 0.1) < 1e-3)
    #expect(abs(Schedule.linear.factor(step: 99, warmup: 0, steps: 100) - 0.01) < 1e-12)
  }
}
