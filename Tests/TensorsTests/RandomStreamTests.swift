import CKernels
import Foundation
import Testing

@testable import Tensors

extension TensorsRoom {
  @Suite("Random streams")
  struct RandomStreamTests {
    /// From the file kat_vectors of Random123, lines `philox4x32 10`.
    @Test("Philox4x32-10 gives the published answers")
    func knownAnswers() {
      let cases: [(counter: [UInt32], key: [UInt32], answer: [UInt32])] = [
        ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        (
          [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
          [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        ),
        (
          [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
          [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        ),
      ]
      for (counter, key, answer) in cases {
        var words = [UInt32](repeating: 0, count: 4)
        tvs_philox(counter, key, &words)
        #expect(words == answer)
        // The vectorised path must agree: element 4·block + j of (key, stream) is word j of that block.
        let block = UInt64(counter[0]) | UInt64(counter[1]) << 32
        guard block < 1 << 62 else { continue }
        let stream = UInt64(counter[2]) | UInt64(counter[3]) << 32
        tvs_random_words(UInt64(key[0]) | UInt64(key[1]) << 32, stream, block * 4, 4, &words)
        #expect(words == answer)
      }
    }

    @Test("any slice from any offset equals the same slice of the whole, bit for bit")
    func slicesAgree() {
      let stream = RandomStream(seed: 7, purpose: "test", name: "blocks.0")
      let total = 100_000
      var whole = [Float](repeating: 0, count: total)
      stream.fillGaussian(&whole, count: total, scale: 0.5)
      var doubles = [Double](repeating: 0, count: total)
      stream.fillGaussian(&doubles, count: total)
      for offset in [0, 1, 2, 3, 5, 255, 256, 257, 4095, 50_001] {
        for length in [1, 3, 4, 255, 256, 1000, 49_999] where offset + length <= total {
          var slice = [Float](repeating: 0, count: length)
          stream.fillGaussian(&slice, count: length, from: UInt64(offset), scale: 0.5)
          #expect(slice == Array(whole[offset..<offset + length]))
          var wide = [Double](repeating: 0, count: length)
          stream.fillGaussian(&wide, count: length, from: UInt64(offset))
          #expect(wide == Array(doubles[offset..<offset + length]))
        }
      }
    }

    @Test("adding noise to zeros is the noise, and a perturbation never depends on the base")
    func addingEqualsFilling() {
      let stream = RandomStream(seed: 3, purpose: "perturb", name: "w")
      let count = 3001
      var noise = [Float](repeating: 0, count: count)
      var added = [Float](repeating: 1, count: count)
      let base = [Float](repeating: 2, count: count)
      stream.fillGaussian(&noise, count: count, from: 11, scale: 1e-2)
      stream.addGaussian(to: base, into: &added, count: count, from: 11, scaled: 1e-2)
      #expect(added == noise.map { 2 + $0 })
    }

    @Test("seed, purpose and name each give another stream")
    func streamsDiffer() {
      let streams = [
        RandomStream(seed: 1, purpose: "a", name: "x"), RandomStream(seed: 2, purpose: "a", name: "x"),
        RandomStream(seed: 1, purpose: "b", name: "x"), RandomStream(seed: 1, purpose: "a", name: "y"),
        RandomStream(seed: 1, purpose: "ax", name: ""), RandomStream(seed: 1, purpose: "a", name: "x").substream(0),
        RandomStream(seed: 1, purpose: "a", name: "x").substream(1),
      ]
      #expect(Set(streams.map { $0.uint32(at: 0) }).count == streams.count)
      #expect(Set(streams.map { $0.gaussians(count: 8) }).count == streams.count)
    }

    @Test("Gaussians have the moments and the distribution of N(0, 1)")
    func distribution() {
      let n = 1 << 20
      var sample = [Float](repeating: 0, count: n)
      RandomStream(seed: 11, purpose: "distribution").fillGaussian(&sample, count: n)
      checkNormal(sample.map(Double.init))
      checkNormal(RandomStream(seed: 12, purpose: "distribution").gaussians(count: n))
      // Neighbours are the sine and cosine of one angle: they must not be correlated.
      var covariance = 0.0
      for index in stride(from: 0, to: n - 1, by: 2) { covariance += Double(sample[index]) * Double(sample[index + 1]) }
      let pairs = Double(n / 2)
      #expect(abs(covariance / pairs) < 4 / pairs.squareRoot())
    }

    private func checkNormal(_ sample: [Double]) {
      let n = Double(sample.count)
      func moment(_ order: Int) -> Double {
        var sum = 0.0
        for x in sample { sum += power(x, order) }
        return sum / n
      }
      // Standard errors of the moments of N(0, 1): var xᵖ = E x²ᵖ − (E xᵖ)².
      #expect(abs(moment(1)) < 4 * (1 / n).squareRoot())
      #expect(abs(moment(2) - 1) < 4 * (2 / n).squareRoot())
      #expect(abs(moment(3)) < 4 * (15 / n).squareRoot())
      #expect(abs(moment(4) - 3) < 4 * (96 / n).squareRoot())
      // Kolmogorov–Smirnov against Φ(x) = erfc(−x/√2)/2; 1.95/√n is the 0.1 % point.
      var distance = 0.0
      for (index, x) in sample.sorted().enumerated() {
        let phi = erfc(-x / 2.0.squareRoot()) / 2
        distance = max(distance, abs(phi - Double(index) / n), abs(phi - Double(index + 1) / n))
      }
      #expect(distance < 1.95 / n.squareRoot())
    }

    private func power(_ x: Double, _ p: Int) -> Double { (0..<p).reduce(1) { result, _ in result * x } }

    @Test("whole numbers are in range and equally likely, and a permutation holds every number once")
    func integers() {
      let stream = RandomStream(seed: 5, purpose: "integers")
      let n = 60_000
      var counts = [Int](repeating: 0, count: 6)
      for value in stream.integers(count: n, below: 6) { counts[value] += 1 }
      let expected = Double(n) / 6
      var chiSquare = 0.0
      for count in counts { chiSquare += (Double(count) - expected) * (Double(count) - expected) / expected }
      #expect(chiSquare < 20.5)  // 0.1 % point at five degrees of freedom
      #expect(stream.permutation(1000).sorted() == Array(0..<1000))
      #expect(stream.permutation(1000) != Array(0..<1000))
      #expect(stream.integer(at: 0, below: 1) == 0)
      #expect(stream.integer(at: 0, below: 0) == 0)
    }

    @Test("uniform numbers fill their interval")
    func uniform() {
      let n = 1 << 18
      var sample = [Double](repeating: 0, count: n)
      RandomStream(seed: 1, purpose: "uniform").fillUniform(&sample, count: n, low: -2, high: 3)
      #expect(sample.allSatisfy { $0 >= -2 && $0 < 3 })
      let mean = sample.reduce(0, +) / Double(n)
      #expect(abs(mean - 0.5) < 4 * (25.0 / 12 / Double(n)).squareRoot())
    }
  }
}
