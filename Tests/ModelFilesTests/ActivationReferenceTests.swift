import Foundation
import Tensors
import Testing
import Transformers

@testable import ModelFiles

/// Activations and steering of models that transformers wrote, against hooks in transformers
/// (scripts/references/activations.py).
@Suite("Activations and steering beside hooks of PyTorch") struct ActivationReferenceTests {
  static let names = ["gpt2", "llama", "qwen2", "olmo", "olmo2"]
  private static let prompt = 6

  /// The model, the reference and its tokens.
  private func reference(_ name: String) throws -> (model: Model, numbers: [String: Tensor], tokens: [Int32]) {
    let folder = "\(ReferenceModelTests.folder)/\(name)"
    let contents = try SafetensorsFile.read("\(folder)/activations.safetensors")
    let numbers = Dictionary(contents.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    let tokens = try #require(numbers["tokens"]).doubles.map { Int32($0) }
    return (try HuggingFaceFolder.read(folder), numbers, tokens)
  }

  private func difference(_ ours: [Double], _ theirs: [Double]) throws -> (largest: Double, size: Double) {
    try #require(ours.count == theirs.count)
    return zip(ours, theirs).reduce((0.0, 0.0)) { (max($0.0, abs($1.0 - $1.1)), max($0.1, abs($1.1))) }
  }

  @Test("activations agree at every site of every block", arguments: names)
  func reading(_ name: String) throws {
    let (model, numbers, tokens) = try reference(name)
    let points = model.activationPoints
    #expect(points.count == 5 * model.configuration.layers)
    let found = try model.activations(of: [tokens], at: points, positions: .all)
    var worst = 0.0
    for (point, matrix) in zip(points, found.matrices) {
      #expect(matrix.shape == [tokens.count, model.configuration.width])
      let theirs = try #require(numbers[point.name], "\(point)")
      let (largest, _) = try difference(matrix.doubles, theirs.doubles)
      worst = max(worst, largest)
      #expect(largest < 1e-4, "\(point)")
    }
    print("\(name): activations differ by \(worst)")
  }

  @Test("heads attend as transformers says (scripts/references/attention.py)", arguments: names)
  func attention(_ name: String) throws {
    let folder = "\(ReferenceModelTests.folder)/\(name)"
    let contents = try SafetensorsFile.read("\(folder)/attention.safetensors")
    let numbers = Dictionary(contents.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    let tokens = try #require(numbers["tokens"]).doubles.map { Int32($0) }
    let model = try HuggingFaceFolder.read(folder)
    let layers = Array(0..<model.configuration.layers)
    let patterns = try model.attentionPatterns(of: tokens, layers: layers)
    for (layer, pattern) in zip(layers, patterns) {
      let theirs = try #require(numbers["blocks.\(layer)"])
      #expect(pattern.shape == theirs.shape)
      #expect(try difference(pattern.doubles, theirs.doubles).largest < 1e-5, "layer \(layer)")
      for (place, weight) in pattern.doubles.enumerated()
      where place % tokens.count > place / tokens.count % tokens.count {
        #expect(weight == 0)
      }
    }
    // Layers in any order, and twice.
    let again = try model.attentionPatterns(of: tokens, layers: [layers.count - 1, 0, layers.count - 1])
    #expect(again[0].floats == patterns[layers.count - 1].floats && again[1].floats == patterns[0].floats)
    #expect(again[2].floats == again[0].floats)
    #expect(throws: TransformerError.self) { try model.attentionPatterns(of: tokens, layers: [layers.count]) }
    #expect(throws: TransformerError.self) { try model.attentionPatterns(of: [], layers: [0]) }
  }

  /// The edits of the script, in its order.
  private func edits(_ v: Tensor) throws -> [SteeringEdit] {
    let v = try FloatVector(v.doubles.map { Float($0) })
    func edit(
      _ kind: SteeringEdit.Kind, _ site: ActivationSite, _ scale: Double, _ positions: SteeringEdit.Positions
    ) throws -> SteeringEdit {
      try SteeringEdit(
        point: ActivationPoint(layer: 1, site: site), vector: v, kind: kind, scale: scale, positions: positions)
    }
    return [
      try edit(.add, .residPost, 1.5, .all), try edit(.add, .residPost, 1.5, .afterPrompt),
      try edit(.ablate, .residPre, 1, .all), try edit(.ablate, .residPost, 0.6, .afterPrompt),
      try edit(.rotate, .residPre, 2, .all), try edit(.rotate, .residPost, -1, .last),
      try edit(.add, .attnOut, 1, .all), try edit(.rotate, .mlpOut, 1, .afterPrompt),
    ]
  }

  @Test("logits, losses and gradients of steered models agree", arguments: names)
  func steering(_ name: String) throws {
    let (plain, numbers, tokens) = try reference(name)
    let example = Batch.Example(prompt: Array(tokens[..<Self.prompt]), answer: Array(tokens[Self.prompt...]))
    let weight = try plain.layout.segment(name == "gpt2" ? "blocks.0.attn.qkv.weight" : "blocks.0.attn.q.weight")
    let untouched = try logits(of: plain, tokens: tokens)
    var worst = (logits: 0.0, gradient: 0.0)
    for (number, edit) in try edits(#require(numbers["vector"])).enumerated() {
      let model = try plain.steered(by: [edit])
      let ours = try logits(of: model, tokens: tokens, promptLength: Self.prompt)
      let theirs = try #require(numbers["edit.\(number).logits"])
      let (largest, _) = try difference(ours.map(Double.init), theirs.doubles)
      #expect(try difference(untouched.map(Double.init), theirs.doubles).largest > 1e-2, "the edit does something")
      let (loss, gradient) = try gradient(of: model, on: Batch([example]))
      #expect(abs(loss - (try #require(numbers["edit.\(number).loss"]).doubles[0])) < 1e-5)
      let reference = try #require(numbers["edit.\(number).gradient"])
      let (wrong, size) = try difference(
        gradient.elements[weight.range].map(Double.init),
        (name == "gpt2" ? reference.transposed() : reference).doubles)
      #expect(largest < 1e-4, "\(edit)")
      #expect(wrong < 1e-4 * size, "\(edit)")
      worst = (max(worst.logits, largest), max(worst.gradient, wrong / size))
    }
    print("\(name) steered: logits differ by \(worst.logits), gradients by \(worst.gradient) relative")
  }

  @Test("a steered model writes the same with and without a cache", arguments: names)
  func generation(_ name: String) throws {
    let (plain, numbers, tokens) = try reference(name)
    let prompt = Array(tokens[..<Self.prompt])
    let vocabulary = plain.configuration.vocabulary
    for edit in try edits(#require(numbers["vector"])) {
      let model = try plain.steered(by: [edit])
      let cached = try generate(model, prompt: prompt, count: 12).tokens
      var whole = prompt
      for _ in 0..<12 {
        let scores = try logits(of: model, tokens: whole, promptLength: prompt.count).suffix(vocabulary)
        let best = try #require(scores.indices.max { (scores[$0], $1) < (scores[$1], $0) })
        whole.append(Int32(best - scores.startIndex))
      }
      #expect(cached == Array(whole[prompt.count...]), "\(edit)")
    }
  }

  @Test("neither the side of the padding nor the other texts change a number", arguments: names)
  func batches(_ name: String) throws {
    let (model, _, tokens) = try reference(name)
    let points = model.activationPoints
    let sequences = [1, 2, 3, 4, 5, 9, 14, 7, 14, 1].enumerated().map { number, length in
      Array(tokens[..<length].map { ($0 + Int32(number)) % 48 })
    }
    for rule in [PositionRule.all, .mean, .last] {
      let together = try model.activations(of: sequences, at: points, positions: rule)
      let left = try model.activations(of: sequences, at: points, positions: rule, padding: .left)
      let reversed = try model.activations(of: sequences.reversed(), at: points, positions: rule)
      for place in points.indices {
        let (wrong, size) = try difference(left.matrices[place].doubles, together.matrices[place].doubles)
        #expect(wrong <= 1e-5 * size, "\(points[place])")
        for (number, sequence) in sequences.enumerated() {
          let alone = try model.activations(of: [sequence], at: [points[place]], positions: rule).matrices[0].doubles
          let width = model.configuration.width
          func rows(_ all: Activations, _ number: Int) -> [Double] {
            let rows = all.rows[number]
            return Array(all.matrices[place].doubles[rows.lowerBound * width..<rows.upperBound * width])
          }
          #expect(rows(together, number) == alone, "\(points[place]), text \(number)")
          #expect(rows(reversed, sequences.count - 1 - number) == alone)
        }
      }
    }
  }

  @Test("no file of weights is written for a steered model")
  func saving() throws {
    let (plain, numbers, _) = try reference("llama")
    let path = NSTemporaryDirectory() + "tvs-steered-\(getpid())"
    let model = try plain.steered(by: [edits(#require(numbers["vector"]))[0]])
    let refused = TransformerError.steered(model: model.name)
    #expect(throws: refused) { try TVSModelFile.write(model, to: path + ".safetensors") }
    #expect(throws: refused) { try HuggingFaceFolder.write(model, to: path) }
    let adapted = try model.adapted(rank: 2)
    #expect(throws: TransformerError.steered(model: adapted.name)) { try PEFTFolder.write(adapted, to: path) }
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(!FileManager.default.fileExists(atPath: path + ".safetensors"))
  }
}
