import Tensors
import Testing

@testable import Transformers

@Suite("Adapters")
struct AdapterTests {
  let model: Model

  init() throws {
    let configuration = try DecoderConfiguration(layers: 2, width: 32, heads: 2, context: 8)
    model = try Model(PreNormDecoder(configuration), seed: 5)
  }

  @Test("a fresh adapter changes nothing, and its factors are the free weights")
  func fresh() throws {
    let adapted = try model.adapted(rank: 4, seed: 1)
    let batch = try DigitTask("copy", length: 3).batch(size: 8, seed: 0, index: 0)
    #expect(try loss(of: adapted, on: batch) == loss(of: model, on: batch))
    #expect(adapted.freeCount == 2 * 4 * (32 + 96))
    #expect(adapted.parameterCount == model.parameterCount + adapted.freeCount)
    #expect(adapted.name == "decoder-2x32/lora-4")
    #expect(adapted.adapter?.shape.scale == 2)
    let factors = adapted.freeWeights.elements
    for segment in adapted.freeLayout.segments {
      let values = factors[segment.range]
      if segment.role == .up {
        #expect(values.allSatisfy { $0 == 0 })
      } else {
        let bound = 1 / Float(32).squareRoot()
        #expect(values.allSatisfy { abs($0) <= bound } && values.contains { abs($0) > 0.8 * bound })
      }
    }
  }

  @Test("on the attention of a model of DistilGPT-2's width rank 16 has 294,912 free weights")
  func size() throws {
    let architecture = PreNormDecoder(
      try DecoderConfiguration(layers: 6, width: 768, heads: 12, mlp: 4, context: 8, vocabulary: 16))
    let model = try Model(
      architecture: architecture, weights: FloatVector(zeros: architecture.layout.count), name: "distil")
    #expect(try model.adapted(rank: 16, targets: ["attn.qkv"]).freeCount == 294_912)
  }

  @Test("training moves the factors and leaves the base alone")
  func training() throws {
    let adapted = try model.adapted(rank: 2, targets: ["attn", "mlp.up"], seed: 1)
    let data = try DigitTask("copy", length: 3)
    let result = try train(adapted, on: data, options: TrainingOptions(steps: 60, learningRate: 1e-2, batch: 32))
    #expect(result.model.weights.elements == model.weights.elements)
    #expect(result.model.freeWeights.elements != adapted.freeWeights.elements)
    #expect(try #require(result.losses.last) < 0.97 * (try #require(result.losses.first)))

    let batch = try data.batch(size: 16, seed: 9, index: 0)
    let merged = try result.model.merged()
    #expect(abs(try loss(of: merged, on: batch) - loss(of: result.model, on: batch)) < 1e-5)
    #expect(merged.freeLayout == model.layout)
  }

  @Test(
    "targets select by path",
    arguments: [
      ("attn.qkv", ["blocks.0.attn.qkv", "blocks.1.attn.qkv"]),
      ("blocks.1.mlp", ["blocks.1.mlp.up", "blocks.1.mlp.down"]),
      ("down", ["blocks.0.mlp.down", "blocks.1.mlp.down"]),
    ])
  func targets(target: String, layers: [String]) throws {
    #expect(try model.adapted(rank: 1, targets: [target]).adapter?.shape.layers == layers)
  }

