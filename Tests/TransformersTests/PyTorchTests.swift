import Tensors
import Testing

@testable import Transformers

@Suite("Against PyTorch")
struct PyTorchTests {
  let reference: Reference
  let model: Model
  let data: FixedBatches

  init() throws {
    reference = try Reference.load()
    model = try reference.model()
    data = try reference.batches()
  }

  @Test("the loss and the logits of a whole decoder agree")
  func forward() throws {
    #expect(abs(try loss(of: model, on: data.batches[0]) - reference.loss) < 2e-6)
    let batch = data.batches[0]
    let logits = try Workspace.withShared { workspace in
      try workspace.logits(model, TokenGrid(batch), at: batch.positions) { Array($0) }
    }
    #expect(relativeError(logits, try Reference.numbers("logits.f32")) < 1e-5)
  }

  @Test("the gradient of every weight agrees")
  func gradients() throws {
    let ours = try gradient(of: model, on: data.batches[0]).gradient.elements
    let theirs: [Float] = try Reference.numbers("gradient.f32")
    #expect(ours.count == theirs.count)
    for segment in model.layout.segments {
      let (a, b) = (Array(ours[segment.range]), Array(theirs[segment.range]))
      #expect(relativeError(a, b) < 2e-5, "\(segment.name)")
    }
  }

  @Test(
    "twenty steps agree in every loss and every weight",
    arguments: [
      ("adamw", AdamW() as any Optimizer, 3e-3, 1.0 as Double?), ("sgd", SGD(momentum: 0.9), 0.05, nil),
      ("sgd-plain", SGD(), 0.1, 0.5),
    ])
  func training(name: String, optimizer: any Optimizer, rate: Double, clip: Double?) throws {
    let options = TrainingOptions(
      steps: reference.steps, learningRate: rate, batch: reference.rows, optimizer: optimizer, warmup: 0,
      schedule: .constant, clip: clip)
    let result = try train(model, on: data, options: options)
    let losses = try #require(reference.losses[name])
    #expect(result.losses.count == losses.count)
    for (ours, theirs) in zip(result.losses, losses) { #expect(abs(ours - theirs) < 2e-5) }
    let ours = result.model.weights.elements
    let theirs: [Float] = try Reference.numbers("after-\(name).f32")
    #expect(ours.count == theirs.count)
    for segment in model.layout.segments {
      var range = segment.range
      if segment.name.hasSuffix("attn.qkv.bias") {
        // A bias of the keys moves all scores of a query alike, so its gradient is rounding noise, which Adam scales
        // up to full steps: only the queries' part is comparable.
        range = range.lowerBound..<range.lowerBound + model.configuration.width
      }
      #expect(relativeError(Array(ours[range]), Array(theirs[range])) < 2e-4, "\(segment.name)")
    }
  }

  @Test("an adapter's loss and gradient agree")
  func adapterGradients() throws {
    let adapted = try reference.adapted()
    let result = try gradient(of: adapted, on: data.batches[0])
    #expect(abs(result.loss - reference.loraLoss) < 2e-6)
    #expect(relativeError(result.gradient.elements, try Reference.numbers("lora-gradient.f32")) < 2e-5)
  }

  @Test("a merged adapter has the same weights")
  func merge() throws {
    let adapted = try reference.adapted()
    let merged = try adapted.merged()
    #expect(merged.adapter == nil)
    #expect(relativeError(merged.weights.elements, try Reference.numbers("lora-merged.f32")) < 1e-6)
    #expect(abs(try loss(of: merged, on: data.batches[0]) - reference.loraLoss) < 5e-6)
    let norm = try FactoredDelta(try #require(adapted.adapter)).norm()
    #expect(abs(norm - reference.loraProductNorm) < 1e-5 * reference.loraProductNorm)
  }
}
