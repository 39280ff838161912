import Foundation
import Testing

@testable import Autograd

/// Times one training step's forward and backward pass of a decoder: `TVS_BENCHMARK=1 swift test --filter StepBenchmark`.
/// scripts/bench times whole training steps beside PyTorch.
extension AutogradTests {
  @Suite(.enabled(if: ProcessInfo.processInfo.environment["TVS_BENCHMARK"] != nil)) struct StepBenchmark {
    @Test func `A decoder of four layers, width 128, batch 128`() throws {
      try time(
        Decoder(layers: 4, width: 128, heads: 2, inner: 256, vocabulary: 14, positions: 17, rank: 0), batch: 128,
        length: 17, selected: 8, steps: 60)
    }

    @Test func `GPT-2 small with adapters of rank 8, batch 4, length 128`() throws {
      try time(
        Decoder(layers: 12, width: 768, heads: 12, inner: 3072, vocabulary: 50257, positions: 128, rank: 8), batch: 4,
        length: 128, selected: 8, steps: 4)
    }

    private func time(_ decoder: Decoder, batch: Int, length: Int, selected: Int, steps: Int) throws {
      let tape = Tape()
      var (wall, processor): ([Double], [Double]) = ([], [])
      for _ in 0..<steps {
        let (start, clock) = (ContinuousClock.now, clock())
        _ = try decoder.step(tape, batch: batch, length: length, selected: selected)
        wall.append(start.duration(to: .now) / .milliseconds(1))
        processor.append(Double(Foundation.clock() - clock) / Double(CLOCKS_PER_SEC) * 1e3)
      }
      wall.sort()
      processor.sort()
      // Processor time tells more than wall time on a machine that others use too.
      print(
        String(
          format: "step: fastest %.1f ms, median %.1f ms; processor time %.1f ms, median %.1f ms; %.0f MiB held",
          wall[0],
          wall[steps / 2], processor[0], processor[steps / 2], Double(tape.memoryStatistics.bytesHeld) / 1_048_576))
      #expect(tape.memoryStatistics.allocations > 0)
    }
  }
}

/// A pre-norm GPT-2 block, layers times, with tied output weights, in one flat buffer of parameters.
final class Decoder {
  let layers: Int
  let width: Int
  let heads: Int
  let inner: Int
  let vocabulary: Int
  let positions: Int
  /// Rank of the adapters of the attention's input; 0 trains all weights instead.
  let rank: Int
  private var values: [Float] = []
  private var gradients: [Float] = []
  private var cursor = 0

  init(layers: Int, width: Int, heads: Int, inner: Int, vocabulary: Int, positions: Int, rank: Int) {
    self.layers = layers
    self.width = width
    self.heads = heads
    self.inner = inner
    self.vocabulary = vocabulary
    self.positions = positions
    self.rank = rank
    let layer = width * (4 * width + 2 * inner) + 9 * width + inner + rank * 4 * width
    let count = (vocabulary + positions) * width + layers * layer + 2 * width
    var random = SystemRandomNumberGenerator()
    let table = (0..<4096).map { _ in Float.random(in: -0.03...0.03, using: &random) }
    values = (0..<count).map { table[($0 &* 7) & 4095] }
    gradients = [Float](repeating: 0, count: count)
  }

  func step(_ tape: Tape, batch: Int, length: Int, selected: Int) throws -> Double {
    tape.reset()
    cursor = 0
    return try values.withUnsafeBufferPointer { values in
      try gradients.withUnsafeMutableBufferPointer { gradients in
        let (base, gradient) = (try #require(values.baseAddress), try #require(gradients.baseAddress))
        func take(_ rows: Int, _ columns: Int, trains: Bool) -> Variable {
          defer { cursor += rows * columns }
          return tape.parameter(base + cursor, gradient: trains ? gradient + cursor : nil, rows: rows, columns: columns)
        }
        let full = rank == 0
        let tokens = (0..<batch * length).map { Int32($0 * 7 % min(vocabulary, 1000)) }
        let table = take(vocabulary, width, trains: full)
        let places = take(positions, width, trains: full)
        var x = try tape.embedding(
          table, tokens: tokens, positionTable: places, positions: (0..<batch * length).map { Int32($0 % length) })
        let shape = AttentionShape(batch: batch, length: length, heads: heads, headWidth: width / heads)
        for _ in 0..<layers {
          let normed = try tape.layerNorm(
            x, gain: take(1, width, trains: full), bias: take(1, width, trains: full))
          let (w, b) = (take(3 * width, width, trains: full), take(1, 3 * width, trains: full))
          let qkv =
            full
            ? try tape.linear(normed, weight: w, bias: b)
            : try tape.loraLinear(
              normed, weight: w, bias: b, a: take(rank, width, trains: true), b: take(3 * width, rank, trains: true),
              scale: 2)
          let mixed = try tape.attention(qkv: qkv, shape: shape)
          x = try tape.linear(
            mixed, weight: take(width, width, trains: full), bias: take(1, width, trains: full), residual: x)
          let second = try tape.layerNorm(
            x, gain: take(1, width, trains: full), bias: take(1, width, trains: full))
          let hidden = try tape.gelu(
            try tape.linear(second, weight: take(inner, width, trains: full), bias: take(1, inner, trains: full)))
          x = try tape.linear(
            hidden, weight: take(width, inner, trains: full), bias: take(1, width, trains: full), residual: x)
        }
        let rows = (0..<batch).flatMap { row in (length - selected..<length).map { Int32(row * length + $0) } }
        let last = try tape.layerNorm(
          try tape.selectRows(x, rows: rows), gain: take(1, width, trains: full), bias: take(1, width, trains: full))
        let logits = try tape.linear(last, weight: table, bias: nil)
        let loss = try tape.crossEntropy(logits, targets: rows.map { tokens[Int($0)] })
        try tape.backward(from: loss)
        return tape.scalar(loss)
      }
    }
  }
}
