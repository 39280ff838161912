import Foundation

/// What a random search gives where the loss is linear: the gain of a candidate is one coordinate of it, times ‖g‖.
///
/// A Gaussian perturbation of deviation σ gains N(0, σ²‖g‖²) in any dimension; one of norm ρ gains ρ‖g‖·t, where t is a
/// coordinate of a point on the unit sphere. In a subspace U the gradient counts as far as it lies in U, ‖P_U g‖ (paper
/// 2606.10929, theorem 1 and its proposition on density, with exact factors instead of √(2 ln n)).
public struct LinearPrediction: Sendable, Equatable {
  /// ‖g‖, or ‖P_U g‖ in a subspace.
  public let gradientNorm: Double
  /// How long perturbations are.
  public let length: Perturbations.Length
  /// The dimension of what is searched.
  public let dimension: Int
  /// Whether candidates come in pairs (δ, −δ).
  public let isAntithetic: Bool

  /// Describes a search of a linear loss.
  public init(gradientNorm: Double, length: Perturbations.Length, dimension: Int, isAntithetic: Bool) {
    self.gradientNorm = gradientNorm
    self.length = length
    self.dimension = dimension
    self.isAntithetic = isAntithetic
  }

  /// The expected gain of the best of n candidates.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)``.
  public func best(of n: Int) throws(GeometryError) -> Double {
    guard n >= 1 else { throw .outOfRange(what: "n", value: n, allowed: 1...Int.max) }
    switch length {
    case .deviation(let deviation):
      let factor = isAntithetic ? PairedMaxima.gaussian(n) : try ExtremeValues.emax(n)
      return deviation * gradientNorm * factor
    case .deviations(let deviations):
      return gradientNorm * MixedMaxima.gaussian(n, deviations: deviations, isPaired: isAntithetic)
    case .norm(let norm):
      let factor =
        isAntithetic ? PairedMaxima.sphere(n, dimension) : try ExtremeValues.spheremax(n, dimension)
      return norm * gradientNorm * factor
    }
  }

  /// The share of candidates that gain more than a margin; of several deviations each counts as often.
  public func density(above margin: Double) -> Double {
    func share(_ deviation: Double) -> Double {
      let scale = deviation * gradientNorm
      guard scale > 0 else { return margin < 0 ? 1 : 0 }
      return 0.5 * erfc(margin / scale / 2.0.squareRoot())
    }
    switch length {
    case .deviation(let deviation): return share(deviation)
    case .deviations(let deviations):
      return deviations.reduce(0) { $0 + share($1) } / Double(max(1, deviations.count))
    case .norm(let norm):
      let scale = norm * gradientNorm
      guard scale > 0 else { return margin < 0 ? 1 : 0 }
      return SphereCoordinate(dimension: dimension).share(above: margin / scale)
    }
  }
}

/// Expected maxima over candidates that come in pairs (x, −x): of every pair the better one counts, |x|.
///
/// They exceed those of as many independent candidates: two mirror images have E max = √(2/π) = 0.798, two independent
/// normal numbers 0.564.
public enum PairedMaxima {
  /// For standard normal numbers; an odd last one has no partner.
  public static func gaussian(_ n: Int) -> Double {
    let pairs = n / 2
    guard pairs >= 1 else { return 0 }
    // E max = ∫ 1 − P(max ≤ x) dx over x ≥ 0, by Simpson's rule: the best of a pair is never negative.
    return integral(to: 14) { x in
      let single = n % 2 == 0 ? 0 : log1p(-0.5 * erfc(x / 2.0.squareRoot()))
      return 1 - exp(Double(pairs) * log1p(-erfc(x / 2.0.squareRoot())) + single)
    }
  }

  /// For a coordinate of points on the unit sphere in `r` dimensions.
  public static func sphere(_ n: Int, _ r: Int) -> Double {
    let pairs = n / 2
    guard pairs >= 1 else { return 0 }
    if r <= 1 { return 1 }
    let coordinate = SphereCoordinate(dimension: r)
    let inner = integral(to: coordinate.edge) { angle in
      let half = coordinate.half(angle)
      let single = n % 2 == 0 ? 1 : 0.5 + half
      return cos(angle) * pow(2 * half, Double(pairs)) * single
    }
    return sin(coordinate.edge) - inner
  }

  private static func integral(to end: Double, _ f: (Double) -> Double) -> Double {
    let steps = 4000
    let width = end / Double(steps)
    var sum = f(0) + f(end)
    for index in 1..<steps { sum += (index % 2 == 1 ? 4 : 2) * f(Double(index) * width) }
    return sum * width / 3
  }
}

/// One coordinate t = sin φ of a uniform point on the unit sphere in r dimensions: φ has the density ∝ cos^(r−2) φ.
struct SphereCoordinate {
  private let dimension: Int
  /// The angle beyond which the density is below 1e-40 of its peak.
  let edge: Double
  /// ∫ of the density from 0 to i·width.
  private let cumulative: [Double]
  private let width: Double

  init(dimension: Int) {
    self.dimension = dimension
    let panels = 4000
    edge = min(Double.pi / 2, 14 / Double(max(1, dimension)).squareRoot())
    width = edge / Double(panels)
    let power = Double(max(0, dimension - 2))
    let node = 0.5 / 3.0.squareRoot()
    var cumulative = [0.0]
    cumulative.reserveCapacity(panels + 1)
    for panel in 0..<panels {
      let middle = (Double(panel) + 0.5) * width
      let values = [middle - node * width, middle + node * width].map { power == 0 ? 1 : pow(max(cos($0), 0), power) }
      cumulative.append(cumulative[panel] + 0.5 * width * (values[0] + values[1]))
    }
    self.cumulative = cumulative
  }

  /// P(0 ≤ φ ≤ angle), at most ½.
  func half(_ angle: Double) -> Double {
    guard let total = cumulative.last, total > 0 else { return 0.5 }
    let place = min(max(angle / width, 0), Double(cumulative.count - 1))
    let below = min(Int(place), cumulative.count - 2)
    let part = place - Double(below)
    return 0.5 * (cumulative[below] + part * (cumulative[below + 1] - cumulative[below])) / total
  }

  /// P(t > x).
  func share(above x: Double) -> Double {
    if x.isNaN || x >= 1 { return 0 }
    if x < -1 { return 1 }
    if dimension <= 1 { return 0.5 }
    let inner = half(asin(abs(x)))
    return x >= 0 ? 0.5 - inner : 0.5 + inner
  }
}
