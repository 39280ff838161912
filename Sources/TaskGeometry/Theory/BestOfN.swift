import Foundation
import Tensors

/// What the best of n random perturbations should gain, to second order in their size (Theorem 1 of arXiv 2606.10929, with
/// curvature).
///
/// The loss is L(θ+δ) ≈ L + gᵀδ + ½δᵀHδ, the perturbations are N(0, σ²I), and a gain is a fall of the loss. Everything
/// depends on ‖g‖ and H, not on the number of dimensions. M is the maximum of n standard normal numbers.
public struct BestOfN: Sendable, Equatable {
  /// How many perturbations are tried.
  public let n: Int
  /// σ, the deviation of each coordinate. A total norm ρ in D dimensions is σ = ρ/√D.
  public let sigma: Double
  /// ‖g‖.
  public let gradientNorm: Double
  /// tr H; zero where the loss is taken to be linear.
  public let trace: Double
  /// ĝᵀHĝ, the curvature along the gradient.
  public let alongGradient: Double
  /// ‖H‖_F; nil where it is not known.
  public let frobenius: Double?
  /// E[M].
  public let expectedMaximum: Double
  /// E[M²].
  public let expectedSquare: Double

  /// Sets the scene.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` for n below 1,
  ///   ``GeometryError/invalidOption(what:value:allowed:)`` for lengths that are negative or not finite.
  public init(
    sigma: Double, gradientNorm: Double, n: Int, trace: Double = 0, alongGradient: Double = 0, frobenius: Double? = nil
  ) throws(GeometryError) {
    guard sigma > 0, sigma.isFinite else { throw .invalidOption(what: "sigma", value: sigma, allowed: "above 0") }
    guard gradientNorm >= 0, gradientNorm.isFinite else {
      throw .invalidOption(what: "gradient_norm", value: gradientNorm, allowed: "from 0")
    }
    for (what, value) in [("trace", trace), ("along", alongGradient)] where !value.isFinite {
      throw .invalidOption(what: what, value: value, allowed: "among finite numbers")
    }
    if let frobenius, !(frobenius >= 0 && frobenius.isFinite) {
      throw .invalidOption(what: "frobenius", value: frobenius, allowed: "from 0")
    }
    self.n = n
    self.sigma = sigma
    self.gradientNorm = gradientNorm
    self.trace = trace
    self.alongGradient = alongGradient
    self.frobenius = frobenius
    expectedMaximum = try ExtremeValues.emax(n)
    expectedSquare = try ExtremeValues.emaxSquare(n)
  }

  /// σ‖g‖: the deviation of the linear part of a gain.
  public var scale: Double { sigma * gradientNorm }

  /// σ‖g‖·E[M]: the gain if the loss were linear.
  public var linear: Double { scale * expectedMaximum }

  /// What curvature costs the one that is best to first order, ½σ²[tr H + ĝᵀHĝ(E[M²] − 1)].
  public var curvatureCost: Double { 0.5 * sigma * sigma * denominator }

  /// The mean gain of one perturbation, −½σ²tr H: what a search of one would give.
  public var single: Double { -0.5 * sigma * sigma * trace }

  /// The expected gain of the one that is best to first order, σ‖g‖E[M] − ½σ²[tr H + ĝᵀHĝ(E[M²] − 1)].
  public var gain: Double { linear - curvatureCost }

  /// The expected gain of the one that is best in all, about −½σ²tr H + E[M]·√(σ²‖g‖² + ½σ⁴‖H‖_F²); nil without ‖H‖_F.
  public var bestInAll: Double? {
    totalScale.map { -0.5 * sigma * sigma * trace + expectedMaximum * $0 }
  }

  private var denominator: Double { trace + alongGradient * (expectedSquare - 1) }

  private var totalScale: Double? {
    frobenius.map { (scale * scale + 0.5 * pow(sigma, 4) * $0 * $0).squareRoot() }
  }

