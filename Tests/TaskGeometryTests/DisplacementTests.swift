import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct DisplacementTests {
  @Test func taskArithmeticIsExactOnItsTerms() throws {
    let base = try tinyModel(seed: 1)
    let other = try tinyModel(seed: 2)
    let difference = try other.displacement(from: base)
    #expect(try base.moved(by: difference).displacement(from: other).norm < 1e-6)
    expectClose(try difference.scaled(by: -2).norm, 2 * difference.norm, 1e-6)
    expectClose(try difference.adding(difference).dot(difference), 2 * difference.squaredNorm, 1e-4)
    expectClose(try difference.cosine(difference.scaled(by: -3)), -1, 1e-12)
    #expect(try difference.subtracting(difference).norm == 0)
  }

  @Test func aBlockKeepsItsElementsAndDropsTheRest() throws {
    let difference = try tinyModel(seed: 2).displacement(from: tinyModel(seed: 1))
    let block = try difference.restricted(to: "blocks.1")
    let share = try #require(difference.blockShares.first { $0.block == "blocks.1" }?.share)
    expectClose(block.squaredNorm / difference.squaredNorm, share, 1e-6)
    expectClose(try difference.dot(block), block.squaredNorm, 1e-4)
    expectClose(difference.blockShares.map(\.share).reduce(0, +), 1, 1e-6)
    #expect(throws: TransformerError.self) { try difference.restricted(to: "blocks.9") }
  }

  @Test func theCosineOfAZeroVectorIsRefused() throws {
    let zero = try Displacement(space: space(4), vector: FloatVector(zeros: 4))
    #expect(throws: GeometryError.degenerate(operation: "cos", reason: "one of the vectors is zero")) {
      try zero.cosine(zero)
    }
    #expect(throws: GeometryError.self) { try Displacement(space: space(4), vector: FloatVector(zeros: 5)) }
  }

  @Test func theNameOfAModelIsNoPartOfItsSpace() throws {
    var model = try tinyModel()
    let space = model.parameterSpace
    model.name = "renamed"
    #expect(model.parameterSpace == space)
    let lora = try model.adapted(rank: 2)
    #expect(lora.parameterSpace != space)
    #expect(try lora.parameterSpace != model.adapted(rank: 4).parameterSpace)
    #expect(try lora.parameterSpace != tinyModel(seed: 9).adapted(rank: 2).parameterSpace)
  }
}
