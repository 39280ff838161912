import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct OrderTests {
  private static let quadratics = (Quadratic(60, seed: 1), Quadratic(60, seed: 2))

  private static func objective(_ quadratic: Quadratic) throws -> FunctionObjective {
    try quadratic.objective(at: vector(60, seed: 3).elements.map(Double.init))
  }

  private static func defect() throws -> OrderDefect {
    try OrderDefect(objective(quadratics.0), objective(quadratics.1))
  }

  @Test("on quadratic losses the order defect is the Lie bracket", arguments: [0.1, 0.03, 0.01])
  func quadratic(eta: Double) throws {
    let defect = try Self.defect()
    let row = try defect.row(eta: eta)
    expectClose(try #require(row.ratio), 1, 1e-3)
    expectClose(try #require(row.cosine), 1, 1e-6)
    expectClose(row.predicted, eta * defect.kappa, 1e-12)
    // The bracket itself, multiplied out.
    let (a, b) = Self.quadratics
    let ga = defect.gradients.a.elements.map(Double.init)
    let gb = defect.gradients.b.elements.map(Double.init)
    let exact = try FloatVector(zip(b.times(ga), a.times(gb)).map { Float($0 - $1) })
    expectClose(try defect.bracket.subtracting(exact).norm / exact.norm, 0, 1e-3)
    // And the defect, made step by step in double.
    func stepped(_ x: [Double], _ loss: Quadratic) -> [Double] {
      zip(x, loss.times(zip(x, loss.center).map { $0 - $1 })).map { $0 - eta * $1 }
    }
    let start = try vector(60, seed: 3).elements.map(Double.init)
    let both = zip(stepped(stepped(start, a), b), stepped(stepped(start, b), a)).map { Float($0 - $1) }
    let direct = try FloatVector(both)
    expectClose(try row.defect.subtracting(direct).norm / direct.norm, 0, 1e-3)
  }

  @Test("the relative defect grows in proportion, and its onset is a tenth over kappa")
  func onset() throws {
    let defect = try Self.defect()
    let rows = try defect.defaultEtas.map { try defect.row(eta: $0) }
    #expect(rows.count == 7)
    expectClose(try #require(OrderDefect.slope(rows)), 1, 1e-2)
    expectClose(try #require(OrderDefect.slope(from: rows[2], to: rows[3])), 1, 1e-2)
    let predicted = try #require(defect.predictedOnset)
    expectClose(try #require(OrderDefect.onset(rows)) / predicted, 1, 1e-2)
    #expect(OrderDefect.onset(Array(rows.prefix(2))) == nil)
    #expect(rows.allSatisfy { $0.floor > 0 && $0.floor < 1e-5 })
  }

  @Test("steps on one loss commute, and a gradient of zero is refused")
  func degenerate() throws {
    let a = try Self.objective(Self.quadratics.0)
    let same = try OrderDefect(a, a)
    #expect(same.kappa == 0)
    #expect(same.predictedOnset == nil)
    let row = try same.row(eta: 0.1)
    #expect(row.relative == 0 && row.ratio == nil && row.cosine == nil)
    let flat = try FunctionObjective(
      space: a.space, point: a.point, loss: { _ in 0 }, gradient: { try FloatVector(zeros: $0.count) })
    #expect(throws: GeometryError.self) { try OrderDefect(a, flat) }
    #expect(throws: GeometryError.self) { try Self.defect().row(eta: 0) }
  }

  @Test("on a transformer the bracket predicts small steps")
  func transformer() throws {
    let model = try tinyModel()
    let defect = try OrderDefect(
      ModelObjective(model, on: tinyTask(), batch: 16, seed: 1),
      ModelObjective(model, on: tinyTask("sort"), batch: 16, seed: 1))
    let onset = try #require(defect.predictedOnset)
    let row = try defect.row(eta: onset / 30)
    expectClose(try #require(row.ratio), 1, 0.02)
    #expect(row.relative > 20 * row.floor)
  }

  private struct Surgery: Decodable {
    var gradients: [[Double]]
    var orders: [[Int]]
    var sum: [Double]
    var conflicts: Int
  }

  @Test("gradient surgery agrees with NumPy on explicit vectors")
  func surgery() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "References/pcgrad.json")
    let cases = try JSONDecoder().decode([Surgery].self, from: Data(contentsOf: file))
    #expect(cases.contains { $0.conflicts == 0 } && cases.contains { $0.conflicts > 5 })
    for sample in cases {
      let gradients = try sample.gradients.map { try FloatVector($0.map(Float.init)) }
      let gram = SmallMatrix(rows: gradients.count, columns: gradients.count, values: try Gram.matrix(gradients))
      let (coefficients, conflicts) = PCGrad.combination(gram: gram, orders: sample.orders)
      #expect(conflicts == sample.conflicts)
      for (place, expected) in sample.sum.enumerated() {
        let sum = zip(coefficients, sample.gradients).reduce(0) { $0 + $1.0 * $1.1[place] }
        expectClose(sum, expected, 1e-9 * max(1, abs(expected)))
      }
    }
  }

  @Test("every gradient meets the others once, in orders that the seed decides")
  func orders() {
    let orders = PCGrad.orders(count: 5, seed: 1, step: 3)
    #expect(orders.allSatisfy { $0.sorted() == [0, 1, 2, 3, 4] })
    #expect(orders == PCGrad.orders(count: 5, seed: 1, step: 3))
    #expect(orders != PCGrad.orders(count: 5, seed: 1, step: 4))
  }

  @Test("turns divide the steps")
  func turns() {
    func turns(_ order: TaskOrder, _ steps: Int, _ tasks: Int) -> [Int?] {
      (0..<steps).map { order.turn(step: $0, of: steps, tasks: tasks) }
    }
    #expect(turns(.sequence, 7, 3) == [0, 0, 0, 1, 1, 2, 2])
    #expect(turns(.sequence, 3, 3) == [0, 1, 2])
    #expect(turns(.alternate, 5, 2) == [0, 1, 0, 1, 0])
    #expect(turns(.sum, 2, 2) == [nil, nil])
  }

  private static func options(_ steps: Int, seed: UInt64 = 4) -> TrainingOptions {
    TrainingOptions(
      steps: steps, learningRate: 0.05, batch: 8, optimizer: SGD(), warmup: 0, schedule: .constant, clip: nil,
      seed: seed)
  }

  @Test("one step of a sum or of surgery is the combination of the tasks' own gradients")
  func together() throws {
    let model = try tinyModel()
    let tasks: [any Dataset] = [try tinyTask(), try tinyTask("sort"), try tinyTask("reverse")]
    let sizes = [3, 3, 2]
    let gradients = try zip(tasks, sizes).map { task, size in
      try GradientSample(model, on: task, batches: 1, batch: size, seed: 4).gradients[0]
    }
    for order in [TaskOrder.sum, .pcgrad] {
      let (run, conflicts) = try multitask(model, on: tasks, order: order, options: Self.options(1))
      let gram = SmallMatrix(rows: 3, columns: 3, values: try Gram.matrix(gradients))
      let expected = PCGrad.combination(gram: gram, orders: PCGrad.orders(count: 3, seed: 4, step: 0))
      #expect(conflicts == [order == .sum ? 0 : expected.conflicts])
      let step = try Gram.combination(gradients, coefficients: order == .sum ? [1, 1, 1] : expected.coefficients)
        .scaled(by: -0.05)
      expectClose(try run.steps[0].subtracting(step).norm / step.norm, 0, 1e-4)
    }
  }

  @Test("a sequence trains the first task first, and its order matters")
  func sequence() throws {
    let model = try tinyModel()
    let tasks: [any Dataset] = [try tinyTask(), try tinyTask("sort")]
    let forward = try multitask(model, on: tasks, order: .sequence, options: Self.options(6)).run
    let alone = try recover(model, on: tasks[0], options: Self.options(3))
    #expect(zip(forward.steps, alone.steps).allSatisfy { $0.elements == $1.elements })
    let backward = try multitask(model, on: tasks.reversed(), order: .sequence, options: Self.options(6)).run
    #expect(forward.end.digest != backward.end.digest)
    #expect(forward.count == 6 && forward.losses.count == 6)
    let again = try multitask(model, on: tasks, order: .sequence, options: Self.options(6)).run
    #expect(again.end.digest == forward.end.digest)
    #expect(throws: GeometryError.self) { try multitask(model, on: [tasks[0]], order: .sum, options: Self.options(6)) }
    #expect(throws: GeometryError.self) { try multitask(model, on: tasks, order: .sequence, options: Self.options(1)) }
  }
}
