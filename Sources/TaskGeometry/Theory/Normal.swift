import Foundation
import Tensors

/// The standard normal distribution, and Student's.
public enum Normal {
  /// φ(x).
  public static func density(_ x: Double) -> Double { exp(-0.5 * x * x) / (2 * Double.pi).squareRoot() }

  /// Φ(x), exact in both tails.
  public static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// Φ⁻¹(p), by halving; ±∞ for 0 and 1.
  public static func quantile(_ p: Double) -> Double {
    guard p > 0 else { return -.infinity }
    guard p < 1 else { return .infinity }
    // Below a half the cumulative keeps all digits; above, the mirror image does.
    if p > 0.5 { return -lower(1 - p) }
    return lower(p)
  }

  private static func lower(_ p: Double) -> Double {
    var (low, high) = (-40.0, 0.0)
    for _ in 0..<80 {
      let middle = 0.5 * (low + high)
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }

  /// The two-sided 95 % quantile of Student's t with `freedom` degrees of freedom (Abramowitz and Stegun 26.7.5; closed
  /// forms for 1 and 2).
  public static func studentQuantile(_ freedom: Int) -> Double {
    let z = 1.959963984540054
    switch freedom {
    case ...0: return .infinity
    case 1: return 12.706204736174694
    case 2: return 4.302652729749464
    default:
      let n = Double(freedom)
      let (z3, z5, z7) = (z * z * z, pow(z, 5), pow(z, 7))
      let third = (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384
      let fourth = (79 * pow(z, 9) + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / 92160
      return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) + third / pow(n, 3)
        + fourth / pow(n, 4)
    }
  }

  /// The mean of independent values with its 95 % interval by Student's t; no interval for fewer than two.
  static func mean(_ values: [Double]) -> (mean: Double, margin: Double?) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    guard values.count > 1 else { return (mean, nil) }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    return (mean, studentQuantile(values.count - 1) * (variance / n).squareRoot())
  }
}

extension Measure {
  /// The mean of independent values with its 95 % interval by Student's t; no interval for fewer than two values.
  public init(meanOf values: [Double]) {
    let (mean, margin) = Normal.mean(values)
    if let margin { self.init(mean, margin: margin) } else { self.init(mean) }
  }
}
