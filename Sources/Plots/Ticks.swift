import Foundation

/// A marked place on an axis.
public struct Tick: Sendable, Equatable {
  /// The value at the place.
  public var value: Double
  /// How it is written.
  public var label: String
}

/// Where axes are marked: round numbers, between 2 and 12 of them, with labels that all differ.
public enum Ticks {
  /// Marks of a linear axis: multiples of 1, 2 or 5 times a power of ten.
  ///
  /// - Parameters:
  ///   - domain: the two ends, as ``Domain`` makes them: finite and far enough apart to be told apart in print.
  ///   - target: how many are wanted, at least; what is round decides.
  public static func linear(_ domain: Domain, target: Int = 6) -> [Tick] {
    let span = domain.high - domain.low
    // Of the two round steps around the wanted one, the nearer.
    var (exponent, digit) = ceiling(span / Double(min(max(target, 2), 7)) / 1.4)
    while true {
      let marks = multiples(of: digit, exponent, in: domain)
      // From no more than one mark, a finer step gives at most six.
      if marks.count >= 2 || exponent < -320 { return labelled(marks, exponent) }
      switch digit {
      case 5: digit = 2
      case 2: digit = 1
      default: (exponent, digit) = (exponent - 1, 5)
      }
    }
  }

  /// Marks of a logarithmic axis: powers of ten, with 2 and 5 between them where there is room; those of a linear axis
  /// where there is less than that to see.
  public static func logarithmic(_ domain: Domain, target: Int = 6) -> [Tick] {
    guard domain.low > 0 else { return linear(domain, target: target) }
    let first = Int(log10(domain.low).rounded(.up))
    let last = Int(log10(domain.high).rounded(.down))
    let wanted = min(max(target, 2), 8)
    var marks: [(digit: Int, exponent: Int)] = []
    if last - first >= 1 {
      let stride = max(1, (last - first + wanted) / wanted)
      let start = Int((Double(first) / Double(stride)).rounded(.up)) * stride
      marks = Swift.stride(from: start, through: last, by: stride).map { (1, $0) }
      if marks.count < 2 { marks = [(1, first), (1, last)] }
    }
    if marks.count < 3 {
      let between = (first - 1...max(first - 1, last)).flatMap { exponent in
        [1, 2, 5].map { (digit: $0, exponent: exponent) }
      }.filter { domain.contains(power($0.exponent, $0.digit)) }
      if between.count > marks.count, between.count <= 12 { marks = between }
    }
    guard marks.count >= 2 else { return linear(domain, target: target) }
    let isPlain = domain.low >= 0.9e-4 && domain.high < 1.1e5
    return marks.map { digit, exponent in
      let value = power(exponent, digit)
      if !isPlain { return Tick(value: value, label: "\(digit)e\(exponent)") }
      return Tick(value: value, label: String(format: "%.\(max(0, -exponent))f", value))
    }
  }

  // MARK: - Round numbers

  /// The least of 1, 2, 5 times a power of ten that is not below `step`.
  private static func ceiling(_ step: Double) -> (exponent: Int, digit: Int) {
    var exponent = Int(log10(step).rounded(.down))
    if power(exponent, 1) > step { exponent -= 1 }
    for digit in [1, 2, 5] where power(exponent, digit) >= step { return (exponent, digit) }
    return (exponent + 1, 1)
  }

  /// digit · 10^exponent, rounded once, so that 3 · 10⁻¹ is the number that `0.3` reads as.
  private static func power(_ exponent: Int, _ digit: Int) -> Double { scaled(Double(digit), exponent) }

  private static func scaled(_ whole: Double, _ exponent: Int) -> Double {
    if exponent >= 0 { return whole * pow(10, Double(exponent)) }
    // Two divisions where one power of ten would be an infinity.
    return exponent >= -300 ? whole / pow(10, Double(-exponent)) : whole / 1e300 / pow(10, Double(-exponent - 300))
  }

  private static func multiples(of digit: Int, _ exponent: Int, in domain: Domain) -> [Double] {
    let step = power(exponent, digit)
    guard step > 0 else { return [domain.low, domain.high] }
    let first = (domain.low / step).rounded(.up)
    let last = (domain.high / step).rounded(.down)
    guard last - first < 13 else { return [] }
    return stride(from: first, through: last, by: 1).map { scaled($0 * Double(digit), exponent) }.filter(
      domain.contains)
  }

  // MARK: - Labels

  /// Equal digits for all: fixed decimals, or one exponent for numbers that are too long without.
  private static func labelled(_ marks: [Double], _ exponent: Int) -> [Tick] {
    let largest = marks.reduce(0) { max($0, $1.magnitude) }
    let magnitude = largest > 0 ? Int(log10(largest).rounded(.down)) : 0
    guard magnitude >= 6 || magnitude < -4 else {
      let decimals = max(0, -exponent)
      return marks.map { Tick(value: $0, label: fixed($0, decimals)) }
    }
    let decimals = max(0, magnitude - exponent)
    return marks.map {
      Tick(value: $0, label: $0 == 0 ? "0" : fixed(scaled($0, -magnitude), decimals) + "e\(magnitude)")
    }
  }

  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    let text = String(format: "%.\(decimals)f", value)
    return value == 0 && text.hasPrefix("-") ? String(text.dropFirst()) : text
  }
}