  @Test("targets that match nothing, a rank that does not fit and a second adapter are refused")
  func refusals() throws {
    #expect(
      throws: TransformerError.unknownTarget(
        name: "q_proj", known: ["attn.qkv", "attn.out", "mlp.up", "mlp.down", "c_attn", "c_proj", "c_fc"])
    ) { try model.adapted(targets: ["q_proj"]) }
    #expect(throws: TransformerError.self) { try model.adapted(rank: 0) }
    #expect(throws: TransformerError.self) { try model.adapted(rank: 33) }
    let adapted = try model.adapted(rank: 2)
    #expect(throws: TransformerError.alreadyAdapted(model: adapted.name)) { try adapted.adapted(rank: 2) }
    #expect(throws: TransformerError.notAdapted(model: model.name)) { try model.merged() }
  }

  @Test("the space of an adapter depends on its shape and its base, not on its factors")
  func spaces() throws {
    let first = try model.adapted(rank: 2, seed: 1)
    #expect(first.freeSpaceDigest == (try model.adapted(rank: 2, seed: 2)).freeSpaceDigest)
    #expect(first.freeSpaceDigest != (try model.adapted(rank: 3, seed: 1)).freeSpaceDigest)
    let other = try Model(model.architecture, seed: 6)
    #expect(first.freeSpaceDigest != (try other.adapted(rank: 2, seed: 1)).freeSpaceDigest)
    #expect(model.freeSpaceDigest == other.freeSpaceDigest)
    #expect(model.digest != other.digest)
  }

  @Test("products in factored form equal products of the matrices, whatever the gauge")
  func factored() throws {
    let shape = try #require(try model.adapted(rank: 3).adapter).shape
    func random(_ seed: UInt64) throws -> FactoredDelta {
      let factors = try FloatVector(count: shape.layout.count) {
        RandomStream(seed: seed, purpose: "test").fillGaussian($0, count: shape.layout.count)
      }
      return FactoredDelta(shape: shape, factors: factors)
    }
    let (x, y) = (try random(1), try random(2))
    func dense(_ delta: FactoredDelta) -> [Double] {
      delta.blocks.flatMap { block in
        (0..<block.outputs * block.inputs).map { index in
          let (row, column) = (index / block.inputs, index % block.inputs)
          return (0..<block.rank).reduce(0.0) {
            $0 + block.scale * Double(block.b[row * block.rank + $1]) * Double(block.a[$1 * block.inputs + column])
          }
        }
      }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let (dx, dy) = (dense(x), dense(y))
    #expect(abs(try x.dot(y) - dot(dx, dy)) < 1e-9 * abs(dot(dx, dx)))
    let difference = try x.subtracting(y)
    #expect(difference.blocks.allSatisfy { $0.rank == 6 })
    let exact = zip(dx, dy).map { $0 - $1 }
    #expect(abs(try difference.norm() - dot(exact, exact).squareRoot()) < 1e-5 * dot(exact, exact).squareRoot())
  }

  /// A model whose adapter has random factors B and A.
  private func random(rank: Int, targets: [String], seed: UInt64) throws -> Model {
    let adapted = try model.adapted(rank: rank, targets: targets, seed: seed)
    return try adapted.with(
      freeWeights: FloatVector(count: adapted.freeCount) {
        RandomStream(seed: seed, purpose: "test").fillGaussian($0, count: adapted.freeCount, scale: 0.1)
      })
  }

  /// What a model's weights are beyond those of the base, multiplied out.
  private func change(_ adapted: Model) throws -> [Double] {
    zip(try adapted.merged().weights.elements, model.weights.elements).map { Double($0) - Double($1) }
  }

  @Test("a combination of adapters is the sum of their products, also where the ranks and layers differ")
  func combination() throws {
    let a = try random(rank: 2, targets: ["attn.qkv"], seed: 1)
    let b = try random(rank: 3, targets: ["attn.qkv", "mlp.up"], seed: 2)
    let sum = try Model.combining([a, b], weights: [0.7, -1.3])
    let (da, db) = (try change(a), try change(b))
    let difference = zip(try change(sum), zip(da, db)).map { abs($0 - (0.7 * $1.0 - 1.3 * $1.1)) }.max() ?? 1
    #expect(difference < 1e-6)
    #expect(sum.adapter?.shape.rank == 5)
    // Adding the factors apart would not even have shapes for these ranks; with equal ranks it is wrong.
    let c = try random(rank: 2, targets: ["attn.qkv"], seed: 3)
    let halves = try Model.combining([a, c], weights: [0.5, 0.5])
    let apart = try a.with(freeWeights: a.freeWeights.adding(c.freeWeights).scaled(by: 0.5))
    let right = zip(da, try change(c)).map { 0.5 * ($0 + $1) }
    #expect((zip(try change(halves), right).map { abs($0 - $1) }.max() ?? 1) < 1e-6)
    #expect((zip(try change(apart), right).map { abs($0 - $1) }.max() ?? 0) > 1e-2)
    #expect(throws: TransformerError.self) {
      try Model.combining([a, model.with(freeWeights: model.freeWeights.scaled(by: 2)).adapted()], weights: [1, 1])
    }
    #expect(throws: TransformerError.self) { try Model.combining([model], weights: [1]) }
    #expect(throws: TransformerError.self) { try Model.combining([a], weights: [1], rank: 0) }
  }

  @Test("cutting a combination to a rank leaves the largest singular values")
  func cut() throws {
    let a = try random(rank: 3, targets: ["attn.qkv"], seed: 1)
    let b = try random(rank: 3, targets: ["attn.qkv"], seed: 2)
    let cut = try Model.combining([a, b], weights: [1, 2], rank: 4)
    #expect(cut.adapter?.shape.rank == 4)
    let whole = FactoredDelta(try #require(try Model.combining([a, b], weights: [1, 2]).adapter))
    let left = try whole.subtracting(FactoredDelta(try #require(cut.adapter))).norm()
    var lost = 0.0
    let segment = try model.layout.segment("blocks.0.attn.qkv.weight")
    let sum = zip(try change(a), try change(b)).map { $0 + 2 * $1 }
    for layer in 0..<2 {
      let range = try model.layout.segment("blocks.\(layer).attn.qkv.weight").range
      let values = try LinearAlgebra.svd(Array(sum[range]), rows: segment.rows, columns: segment.columns).values
      lost += values[4..<6].reduce(0) { $0 + $1 * $1 }
    }
    #expect(abs(left - lost.squareRoot()) < 1e-5)
  }
}
