import Foundation
import ModelFiles
import TaskGeometry
import Tensors
import Testing
import Tokenizers
import Transformers

@testable import Steering

@Suite("Steering of models") struct ModelSteeringTests {
  private func texts(_ count: Int, _ length: Int = 6, seed: UInt64 = 1) -> [[Int32]] {
    (0..<count).map { row in
      RandomStream(seed: seed, purpose: "texts").substream(UInt64(row)).integers(count: length, below: 45).map {
        Int32($0 + 3)
      }
    }
  }

  @Test(
    "contrast vectors of the tiny models equal those of repeng and scikit-learn", arguments: ["gpt2", "llama", "olmo2"])
  func reference(name: String) throws {
    let model = try HuggingFaceFolder.read("\(Reference.models)/\(name)")
    let table = try #require(Reference.contrast["\(name).tokens"])
    let (rows, length) = (table.shape[0], table.shape[1])
    let tokens = (0..<rows).map { row in table.floats[(row * length)..<((row + 1) * length)].map { Int32($0) } }
    let points = [0, 1].map { ActivationPoint(layer: $0) }
    let positive = try model.activations(of: Array(tokens[..<(rows / 2)]), at: points).matrices
    let negative = try model.activations(of: Array(tokens[(rows / 2)...]), at: points).matrices
    for layer in 0...1 {
      let pairs = try ContrastPairs(
        positive: positive[layer].floats, negative: negative[layer].floats, count: rows / 2,
        width: model.configuration.width)
      for (method, key) in [
        (ContrastMethod.mean, "mean"), (.pca, "pca_diff"), (.pcaCenter, "pca_center"), (.logistic, "logistic"),
      ] {
        let expected = try #require(Reference.contrast["\(name).\(layer).\(key)"]).doubles
        let found = try ContrastFit(pairs, method: method).direction
        let scale = max(1, expected.map(abs).max() ?? 1)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4 * scale, "layer \(layer), \(key)") }
      }
    }
  }

  @Test("adding a vector moves the activations there by the vector; scale 0 changes no bit; another model is refused")
  func steering() throws {
    let model = try HuggingFaceFolder.read("\(Reference.models)/llama")
    let vector = try VectorTests.vector([1], width: 24, origin: .init(model))
    let point = [ActivationPoint(layer: 1)]
    let before = try model.activations(of: texts(3), at: point).matrices[0].doubles
    let after = try model.steered(by: vector, scale: 2).activations(of: texts(3), at: point).matrices[0].doubles
    for (index, value) in after.enumerated() {
      #expect(abs(value - before[index] - 2 * Double(vector.layers[0].values[index % 24])) < 1e-4)
    }
    let still = try logits(of: model.steered(by: vector, scale: 0), tokens: texts(1)[0])
    #expect(still.map(\.bitPattern) == (try logits(of: model, tokens: texts(1)[0])).map(\.bitPattern))
    let other = try HuggingFaceFolder.read("\(Reference.models)/qwen2")
    #expect(throws: SteeringError.self) { try other.steered(by: vector) }
  }

  @Test("the inputs of a linear layer are those from which its output follows", arguments: ["gpt2", "llama", "olmo"])
  func inputs(name: String) throws {
    let model = try HuggingFaceFolder.read("\(Reference.models)/\(name)")
    let texts = [texts(1, 5)[0], texts(1, 8)[0]]
    let inputs = try model.inputs(of: "blocks.1.mlp.down", texts: texts)
    let segment = try model.layout.segment("blocks.1.mlp.down.weight")
    let bias = model.layout["blocks.1.mlp.down.bias"]
    let weights = model.weights.elements
    let outputs = try model.activations(of: texts, at: [.init(layer: 1, site: .mlpOut)], positions: .all).matrices[0]
    let rows = inputs.flatMap { $0 }
    #expect(inputs.map(\.count) == [5 * segment.columns, 8 * segment.columns])
    for row in 0..<13 {
      for output in 0..<segment.rows {
        var sum = bias.map { Double(weights[$0.offset + output]) } ?? 0
        for column in 0..<segment.columns {
          sum +=
            Double(weights[segment.offset + output * segment.columns + column])
            * Double(rows[row * segment.columns + column])
        }
        #expect(abs(sum - outputs.element(row * segment.rows + output)) < 1e-3)
      }
    }
  }

  @Test("a rank-1 edit does to the block what its fit promises")
  func rankOne() throws {
    let model = try HuggingFaceFolder.read("\(Reference.models)/llama")
    let vector = try VectorTests.vector([0, 1], width: 24, origin: .init(model))
    let texts = texts(12)
    let edit = try WeightEdit(model, vector, layer: 1, texts: texts, holdout: 0)
    // Δ = ⟨k, x⟩·v at every token, and nothing above layer 1 changes: the mean is gain·v.
    #expect(abs(edit.error - abs(edit.fit.gain - 1)) < 1e-3)
    #expect(edit.cosine > 0.999 && edit.fit.residual < 1 && edit.fit.heldOutResidual == nil)
    let edited = try model.moved(by: edit.displacement)
    #expect(try edited.displacement(from: model).restricted(to: "blocks.1.mlp.down").norm > 0)
    let range = try model.layout.range(under: "blocks.1.mlp.down")
    let elsewhere = edit.displacement.vector.elements.enumerated().filter { !range.contains($0.offset) }
    #expect(elsewhere.allSatisfy { $0.element == 0 })
    let held = try WeightEdit(model, vector, layer: 1, texts: texts, ridge: 1e-3, holdout: 0.25)
    #expect((held.fit.heldOutResidual ?? 0) >= 0 && held.target == "blocks.1.mlp.down.weight")
    #expect(throws: SteeringError.self) { try WeightEdit(model, vector, layer: 1, map: "attn.q", texts: texts) }
  }

  @Test("the steering vector of a rank-1 edit is the one it was made from, and all texts are moved alike")
  func backAgain() throws {
    let model = try HuggingFaceFolder.read("\(Reference.models)/llama")
    let vector = try VectorTests.vector([1], width: 24, origin: .init(model))
    let edit = try WeightEdit(model, vector, layer: 1, texts: texts(12), holdout: 0)
    let shift = try WeightShift(model, edit.displacement, texts: texts(12), layers: [1], positions: .mean)
    #expect(try shift.vector.cosine(vector) > 0.999 && shift.agreement[0] > 0.7 && shift.count == 12)
    let below = try WeightShift(model, edit.displacement, texts: texts(4), layers: [0])
    #expect(below.vector.norm == 0)
  }

  @Test("answers are read where they differ last")
  func places() {
    #expect(ContrastTexts.lastDifference([5, 6, 9], [5, 7, 9]) == (1, 1))
    #expect(ContrastTexts.lastDifference([6], [7]) == (0, 0))
    #expect(ContrastTexts.lastDifference([1, 2, 3], [4]) == (2, 0))
    #expect(ContrastTexts.lastDifference([1, 9], [9]) == (0, 0))
  }
}
