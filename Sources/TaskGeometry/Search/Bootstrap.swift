import Checkpoints
import Foundation
import Tensors

/// Intervals by resampling.
enum Bootstrap {
  /// As many resamples as a moment allows, between 200 and 1000.
  private static func resamples(of count: Int) -> Int { min(1000, max(200, 20_000_000 / max(1, count))) }

  /// The 95 % percentile interval of a statistic of samples drawn with replacement, given their places.
  ///
  /// - Parameter statistic: nil for a resample that has no answer; it is left out.
  /// - Throws: `Interrupted`.
  static func places(
    _ count: Int, seed: UInt64, _ statistic: ([Int]) -> Double?
  ) throws -> ClosedRange<Double>? {
    let stream = RandomStream(seed: seed, purpose: "bootstrap")
    var values: [Double] = []
    for index in 0..<resamples(of: count) {
      try Cancellation.check()
      if let value = statistic(stream.substream(UInt64(index)).integers(count: count, below: count)), !value.isNaN {
        values.append(value)
      }
    }
    return interval(values)
  }

  /// The same for numbers, each with normal noise of Silverman's width 1.06·s·n^(−1/5), shrunk so that the variance of
  /// the sample is kept. `statistic` gets them in ascending order.
  ///
  /// - Throws: `Interrupted`.
  static func smoothed(
    _ sample: [Double], seed: UInt64, _ statistic: ([Double]) -> Double
  ) throws -> ClosedRange<Double> {
    let count = sample.count
    let mean = sample.reduce(0, +) / Double(max(1, count))
    let deviation = (sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, count - 1))).squareRoot()
    let width = 1.06 * pow(Double(max(1, count)), -0.2)
    let shrink = 1 / (1 + width * width).squareRoot()
    let (places, noise) = (
      RandomStream(seed: seed, purpose: "bootstrap"), RandomStream(seed: seed, purpose: "bootstrap", name: "smooth")
    )
    var values: [Double] = []
    for index in 0..<resamples(of: count) {
      try Cancellation.check()
      let chosen = places.substream(UInt64(index)).integers(count: count, below: count)
      let shifts = noise.substream(UInt64(index)).gaussians(count: count)
      let drawn = zip(chosen, shifts).map { mean + shrink * (sample[$0] - mean + width * deviation * $1) }
      values.append(statistic(drawn.sorted()))
    }
    return interval(values) ?? mean...mean
  }

  private static func interval(_ values: [Double]) -> ClosedRange<Double>? {
    let sorted = values.sorted()
    let (low, high) = (Statistics.quantile(sorted: sorted, 0.025), Statistics.quantile(sorted: sorted, 0.975))
    return low <= high ? low...high : nil
  }
}
