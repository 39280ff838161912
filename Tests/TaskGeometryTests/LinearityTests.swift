import Foundation
import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct LinearityTests {
  private static let scales = stride(from: -9.0, through: 1, by: 0.5).map { pow(10, $0) }

  @Test func aQuadraticHasSlopesOneAndTwoAndItsCrossover() throws {
    let quadratic = Quadratic(120, seed: 71)
    let start = RandomStream(seed: 72, purpose: "start").gaussians(count: 120)
    let objective = try quadratic.objective(at: start)
    let result = try Linearity(of: objective, sigmas: Self.scales, directions: 400, seed: 1)
    expectClose(try #require(result.slopes.first), 1, 0.01)
    expectClose(try #require(result.slopes.second), 2, 0.02)
    let gradientNorm = quadratic.gradient(start.map { Double(Float($0)) }).reduce(0) { $0 + $1 * $1 }.squareRoot()
    expectClose(result.gradientNorm, gradientNorm, 1e-5 * gradientNorm)
    let (low, high) = (try #require(result.curvature.low), try #require(result.curvature.high))
    #expect((low...high).contains(quadratic.trace))
    let crossover = try #require(result.crossover)
    expectClose(crossover / result.predictedCrossover, 1, 0.02)
    expectClose(result.predictedCrossover / (2 * gradientNorm / quadratic.trace), 1, 0.15)
    for row in result.rows where row.regime == .linear || row.regime == .mixed || row.regime == .curved {
      if row.first > 30 * row.firstFloor { expectClose(row.first / row.predictedFirst, 1, 0.05) }
      if abs(row.second) > 30 * row.secondFloor { expectClose(row.second / row.predictedSecond, 1, 0.05) }
    }
    #expect(result.rows.first?.regime == .floor)
    #expect(result.rows.last?.regime == .curved)
    let window = try #require(result.window)
    #expect(window.upperBound < crossover && window.upperBound > crossover / 100)
  }

  @Test func theFloorIsWhereMeasuredDifferencesLeaveTheirPrediction() throws {
    let quadratic = Quadratic(120, seed: 73)
    let objective = try quadratic.objective(at: RandomStream(seed: 74, purpose: "start").gaussians(count: 120))
    let result = try Linearity(
      of: objective, sigmas: stride(from: -9.0, through: -2, by: 0.5).map { pow(10, $0) }, directions: 16, seed: 2)
    for row in result.rows {
      if row.predictedFirst > 30 * row.firstFloor { #expect(abs(row.first / row.predictedFirst - 1) < 0.1) }
      if row.predictedFirst < 0.01 * row.firstFloor { #expect(row.regime == .floor) }
    }
  }

  @Test func aStraightLossIsLinearAtEveryScaleAboveTheFloor() throws {
    let slope = try vector(64, seed: 75)
    let objective = try FunctionObjective(
      space: space(64), point: vector(64, seed: 76), loss: { try slope.dot($0) }, gradient: { _ in slope })
    let result = try Linearity(of: objective, sigmas: [1e-9, 1e-3, 1e-2, 0.1, 1], directions: 8, seed: 3)
    #expect(result.rows.map(\.regime) == [.floor, .linear, .linear, .linear, .linear])
    #expect(result.crossover == nil && result.slopes.second == nil)
    #expect(result.window == 1e-3...1)
  }

  @Test func oneDirectionIsProbedWithStepsOfItsLength() throws {
    let quadratic = Quadratic(40, seed: 77)
    let start = RandomStream(seed: 78, purpose: "start").gaussians(count: 40)
    let objective = try quadratic.objective(at: start)
    let along = try Displacement(space: space(40), vector: vector(40, seed: 79, scale: 5))
    let result = try Linearity(of: objective, sigmas: [0.01, 0.1], directions: 8, along: along, seed: 1)
    let unit = along.vector.elements.map { Double($0) / along.norm }
    let bend = zip(unit, quadratic.times(unit)).reduce(0) { $0 + $1.0 * $1.1 }
    let slope = zip(unit, quadratic.gradient(start)).reduce(0) { $0 + $1.0 * $1.1 }
    expectClose(result.predictedCrossover, 2 * abs(slope / bend), 1e-3 * abs(slope / bend))
    expectClose(result.rows[1].first, 0.1 * abs(slope), 1e-4)
  }

  @Test func scalesThatAreNoneAreRefusedAndInfiniteLossesNamed() throws {
    let objective = try FunctionObjective(
      space: space(2), point: FloatVector([1, 1]),
      loss: { x in x.norm < 10 ? try x.dot(x) : .infinity }, gradient: { try $0.scaled(by: 2) })
    for bad in [[], [0], [-1, 1], [Double.nan]] {
      #expect(throws: GeometryError.self) { try Linearity(of: objective, sigmas: bad, directions: 2, seed: 1) }
    }
    let result = try Linearity(of: objective, sigmas: [1e-2, 1e3], directions: 2, seed: 1)
    #expect(result.rows[1].regime == .infinite)
  }

  @Test func aModelIsLinearForSmallStepsAndCurvedForLargeOnes() throws {
    let objective = try ModelObjective(tinyModel(), on: tinyTask(), batch: 32, seed: 1)
    let result = try Linearity(
      of: objective, sigmas: stride(from: -6.0, through: 0, by: 0.5).map { pow(10, $0) }, directions: 8, seed: 1)
    #expect(result.rows.contains { $0.regime == .linear })
    #expect(result.rows.last?.regime != .linear)
    expectClose(try #require(result.slopes.first), 1, 0.05)
    for row in result.rows where row.regime == .linear { expectClose(row.first / row.predictedFirst, 1, 0.1) }
  }
}
