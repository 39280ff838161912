import Foundation

/// Estimates with their intervals.
public enum Statistics {
  /// Pearson's correlation with a 95 % interval by Fisher's z, and what independent data would give.
  ///
  /// The interval is tanh(atanh r ± 1.96/√(n − 3)); there is none for n < 4. Chance is the mean of |r| for independent
  /// normal data, Γ((n − 1)/2)/(√π·Γ(n/2)), from the density ∝ (1 − r²)^(n/2 − 2) of r.
  ///
  /// - Returns: nil when there are fewer than three pairs or one side does not vary.
  public static func correlation(_ x: [Double], _ y: [Double]) -> Measure? {
    guard x.count == y.count, x.count >= 3 else { return nil }
    let n = Double(x.count)
    let (meanX, meanY) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      let (dx, dy) = (a - meanX, b - meanY)
      xx += dx * dx
      yy += dy * dy
      xy += dx * dy
    }
    guard xx > 0, yy > 0 else { return nil }
    let r = min(1, max(-1, xy / (xx.squareRoot() * yy.squareRoot())))
    let chance = exp(lgamma((n - 1) / 2) - lgamma(n / 2)) / Double.pi.squareRoot()
    guard n > 3, abs(r) < 1 else { return Measure(r, chance: chance, chanceModel: "|r| of independent data") }
    let margin = 1.959963984540054 / (n - 3).squareRoot()
    return Measure(
      r, low: tanh(atanh(r) - margin), high: tanh(atanh(r) + margin), chance: chance,
      chanceModel: "|r| of independent data")
  }

  /// The value below which a share of sorted numbers lies, interpolated linearly between neighbours.
  public static func quantile(sorted: [Double], _ share: Double) -> Double {
    guard let last = sorted.last else { return .nan }
    let place = min(max(share, 0), 1) * Double(sorted.count - 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return last }
    return sorted[below] + (sorted[below + 1] - sorted[below]) * (place - Double(below))
  }
}
