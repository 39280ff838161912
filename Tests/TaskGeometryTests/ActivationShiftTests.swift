import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite("Shifts of activations")
struct ActivationShiftTests {
  let model: Model
  let task: DigitTask
  private let texts: [[Int32]] = [[10, 1, 2, 3, 14], [10, 3, 3, 14], [10, 5, 14]]

  init() throws {
    model = try tinyModel()
    task = try tinyTask()
  }

  private func difference(_ a: FloatVector, _ b: FloatVector) throws -> Double { try a.subtracting(b).norm }

  @Test("a step of the embedding shifts the first residual stream by its rows, in both forms")
  func embedding() throws {
    let space = model.parameterSpace
    let segment = try model.layout.segment("embed.tokens")
    let step = try displacement(model.freeCount, seed: 3).restricted(to: segment.name, in: space).scaled(by: 1e-2)
    let shift = try ActivationShift(
      of: step, on: model, texts: texts, at: [ActivationPoint(layer: 0, site: .residPre)], random: 2)
    // All three texts end with token 14, so that they move alike.
    let row = try FloatVector(
      Array(step.vector.elements[segment.offset + 14 * segment.columns..<segment.offset + 15 * segment.columns]))
    #expect(try difference(shift.finite[0], row) < 1e-5 * row.norm)
    #expect(try difference(shift.firstOrder[0], row) < 1e-4 * row.norm)
    #expect(abs(shift.agreement[0] - 1) < 1e-5)
    #expect(shift.random.count == 2 && shift.random[0][0].elements != shift.random[1][0].elements)
    let middle = try ActivationShift(
      of: step, on: model, texts: texts, at: [ActivationPoint(layer: 0, site: .residPre)], positions: .index(1),
      random: 0)
    #expect(middle.agreement[0] < 0.95)
  }

  @Test("the first-order form is what the shift tends to as the step becomes short")
  func firstOrder() throws {
    let full = try displacement(model.freeCount, seed: 5).rebased(on: model)
    let points = model.activationPoints
    func nonlinearity(_ scale: Double) throws -> [Double] {
      try ActivationShift(of: full.scaled(by: scale), on: model, texts: texts, at: points, positions: .all, random: 0)
        .nonlinearity()
    }
    let (long, half) = (try nonlinearity(4e-3), try nonlinearity(2e-3))
    for place in points.indices where points[place].site == .residPost {
      #expect(long[place] < 0.5)
      #expect(abs(half[place] / long[place] - 0.5) < 0.1, "\(points[place]): \(half[place]) of \(long[place])")
    }
  }

  @Test("random controls are as long as the step and never a candidate of a search with the same seed")
  func controls() throws {
    let search = try Perturbations(in: model.parameterSpace, length: .norm(0.3), seed: 4)
    let step = try search.displacement(0, origin: model)
    let shift = try ActivationShift(
      of: step, on: model, texts: texts, at: [ActivationPoint(layer: 0)], random: 3, seed: 4, controls: [{ step }])
    #expect(shift.controls[0][0].elements == shift.finite[0].elements)
    for control in shift.random {
      let cosine = try control[0].dot(shift.finite[0]) / (control[0].norm * shift.finite[0].norm)
      #expect(abs(cosine) < 0.999)
    }
    let again = try ActivationShift(
      of: step, on: model, texts: texts, at: [ActivationPoint(layer: 0)], random: 3, seed: 4)
    #expect(zip(shift.random, again.random).allSatisfy { $0[0].elements == $1[0].elements })
  }

  @Test("shuffling deals the same answers out to other prompts")
  func shuffled() throws {
    let examples = try task.examples(count: 12, seed: 1, index: 0)
    let shuffled = ShuffledAnswers.permuted(examples, seed: 1, number: 0)
    func prompt(_ example: Batch.Example) -> [Int32] {
      Array(example.tokens.dropLast(example.targets.count - 1))
    }
    #expect(shuffled.map(prompt) == examples.map(prompt))
    #expect(shuffled.map(\.targets) != examples.map(\.targets))
    #expect(shuffled.map { "\($0.targets)" }.sorted() == examples.map { "\($0.targets)" }.sorted())
    #expect(shuffled.allSatisfy { Array($0.tokens.suffix($0.targets.count - 1)) == Array($0.targets.dropLast()) })
    let step = try ShuffledAnswers.step(model, on: task, examples: 12, norm: 0.5, seed: 1)
    #expect(abs(step.norm - 0.5) < 1e-6)
    // Downhill for the shuffled answers, and another way than for the true ones.
    let moved = try model.moved(by: step, scale: 1e-2)
    #expect(try loss(of: moved, on: Batch(shuffled)) < loss(of: model, on: Batch(shuffled)))
    let other = try ShuffledAnswers.step(model, on: task, examples: 12, norm: 0.5, seed: 1, number: 1)
    #expect(try step.cosine(other) < 0.999)
  }

  @Test("what has no answer is refused")
  func errors() throws {
    let point = [ActivationPoint(layer: 0)]
    let zero = try Displacement(space: model.parameterSpace, vector: FloatVector(zeros: model.freeCount))
    #expect(throws: GeometryError.self) { try ActivationShift(of: zero, on: model, texts: texts, at: point) }
    let other = try displacement(7, seed: 1)
    #expect(throws: GeometryError.self) { try ActivationShift(of: other, on: model, texts: texts, at: point) }
    let step = try displacement(model.freeCount, seed: 1).rebased(on: model)
    #expect(throws: TransformerError.self) { try ActivationShift(of: step, on: model, texts: [], at: point) }
    #expect(throws: GeometryError.self) {
      try ActivationShift(of: step, on: model, texts: texts, at: point, random: -1)
    }
    #expect(throws: GeometryError.self) { try ShuffledAnswers.step(model, on: task, examples: 1, norm: 1, seed: 1) }
  }
}

extension Displacement {
  /// The same numbers as a displacement of a model's space.
  fileprivate func rebased(on model: Model) throws -> Displacement {
    try Displacement(space: model.parameterSpace, vector: vector, origin: model)
  }

  /// The same numbers in another space, zero outside a segment.
  fileprivate func restricted(to block: String, in space: ParameterSpace) throws -> Displacement {
    try Displacement(space: space, vector: vector).restricted(to: block)
  }
}
