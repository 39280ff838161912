import Tensors
import Testing

@testable import Transformers

@Suite("Activations that are read and steered")
struct SteeringTests {
  let model: Model
  let vector: FloatVector
  let task: DigitTask
  private let tokens: [Int32] = [10, 3, 1, 2, 14, 3, 1]

  init() throws {
    let sizes = try DecoderConfiguration(layers: 3, width: 16, heads: 2, context: 16)
    let fresh = try Model(LlamaDecoder(sizes), seed: 3)
    model = try fresh.with(freeWeights: fresh.weights.scaled(by: 4))
    vector = try FloatVector((0..<16).map { Float($0) / 8 - 0.9 })
    task = try DigitTask("copy", length: 3)
  }

  private func edit(
    _ kind: SteeringEdit.Kind = .add, _ site: ActivationSite = .residPost, layer: Int = 1, scale: Double = 1,
    _ positions: SteeringEdit.Positions = .all
  ) throws -> SteeringEdit {
    try SteeringEdit(
      point: ActivationPoint(layer: layer, site: site), vector: vector, kind: kind, scale: scale, positions: positions)
  }

  private func read(_ model: Model, _ name: String, _ rule: PositionRule = .all) throws -> Tensor {
    try model.activations(of: [tokens], at: [ActivationPoint(named: name, in: model)], positions: rule).matrices[0]
  }

  @Test("scale 0 changes no bit, at any site, in any kind")
  func zero() throws {
    let batch = try task.batch(size: 8, seed: 1, index: 0)
    let plain = try gradient(of: model, on: batch)
    let scores = try logits(of: model, tokens: tokens)
    for kind in SteeringEdit.Kind.allCases {
      let edits = try model.activationPoints.map {
        try SteeringEdit(point: $0, vector: vector, kind: kind, scale: 0)
      }
      let steered = try model.steered(by: edits)
      #expect(try logits(of: steered, tokens: tokens) == scores)
      let (loss, gradient) = try gradient(of: steered, on: batch)
      #expect(loss == plain.loss && gradient.elements == plain.gradient.elements)
      #expect(steered.steering.count == edits.count && steered.digest != model.digest)
    }
  }

  @Test("reading changes no bit: activations do not depend on what else is read")
  func listening() throws {
    let points = model.activationPoints
    let all = try model.activations(of: [tokens], at: points, positions: .all)
    for (point, matrix) in zip(points, all.matrices) {
      #expect(try read(model, point.name).doubles == matrix.doubles, "\(point)")
    }
    // The stream adds up, whatever the site.
    for layer in 0..<3 {
      func part(_ site: String) throws -> [Double] { try read(model, "blocks.\(layer).\(site)").doubles }
      let (pre, attention, mid) = (try part("resid_pre"), try part("attn_out"), try part("resid_mid"))
      let (mlp, post) = (try part("mlp_out"), try part("resid_post"))
      for index in pre.indices {
        #expect(abs(pre[index] + attention[index] - mid[index]) < 1e-5)
        #expect(abs(mid[index] + mlp[index] - post[index]) < 1e-5)
      }
    }
  }

  @Test("an edit is seen where it is made and after it, and not before")
  func downstream() throws {
    let steered = try model.steered(by: [edit(scale: 2)])
    let (before, after) = (try read(model, "blocks.1.resid_post"), try read(steered, "blocks.1.resid_post"))
    for (index, pair) in zip(before.doubles, after.doubles).enumerated() {
      #expect(abs(pair.1 - pair.0 - 2 * Double(vector.elements[index % 16])) < 1e-5)
    }
    #expect(try read(steered, "blocks.1.mlp_out").doubles == read(model, "blocks.1.mlp_out").doubles)
    #expect(try read(steered, "blocks.2.resid_post").doubles != read(model, "blocks.2.resid_post").doubles)
    #expect(try logits(of: steered, tokens: tokens) != logits(of: model, tokens: tokens))
  }

