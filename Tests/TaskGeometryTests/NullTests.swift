import Tensors
import Testing
import Transformers

@testable import TaskGeometry

@Suite struct NullTests {
  /// A run of `steps` steps that are a common drift and their own noise, with a² = `signal`.
  private static func run(_ signal: Double, steps: Int = 40, seed: UInt64) throws -> Run {
    let sizes = try DecoderConfiguration(layers: 2, width: 64, heads: 2, context: 8)
    let start = try Model(PreNormDecoder(sizes), seed: 1)
    let count = start.freeCount
    let drift = try vector(count, seed: 77, "drift", scale: Float(signal.squareRoot() * 1e-3))
    let moves = try (0..<steps).map { try vector(count, seed: seed, "noise \($0)", scale: 1e-3).adding(drift) }
    let sum = try Gram.combination(moves, coefficients: Array(repeating: 1, count: steps))
    let end = try start.with(freeWeights: start.freeWeights.adding(sum))
    return try Run(start: start, end: end, steps: moves, losses: [], seed: seed, optimizer: "sgd", data: "noise")
  }

  @Test("drift plus noise that is fitted at one k predicts the captures at the others")
  func fit() throws {
    let table = try Self.run(0.1, seed: 1).driftNoiseTable(fittedAt: 10, at: [1, 5, 10, 20, 39])
    expectClose(table.fit.signalToNoise, 0.1, 0.005)
    expectClose(table.fromLengths.signalToNoise, 0.1, 0.005)
    for row in table.rows {
      expectClose(row.measured, row.predicted, 0.01)
      expectClose(row.measured, row.fromLengths, 0.01)
      expectClose(row.walk, Double(row.k) / 40, 0.01)
    }
    expectClose(table.rows[2].measured, table.rows[2].predicted, 1e-9)
    #expect(throws: GeometryError.self) { try Self.run(0.1, seed: 1).driftNoiseTable(fittedAt: 40, at: [1]) }
  }

  @Test("the paper's figures follow from a fit: 77 % at 10 of 50 steps predicts 89 % at 20")
  func golden() {
    let norm = DriftNoise.fitted(energy: 0.77 * 0.77, prefix: 10, of: 50)
    expectClose(norm.signalToNoise, 0.0965, 5e-4)
    expectClose(norm.energy(prefix: 20).squareRoot(), 0.892, 1e-3)
    let energy = DriftNoise.fitted(energy: 0.77, prefix: 10, of: 50)
    expectClose(energy.signalToNoise, 0.248, 1e-3)
    expectClose(energy.energy(prefix: 20), 0.899, 1e-3)
  }

  @Test("another order shares the drift and not the noise", arguments: [0.02, 0.3])
  func otherOrder(signal: Double) throws {
    let (run, other) = (try Self.run(signal, seed: 1), try Self.run(signal, seed: 2))
    let table = try CaptureNulls(run, k: 10, other: other)
    #expect(table.rows.map(\.what) == ["prefix 10/40", "prefix 1/40", "tail 10/40", "other order"])
    for row in table.rows { expectClose(row.measured, row.driftNoise, 0.03) }
    #expect(table.rows[0].null == "random walk of the same steps" && table.rows[3].null == "random subspace")
    expectClose(table.rows[3].measured, try run.otherCapture(other, 10, kind: .energy).value, 1e-12)
    #expect(throws: GeometryError.self) { try run.otherCapture(run, 10) }
    #expect(throws: GeometryError.self) { try run.slice(1..<40).otherCapture(other, 10) }
  }

  @Test("full-batch descent has the gradient of all examples together")
  func descent() throws {
    let options = TrainingOptions(
      steps: 2, learningRate: 0.05, batch: 1, optimizer: SGD(), warmup: 0, schedule: .constant, clip: nil, seed: 6)
    let (model, task) = (try tinyModel(), try tinyTask())
    // 300 examples are taken in three pieces, and in one by the gradient.
    let run = try descend(model, on: task, examples: 300, options: options)
    for (index, step) in run.steps.enumerated() {
      let gradient = try GradientSample(run.position(index), on: task, batches: 1, batch: 300, seed: 6).gradients[0]
      expectClose(try step.adding(gradient, scaled: 0.05).norm / step.norm, 0, 1e-4)
    }
    #expect(run.data == "300 examples of copy/3")
    #expect(run.losses[1] < run.losses[0])
    #expect(throws: GeometryError.self) { try descend(model, on: task, examples: 0, options: options) }
  }

  @Test("a straight run has one component, and equal orthogonal steps a flat spectrum")
  func spectrum() throws {
    let noise = try RunSpectrum(Self.run(0, seed: 3), of: .steps)
    expectClose(noise.shares.reduce(0, +), 1, 1e-9)
    for (share, walk) in zip(noise.shares, noise.walk) {
      // Lengths in D dimensions vary by √(2/D).
      expectClose(walk, 1.0 / 40, 6e-4)
      expectClose(share, 1.0 / 40, 2e-3)
    }
    #expect(try RunSpectrum(Self.run(50, seed: 3), of: .steps).shares[0] > 0.97)
  }

  @Test("positions of a walk are compared with those of a walk: 61 % and 15 %")
  func positions() throws {
    let spectrum = try RunSpectrum(Self.run(0, seed: 3), of: .positions)
    expectClose(spectrum.walk[0], 0.61, 0.01)
    expectClose(spectrum.walk[1], 0.15, 0.01)
    expectClose(spectrum.shares[0], spectrum.walk[0], 0.02)
    // The same from the positions themselves, less their mean, by singular values.
    let steps = 6
    let moves = RandomStream(seed: 9, purpose: "moves").gaussians(count: steps * 4)
    var places = [Double](repeating: 0, count: (steps + 1) * 4)
    for index in 4..<places.count { places[index] = places[index - 4] + moves[index - 4] }
    for column in 0..<4 {
      let mean = (0...steps).reduce(0) { $0 + places[$1 * 4 + column] } / Double(steps + 1)
      for row in 0...steps { places[row * 4 + column] -= mean }
    }
    let singular = try SmallMatrix(rows: steps + 1, columns: 4, values: places).singularValues()
    let total = singular.reduce(0) { $0 + $1 * $1 }
    let matrix = SmallMatrix(rows: steps, columns: 4, values: moves)
    let shares = try RunSpectrum.shares(matrix * matrix.transposed, .positions)
    for (index, value) in singular.enumerated() { expectClose(shares[index], value * value / total, 1e-9) }
  }
}
