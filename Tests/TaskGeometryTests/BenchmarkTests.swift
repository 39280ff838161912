import Foundation
import Tensors
import Testing

@testable import TaskGeometry

/// Times of the operations on which the walkthroughs wait, at their real size. Run with `TVS_BENCH=1`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["TVS_BENCH"] != nil), .serialized)
struct BenchmarkTests {
  private let dimension = 534_528

  /// Steps that resemble Adam's: a common direction and noise.
  private func steps(_ count: Int) throws -> [FloatVector] {
    let drift = try vector(dimension, seed: 1, "drift", scale: 1e-4)
    return try (0..<count).map { try vector(dimension, seed: 1, "step\($0)", scale: 1e-4).adding(drift) }
  }

  private func time(_ name: String, _ body: () throws -> Void) rethrows {
    try body()
    let times = try (0..<5).map { _ in try ContinuousClock().measure { try body() } }
    let sorted = times.sorted()
    print("bench \(name): median \(sorted[2]), fastest \(sorted[0]); peak memory \(peakMemory()) MB")
  }

  private func peakMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
    return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
  }

  @Test func aBasisOfAHundredStepsAndAProjection() throws {
    let steps = try steps(100)
    let x = try Displacement(
      space: space(dimension), vector: Gram.combination(steps, coefficients: Array(repeating: 1, count: 100)))
    try time("span of 100 × 534,528 and a projection") {
      let basis = try Subspace.spanning(steps, of: x.space)
      let projection = try basis.projection(of: x)
      #expect(projection.share > 0.99)
    }
    let basis = try Subspace.spanning(steps, of: x.space)
    try time("coordinates alone") { _ = try basis.coordinates(of: x) }
    try time("projection alone") { _ = try basis.projection(of: x) }
    let ten = try Subspace.spanning(Array(steps[..<10]), of: x.space)
    let projector = SubspaceProjector(ten)
    var gradient = x.vector
    try time("re-projection of a gradient on 10 steps") {
      try gradient.withMutablePointer { try projector.project($0, count: dimension) }
    }
    try time("re-projection of a gradient on 100 steps") {
      try gradient.withMutablePointer { try SubspaceProjector(basis).project($0, count: dimension) }
    }
  }

  @Test func aPlaneOfSixteenFromThirtyTwoGradients() throws {
    let gradients = try steps(32)
    let other = try (0..<32).map { try vector(dimension, seed: 2, "g\($0)") }
    try time("Gram matrix of 32 gradients") { _ = try Gram.matrix(gradients) }
    let space = space(dimension)
    let u = try Subspace.spanning(Array(gradients[..<16]), of: space)
    let v = try Subspace.spanning(Array(other[..<16]), of: space)
    try time("overlap of 16 and 16") { _ = try u.overlap(v) }
    try time("principal angles of 16 and 16") { _ = try u.angles(v) }
    let near = try Subspace.spanning(
      (0..<16).map { try gradients[$0].adding(other[$0], scaled: 1e-7) }, of: space)
    try time("principal angles of 16 and 16, all small") { _ = try u.angles(near) }
    let weights = SmallMatrix(rows: 32, columns: 16, values: (0..<512).map { Double($0 % 7) / 7 })
    try time("16 combinations of 32") {
      var vectors = gradients
      try Combinations.replace(&vectors, by: weights)
    }
  }
}