  @Test("ablation leaves nothing along the direction, a turn keeps every length")
  func kinds() throws {
    let ablated = try read(model.steered(by: [edit(.ablate)]), "blocks.1.resid_post").doubles
    let turned = try read(model.steered(by: [edit(.rotate, scale: 3)]), "blocks.1.resid_post").doubles
    let plain = try read(model, "blocks.1.resid_post").doubles
    for row in 0..<tokens.count {
      let range = row * 16..<(row + 1) * 16
      func norm(_ x: [Double]) -> Double { x[range].reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let along = zip(ablated[range], vector.elements).reduce(0) { $0 + $1.0 * Double($1.1) }
      #expect(abs(along) < 1e-5 * norm(plain) * vector.norm)
      #expect(abs(norm(turned) - norm(plain)) < 1e-5 * norm(plain))
      #expect(turned[range] != plain[range])
    }
  }

  @Test("positions select tokens, counted from the end of the prompt or from the start")
  func positions() throws {
    func changed(_ positions: SteeringEdit.Positions, _ rule: PositionRule = .all) throws -> [Int] {
      let steered = try model.steered(by: [edit(.add, .residPost, positions)])
      func rows(_ model: Model) throws -> [[Double]] {
        // With a rule that reads an answer the prompt ends before it.
        let points = [ActivationPoint(layer: 1)]
        let all = try model.activations(of: [tokens], at: points, positions: rule).matrices[0]
        return (0..<all.shape[0]).map { Array(all.doubles[$0 * 16..<($0 + 1) * 16]) }
      }
      return try zip(rows(model), rows(steered)).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
    }
    #expect(try changed(.all) == Array(0..<7))
    #expect(try changed(.last) == [6])
    #expect(try changed(.afterPrompt) == [6])
    #expect(try changed(.range(1..<3)) == [1, 2])
    #expect(try changed(.range(5..<100)) == [5, 6])
    #expect(try changed(.last, .answer([5..<7])).isEmpty)
    #expect(try changed(.afterPrompt, .answer([5..<7])) == [0])
    // Scoring finds the prompt's end in the batch: the loss is that of logits with the same prompt.
    for positions in [SteeringEdit.Positions.last, .afterPrompt, .range(4..<6)] {
      let steered = try model.steered(by: [edit(.add, .residMid, layer: 0, positions)])
      let example = Batch.Example(prompt: Array(tokens[..<5]), answer: [3, 1, 2])
      let scores = try logits(of: steered, tokens: example.tokens, promptLength: 5)
      let found = try Workspace.withShared { try $0.score(steered, on: Batch([example])).losses }
      for (number, target) in example.targets.enumerated() {
        let row = Array(scores[(4 + number) * 16..<(5 + number) * 16])
        let expected = row.withUnsafeBufferPointer { logSumOfExponentials($0) } - Double(row[Int(target)])
        #expect(abs(Double(found[number]) - expected) < 1e-5)
      }
    }
  }

  @Test("edits add up, and order counts where they do not commute")
  func several() throws {
    let (a, b) = (try edit(scale: 1), try edit(.ablate))
    let together = try model.steered(by: [a]).steered(by: [b])
    #expect(together.steering.map(\.kind) == [.add, .ablate])
    #expect(together.digest == (try model.steered(by: [a, b]).digest))
    #expect(together.digest != (try model.steered(by: [b, a]).digest))
    #expect(try logits(of: together, tokens: tokens) != logits(of: model.steered(by: [b, a]), tokens: tokens))
    #expect(together.unsteered.digest == model.digest)
    #expect(together.freeSpaceDigest == model.freeSpaceDigest && together.baseDigest == model.baseDigest)
  }

  @Test("a steered model trains, scores, adapts and merges with its steering")
  func everywhere() throws {
    let steered = try model.steered(by: [edit(scale: 3)])
    let options = TrainingOptions(steps: 30, learningRate: 3e-3, batch: 16, seed: 1)
    let before = try evaluate(steered, on: task, count: 64, seed: 1).loss
    let trained = try train(steered, on: task, options: options).model
    #expect(trained.steering.count == 1)
    #expect(try evaluate(trained, on: task, count: 64, seed: 1).loss < before)
    #expect(try evaluate(trained.unsteered, on: task, count: 64, seed: 1).loss > 0)
    let adapted = try steered.adapted(rank: 2, seed: 1)
    #expect(try logits(of: adapted, tokens: tokens) == logits(of: steered, tokens: tokens))
    let merged = try adapted.merged()
    #expect(merged.steering.count == 1 && merged.digest == steered.digest)
    #expect(throws: TransformerError.self) {
      try Model.combining([adapted, model.adapted(rank: 2, seed: 1)], weights: [1, 1])
    }
  }

