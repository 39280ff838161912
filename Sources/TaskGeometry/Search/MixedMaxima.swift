import Foundation

/// Expected maxima of normal numbers of several deviations: a search that tries several scales at once.
enum MixedMaxima {
  /// E max of n independent numbers, of which n/k have each of k deviations; that need not be a whole number.
  ///
  /// - Parameter isPaired: whether the numbers come in pairs (x, −x), of which n/k have each deviation.
  static func gaussian(_ n: Int, deviations: [Double], isPaired: Bool) -> Double {
    let share = Double(n) / Double(max(1, deviations.count))
    // log P(max ≤ x), for x ≥ 0, of numbers each of which is at most x, or of pairs that both are.
    func below(_ x: Double) -> Double {
      deviations.reduce(0.0) { sum, deviation in
        let tail = erfc(x / deviation / 2.0.squareRoot())
        return sum + (isPaired ? 0.5 * share * log1p(-min(tail, 1)) : share * log1p(-0.5 * tail))
      }
    }
    // log P(max ≤ −x): all of them are below.
    func allBelow(_ x: Double) -> Double {
      isPaired ? -.infinity : deviations.reduce(0.0) { $0 + share * log(0.5 * erfc(x / $1 / 2.0.squareRoot())) }
    }
    // E max = ∫₀^∞ P(max > x) − P(max ≤ −x) dx. The integrand turns at every deviation, so that each gets a stretch.
    var sum = 0.0
    var start = 0.0
    for deviation in deviations.sorted() {
      let end = max(start, 14 * deviation)
      let panels = 1000
      let width = (end - start) / Double(panels)
      let node = 0.5 / 3.0.squareRoot()
      for panel in 0..<panels where width > 0 {
        for place in [0.5 - node, 0.5 + node] {
          let x = start + (Double(panel) + place) * width
          sum += 0.5 * width * (-expm1(below(x)) - exp(allBelow(x)))
        }
      }
      start = end
    }
    return sum
  }
}
