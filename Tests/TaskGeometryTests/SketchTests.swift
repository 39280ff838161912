import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct SketchTests {
  @Test("a sketch is the signed sums that its definition says, the same every time")
  func definition() throws {
    let map = try SketchMap(size: 37, ambient: 100_000, seed: 5)
    let x = try vector(100_000, seed: 1)
    var places = [Double](repeating: 0, count: 100_000)
    places.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      RandomStream(seed: 5, purpose: "sketch").fillUniform(base, count: buffer.count, low: 0, high: 74)
    }
    var expected = [Double](repeating: 0, count: 37)
    var counts = [Int](repeating: 0, count: 37)
    for (place, element) in zip(places, x.elements) {
      expected[Int(place) / 2] += Int(place) % 2 == 0 ? Double(element) : -Double(element)
      counts[Int(place) / 2] += 1
    }
    let sketch = try map.sketch(x)
    for (value, sum) in zip(sketch.elements, expected) { expectClose(Double(value), sum, 1e-3) }
    #expect(try map.occupancy() == counts)
    #expect(try map.sketch(x).elements == sketch.elements)
    #expect(throws: TensorError.self) { try map.sketch(vector(10, seed: 1)) }
    #expect(throws: GeometryError.self) { try SketchMap(size: 1, ambient: 10, seed: 0) }
  }

  @Test("inner products are estimated without bias and with the variance of a count-sketch")
  func estimates() throws {
    let x = try vector(2000, seed: 1)
    let y = try vector(2000, seed: 2, "y").adding(x, scaled: 0.5)
    let exact = try x.dot(y)
    let estimates = try (0..<400).map { seed in
      let map = try SketchMap(size: 64, ambient: 2000, seed: UInt64(seed))
      return try map.sketch(x).dot(map.sketch(y))
    }
    let mean = estimates.reduce(0, +) / 400
    let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399
    let expected = (x.norm * x.norm * y.norm * y.norm + exact * exact) / 64
    expectClose(mean, exact, 4 * (expected / 400).squareRoot())
    expectClose(variance / expected, 1, 0.3)
  }

  /// Gradients of which nothing is known but that they are noise.
  private static func noise(_ size: Int, _ count: Int = 32) throws -> GradientSketch {
    let map = try SketchMap(size: size, ambient: 50_000, seed: 3)
    let vectors = try (0..<count).map { try vector(50_000, seed: 8, "gradient \($0)") }
    return GradientSketch(
      space: space(50_000), data: "noise", map: map, sketches: try vectors.map(map.sketch), norms: vectors.map(\.norm),
      seed: 8)
  }

  @Test("noise has the rank of the control: 29 of 32 in a long sketch, fewer in a short one")
  func control() throws {
    let long = try Self.noise(8192).effectiveRank()
    #expect(abs(long.value - 29) <= 1 && long.chance.map { abs($0 - 29) <= 1 } == true)
    #expect(long.chanceModel == "noise in a sketch of 8,192")
    let short = try Self.noise(32).effectiveRank()
    #expect(short.value < 24)
    #expect(short.chance.map { abs($0 - short.value) <= 2 } == true)
    #expect(throws: GeometryError.self) { try Self.noise(32).effectiveRank(share: 0) }
  }

  @Test("the error that a sketch shows is that of its theory")
  func error() throws {
    let sketch = try Self.noise(512, 200)
    expectClose(sketch.expectedError, 0.0625, 1e-12)
    expectClose(sketch.measuredError / sketch.expectedError, 1, 0.25)
  }

  private static func sketched(_ size: Int, _ task: String = "copy", first: Int = 0, seed: UInt64 = 0) throws
    -> GradientSketch
  {
    try GradientSketch(
      tinyModel(), on: tinyTask(task), size: size, batches: 8, batch: 4, seed: 2, first: first, sketchSeed: seed)
  }

  private static func sample(_ task: String = "copy", first: Int = 0) throws -> GradientSample {
    try GradientSample(tinyModel(), on: tinyTask(task), batches: 8, batch: 4, seed: 2, first: first)
  }

  @Test("ranks and overlaps of a long sketch are close to those of whole gradients")
  func closeness() throws {
    let size = 1 << 14
    #expect(try Self.sketched(size).effectiveRank().value == Self.sample().effectiveRank().value)
    let exact = try Self.sample().plane(3).overlap(Self.sample("sort", first: 8).plane(3)).value
    let planes = (try Self.sketched(size).plane(.fixed(3)), try Self.sketched(size, "sort", first: 8).plane(.fixed(3)))
    let estimate = try planes.0.overlap(planes.1)
    expectClose(estimate.value, exact, 0.05)
    expectClose(try #require(estimate.chance), 3 / Double(size), 1e-12)
    expectClose(try planes.0.overlap(planes.0).value, 1, 1e-6)
    let foreign = try Self.sketched(size, seed: 1).plane(.fixed(3))
    #expect(throws: GeometryError.self) { try planes.0.overlap(foreign) }
  }

  @Test("drift through a sketch follows drift of whole gradients")
  func drift() throws {
    let run = try RunTests.run(steps: 8)
    func drift(_ sketch: Int?) throws -> Drift {
      try Drift(run, on: tinyTask(), r: .share(0.8), every: 4, batches: 6, batch: 4, seed: 5, sketch: sketch)
    }
    let (whole, sketched) = (try drift(nil), try drift(1 << 14))
    #expect(whole.dimension == sketched.dimension)
    for (a, b) in zip(whole.rows, sketched.rows) {
      #expect(a.step == b.step)
      expectClose(a.overlap, b.overlap, 0.08)
      expectClose(a.ceiling, b.ceiling, 0.08)
      expectClose(b.chance, Double(sketched.dimension) / Double(1 << 14), 1e-12)
    }
  }

  @Test("the dimension of a plane by share is the effective rank")
  func dimensions() throws {
    var sample = try Self.sample()
    let rank = try sample.effectiveRank(share: 0.9).value
    let plane = try sample.reduceToPlane(.share(0.9))
    #expect(Double(plane.dimension) == rank)
    #expect(PlaneDimension(named: "r90") == .share(0.9))
    #expect(PlaneDimension(named: "r05") == .share(0.05))
    for name in ["r9", "90", "r100", "r-9", "rr9", ""] { #expect(PlaneDimension(named: name) == nil) }
    #expect(throws: GeometryError.self) { try PlaneDimension.share(2).resolved([1, 1]) }
    #expect(throws: GeometryError.self) { try PlaneDimension.share(0.9).resolved([0, 0]) }
    #expect(throws: GeometryError.self) { try PlaneDimension.fixed(2).resolved([1, 0]) }
  }

  @Test("within a block subspaces compare as what their bases span there")
  func blocks() throws {
    let layout = ParameterLayout([("blocks.0.w", [40], .linear), ("blocks.1.w", [60], .linear), ("head", [3], .linear)])
    let whole = ParameterSpace(name: "blocks", layout: layout)
    func generators(_ name: String) throws -> [FloatVector] {
      try (0..<4).map { try vector(103, seed: 6, "\(name)\($0)") }
    }
    let (first, second) = (try generators("u"), try generators("v"))
    let (u, v) = (try Subspace.spanning(first, of: whole), try Subspace.spanning(second, of: whole))
    let rows = try u.overlap(v, blocks: nil)
    #expect(rows.map(\.block) == ["blocks.0", "blocks.1", "head"])
    expectClose(rows.reduce(0) { $0 + $1.shares.first }, 1, 1e-6)
    expectClose(rows.reduce(0) { $0 + $1.shares.second }, 1, 1e-6)
    for (row, range) in zip(rows, [0..<40, 40..<100]) {
      func cut(_ vectors: [FloatVector]) throws -> Subspace {
        try Subspace.spanning(vectors.map { try FloatVector(Array($0.elements[range])) }, of: space(range.count))
      }
      let expected = try cut(first).overlap(cut(second))
      expectClose(try #require(row.overlap).value, expected.value, 1e-6)
      expectClose(try #require(row.overlap?.chance), 4 / Double(range.count), 1e-12)
    }
    // Four directions fill a block of three.
    #expect(rows[2].dimensions.first == 3)
    expectClose(try #require(rows[2].overlap).value, 1, 1e-6)
    #expect(rows[2].overlap?.chance == 1)
    // A direction that has nothing in a block spans nothing there.
    let lone = try Subspace.spanning([FloatVector([1] + [Float](repeating: 0, count: 102))], of: whole)
    let partial = try lone.overlap(v, blocks: nil)
    #expect(partial[1].overlap == nil && partial[1].shares.first == 0 && partial[0].overlap != nil)
  }
}
