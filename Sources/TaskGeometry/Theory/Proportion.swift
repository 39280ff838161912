import Foundation

/// Intervals for shares of successes.
public enum Proportion {
  /// The two-sided 95 % quantile of the normal distribution.
  private static let quantile = 1.959963984540054

  /// Wilson's 95 % interval for `successes` of `count` (Wilson, JASA 22, 1927). It keeps its width at 0 and 1, where
  /// the textbook interval collapses.
  public static func interval(_ successes: Int, of count: Int) -> ClosedRange<Double> {
    guard count > 0 else { return 0...1 }
    let (n, z) = (Double(count), quantile)
    let p = Double(successes) / n
    let center = (p + z * z / (2 * n)) / (1 + z * z / n)
    let margin = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, min(p, center - margin))...min(1, max(p, center + margin))
  }

  /// Newcombe's 95 % interval for the difference of two independent shares, p₁ − p₂, from the Wilson interval of each
  /// (Newcombe, Statistics in Medicine 17, 1998, method 10).
  public static func differenceInterval(
    _ first: Int, _ second: Int, of count: Int
  ) -> ClosedRange<Double> {
    guard count > 0 else { return -1...1 }
    let (p, q) = (Double(first) / Double(count), Double(second) / Double(count))
    let (a, b) = (interval(first, of: count), interval(second, of: count))
    func length(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
    return p - q - length(p - a.lowerBound, b.upperBound - q)...p - q + length(a.upperBound - p, q - b.lowerBound)
  }
}
