import Foundation

/// Expected maxima: the factor by which the best of n random directions beats an average one.
public enum ExtremeValues {
  /// E max of n independent standard normal numbers.
  ///
  /// E_n = ∫ x·n·φ(x)·Φ(x)^(n−1) dx, by the trapezoidal rule, which converges geometrically for an analytic integrand
  /// that vanishes at both ends. `emax(100)` is 2.50759. The bound √(2 ln n) overestimates it by 21 % at n = 100.
  ///
  /// - Parameter n: how many numbers are drawn, at least 1.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public static func emax(_ n: Int) throws(GeometryError) -> Double { n == 1 ? 0 : try moment(n) { $0 } }

  /// E[M²] for the maximum M of n independent standard normal numbers: 6.472 for n = 100.
  ///
  /// - Parameter n: how many numbers are drawn, at least 1.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public static func emaxSquare(_ n: Int) throws(GeometryError) -> Double { try moment(n) { $0 * $0 } }

  /// E f(M), by the trapezoidal rule.
  private static func moment(_ n: Int, _ f: (Double) -> Double) throws(GeometryError) -> Double {
    guard n >= 1 else { throw .outOfRange(what: "n", value: n, allowed: 1...Int.max) }
    let step = 0.01
    let limit = 14.0
    var sum = 0.0
    for index in 0...Int(2 * limit / step) {
      let x = -limit + Double(index) * step
      // Φ(x) from the side on which it is small, so that its logarithm keeps all digits in both tails.
      let logCumulative = x < 0 ? log(0.5 * erfc(-x / 2.0.squareRoot())) : log1p(-0.5 * erfc(x / 2.0.squareRoot()))
      sum += f(x) * exp(-0.5 * x * x + Double(n - 1) * logCumulative)
    }
    return sum * step * Double(n) / (2 * Double.pi).squareRoot()
  }

  /// E max of one coordinate of n points drawn uniformly from the unit sphere in r dimensions.
  ///
  /// A coordinate t of such a point has the density ∝ (1−t²)^((r−3)/2), that is (t+1)/2 ~ Beta((r−1)/2, (r−1)/2), and
  /// E max = 1 − ∫ F(t)ⁿ dt. With t = sin φ the density is cos^(r−2) φ, smooth for every r ≥ 2; it is summed panel by
  /// panel from the lower end, and the upper half follows by symmetry. `spheremax(100, 10)` is 0.7137, where the
  /// Gaussian estimate E_n/√r says 0.793.
  ///
  /// - Parameters:
  ///   - n: how many points are drawn, at least 1.
  ///   - r: the dimension of the space around the sphere, at least 1.
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public static func spheremax(_ n: Int, _ r: Int) throws(GeometryError) -> Double {
    guard n >= 1 else { throw .outOfRange(what: "n", value: n, allowed: 1...Int.max) }
    guard r >= 1 else { throw .outOfRange(what: "r", value: r, allowed: 1...Int.max) }
    // On the sphere of a line there are two points: the maximum is 1 unless all n draws fall on −1.
    if r == 1 { return 1 - 2 * pow(0.5, Double(n)) }

    // Beyond `edge` the density is below 1e-40 of its peak.
    let edge = min(Double.pi / 2, 14 / Double(r).squareRoot())
    let panels = 4000
    let width = edge / Double(panels)
    let power = Double(r - 2)
    func density(_ angle: Double) -> Double { power == 0 ? 1 : pow(max(cos(angle), 0), power) }

    // lower[i] = ∫ from −edge to −edge + i·width, over the lower half, by Gauss–Legendre with two nodes a panel.
    var lower = [Double](repeating: 0, count: panels + 1)
    let node = 0.5 / 3.0.squareRoot()
    for panel in 0..<panels {
      let middle = -edge + (Double(panel) + 0.5) * width
      lower[panel + 1] = lower[panel] + 0.5 * width * (density(middle - node * width) + density(middle + node * width))
    }
    let total = 2 * lower[panels]
    // ∫ F(t)ⁿ dt with dt = cos φ dφ over −edge…edge by Simpson's rule on the panel borders.
    var sum = 0.0
    for index in 0...(2 * panels) {
      let weight = index == 0 || index == 2 * panels ? 1.0 : (index % 2 == 1 ? 4 : 2)
      let angle = -edge + Double(index) * width
      let logCumulative =
        index <= panels ? log(lower[index] / total) : log1p(-lower[2 * panels - index] / total)
      sum += weight * cos(angle) * exp(Double(n) * logCumulative)
    }
    return sin(edge) - sum * width / 3
  }
}
