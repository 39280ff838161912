import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct ProductTests {
  /// An adapter whose B is not zero, so that both factors matter.
  static func adapted(rank: Int = 2, seed: UInt64 = 1) throws -> Model {
    let model = try tinyModel().adapted(rank: rank, seed: seed)
    return try model.with(freeWeights: vector(model.freeCount, seed: seed, "factors", scale: 0.3))
  }

  /// (α/r)·B·A of every layer, multiplied out.
  static func dense(_ model: Model) throws -> [Double] {
    let adapter = try #require(model.adapter)
    var result: [Double] = []
    for block in FactoredDelta(adapter).blocks {
      for row in 0..<block.outputs {
        for column in 0..<block.inputs {
          var sum = 0.0
          for p in 0..<block.rank {
            sum += Double(block.b[row * block.rank + p]) * Double(block.a[p * block.inputs + column])
          }
          result.append(block.scale * sum)
        }
      }
    }
    return result
  }

  static func dense(_ x: Displacement) throws -> [Double] {
    let origin = try #require(x.origin)
    return zip(try dense(origin.moved(by: x)), try dense(origin)).map { $0 - $1 }
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  static func moves(from model: Model) throws -> [Displacement] {
    try (0..<3).map {
      try Displacement(
        space: model.parameterSpace, vector: vector(model.freeCount, seed: 7, "m\($0)", scale: 0.05), origin: model)
    }
  }

  @Test func productsAreComparedWithoutBeingBuilt() throws {
    let moves = try Self.moves(from: Self.adapted())
    let dense = try moves.map(Self.dense)
    for i in 0..<3 {
      expectClose(try ProductView.norm(moves[i]), Self.dot(dense[i], dense[i]).squareRoot(), 1e-4)
      for j in 0..<i {
        expectClose(try ProductView.dot(moves[i], moves[j]), Self.dot(dense[i], dense[j]), 1e-4)
        let cosine =
          Self.dot(dense[i], dense[j]) / (Self.dot(dense[i], dense[i]) * Self.dot(dense[j], dense[j])).squareRoot()
        expectClose(try ProductView.cosine(moves[i], moves[j]), cosine, 1e-4)
      }
    }
    expectClose(try ProductView.change(moves[0]).norm(), try ProductView.norm(moves[0]), 1e-4)
  }

  @Test func theProductViewDoesNotSeeTheGauge() throws {
    let model = try Self.adapted(rank: 1)
    let shape = try #require(model.adapter?.shape)
    // (B·3, A/3) is the same model.
    func regauged(_ model: Model) throws -> Model {
      var factors = model.freeWeights
      try factors.withMutablePointer { base in
        for segment in shape.layout.segments {
          for index in segment.range { base[index] *= segment.role == .up ? 3 : 1.0 / 3 }
        }
      }
      return try model.with(freeWeights: factors)
    }
    let moved = try model.moved(by: Self.moves(from: model)[0])
    let plain = try moved.displacement(from: model)
    let other = try regauged(moved).displacement(from: regauged(model))
    expectClose(try ProductView.norm(plain), try ProductView.norm(other), 1e-5)
    #expect(abs(plain.norm - other.norm) > 0.1)
  }

  @Test func capturesInTheProductAgreeWithLeastSquares() throws {
    let model = try Self.adapted()
    let moves = try Self.moves(from: model)
    let end = try moves.reduce(model) { try $0.moved(by: $1) }
    let run = try Run(
      start: model, end: end, steps: moves.map(\.vector), losses: [3, 2, 1], seed: 0, optimizer: "x", data: "y")
    let target = try Self.dense(run.displacement())
    let first = try Self.dense(model.moved(by: moves[0]).displacement(from: model))
    let captured = try ProductView.capture(run.displacement(), in: run.prefix(1))
    let expected = abs(Self.dot(target, first)) / (Self.dot(target, target) * Self.dot(first, first)).squareRoot()
    expectClose(captured.value, expected, 1e-4)
    #expect(captured.chanceModel == "random walk of the same steps")
    expectClose(try ProductView.capture(run.displacement(), in: run.prefix(3)).value, 1, 1e-4)
    expectClose(try ProductView.overlap(run.prefix(2), run.prefix(2)).value, 1, 1e-6)
  }

  @Test func directionsAreCarriedOverByTheDerivative() throws {
    let model = try Self.adapted()
    let moves = try Self.moves(from: model)
    let plane = try Subspace.spanning([moves[0].vector], of: model.parameterSpace, origin: model)
    // A move so short that it is its own derivative.
    let short = try moves[0].scaled(by: 1e-3)
    expectClose(try ProductView.capture(short, in: plane).value, 1, 1e-4)
  }

  @Test func whatHasNoAdapterOrOriginIsRefused() throws {
    let model = try tinyModel()
    let plain = try Displacement(space: model.parameterSpace, vector: vector(model.freeCount, seed: 1), origin: model)
    #expect(throws: GeometryError.needsAdapter(operation: "norm")) { try ProductView.norm(plain) }
    let lost = try Displacement(space: model.parameterSpace, vector: vector(model.freeCount, seed: 1))
    #expect(throws: GeometryError.noOrigin(operation: "norm")) { try ProductView.norm(lost) }
  }

  @Test func aRunOfAnAdapterLivesInItsFactors() throws {
    let model = try tinyModel().adapted(rank: 2)
    let run = try recover(
      model, on: tinyTask(),
      options: TrainingOptions(steps: 6, learningRate: 1e-2, batch: 8, schedule: .constant, seed: 1))
    let basis = try run.prefix(6)
    #expect(basis.ambient == model.freeCount)
    let projection = try basis.projection(of: basis.displacement(to: run.end))
    expectClose(projection.share, 1, 1e-4)
    // The origin itself has not moved: a share of nothing is 0 and no failure.
    #expect(try basis.projection(of: basis.displacement(to: model)).share == 0)
    expectClose(try ProductView.capture(run.displacement(), in: basis).value, 1, 1e-3)
  }
}
