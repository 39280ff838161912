import Tensors
import Testing

@testable import Transformers

@Suite("Microbatches")
struct MicroBatchTests {
  private func model() throws -> Model {
    try Model(PreNormDecoder(DecoderConfiguration(layers: 2, width: 16, heads: 2, context: 8)), seed: 1)
  }

  private func gradient(_ size: Int?, of batch: Batch, _ model: Model) throws -> (loss: Double, gradient: [Float]) {
    var loss = 0.0
    let gradient = try FloatVector(count: model.freeCount) { out in
      loss = try model.freeWeights.withPointer { weights in
        try Workspace.withShared {
          try MicroBatches(size: size).loss($0, of: model, free: weights, on: batch, gradient: out)
        }
      }
    }
    return (loss, gradient.elements)
  }

  @Test("The parts add up to the gradient of the batch, whatever the cut", arguments: [1, 2, 3, 7, 19, 20, 100])
  func sums(size: Int) throws {
    let model = try model()
    let batch = try DigitTask("copy", length: 3).batch(size: 20, seed: 3, index: 0)
    let whole = try gradient(20, of: batch, model)
    let parts = try gradient(size, of: batch, model)
    #expect(abs(parts.loss - whole.loss) < 1e-6)
    let length = whole.gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    let difference = zip(whole.gradient, parts.gradient).reduce(0.0) {
      $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
    }.squareRoot()
    #expect(difference < 1e-6 * length, "\(difference / length)")
    if size >= 20 { #expect(parts.gradient == whole.gradient) } else { #expect(difference > 0) }
    // The same cut has the same bits.
    #expect(try gradient(size, of: batch, model).gradient == parts.gradient)
  }

  @Test("Another cut moves a trained model by rounding only")
  func training() throws {
    let model = try model()
    func trained(_ size: Int?) throws -> [Float] {
      try train(
        model, on: DigitTask("copy", length: 3),
        options: TrainingOptions(steps: 10, learningRate: 1e-3, batch: 24, warmup: 0, seed: 2, microbatch: size)
      ).model.freeWeights.elements
    }
    let (start, whole) = (model.freeWeights.elements, try trained(nil))
    func distance(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
    }
    #expect(try trained(24) == whole)
    let moved = distance(start, whole)
    for size in [1, 5, 12] {
      let other = try trained(size)
      #expect(distance(other, whole) < 1e-4 * moved, "\(distance(other, whole) / moved)")
    }
  }
}