  /// Between which gains 95 % of such searches end: those of the quantiles of M.
  public var interval: ClosedRange<Double> {
    let ends = [0.025, 0.975].map { p -> Double in
      let x = quantile(ofMaximum: p)
      return scale * x - 0.5 * sigma * sigma * (trace + alongGradient * (x * x - 1))
    }
    return min(ends[0], ends[1])...max(ends[0], ends[1])
  }

  /// Φ⁻¹(p^(1/n)), from the small side of the distribution so that no digits are lost at large n.
  private func quantile(ofMaximum p: Double) -> Double { -Normal.quantile(-expm1(log(p) / Double(n))) }

  /// The σ with the largest gain, ‖g‖E[M]/[tr H + ĝᵀHĝ(E[M²] − 1)]; nil where the gain grows without end.
  public var bestSigma: Double? { denominator > 0 ? gradientNorm * expectedMaximum / denominator : nil }

  /// The gain at ``bestSigma``.
  public var bestGain: Double? {
    bestSigma.map { 0.5 * $0 * gradientNorm * expectedMaximum }
  }

  /// σ× = 2‖g‖/|tr H|, where the mean effect of curvature is as large as the deviation of the linear one; nil without
  /// curvature.
  public var crossover: Double? { trace != 0 ? 2 * gradientNorm / abs(trace) : nil }

  /// The gain of one exact step of gradient descent, ‖g‖²/(2ĝᵀHĝ); nil unless the loss curves up along g.
  public var lineSearchGain: Double? {
    alongGradient > 0 ? gradientNorm * gradientNorm / (2 * alongGradient) : nil
  }

  /// The share of perturbations that gain at least `margin`: Φ of (−margin − ½σ²tr H) over the deviation of a gain.
  /// Linear, Φ(−m/σ‖g‖). A density that differs from ½ at m = 0 measures curvature.
  public func density(margin: Double) -> Double {
    let deviation = totalScale ?? scale
    let mean = -0.5 * sigma * sigma * trace
    guard deviation > 0 else { return mean >= margin ? 1 : 0 }
    return Normal.cumulative((mean - margin) / deviation)
  }

  /// What the winner does to another task with gradient norm ‖b‖ and cosine cos(g, b), to first order: the mean gain
  /// σ‖b‖cos·E[M] and its deviation σ‖b‖√(1 − cos² + cos²(E[M²] − E[M]²)). For orthogonal tasks the mean is 0 and the
  /// deviation does not depend on n.
  public func sideGain(norm: Double, cosine: Double) -> (mean: Double, deviation: Double) {
    let square = cosine * cosine
    let spread = 1 - square + square * (expectedSquare - expectedMaximum * expectedMaximum)
    return (sigma * norm * cosine * expectedMaximum, sigma * norm * max(0, spread).squareRoot())
  }

  /// The winner's curse: when every gain is seen through independent noise of deviation s, the winner's true gain is
  /// σ‖g‖E[M]/√(1 + s²/(σ‖g‖)²) and what was seen overstates it by the square of that root. To first order.
  public func noisy(scoreError s: Double) -> (true: Double, seen: Double) {
    guard scale > 0 else { return (0, s * expectedMaximum) }
    let root = (1 + s * s / (scale * scale)).squareRoot()
    return (linear / root, linear * root)
  }

  /// The mean gain of the best k, about σ‖g‖φ(z)/q with q = k/n and z = Φ⁻¹(1 − q), to first order; 0 for all of them.
  ///
  /// - Throws: ``GeometryError/outOfRange(what:value:allowed:)`` unless 1 ≤ k ≤ n.
  public func top(_ k: Int) throws(GeometryError) -> Double {
    guard k >= 1, k <= n else { throw .outOfRange(what: "top", value: k, allowed: 1...n) }
    if k == n { return 0 }
    if k == 1 { return linear }
    let q = Double(k) / Double(n)
    return scale * Normal.density(Normal.quantile(q)) / q
  }
}