  @Test("the gradient through each kind of edit is that of differences")
  func gradients() throws {
    let batch = try task.batch(size: 4, seed: 2, index: 0)
    for kind in SteeringEdit.Kind.allCases {
      for positions in [SteeringEdit.Positions.all, .afterPrompt] {
        let steered = try model.steered(by: [edit(kind, .residPost, layer: 0, scale: 0.7, positions)])
        let (_, gradient) = try gradient(of: steered, on: batch)
        let direction = try gradient.scaled(by: 1 / gradient.norm)
        let step = 5e-4
        func loss(_ scale: Double) throws -> Double {
          try Transformers.loss(
            of: steered.with(freeWeights: steered.freeWeights.adding(direction, scaled: scale)), on: batch)
        }
        let slope = try (loss(step) - loss(-step)) / (2 * step)
        #expect(abs(slope - gradient.norm) < 1e-2 * gradient.norm, "\(kind) \(positions)")
      }
    }
  }

  @Test("what makes no sense is refused")
  func errors() throws {
    #expect(throws: TransformerError.self) { try model.steered(by: [edit(layer: 3)]) }
    #expect(throws: TransformerError.self) { try model.steered(by: [edit(layer: -1)]) }
    let short = try SteeringEdit(point: ActivationPoint(layer: 0), vector: FloatVector([1, 2]))
    #expect(throws: TransformerError.self) { try model.steered(by: [short]) }
    let point = ActivationPoint(layer: 0)
    #expect(throws: TransformerError.self) {
      try SteeringEdit(point: point, vector: FloatVector(zeros: 16), kind: .ablate)
    }
    #expect(throws: TransformerError.self) { try SteeringEdit(point: point, vector: FloatVector([.nan])) }
    #expect(throws: TransformerError.self) { try SteeringEdit(point: point, vector: vector, scale: .infinity) }
    #expect(throws: TransformerError.self) {
      try SteeringEdit(point: point, vector: vector, positions: .range(-1..<2))
    }
    let known = model.activationPoints.map(\.name)
    #expect(throws: TransformerError.unknownChoice(of: "layer", name: "blocks.3.resid_post", known: known)) {
      try ActivationPoint(named: "blocks.3.resid_post", in: model)
    }
    #expect(try ActivationPoint(named: "blocks.2.hook_resid_post", in: model) == ActivationPoint(layer: 2))
    func read(_ sequences: [[Int32]], _ rule: PositionRule = .last) throws {
      _ = try model.activations(of: sequences, at: [point], positions: rule)
    }
    for bad in [[], [[]], [[1], []], [[16]], [[-1]], [Array(repeating: 1, count: 17)]] as [[[Int32]]] {
      #expect(throws: TransformerError.self) { try read(bad) }
    }
    let rules: [PositionRule] = [
      .index(7), .index(-8), .answer([]), .answer([3..<3]), .answer([5..<8]), .answer([-1..<2]), .mask([]),
      .mask([[true]]), .mask([Array(repeating: false, count: 7)]),
    ]
    for rule in rules { #expect(throws: TransformerError.self, "\(rule)") { try read([tokens], rule) } }
  }
}
